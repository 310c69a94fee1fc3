"""Calibration without Monte Carlo: every data set that the bioassay can give, each with its weight.

Averaged over the prior and the data, the exact 95 % interval of beta covers beta with probability
.95, and the evidences of all possible data sets sum to one. The Laplace interval covers less.
"""

import itertools
import math

import numpy as np
import pytest

from laplace_approx.comparison.coverage import interval_coverage
from laplace_approx.comparison.sides import LaplaceSide
from laplace_approx.density.density import Density
from laplace_approx.density.posterior import natural_density
from laplace_approx.density.priors import build_prior
from laplace_approx.density.space import build_space
from laplace_approx.density.transforms import Identity
from laplace_approx.exact.axis import Axis, trapezoid_weights
from laplace_approx.exact.frame import Frame
from laplace_approx.exact.lattice import evaluate
from laplace_approx.exact.marginal import cdf_from_marginal
from laplace_approx.exact.marginal_table import build_marginal
from laplace_approx.normal.normal import Normal
from laplace_approx.numerics.quadrature import node_weights
from laplace_approx.remedies.repeated_data import refitted
from laplace_files.models.modelfile import load_model
from project_copy import PROJECT

MODEL = PROJECT / "workflow/scripts/laplace_approx/models/bioassay.py"
DOSE = np.array([-0.86, -0.30, -0.05, 0.73])
ANIMALS = 5
PRIOR = {
    "joint": {
        "family": "multivariate_normal",
        "mean": [0, 10],
        "covariance": [[4, 10], [10, 100]],
    }
}
LEVELS = (0.5, 0.95)
# Averages over all 1296 data sets, computed independently by Gauss-Legendre quadrature.
TRUE_COVERAGE = {0.5: 0.5026858350542943, 0.95: 0.9125138637383604}
# beta = 10 + 10 u, alpha = u + sqrt(3) v: the prior is standard normal in (u, v). Beyond 8.2 SDs
# lies 2e-16 of it. The likelihood has its nearest poles pi / 0.86 from the real axis of beta, so
# that a step of 1 leaves exp(-2 pi * pi / 0.86) = 1e-10 of the integral; the table of the marginal,
# which interpolates between nodes, takes half of that.
HALFWIDTH, POINTS = 8.2, (329, 165)
FRAME = Frame(
    names=("alpha", "beta"),
    transforms=(Identity(), Identity()),
    origin=np.array([0.0, 10.0]),
    shear=np.array([[1.0, math.sqrt(3.0)], [10.0, 0.0]]),
    axes=tuple(Axis(-HALFWIDTH, HALFWIDTH, points) for points in POINTS),
    support=np.array([[-np.inf] * 2, [np.inf] * 2]),
)
PRIOR_NORMAL = Normal(np.array([0.0, 10.0]), np.linalg.cholesky([[4.0, 10.0], [10.0, 100.0]]))


def evidence_and_coverage(model, density: Density, space) -> tuple[float, np.ndarray]:
    """Return the evidence of one data set and the exact coverage of its Laplace intervals."""
    lattice = evaluate(FRAME, density.log_density)
    p, shift = lattice.relative()
    along_beta, along_alpha = (trapezoid_weights(axis) for axis in FRAME.axes)
    evidence = math.exp(shift) * (along_beta @ p @ along_alpha)
    marginal = build_marginal(FRAME, 1, p @ node_weights(p.shape[1]))
    side = LaplaceSide(model, space, refitted(density, PRIOR_NORMAL))
    tails = (1 - np.array(LEVELS)) / 2
    lower, upper = (side.quantiles("beta", q).value for q in (tails, 1 - tails))
    found = interval_coverage(lambda x: cdf_from_marginal(marginal, x), lower, upper, LEVELS)
    return evidence, found.coverage


@pytest.fixture(scope="module")
def enumerated():
    """Return (evidences (1296,), coverages (1296, levels)) of every possible data set."""
    evidences, coverages = [], []
    space = build_space({}, ("alpha", "beta"), np.full(2, -np.inf), np.full(2, np.inf))
    prior = build_prior(PRIOR, ("alpha", "beta"))
    for deaths in itertools.product(range(ANIMALS + 1), repeat=DOSE.size):
        data = {
            "dose": DOSE,
            "animals": np.full(DOSE.size, float(ANIMALS)),
            "deaths": np.array(deaths, dtype=float),
        }
        model = load_model(MODEL, data)
        evidence, coverage = evidence_and_coverage(model, natural_density(model, prior), space)
        evidences.append(evidence * math.prod(math.comb(ANIMALS, y) for y in deaths))
        coverages.append(coverage)
    return np.array(evidences), np.array(coverages)


def test_the_evidences_of_all_data_sets_sum_to_one(enumerated):
    evidences, _ = enumerated
    assert evidences.size == 1296
    assert abs(evidences.sum() - 1) < 1e-8  # exact sum; the lattice costs 1e-10


def test_the_laplace_intervals_cover_what_they_are_known_to(enumerated):
    evidences, coverages = enumerated
    for level, found in zip(LEVELS, evidences @ coverages, strict=True):
        # the table is cubic between nodes 0.05 prior SDs apart: good to 1e-5
        assert abs(found - TRUE_COVERAGE[level]) < 5e-5
