"""The last steps to a maximum that has no slope of zero: by a simplex, again and again."""

import contextlib

import numpy as np

from laplace_approx.derivatives.scales import axis_scales

SIZES = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5)  # of the axis scales, of the first simplexes
MOST_DIMENSIONS = 10  # a simplex gets nowhere in more
CALLS = 200  # function calls a dimension


def summit(evaluator, x):
    """Return the highest point (d,) that simplexes of smaller and smaller size find from x (d,).

    Methods by slopes stop short of a maximum at which slopes jump, and there a kink cannot be told
    from a slope. In more than ten dimensions x itself.
    """
    if x.size > MOST_DIMENSIONS:
        return x
    from scipy.optimize import minimize

    scale = axis_scales(evaluator.far, x)
    best, height = x, float(evaluator.far(x))
    for size in SIZES:
        corners = np.concatenate([np.zeros((1, x.size)), size * np.eye(x.size)])
        with contextlib.suppress(ValueError, ArithmeticError):
            found = minimize(
                lambda u, centre=best: -float(evaluator.far(centre + scale * u)),
                np.zeros(x.size),
                method="Nelder-Mead",
                options={
                    "xatol": 1e-12,
                    "fatol": 0.0,
                    "maxfev": CALLS * x.size,
                    "initial_simplex": corners,
                },
            )
            if -found.fun > height:
                best, height = best + scale * found.x, -float(found.fun)
    return best
