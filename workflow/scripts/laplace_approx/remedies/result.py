"""What a remedy returns."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Answer(NamedTuple):
    """What a remedy says of one quantity.

    `quantiles` (m,) stand at the m probabilities asked for, with their absolute errors
    `quantile_errors`: Monte Carlo standard errors where draws were made, else numerical errors.
    `mean` and `sd` likewise. None, or a NaN entry of an array, means that the remedy does not give
    that number; `reason` says why, or that what is given is not to be trusted. `excluded` is the
    mass on which the quantity is not defined. The errors say nothing of the remedy's own bias: that
    is what the comparison with the exact posterior measures.
    """

    quantiles: np.ndarray | None = None
    quantile_errors: np.ndarray | None = None
    mean: float | None = None
    mean_error: float | None = None
    sd: float | None = None
    sd_error: float | None = None
    excluded: float = 0.0
    reason: str | None = None


class Remedy(NamedTuple):
    """The result of one remedy.

    `answers` holds an `Answer` for each quantity. `log_density_evaluations` counts every point at
    which the log density, its gradient or its Hessian was evaluated, one each. `log_evidence` is
    the remedy's own, where it has one. `z` (n, d) and `log_weights` (n,), normalised, are draws in
    the coordinates of the space where the remedy makes them. `log_density` is the normalised log
    density of the approximation where it has a closed form. `reason` is set where the remedy as a
    whole does not serve; every answer then carries it. `details` holds plain JSON values.
    """

    method: str
    answers: dict[str, Answer]
    log_density_evaluations: int
    log_evidence: float | None = None
    z: np.ndarray | None = None
    log_weights: np.ndarray | None = None
    log_density: Callable | None = None
    reason: str | None = None
    details: dict | None = None
