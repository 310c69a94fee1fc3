"""The values of one setting of a sweep: a list as it stands, or a sequence of numbers."""

import math

import numpy as np

from laplace_approx.errors import InputError

SEQUENCES = ("range", "linear", "geometric")
MAX_VALUES = 100_000  # of one setting


def values_of(definition, where: str, repeated: bool = False) -> list:
    """Return the values that a definition gives, in order.

    A list is its own values. {range: [start, stop, step]} are whole numbers, stop left out;
    {linear: [a, b, n]} are a + i (b - a) / (n - 1) and {geometric: [a, b, n]} are
    a (b / a)^(i / (n - 1)), i = 0 ... n - 1, both ends exact; `whole: true` rounds them. Raises
    InputError, headed by `where`, for none, for too many, and for repeated values unless these are
    allowed.
    """
    values = definition if isinstance(definition, list) else _sequence(definition, where)
    if not values:
        raise InputError(f"{where}: has no values; give at least one")
    if len(values) > MAX_VALUES:
        raise InputError(f"{where}: has {len(values)} values; at most {MAX_VALUES}")
    if not repeated:
        _refuse_repeated(values, where)
    return values


def _sequence(definition: dict, where: str) -> list:
    named = [kind for kind in SEQUENCES if kind in definition]
    if len(named) != 1:
        given = ", ".join(named) or "none"
        raise InputError(
            f"{where}: takes one of {', '.join(SEQUENCES)}, and has {given}; or write a list"
        )
    kind = named[0]
    if kind == "range":
        return _range(definition[kind], where)
    first, last, count = definition[kind]
    if not (float(count).is_integer() and 2 <= count <= MAX_VALUES):
        raise InputError(
            f"{where}.{kind}: the count {count} is not a whole number from 2 to {MAX_VALUES}"
        )
    numbers = (_linear if kind == "linear" else _geometric)(first, last, int(count), where)
    return [round(x) for x in numbers] if definition.get("whole") else numbers


def _range(ends, where: str) -> list[int]:
    if len(ends) == 3 and ends[2] == 0:
        raise InputError(f"{where}.range: the step is 0; give another")
    numbers = range(*ends)
    if len(numbers) > MAX_VALUES:
        raise InputError(f"{where}.range: has {len(numbers)} values; at most {MAX_VALUES}")
    return list(numbers)


def _linear(first, last, count: int, where: str) -> list[float]:
    if not (math.isfinite(first) and math.isfinite(last)):
        raise InputError(f"{where}.linear: {first} to {last} is not finite")
    return np.linspace(float(first), float(last), count).tolist()


def _geometric(first, last, count: int, where: str) -> list[float]:
    if not (0 < first < math.inf and 0 < last < math.inf):
        raise InputError(
            f"{where}.geometric: {first} to {last}; both ends must be positive numbers, since "
            "neighbours have a constant ratio"
        )
    return np.geomspace(float(first), float(last), count).tolist()


def _refuse_repeated(values: list, where: str) -> None:
    seen = set()
    for value in values:
        # 1 and 1.0 are the same setting, true and 1 are not
        name = repr(float(value)) if type(value) in (int, float) else repr(value)
        if name in seen:
            raise InputError(f"{where}: the value {value!r} is given more than once; remove one")
        seen.add(name)
