"""Is the normal approximation at the mode good enough? From a posterior to a comparison, step by step."""

import os
import shlex
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

# Snakemake puts the interpreter's path into the command of a job as it is, even with a space in it.
sys.executable = shlex.quote(sys.executable)

# A job claims one thread: more of them gain nothing on small matrices, and change last digits.
for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

# Beside this very file, also where another workflow takes it in as a module.
SCRIPTS = Path(str(workflow.current_basedir)) / "workflow" / "scripts"
sys.path.insert(0, str(SCRIPTS))

from laplace_approx.errors import InputError
from laplace_files.config.claims import claimed_artifacts
from laplace_files.run.code import describe_steps
from laplace_files.config.checks import check_overlay_files
from laplace_files.artifacts.filenames import escape_what_streams_lack
from laplace_files.config.request import (
    check_nuts_cases,
    check_request,
    grids_of_posteriors,
    source_hashes,
)
from laplace_files.models.trial import source_hash

escape_what_streams_lack(logger)

DEFAULTS = "config/config.yaml"
# As a module of another workflow it has its configuration from there, in no file of its own.
OWN_FILES = workflow.modifier.is_main_snakefile()

# Read strictly before Snakemake reads it; a --configfile it has read already, and may do without.
try:
    check_overlay_files(
        [DEFAULTS] if OWN_FILES and os.path.lexists(DEFAULTS) else [], has_been_read=False
    )
except InputError as error:
    raise WorkflowError(str(error)) from None


configfile: DEFAULTS


report: "workflow/report/workflow.rst"


try:
    CASES = check_request(
        config,
        [*workflow.configfiles, *workflow.overwrite_configfiles] if OWN_FILES else [],
    )
    NUTS_CASES = check_nuts_cases(config)
    SOURCES = source_hashes(config, [*CASES, *NUTS_CASES])
    GRIDS = grids_of_posteriors(config, CASES)
    CLAIMED = claimed_artifacts(config, CASES)
except InputError as error:
    raise WorkflowError(str(error)) from None

CODE = {step: described["fingerprint"] for step, described in describe_steps(SCRIPTS).items()}


include: "workflow/rules/durable.smk"
include: "workflow/rules/brought.smk"
include: "workflow/rules/exercises.smk"
include: "workflow/rules/sweep.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/arviz.smk"
include: "workflow/rules/external.smk"
include: "workflow/rules/nuts.smk"


wildcard_constraints:
    model=r"[A-Za-z0-9][A-Za-z0-9._-]*",
    prior=r"[A-Za-z0-9][A-Za-z0-9._-]*",
    space=r"[A-Za-z0-9][A-Za-z0-9._-]*",
    grid=r"[A-Za-z0-9][A-Za-z0-9._-]*",
    seed=r"\d+",


rule all:
    """Make everything that the configuration asks for."""
    input:
        "results/summary.parquet",
        "results/claims.json",
        branch(lookup("strict", within=config), then="results/strict.json", otherwise=[]),
        collect(
            "results/{case.model}/{case.prior}/compare/{case.space}/{case.grid}/figures",
            case=CASES,
        ),
        rules.exercises.output,
        rules.report.output,
        rules.external.input,
        # a module's paths are its owner's to choose: only a run of its own knows them all
        ["results/manifest.json", "results/manifest-sha256.txt"] if OWN_FILES else [],
        force_what_is_wrong,


rule core:
    """Record the code and the library versions that each step rests on."""
    output:
        "results/core.json",
    log:
        "logs/core.log",
    params:
        code=list(CODE.values()),
    message:
        "Record the code and the library versions behind every step"
    script:
        "workflow/scripts/core.py"


rule posterior:
    """Freeze what is approximated: model, data, prior, parameters and quantities."""
    input:
        model=lookup("models/{model}/file", within=config),
        data=branch(
            lookup("models/{model}/data", within=config, default=None),
            then=lookup("models/{model}/data", within=config, default=""),
        ),
        wrong=force_what_is_wrong,
    output:
        "results/{model}/{prior}/posterior.json",
    log:
        "logs/{model}/{prior}/posterior.log",
    params:
        sources=lookup("{model}", within=SOURCES),
        prior=lookup("models/{model}/priors/{prior}", within=config),
        replicate=lookup("models/{model}/replicate", within=config),
        code=CODE["posterior"],
    message:
        "Freeze the posterior {wildcards.model}/{wildcards.prior}"
    script:
        "workflow/scripts/posterior.py"


