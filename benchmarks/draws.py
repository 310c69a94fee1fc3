"""Time a million draws of the normal approximation beside the standard normals that they take.

Compared are the generator by itself, `laplace_draws` in the natural space of two parameters and in
one with a logarithm, and NumPy's `multivariate_normal` with `method="cholesky"`. Run it as

    OPENBLAS_NUM_THREADS=1 .venv/bin/python benchmarks/draws.py [repetitions]
"""

import sys
import time
from pathlib import Path

import numpy as np

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "workflow/scripts"))

from laplace_approx.density.space import build_space  # noqa: E402
from laplace_approx.normal.draws import laplace_draws  # noqa: E402
from laplace_approx.normal.normal import Normal  # noqa: E402

DRAWS = 1_000_000
NORMAL = Normal(np.array([1.3, 2.0]), np.array([[1.0, 0.0], [0.3, 0.4]]))
NAMES, UNBOUNDED = ("alpha", "beta"), np.full(2, np.inf)


def main(repetitions: int) -> None:
    """Print the processor time of each way, and its ratio to the generator's."""
    natural = build_space({}, NAMES, -UNBOUNDED, UNBOUNDED)
    logarithm = build_space({"beta": "log"}, NAMES, -UNBOUNDED, UNBOUNDED)
    covariance = NORMAL.cholesky @ NORMAL.cholesky.T
    ways = {
        "the generator alone": lambda rng: rng.standard_normal((DRAWS, 2)),
        "laplace_draws, natural": lambda rng: laplace_draws(NORMAL, natural, rng, DRAWS),
        "laplace_draws, log(beta)": lambda rng: laplace_draws(NORMAL, logarithm, rng, DRAWS),
        "NumPy, cholesky": lambda rng: rng.multivariate_normal(
            NORMAL.mean, covariance, DRAWS, method="cholesky"
        ),
    }
    times = {way: [] for way in ways}
    for _ in range(repetitions):
        for way, draw in ways.items():
            times[way].append(_seconds(draw))
    least = min(times["the generator alone"])
    for way, seconds in times.items():
        print(f"{way:25} {1e3 * min(seconds):7.1f} ms, ratio {min(seconds) / least:5.2f}")


def _seconds(draw) -> float:
    rng = np.random.default_rng(1)
    start = time.process_time()
    draw(rng)
    return time.process_time() - start


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 7)
