"""What scans about the modes show that no ascent had met: the stated mode is the highest."""

import math

import numpy as np
import pytest
from scipy.special import logsumexp

from laplace_approx.density.density import Density
from laplace_approx.mode.search import FROM_SCANS, find_mode

BESIDE = {
    "thin beside": ((0.5, (0.0,), 1.0), (0.5, (6.13,), 1e-2)),
    "thin inside": ((0.7, (0.0,), 1.0), (0.3, (1.13,), 1e-2)),
    "light and far": ((0.98, (0.0,), 1.0), (0.02, (15.0,), 1e-2)),
    "in a plane": ((0.7, (0.0, 0.0), 1.0), (0.3, (1.3, -0.7), 0.05)),
    "on an axis": ((0.9, (0.0, 0.0), 1.0), (0.1, (4.0, 0.0), 0.05)),
    "thin beside in a plane": (
        (0.95, (0.0, 0.0), 1.0),
        (0.05, (-3.3615, -1.1215), 0.016),
    ),
    "thin inside in a plane": ((0.8, (0.0, 0.0), 1.0), (0.2, (0.77, 1.31), 0.015)),
    "beside in space": ((0.9, (0.0, 0.0, 0.0), 1.0), (0.1, (2.1, -1.7, 1.3), 0.1)),
    "far away in four dimensions": (
        (0.5, (-14.2, 4.2, 2.4, -0.5), 1.0),
        (0.5, (9.4, -9.5, 1.7, 6.6), 0.7),
    ),
    "far away in six dimensions": (
        (0.5, (-9.0, 4.0, 2.0, -1.0, 7.0, 3.0), 1.0),
        (0.5, (9.0, -6.0, 2.0, 6.0, 5.0, -4.0), 0.7),
    ),
    "lower and wider than its distance to a thin one": (
        (0.995, (0.0, 0.0), 1.0),
        (0.005, (2.1, -1.4), 0.02),
    ),
    "in space": ((0.6, (0.0, 0.0, 0.0), 1.0), (0.4, (0.7, -0.7, 0.3), 0.1)),
}


def mixture(humps) -> Density:
    d = len(humps[0][1])

    def value(x):
        parts = [
            math.log(weight)
            - 0.5 * np.sum(((x - np.array(mean)) / sd) ** 2, axis=-1)
            - d * math.log(sd)
            for weight, mean, sd in humps
        ]
        return logsumexp(np.stack(parts), axis=0)

    return Density(
        tuple("abcdef"[:d]), value, None, None, np.full(d, -math.inf), np.full(d, math.inf)
    )


@pytest.mark.parametrize("name", BESIDE)
def test_the_stated_mode_is_the_highest(name):
    humps = BESIDE[name]
    mode = find_mode(mixture(humps), np.full(len(humps[0][1]), 0.1), seed=0)
    _, mean, sd = max(humps, key=lambda hump: hump[0] / hump[2] ** len(hump[1]))
    assert np.linalg.norm(mode.x - mean) < 1e-2 * sd


def test_a_normal_is_climbed_from_no_scan():
    density = mixture(((1.0, (0.0, 0.0), 1.0),))
    mode = find_mode(density, np.full(2, 0.1), seed=0)
    assert all(attempt["method"] != FROM_SCANS for attempt in mode.report.attempts)
