from laplace_audit.reading.asked import absent_among, asked_of

ASKED = asked_of(config, CASES)
AUDITED = [f"results/{name}" for name in ASKED.artifacts()]


rule laws:
    """Hold every artifact against its laws, and write down what was found, good or bad."""
    input:
        AUDITED,
    output:
        "results/audit.json",
    log:
        "logs/laws.log",
    params:
        asked=ASKED.record(),
        code=CODE["laws"],
    message:
        "Hold all artifacts against their laws"
    script:
        "../scripts/laws.py"


# It has no output, so that it runs whenever it is asked for: an edited file may keep its time. Of the
# artifacts only the absent ones are its input: what is there is looked at as it is, and nothing is
# remade from it first.
rule audit:
    """Hold what is on disk now against its laws, write results/audit.json, fail if one is broken."""
    input:
        absent_among(AUDITED),
    log:
        "logs/audit.log",
    params:
        asked=ASKED.record(),
        disk=findings_as_params,
        sweeps=SWEPT.on_disk,
        steps={step: CODE[step] for step in ("sweep_table", "sweep_effects")},
        record="results/audit.json",
        overlays=[os.path.relpath(file) for file in workflow.overwrite_configfiles],
        code=CODE["laws"],
    message:
        "Hold what is on disk against its laws"
    script:
        "../scripts/audit.py"
