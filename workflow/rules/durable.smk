from functools import cache
from inspect import signature

from snakemake.iocontainers import Wildcards

from laplace_approx.words.printable import one_line
from laplace_files.artifacts.left_over import left_over_lines
from laplace_files.run.lock import refuse_links_out
from laplace_files.artifacts.findings import DAMAGE, findings, left_over, to_mend
from laplace_files.artifacts.provenance import as_json
from laplace_files.run.lock import clear_after_dead_runs, is_free, runs_jobs, take

# One run at a time, here and in a folder of results that several projects share. A job that
# Snakemake starts as a process of its own (on a cluster) works for a run that has the lock.
WORKPLACES = [".snakemake", "results"]
REMOVED = "logs/left-over.txt"

# The files beyond results/ that jobs read, as their records write them.
DECLARED = {
    Path(os.path.relpath(file)).as_posix()
    for file in [
        config["claims"],
        *(each.get(key) for each in config["models"].values() for key in ("file", "data")),
        *(each.get(key) for each in config["external"].values() for key in ("draws", "exact")),
        *(
            file
            for each in config["models"].values()
            for brought in each["reference"].values()
            for file in brought["draws"]
        ),
    ]
    if file
}

if OWN_FILES and workflow.is_main_process and runs_jobs(sys.argv[1:]):
    try:
        HELD = take(WORKPLACES)
        refuse_links_out(["results", "logs"])
    except InputError as error:
        raise WorkflowError(str(error)) from None
    if len(HELD) == len(WORKPLACES):
        clear_after_dead_runs("results")
else:
    HELD = []


def force_what_is_wrong(wildcards):
    """Have Snakemake make what is not what its record says, as if it were forced; an input of none.

    Evaluated with the inputs of the jobs, when every rule is known and before Snakemake decides
    which jobs there are to run: a dry run shows them as well.
    """
    absent = {finding.file for finding in findings_now() if finding.fault == "not_made"}
    wrong = set(to_mend(findings_now()))
    workflow.dag.forcefiles.update(wrong - absent.intersection(TARGETS))  # it makes these anyway
    return []


def what_is_wrong(wildcards):
    """Return the outputs that are to be made anew, and have Snakemake make them."""
    force_what_is_wrong(wildcards)
    return to_mend(findings_now())


def params_now(rule, wildcards):
    """Return the parameters that a rule would get now; None where rule or settings are gone.

    Those that are functions of more than the wildcards are left out.
    """
    return _params_now(rule, tuple(sorted(wildcards.items())))


def is_configured(wildcards):
    """Return whether model, prior, space and grid, where an output has them, are still defined."""
    model = config["models"].get(wildcards.get("model", ""))
    if model is None:
        return "model" not in wildcards
    groups = {"prior": "priors", "space": "spaces", "grid": "grids"}
    return all(
        wildcards[one] in model[several] for one, several in groups.items() if one in wildcards
    )


@cache
def _params_now(rule, wildcards):
    if not workflow.is_rule(rule) or not is_configured(dict(wildcards)):
        return None
    given = Wildcards(fromdict=dict(wildcards))
    try:
        params = {
            name: value(given) if callable(value) else value
            for name, value in workflow.get_rule(rule).params.items()
            if not callable(value) or len(signature(value).parameters) == 1
        }
    except (LookupError, InputError, WorkflowError):
        return None
    return as_json(params)


@cache
def made_by(path):
    """Return the rule that would make an output now, and its wildcards; None where none would."""
    for each in workflow.rules:
        if each.is_producer(path):
            wildcards = dict(each.get_wildcards(path))
            if params_now(each.name, wildcards) is not None:
                return each.name, wildcards
    return None


@cache
def findings_now():
    """Return what is wrong on disk, looked for once; nothing while another run is at work."""
    if not OWN_FILES or not workflow.is_main_process:
        return []
    if not (HELD or all(map(is_free, WORKPLACES))):
        return []
    found = findings(TARGETS, params_now, made_by, DECLARED, NEEDS)
    damaged = [finding for finding in found if finding.fault in DAMAGE]
    for finding in damaged[:10]:
        print(one_line(f"{finding.message}. It is to be made anew."), file=sys.stderr)
    if len(damaged) > 10:
        print(f"The same holds for {len(damaged) - 10} more outputs.", file=sys.stderr)
    return found


def what_is_left_over(wildcards):
    """Say what is left over from other configurations, and have Snakemake run the job that removes
    it, if there is any."""
    paths = left_over(findings_now())
    if not paths:
        return []
    say_left_over()
    workflow.dag.forcefiles.add(REMOVED)
    return [REMOVED]


@cache
def say_left_over():
    """Print what is left over, once; what only looks says that it removes nothing."""
    for line in left_over_lines(left_over(findings_now()), runs_jobs(sys.argv[1:])):
        print(line, file=sys.stderr)


def left_over_now(wildcards):
    """Return the outputs that are left over from other configurations."""
    return left_over(findings_now())


def findings_as_params(wildcards):
    """Return the findings as plain maps: for a rule that reports what is on disk and mends nothing."""
    return [finding._asdict() for finding in findings_now()]
