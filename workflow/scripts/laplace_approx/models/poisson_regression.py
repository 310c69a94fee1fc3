"""Poisson regression on any number of covariates: y_i ~ Poisson(exp(x_i theta)).

Column `y` holds the counts; every other column is a covariate. With
eta_i = intercept + sum_j x_ij theta_j,
  log likelihood = sum_i [y_i eta_i - exp(eta_i)],
without the log y_i!, which depend on the data alone (Gelman et al. 2013, BDA3, section 16.1).
airline_accidents.csv holds the fatal accidents of the world's airlines from 1976 to 1985 (table
2.2 there), against the year less 1980.5.
"""

import keyword
import re

import numpy as np


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
    # the maximum without covariates; half a count stands in for none at all
    return (
        np.log(max(np.mean(data["y"]), 0.5 / data["y"].size)),
        *np.zeros(len(_covariates(data))),
    )


def check(data):
    if "y" not in data:
        raise ValueError(f"there is no column y (the counts); there are {', '.join(data)}")
    y = data["y"]
    yield "y", ~((y >= 0) & (y == np.round(y))), "a whole number, at least 0"


def log_likelihood(theta, data):
    eta = theta @ _design(data).T
    return eta @ data["y"] - np.sum(np.exp(eta), axis=-1)


def gradient(theta, data):
    design = _design(data)
    return (data["y"] - np.exp(theta @ design.T)) @ design


def hessian(theta, data):
    design = _design(data)
    scaled = np.exp(0.5 * (theta @ design.T))[..., None] * design
    return -(np.swapaxes(scaled, -1, -2) @ scaled)


def monotone(data):
    """Return the rows g such that a direction v with g v >= 0 for all never lowers the likelihood.

    They are -x_i where the count is 0, and both x_i and -x_i where it is not. A direction with
    some g v > 0 leaves the likelihood without a maximum (Correia, Guimaraes and Zylkin 2019,
    "Verifying the existence of maximum likelihood estimates for generalized linear models").
    """
    design, y = _design(data), data["y"]
    return np.concatenate([design[y > 0], -design])


def _covariates(data):
    return [column for column in data if column != "y"]


def _design(data):
    return np.stack([np.ones_like(data["y"]), *(data[c] for c in _covariates(data))], axis=1)
