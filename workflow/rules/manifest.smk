from laplace_files.manifest import OWN

TARGETS = [str(item) for item in rules.all.input if not callable(item)]


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
