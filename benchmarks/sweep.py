"""A sweep through Snakemake beside one hand-written vectorised process for the same scenarios.

Usage: .venv/bin/python benchmarks/sweep.py [scenarios] [kind ...]

Kinds: `named` (every scenario a prior of its own, held against a box of 100 x 100 cells),
`certified` (the same against the certified grid), `seeds` (25 priors with many seeds each, against
the certified grid). Prints wall and processor seconds, the ratio to the hand-written process,
microseconds a scenario, peak memory of the largest process, jobs, and bytes on disk.

The hand-written process does what a person would write for this one model and this one sweep:
Newton for all scenarios in step, covariances in closed form, draws, the box evaluated for all
priors from one likelihood, quantiles of both sides and the error of the normal, one Parquet a
step. It certifies nothing, searches for no other mode, checks no derivative, looks at no derived
quantity, gives no verdict, and states no error.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

PROJECT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(PROJECT / "tests")]
KINDS = ("named", "seeds", "certified")
BASE = {"model": "bioassay", "prior": "normal_sd", "space": "natural"}
DOSE = np.array([-0.86, -0.30, -0.05, 0.73])
TRIALS, DEATHS = 5.0, np.array([0.0, 1.0, 3.0, 5.0])
PROBABILITIES = [0.005, 0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975, 0.995]


def sweep_of(kind: str, n: int) -> dict:
    """Return the definition of a sweep of n scenarios."""
    grid = "chapter" if kind == "named" else "certified"
    scales = {"geometric": [1, 100, n]}
    vary = {"prior.beta.sd": scales}
    if kind == "seeds":
        vary = {"prior.beta.sd": {"geometric": [1, 100, 25]}, "seed": {"range": [0, n // 25]}}
    return {"base": BASE | {"grid": grid}, "vary": vary}


def hand_written(n: int, folder: Path) -> None:
    """Write the steps of the sweep `named` as a person in a hurry would."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    def write(name, **columns):
        pq.write_table(pa.table(columns), folder / f"{name}.parquet", compression="zstd")

    sd = np.geomspace(1, 100, n)
    mean, precision = np.array([0.0, 10.0]), np.stack([np.full(n, 1 / 16), 1 / sd**2], axis=-1)
    theta = np.zeros((n, 2))
    design = np.stack([np.ones(4), DOSE], axis=-1)
    for _ in range(30):
        p = 1 / (1 + np.exp(-theta @ design.T))
        gradient = (DEATHS - TRIALS * p) @ design - (theta - mean) * precision
        hessian = -np.einsum("sj,ja,jb->sab", TRIALS * p * (1 - p), design, design)
        hessian[:, [0, 1], [0, 1]] -= precision
        step = np.linalg.solve(-hessian, gradient[..., None])[..., 0]
        theta += step
        if np.max(np.abs(step)) < 1e-12:
            break
    covariance = np.linalg.inv(-hessian)
    cholesky = np.linalg.cholesky(covariance)
    scenario = np.arange(n)
    write("mode", scenario=scenario, alpha=theta[:, 0], beta=theta[:, 1])
    write("curvature", scenario=scenario, covariance=list(covariance.reshape(n, 4)))
    u = np.random.default_rng(42).standard_normal((n, 1500, 2))
    draws = theta[:, None] + u @ cholesky.transpose(0, 2, 1)
    write(
        "draws",
        scenario=np.repeat(scenario, 1500),
        alpha=draws[..., 0].ravel(),
        beta=draws[..., 1].ravel(),
    )
    alpha, beta = np.linspace(-4, 8, 100), np.linspace(-10, 40, 100)
    eta = alpha[:, None, None] + beta[:, None] * DOSE
    likelihood = np.sum(DEATHS * eta - TRIALS * np.logaddexp(0, eta), axis=-1)
    likelihood = np.exp(likelihood - likelihood.max())
    prior_alpha = np.exp(-0.5 * alpha**2 / 16)
    prior_beta = np.exp(-0.5 * ((beta - 10) / sd[:, None]) ** 2)
    of_beta = (prior_alpha @ likelihood) * prior_beta
    of_alpha = (prior_beta @ likelihood.T) * prior_alpha
    from scipy.special import ndtri

    z = ndtri(PROBABILITIES)
    rows = []
    for axis, (values, marginal) in enumerate(((alpha, of_alpha), (beta, of_beta))):
        cdf = np.cumsum(marginal, axis=1) / np.sum(marginal, axis=1, keepdims=True)
        exact = np.array([np.interp(PROBABILITIES, row, values) for row in cdf])
        normal = theta[:, axis, None] + np.sqrt(covariance[:, axis, axis, None]) * z
        mean_ = np.sum(marginal * values, axis=1) / np.sum(marginal, axis=1)
        spread = np.sum(marginal * (values - mean_[:, None]) ** 2, axis=1)
        scale = np.sqrt(spread / np.sum(marginal, axis=1))
        rows.append((exact, normal, (normal - exact) / scale[:, None]))
    write(
        "quantiles",
        scenario=np.tile(np.repeat(scenario, 9), 2),
        grid=np.concatenate([row[0].ravel() for row in rows]),
        laplace=np.concatenate([row[1].ravel() for row in rows]),
        difference_sd=np.concatenate([row[2].ravel() for row in rows]),
    )


