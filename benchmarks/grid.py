"""Time the named grid of the bioassay posterior beside the cells computed by plain broadcasting.

Plain broadcasting is what a notebook does: one array of all cells and all data, a mass for each
cell, and the marginals' means and SDs. The named grid evaluates the same cells through the general
interface of a model, block by block, and adds marginal tables, what lies outside, and the error of
the spacing. The memory is the most that NumPy held at once, beside that of the columns of the
table of cells. Run it as

    OPENBLAS_NUM_THREADS=1 .venv/bin/python benchmarks/grid.py [repetitions]
"""

import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "workflow/scripts"))

from laplace_approx.density.posterior import natural_density  # noqa: E402
from laplace_approx.density.priors import build_prior  # noqa: E402
from laplace_approx.exact.box import named_grid  # noqa: E402
from laplace_files.models.data import read_data  # noqa: E402
from laplace_files.models.modelfile import load_model  # noqa: E402

DATA = read_data(str(PROJECT / "data/bioassay.csv"))
MODEL = load_model(str(PROJECT / "workflow/scripts/laplace_approx/models/bioassay.py"), DATA)
SD, MEAN = np.array([4.0, 10.0]), np.array([0.0, 10.0])
PRIOR = build_prior(
    {
        name: {"family": "normal", "mean": float(mean), "sd": float(sd)}
        for name, mean, sd in zip(MODEL.parameters, MEAN, SD, strict=True)
    },
    MODEL.parameters,
)
LOWER, UPPER = (-4.0, -10.0), (8.0, 40.0)
TIMED = (100, 1000)
MEASURED = (1000, 2000, 4000)


def ours(n: int) -> dict:
    """Return the columns of the cells as the grid's table has them."""
    density = natural_density(MODEL, PRIOR)
    return named_grid(density, LOWER, UPPER, [n, n]).columns()


def plain(n: int) -> dict:
    """Return the same columns by one broadcast over cells and data."""
    alpha, beta = (np.linspace(a, b, n) for a, b in zip(LOWER, UPPER, strict=True))
    eta = alpha[:, None, None] + beta[:, None] * DATA["dose"]
    terms = DATA["deaths"] * eta - DATA["animals"] * np.logaddexp(0.0, eta)
    u, v = (alpha[:, None] - MEAN[0]) / SD[0], (beta - MEAN[1]) / SD[1]
    log_density = terms.sum(axis=-1) - 0.5 * (u**2 + v**2) - np.log(2 * np.pi * SD.prod())
    mass = np.exp(log_density - log_density.max())
    mass /= mass.sum()
    for values, layers in ((alpha, mass.sum(axis=1)), (beta, mass.sum(axis=0))):
        mean = layers @ values
        np.sqrt(layers @ (values - mean) ** 2)
    a, b = np.meshgrid(alpha, beta, indexing="ij")
    cells = (a, b, log_density, mass)
    return dict(zip((*MODEL.parameters, "log_density", "mass"), map(np.ravel, cells), strict=True))


def main(repetitions: int) -> None:
    """Print the time a cell and the memory of both, and that they give the same cells."""
    for n in TIMED:
        times = {make: _best(make, n, repetitions) for make in (plain, ours)}
        for make, seconds in times.items():
            print(
                f"{make.__name__:5} {n:5d} x {n:<5d} {1e3 * seconds:9.2f} ms, "
                f"{1e9 * seconds / n**2:7.1f} ns a cell, ratio {seconds / times[ours]:5.1f}"
            )
    for n in MEASURED:
        for make in (plain, ours) if n < MEASURED[-1] else (ours,):
            peak, held = _memory(make, n)
            print(
                f"{make.__name__:5} {n:5d} x {n:<5d} {peak / 2**20:9.0f} MiB at the most, "
                f"{peak / held:5.2f} times the columns"
            )
    same = all(np.allclose(ours(100)[key], plain(100)[key], rtol=1e-9) for key in plain(100))
    print("the cells are", "the same" if same else "DIFFERENT")


def _best(make, n: int, repetitions: int) -> float:
    times = []
    for _ in range(repetitions + 1):  # the first warms up
        start = time.process_time()
        make(n)
        times.append(time.process_time() - start)
    return min(times[1:])


def _memory(make, n: int) -> tuple[int, int]:
    """Return the most bytes at once, and those of the columns that are left."""
    tracemalloc.start()
    columns = make(n)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak, sum(column.nbytes for column in columns.values())


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 5)
