"""An audit as a record, and as lines for a person: one for each law that a file breaks."""

import shlex

from laplace_approx.errors import InputError
from laplace_approx.words.printable import one_line
from laplace_audit.catalogue import LAWS
from laplace_audit.ledger import Check

FOLDER = "results"
SHOWN = 30  # lines on the screen
# what the manifest says mends a file that no configuration asks for, and what such files are
LEFT_OVER = {
    "snakemake repair": "left over from another configuration, this one does not ask for",
    "move it out of results/": "not made by this workflow, which does not know",
}


def audit_record(checks: list[Check]) -> dict:
    """Return the checks of a ledger as a record, in the order of the audit."""
    rows = [_row(check) for check in checks]
    failed = [row for row in rows if not row["ok"]]
    return {
        "ok": not failed,
        "counts": {
            "files": len({row["file"] for row in rows}),
            "laws": len({row["law"] for row in rows}),
            "checks": len(rows),
            "failed": len(failed),
        },
        "checks": rows,
    }


def _row(check: Check) -> dict:
    path = f"{FOLDER}/{check.file}"
    return {
        **check._asdict(),
        "file": path,
        "family": LAWS[check.law].family,
        "remake": f"snakemake --force {shlex.quote(path)}",
    }


def failure_lines(record: dict) -> list[str]:
    """Return one line for each law that a file breaks: file, law, value, limit, way out.

    Files that are only left over from another configuration share one line, and so do those that
    no configuration knows; these lines are the last.
    """
    broken = [row for row in record["checks"] if not row["ok"]]
    lines = [
        f"{row['file']}: {row['law']} ({row['means']}): "
        f"{_shown(row['value'])}, the limit is {row['limit']:.3g}. Do: {row['remake']}"
        for row in broken
        if row["remake"] not in LEFT_OVER
    ]
    for way_out, what in LEFT_OVER.items():
        rows = [row for row in broken if row["remake"] == way_out]
        if rows:
            lines.append(
                f"{rows[0]['file']}{_others(len(rows) - 1)}: {what} "
                f"{'it' if len(rows) == 1 else 'them'}. Do: {way_out}"
            )
    return [one_line(line) for line in lines]


def _others(n: int) -> str:
    return f" and {n} other artifact{'s' if n > 1 else ''}" if n else ""


def _shown(value) -> str:
    return "not measured" if value is None else f"{value:.6g}"


def require_lawful(records: dict[str, dict], overlays=()) -> None:
    """Raise an InputError that lists every broken law of these records, given by their paths.

    `overlays` are the configurations of the run that audits: what it advises needs them too.
    """
    lines = [line for record in records.values() for line in failure_lines(record)]
    if lines:
        where = " and ".join(path for path, record in records.items() if not record["ok"])
        more = [f"... and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
        if overlays:
            also = f"--configfile {shlex.join(overlays)}"
            more.append(f"Each command needs the configuration of this audit too; add: {also}")
        raise InputError(
            f"{_head(list(records.values()))}; {where} has all of them.\n  "
            + "\n  ".join([*lines[:SHOWN], *more])
        )


def _head(records: list[dict]) -> str:
    """Return how many laws are broken, and beside that how many artifacts are of no case: these
    are as their jobs left them, and break none but that they are to be asked for."""
    failed = [row for record in records for row in record["checks"] if not row["ok"]]
    left = [row for row in failed if row["remake"] in LEFT_OVER]
    checks = sum(record["counts"]["checks"] for record in records)
    said = f"{len(failed) - len(left) or 'none'} of {checks} laws are broken"
    if not left:
        return said
    n = len(left)
    besides = f"{n} artifact{' is' if n == 1 else 's are'} not of this configuration"
    return f"{said}, and {besides} (the audit passes when what is left over is gone)"