def measured(command: list[str], folder: Path) -> tuple[float, float, float]:
    """Run a command and return its wall and processor seconds, and the peak memory in MB."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=_lean())
    wall = time.perf_counter() - start
    if done.returncode:
        sys.exit(done.stderr[-3000:] or done.stdout[-3000:])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, after.ru_maxrss / 1024


def _lean() -> dict:
    return os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}


def run_snakemake(kind: str, n: int, folder: Path) -> tuple[tuple, int, int]:
    """Run a sweep in a copy of the project; return its cost, its jobs, and the bytes on disk."""
    from project_copy import copy_project

    copy_project(folder)
    overlay = {"sweeps": {"bench": sweep_of(kind, n)}}
    (folder / "overlay.yaml").write_text(json.dumps(overlay))
    steps = ("mode", "curvature", "grid", "quantiles", "verdict", "draws")
    targets = [f"results/sweeps/bench/{step}.parquet" for step in steps]
    command = [sys.executable, "-m", "snakemake", *targets, "--configfile", "overlay.yaml"]
    cost = measured(command, folder)
    chunks = len(list((folder / "results/sweeps/bench/chunks").iterdir()))
    size = sum(f.stat().st_size for f in (folder / "results").rglob("*") if f.is_file())
    return cost, chunks + len(steps), size


def main() -> None:
    """Print the table for the kinds that are asked for."""
    arguments = sys.argv[1:]
    n = int(arguments.pop(0)) if arguments and arguments[0].isdigit() else 1000
    kinds = arguments or KINDS
    print(f"{n} scenarios, {os.cpu_count()} cores")
    head = ("", "wall s", "cpu s", "ratio", "us/scenario", "MB", "jobs", "MB on disk")
    print("{:22}{:>8}{:>8}{:>8}{:>13}{:>7}{:>6}{:>12}".format(*head))
    row = "{:22}{:8.2f}{:8.2f}{:8.1f}{:13.0f}{:7.0f}{:6d}{:12.1f}".format
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder)
        by_hand = [sys.executable, __file__, "--hand-written", str(n), folder]
        wall, cpu, memory = measured(by_hand, own)
        size = sum(f.stat().st_size for f in own.iterdir())
        print(row("hand-written", wall, cpu, 1.0, 1e6 * wall / n, memory, 1, size / 1e6))
    for kind in kinds:
        with tempfile.TemporaryDirectory() as folder:
            cost, jobs, size = run_snakemake(kind, n, Path(folder) / "project")
            ratio = cost[0] / wall
            print(
                row(
                    f"snakemake, {kind}",
                    *cost[:2],
                    ratio,
                    1e6 * cost[0] / n,
                    cost[2],
                    jobs,
                    size / 1e6,
                )
            )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--hand-written"]:
        hand_written(int(sys.argv[2]), Path(sys.argv[3]))
    else:
        main()
