"""Claims: sentences with a number in them, measured on the artifacts and held against bounds.

A claim's `measure` is a small closed language of data, never code:

    3.5                                              a number
    {artifact: PATH.json, at: [joint, total_variation, value]}   the value at a path of keys ("*"
                                                     stands for every entry of a list)
    {artifact: PATH.parquet, column: NAME, where: {OTHER: VALUE}}   a column, at the rows that match
    {difference: [a, b]}  {ratio: [a, b]}            of two measures
    {sum: [a, b, ...]}  {product: ...}  {max: ...}  {min: ...}   of several measures
    {abs: a}  {log: a}                               of every value of one
    {mean: a}  {sd: a}  {count: a}  {largest: a}  {smallest: a}   of all values of one
    {share_below: {of: a, limit: b}}  {share_above: ...}   the share of the values of one
"""

import math
from collections.abc import Callable, Iterator
from functools import reduce

import numpy as np

from laplace_approx.errors import InputError

PAIRS = {"difference": np.subtract, "ratio": np.divide}
SEVERAL = {"sum": np.add, "product": np.multiply, "max": np.maximum, "min": np.minimum}
EACH = {"abs": np.abs, "log": np.log}
ALL = {
    "mean": np.mean,
    "sd": lambda values: np.std(values, ddof=1),
    "count": np.size,
    "largest": np.max,
    "smallest": np.min,
}
SHARES = {"share_below": np.less, "share_above": np.greater}
OPERATORS = (*PAIRS, *SEVERAL, *EACH, *ALL, *SHARES)
CLOSE = 1e-9  # to which a number of a table equals one of a `where`


class Unmeasured(Exception):
    """There is no number where a claim looks for one; the message says why."""


def artifacts_of(measure) -> Iterator[str]:
    """Yield the artifacts that a measure reads, in order."""
    if isinstance(measure, list):
        for part in measure:
            yield from artifacts_of(part)
    elif isinstance(measure, dict):
        if "artifact" in measure:
            yield measure["artifact"]
        for key in OPERATORS:
            yield from artifacts_of(measure.get(key))
        yield from artifacts_of(measure.get("of"))
        yield from artifacts_of(measure.get("limit"))


def problems_of(measure, where: str) -> Iterator[str]:
    """Yield, in words, what is wrong with the shape of a measure that its schema cannot say."""
    if not isinstance(measure, dict):
        return
    operators = [key for key in OPERATORS if key in measure]
    if len(operators) + ("artifact" in measure) != 1:
        yield f"{where}: give one of artifact, {', '.join(OPERATORS)}"
        return
    if "artifact" in measure:
        yield from _reading_problems(measure, where)
        return
    key = operators[0]
    if len(measure) > 1:
        yield f"{where}: nothing else stands beside {key}"
    if key in PAIRS and len(measure[key]) != 2:
        yield f"{where}.{key}: give two measures, not {len(measure[key])}"
    inner = measure[key]
    parts = inner if isinstance(inner, list) else [inner]
    if key in SHARES:
        parts = [inner["of"], inner["limit"]]
    for part in parts:
        yield from problems_of(part, f"{where}.{key}")


def _reading_problems(measure: dict, where: str) -> Iterator[str]:
    path = measure["artifact"]
    table = path.endswith(".parquet")
    if not (table or path.endswith(".json")):
        yield f"{where}.artifact: {path} is neither a .json nor a .parquet artifact"
    elif table and ("column" not in measure or "at" in measure):
        yield f"{where}: a table is read by column (and where)"
    elif not table and ("at" not in measure or {"column", "where"} & measure.keys()):
        yield f"{where}: a .json artifact is read by the path of keys `at`"


