import re

from laplace_sweep.request import SweepRequest
from laplace_sweep.tables import STEPS

try:
    SWEPT = SweepRequest(config)
except InputError as error:
    raise WorkflowError(str(error)) from None


wildcard_constraints:
    sweep="|".join(map(re.escape, SWEPT.plans)) or "(?!)",
    chunk="[0-9a-f]{16}",
    scenario="[0-9a-f]{16}",
    step="|".join(STEPS),


rule sweep:
    """Run every sweep of the configuration."""
    input:
        collect("results/sweeps/{sweep}/{step}.parquet", sweep=SWEPT.plans, step=STEPS),
        collect("results/sweeps/{sweep}/effects.parquet", sweep=SWEPT.plans),
        collect("results/sweeps/{sweep}/figures", sweep=SWEPT.plans),


rule sweep_chunk:
    """Run some scenarios of a sweep through every step, in one process."""
    input:
        SWEPT.files,
        force_what_is_wrong,
    output:
        "results/sweeps/{sweep}/chunks/{chunk}/scenarios.json",
        collect("results/sweeps/{{sweep}}/chunks/{{chunk}}/{step}.parquet", step=STEPS),
    log:
        "logs/sweeps/{sweep}/{chunk}.log",
    params:
        part=SWEPT.part,
        sources=SWEPT.sources,
        code=CODE["sweep_chunk"],
    message:
        "Run the chunk {wildcards.chunk} of the sweep {wildcards.sweep}: {params.part[count]} scenarios"
    script:
        "../scripts/sweep_chunk.py"


rule sweep_table:
    """Gather one step of a sweep in one table, with a column for each setting."""
    input:
        SWEPT.chunks,
    output:
        "results/sweeps/{sweep}/{step}.parquet",
    log:
        "logs/sweeps/{sweep}/{step}.log",
    params:
        sweep=SWEPT.whole,
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
        settings=SWEPT.settings,
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
        settings=SWEPT.settings,
        combine=SWEPT.combine,
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
        definition=SWEPT.definition,
        code=CODE["sweep_scenario"],
    message:
        "Write the scenario {wildcards.scenario} of the sweep {wildcards.sweep} as a configuration"
    script:
        "../scripts/sweep_scenario.py"
