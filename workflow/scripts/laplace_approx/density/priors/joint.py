"""The multivariate normal prior of several parameters together."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.density.priors.values import finite_array
from laplace_approx.errors import InputError
from laplace_approx.words.names import did_you_mean
from laplace_approx.words.numbers import quoted

_KEYS = ("family", "parameters", "mean", "covariance", "sd", "correlation")
_EXAMPLE = "{family: multivariate_normal, mean: [0, 10], sd: [2, 10], correlation: 0.5}"
# two entries that differ by more than this part of themselves were not meant to be equal
_SYMMETRY = 1e-10


class Joint(NamedTuple):
    """N(mean, covariance) of `parameters`; `hessian` is the constant -precision."""

    parameters: tuple[str, ...]
    log_density: Callable
    gradient: Callable
    hessian: np.ndarray
    text: str


def build_joint(settings, parameters: tuple[str, ...]) -> Joint:
    """Return the multivariate normal that `settings` describes.

    `mean` and `sd` are a list, or one number for all; the spread is a `covariance`, or `sd` with
    `correlation` (a matrix, or one number for all pairs). Raises InputError.
    """
    _check_keys(settings)
    names = _names(settings, parameters)
    mean = _vector(settings["mean"], "prior.joint.mean", names)
    covariance = _covariance(settings, names)
    cholesky = np.linalg.cholesky(covariance)
    # whitens a difference, and gives the precision as a product, symmetric by construction
    root = np.linalg.solve(cholesky, np.eye(len(names)))
    precision = root.T @ root
    constant = -np.sum(np.log(np.diag(cholesky))) - 0.5 * len(names) * math.log(2 * math.pi)
    by_root, by_precision = _product(root.T), _product(precision)

    def log_density(x):
        return constant - 0.5 * np.sum(by_root(x - mean) ** 2, axis=-1)

    return Joint(
        parameters=names,
        log_density=log_density,
        gradient=lambda x: -by_precision(x - mean),
        hessian=-precision,
        text=_text(names, mean, covariance),
    )


def _product(matrix) -> Callable:
    """Return x (..., d) -> x matrix, at the price of a vector where the matrix is diagonal."""
    diagonal = np.diag(matrix)
    if np.count_nonzero(matrix) == np.count_nonzero(diagonal):
        return lambda x: x * diagonal
    return lambda x: x @ matrix


def _text(names, mean, covariance) -> str:
    if len(names) > 6:
        return f"{len(names)} parameters ~ multivariate_normal"
    sd = np.sqrt(np.diag(covariance))
    correlation = covariance / sd[:, None] / sd
    pairs = [
        f"corr({names[i]}, {names[j]}) {quoted(correlation[i, j])}"
        for i in range(len(names))
        for j in range(i + 1, len(names))
    ]
    return (
        f"({', '.join(names)}) ~ multivariate_normal(mean [{', '.join(map(quoted, mean))}], "
        + ", ".join([f"sd [{', '.join(map(quoted, sd))}]", *pairs])
        + ")"
    )


def _check_keys(settings):
    if not isinstance(settings, dict):
        raise InputError(f"prior.joint: {settings!r} is not a map. Write {_EXAMPLE}.")
    for key in settings:
        if key not in _KEYS:
            raise InputError(
                f"prior.joint.{key}: unknown key.{did_you_mean(key, _KEYS)} "
                f"multivariate_normal takes {', '.join(_KEYS[1:])}."
            )
    if settings.get("family") != "multivariate_normal":
        raise InputError(
            f"prior.joint.family: {settings.get('family')!r} is not a joint family; "
            f"the only one is multivariate_normal. Write {_EXAMPLE}."
        )
    if "mean" not in settings:
        raise InputError(f"prior.joint.mean: missing. Write {_EXAMPLE}.")
    spread = ("covariance" in settings, "sd" in settings, "correlation" in settings)
    if spread not in ((True, False, False), (False, True, True)):
        given = [k for k in ("covariance", "sd", "correlation") if k in settings] or ["nothing"]
        raise InputError(
            f"prior.joint: the spread is given by covariance alone, or by sd and correlation "
            f"together (correlation: 0 for independent); here by {' and '.join(given)}. "
            f"Write {_EXAMPLE}."
        )


def _names(settings, parameters):
    names = settings.get("parameters", parameters)
    if not isinstance(names, list | tuple) or not names:
        raise InputError(
            f"prior.joint.parameters: {names!r} is not a list of parameters. "
            f"Write some of [{', '.join(parameters)}]."
        )
    for name in names:
        if name not in parameters:
            raise InputError(
                f"prior.joint.parameters: the model has no parameter {name!r}."
                f"{did_you_mean(name, parameters)} Its parameters are {', '.join(parameters)}."
            )
        if list(names).count(name) > 1:
            raise InputError(f"prior.joint.parameters: {name!r} is listed twice. Remove one.")
    return tuple(names)


def _vector(value, key, names):
    vector = finite_array(value, key)
    if vector.ndim == 0:
        return np.full(len(names), float(vector))
    if vector.shape != (len(names),):
        raise InputError(
            f"{key}: {value!r} has shape {vector.shape}, but {len(names)} numbers are needed, one "
            f"for each of {', '.join(names)}."
        )
    return vector


def _covariance(settings, names):
    if "covariance" in settings:
        key, matrix = "prior.joint.covariance", settings["covariance"]
        covariance = _symmetric(_square(matrix, key, names), key, names)
        _check_variances(covariance, key, names)
    else:
        key = "prior.joint.correlation"
        sd = _vector(settings["sd"], "prior.joint.sd", names)
        for name, value in zip(names, sd, strict=True):
            if not value > 0:
                raise InputError(
                    f"prior.joint.sd: {quoted(value)} for {name} must be above 0. "
                    "A parameter that is known exactly belongs in the model, not in the prior."
                )
        correlation = _correlation(settings["correlation"], key, names)
        covariance = correlation * _variances(sd, names)
    _check_positive_definite(covariance, key)
    return covariance


def _variances(sd, names):
    """Return the products of all pairs of SDs, (d, d), all of which must be numbers above 0."""
    with np.errstate(over="ignore", under="ignore"):
        products = np.outer(sd, sd)
    for name, value, variance in zip(names, sd, np.diag(products), strict=True):
        if not 0 < variance < np.inf:
            raise InputError(
                f"prior.joint.sd: {quoted(value)} for {name} has a square beyond the range of "
                f"numbers (5e-324 to 1.8e308). Give {name} another unit."
            )
    return products


def _square(value, key, names):
    matrix = finite_array(value, key)
    if matrix.shape != (len(names), len(names)):
        raise InputError(
            f"{key}: {value!r} has shape {matrix.shape}, but {len(names)} x {len(names)} numbers "
            f"are needed, a row for each of {', '.join(names)}."
        )
    return matrix


def _symmetric(matrix, key, names):
    size = np.maximum(np.abs(matrix), np.abs(matrix.T))
    unequal = np.argwhere(np.abs(matrix - matrix.T) > _SYMMETRY * size)
    if len(unequal):
        i, j = unequal[0]
        raise InputError(
            f"{key}: not symmetric: ({names[i]}, {names[j]}) is {quoted(matrix[i, j])} and "
            f"({names[j]}, {names[i]}) is {quoted(matrix[j, i])}. Write the same number in both."
        )
    # halved first, since the sum of two numbers near the largest one is none
    return np.where(matrix == matrix.T, matrix, matrix / 2 + matrix.T / 2)


def _check_variances(covariance, key, names):
    for name, value in zip(names, np.diag(covariance), strict=True):
        if not value > 0:
            raise InputError(
                f"{key}: the variance of {name} is {quoted(value)}; it must be above 0."
            )


def _correlation(value, key, names):
    matrix = finite_array(value, key)
    if matrix.ndim == 0:
        matrix = np.full((len(names), len(names)), float(matrix))
        np.fill_diagonal(matrix, 1.0)
    else:
        matrix = _symmetric(_square(value, key, names), key, names)
    if not np.all(np.diag(matrix) == 1):
        raise InputError(f"{key}: the diagonal of a correlation matrix is 1; here it is not.")
    largest = np.max(np.abs(matrix - np.eye(len(names))))
    if not largest < 1:
        raise InputError(
            f"{key}: a correlation of size {quoted(largest)}; it must lie between -1 and 1, "
            "without the ends: at the ends two parameters are one."
        )
    return matrix


def _check_positive_definite(covariance, key):
    sd = np.sqrt(np.diag(covariance))
    # judged on the correlation, so that units cannot decide; shown for the covariance
    eigenvalues = np.linalg.eigvalsh(covariance / sd[:, None] / sd)
    smallest_possible = len(sd) * math.ulp(1.0) * 4
    if not eigenvalues[0] > smallest_possible:
        unit = np.max(sd)  # the eigenvalues of variances near the largest number are numbers too
        smallest = np.linalg.eigvalsh(covariance / unit / unit)[0] * unit * unit
        raise InputError(
            f"{key}: not positive definite: the smallest eigenvalue of the covariance is "
            f"{smallest:.3g}, and it must be above 0. Some correlation is too large for the others."
        )
