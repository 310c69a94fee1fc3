"""Kill the default run at random moments, finish it, and compare every byte.

    .venv/bin/python benchmarks/kill.py --kills 30 --seed 1 [--configfile FILE] [TARGET ...]

Prints a table in Markdown. The run is started as it was, `snakemake` and nothing else but targets,
after each kill; the reference is a run that nobody disturbs. A run that comes to its end is
compared, and the next one begins from nothing, so that every kill meets one at work.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "tests"))

from killing import kill_again_and_again, start_over  # noqa: E402
from project_copy import content, copy_project, snakemake  # noqa: E402


def main() -> int:
    """Return 0 if the last run is clean and no byte differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--longest", type=float, default=25.0, help="seconds before a kill")
    parser.add_argument("--configfile", type=Path)
    parser.add_argument("targets", nargs="*", help="what is made, instead of everything")
    chosen = parser.parse_args()
    arguments = []
    if chosen.configfile:
        arguments = ["--configfile", str(chosen.configfile.resolve())]
    arguments += ["--", *chosen.targets]
    with tempfile.TemporaryDirectory() as name:
        victim = copy_project(Path(name) / "killed")
        reference = shutil.copytree(victim, Path(name) / "undisturbed", symlinks=True)
        done = snakemake(reference, *arguments)
        assert done.returncode == 0, done.stderr
        return disturb(victim, content(reference), arguments, chosen)


def disturb(victim: Path, expected: dict, arguments, chosen) -> int:
    """Kill, finish, compare; print the table; return the exit status."""
    whole_runs = []  # for each that ended: the files that differ

    def compare(folder: Path) -> None:
        found = content(folder)
        names = sorted(expected.keys() | found.keys())
        whole_runs.append([name for name in names if expected.get(name) != found.get(name)])
        start_over(folder)

    print("| kill | after | outputs done | unfinished files | incomplete | locks |")
    print("|---|---|---|---|---|---|", flush=True)
    how = (chosen.kills, chosen.seed, chosen.longest)
    for number, kill in enumerate(kill_again_and_again(victim, arguments, *how, compare), 1):
        print(
            f"| {number} | {kill.seconds:.1f} s | {kill.records} | {kill.unfinished} "
            f"| {kill.markers} | {kill.locks} |",
            flush=True,
        )
    last = snakemake(victim, *arguments)
    compare(victim)
    differing = [name for names in whole_runs for name in names]
    print(
        f"\n{len(whole_runs)} runs came to their end, the last with status {last.returncode}; of "
        f"the {len(expected)} files of each, {len(differing)} differ:",
        *(differing or ["none"]),
    )
    return int(last.returncode != 0 or bool(differing))


if __name__ == "__main__":
    sys.exit(main())
