from laplace_approx.exercises.study import cases_of_exercises

EXERCISE_CASES = cases_of_exercises(CASES)
EXERCISES = range(1, 5)


rule exercises:
    """Answer exercises 1 to 4 of the chapter, as far as the cases allow."""
    input:
        posterior=collect("results/{case.model}/{case.prior}/posterior.json", case=EXERCISE_CASES),
        mode=collect(
            "results/{case.model}/{case.prior}/laplace/{case.space}/mode.json",
            case=EXERCISE_CASES,
        ),
        curvature=collect(
            "results/{case.model}/{case.prior}/laplace/{case.space}/curvature.json",
            case=EXERCISE_CASES,
        ),
        grid=collect(
            "results/{case.model}/{case.prior}/grid/{case.grid}/grid.json", case=EXERCISE_CASES
        ),
        mass=collect(
            "results/{case.model}/{case.prior}/grid/{case.grid}/mass.parquet",
            case=EXERCISE_CASES,
        ),
        marginals=collect(
            "results/{case.model}/{case.prior}/grid/{case.grid}/marginals.parquet",
            case=EXERCISE_CASES,
        ),
        laplace_draws=collect(
            "results/{case.model}/{case.prior}/laplace/{case.space}/draws-seed{seed}.parquet",
            case=EXERCISE_CASES,
            seed=lookup("seeds/draws", within=config),
        ),
        grid_draws=collect(
            "results/{case.model}/{case.prior}/grid/{case.grid}/draws-seed{seed}.parquet",
            case=EXERCISE_CASES,
            seed=lookup("seeds/grid", within=config),
        ),
    output:
        records=[
            report(
                f"results/exercises/exercise-{number}.json",
                caption="../report/exercises.rst",
                category="Exercises",
                subcategory="numbers",
                labels={"exercise": f"exercise-{number}"},
            )
            for number in EXERCISES
        ],
        texts=[
            report(
                f"results/exercises/exercise-{number}.md",
                caption="../report/exercises.rst",
                category="Exercises",
                subcategory="answers",
                labels={"exercise": f"exercise-{number}"},
            )
            for number in EXERCISES
        ],
        figures=report(
            directory("results/exercises/figures"),
            patterns=["{exercise}.svg"],
            caption="../report/exercises.rst",
            category="Exercises",
            subcategory="pictures",
            labels={"exercise": "{exercise}"},
        ),
    log:
        "logs/exercises.log",
    params:
        cases=[list(case) for case in EXERCISE_CASES],
        code=CODE["exercises"],
    message:
        "Answer exercises 1 to 4 of the chapter"
    script:
        "../scripts/exercises.py"
