"""Randomised quasi-Monte Carlo: scrambled Sobol points, and what a proposal makes of them."""

import numpy as np
from scipy.stats import qmc

from laplace_approx.reference.student import EXTRA, StudentMixture


def scrambled(proposal: StudentMixture, n: int, rng: np.random.Generator):
    """Return n draws (n, d) of a proposal by one scrambled Sobol sequence; n is a power of two.

    Each is a draw by itself; together they fill the space more evenly than independent ones
    (Owen 1997, The Annals of Statistics 25; the scramble is that of Matousek 1998).
    """
    points = qmc.Sobol(proposal.size + EXTRA, scramble=True, rng=rng).random(n)
    return proposal.place(points)