rule mode:
    """Find the mode of the posterior in a space, and prove that it is one."""
    input:
        posterior="results/{model}/{prior}/posterior.json",
    output:
        "results/{model}/{prior}/laplace/{space}/mode.json",
    log:
        "logs/{model}/{prior}/laplace/{space}/mode.log",
    params:
        space=lookup("models/{model}/spaces/{space}", within=config),
        code=CODE["mode"],
    message:
        "Find the mode of {wildcards.model}/{wildcards.prior}, space {wildcards.space}"
    script:
        "workflow/scripts/mode.py"


rule curvature:
    """Measure the Hessian at the mode, and factor the covariance of the normal."""
    input:
        posterior="results/{model}/{prior}/posterior.json",
        mode="results/{model}/{prior}/laplace/{space}/mode.json",
    output:
        record="results/{model}/{prior}/laplace/{space}/curvature.json",
        matrices="results/{model}/{prior}/laplace/{space}/curvature.parquet",
    log:
        "logs/{model}/{prior}/laplace/{space}/curvature.log",
    params:
        code=CODE["curvature"],
    message:
        "Measure the curvature of {wildcards.model}/{wildcards.prior}, space {wildcards.space}"
    script:
        "workflow/scripts/curvature.py"


rule draws:
    """Draw from the normal approximation."""
    input:
        posterior="results/{model}/{prior}/posterior.json",
        mode="results/{model}/{prior}/laplace/{space}/mode.json",
        curvature="results/{model}/{prior}/laplace/{space}/curvature.json",
        matrices="results/{model}/{prior}/laplace/{space}/curvature.parquet",
    output:
        "results/{model}/{prior}/laplace/{space}/draws-seed{seed}.parquet",
    log:
        "logs/{model}/{prior}/laplace/{space}/draws-seed{seed}.log",
    params:
        n_draws=lookup("n_draws", within=config),
        code=CODE["draws"],
    message:
        "Draw from the normal of {wildcards.model}/{wildcards.prior}, space {wildcards.space}, seed {wildcards.seed}"
    script:
        "workflow/scripts/draws.py"


rule grid:
    """Evaluate the posterior on a grid, and state what the grid misses."""
    input:
        posterior="results/{model}/{prior}/posterior.json",
    output:
        record="results/{model}/{prior}/grid/{grid}/grid.json",
        mass="results/{model}/{prior}/grid/{grid}/mass.parquet",
        marginals="results/{model}/{prior}/grid/{grid}/marginals.parquet",
    log:
        "logs/{model}/{prior}/grid/{grid}/grid.log",
    params:
        grid=lookup("models/{model}/grids/{grid}", within=config),
        limits=lookup("exact", within=config),
        code=CODE["grid"],
    message:
        "Evaluate {wildcards.model}/{wildcards.prior} on the grid {wildcards.grid}"
    script:
        "workflow/scripts/grid.py"


rule grid_draws:
    """Draw cells of the grid by their mass, jittered by half a cell each way."""
    input:
        posterior="results/{model}/{prior}/posterior.json",
        grid="results/{model}/{prior}/grid/{grid}/grid.json",
        mass="results/{model}/{prior}/grid/{grid}/mass.parquet",
    output:
        "results/{model}/{prior}/grid/{grid}/draws-seed{seed}.parquet",
    log:
        "logs/{model}/{prior}/grid/{grid}/draws-seed{seed}.log",
    params:
        n_draws=lookup("n_draws", within=config),
        code=CODE["grid_draws"],
    message:
        "Draw from the grid {wildcards.grid} of {wildcards.model}/{wildcards.prior}, seed {wildcards.seed}"
    script:
        "workflow/scripts/grid_draws.py"


