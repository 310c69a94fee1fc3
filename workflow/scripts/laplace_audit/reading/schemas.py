"""The laws of form: JSON schemas, columns of tables, and what a footer says of its table."""

import json
import re
from functools import cache
from pathlib import Path

from laplace_audit.ledger import Page
from laplace_audit.reading.artifacts import Table

FOLDER = Path(__file__).resolve().parents[3] / "schemas"
SCHEMA_VERSION = "1"
FINGERPRINT = re.compile(r"[0-9a-f]{64}")


@cache
def _validator(step: str):
    from jsonschema import Draft202012Validator

    text = (FOLDER / f"{step}.schema.json").read_text(encoding="utf-8")
    return Draft202012Validator(json.loads(text))


@cache
def _contracts() -> dict:
    return json.loads((FOLDER / "tables.json").read_text(encoding="utf-8"))


def record_form(page: Page, step: str, record) -> bool:
    """Hold a JSON artifact against the schema of its step."""
    errors = list(_validator(step).iter_errors(record))
    return page.true("schema", not errors, errors[0].message[:200] if errors else "")


def table_form(
    page: Page, step: str, table: Table, before=(), case: dict | None = None, extra=()
) -> bool:
    """Hold a table against its contract: columns `before` (numbers) come first, in order.

    `case` is what the footer must say; `extra` are further keys that it must have.
    """
    contract = _contracts().get(step)
    if contract is None:
        return True
    due = {name: "double" for name in before}
    due |= {name: kind for name, (kind, _) in contract["columns"].items()}
    kept = page.true(
        "columns", list(table.types.items()) == list(due.items()), str(table.types)[:200]
    )
    metadata = dict(table.metadata)
    page.same("schema version", metadata.pop("schema_version", None), SCHEMA_VERSION)
    if case is not None:
        found = {key: metadata.get(key) for key in case}
        page.same("footer says whose table it is", found, {k: str(v) for k, v in case.items()})
        unknown = set(metadata) - set(case) - set(extra) - {"core", "ARROW:schema"}
        page.true("footer says whose table it is", not unknown, ", ".join(sorted(unknown)))
    return kept


def core_law(page: Page, stated: str | None, due: str | None) -> None:
    """Hold the fingerprint that an artifact states against that of its step now."""
    shaped = isinstance(stated, str) and FINGERPRINT.fullmatch(stated) is not None
    page.true("made by the code that is there now", shaped and stated == due)
