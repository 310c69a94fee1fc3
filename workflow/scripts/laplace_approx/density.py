"""A log density with what is known of it: coordinates, derivatives and support."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Density(NamedTuple):
    """An unnormalised log density of `d` coordinates.

    `log_density` maps `(..., d)` to `(...)` and is `-inf` outside the support (and where the
    model gives NaN). `gradient` maps to `(..., d)` and `hessian` to `(..., d, d)`; each is None
    where the model gives none; `hessian_method` says whether it is "analytic" or put together from
    "hessian_vector_products". `lower` and `upper` bound the open support, `(d,)` each.
    """

    names: tuple[str, ...]
    log_density: Callable
    gradient: Callable | None
    hessian: Callable | None
    lower: np.ndarray
    upper: np.ndarray
    hessian_method: str = "analytic"
