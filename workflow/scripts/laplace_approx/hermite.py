"""Product Gauss-Hermite rules for the standard normal in several dimensions."""

from functools import cache

import numpy as np


@cache
def product_rule(points: int, dimension: int):
    """Return (u (points^d, d), log weights (points^d,)): E[f(u)] = sum of weights times f(u).

    u is standard normal; each side of the product has `points` Gauss-Hermite nodes, so that
    polynomials of degree 2 points - 1 in each coordinate are integrated exactly (Golub and Welsch
    1969). The first coordinate varies slowest. The arrays are not to be written to.
    """
    node, weight = np.polynomial.hermite_e.hermegauss(points)
    with np.errstate(divide="ignore"):
        log_weight = np.log(weight) - np.log(np.sum(weight))
    index = np.indices((points,) * dimension).reshape(dimension, -1).T
    rule = node[index], np.sum(log_weight[index], axis=1)
    for array in rule:
        array.flags.writeable = False
    return rule
