"""Time bare `snakemake` on the default cases beside one Python process that does the same work.

The jobs and their order are Snakemake's own plan, written down beforehand; the one process runs
the very same scripts on it, so what the ratio shows is the price of a job as a process. Both start
from nothing and write the same artifacts (compared byte for byte). Run it as

    .venv/bin/python benchmarks/default_run.py [repetitions] [target ...]
"""

import hashlib
import json
import os
import runpy
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
PARTS = ("Snakefile", "config", "data", "profiles", "workflow")


def main(repetitions: int, targets: list[str]) -> None:
    """Print the best time of each way, and their ratio."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plan = folder / "plan.json"
        _run(_copy(folder / "plan"), __file__, "plan", str(plan), *targets)
        ways = {
            "snakemake": ["-m", "snakemake", "--quiet", "all", "--", *targets],
            "one process": [__file__, "replay", str(plan)],
        }
        times = {way: [] for way in ways}
        contents = set()
        for _ in range(repetitions):
            for way, arguments in ways.items():
                copy = _copy(folder / way.replace(" ", "-"))
                times[way].append(_run(copy, *arguments))
                contents.add(_content(copy / "results"))
        best = {way: min(values) for way, values in times.items()}
        for way, seconds in best.items():
            print(f"{way:12} {seconds:6.2f} s, best of {repetitions}")
        ratio = best["snakemake"] / best["one process"]
        jobs = len(json.loads(plan.read_text()))
        print(f"ratio        {ratio:6.2f}, for {jobs} jobs on {os.cpu_count()} cores")
        print("the artifacts are", "identical" if len(contents) == 1 else "DIFFERENT")


def _run(folder: Path, *arguments: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=folder, check=True)
    return time.perf_counter() - start


def _copy(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for part in PARTS:
        source = PROJECT / part
        copy = shutil.copytree if source.is_dir() else shutil.copy2
        copy(source, folder / part)
    return folder


def _content(results: Path) -> str:
    files = sorted(path for path in results.rglob("*") if path.is_file())
    hashes = [
        (path.relative_to(results).as_posix(), hashlib.sha256(path.read_bytes()).hexdigest())
        for path in files
        if path.name != ".snakemake_timestamp"
    ]
    return hashlib.sha256(repr(hashes).encode()).hexdigest()


def write_plan(path: str, targets: list[str]) -> None:
    """Write what Snakemake would run, in order: script, inputs, outputs, params and wildcards."""
    from snakemake.api import SnakemakeApi
    from snakemake.settings.types import DAGSettings, OutputSettings, Quietness, ResourceSettings

    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        workflow = api.workflow(ResourceSettings(cores=1), snakefile=Path("Snakefile"))
        dag = workflow.dag(DAGSettings(targets=frozenset(targets)))
        dag.execute_workflow(executor="dryrun")
        planned = workflow._workflow.dag
        jobs = [job for level in planned.toposorted() for job in level if job.rule.script]
        plan = [
            {
                "script": str(job.rule.script),
                "input": _named(job.input),
                "output": _named(job.output),
                "params": _named(job.params),
                "wildcards": _named(job.wildcards),
            }
            for job in jobs
        ]
    Path(path).write_text(json.dumps(plan))


def _named(items) -> dict:
    """Return a named list of Snakemake's as plain JSON: its values, and its names with slices."""
    values = [item if isinstance(item, dict | list | int | float) else str(item) for item in items]
    return {"values": values, "names": dict(items._get_names())}


def replay(path: str) -> None:
    """Run every script of a plan in this process, with the object that Snakemake would give it."""
    from types import SimpleNamespace

    from snakemake.iocontainers import InputFiles, OutputFiles, Params, Wildcards

    scripts = Path("workflow/scripts").resolve()
    sys.path.insert(0, str(scripts))
    kinds = {
        "input": InputFiles, "output": OutputFiles, "params": Params, "wildcards": Wildcards
    }  # fmt: skip
    for job in json.loads(Path(path).read_text()):
        given = {name: _restored(kind, job[name]) for name, kind in kinds.items()}
        snakemake = SimpleNamespace(log=None, **given)
        script = scripts / Path(job["script"]).name
        runpy.run_path(str(script), init_globals={"snakemake": snakemake})


def _restored(kind, record: dict):
    restored = kind(record["values"])
    for name, (start, stop) in record["names"].items():
        restored._set_name(name, start, end=stop)
    return restored


if __name__ == "__main__":
    if sys.argv[1:2] == ["plan"]:
        write_plan(sys.argv[2], sys.argv[3:])
    elif sys.argv[1:2] == ["replay"]:
        replay(sys.argv[2])
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else 3, sys.argv[2:])
