"""An audit as a record, and as lines for a person: one for each law that a file breaks."""

import math

from laplace_approx.errors import InputError
from laplace_audit.catalogue import LAWS
from laplace_audit.ledger import Check

FOLDER = "results"
SHOWN = 30  # lines on the screen


def audit_record(checks: list[Check]) -> dict:
    """Return the checks as a record, the worst of every file and law, in the order of the audit."""
    worst: dict[tuple[str, str], Check] = {}
    for check in checks:
        key = check.file, check.law
        if key not in worst or _badness(check) > _badness(worst[key]):
            worst[key] = check
    rows = [_row(check) for check in worst.values()]
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


def _badness(check: Check) -> tuple:
    value = math.inf if check.value is None else check.value
    over = value / check.limit if check.limit > 0 else value
    return not check.ok, over


def _row(check: Check) -> dict:
    path = f"{FOLDER}/{check.file}"
    return {
        **check._asdict(),
        "file": path,
        "family": LAWS[check.law].family,
        "remake": f"snakemake --force {path}",
    }


def failure_lines(record: dict) -> list[str]:
    """Return one line for each law that a file breaks: file, law, value, limit, way out."""
    return [
        f"{row['file']}: {row['law']} ({row['means']}): "
        f"{_shown(row['value'])}, the limit is {row['limit']:.3g}. Do: {row['remake']}"
        for row in record["checks"]
        if not row["ok"]
    ]


def _shown(value) -> str:
    return "not measured" if value is None else f"{value:.6g}"


def require_lawful(record: dict) -> None:
    """Raise an InputError that lists every broken law, if there is one."""
    lines = failure_lines(record)
    if lines:
        counts = record["counts"]
        more = [f"... and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
        raise InputError(
            f"{counts['failed']} of {counts['checks']} laws are broken; results/audit.json has all "
            "of them.\n  " + "\n  ".join([*lines[:SHOWN], *more])
        )
