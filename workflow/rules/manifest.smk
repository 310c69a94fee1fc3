from laplace_audit.reading.asked import asked_of
from laplace_files.artifacts.findings import OWN

TARGETS = [str(item) for item in rules.all.input if not callable(item)]
# Known without any record: what the cases, and those that only a person asks for, rest on.
NEEDS = [f"results/{name}" for name in asked_of(config, [*CASES, *NUTS_CASES]).artifacts()]


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
    """Make anew what is not as it should be, nothing that follows; remove what is left over."""
    input:
        what_is_left_over,
        what_is_wrong,


# Beside the results: it lists the files that were removed, and is written only when there were any.
rule left_over:
    """Remove what other configurations left below results/; `snakemake repair` asks for it."""
    output:
        REMOVED,
    log:
        "logs/left-over.log",
    params:
        paths=left_over_now,
        code=CODE["left_over"],
    message:
        "Remove what other configurations left below results/, as listed above"
    script:
        "../scripts/left_over.py"


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
