from laplace_files.cases.brought import brought_sources

try:
    BROUGHT = brought_sources(config, CASES)
except InputError as error:
    raise WorkflowError(str(error)) from None

# By model and prior what there is of draws of chains beside the reference, below its folder.
CHAINS = {
    model: {
        prior: ["brought.json", "brought.parquet"] if source["files"] else []
        for prior, source in of_model.items()
    }
    for model, of_model in BROUGHT.items()
}


rule brought:
    """Hold draws that are brought against their gates, and against the posterior."""
    input:
        posterior="results/{model}/{prior}/posterior.json",
        draws=lookup("{model}/{prior}/files", within=BROUGHT),
        modes=collect(
            "results/{{model}}/{{prior}}/laplace/{each}/mode.json",
            each=lookup("models/{model}/spaces", within=config),
        ),
    output:
        record="results/{model}/{prior}/reference/brought.json",
        draws="results/{model}/{prior}/reference/brought.parquet",
    log:
        "logs/{model}/{prior}/reference/brought.log",
    params:
        definition=lookup("models/{model}/reference/{prior}", within=config),
        sources=lookup("{model}/{prior}/sha256", within=BROUGHT),
        evaluations=lookup("reference/evaluations", within=config),
        code=CODE["brought"],
    message:
        "Hold the draws that are brought of {wildcards.model}/{wildcards.prior} against it"
    script:
        "../scripts/brought.py"
