"""The configuration against its JSON schema: values as their type says, defaults, and violations.

`snakemake --config` hands over every nested value as text, and YAML 1.1 reads `1e-8` as text, so
text is turned into what the schema asks for before anything is validated.
"""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from typing import NamedTuple

from laplace_approx.words.names import suggestion
from laplace_approx.words.numerals import SMALLEST, vanishes

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,99})")
_NUMBER = re.compile(r"[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False}
_TYPE_WORDS = {
    "object": "a map",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}
_ALTERNATIVES = ("allOf", "anyOf", "oneOf", "then", "else")


class Violation(NamedTuple):
    """One thing wrong: the path of keys to it, what it is, and whether its shape is wrong."""

    path: tuple
    message: str
    malformed: bool

    def __str__(self) -> str:
        return f"{key_path(self.path)}: {self.message}" if self.path else self.message


def key_path(path) -> str:
    """Return ("cases", 0, "prior") as `cases[0].prior`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{_clip(str(step))}"
    return text.removeprefix(".")


def shown(value) -> str:
    """Return a value as it could be written in YAML, in no more than a line."""
    try:
        return _clip(json.dumps(value, ensure_ascii=False))
    except (TypeError, ValueError):
        return _clip(repr(value))


def _clip(text: str, limit: int = 80) -> str:
    printable = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text[: limit + 1])
    return printable if len(text) <= limit else printable[:limit] + "..."


def coerce(config, schema: dict):
    """Return a copy of `config` in which text is what the schema's types say it should be.

    `"1e5"` becomes 100000 where an integer is due, `"1E-8"` a float where a number is, `"true"`
    a truth value; a float without a fraction becomes an integer where one is due. What does not
    read as such stays as it is, for the validation to refuse, and so does a number that would
    become 0 and is not; a truth value never becomes a number. The key `on`, which YAML 1.1 reads
    as true, is put back where the schema has it.
    """
    return _walk(config, [schema], [], schema)


def completed(config, schema: dict):
    """Return `config` coerced, with the defaults of the schema where keys are absent.

    A default that is itself a map is filled in turn. Only what certainly applies gives defaults:
    the alternatives of anyOf, oneOf and if/then/else do not.
    """
    return _walk(config, [schema], [schema], schema)


def _walk(value, possible: list[dict], certain: list[dict], root: dict):
    """Return a value coerced by the schemas that may apply to it and filled by those that do."""
    possible = [b for node in possible for b in _branches(node, root, _ALTERNATIVES)]
    certain = [b for node in certain for b in _branches(node, root, ("allOf",))]
    if isinstance(value, list):
        items = [_item_schemas(branches) for branches in (possible, certain)]
        return [_walk(inner, *items, root) for inner in value]
    if not isinstance(value, dict):
        return _scalar(value, {t for b in possible for t in _types(b)})
    has_on = any("on" in branch.get("properties", ()) for branch in possible)
    named = {("on" if key is True and has_on else key): inner for key, inner in value.items()}
    for branch in certain:
        for key, node in branch.get("properties", {}).items():
            if "default" in node:
                named.setdefault(key, deepcopy(node["default"]))
    return {
        key: _walk(inner, _child_schemas(possible, key), _child_schemas(certain, key), root)
        for key, inner in named.items()
    }


def _scalar(value, types: set[str]):
    if isinstance(value, float) and value.is_integer() and "number" not in types:
        return int(value) if "integer" in types else value
    if not isinstance(value, str):
        return value
    if "boolean" in types and value in _BOOLEANS:
        return _BOOLEANS[value]
    if types & {"integer", "number"} and _INTEGER.fullmatch(value):
        return int(value)
    if types & {"integer", "number"} and _NUMBER.fullmatch(value) and not vanishes(value):
        number = float(value)
        if "number" in types:
            return number
        return int(number) if number.is_integer() else value
    return value


def _branches(node: dict, root: dict, through: tuple[str, ...]) -> Iterator[dict]:
    """Yield a schema and every schema that it applies to the same value."""
    yield node
    if "$ref" in node:
        yield from _branches(_resolve(node["$ref"], root), root, through)
    for keyword in through:
        inner = node.get(keyword, ())
        for branch in [inner] if isinstance(inner, dict) else inner:
            yield from _branches(branch, root, through)


def _resolve(reference: str, root: dict) -> dict:
    node = root
    for step in reference.removeprefix("#/").split("/"):
        node = node[step]
    return node


def _types(node: dict) -> list[str]:
    types = node.get("type", [])
    return [types] if isinstance(types, str) else types


def _item_schemas(branches: list[dict]) -> list[dict]:
    return [b["items"] for b in branches if isinstance(b.get("items"), dict)]


def _child_schemas(branches: list[dict], key) -> list[dict]:
    found = []
    for branch in branches:
        named = branch.get("properties", {})
        patterns = branch.get("patternProperties", {})
        matching = [s for p, s in patterns.items() if isinstance(key, str) and re.search(p, key)]
        if key in named:
            found.append(named[key])
        elif not matching and isinstance(branch.get("additionalProperties"), dict):
            found.append(branch["additionalProperties"])
        found.extend(matching)
    return found


def violations(config: dict, schema: dict) -> list[Violation]:
    """Return everything in which `config` violates the schema, in the order of its keys."""
    from jsonschema import Draft202012Validator

    found = []
    for error in Draft202012Validator(schema).iter_errors(config):
        found.extend(_describe(error))
    return found


def _describe(error) -> list[Violation]:
    path, value = tuple(error.absolute_path), error.instance
    if "propertyNames" in error.absolute_schema_path:
        message = (
            f"the name {shown(value)} is not 1 to 64 of the letters, digits, '.', '_' and '-', "
            "beginning with a letter or digit"
        )
        return [Violation(path, message, False)]
    if error.validator == "additionalProperties":
        known = list(error.schema.get("properties", ()))
        return [
            Violation((*path, key), f"unknown key; {suggestion(key, known)}", False)
            for key in value
            if key not in known
        ]
    if error.validator == "required":
        missing = [key for key in error.validator_value if key not in value]
        # jsonschema reports each missing key by an error of its own: keep this error's.
        return [
            Violation((*path, key), _missing(error, key), True)
            for key in missing
            if error.message.startswith(repr(key))
        ]
    message = _MESSAGES.get(error.validator, lambda error: error.message)(error)
    return [Violation(path, message, error.validator in ("type", "minItems", "minProperties"))]


def _missing(error, key: str) -> str:
    description = error.schema.get("properties", {}).get(key, {}).get("description")
    return "is missing" + (f" ({description.rstrip('.').strip()})" if description else "")


def _wrong_type(error) -> str:
    value, types = error.instance, _types(error.schema)
    if value is None:
        advice = "write {}" if "object" in types else "give a value, or leave the key out"
        return f"is empty (null); {advice}"
    due = " or ".join(_TYPE_WORDS[t] for t in types)
    if _is_pair(value) and "family" in error.schema.get("properties", ()):
        mean, spread = (shown(v) for v in value)
        return (
            f"the pair {shown(value)} does not say whether {spread} is a standard deviation or a "
            f"variance, and the two differ; write {{family: normal, mean: {mean}, sd: {spread}}} "
            f"or {{family: normal, mean: {mean}, variance: {spread}}}"
        )
    if isinstance(value, str) and vanishes(value):
        return (
            f"{shown(value)} is below the range of numbers ({SMALLEST}); write 0, or a larger one"
        )
    message = f"{shown(value)} is {_kind(value)}, not {due}"
    quoting_helps = isinstance(value, int | float) and "string" in types and "object" not in types
    return f"{message}; quote it" if quoting_helps else message


def _is_pair(value) -> bool:
    return isinstance(value, list) and len(value) == 2


def _kind(value) -> str:
    kinds = (
        (bool, "a truth value"),
        (int, "a whole number"),
        (float, "a number"),
        (str, "text"),
        (list, "a list"),
        (dict, "a map"),
    )
    return next((word for kind, word in kinds if isinstance(value, kind)), type(value).__name__)


def _limit(words: str):
    return lambda error: f"{shown(error.instance)} is not {words} {shown(error.validator_value)}"


def _repeated(error) -> str:
    values = error.instance
    again = [v for i, v in enumerate(values) if v in values[:i]]
    return f"{shown(again[0])} is given more than once" if again else error.message


def _not_among(error) -> str:
    hint = suggestion(error.instance, error.validator_value)
    return f"{shown(error.instance)} is unknown; {hint}"


_MESSAGES = {
    "type": _wrong_type,
    "minimum": _limit("at least"),
    "maximum": _limit("at most"),
    "exclusiveMinimum": _limit("above"),
    "exclusiveMaximum": _limit("below"),
    "uniqueItems": _repeated,
    "enum": _not_among,
    "minItems": lambda error: "is an empty list; name at least one",
    "minProperties": lambda error: "is an empty map; give at least one entry",
    "maxProperties": lambda error: f"{shown(error.instance)} has more than one entry; give one",
    "pattern": lambda error: f"{shown(error.instance)} is empty or holds control characters",
}