def evaluate(measure, read: Callable) -> np.ndarray:
    """Return the value or values of a measure; `read` opens an artifact by its path.

    Raises Unmeasured where an artifact has no number there, and InputError where it has no such
    key, column or row.
    """
    if not isinstance(measure, dict):
        return np.asarray(float(measure))
    if "artifact" in measure:
        content = read(measure["artifact"])
        return (_column if "column" in measure else _value)(measure, content)
    ((key, inner),) = measure.items()
    if key in SHARES:
        values, limit = (evaluate(inner[part], read) for part in ("of", "limit"))
        return np.mean(SHARES[key](values, limit))
    with np.errstate(divide="ignore", invalid="ignore"):  # NaN is a reason, not an event
        if key in EACH | ALL:
            return (EACH | ALL)[key](evaluate(inner, read))
        parts = [evaluate(part, read) for part in inner]
        return reduce((PAIRS | SEVERAL)[key], parts)


def _value(measure: dict, content) -> np.ndarray:
    path, shown = measure["artifact"], ".".join(map(str, measure["at"]))
    found = _reached(content, measure["at"], f"{path} has nothing at {shown}")
    if any(each is None for each in (found if isinstance(found, list) else [found])):
        raise Unmeasured(f"{path} is null at {shown}")
    try:
        return np.asarray(found, dtype=float)
    except (TypeError, ValueError):
        raise InputError(f"{path} has no number at {shown}") from None


def _reached(content, keys, nothing: str):
    """Return what the keys lead to; "*" gives the list of what the rest leads to in every entry.

    A null on the way is what is found.
    """
    for depth, key in enumerate(keys):
        if content is None:
            return None
        if key == "*" and isinstance(content, list):
            return [_reached(each, keys[depth + 1 :], nothing) for each in content]
        try:
            content = content[str(key) if isinstance(content, dict) else int(key)]
        except (KeyError, IndexError, TypeError, ValueError):
            raise InputError(nothing) from None
    return content


def _column(measure: dict, columns: dict) -> np.ndarray:
    path, wanted = measure["artifact"], measure.get("where", {})
    for name in (measure["column"], *wanted):
        if name not in columns:
            raise InputError(f"{path} has no column {name}; it has {', '.join(columns)}")
    rows = np.ones(len(columns[measure["column"]]), dtype=bool)
    for name, value in wanted.items():
        rows &= _equal(columns[name], value)
    try:
        values = np.asarray(columns[measure["column"]], dtype=float)[rows]
    except (TypeError, ValueError):
        raise InputError(f"{path}: column {measure['column']} holds text, not numbers") from None
    if values.size == 0:
        shown = ", ".join(f"{name} = {value}" for name, value in wanted.items())
        raise Unmeasured(f"{path} has no row with {shown}" if wanted else f"{path} has no rows")
    return values[0] if values.size == 1 else values


def _equal(column, value):
    if isinstance(value, str):
        return np.array([each == value for each in column], dtype=bool)
    return np.abs(np.asarray(column, dtype=float) - value) <= CLOSE * max(1.0, abs(value))


def judge_claim(claim: dict, read: Callable, missing: str | None) -> dict:
    """Return a claim with its measured value and whether it holds.

    `missing` says why it cannot be measured: `measured` and `holds` are then None. A measured
    value is one number; several are an InputError that names the claim.
    """
    bounds = {end: claim.get(end) for end in ("lower", "upper")}
    record = {
        "id": claim["id"],
        "claim": claim["claim"],
        "measured": None,
        **bounds,
        "holds": None,
        "why": claim["why"],
        "artifact": list(dict.fromkeys(artifacts_of(claim["measure"]))),
        "reason": missing,
    }
    if missing:
        return record
    try:
        values = np.asarray(evaluate(claim["measure"], read), dtype=float)
    except Unmeasured as reason:
        return record | {"reason": str(reason)}
    except InputError as error:
        raise InputError(f"claim {claim['id']}: {error}") from None
    if values.size != 1:
        raise InputError(
            f"claim {claim['id']}: its measure gives {values.size} numbers; narrow `where`, or "
            f"take one of {', '.join(ALL)} of them"
        )
    measured = float(values.reshape(()))
    if not math.isfinite(measured):
        return record | {"reason": "the value there is not a finite number"}
    low = -math.inf if bounds["lower"] is None else bounds["lower"]
    high = math.inf if bounds["upper"] is None else bounds["upper"]
    return record | {"measured": measured, "holds": low <= measured <= high}
