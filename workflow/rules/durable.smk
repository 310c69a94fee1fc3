from laplace_files.links import refuse_links_out
from laplace_files.runlock import clear_after_dead_runs, is_free, runs_jobs, take

# One run at a time, here and in a folder of results that several projects share. A job that
# Snakemake starts as a process of its own (on a cluster) works for a run that has the lock.
WORKPLACES = [".snakemake", "results"]

if workflow.is_main_process and runs_jobs(sys.argv[1:]):
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
