"""Time bare `snakemake` on the default cases beside one Python process that does the same work.

The jobs and their order are Snakemake's own plan, written down beforehand; the one process runs
the very same scripts on it, so what the ratio shows is the price of a job as a process. Both start
from nothing and write the same artifacts (compared byte for byte; no job of the one process keeps a
record of what it was made from). Run it as

    .venv/bin/python benchmarks/default_run.py [repetitions] [target ...]
"""

import hashlib
import json
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

from processes import Cost, least, machine, run

BENCHMARKS = Path(__file__).resolve().parent
PARTS = ("Snakefile", "config", "data", "profiles", "workflow")
RECORDS = (".records", "manifest.json", "manifest-sha256.txt")
REPLAY = str(BENCHMARKS / "replay.py")


def main(repetitions: int, targets: list[str]) -> None:
    """Print the best time of each way, and their ratio."""
    print(machine())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plan = planned(folder, targets)
        ways = {
            "snakemake": ["-m", "snakemake", "--quiet", "all", "--", *targets],
            "one process": [REPLAY, "run", str(plan)],
        }
        costs, contents = side_by_side(folder, ways, repetitions)
        scripts = Counter(job["script"] for job in json.loads(plan.read_text()))
        print_costs(costs, repetitions)
        print(f"{scripts.total()} jobs of {len(scripts)} rules")
        print("the artifacts are", "identical" if len(contents) == 1 else "DIFFERENT")


def planned(folder: Path, targets: list[str]) -> Path:
    """Write Snakemake's plan for the targets to a file below `folder`, and return its path."""
    plan = folder / "plan.json"
    run([sys.executable, REPLAY, "plan", str(plan), *targets], fresh_copy(folder / "plan"))
    return plan


def side_by_side(folder: Path, ways: dict[str, list[str]], repetitions: int):
    """Run every way in turn, each in a fresh copy; return their least costs, and the contents."""
    costs = {way: [] for way in ways}
    contents = set()
    for _ in range(repetitions):
        for way, arguments in ways.items():
            copy = fresh_copy(folder / way.replace(" ", "-"))
            costs[way].append(run([sys.executable, *arguments], copy))
            contents.add(_content(copy / "results"))
    return {way: least(measured) for way, measured in costs.items()}, contents


def print_costs(costs: dict[str, Cost], repetitions: int) -> None:
    """Print a table of the ways, each as a ratio to the last one."""
    print(f"{'':14}  wall s  ratio  processor s  ratio   MB   (the least of {repetitions})")
    base = list(costs.values())[-1]
    for way, cost in costs.items():
        wall, processor = cost.wall / base.wall, cost.processor / base.processor
        print(
            f"{way:14} {cost.wall:7.2f} {wall:6.2f} {cost.processor:12.2f} {processor:6.2f} "
            f"{cost.memory:4.0f}"
        )


def fresh_copy(folder: Path) -> Path:
    """Copy the project without its results, compiled modules and all."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for part in PARTS:
        source = BENCHMARKS.parent / part
        copy = shutil.copytree if source.is_dir() else shutil.copy2
        copy(source, folder / part)
    return folder


def _content(results: Path) -> str:
    """Return a digest of what the jobs wrote. The records of how, which only Snakemake's jobs
    keep, and the lists that are made from these records are not of it."""
    files = sorted(path for path in results.rglob("*") if path.is_file())
    hashes = [
        (path.relative_to(results).as_posix(), hashlib.sha256(path.read_bytes()).hexdigest())
        for path in files
        if path.relative_to(results).parts[0] not in RECORDS and path.name != ".snakemake_timestamp"
    ]
    return hashlib.sha256(repr(hashes).encode()).hexdigest()


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 3, sys.argv[2:])
