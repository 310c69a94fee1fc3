"""One probability from k successes in n trials; none, or all, of the trials may succeed."""

import numpy as np
from scipy.special import xlog1py, xlogy

PARAMETERS = ("p",)
SUPPORT = {"p": (0, 1)}
START = (0.5,)


def log_likelihood(theta, data):
    p = theta[..., 0, None]
    return np.sum(xlogy(data["k"], p) + xlog1py(data["n"] - data["k"], -p), axis=-1)