rule reference:
    """Draw from the posterior by an adapted proposal, where no grid is its exact side."""
    input:
        posterior="results/{model}/{prior}/posterior.json",
        grids=collect(
            "results/{{model}}/{{prior}}/grid/{each}/grid.json",
            each=lookup("{model}/{prior}", within=GRIDS),
        ),
        modes=collect(
            "results/{{model}}/{{prior}}/laplace/{each}/mode.json",
            each=lookup("models/{model}/spaces", within=config),
        ),
        curvatures=collect(
            "results/{{model}}/{{prior}}/laplace/{each}/curvature.json",
            each=lookup("models/{model}/spaces", within=config),
        ),
        all_matrices=collect(
            "results/{{model}}/{{prior}}/laplace/{each}/curvature.parquet",
            each=lookup("models/{model}/spaces", within=config),
        ),
    output:
        record="results/{model}/{prior}/reference/reference.json",
        draws="results/{model}/{prior}/reference/reference.parquet",
    log:
        "logs/{model}/{prior}/reference/reference.log",
    params:
        evaluations=lookup("reference/evaluations", within=config),
        at_most=lookup("reference/at_most", within=config),
        seed=lookup("seeds/draws/0", within=config),
        code=CODE["reference"],
    message:
        "Draw from {wildcards.model}/{wildcards.prior} by an adapted proposal, where no grid serves"
    script:
        "workflow/scripts/reference.py"


rule quantiles:
    """Compare the quantiles of the normal with those of the exact posterior."""
    input:
        posterior="results/{model}/{prior}/posterior.json",
        mode="results/{model}/{prior}/laplace/{space}/mode.json",
        curvature="results/{model}/{prior}/laplace/{space}/curvature.json",
        matrices="results/{model}/{prior}/laplace/{space}/curvature.parquet",
        grid="results/{model}/{prior}/grid/{grid}/grid.json",
        mass="results/{model}/{prior}/grid/{grid}/mass.parquet",
        marginals="results/{model}/{prior}/grid/{grid}/marginals.parquet",
        reference="results/{model}/{prior}/reference/reference.json",
        reference_draws="results/{model}/{prior}/reference/reference.parquet",
        chains=collect(
            "results/{{model}}/{{prior}}/reference/{each}",
            each=lookup("{model}/{prior}", within=CHAINS),
        ),
        laplace_draws=collect(
            "results/{{model}}/{{prior}}/laplace/{{space}}/draws-seed{seed}.parquet",
            seed=lookup("seeds/draws", within=config),
        ),
        grid_draws=collect(
            "results/{{model}}/{{prior}}/grid/{{grid}}/draws-seed{seed}.parquet",
            seed=lookup("seeds/grid", within=config),
        ),
    output:
        report(
            "results/{model}/{prior}/compare/{space}/{grid}/quantiles.parquet",
            caption="workflow/report/quantiles.rst",
            category="Tables",
            subcategory="{model}/{prior}/{space}/{grid}",
            labels={"table": "quantiles"},
        ),
    log:
        "logs/{model}/{prior}/compare/{space}/{grid}/quantiles.log",
    params:
        probabilities=lookup("probabilities", within=config),
        tolerance=lookup("tolerance", within=config),
        code=CODE["quantiles"],
    message:
        "Compare the quantiles of {wildcards.model}/{wildcards.prior}, space {wildcards.space}, with the grid {wildcards.grid}"
    script:
        "workflow/scripts/quantiles.py"


