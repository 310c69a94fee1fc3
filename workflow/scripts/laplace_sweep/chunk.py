"""A chunk of a sweep on disk: one Parquet a step, a block of rows a scenario."""

import json
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from laplace_files.artifacts.artifacts import arrow_array, replacing, write_json
from laplace_sweep.plan import INVENTORY
from laplace_sweep.runner import Outcome, Runner
from laplace_sweep.scenarios import Scenario
from laplace_sweep.tables import HOW, RECORDS, TABLES, entries, records_table

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
ROWS_AT_ONCE = 200_000  # that a table gathers before it writes them


def run_chunk(scenarios: list[Scenario], folder: Path, wanted, metadata: dict) -> dict[str, int]:
    """Run scenarios through every step, write a table a step, and count what became of them."""
    runner, keys = Runner(wanted), [scenario.key for scenario in scenarios]
    records: dict[str, list[dict]] = {step: [] for step in RECORDS}
    counts: dict[str, int] = {}
    with ExitStack() as stack:
        tables = {
            step: stack.enter_context(_Table(folder / f"{step}.parquet", metadata))
            for step in TABLES
        }
        for done, scenario in enumerate(scenarios, 1):
            # said before it is run, since it may end the process
            print(f"{done} of {len(scenarios)}: {scenario.key}", flush=True)
            outcome = runner.run(scenario)
            _take(outcome, scenario.key, records, tables)
            status = outcome.records["verdict"]["status"]
            counts[status] = counts.get(status, 0) + 1
            print(f"  {status}", flush=True)
    for step in RECORDS:
        _write(folder / f"{step}.parquet", record_rows(step, records[step], keys), metadata)
    write_json(folder / INVENTORY, {"scenarios": keys})
    return counts


def _take(outcome: Outcome, key: str, records: dict, tables: dict) -> None:
    for step in RECORDS:
        records[step].append(outcome.records.get(step, {}))
    for step, blocks in outcome.tables.items():
        for constants, columns in blocks:
            tables[step].add(key, constants, columns)


def record_rows(step: str, records: list[dict], keys: list[str]) -> pa.Table:
    """Return the records of a step as a table; of verdicts, one row a quantity."""
    schema = json.loads((SCHEMAS / f"{step}.schema.json").read_text(encoding="utf-8"))
    if step == "verdict":
        return _verdict_rows(records, keys, schema)
    return records_table(_each(records, _plainer), schema, keys)


def _each(records: list[dict], change) -> list:
    """Return change(record) for each record, computed once for one that stands several times."""
    made = {id(record): change(record) for record in {id(r): r for r in records}.values()}
    return [made[id(record)] for record in records]


def _plainer(record: dict) -> dict:
    return _without(record, ("case", "core"))


def _verdict_rows(records: list[dict], keys: list[str], schema: dict) -> pa.Table:
    """Return one row a scenario and quantity: first what is said of the quantity, then of all.

    The verdict on the whole case is `case_verdict`, since `verdict` is the quantity's. A scenario
    that failed has one row.
    """
    blocks = _each(records, _rows_of_verdict)
    rows = [row for block in blocks for row in block]
    row_keys = [key for block, key in zip(blocks, keys, strict=True) for _ in block]
    own = schema["properties"]["quantities"]["additionalProperties"]["properties"]
    named = {"quantity": {"type": "string"}, "case_verdict": schema["properties"]["verdict"]}
    return records_table(rows, {"properties": {**schema["properties"], **own, **named}}, row_keys)


def _rows_of_verdict(record: dict) -> list[dict]:
    whole = _without(record, ("case", "core", "exact", "quantities", "verdict"))
    whole["case_verdict"] = record.get("verdict")
    quantities = record.get("quantities", {"": {}})
    return [{"quantity": name or None, **said, **whole} for name, said in quantities.items()]


def _without(record: dict, keys) -> dict:
    return {key: value for key, value in record.items() if key not in keys}


class _Table:
    """A Parquet file that grows by blocks of rows, and takes its place when all are written."""

    def __init__(self, path: Path, metadata: dict):
        self.path, self.metadata = path, metadata
        self.blocks: list[pa.Table] = []
        self.rows = 0
        self.writer = None

    def __enter__(self):
        self.replacing = replacing(self.path)
        self.temporary = self.replacing.__enter__()
        return self

    def __exit__(self, *error):
        try:
            if error[0] is None:
                self._flush(last=True)
        finally:
            if self.writer is not None:
                self.writer.close()
        return self.replacing.__exit__(*error)

    def add(self, key: str, constants: dict, columns: dict) -> None:
        """Add a block: its scenario, what is the same in all its rows, and its columns."""
        arrays = {name: arrow_array(values) for name, values in columns.items()}
        n = len(next(iter(arrays.values())))
        fixed = {"scenario": key, **constants}
        arrays = {name: pa.repeat(value, n) for name, value in fixed.items()} | arrays
        self.blocks.append(pa.table(arrays))
        self.rows += n
        if self.rows >= ROWS_AT_ONCE:
            self._flush()

    def _flush(self, last=False):
        if not self.blocks and (self.writer or not last):
            return
        table = pa.concat_tables(self.blocks) if self.blocks else _empty()
        if self.writer is None:
            table = table.replace_schema_metadata(entries(self.metadata))
            self.writer = pq.ParquetWriter(self.temporary, table.schema, **HOW)
        self.writer.write_table(table.replace_schema_metadata(entries(self.metadata)))
        self.blocks, self.rows = [], 0


def _empty() -> pa.Table:
    return pa.table({"scenario": pa.array([], pa.string())})


def _write(path: Path, table: pa.Table, metadata: dict) -> None:
    with replacing(path) as temporary:
        pq.write_table(table.replace_schema_metadata(entries(metadata)), temporary, **HOW)
