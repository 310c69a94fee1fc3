"""Third derivatives of a log density at the mode, in coordinates where the normal is standard."""

from typing import NamedTuple

import numpy as np

from laplace_approx.density.density import Density
from laplace_approx.density.evaluation import counted
from laplace_approx.normal.normal import Normal

LARGEST_COST = 2_000_000  # points; beyond it the tensor is declined rather than waited for
LARGEST_TENSOR = 2**23  # entries, d = 203: a dozen of them are held at once, 0.8 GiB
HESSIAN_STEP = 0.01  # standard deviations: rounding 1e-14 against truncation 1e-8, extrapolated
GRADIENT_STEP = 0.01  # likewise
VALUE_STEP = 0.03  # rounding 1e-10 times the size of the log density
SHRINK = 0.25  # the step is shortened by this, a few times, where the support ends nearby


class ThirdDerivatives(NamedTuple):
    """`tensor` (d, d, d): T[i, j, k] = d3 log p / du_i du_j du_k at u = 0, z = mean + cholesky u.

    `error` bounds the absolute error of an entry. `method` names what was differenced. Where the
    tensor cannot be had, it is None and `reason` says why.
    """

    tensor: np.ndarray | None
    error: float | None
    method: str
    reason: str | None


def third_derivatives(density: Density, normal: Normal) -> ThirdDerivatives:
    """Differentiate the log density three times at the mean of the normal.

    Central differences of the analytic Hessian where the model gives one (2d points a step), else
    second differences of the analytic gradient along e_i and e_i + e_j, else third differences of
    values along e_i, e_i +- e_j and e_i + e_j + e_k, put together by polarisation. Each is made at
    steps h and 2h and extrapolated (Richardson); `error` is the change that made, and rounding.
    """
    density, _ = counted(density)
    d = normal.mean.size
    if density.hessian is not None:
        method, points, step, rule = "hessian", 4 * d, HESSIAN_STEP, _from_hessian
    elif density.gradient is not None:
        method, points, step, rule = "gradient", 2 * d * (d + 1) + 1, GRADIENT_STEP, _from_gradient
    else:
        method, points, step, rule = "values", 6 * _n_directions(d), VALUE_STEP, _from_values
    if points > LARGEST_COST:
        text = f"{points} evaluations for the third derivatives in {d} dimensions"
        return ThirdDerivatives(None, None, method, f"{text}; the limit is {LARGEST_COST}")
    if d**3 > LARGEST_TENSOR:
        text = f"{d**3} third derivatives, {8 * d**3} bytes, in {d} dimensions"
        return ThirdDerivatives(None, None, method, f"{text}; the limit is {LARGEST_TENSOR}")
    for attempt in range(4):
        found = _extrapolated(rule, density, normal, step * SHRINK**attempt)
        if found is not None:
            return ThirdDerivatives(*found, method, None)
    return ThirdDerivatives(None, None, method, "the log density is not finite around the mode")


def _extrapolated(rule, density, normal, h):
    """Return (tensor, error) from steps h and 2h, or None where a point fell off the support."""
    with np.errstate(invalid="ignore"):
        fine, coarse, rounding = rule(density, normal, h)
        tensor = (4 * fine - coarse) / 3
    if not np.isfinite(tensor).all():
        return None
    # The coarse and the fine tensor differ by 3 h^2 times the next derivative: the fine one is in
    # error by a third of it, and the extrapolated one by less.
    return tensor, float(np.abs(fine - coarse).max() / 3 + rounding)


def _from_hessian(density, normal, h):
    """Difference the whitened Hessian along each axis; the result is made symmetric."""
    d = normal.mean.size
    steps = np.array([h, -h, 2 * h, -2 * h])
    points = normal.mean + steps[:, None, None] * normal.cholesky.T  # (4, d, d): axis k in row k
    hessian = density.hessian(points.reshape(-1, d)).reshape(4, d, d, d)
    whitened = np.moveaxis(normal.cholesky.T @ hessian @ normal.cholesky, 1, -1)
    fine = _symmetric((whitened[0] - whitened[1]) / (2 * h))
    coarse = _symmetric((whitened[2] - whitened[3]) / (4 * h))
    return fine, coarse, np.finfo(float).eps * np.abs(whitened).max() / h


def _symmetric(tensor):
    """Average a tensor that is symmetric in its first two axes over the place of the third."""
    return (tensor + tensor.transpose(0, 2, 1) + tensor.transpose(2, 1, 0)) / 3


