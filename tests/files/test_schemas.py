"""Every artifact of the default run keeps the schema that stands in workflow/schemas/."""

import json

import pyarrow.parquet as pq
import pytest
from jsonschema import Draft202012Validator

from project_copy import PROJECT

SCHEMAS = PROJECT / "workflow" / "schemas"
TABLES = json.loads((SCHEMAS / "tables.json").read_text(encoding="utf-8"))
# Not among the results of a default run; the tests of these steps look at their schemas.
NOT_BY_DEFAULT = {
    *("external", "external_quantiles", "nuts", "nuts_quantiles", "exercise-5", "audit"),
    *("brought", "sampled"),
}
JSON_STEPS = {path.name.removesuffix(".schema.json") for path in SCHEMAS.glob("*.schema.json")}


@pytest.mark.workflow
@pytest.mark.parametrize("step", sorted(JSON_STEPS - NOT_BY_DEFAULT))
def test_json_artifacts_keep_their_schema(finished, step):
    schema = json.loads((SCHEMAS / f"{step}.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    paths = list((finished / "results").rglob(f"{step}.json"))
    assert paths
    for path in paths:
        record = json.loads(path.read_text(encoding="utf-8"))
        errors = [error.message for error in Draft202012Validator(schema).iter_errors(record)]
        assert not errors, path


@pytest.mark.workflow
@pytest.mark.parametrize("step", sorted(TABLES.keys() - NOT_BY_DEFAULT))
def test_tables_have_the_columns_that_are_promised(finished, step):
    promised = {name: kind for name, (kind, _) in TABLES[step]["columns"].items()}
    paths = list((finished / "results").rglob(f"{step}*.parquet"))
    assert paths
    for path in paths:
        schema = pq.read_schema(path)
        found = {name: str(schema.field(name).type) for name in schema.names}
        assert promised.items() <= found.items(), path
        assert set(found) <= {*promised, *_names_of_the_posterior(path)}, path


def _names_of_the_posterior(path):
    """Return the parameters and quantities of the posterior that a table belongs to, if to one."""
    for folder in path.parents:
        if (folder / "posterior.json").exists():
            posterior = json.loads((folder / "posterior.json").read_text(encoding="utf-8"))
            return [*posterior["parameters"], *posterior["quantities"]]
    return []
