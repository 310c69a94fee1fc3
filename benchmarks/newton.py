"""Time the damped Newton method on many scenarios as rows beside the same scenarios one by one.

A scenario is the bioassay posterior with a normal prior of its own. The rows are checked to end, to
the last bit, where the scenarios end that are run alone. Run it as

    OPENBLAS_NUM_THREADS=1 .venv/bin/python benchmarks/newton.py [repetitions]
"""

import sys
import time
from pathlib import Path

import numpy as np

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "workflow/scripts"))

from laplace_approx.numerics.newton import newton_rows  # noqa: E402

DOSE, ANIMALS, DEATHS = np.loadtxt(
    PROJECT / "data/bioassay.csv", delimiter=",", skiprows=1, unpack=True
)
SCENARIOS = (1, 10, 100, 1000, 10_000)
ALONE = 200  # scenarios that are run one by one
STILL = 1e-9  # SDs: far less than any use of a mode needs


class Scenarios:
    """The bioassay log posterior of n scenarios, priors N(mean, sd^2) of alpha and of beta."""

    def __init__(self, n: int):
        rng = np.random.default_rng(1)
        self.mean = rng.normal([0.0, 10.0], [1.0, 3.0], (n, 2))
        self.sd = rng.uniform([2.0, 5.0], [6.0, 15.0], (n, 2))
        self.start = np.zeros((n, 2))

    def log_density(self, rows, theta):
        value = self._pulled(rows, theta)
        for dose, animals, deaths in zip(DOSE, ANIMALS, DEATHS, strict=True):
            eta = theta[:, 0] + theta[:, 1] * dose
            value += deaths * eta
            value -= animals * (np.maximum(eta, 0.0) + np.log1p(np.exp(-np.abs(eta))))
        return value

    def gradient(self, rows, theta):
        slope = (self.mean[rows] - theta) / self.sd[rows] ** 2
        for dose, animals, deaths in zip(DOSE, ANIMALS, DEATHS, strict=True):
            left = deaths - animals / (1 + np.exp(-theta[:, 0] - theta[:, 1] * dose))
            slope[:, 0] += left
            slope[:, 1] += left * dose
        return slope

    def hessian(self, rows, theta):
        matrix = np.zeros((len(theta), 2, 2))
        matrix[:, [0, 1], [0, 1]] = -(self.sd[rows] ** -2)
        for dose, animals in zip(DOSE, ANIMALS, strict=True):
            decay = np.exp(-np.abs(theta[:, 0] + theta[:, 1] * dose))
            weight = animals * decay / (1 + decay) ** 2
            matrix[:, 0, 0] -= weight
            matrix[:, 1, 0] -= weight * dose
            matrix[:, 1, 1] -= weight * dose**2
        matrix[:, 0, 1] = matrix[:, 1, 0]
        return matrix

    def _pulled(self, rows, theta):
        u = (theta - self.mean[rows]) / self.sd[rows]
        return -0.5 * (u[:, 0] * u[:, 0] + u[:, 1] * u[:, 1])

    def alone(self, row: int) -> "Scenarios":
        one = Scenarios(1)
        one.mean, one.sd = self.mean[row : row + 1], self.sd[row : row + 1]
        return one

    def solved(self):
        functions = self.log_density, self.gradient, self.hessian
        return newton_rows(*functions, self.start, tolerance=STILL)


def main(repetitions: int) -> None:
    """Print microseconds of processor time a scenario, and the ratio to one by one."""
    most = Scenarios(SCENARIOS[-1])
    few = [most.alone(row) for row in range(ALONE)]
    one_by_one = _best(lambda: [each.solved() for each in few], repetitions) / ALONE
    print(f"one by one {1e6 * one_by_one:10.1f} us a scenario")
    for n in SCENARIOS:
        batch = Scenarios(n)
        batch.mean, batch.sd = most.mean[:n], most.sd[:n]
        seconds = _best(batch.solved, repetitions) / n
        print(f"{n:6d} rows {1e6 * seconds:11.2f} us a scenario, ratio {one_by_one / seconds:8.1f}")
    together, alone = batch.solved(), [each.solved() for each in few]
    same = all(np.array_equal(each.x[0], together.x[row]) for row, each in enumerate(alone))
    print("all converged:", bool(together.converged.all()))
    print("to the last bit:", "the same" if same else "DIFFERENT")


def _best(run, repetitions: int) -> float:
    times = []
    for _ in range(repetitions):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 5)
