"""Whether a function of points gives a point the same answer alone and in company, as it is used.

A batch is there to save time, and no point of it may notice the others. Small batches are held
against single points before a model is used; here those are that it is given later, whatever
their size.
"""

import numpy as np

from laplace_approx.errors import Declined
from laplace_approx.words import places
from laplace_approx.words.numbers import or_none

SAME = 1e-7  # relative difference of a point alone and in a batch: sums may be reordered
FEWEST = 8  # points of a batch that is looked at
NUDGES = 8  # points one or two roundings away
SPREADS = 16  # of the answers there: what two orders of the same sums may differ by
_GOLDEN = 0.6180339887498949  # the golden ratio less one: its multiples fill (0, 1) evenly


def in_company(function, name: str, model, tail: tuple[int, ...]):
    """Return `function` of theta (n, d) or (..., d), whose answers for batches are held to it.

    The first, second, fourth, eighth ... batch of each size is looked at: one of its points alone,
    and three of them in another order. Declined("model_contract_violation") says which point, in
    how many, and both values; Declined("nondeterministic_density") if the same call does not give
    the same answer.
    """
    seen: dict[int, int] = {}

    def evaluate(theta):
        value = function(theta)
        n = theta.size // theta.shape[-1] if theta.ndim > 1 else 1
        if n >= FEWEST:
            times = seen[n] = seen.get(n, 0) + 1
            if times & (times - 1) == 0:
                _hold(function, (name, model), theta, value.reshape(n, *tail), times)
        return value

    return evaluate


def _hold(function, named, theta, together, times: int) -> None:
    points = theta.reshape(-1, theta.shape[-1])
    n = len(points)
    first = int(n * (times * _GOLDEN % 1))  # another one each time
    few = np.array([(first + n // 3) % n, first, (first + 1) % n])
    alone, among = function(points[first]), function(points[few])
    found = [(first, alone, 1), *zip(few, among, [few.size] * few.size, strict=True)]
    for i, apart, size in found:
        if agree(together[i], apart) or agree(together[i], apart, rounding(function, points[i])):
            continue
        again = function(theta).reshape(together.shape)
        if not agree(together[i], again[i]):
            raise _changing(named, points[i], together[i], again[i])
        raise _noticing(named, points[i], (together[i], n), (np.asarray(apart), size))


def agree(first, second, beside=0.0) -> bool:
    """Return whether two answers for a point, (*tail,) each, differ by rounding at most.

    NaN agrees with NaN and an infinity with itself; the rest to SAME (1 + the largest entry), and
    what may be `beside` that (infinite: anything).
    """
    first, second = np.asarray(first), np.asarray(second)
    finite = np.isfinite(first) & np.isfinite(second)
    odd = ~finite & np.isfinite(beside)
    if not np.array_equal(first[odd], second[odd], equal_nan=True):
        return False
    first, second = first[finite], second[finite]
    beside = np.broadcast_to(beside, finite.shape)[finite]
    limit = SAME * (1 + np.max(np.abs(first), initial=0.0))
    return bool(np.all(np.abs(first - second) <= limit + beside))


def rounding(function, point):
    """Return what rounding may do to the answer at a point (d,): a number an entry, (*tail,).

    Where large numbers cancel (doses around 1e6, an intercept of -1e7), the coordinates moved by
    one or two units in the last place move the answer as far as another order of its sums does. It
    is infinite at the very edge of where there is an answer.
    """
    units = np.random.default_rng(0).integers(-2, 3, (NUDGES, point.size))
    near = point + units * np.spacing(np.abs(point))
    answers = np.array([function(each) for each in (point, *near)])
    found = np.isfinite(answers)
    spread = np.ptp(np.where(found, answers, 0.0), axis=0)
    edge = found.any(axis=0) & ~found.all(axis=0)
    return np.where(edge, np.inf, SPREADS * spread)


def _changing(named, point, once, again):
    name, model = named
    i = _worst(once, again)
    return Declined(
        "nondeterministic_density",
        f"{name} of model {model.name!r} gives {once.flat[i]:.10g} at "
        f"{places.point(model.parameters, point)}, and {again.flat[i]:.10g} when the same points "
        "are asked for again. It must depend on the parameters alone: fix the seed of any "
        "simulation in the model, and keep nothing from one call to the next.",
        function=name,
        point=point.tolist(),
        values=[or_none(once.flat[i]), or_none(again.flat[i])],
    )


def _noticing(named, point, together, apart):
    name, model = named
    (value, n), (other, size) = together, apart
    i = _worst(value, other)
    company = "alone" if size == 1 else f"in a batch of {size} points"
    return Declined(
        "model_contract_violation",
        f"{name} of model {model.name!r} gives {value.flat[i]:.10g} at "
        f"{places.point(model.parameters, point)} in a batch of {n} points, and "
        f"{other.flat[i]:.10g} at the same point {company}. The answer for a point "
        "may not depend on the others, nor on how many there are: sum over the data only "
        "(axis=-1), and take no maximum, mean or size over the batch.",
        function=name,
        point=point.tolist(),
        values=[or_none(value.flat[i]), or_none(other.flat[i])],
        batches=[n, size],
    )


def _worst(first, second) -> int:
    """Return the place, of the entries in a row, where two answers differ most."""
    with np.errstate(invalid="ignore"):
        difference = np.abs(np.ravel(first) - np.ravel(second))
    return int(np.argmax(np.where(np.isnan(difference), np.inf, difference)))
