"""Time the audit beside the run that it audits.

The run is bare `snakemake` on the default cases in a copy of the project; the audit is `snakemake
audit` on what it made, start of Snakemake included. Arguments go to both. Run it as

    .venv/bin/python benchmarks/audit.py [argument of snakemake ...]
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from default_run import fresh_copy


def timed(folder: Path, arguments: list[str], *targets: str) -> tuple[float, float]:
    """Run snakemake in a folder; return the seconds by the clock and those of the processors."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-m", "snakemake", *arguments, "--quiet", "all", "--", *targets]
    subprocess.run(command, cwd=folder, check=True)
    passed, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return passed, sum(getattr(after, k) - getattr(before, k) for k in ("ru_utime", "ru_stime"))


def main(arguments: list[str]) -> None:
    """Print both times, and their ratio."""
    with tempfile.TemporaryDirectory() as name:
        folder = fresh_copy(Path(name) / "project")
        times = {"run": timed(folder, arguments)}
        times["audit"] = timed(folder, arguments, "audit")
        counts = json.loads((folder / "results" / "audit.json").read_text("utf-8"))["counts"]
    for what, (clock, processors) in times.items():
        print(f"{what:6} {clock:7.1f} s by the clock, {processors:7.1f} s of processors")
    ratios = [audit / run for run, audit in zip(*times.values(), strict=True)]
    print(f"ratio  {ratios[0]:7.1%} by the clock, {ratios[1]:7.1%} of processors")
    print(f"{counts['checks']} laws held against {counts['files']} files, {os.cpu_count()} cores")


if __name__ == "__main__":
    main(sys.argv[1:])
