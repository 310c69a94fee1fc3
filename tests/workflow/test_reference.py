"""The posteriors of the chapter and its exercises against values computed independently.

Modes and SDs by 40-digit Newton iteration on densities written separately, exact log evidences by
Gauss-Legendre quadrature, refined until they stood still. Binomial coefficients are left out;
priors have their normalising constants.
"""

from typing import NamedTuple

import numpy as np
import pytest

from configured_posterior import posterior
from laplace_approx.curvature.step import curvature_record
from laplace_approx.errors import Declined
from laplace_approx.exact.certified import certified_grid
from laplace_approx.exact.step import grid_tables
from laplace_approx.mode.step import mode_record

# of modes in SDs, of SDs relative, of log evidences absolute
TOLERANCE = 1e-6


class Reference(NamedTuple):
    """A posterior in a space: its normal, and the exact log evidence."""

    model: str
    prior: str | dict
    space: str
    mode: tuple[float, float]
    sd: tuple[float, float]
    correlation: float
    log_evidence: float
    exact_log_evidence: float


WINDSHIELD, CENTRE = -16.00140204132967, 14.61122222222222222
REFERENCES = {
    "flat": Reference(
        *("bioassay", "flat", "natural"),
        (0.846580228090550896923479594468, 7.74881715058772608651693852053),
        (1.019085416797719, 4.8727677014870245),
        *(0.7140864994046199, -2.810589742531285, -2.728784270502175),
    ),
    "bda": Reference(
        *("bioassay", "bda", "natural"),
        (0.713573709435070675668782013278, 7.92571932315231590143939704023),
        (0.9005967627015883, 4.522265911631499),
        *(0.6705704014168383, -7.82870560646171, -7.83122096223071),
    ),
    "bda, independent": Reference(
        "bioassay",
        {
            "alpha": {"family": "normal", "mean": 0, "sd": 2},
            "beta": {"family": "normal", "mean": 10, "sd": 10},
        },
        "natural",
        (0.739234511728157322502661690208, 7.66023923988489847200430751687),
        (0.8612399444061741, 4.191598245850575),
        *(0.6227756990947072, -7.956421794206688, -7.952058778824215),
    ),
    "normal_sd": Reference(
        *("bioassay", "normal_sd", "natural"),
        (0.861644540102597226325449279723, 8.03803131708534929093962797008),
        (0.9512977176965982, 4.476309156815411),
        *(0.6665901810401293, -8.473165990273708, -8.466589786581757),
    ),
    "normal_variance": Reference(
        *("bioassay", "normal_variance", "natural"),
        (0.925579427800791883992785903205, 9.17442694086817166295579930485),
        (0.7715130276668652, 2.7411482173606414),
        *(0.41934865754729794, -7.280692556560032, -7.286064340736065),
    ),
    "log_beta": Reference(
        *("bioassay", "flat", "log_beta"),
        (1.27132191824634851210974626109, 2.37497155783023582404222668591),
        (1.07401078099638, 0.5145584196511105),
        # the exact value is that of the whole line: beta < 0 holds 4e-6 of it, and is left out
        *(0.686958864912676, -2.7463692186214885, -2.728784270502175),
    ),
    "log_sigma": Reference(
        *("windshieldy1", "reciprocal", "log_sigma"),
        (CENTRE, 0.329198023573399034614362958662),
        (0.46328435066896007, 0.23570226039551584),
        *(0.0, -16.109952088636092, WINDSHIELD),
    ),
    "sigma": Reference(
        *("windshieldy1", "reciprocal", "natural"),
        (CENTRE, 1.31853037718345934039936731241),
        (0.4395101257278198, 0.2948323553780653),
        *(0.0, -16.241190283833703, WINDSHIELD),
    ),
    "sigma_squared": Reference(
        *("windshieldy1", "reciprocal", "sigma_squared"),
        (CENTRE, 1.58047486868686868686868686869),
        (0.41905646247610284, 0.6739167483721594),
        *(0.0, -16.407604654518565, WINDSHIELD),
    ),
    "conjugate regression": Reference(
        *("linear_known_variance", "normal", "natural"),
        (3.02451960860577002406730358982, 0.496899254408606712915490998923),
        (1.122679878961379, 0.1176805752260126),
        *(-0.942052041403732, -22.555460514604917, -22.555460514604917),
    ),
}


@pytest.mark.parametrize("derivatives", [True, False], ids=["derivatives", "values only"])
@pytest.mark.parametrize("name", REFERENCES)
def test_mode_curvature_and_log_evidence(name, derivatives):
    true = REFERENCES[name]
    model, density, space = posterior(true.model, true.prior, true.space, derivatives)
    mode = mode_record(model, density, space)
    curvature = curvature_record(density, space, mode["z"])
    sd = np.array(true.sd)
    assert np.all(np.abs(np.array(mode["z"]) - true.mode) < TOLERANCE * sd)
    np.testing.assert_allclose(curvature["sd"], sd, rtol=TOLERANCE)
    assert curvature["correlation"][0][1] == pytest.approx(true.correlation, abs=TOLERANCE)
    assert curvature["log_evidence"] == pytest.approx(true.log_evidence, abs=TOLERANCE)


GRIDS = [name for name in REFERENCES if name not in ("log_beta", "sigma", "sigma_squared")]


@pytest.mark.parametrize("name", GRIDS)
def test_the_certified_grid_has_the_exact_log_evidence(name):
    true = REFERENCES[name]
    model, density, _ = posterior(true.model, true.prior, true.space)
    grid = certified_grid(density, model.start)
    assert grid.certified
    assert grid.log_evidence == pytest.approx(true.exact_log_evidence, abs=TOLERANCE)


def test_the_jacobian_forgotten_is_declined_as_improper():
    """Flat on (alpha, log beta): B(9, 11) of mass per unit of -log beta, for ever.

    There is a clean local mode all the same, at log beta = 2.0475, with a covariance that is
    positive definite: whoever looks no further reports it.
    """
    model, density, space = posterior("bioassay", "flat_log", "log_beta")
    with pytest.raises(Declined) as declined:
        mode_record(model, density, space)
    assert declined.value.reason == "improper"
    assert "log(beta)" in str(declined.value)


def test_an_improper_posterior_has_no_certified_grid():
    """And the search for one begins inside the support, though the model's own start is on it."""
    model, density, _ = posterior("bioassay", "flat_log", "log_beta")
    record = grid_tables(model, lambda: density, {}).record
    assert not record["certified"]
    assert record["log_evidence"] is None
    assert "start" not in " ".join(record["reasons"])
