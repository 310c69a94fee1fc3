"""Randomised quasi-Monte Carlo: scrambled Sobol points, and what a proposal makes of them."""

import numpy as np

from laplace_approx.numerics.even import even_points
from laplace_approx.reference.student import EXTRA, StudentMixture


def scrambled(proposal: StudentMixture, n: int, rng: np.random.Generator):
    """Return n draws (n, d) of a proposal by one scrambled Sobol sequence; n is a power of two.

    Each is a draw by itself; together they fill the space more evenly than independent ones
    (Owen 1997, The Annals of Statistics 25; the scramble is that of Matousek 1998).
    """
    if n & (n - 1):
        raise ValueError(f"a Sobol sequence is even for a power of two, and not for {n} points")
    points = even_points(proposal.size + EXTRA, n.bit_length() - 1, rng)
    return proposal.place(points)
