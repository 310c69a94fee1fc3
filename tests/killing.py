"""Kill a run, and everything that it started, again and again at moments drawn by a seed."""

import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple


class Kill(NamedTuple):
    """One kill: seconds into the attempt, and what it found and left behind."""

    seconds: float
    records: int  # outputs that were finished
    unfinished: int  # temporary files and folders of writers
    markers: int  # outputs that Snakemake takes for incomplete
    locks: int  # files of Snakemake's locks


def kill_again_and_again(
    folder: Path, arguments, kills: int, seed: int, longest: float, ended: Callable
):
    """Yield a `Kill` each time that the run was started as before and killed with SIGKILL.

    The seconds are uniform on (0, `longest`). An attempt that ends before is no kill: its exit
    status must be 0, and `ended(folder)` is called, which may put the folder back to the start.
    """
    drawn = random.Random(seed)
    while kills:
        seconds = drawn.uniform(0, longest)
        status = run_for(folder, arguments, seconds)
        assert status in (None, 0), (folder / "attempt.log").read_text()[-2000:]
        if status is None:
            kills -= 1
            yield Kill(seconds, *left_behind(folder))
        else:
            ended(folder)


def run_for(folder: Path, arguments, seconds: float) -> int | None:
    """Run for that long, then kill the whole group; return the status of one that ended itself."""
    with open(folder / "attempt.log", "w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "snakemake", *arguments],
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            return process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return None


def start_over(folder: Path) -> None:
    """Remove everything that runs have made in a folder."""
    for made in ("results", "logs", ".snakemake"):
        shutil.rmtree(folder / made, ignore_errors=True)


def left_behind(folder: Path) -> tuple[int, int, int, int]:
    """Return how many records, unfinished files, incomplete markers and locks there are."""
    return (
        _count(folder / "results/.records", "*.json"),
        _count(folder / "results", "*.part"),
        _count(folder / ".snakemake/incomplete", "*"),
        _count(folder / ".snakemake/locks", "*.lock"),
    )


def _count(folder: Path, pattern: str) -> int:
    return sum(path.is_file() or path.suffix == ".part" for path in folder.rglob(pattern))
