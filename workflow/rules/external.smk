from laplace_files.cases.external import external_hashes

try:
    EXTERNAL = external_hashes(config)
except InputError as error:
    raise WorkflowError(str(error)) from None


rule external:
    """Judge the draws of other tools that the configuration names."""
    input:
        collect("results/external/{name}/verdict.json", name=EXTERNAL),


rule external_verdict:
    """Judge draws that another tool made from its normal."""
    input:
        draws=lookup("external/{name}/draws", within=config),
        exact=branch(
            lookup("external/{name}/exact", within=config, default=None),
            then=lookup("external/{name}/exact", within=config, default=""),
        ),
    output:
        verdict="results/external/{name}/verdict.json",
        quantiles="results/external/{name}/quantiles.parquet",
        figures=directory("results/external/{name}/figures"),
    log:
        "logs/external/{name}.log",
    params:
        definition=lookup("external/{name}", within=config),
        sources=lookup("{name}", within=EXTERNAL),
        tolerance=lookup("external/{name}/tolerance", within=config, default=config["tolerance"]),
        seed=lookup("seeds/draws/0", within=config),
        code=CODE["external_verdict"],
    message:
        "Judge the draws of {wildcards.name}, made by another tool"
    script:
        "../scripts/external_verdict.py"
