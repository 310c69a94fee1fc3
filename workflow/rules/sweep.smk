import re

from laplace_sweep.plan import Plan
from laplace_sweep.sweep import open_sweeps
from laplace_sweep.tables import STEPS

try:
    PLANS = {name: Plan(sweep, config) for name, sweep in open_sweeps(config).items()}
except InputError as error:
    raise WorkflowError(str(error)) from None


def chunks_of_sweep(wildcards):
    """Return the tables of one step in all chunks of a sweep."""
    try:
        chunks = PLANS[wildcards.sweep].chunks
    except InputError as error:
        raise WorkflowError(str(error)) from None
    folder = f"results/sweeps/{wildcards.sweep}/chunks"
    return [f"{folder}/{chunk}/{wildcards.step}.parquet" for chunk in chunks]


def part_of_sweep(wildcards):
    """Return what the job of a chunk needs of the configuration, and nothing beside it."""
    return PLANS[wildcards.sweep].part(wildcards.chunk)


def model_of_sweep(wildcards):
    """Return the name of the model of a sweep."""
    return PLANS[wildcards.sweep].sweep.base["model"]


def files_of_sweep(wildcards):
    """Return the files of the model of a sweep: its code and its data."""
    model = config["models"][model_of_sweep(wildcards)]
    return [file for file in (model["file"], model.get("data")) if file]


def sources_of_sweep(wildcards):
    """Return the hash of those files and of what the model imports."""
    return source_hash(config["models"][model_of_sweep(wildcards)])


def whole_sweep(wildcards):
    """Return the settings of a sweep, from which its scenarios follow in their order."""
    return PLANS[wildcards.sweep].whole()


def settings_of_sweep(wildcards):
    """Return the names of the settings that a sweep varies."""
    return list(PLANS[wildcards.sweep].sweep.axes)


def definition_of_scenario(wildcards):
    """Return the definition of a scenario by its key."""
    try:
        return PLANS[wildcards.sweep].definition(wildcards.scenario)
    except InputError as error:
        raise WorkflowError(str(error)) from None


wildcard_constraints:
    sweep="|".join(map(re.escape, PLANS)) or "(?!)",
    chunk="[0-9a-f]{16}",
    scenario="[0-9a-f]{16}",
    step="|".join(STEPS),


rule sweep:
    """Run every sweep of the configuration."""
    input:
        collect("results/sweeps/{sweep}/{step}.parquet", sweep=PLANS, step=STEPS),
        collect("results/sweeps/{sweep}/effects.parquet", sweep=PLANS),
        collect("results/sweeps/{sweep}/figures", sweep=PLANS),


rule sweep_chunk:
    """Run some scenarios of a sweep through every step, in one process."""
    input:
        files_of_sweep,
    output:
        "results/sweeps/{sweep}/chunks/{chunk}/scenarios.json",
        collect("results/sweeps/{{sweep}}/chunks/{{chunk}}/{step}.parquet", step=STEPS),
    log:
        "logs/sweeps/{sweep}/{chunk}.log",
    params:
        part=part_of_sweep,
        sources=sources_of_sweep,
        code=CODE["sweep_chunk"],
    message:
        "Run the chunk {wildcards.chunk} of the sweep {wildcards.sweep}: {params.part[count]} scenarios"
    script:
        "../scripts/sweep_chunk.py"


rule sweep_table:
    """Gather one step of a sweep in one table, with a column for each setting."""
    input:
        chunks_of_sweep,
    output:
        "results/sweeps/{sweep}/{step}.parquet",
    log:
        "logs/sweeps/{sweep}/{step}.log",
    params:
        sweep=whole_sweep,
        code=CODE["sweep_table"],
    message:
        "Gather the {wildcards.step} of the sweep {wildcards.sweep}"
    script:
        "../scripts/sweep_table.py"


rule sweep_effects:
    """Rank the settings of a sweep by how much they move each quantile."""
    input:
        "results/sweeps/{sweep}/quantiles.parquet",
    output:
        "results/sweeps/{sweep}/effects.parquet",
    log:
        "logs/sweeps/{sweep}/effects.log",
    params:
        settings=settings_of_sweep,
        code=CODE["sweep_effects"],
    message:
        "Rank the settings of the sweep {wildcards.sweep}"
    script:
        "../scripts/sweep_effects.py"


rule sweep_figures:
    """Draw the error of the normal against the settings of a sweep."""
    input:
        verdicts="results/sweeps/{sweep}/verdict.parquet",
        effects="results/sweeps/{sweep}/effects.parquet",
    output:
        directory("results/sweeps/{sweep}/figures"),
    log:
        "logs/sweeps/{sweep}/figures.log",
    params:
        settings=settings_of_sweep,
        code=CODE["sweep_figures"],
    message:
        "Draw the sweep {wildcards.sweep}"
    script:
        "../scripts/sweep_figures.py"


rule sweep_scenario:
    """Write a scenario of a sweep as a configuration of its own, to be run through the whole chain."""
    output:
        "results/sweeps/{sweep}/scenarios/{scenario}.yaml",
    log:
        "logs/sweeps/{sweep}/{scenario}.log",
    params:
        definition=definition_of_scenario,
        code=CODE["sweep_scenario"],
    message:
        "Write the scenario {wildcards.scenario} of the sweep {wildcards.sweep} as a configuration"
    script:
        "../scripts/sweep_scenario.py"
