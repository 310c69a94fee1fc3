"""The laws of the claims: each measured anew, by an evaluator of the audit's own."""

import math

import numpy as np
import yaml

from laplace_audit.laws.mode import relative
from laplace_audit.ledger import Page
from laplace_audit.reading.artifacts import Table


def claim_laws(page: Page, judged: list, path: str, read) -> None:
    """Hold the judged claims against their file and the artifacts; `read(name)` opens one of those
    that are asked for, and gives None for another."""
    with open(path, encoding="utf-8") as file:
        claims = yaml.safe_load(file)["claims"]
    if not page.same(
        "claims are those of the file", [c["id"] for c in judged], [c["id"] for c in claims]
    ):
        return
    for found, claim in zip(judged, claims, strict=True):
        # YAML 1.1 takes 1e-8 for text
        claim |= {key: float(claim[key]) for key in ("lower", "upper") if key in claim}
        for key in ("claim", "why", "lower", "upper"):
            page.same("claims are those of the file", found[key], claim.get(key))
        names = list(dict.fromkeys(_names(claim["measure"])))
        page.same("claims are those of the file", found["artifact"], names)
        opened = {name: read(name) for name in names}
        _measured(page, found, claim, opened)


def _measured(page: Page, found: dict, claim: dict, opened: dict) -> None:
    value = None
    if None not in opened.values():
        with np.errstate(all="ignore"):
            value = _value(claim["measure"], opened)
        value = float(np.reshape(value, ())) if value is not None and np.size(value) == 1 else None
        value = value if value is not None and math.isfinite(value) else None
    if value is None or found["measured"] is None:
        page.same("claims are measured anew", found["measured"], value)
    else:
        page.most("claims are measured anew", relative(found["measured"], value), 1e-12)
    holds = None
    if value is not None:
        low, high = claim.get("lower", -math.inf), claim.get("upper", math.inf)
        holds = bool(low <= value <= high)
    page.same("a claim holds within its bounds", found["holds"], holds)
    page.same("a claim without a value has a reason", found["reason"] is None, value is not None)


def _names(measure):
    """Yield the artifacts of a measure in order."""
    if isinstance(measure, dict):
        if "artifact" in measure:
            yield measure["artifact"]
            return
        for inner in measure.values():
            yield from _names(inner)
    elif isinstance(measure, list):
        for inner in measure:
            yield from _names(inner)


def _value(measure, opened: dict):
    """Return the number or numbers of a measure, None where there is none."""
    if not isinstance(measure, dict):
        return np.asarray(float(measure))
    if "artifact" in measure:
        content = opened[measure["artifact"]]
        return (
            _cells(measure, content) if isinstance(content, Table) else _at(content, measure["at"])
        )
    ((word, inner),) = measure.items()
    if word in ("share_below", "share_above"):
        values, limit = _value(inner["of"], opened), _value(inner["limit"], opened)
        return (
            None
            if values is None or limit is None
            else np.mean(values < limit if word == "share_below" else values > limit)
        )
    parts = [_value(each, opened) for each in (inner if isinstance(inner, list) else [inner])]
    return None if any(part is None for part in parts) else _applied(word, parts)


def _applied(word: str, parts: list):  # noqa: C901
    """Return what a measure's word makes of its parts.

    Many branches: one for each word.
    """
    first, *rest = parts
    match word:
        case "difference":
            return first - rest[0]
        case "ratio":
            return first / rest[0]
        case "abs":
            return np.abs(first)
        case "log":
            return np.log(first)
        case "mean":
            return np.mean(first)
        case "sd":
            return np.std(first, ddof=1)
        case "count":
            return np.asarray(float(np.size(first)))
        case "largest":
            return np.max(first)
        case "smallest":
            return np.min(first)
    total = first
    for part in rest:
        match word:
            case "sum":
                total = total + part
            case "product":
                total = total * part
            case "max":
                total = np.maximum(total, part)
            case "min":
                total = np.minimum(total, part)
    return total


def _at(content, keys):
    values = _reach(content, keys)
    flat = values if isinstance(values, list) else [values]
    return (
        None
        if not flat or any(not isinstance(v, int | float) for v in flat)
        else np.array(values, dtype=float)
    )


def _reach(content, keys):
    if not keys or content is None:
        return content
    if keys[0] == "*":
        return [_reach(each, keys[1:]) for each in content]
    step = content.get(str(keys[0])) if isinstance(content, dict) else content[int(keys[0])]
    return _reach(step, keys[1:])


def _cells(measure: dict, table: Table):
    column = np.asarray(table.columns[measure["column"]], dtype=float)
    rows = np.ones(column.size, dtype=bool)
    for name, due in measure.get("where", {}).items():
        found = table.columns[name]
        if isinstance(due, str):
            rows &= np.array([each == due for each in found])
        else:
            rows &= np.isclose(np.asarray(found, dtype=float), due, rtol=1e-9, atol=1e-9)
    return column[rows] if rows.any() else None
