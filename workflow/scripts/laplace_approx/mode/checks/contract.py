"""Whether a density is a function at all: the same number for a point, alone or in company."""

import numpy as np

from laplace_approx.density.batches import rounding
from laplace_approx.errors import Declined
from laplace_approx.numerics.batched import MANY
from laplace_approx.words import places
from laplace_approx.words.numbers import or_none

# relative difference of the same call made twice: threads that add in another order leave some
# 1e-13; doubled, noise of twice the size passes for that
REPEATED = 1e-10
# relative difference of a point alone and in a batch, where sums may be reordered: float32 rounds
# to 6e-8; doubled, noise of twice the size passes for that
REGROUPED = 1e-7
# points of the batches that a point may not notice: each costs one call of so many
COMPANIES = (8, 33, 100, 101, 1025)
FEW_COMPANIES = (8, 101)  # above 50 dimensions, where they are dear


def check_function(evaluator, points):
    """Raise `Declined` unless the log density of points (n, d) is reproducible and finite or -inf.

    Each point is asked for twice in one batch, alone, in reversed order and with one more axis:
    the value may not depend on the company (nondeterministic_density). A value that is another in
    a batch of many points, a value of +inf and derivatives of the wrong shape are a
    model_contract_violation.
    """
    first = evaluator.log_density(points)
    _check_same(evaluator, points, first, evaluator.log_density(points), REPEATED, "a second time")
    alone = np.array([evaluator.log_density(point) for point in points])
    _check_same(evaluator, points, first, alone, REGROUPED, "alone and not in a batch")
    reversed_ = evaluator.log_density(points[::-1])[::-1]
    _check_same(evaluator, points, first, reversed_, REGROUPED, "in another place of the batch")
    nested = evaluator.log_density(points[None])[0]
    _check_same(evaluator, points, first, nested, REGROUPED, "in a batch of another shape")
    _check_companies(evaluator, points, first)
    check_not_infinite(evaluator)
    usable = points[np.isfinite(first)]
    if evaluator.size > MANY:  # a Hessian is dear there, and its shape is looked at in every call
        usable = usable[:1]
    for function, exists in (
        (evaluator.gradient, evaluator.has_gradient),
        (evaluator.hessian, evaluator.has_hessian),
    ):
        if exists and usable.size:
            function(usable[0])
            function(usable[None])


def _check_companies(evaluator, points, first):
    """Raise `Declined` where the same points, over and over in larger batches, change their value.

    These are asked of the density itself, in one call each.
    """
    for size in FEW_COMPANIES if evaluator.size > MANY else COMPANIES:
        batch = np.resize(points, (size, points.shape[1]))
        values = evaluator.density.log_density(batch)
        evaluator.n_evaluations += size
        before = np.resize(first, size)
        finite = np.isfinite(before) & np.isfinite(values)
        with np.errstate(invalid="ignore"):
            apart = np.where(finite, np.abs(before - values), 0.0)
            wide = apart > REGROUPED * (1 + np.abs(np.where(finite, before, 0.0)))
        for i in np.unique(np.flatnonzero(wide) % len(points)):
            same = slice(i, None, len(points))
            if np.max(apart[same]) <= rounding(evaluator.density.log_density, points[i]):
                values[same] = before[same]
        how = f"in a batch of {size} points"
        reason = "model_contract_violation"
        _check_same(evaluator, batch, before, values, REGROUPED, how, reason)


def check_not_infinite(evaluator):
    """Raise `Declined` where the log density was +inf anywhere so far."""
    if evaluator.infinite_at is not None:
        raise Declined(
            "model_contract_violation",
            f"the log density is +inf at {places.point(evaluator.names, evaluator.infinite_at)}; "
            "a density is finite wherever it exists. Look for a division by zero or the log of "
            "zero with the wrong sign, and declare the support if the point lies outside it.",
            point=evaluator.infinite_at.tolist(),
        )


def check_again(evaluator, x, value):
    """Raise `Declined` unless the log density at x (d,) is still `value`."""
    again = evaluator.log_density(x)
    _check_same(evaluator, x[None], np.array([value]), again[None], REGROUPED, "after the search")


def _check_same(
    evaluator, points, first, second, tolerance, how, reason="nondeterministic_density"
):
    both = np.isfinite(first) & np.isfinite(second)
    with np.errstate(invalid="ignore"):
        difference = np.where(both, np.abs(first - second), 0.0)
        limit = tolerance * (1 + np.abs(np.where(both, first, 0.0)))
    wrong = (difference > limit) | (np.isfinite(first) != np.isfinite(second))
    if not np.any(wrong):
        return
    i = int(np.argmax(wrong))
    raise Declined(
        reason,
        f"the log density at {places.point(evaluator.names, points[i])} is {first[i]:.10g}, and "
        f"{second[i]:.10g} when asked for {how}. It must depend on the parameters alone: fix the "
        "seed of any simulation in the model, and sum over the data only (axis=-1), never over "
        "the batch.",
        point=points[i].tolist(),
        values=[or_none(first[i]), or_none(second[i])],
    )
