"""Bioassay: deaths among animals at each dose, y_i ~ Binomial(n_i, logit^-1(alpha + beta x_i)).

Gelman et al. (2013), Bayesian Data Analysis, 3rd ed., section 3.7. The binomial coefficients do
not depend on the parameters and are left out: with the data of the book, add log 50 to this log
likelihood to have them in.

A dose contributes y eta - n log(1 + exp(eta)) with eta = alpha + beta x. Where all animals died
the two terms cancel in the tail, so that dose is written as -n log(1 + exp(-eta)), which is the
same and exact there: one row s = +-(1, x) and one count for every dose, and a linear term from the
doses with deaths and survivors both.
"""

import numpy as np

PARAMETERS = ("alpha", "beta")
COLUMNS = ("dose", "animals", "deaths")
START = (0.0, 0.0)
QUANTITIES = {"ld50": lambda alpha, beta: -alpha / beta}
# Where beta <= 0 the dose does not kill, and there is no dose that kills half.
CONDITIONS = {"ld50": lambda beta: beta > 0}
UNITS = {"beta": "per log g/ml", "ld50": "log g/ml"}
LABELS = {"ld50": "LD50"}
LINEAR = 37.0  # exp(-37) is below half the rounding of 1, and of 37


def check(data):
    """Yield (column, wrong rows, requirement): counts are whole, and deaths fit the animals."""
    animals, deaths = data["animals"], data["deaths"]
    whole_animals = animals == np.floor(animals)
    yield "animals", ~(whole_animals & (animals >= 1)), "a whole number, 1 or more"
    whole_deaths = deaths == np.floor(deaths)
    in_range = (deaths >= 0) & (deaths <= animals)
    yield "deaths", ~(whole_deaths & in_range), "a whole number from 0 to the number of animals"


def log_likelihood(theta, data):
    """Return sum_i y_i log p_i + (n_i - y_i) log(1 - p_i) for theta (..., 2), as (...)."""
    theta = np.asarray(theta, dtype=float)
    rows, linear = _rows(data)
    return theta @ linear - _log1p_exp(theta @ rows.T) @ data["animals"]


def gradient(theta, data):
    """Return sum_i (y_i - n_i p_i) (1, x_i) for theta (..., 2), as (..., 2)."""
    rows, linear = _rows(data)
    eta = np.asarray(theta, dtype=float) @ rows.T
    # 1 / (1 + exp(-eta)), with no exponential of a positive number.
    probability = np.exp(np.minimum(eta, 0.0)) / (1.0 + np.exp(-np.abs(eta)))
    return linear - (probability * data["animals"]) @ rows


def hessian(theta, data):
    """Return -sum_i n_i p_i (1 - p_i) (1, x_i)(1, x_i)^T for theta (..., 2), as (..., 2, 2)."""
    rows = _design(data)
    eta = np.asarray(theta, dtype=float) @ rows.T
    decay = np.exp(-np.abs(eta))
    curvature = data["animals"] * decay / (1.0 + decay) ** 2
    squares = (rows[:, :, None] * rows[:, None, :]).reshape(-1, 4)
    return -(curvature @ squares).reshape((*curvature.shape[:-1], 2, 2))


def monotone(data):
    """Return the rows (m, 2) of linear forms whose increase never lowers the likelihood.

    +(1, x) for a dose at which all died, -(1, x) where none did, and both where some did, which
    together fix the form. A direction that lowers none of them is one along which the likelihood
    has no maximum (Albert and Anderson 1984, Biometrika 71, section 3).
    """
    design, deaths = _design(data), data["deaths"]
    return np.concatenate((design[deaths > 0], -design[deaths < data["animals"]]))


def _log1p_exp(eta):
    """Return log(1 + exp(eta)), in the memory of eta; above `LINEAR` that is eta to the last digit.

    As np.logaddexp(0, eta), at a tenth of its time: the grids spend most of theirs here.
    """
    above = None
    if np.max(eta, initial=-np.inf) > LINEAR:
        above = np.maximum(eta - LINEAR, 0.0)
        np.minimum(eta, LINEAR, out=eta)
    np.exp(eta, out=eta)
    np.log1p(eta, out=eta)
    if above is not None:
        eta += above
    return eta


def _design(data):
    design = np.empty((data["dose"].size, 2))
    design[:, 0], design[:, 1] = 1.0, data["dose"]
    return design


def _rows(data):
    """Return rows s (doses, 2) and b (2,): the sum of b . theta - n log(1 + exp(s . theta))."""
    rows, deaths = _design(data), data["deaths"]
    all_died = deaths == data["animals"]
    linear = np.where(all_died, 0.0, deaths) @ rows
    rows *= np.where(all_died, -1.0, 1.0)[:, None]
    return rows, linear
