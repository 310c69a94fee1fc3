"""An audit as a record, and as lines for a person: one for each law that a file breaks."""

from laplace_approx.errors import InputError
from laplace_audit.catalogue import LAWS
from laplace_audit.ledger import Check

FOLDER = "results"
SHOWN = 30  # lines on the screen
REMOVE = "rm -r "  # what mends a file that no configuration asks for


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
        "remake": f"snakemake --force {path}",
    }


def failure_lines(record: dict) -> list[str]:
    """Return one line for each law that a file breaks: file, law, value, limit, way out.

    Files that are only left over from another configuration share one line, the last.
    """
    broken = [row for row in record["checks"] if not row["ok"]]
    left_over = list(filter(_is_left_over, broken))
    lines = [
        f"{row['file']}: {row['law']} ({row['means']}): "
        f"{_shown(row['value'])}, the limit is {row['limit']:.3g}. Do: {row['remake']}"
        for row in broken
        if not _is_left_over(row)
    ]
    if left_over:
        first = left_over[0]
        lines.append(
            f"{first['file']}{_others(len(left_over) - 1)}: left over, the configuration does not "
            f"ask for {'it' if len(left_over) == 1 else 'them'}. Do: {first['remake']}"
            + (", and likewise for the others, as listed" if len(left_over) > 1 else "")
        )
    return lines


def _is_left_over(row: dict) -> bool:
    return row["remake"].startswith(REMOVE)


def _others(n: int) -> str:
    return f" and {n} other artifact{'s' if n > 1 else ''}" if n else ""


def _shown(value) -> str:
    return "not measured" if value is None else f"{value:.6g}"


def require_lawful(records: dict[str, dict]) -> None:
    """Raise an InputError that lists every broken law of these records, given by their paths."""
    lines = [line for record in records.values() for line in failure_lines(record)]
    if lines:
        broken, checks = (
            sum(record["counts"][key] for record in records.values())
            for key in ("failed", "checks")
        )
        where = " and ".join(path for path, record in records.items() if not record["ok"])
        more = [f"... and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
        raise InputError(
            f"{broken} of {checks} laws are broken; {where} has all of them.\n  "
            + "\n  ".join([*lines[:SHOWN], *more])
        )
