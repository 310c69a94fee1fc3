from laplace_files.config.brought import brought_sources

try:
    BROUGHT = brought_sources(config, CASES)
except InputError as error:
    raise WorkflowError(str(error)) from None

# By model and prior what there is of draws of chains beside the reference, below its folder.
CHAINS = {
    model: {
        prior: [
            *(["brought.json", "brought.parquet"] if source["files"] else []),
            *(["sampled.json", "sampled.parquet"] if source["nuts"] else []),
        ]
        for prior, source in of_model.items()
    }
    for model, of_model in BROUGHT.items()
}
RECORDS = {
    model: {
        prior: [name for name in names if name == "brought.json"] for prior, names in of.items()
    }
    for model, of in CHAINS.items()
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


rule sampled:
    """Sample a posterior by NUTS as its exact side, where nothing cheaper can certify."""
    input:
        posterior="results/{model}/{prior}/posterior.json",
        grids=collect(
            "results/{{model}}/{{prior}}/grid/{each}/grid.json",
            each=lookup("{model}/{prior}", within=GRIDS),
        ),
        reference="results/{model}/{prior}/reference/reference.json",
        brought=collect(
            "results/{{model}}/{{prior}}/reference/{each}",
            each=lookup("{model}/{prior}", within=RECORDS),
        ),
        modes=collect(
            "results/{{model}}/{{prior}}/laplace/{each}/mode.json",
            each=lookup("models/{model}/spaces", within=config),
        ),
    output:
        record="results/{model}/{prior}/reference/sampled.json",
        draws="results/{model}/{prior}/reference/sampled.parquet",
    log:
        "logs/{model}/{prior}/reference/sampled.log",
    params:
        settings={name: config["nuts"][name] for name in ("chains", "draws", "tune")},
        seed=lookup("nuts/seeds/0", within=config),
        evaluations=lookup("reference/evaluations", within=config),
        tolerance=lookup("tolerance", within=config),
        code=CODE["sampled"],
    message:
        "Sample {wildcards.model}/{wildcards.prior} by NUTS, where nothing cheaper can certify"
    script:
        "../scripts/sampled.py"
