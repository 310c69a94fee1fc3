"""What a setting of a sweep changes: a name, a number, or a place in a definition."""

import math
from copy import deepcopy

import numpy as np

from laplace_approx.errors import InputError
from laplace_approx.words.names import suggestion

DEFINITIONS = ("prior", "space", "grid")  # named in the base case, and open to a path below
NUMBERS = ("seed", "n_draws", "tolerance", "replicate")
EVERY = "*"


def check_setting(setting: str, where: str) -> None:
    """Refuse the name of a setting that changes nothing."""
    head, *path = setting.split(".")
    known = (*DEFINITIONS, *NUMBERS)
    if head not in known:
        raise InputError(f"{where}: there is no setting {head!r}; {suggestion(head, known)}")
    if path and head not in DEFINITIONS:
        raise InputError(f"{where}: {head} is a number and has nothing below it; write {head}")
    if not all(path):
        raise InputError(f"{where}: two dots with nothing between them, or one at the end")


def place(definition, path: list[str], value, where: str):
    """Return a copy of a definition with `value` at `path`.

    `*` stands for every key that is there. A step into a list is its index. A map that is not
    there yet is made, for its owner to accept or refuse; a step into anything else is refused.
    """
    copy = deepcopy(definition)
    _place(copy, path, value, where)
    return copy


def _place(node, path: list[str], value, where: str) -> None:
    step, *rest = path
    for key in _keys(node, step, where):
        if not rest:
            node[key] = deepcopy(value)
            continue
        if isinstance(node, dict):
            node.setdefault(key, {})
        _place(node[key], rest, value, where)


def _keys(node, step: str, where: str) -> list:
    if isinstance(node, dict):
        if step == EVERY and not node:
            raise InputError(f"{where}: * stands for every key, and there is none here")
        return list(node) if step == EVERY else [step]
    if isinstance(node, list):
        if step == EVERY:
            return list(range(len(node)))
        if step.isdecimal() and int(step) < len(node):
            return [int(step)]
        raise InputError(
            f"{where}: {step!r} is no index into a list of {len(node)}; they count from 0"
        )
    raise InputError(f"{where}: {node!r} has nothing below it, so no {step!r} either")


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
