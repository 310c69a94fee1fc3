"""The schemas of the artifacts, held against what is written, before it gets its name.

An artifact whose bytes are those of its record was checked when it was written; so it is checked
on reading only where it has no record. `fastjsonschema` compiles a schema in 10 to 60 ms and is
imported in 10, where the import of `jsonschema` alone takes 80 ms; the tests hold the two together.
"""

import json
from functools import cache
from pathlib import Path

from laplace_files.artifacts.provenance_path import RECORDS, RESULTS, record_path

SCHEMAS = Path(__file__).resolve().parents[3] / "schemas"


def fault_of_record(path, record) -> str | None:
    """Return where a JSON record breaks the schema of its name, in words; None if it does not."""
    name = _contract(path)
    if name is None or not _schema_file(name).is_file():
        return None
    return _fault(_validator(name), name, record)


def fault_of_entry(entry) -> str | None:
    """Return where what is said of an artifact, by its record or by the manifest, breaks the schema
    of the manifest, in words; None if it does not."""
    return _fault(_entry_validator(), "entry", entry)


def _fault(validate, name: str, content) -> str | None:
    from fastjsonschema import JsonSchemaValueException

    try:
        validate(content)
    except JsonSchemaValueException as error:
        return f"{error.message.replace('data', name, 1):.300}"
    return None


def fault_of_table(path, types: dict[str, str]) -> str | None:
    """Return which promised column a table (name -> Arrow type) lacks; None if it has them all."""
    promised = _tables().get(_contract(path))
    if promised is None:
        return None
    for name, (kind, _) in promised["columns"].items():
        if types.get(name) != kind:
            found = f"holds {types[name]}" if name in types else "is not there"
            return f"the column {name!r} {found}, and {kind} is due"
    return None


def _contract(path) -> str | None:
    """Return the name of an artifact's contract: its own, without a seed, but for artifacts of
    another kind that lie elsewhere. The records and the sweeps have none."""
    path = Path(path)
    folders = set(path.parents)
    if record_path(path) is None or not folders.isdisjoint((RECORDS, RESULTS / "sweeps")):
        return None
    name = path.stem.partition("-seed")[0]
    if RESULTS / "external" in folders:
        return {"verdict": "external", "quantiles": "external_quantiles"}.get(name)
    if path.parent.name == "nuts" and name == "quantiles":
        return "nuts_quantiles"
    return name


def _schema_file(name: str) -> Path:
    return SCHEMAS / f"{name}.schema.json"


@cache
def _validator(name: str):
    return _compiled(json.loads(_schema_file(name).read_bytes()))


@cache
def _entry_validator():
    manifest = json.loads(_schema_file("manifest").read_bytes())
    return _compiled(manifest["properties"]["artifacts"]["items"])


def _compiled(schema: dict):
    import fastjsonschema

    return fastjsonschema.compile(schema, use_default=False)


@cache
def _tables() -> dict:
    return json.loads((SCHEMAS / "tables.json").read_bytes())
