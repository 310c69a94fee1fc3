from functools import cache
from inspect import signature

from snakemake.iocontainers import Wildcards

from laplace_files.manifest import DAMAGE, OWN, findings, to_mend
from laplace_files.records import as_json

TARGETS = [str(item) for item in rules.all.input if not callable(item)]


def params_now(rule, wildcards):
    """Return the parameters that a rule would get now; None where rule or settings are gone.

    Those that are functions of more than the wildcards are left out.
    """
    if not workflow.is_rule(rule):
        return None
    given = Wildcards(fromdict=wildcards)
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
def findings_now():
    """Return what is wrong on disk, looked for once; nothing while another run is at work."""
    if not workflow.is_main_process or not (HELD or all(map(is_free, WORKPLACES))):
        return []
    found = findings(TARGETS, params_now)
    damaged = [finding for finding in found if finding.fault in DAMAGE]
    for finding in damaged[:10]:
        print(f"{finding.message}. It is to be made anew.", file=sys.stderr)
    if len(damaged) > 10:
        print(f"The same holds for {len(damaged) - 10} more outputs.", file=sys.stderr)
    return found


def findings_as_params(wildcards):
    """Return the findings as plain maps: for a rule that reports what is on disk and mends nothing."""
    return [finding._asdict() for finding in findings_now()]


rule manifest:
    """List every artifact with its size, its SHA-256 and what it was made from."""
    input:
        [target for target in TARGETS if target not in OWN],
    output:
        record="results/manifest.json",
        lines="results/manifest-sha256.txt",
    log:
        "logs/manifest.log",
    params:
        targets=TARGETS,
        code=CODE["manifest"],
    message:
        "List the artifacts and what they were made from"
    script:
        "../scripts/manifest.py"


rule repair:
    """Make anew exactly what is not as it should be, and nothing that follows from it."""
    input:
        what_is_wrong,


rule crate:
    """Describe the results as a Workflow Run RO-Crate (needs the extra `crate`)."""
    input:
        manifest="results/manifest.json",
    output:
        "results/ro-crate-metadata.json",
    log:
        "logs/crate.log",
    params:
        description={
            "name": "Is the normal approximation good enough?",
            "description": "Laplace approximations of posteriors, held against exact ones.",
            "version": "0.1.0",
        },
        code=CODE["crate"],
    message:
        "Describe the results as an RO-Crate"
    script:
        "../scripts/crate.py"
