"""Time mode and curvature of a logistic regression beside the floating-point work alone.

For d coefficients and 10 d rows a Newton step cannot do without one Gram product X' W X and one
Cholesky factorisation of it. Both are measured here, in the same run and on one thread, as what
BLAS and LAPACK need for them alone. Counted are the steps that the search made from its start, the
one at the mode that is too short to be made, and that of the curvature, a job of its own. The
ratio shows what everything else costs: the gradients, the checks, the proof that the end is a
mode, the dispersed starts, the rays, the second opinions on the Hessian. Times are of the
processor, which other programs disturb less; wall times stand beside them. Run it as

    .venv/bin/python benchmarks/dimension.py [d ...]
"""

import os
import subprocess
import sys
import time
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy is loaded: what a job of one core has

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "workflow" / "scripts"))

import numpy as np  # noqa: E402
from logistic_data import simulate  # noqa: E402

DIMENSIONS = (2, 10, 100, 1000)
REPETITIONS = 3
PRIOR = {
    "joint": {"family": "multivariate_normal", "mean": 0.0, "sd": 2.5, "correlation": 0.0}
}  # fmt: skip
HEADER = "    d  steps  Gram ms (GFlop/s)  Cholesky ms (GFlop/s)"
HEADER += "  alone s  mode s  curvature s  ratio  wall s  peak MiB"


def main(dimensions) -> None:
    """Print a line for each dimension, measured in a process of its own."""
    print(HEADER)
    for d in dimensions:
        subprocess.run([sys.executable, __file__, "--one", str(d)], check=True)


def one(d: int) -> None:
    """Measure one dimension and print its line."""
    from laplace_approx.curvature.measure import measure_curvature
    from laplace_approx.mode.search import find_mode

    density, start, design = posterior(d)
    find_mode(density, start, 0)  # what is imported on the way is not work
    mode, mode_s, wall = _best(lambda: find_mode(density, start, 0))
    gram_s, cholesky_s = _work(design)
    _, curvature_s, more = _best(lambda: measure_curvature(density, mode.x))
    # the path holds the start, the end of each step, and the proven point
    steps = len(mode.report.path) - 2 + 2
    alone = steps * (gram_s + cholesky_s)
    rates = 1e-9 * design.shape[0] * d**2 / gram_s, 1e-9 * d**3 / 3 / cholesky_s
    print(
        f"{d:5}{steps:7}{1e3 * gram_s:9.3g} ({rates[0]:6.3g}){1e3 * cholesky_s:13.3g} "
        f"({rates[1]:6.3g}){alone:12.3g}{mode_s:8.3g}{curvature_s:13.3g}"
        f"{(mode_s + curvature_s) / alone:7.1f}{wall + more:8.3g}{_peak():10.0f}",
        flush=True,
    )


def posterior(d: int):
    """Return the density of a simulated data set, its start, and the design matrix."""
    from laplace_approx.density.posterior import natural_density
    from laplace_approx.density.priors import build_prior
    from laplace_files.models.modelfile import load_model

    x, y = simulate(d, 1)
    data = {"y": y, **{f"x{j + 1}": column for j, column in enumerate(x.T)}}
    model = load_model(
        PROJECT / "workflow/scripts/laplace_approx/models/logistic_regression.py", data
    )
    design = np.column_stack([np.ones(y.size), x])
    return natural_density(model, build_prior(PRIOR, model.parameters)), model.start, design


def _work(design):
    """Return the seconds of one Gram product and of one Cholesky factorisation of it."""
    gram = design.T @ design
    count = max(1, int(2e7 / design.size))
    _, gram_s, _ = _best(lambda: [design.T @ design for _ in range(count)])
    _, cholesky_s, _ = _best(lambda: [np.linalg.cholesky(gram) for _ in range(count)])
    return gram_s / count, cholesky_s / count


def _best(function):
    """Return the value, and the least processor and wall seconds of a few calls."""
    times, walls = [], []
    for _ in range(REPETITIONS):
        processor, wall = time.process_time(), time.perf_counter()
        value = function()
        times.append(time.process_time() - processor)
        walls.append(time.perf_counter() - wall)
    return value, min(times), min(walls)


def _peak() -> float:
    """Return the largest resident memory of this process so far, in MiB."""
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(int(sys.argv[2]))
    else:
        main([int(d) for d in sys.argv[1:]] or DIMENSIONS)
