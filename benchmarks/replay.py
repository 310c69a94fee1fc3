"""Snakemake's plan for a target, and one process that carries it out by itself.

    python replay.py plan PLAN [target ...]     writes the plan that Snakemake makes, as JSON
    python replay.py run PLAN [script ...]      runs its scripts, all of them or those named

The one process runs the very same scripts in the same order with the same inputs, outputs,
parameters and wildcards, and imports nothing of Snakemake: what it costs is the work alone. It
watches no child and keeps no record of what was made from what, as a job does.
"""

import json
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace


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
                "script": Path(str(job.rule.script)).name,
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


class Named(list):
    """A list of which some items and slices have names, as Snakemake gives them to a script."""

    def __init__(self, values: list, names: dict):
        super().__init__(values)
        for name, (start, stop) in names.items():
            setattr(self, name, values[start] if stop is None else Named(values[start:stop], {}))

    def __getitem__(self, place):
        """Return what stands at a place, or what a name stands for."""
        return getattr(self, place) if isinstance(place, str) else super().__getitem__(place)

    def get(self, name: str, default=None):
        """Return what the name stands for."""
        return getattr(self, name, default)


def replay(path: str, scripts: list[str]) -> None:
    """Run the scripts of a plan in this process, with the object that Snakemake would give it."""
    folder = Path("workflow/scripts").resolve()
    sys.path.insert(0, str(folder))
    from laplace_files.run import job as jobs

    jobs.start = lambda _: None  # no child to watch, no log, no record: the work alone
    for job in json.loads(Path(path).read_text()):
        if scripts and job["script"] not in scripts:
            continue
        names = ("input", "output", "params", "wildcards")
        snakemake = SimpleNamespace(log=None, **{name: Named(**job[name]) for name in names})
        runpy.run_path(str(folder / job["script"]), init_globals={"snakemake": snakemake})


if __name__ == "__main__":
    {"plan": write_plan, "run": replay}[sys.argv[1]](sys.argv[2], sys.argv[3:])
