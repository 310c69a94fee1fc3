rule arviz:
    """Make a file for ArviZ of every case (extra packages: arviz-base, h5netcdf)."""
    input:
        collect(
            "results/{case.model}/{case.prior}/compare/{case.space}/{case.grid}/inference_data.nc",
            case=CASES,
        ),


rule inference_data:
    """Put the exact and the Laplace draws of a case in one file that ArviZ opens."""
    input:
        posterior="results/{model}/{prior}/posterior.json",
        verdict="results/{model}/{prior}/compare/{space}/{grid}/verdict.json",
        laplace_draws=collect(
            "results/{{model}}/{{prior}}/laplace/{{space}}/draws-seed{seed}.parquet",
            seed=lookup("seeds/draws", within=config),
        ),
        grid_draws=collect(
            "results/{{model}}/{{prior}}/grid/{{grid}}/draws-seed{seed}.parquet",
            seed=lookup("seeds/grid", within=config),
        ),
    output:
        "results/{model}/{prior}/compare/{space}/{grid}/inference_data.nc",
    log:
        "logs/{model}/{prior}/compare/{space}/{grid}/inference_data.log",
    params:
        code=CODE["inference_data"],
    message:
        "Write {wildcards.model}/{wildcards.prior}, space {wildcards.space}, grid {wildcards.grid}, for ArviZ"
    script:
        "../scripts/inference_data.py"
