"""Families on an interval: uniform and beta (Gelman et al. 2013, BDA3, appendix A)."""

import math

import numpy as np

from laplace_approx.density.priors.marginal import FLAT, PriorMarginal


def uniform(lower, upper) -> PriorMarginal:
    """log p = -log(upper - lower) on lower < x < upper."""
    constant = -math.log(upper - lower)
    return FLAT._replace(
        log_density=lambda x: np.full(np.shape(x), constant),
        lower=lower,
        upper=upper,
        proper=True,
        flat=False,
    )


def beta(a, b) -> PriorMarginal:
    """log p = (a - 1) log x + (b - 1) log(1 - x) - log B(a, b) on 0 < x < 1."""
    # the beta function: three log gammas would lose their digits at a large a or b
    from scipy.special import betaln

    constant = -float(betaln(a, b))
    return PriorMarginal(
        log_density=lambda x: constant + (a - 1) * np.log(x) + (b - 1) * np.log1p(-x),
        d1=lambda x: (a - 1) / x - (b - 1) / (1 - x),
        d2=lambda x: -(a - 1) / x / x - (b - 1) / (1 - x) / (1 - x),
        lower=0.0,
        upper=1.0,
        proper=True,
        text="",
        near=lambda x, below, above: constant + (a - 1) * below + (b - 1) * above,
    )
