"""Audit clean runs over varied configurations: there must be no false alarm.

Each configuration has one case of its own: a model, a prior, a space and a grid, seeds, number of
draws, probabilities and tolerance, all drawn from a seed. The run is made in a copy of the project
in one process, by Snakemake's own plan, and audited at its end; with every fifth one goes a sweep
of the same case, which is audited too, and two of fifty have 60 parameters. Run it as

    .venv/bin/python benchmarks/clean_audits.py [number of runs] [first]
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import yaml
from default_run import PARTS
from logistic_data import write
from replay import replay, write_plan

PROJECT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(PROJECT / "workflow/scripts"), str(PROJECT / "tests")]

from laplace_audit.findings import audit_record  # noqa: E402
from laplace_audit.sweeps import audit_sweep  # noqa: E402
from sweeps_on_disk import CODE, made  # noqa: E402

WIDE_EVERY, SWEPT_EVERY = 25, 5
REAL = (
    {"family": "normal", "mean": 0, "sd": 8},
    {"family": "student_t", "df": 4, "location": 1, "scale": 3},
    {"family": "cauchy", "location": 0, "scale": 5},
    {"family": "laplace", "location": -1, "scale": 4},
    {"family": "logistic", "location": 0, "scale": 3},
    {"family": "uniform", "lower": -30, "upper": 60},
)
POSITIVE = (
    {"family": "gamma", "shape": 3, "rate": 0.3},
    {"family": "lognormal", "log_mean": 2, "log_sd": 0.7},
    {"family": "half_normal", "scale": 12},
    {"family": "half_cauchy", "scale": 8},
    {"family": "half_student_t", "df": 5, "scale": 9},
    {"family": "exponential", "rate": 0.1},
    {"family": "inverse_gamma", "shape": 3, "scale": 20},
    {"family": "weibull", "shape": 1.5, "scale": 12},
    {"family": "scaled_inverse_chi_squared", "df": 5, "scale": 2},
    {"family": "normal", "mean": 2, "sd": 1, "on": "log"},
)
SCALES = (
    {"family": "reciprocal"},
    *POSITIVE[:5],
    {"family": "normal", "mean": 0, "sd": 1, "on": "log"},
)
CHANGES = ({}, "log", {"power": 0.5}, "square", {"log": {"shift": -2}})
NORMAL = ("windshieldy1", "windshieldy2", "hardness")
BOX = {
    "bioassay": {"alpha": (-6, 12), "beta": (-8, 60)},
    "windshieldy1": {"mu": (11, 18), "sigma": (0.4, 6)},
}


def wide(k: int) -> dict:
    """Return a configuration of a regression with 60 coefficients, whose data it writes."""
    overlay = yaml.safe_load(write(60, k, Path("wide")).read_text(encoding="utf-8"))
    return default() | overlay | {"n_draws": 400}


def default() -> dict:
    """Return the default configuration without what is of other targets, and of other models."""
    config = yaml.safe_load((PROJECT / "config" / "config.yaml").read_text(encoding="utf-8"))
    for section in ("sweeps", "nuts", "external"):
        config.pop(section, None)
    return config


def configuration(k: int) -> dict:
    """Return the k-th configuration: the default one with a case and settings of its own."""
    if k % WIDE_EVERY == 7:
        return wide(k)
    rng, config = np.random.default_rng([20261126, k]), default()
    model = ("bioassay", *NORMAL[:1], "bioassay", *NORMAL, "linear_known_variance", "poisson")[
        k % 8
    ]
    if k % 16 == 6:
        model = ("linear", "eight_schools", "logistic")[(k // 16) % 3]
    definition = config["models"][model]
    prior, space = _prior_and_space(model, definition, rng)
    grid = {}
    if model in BOX and rng.random() < 0.4:
        points = rng.integers(60, 140, size=2)
        ends = BOX[model].items()
        grid = {
            name: {"lower": low, "upper": high, "points": int(n)}
            for (name, (low, high)), n in zip(ends, points, strict=True)
        }
    definition |= {
        "priors": {"p": prior},
        "spaces": {"s": space, "natural": {}},
        "grids": {"g": grid},
    }
    return config | {
        "models": {model: definition},
        "cases": [{"model": model, "prior": "p", "space": "s", "grid": "g"}],
        "seeds": {"draws": rng.integers(1000, size=2).tolist(), "grid": [int(rng.integers(1000))]},
        "n_draws": int(rng.integers(50, 4000)),
        "tolerance": float(rng.choice([0.02, 0.1, 0.5])),
        "probabilities": [0.01, 0.025, 0.25, 0.5, 0.75, 0.975, 0.99][int(rng.integers(2)) :],
    }


def _prior_and_space(model: str, definition: dict, rng) -> tuple[dict, dict]:
    """Return a prior and a space that suit the model."""

    def one(choices):
        return choices[int(rng.integers(len(choices)))]

    if model == "bioassay":
        if rng.random() < 0.2:
            sd, correlation = [3, 12], float(rng.uniform(-0.5, 0.7))
            settings = {"mean": [0, 10], "sd": sd, "correlation": correlation}
            return {"joint": {"family": "multivariate_normal", **settings}}, {}
        prior = {"alpha": one(REAL)} if rng.random() < 0.7 else {}
        if rng.random() < 0.6:
            change = one(CHANGES)
            return prior | {"beta": one(POSITIVE)}, {"beta": change} if change else {}
        return prior | ({"beta": one(REAL)} if rng.random() < 0.7 else {}), {}
    if model in NORMAL or model == "linear":
        change = one(CHANGES[:4])
        return {"sigma": one(SCALES)}, {"sigma": change} if change else {}
    names = list(definition["priors"])
    return definition["priors"][one(names)], definition["spaces"][one(list(definition["spaces"]))]


def one_run(k: int) -> None:
    """Make the k-th run here, with its audits."""
    config = configuration(k)
    Path("config/config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    Path("case.json").write_text(json.dumps(config["models"]), encoding="utf-8")
    write_plan("plan.json", ["results/audit.json"])
    replay("plan.json", [])
    if k % SWEPT_EVERY == 2:
        audit_of_a_sweep(config)


def audit_of_a_sweep(config: dict) -> None:
    """Sweep the case over data and seeds, and leave the audit of the sweep beside the other."""
    vary = {"replicate": [1, 2], "seed": [5, 6]}
    sweep = {"base": config["cases"][0], "vary": vary, "keep": ["draws", "marginals"]}
    settings = {key: value for key, value in config.items() if key != "seeds"}
    swept = made(Path("results"), sweep, **settings)
    record = audit_record(audit_sweep(swept.plain, CODE).checks)
    Path("results/sweep-audit.json").write_text(json.dumps(record), encoding="utf-8")


def main(runs: int, first: int) -> None:
    """Make every run in a process and a folder of its own, and print what its audit found."""
    alarms = checks = 0
    for k in range(first, first + runs):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for part in PARTS:
                source = PROJECT / part
                copy = shutil.copytree if source.is_dir() else shutil.copy2
                copy(source, folder / part)
            command = [sys.executable, __file__, "one", str(k)]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
            if done.returncode:
                print(f"run {k}: not made: {done.stderr[-500:]}")
                alarms += 1
                continue
            found = [folder / "results" / name for name in ("audit.json", "sweep-audit.json")]
            records = [json.loads(file.read_text("utf-8")) for file in found if file.exists()]
            case = json.loads((folder / "case.json").read_text(encoding="utf-8"))
        ((model, definition),) = case.items()
        asked = [definition[kind] for kind in ("priors", "spaces", "grids")]
        counts = [record["counts"] for record in records]
        print(f"run {k}: {model} {asked}: {counts}", flush=True)
        alarms += sum(each["failed"] for each in counts)
        checks += sum(each["checks"] for each in counts)
        for row in (row for record in records for row in record["checks"]):
            if not row["ok"]:
                print("   ", *(row[key] for key in ("file", "law", "value", "limit", "means")))
    print(f"{runs} runs, {checks} checks, {alarms} false alarms")


if __name__ == "__main__":
    if sys.argv[1:2] == ["one"]:
        one_run(int(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else 50, int(sys.argv[2]) if sys.argv[2:] else 0)
