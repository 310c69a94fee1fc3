"""The same curvature by other ways: differences of the gradient and of values, at several steps."""

from typing import NamedTuple

import numpy as np

from laplace_approx.derivatives.directional import along, extrapolate
from laplace_approx.derivatives.noise import EPS
from laplace_approx.errors import Declined
from laplace_approx.mode.proof import Proof
from laplace_approx.numerics.batched import MANY
from laplace_approx.words import places

# SDs: plain differences of a textbook, shown and no more; doubled, they err by four times as much
GRADIENT_STEPS = (1e-2, 1e-3)
# SDs: the same; halved, rounding of the log density weighs four times as much
VALUE_STEPS = (1e-1, 3e-2)
# SDs, for the extrapolation: each level costs two gradients a direction; begun at twice or half
# the length, what was tried of tests/mode comes out the same
LEVELS = 0.5 ** np.arange(9)
# dimensions up to which every axis and pair is looked along: 465 directions; doubled, 1,830
MOST_AXES = 30
# from there to 50 dimensions: halved, half the cost, and a wrong direction is missed more often
RANDOM_DIRECTIONS = 16
# above 50, at the price of one or two Hessians; doubled, 0.2 % more evaluations of a search in 60
# dimensions
FEW_DIRECTIONS = 6
# of analytic and numerical curvature that no rounding explains: an SD may be off by half of it
# unnoticed, doubled by all of it
DISAGREEMENT = 1e-3


class Way(NamedTuple):
    """Curvatures found one way along m directions: `found` (m,) with its `error` (m,)."""

    method: str
    found: np.ndarray
    error: np.ndarray


def triangulate(evaluator, proof: Proof, rng) -> tuple[list[dict], float]:
    """Return the checks of a proven Hessian by other ways, and the relative error they leave it.

    In coordinates where the covariance is the unit matrix, the curvatures along the axes and their
    pairs (random directions above 30 dimensions) are held against plain central differences at two
    steps, as in a textbook, and against their extrapolation to a step of zero. The error is the
    difference to the best of the extrapolations plus that one's own error. An analytic Hessian
    that they contradict is declined (gradient_check_failed).
    """
    directions = _unit_directions(proof.factored.sd.size, rng) @ proof.factored.cholesky.T
    stated = _stated(proof, directions)
    ways, checks = [], []
    if evaluator.has_gradient:
        levels = _by_gradient(evaluator, proof.x, directions, LEVELS)
        noise = 2 * EPS * np.fmax(1.0, np.abs(levels)) / LEVELS[:, None]
        ways.append(Way("gradient_differences", *extrapolate(levels, noise)))
        plainly = _by_gradient(evaluator, proof.x, directions, np.array(GRADIENT_STEPS))
        for step, plain in zip(GRADIENT_STEPS, plainly, strict=True):
            checks.append(_record("gradient_differences", step, False, stated, plain))
    found = along(evaluator.log_density, proof.x, proof.log_density, directions, proof.noise)
    ways.append(Way("value_differences", -found.second, found.second_error))
    for step in VALUE_STEPS:
        plain = _by_values(evaluator, proof, directions, step)
        checks.append(_record("value_differences", step, False, stated, plain))
    checks += [_record(way.method, 1.0, True, stated, way.found) for way in ways]
    if proof.method == "analytic":
        _require_agreement(evaluator, proof, directions, stated, ways)
    return checks, min(_worst(stated, way) for way in ways)


def _unit_directions(d, rng):
    if d <= MOST_AXES:
        i, j = np.triu_indices(d, 1)
        axes = np.eye(d)
        return np.concatenate([axes, (axes[i] + axes[j]) / np.sqrt(2)])
    random = rng.standard_normal((RANDOM_DIRECTIONS if d <= MANY else FEW_DIRECTIONS, d))
    return random / np.linalg.norm(random, axis=1, keepdims=True)


def _stated(proof, directions):
    """Return v'(-H)v for the rows v of directions, in the frame that H was measured in, if any."""
    hessian, v = proof.hessian, directions
    if proof.local is not None:
        hessian, v = proof.local.hessian, np.linalg.solve(proof.local.frame, directions.T).T
    return -np.einsum("mi,mi->m", v @ hessian, v)


def _by_gradient(evaluator, x, directions, steps):
    """Return -(g(x + h v) - g(x - h v)).v / 2h for steps h (K,) and rows v (m, d), as (K, m)."""
    move = steps[:, None, None] * directions
    forward, backward = evaluator.gradient(np.stack([x + move, x - move]))
    with np.errstate(invalid="ignore", over="ignore"):
        return -np.einsum("kmi,mi->km", forward - backward, directions) / (2 * steps[:, None])


def _by_values(evaluator, proof, directions, step):
    """Return -(f(x + h v) - 2 f(x) + f(x - h v)) / h^2 for the rows v of directions, as (m,)."""
    move = step * directions
    forward, backward = evaluator.log_density(np.stack([proof.x + move, proof.x - move]))
    with np.errstate(invalid="ignore"):
        change = (forward - proof.log_density) + (backward - proof.log_density)
        return -change / step**2


def _record(method, step, extrapolated, stated, found) -> dict:
    """Return a check: `step` in SDs, the largest of them where extrapolated to zero."""
    with np.errstate(invalid="ignore"):
        difference = float(np.max(np.abs(found - stated)))
    known = np.isfinite(difference)
    return {
        "method": method,
        "step": step,
        "extrapolated": extrapolated,
        "relative_difference": difference if known else None,
    }


def _worst(stated, way) -> float:
    with np.errstate(invalid="ignore"):
        worst = float(np.max(np.abs(way.found - stated) + way.error))
    return worst if np.isfinite(worst) else float("inf")


def _require_agreement(evaluator, proof, directions, stated, ways):
    for way in ways:
        with np.errstate(invalid="ignore"):
            difference = np.abs(way.found - stated)
            wrong = (way.error < DISAGREEMENT) & (difference > DISAGREEMENT + 20 * way.error)
        if not np.any(wrong):
            continue
        i = int(np.argmax(np.where(wrong, difference, 0.0)))
        raise Declined(
            "gradient_check_failed",
            f"at {places.point(evaluator.names, proof.x)}, along "
            f"{places.direction(evaluator.names, directions[i], proof.factored.sd)}, the analytic "
            f"Hessian gives a curvature of 1 in the units of its own standard deviation, and "
            f"{way.method.replace('_', ' ')} give {way.found[i]:.6g}. Correct the derivatives of "
            "the model, or leave them out: they will then be found numerically.",
            mode=proof.x.tolist(),
            direction=directions[i].tolist(),
            numerical=float(way.found[i]),
            method=way.method,
        )
