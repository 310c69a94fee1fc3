"""Kill the default run at random moments, finish it, and compare every byte.

    .venv/bin/python benchmarks/kill.py --kills 30 --seed 1 [--configfile FILE]

Prints a table in Markdown. The run is started as it was, `snakemake` and nothing else, after each
kill; the reference is a run that nobody disturbs.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "tests"))

from killing import kill_again_and_again  # noqa: E402
from project_copy import content, copy_project, snakemake  # noqa: E402


def main() -> int:
    """Return 0 if the last run is clean and no byte differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--longest", type=float, default=30.0, help="seconds before a kill")
    parser.add_argument("--configfile", type=Path)
    parser.add_argument("--reference", type=Path, help="a finished copy of the project, if any")
    chosen = parser.parse_args()
    arguments = []
    if chosen.configfile:
        arguments = ["--configfile", str(chosen.configfile.resolve())]
    with tempfile.TemporaryDirectory() as name:
        reference = chosen.reference or copy_project(Path(name) / "undisturbed")
        done = snakemake(reference, *arguments)
        assert done.returncode == 0, done.stderr
        victim = copy_project(Path(name) / "killed")
        return disturb(victim, reference, arguments, chosen)


def disturb(victim: Path, reference: Path, arguments, chosen) -> int:
    """Kill, finish, compare; print the table; return the exit status."""
    print("| kill | after | artifacts done | unfinished files | incomplete | locks |")
    print("|---|---|---|---|---|---|")
    kills = kill_again_and_again(victim, arguments, chosen.kills, chosen.seed, chosen.longest)
    for number, kill in enumerate(kills, 1):
        when = f"{kill.seconds:.1f} s" if kill.still_running else "had ended"
        print(
            f"| {number} | {when} | {kill.records} | {kill.unfinished} "
            f"| {kill.markers} | {kill.locks} |",
            flush=True,
        )
    begun = time.monotonic()
    last = snakemake(victim, *arguments)
    expected, found = content(reference), content(victim)
    differing = sorted(
        path for path in expected.keys() | found.keys() if expected.get(path) != found.get(path)
    )
    print(f"\nLast run: status {last.returncode}, {time.monotonic() - begun:.0f} s; ", end="")
    print(f"{len(found)} files, {len(differing)} differ{': ' if differing else ''}", *differing)
    return int(last.returncode != 0 or bool(differing))


if __name__ == "__main__":
    sys.exit(main())