def _from_gradient(density, normal, h):
    """Second differences of the whitened gradient: T[v, v, :] = (g(hv) - 2g(0) + g(-hv)) / h^2."""
    d = normal.mean.size
    first, second = np.triu_indices(d)
    directions = np.eye(d)[first] + np.where(first == second, 0.0, 1.0)[:, None] * np.eye(d)[second]
    steps = np.array([h, -h, 2 * h, -2 * h])
    u = np.concatenate([(steps[:, None, None] * directions).reshape(-1, d), np.zeros((1, d))])
    flat = density.gradient(normal.mean + u @ normal.cholesky.T) @ normal.cholesky
    gradient, centre = flat[:-1].reshape(4, -1, d), flat[-1]
    fine = (gradient[0] + gradient[1] - 2 * centre) / h**2
    coarse = (gradient[2] + gradient[3] - 2 * centre) / (4 * h**2)
    rounding = 4 * np.finfo(float).eps * np.abs(flat).max() / h**2
    return _polarised_pairs(fine, d), _polarised_pairs(coarse, d), rounding


def _polarised_pairs(along, d):
    """Turn T[v, v, :] for v = e_i and e_i + e_j, in the order of triu_indices, into the tensor."""
    first, second = np.triu_indices(d)
    tensor = np.zeros((d, d, d))
    tensor[first, second] = along
    diagonal = tensor[np.arange(d), np.arange(d)]
    off = first != second
    i, j = first[off], second[off]
    tensor[i, j] = (tensor[i, j] - diagonal[i] - diagonal[j]) / 2
    tensor[j, i] = tensor[i, j]
    return _symmetric(tensor)


def _n_directions(d):
    return d + d * (d - 1) + d * (d - 1) * (d - 2) // 6


def _from_values(density, normal, h):
    """Third differences of values along a line: (f(2h) - 2 f(h) + 2 f(-h) - f(-2h)) / (2 h^3)."""
    d = normal.mean.size
    directions, assemble = _value_directions(d)
    steps = h * np.array([1.0, -1.0, 2.0, -2.0, 4.0, -4.0])
    u = (steps[:, None, None] * directions).reshape(-1, d)
    values = density.log_density(normal.mean + u @ normal.cholesky.T).reshape(6, -1)
    odd = values[0::2] - values[1::2]  # (3, directions): twice the odd part at h, 2h, 4h
    fine = (odd[1] - 2 * odd[0]) / (2 * h**3)
    coarse = (odd[2] - 2 * odd[1]) / (16 * h**3)
    rounding = 6 * np.finfo(float).eps * np.abs(values).max() / h**3
    return assemble(fine), assemble(coarse), rounding


def _value_directions(d):
    """Return the directions of polarisation and the function that puts the tensor together."""
    unit = np.eye(d)
    i, j = np.triu_indices(d, 1)
    a, b, c = _triples(d)
    directions = np.concatenate(
        [unit, unit[i] + unit[j], unit[i] - unit[j], unit[a] + unit[b] + unit[c]]
    )
    cuts = np.cumsum([d, i.size, i.size])

    def assemble(cubic):
        single, plus, minus, triple = np.split(cubic, cuts)
        pair = np.zeros((d, d))
        pair[i, j] = pair[j, i] = plus
        tensor = np.zeros((d, d, d))
        tensor[np.arange(d), np.arange(d), np.arange(d)] = single
        _fill(tensor, i, i, j, (plus - minus - 2 * single[j]) / 6)
        _fill(tensor, i, j, j, (plus + minus - 2 * single[i]) / 6)
        mixed = triple - pair[a, b] - pair[a, c] - pair[b, c] + single[a] + single[b] + single[c]
        _fill(tensor, a, b, c, mixed / 6)
        return tensor

    return directions, assemble


def _triples(d):
    """Return the index arrays a < b < c."""
    a, b, c = np.meshgrid(*[np.arange(d)] * 3, indexing="ij")
    ordered = (a < b) & (b < c)
    return a[ordered], b[ordered], c[ordered]


def _fill(tensor, i, j, k, values):
    """Set the entry (i, j, k) and every permutation of it."""
    for p, q, r in ((i, j, k), (i, k, j), (j, i, k), (j, k, i), (k, i, j), (k, j, i)):
        tensor[p, q, r] = values
