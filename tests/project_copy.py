"""A copy of the project in another folder, in which the real Snakefile is run."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
PARTS = ("Snakefile", "config", "data", "profiles", "workflow")


def copy_project(folder: Path) -> Path:
    """Copy what a run needs into `folder`, compiled as it is, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        source = PROJECT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, dirs_exist_ok=True)
        else:
            shutil.copy2(source, folder / part)
    return folder


def snakemake(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """Run snakemake in a folder, as a user would, and return what it printed."""
    return subprocess.run(
        [sys.executable, "-m", "snakemake", *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def planned_rules(folder: Path, *arguments: str) -> dict[str, int]:
    """Return how many jobs of each rule a run would do now."""
    done = snakemake(folder, "--dry-run", *arguments)
    assert done.returncode == 0, done.stderr
    lines = (done.stdout + done.stderr).splitlines()
    if "job              count" not in " ".join(line.rstrip() for line in lines) and not any(
        line.startswith("total ") for line in lines
    ):
        return {}
    start = next(i for i, line in enumerate(lines) if line.startswith("-----"))
    jobs = {}
    for line in lines[start + 1 :]:
        name, _, count = line.partition(" ")
        if name == "total":
            break
        jobs[name] = int(count)
    return jobs


def content(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every artifact under results/, by its path."""
    results = folder / "results"
    return {
        path.relative_to(results).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(results.rglob("*"))
        if path.is_file() and path.name != ".snakemake_timestamp"
    }
