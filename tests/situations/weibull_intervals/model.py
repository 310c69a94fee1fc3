"""Weibull lifetimes of which only an interval is known, from `lo` to `hi`."""

import numpy as np

PARAMETERS = ("shape", "scale")
SUPPORT = {"shape": (0, None), "scale": (0, None)}
START = (1.0, 50.0)


def log_likelihood(theta, data):
    shape, scale = (theta[..., k, None] for k in range(2))
    before, after = ((data[end] / scale) ** shape for end in ("lo", "hi"))
    return np.sum(np.log(-np.expm1(before - after)) - before, axis=-1)
