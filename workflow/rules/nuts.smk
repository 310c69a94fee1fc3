rule nuts:
    """Compare NUTS with the grid and the normal: exercise 5 (extra package: nutpie)."""
    input:
        "results/exercises/exercise-5.md",


rule nuts_draws:
    """Sample a posterior by NUTS, and hold the draws against R-hat, ESS and divergences."""
    input:
        posterior="results/{model}/{prior}/posterior.json",
    output:
        draws="results/{model}/{prior}/nuts/draws-seed{seed}.parquet",
        record="results/{model}/{prior}/nuts/nuts-seed{seed}.json",
    log:
        "logs/{model}/{prior}/nuts/draws-seed{seed}.log",
    params:
        settings={name: config["nuts"][name] for name in ("chains", "draws", "tune")},
        code=CODE["nuts_draws"],
    message:
        "Sample {wildcards.model}/{wildcards.prior} by NUTS, seed {wildcards.seed}"
    script:
        "../scripts/nuts_draws.py"


rule nuts_comparison:
    """Compare the grid, the normal and the draws of NUTS."""
    input:
        posterior="results/{model}/{prior}/posterior.json",
        mode="results/{model}/{prior}/laplace/{space}/mode.json",
        curvature="results/{model}/{prior}/laplace/{space}/curvature.json",
        grid="results/{model}/{prior}/grid/{grid}/grid.json",
        mass="results/{model}/{prior}/grid/{grid}/mass.parquet",
        marginals="results/{model}/{prior}/grid/{grid}/marginals.parquet",
        laplace_draws=collect(
            "results/{{model}}/{{prior}}/laplace/{{space}}/draws-seed{seed}.parquet",
            seed=lookup("seeds/draws", within=config),
        ),
        grid_draws=collect(
            "results/{{model}}/{{prior}}/grid/{{grid}}/draws-seed{seed}.parquet",
            seed=lookup("seeds/grid", within=config),
        ),
        nuts_draws=collect(
            "results/{{model}}/{{prior}}/nuts/draws-seed{seed}.parquet",
            seed=lookup("nuts/seeds", within=config),
        ),
    output:
        table="results/{model}/{prior}/compare/{space}/{grid}/nuts/quantiles.parquet",
        figures=directory("results/{model}/{prior}/compare/{space}/{grid}/nuts/figures"),
    log:
        "logs/{model}/{prior}/compare/{space}/{grid}/nuts.log",
    params:
        probabilities=lookup("probabilities", within=config),
        tolerance=lookup("tolerance", within=config),
        code=CODE["nuts_comparison"],
    message:
        "Compare NUTS with the normal of {wildcards.model}/{wildcards.prior}, space {wildcards.space}, and the grid {wildcards.grid}"
    script:
        "../scripts/nuts_comparison.py"


rule exercise_5:
    """Answer exercise 5 of the chapter from every case under `nuts`."""
    input:
        posterior=collect("results/{case.model}/{case.prior}/posterior.json", case=NUTS_CASES),
        records=collect(
            "results/{case.model}/{case.prior}/nuts/nuts-seed{seed}.json",
            case=NUTS_CASES,
            seed=lookup("nuts/seeds", within=config),
        ),
        tables=collect(
            "results/{case.model}/{case.prior}/compare/{case.space}/{case.grid}/nuts/quantiles.parquet",
            case=NUTS_CASES,
        ),
    output:
        record="results/exercises/exercise-5.json",
        text="results/exercises/exercise-5.md",
        figures=directory("results/exercises/figures-5"),
    log:
        "logs/exercise-5.log",
    params:
        cases=[list(case) for case in NUTS_CASES],
        tolerance=lookup("tolerance", within=config),
        code=CODE["exercise_5"],
    message:
        "Answer exercise 5 of the chapter"
    script:
        "../scripts/exercise_5.py"
