"""Make docs/mutations.md: what was done to an artifact, and the law that caught it.

    .venv/bin/python tests/mutation_table.py

A clean run of two cases is made in a copy of the project; every mutation is made in it, one at a
time, and the laws of the file that is changed are applied in process.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from mutations import MUTATIONS, QUANTILES, Mutation, mutated
from project_copy import PROJECT, copy_project, snakemake

sys.path.insert(0, str(PROJECT / "workflow" / "scripts"))

from laplace_audit.cases import audit
from laplace_audit.findings import audit_record
from laplace_audit.reading.artifacts import Unreadable, read_table
from laplace_audit.reading.asked import EXERCISES, Asked, asked_of
from laplace_files.config import strict_yaml
from laplace_files.config.checks import check_config, expand_cases

TABLE = PROJECT / "docs" / "mutations.md"
RUN = """\
cases:
  - {model: bioassay, prior: flat, space: natural, grid: chapter}
  - {model: bioassay, prior: flat, space: log_beta, grid: certified}
"""
OF_ALL = tuple(f"results/{name}" for name in ("summary.parquet", "claims.json", EXERCISES[0]))
HEAD = """\
# What the audit catches

Made by `tests/mutation_table.py`, and held to the laws by `tests/audit/test_mutations.py`: each
change below is made to an artifact of a clean run, alone, and the law named beside it then fails
for that very file. Where several laws fail, the first is named. [`audit.md`](audit.md) explains
the laws.

"""


def clean_run(folder: Path) -> Path:
    """Run two cases in a copy of the project, and return the copy."""
    return _two_cases(copy_project(folder), "results/audit.json")


def clean_copy(finished: Path, folder: Path) -> Path:
    """Copy a default run, make what belongs to all cases that of two, and return the copy."""
    return _two_cases(shutil.copytree(finished, folder, symlinks=True), *OF_ALL)


def _two_cases(folder: Path, *targets: str) -> Path:
    (folder / "two.yaml").write_text(RUN, encoding="utf-8")
    done = snakemake(folder, "--cores", "2", "--configfile", "two.yaml", "--", *targets)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


def asked_in(folder: Path, overlay: str) -> Asked:
    """Return what the default configuration with other cases asks for, in a copy of the project."""
    config = strict_yaml.load(folder / "config" / "config.yaml") | strict_yaml.load(
        folder / overlay
    )
    here = os.getcwd()
    os.chdir(folder)
    try:
        config = check_config(config, overlay)
    finally:
        os.chdir(here)
    return asked_of(config, expand_cases(config))


def failures(folder: Path, asked: Asked, file: str) -> list[dict]:
    """Return the laws that a file breaks, in the order of the audit."""
    here = os.getcwd()
    os.chdir(folder)
    try:
        checks = audit(asked, only={file}).checks
    finally:
        os.chdir(here)
    record = audit_record([check for check in checks if check.file == file])
    return [row for row in record["checks"] if not row["ok"]]


def caught_by(folder: Path, asked: Asked, mutation: Mutation) -> list[dict]:
    """Make a mutation, return the laws that the file then breaks, and take it back."""
    path = folder / "results" / mutation.file
    original = path.read_bytes()
    changed = mutated(mutation, original)
    assert changed != original, f"{mutation.what}: nothing was changed"
    try:
        path.unlink() if changed is None else path.write_bytes(changed)
        return failures(folder, asked, mutation.file)
    finally:
        path.write_bytes(original)


def table(folder: Path, asked: Asked) -> str:
    """Return the page: a row a mutation, and what became of damaged bytes."""
    lines = ["| file | changed | caught by |", "|---|---|---|"]
    for mutation in MUTATIONS:
        laws = caught_by(folder, asked, mutation)
        assert laws, f"{mutation.file}: {mutation.what} is not caught"
        lines.append(f"| `{mutation.file}` | {mutation.what} | {laws[0]['law']} |")
    return HEAD + "\n".join(lines) + "\n\n" + damaged_bytes(folder, asked)


def damaged_bytes(folder: Path, asked: Asked) -> str:
    """Return what becomes of every single flipped byte of a table, and of every truncation."""
    original = (folder / "results" / QUANTILES).read_bytes()
    probe = folder / "probe.parquet"  # the reader opens regular files alone
    n, whole = len(original), read_table(folder / "results" / QUANTILES)
    flips = [original[:k] + bytes([original[k] ^ 0xFF]) + original[k + 1 :] for k in range(n)]
    flipped = [outcome(each, whole, probe) for each in flips]
    cut = [outcome(original[:k], whole, probe) for k in range(n)]
    for content in (flips[k] for k, found in enumerate(flipped) if found == "other"):
        changed = Mutation("a byte", QUANTILES, lambda _, content=content: content, raw=True)
        assert caught_by(folder, asked, changed), "another table breaks no law"
    return (
        "## Damaged bytes\n\n"
        f"`{QUANTILES}` has {n} bytes. With one byte flipped, at every place in turn, the audit's "
        f"reader refuses {flipped.count('refused')}, and reads {flipped.count('other')} as another "
        f"table, which the laws then see; {flipped.count('same')} are in parts of the file that "
        "hold nothing (statistics, the name of the writer, padding), and give the very same table. "
        f"Cut off after any of its bytes, {cut.count('refused')} of {n} are refused. Only hashes "
        "see a byte that changes nothing: those are in the manifest.\n"
    )


def outcome(content: bytes, whole, probe: Path) -> str:
    """Return whether a table is refused, another, or the same as the whole one; `probe` is
    a file that its bytes are written to."""
    probe.write_bytes(content)
    try:
        found = read_table(probe)
    except Unreadable:
        return "refused"
    return "same" if equal(found, whole) else "other"


def equal(one, other) -> bool:
    """Return whether two tables are the same, null and all."""
    if (one.types, one.metadata) != (other.types, other.metadata):
        return False
    return all(repr(list(one.columns[k])) == repr(list(other.columns[k])) for k in other.columns)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        copy = clean_run(Path(name) / "project")
        TABLE.write_text(table(copy, asked_in(copy, "two.yaml")), encoding="utf-8")
