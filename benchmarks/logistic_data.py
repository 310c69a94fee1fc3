"""Write a logistic regression with d coefficients and 10 d rows: its data and its configuration.

Row i has the covariates x_i ~ N(0, I / d), d - 1 of them beside the intercept, and
y_i ~ Bernoulli(logit^-1(x_i theta)) with theta_j ~ N(0, 1.5), so that the linear predictor has a
variance of about 2: far from separation with ten rows a coefficient. The prior is N(0, 2.5) on
each coefficient. Run it from the top of the project, for d coefficients with that seed, as

    .venv/bin/python benchmarks/logistic_data.py 100 1 FOLDER
    snakemake --configfile FOLDER/config.yaml
"""

import sys
from pathlib import Path

import numpy as np

ROWS = 10  # a coefficient
CONFIG = """\
cases:
  - {{model: logistic{d}, prior: normal, space: natural, grid: certified}}
models:
  logistic{d}:
    file: workflow/scripts/laplace_approx/models/logistic_regression.py
    data: {data}
    priors:
      normal: {{joint: {{family: multivariate_normal, mean: 0, sd: 2.5, correlation: 0}}}}
    spaces: {{natural: {{}}}}
    grids: {{certified: {{}}}}
"""


def simulate(d: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the covariates (10 d, d - 1) and the outcomes (10 d,), 0 or 1."""
    rng = np.random.default_rng([d, seed])
    x = rng.standard_normal((ROWS * d, d - 1)) / np.sqrt(d)
    theta = 1.5 * rng.standard_normal(d)
    eta = theta[0] / np.sqrt(d) + x @ theta[1:]
    return x, (rng.uniform(size=eta.size) < 1 / (1 + np.exp(-eta))).astype(float)


def write(d: int, seed: int, folder: Path) -> Path:
    """Write data.csv, with the columns y and x1, x2, ..., and config.yaml; return the latter."""
    folder.mkdir(parents=True, exist_ok=True)
    x, y = simulate(d, seed)
    names = ",".join(["y", *(f"x{j}" for j in range(1, d))])
    table = np.column_stack([y, x])
    formats = ["%d"] + ["%.6f"] * (d - 1)
    np.savetxt(folder / "data.csv", table, formats, ",", header=names, comments="")
    config = folder / "config.yaml"
    config.write_text(CONFIG.format(d=d, data=(folder / "data.csv").as_posix()), "utf-8")
    return config


if __name__ == "__main__":
    print(write(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])))
