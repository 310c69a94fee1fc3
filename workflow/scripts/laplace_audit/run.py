"""Run the audit of a configuration, and leave its record on disk."""

import shlex
from pathlib import Path

from laplace_audit.cases import audit
from laplace_audit.findings import FOLDER, audit_record
from laplace_audit.reading.artifacts import Unreadable, read_record
from laplace_audit.reading.asked import asked_from
from laplace_audit.sweeps import audit_sweep
from laplace_files.artifacts.artifacts import plain, write_unrecorded_json

RECORDED = "as it was recorded"


def audited(asked: dict, code: str, disk=()) -> dict:
    """Return the record of the audit of what is on disk now; `code` is its own fingerprint.

    `disk` are the findings of the manifest: what is not as its job left it.
    """
    ledger, ways_out = audit(asked_from(asked)), {}
    for finding in disk:
        if finding["fault"] == "not_made" and Path(finding["file"]).exists():
            continue  # made for this very audit
        file = finding["file"].removeprefix(f"{FOLDER}/")
        ledger.page(file).true(RECORDED, False, finding["message"])
        ways_out[finding["file"]] = finding["remake"]
    record = audit_record(ledger.checks)
    for row in record["checks"]:
        if row["law"] == RECORDED:  # what nothing asks for any more is to be removed, not remade
            row["remake"] = ways_out.get(row["file"], row["remake"])
    return record | {"core": code}


def audited_sweep(sweep: dict, steps: dict[str, str], code: str) -> dict:
    """Return the record of the audit of a sweep, given by its plain values.

    `steps` are the fingerprints of the steps of a sweep as they are now.
    """
    record = audit_record(audit_sweep(sweep, steps).checks)
    for row in record["checks"]:
        if not row["file"].endswith("/effects.parquet"):  # a gathered table is its chunks' rows
            row["remake"] = f"snakemake --forcerun sweep_chunk -- {shlex.quote(row['file'])}"
    return record | {"core": code}


def write_if_other(path, record: dict) -> None:
    """Write a record unless it is there already: what follows from it is then not made again.

    What the rule `laws` noted of the bytes that it left is then no longer so, and goes.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    try:
        same = read_record(path) == plain(record)
    except Unreadable:
        same = False
    if not same:
        write_unrecorded_json(path, record)
