"""Run a program to its end, and say what it cost."""

import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter
from typing import NamedTuple


class Cost(NamedTuple):
    """What a program and all that it started cost, from its start to its end."""

    wall: float  # seconds
    processor: float  # seconds of user and system time, of all processes
    memory: float  # MB (2^20 bytes), resident at the peak of its largest process


class Failed(Exception):
    """A program ended with an error; the message is the end of what it wrote."""


def run(command: list[str], folder: Path, output: Path | None = None) -> Cost:
    """Run a command in a folder; its standard output goes to the file `output`, or nowhere."""
    errors = folder / "errors.txt"
    with open(output or os.devnull, "wb") as stdout, errors.open("wb") as stderr:
        start = perf_counter()
        process = subprocess.Popen(command, cwd=folder, stdout=stdout, stderr=stderr)
        _, status, usage = os.wait4(process.pid, 0)
        wall = perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise Failed(f"{command}: {errors.read_text('utf-8', 'replace')[-3000:]}")
    scale = 2**20 if sys.platform == "darwin" else 2**10
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / scale)


def least(costs: list[Cost]) -> Cost:
    """Return the least of each kind of cost, which the rest of the machine disturbed least."""
    return Cost(*map(min, zip(*costs, strict=True)))


def machine() -> str:
    """Name the processor, the cores that this process may use, and Python."""
    model = "an unnamed processor"
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
        model = (names or [model])[0]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{model}, {cores} cores, Python {sys.version.split()[0]}"
