from laplace_files.artifacts.artifacts import sha256_of
from laplace_files.artifacts.findings import AUDIT

PAGE_PARTS = sorted((SCRIPTS.parent / "report").glob("page.*"))


rule report:
    """Set one page with the verdicts, the pictures, and for each number where it comes from."""
    input:
        summary="results/summary.parquet",
        claims="results/claims.json",
        core="results/core.json",
        audit=branch(exists(AUDIT), then=AUDIT, otherwise=[]),
        posterior=collect("results/{case.model}/{case.prior}/posterior.json", case=CASES),
        mode=collect("results/{case.model}/{case.prior}/laplace/{case.space}/mode.json", case=CASES),
        curvature=collect(
            "results/{case.model}/{case.prior}/laplace/{case.space}/curvature.json", case=CASES
        ),
        grid=collect("results/{case.model}/{case.prior}/grid/{case.grid}/grid.json", case=CASES),
        quantiles=collect(
            "results/{case.model}/{case.prior}/compare/{case.space}/{case.grid}/quantiles.parquet",
            case=CASES,
        ),
        remedies=collect(
            "results/{case.model}/{case.prior}/compare/{case.space}/{case.grid}/remedies.parquet",
            case=CASES,
        ),
        basin=collect(
            "results/{case.model}/{case.prior}/compare/{case.space}/{case.grid}/basin.parquet",
            case=CASES,
        ),
        verdict=collect(
            "results/{case.model}/{case.prior}/compare/{case.space}/{case.grid}/verdict.json",
            case=CASES,
        ),
        figures=collect(
            "results/{case.model}/{case.prior}/compare/{case.space}/{case.grid}/figures",
            case=CASES,
        ),
        records=rules.exercises.output.records,
        texts=rules.exercises.output.texts,
        exercise_figures=rules.exercises.output.figures,
    output:
        report(
            "results/report.html",
            caption="../report/page.rst",
            category="Page",
            labels={"page": "verdicts, pictures and numbers"},
        ),
    log:
        "logs/report.log",
    params:
        cases=[list(case) for case in CASES],
        parts=[sha256_of(part) for part in PAGE_PARTS],
        code=CODE["report"],
    message:
        "Set the page of all cases, results/report.html"
    script:
        "../scripts/report.py"
