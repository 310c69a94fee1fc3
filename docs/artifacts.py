"""Write docs/artifacts.md: every artifact with every key and column, from workflow/schemas.

Run from the top of the project: python docs/artifacts.py
"""

import json
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
SCHEMAS = PROJECT / "workflow" / "schemas"
POSTERIOR, CASE = "{model}/{prior}", "{model}/{prior}/compare/{space}/{grid}"
# Where each artifact stands under results/, in the order of the chain.
PATHS = {
    "core": "core.json",
    "posterior": f"{POSTERIOR}/posterior.json",
    "mode": f"{POSTERIOR}/laplace/{{space}}/mode.json",
    "curvature": f"{POSTERIOR}/laplace/{{space}}/curvature.json",
    "draws": f"{POSTERIOR}/laplace/{{space}}/draws-seed{{seed}}.parquet`, "
    f"`{POSTERIOR}/grid/{{grid}}/draws-seed{{seed}}.parquet",
    "grid": f"{POSTERIOR}/grid/{{grid}}/grid.json",
    "mass": f"{POSTERIOR}/grid/{{grid}}/mass.parquet",
    "marginals": f"{POSTERIOR}/grid/{{grid}}/marginals.parquet",
    "quantiles": f"{CASE}/quantiles.parquet",
    "remedies": f"{CASE}/remedies.json",
    "remedies table": f"{CASE}/remedies.parquet",
    "reference": f"{POSTERIOR}/reference/reference.json",
    "reference table": f"{POSTERIOR}/reference/reference.parquet",
    "brought": f"{POSTERIOR}/reference/brought.json",
    "brought table": f"{POSTERIOR}/reference/brought.parquet",
    "sampled": f"{POSTERIOR}/reference/sampled.json",
    "sampled table": f"{POSTERIOR}/reference/sampled.parquet",
    "verdict": f"{CASE}/verdict.json",
    "basin": f"{CASE}/basin.parquet",
    "nuts": f"{POSTERIOR}/nuts/nuts-seed{{seed}}.json",
    "nuts_quantiles": f"{CASE}/nuts/quantiles.parquet",
    "external": "external/{name}/verdict.json",
    "external_quantiles": "external/{name}/quantiles.parquet",
    "audit": "audit.json",
    "manifest": "manifest.json",
    "summary": "summary.parquet",
    "claims": "claims.json",
}
HEAD = """# Every artifact, key by key

Written by `docs/artifacts.py` from the schemas in `workflow/schemas/`, to which a test holds every
artifact. Paths are under `results/`. In a JSON record `a.b` is the key `b` of the object `a`, `a.*`
any key of `a`, and `a[]` an entry of the list `a`; JSON is strict, and a number that is not known
is `null`, with a `reason` beside it. Parquet tables carry their case, seed and code as key-value
metadata.
"""


def document() -> str:
    """Return the text of docs/artifacts.md."""
    tables = json.loads((SCHEMAS / "tables.json").read_text(encoding="utf-8"))
    schemas = {
        path.name.removesuffix(".schema.json"): json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(SCHEMAS.glob("*.schema.json"))
    }
    exercises = {name: f"exercises/{name}.json" for name in schemas if name.startswith("exercise")}
    paths = PATHS | {
        name: f"{name} (any folder)" for name in sorted({*schemas, *tables} - {*PATHS, *exercises})
    }
    parts = [HEAD]
    for name, path in (paths | exercises).items():
        if name in schemas:
            parts.append(_record(path, schemas[name]))
        else:
            parts.append(_table(path, tables[name.removesuffix(" table")]))
    return "\n".join(parts)


def _record(path: str, schema: dict) -> str:
    meanings = json.loads((SCHEMAS / "meanings.json").read_text(encoding="utf-8"))
    rows = [
        (f"`{key}`", _kind(part), part.get("description") or meanings.get(_last(key), ""))
        for key, part in _keys(schema, "")
    ]
    return _section(path, f"{schema['title']}.", ("key", "type", "meaning"), rows)


def _keys(schema: dict, prefix: str):
    """Yield (path of keys, schema) of everything that a schema names, in its order."""
    for key, part in schema.get("properties", {}).items():
        path = f"{prefix}.{key}" if prefix else key
        yield path, part
        yield from _keys(part, path)
    for key, joint in (("additionalProperties", ".*"), ("items", "[]")):
        if isinstance(schema.get(key), dict):
            yield from _keys(schema[key], f"{prefix}{joint}" if prefix else joint.strip("."))


def _last(key: str) -> str:
    return key.rsplit(".", 1)[-1]


def _kind(schema: dict) -> str:
    if "enum" in schema:
        return " or ".join(f"`{json.dumps(value)}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    kinds = schema.get("type", "any")
    return " or ".join([kinds] if isinstance(kinds, str) else kinds)


def _table(path: str, table: dict) -> str:
    rows = [(f"`{name}`", kind, meaning) for name, (kind, meaning) in table["columns"].items()]
    return _section(path, table["about"], ("column", "type", "meaning"), rows)


def _section(path: str, about: str, heads, rows) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    body = "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)
    return f"## `{path}`\n\n{about}\n\n{body}\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    (PROJECT / "docs" / "artifacts.md").write_text(document(), encoding="utf-8", newline="\n")