rule remedies:
    """Run everything that could serve where the normal does not, and the signals."""
    input:
        posterior="results/{model}/{prior}/posterior.json",
        mode="results/{model}/{prior}/laplace/{space}/mode.json",
        curvature="results/{model}/{prior}/laplace/{space}/curvature.json",
        matrices="results/{model}/{prior}/laplace/{space}/curvature.parquet",
        grid="results/{model}/{prior}/grid/{grid}/grid.json",
        mass="results/{model}/{prior}/grid/{grid}/mass.parquet",
        marginals="results/{model}/{prior}/grid/{grid}/marginals.parquet",
        reference="results/{model}/{prior}/reference/reference.json",
        reference_draws="results/{model}/{prior}/reference/reference.parquet",
        chains=collect(
            "results/{{model}}/{{prior}}/reference/{each}",
            each=lookup("{model}/{prior}", within=CHAINS),
        ),
        modes=collect(
            "results/{{model}}/{{prior}}/laplace/{other}/mode.json",
            other=lookup("models/{model}/spaces", within=config),
        ),
        curvatures=collect(
            "results/{{model}}/{{prior}}/laplace/{other}/curvature.json",
            other=lookup("models/{model}/spaces", within=config),
        ),
        all_matrices=collect(
            "results/{{model}}/{{prior}}/laplace/{other}/curvature.parquet",
            other=lookup("models/{model}/spaces", within=config),
        ),
    output:
        table=report(
            "results/{model}/{prior}/compare/{space}/{grid}/remedies.parquet",
            caption="workflow/report/remedies.rst",
            category="Tables",
            subcategory="{model}/{prior}/{space}/{grid}",
            labels={"table": "remedies"},
        ),
        record="results/{model}/{prior}/compare/{space}/{grid}/remedies.json",
    log:
        "logs/{model}/{prior}/compare/{space}/{grid}/remedies.log",
    params:
        seed=lookup("seeds/draws/0", within=config),
        tolerance=lookup("tolerance", within=config),
        extent=lookup("remedies", within=config),
        code=CODE["remedies"],
    message:
        "Run the remedies for {wildcards.model}/{wildcards.prior}, space {wildcards.space}, held against the grid {wildcards.grid}"
    script:
        "workflow/scripts/remedies.py"


rule verdict:
    """Judge the normal for each quantity, and name the cheapest method that is good enough."""
    input:
        posterior="results/{model}/{prior}/posterior.json",
        mode="results/{model}/{prior}/laplace/{space}/mode.json",
        curvature="results/{model}/{prior}/laplace/{space}/curvature.json",
        matrices="results/{model}/{prior}/laplace/{space}/curvature.parquet",
        grid="results/{model}/{prior}/grid/{grid}/grid.json",
        mass="results/{model}/{prior}/grid/{grid}/mass.parquet",
        marginals="results/{model}/{prior}/grid/{grid}/marginals.parquet",
        remedies="results/{model}/{prior}/compare/{space}/{grid}/remedies.parquet",
        found="results/{model}/{prior}/compare/{space}/{grid}/remedies.json",
        reference="results/{model}/{prior}/reference/reference.json",
        reference_draws="results/{model}/{prior}/reference/reference.parquet",
        chains=collect(
            "results/{{model}}/{{prior}}/reference/{each}",
            each=lookup("{model}/{prior}", within=CHAINS),
        ),
    output:
        report(
            "results/{model}/{prior}/compare/{space}/{grid}/verdict.json",
            caption="workflow/report/verdict.rst",
            category="Tables",
            subcategory="{model}/{prior}/{space}/{grid}",
            labels={"table": "verdict"},
        ),
    log:
        "logs/{model}/{prior}/compare/{space}/{grid}/verdict.log",
    params:
        tolerance=lookup("tolerance", within=config),
        code=CODE["verdict"],
    message:
        "Judge the normal of {wildcards.model}/{wildcards.prior}, space {wildcards.space}, held against the grid {wildcards.grid}"
    script:
        "workflow/scripts/verdict.py"


rule basin:
    """Find the starts in the grid's box from which Newton's method finds the mode."""
    input:
        posterior="results/{model}/{prior}/posterior.json",
        mode="results/{model}/{prior}/laplace/{space}/mode.json",
        curvature="results/{model}/{prior}/laplace/{space}/curvature.json",
        matrices="results/{model}/{prior}/laplace/{space}/curvature.parquet",
        grid="results/{model}/{prior}/grid/{grid}/grid.json",
    output:
        "results/{model}/{prior}/compare/{space}/{grid}/basin.parquet",
    log:
        "logs/{model}/{prior}/compare/{space}/{grid}/basin.log",
    params:
        code=CODE["basin"],
    message:
        "Follow Newton's method from all over the grid {wildcards.grid} of {wildcards.model}/{wildcards.prior}, space {wildcards.space}"
    script:
        "workflow/scripts/basin.py"


