"""Logistic regression on any number of covariates: y_i ~ Binomial(n_i, logit^-1(x_i theta)).

Column `y` holds the successes and the optional column `n` the trials (1 where it is absent, so
that y is 0 or 1); every other column is a covariate. With eta_i = intercept + sum_j x_ij theta_j,
  log likelihood = -sum_i [y_i log(1 + exp(-eta_i)) + (n_i - y_i) log(1 + exp(eta_i))],
without the binomial coefficients, which depend on the data alone (Gelman et al. 2013, BDA3,
section 16.1; the bioassay of section 3.7 is the case of one covariate). challenger.csv holds the
23 flights before the accident, damage to an O-ring and the temperature in degrees Fahrenheit
(Dalal, Fowlkes and Hoadley 1989, Journal of the American Statistical Association 84, 945-957).
"""

import keyword
import re
from typing import NamedTuple

import numpy as np


class Regression(NamedTuple):
    """The design matrix (rows, d) with the successes and trials of its rows."""

    design: np.ndarray
    y: np.ndarray
    n: np.ndarray


def PARAMETERS(data):
    names = ["intercept"]
    for column in _covariates(data):
        name = re.sub(r"\W|^(?=\d)", "_", column)
        name += "_" * keyword.iskeyword(name)
        while name in names:
            name += "_"
        names.append(name)
    return tuple(names)


def START(data):
    return np.zeros(1 + len(_covariates(data)))


def check(data):
    if "y" not in data:
        raise ValueError(f"there is no column y (the successes); there are {', '.join(data)}")
    y, n = data["y"], _trials(data)
    if "n" in data:
        yield "n", ~((n >= 1) & (n == np.round(n))), "a whole number of trials, at least 1"
    limit = "at most n" if "n" in data else "0 or 1 (a column n would hold the trials)"
    yield "y", ~((y >= 0) & (y <= n) & (y == np.round(y))), f"a whole number of successes, {limit}"


def transformed_data(data):
    return Regression(_design(data), data["y"], _trials(data))


def log_likelihood(theta, data):
    design, y, n = data
    eta = theta @ design.T
    # three terms of one sign: nothing cancels where the probabilities are near 0 or 1
    above = np.maximum(eta, 0)
    below = above - eta  # exactly max(-eta, 0)
    tail = np.abs(eta)
    np.negative(tail, out=tail)
    np.exp(tail, out=tail)
    np.log1p(tail, out=tail)
    return -(tail @ n + below @ y + above @ (n - y))


def gradient(theta, data):
    design, y, n = data
    success, failure = _probabilities(theta @ design.T)
    return (y * failure - (n - y) * success) @ design


def hessian(theta, data):
    design, _, n = data
    success, failure = _probabilities(theta @ design.T)
    scaled = np.sqrt(n * success * failure)[..., None] * design
    return -(np.swapaxes(scaled, -1, -2) @ scaled)


def monotone(data):
    """Return the rows g such that a direction v with g v >= 0 for all never lowers the likelihood.

    They are x_i where every trial is a success, -x_i where none is, and both where there are some
    of each. A direction with some g v > 0 separates the data: the likelihood has no maximum
    (Albert and Anderson 1984, Biometrika 71, 1-10).
    """
    design, y, n = _design(data), data["y"], _trials(data)
    return np.concatenate([design[y > 0], -design[y < n]])


def _probabilities(eta):
    """Return P(success) and P(failure), each to full relative precision."""
    decay = np.exp(-np.abs(eta))
    large, small = 1 / (1 + decay), decay / (1 + decay)
    return np.where(eta >= 0, large, small), np.where(eta >= 0, small, large)


def _covariates(data):
    return [column for column in data if column not in ("y", "n")]


def _trials(data):
    return data["n"] if "n" in data else np.ones_like(data["y"])


def _design(data):
    return np.stack([np.ones_like(data["y"]), *(data[c] for c in _covariates(data))], axis=1)