rule figures:
    """Draw the pictures of a case."""
    input:
        posterior="results/{model}/{prior}/posterior.json",
        mode="results/{model}/{prior}/laplace/{space}/mode.json",
        curvature="results/{model}/{prior}/laplace/{space}/curvature.json",
        matrices="results/{model}/{prior}/laplace/{space}/curvature.parquet",
        grid="results/{model}/{prior}/grid/{grid}/grid.json",
        mass="results/{model}/{prior}/grid/{grid}/mass.parquet",
        marginals="results/{model}/{prior}/grid/{grid}/marginals.parquet",
        quantiles="results/{model}/{prior}/compare/{space}/{grid}/quantiles.parquet",
        remedies="results/{model}/{prior}/compare/{space}/{grid}/remedies.parquet",
        basin="results/{model}/{prior}/compare/{space}/{grid}/basin.parquet",
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
        report(
            directory("results/{model}/{prior}/compare/{space}/{grid}/figures"),
            patterns=["{picture}.svg"],
            caption="workflow/report/figure.rst",
            category="Pictures",
            subcategory="{model}/{prior}/{space}/{grid}",
            labels={"picture": "{picture}"},
        ),
    log:
        "logs/{model}/{prior}/compare/{space}/{grid}/figures.log",
    params:
        code=CODE["figures"],
    message:
        "Draw the pictures of {wildcards.model}/{wildcards.prior}, space {wildcards.space}, grid {wildcards.grid}"
    script:
        "workflow/scripts/figures.py"


rule summary:
    """Gather the intervals of every case in one table."""
    input:
        modes=collect(
            "results/{case.model}/{case.prior}/laplace/{case.space}/mode.json", case=CASES
        ),
        curvatures=collect(
            "results/{case.model}/{case.prior}/laplace/{case.space}/curvature.json", case=CASES
        ),
        grids=collect("results/{case.model}/{case.prior}/grid/{case.grid}/grid.json", case=CASES),
        quantiles=collect(
            "results/{case.model}/{case.prior}/compare/{case.space}/{case.grid}/quantiles.parquet",
            case=CASES,
        ),
        verdicts=collect(
            "results/{case.model}/{case.prior}/compare/{case.space}/{case.grid}/verdict.json",
            case=CASES,
        ),
        core="results/core.json",
    output:
        report(
            "results/summary.parquet",
            caption="workflow/report/summary.rst",
            category="Tables",
            subcategory="all cases",
            labels={"table": "summary"},
        ),
    log:
        "logs/summary.log",
    params:
        cases=[list(case) for case in CASES],
        code=CODE["summary"],
    message:
        "Gather all cases in one table"
    script:
        "workflow/scripts/summary.py"


rule claims:
    """Measure the claims, and say which of them hold."""
    input:
        claims=lookup("claims", within=config),
        artifacts=CLAIMED,
    output:
        report(
            "results/claims.json",
            caption="workflow/report/claims.rst",
            category="Tables",
            subcategory="all cases",
            labels={"table": "claims"},
        ),
    log:
        "logs/claims.log",
    params:
        code=CODE["claims"],
    message:
        "Measure the claims"
    script:
        "workflow/scripts/claims.py"


rule strict:
    """Fail if a case is declined, after everything else is made."""
    input:
        "results/claims.json",
        collect(
            "results/{case.model}/{case.prior}/compare/{case.space}/{case.grid}/figures",
            case=CASES,
        ),
        summary="results/summary.parquet",
    output:
        "results/strict.json",
    log:
        "logs/strict.log",
    params:
        code=CODE["strict"],
    message:
        "Insist that no case is declined"
    script:
        "workflow/scripts/strict.py"


include: "workflow/rules/manifest.smk"
include: "workflow/rules/audit.smk"
include: "workflow/rules/help.smk"
include: "workflow/rules/cluster.smk"
include: "workflow/rules/ending.smk"
