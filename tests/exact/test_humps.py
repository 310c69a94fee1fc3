"""An axis with several humps: its places are found from u, however many and narrow they are."""

import numpy as np
import pytest

from laplace_approx.exact import humps

NUMBERS = (1, 4, 45)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("narrowest", [1.0, 1e-3, 1e-8])
def test_places_are_those_of_their_coordinates(number, narrowest):
    rng = np.random.default_rng(number)
    widths = narrowest ** rng.uniform(0, 1, number)
    centres = tuple(zip(np.sort(rng.uniform(-3, 3, number)).tolist(), widths.tolist(), strict=True))
    u = np.linspace(*humps.coordinate(np.array([-1e6, 1e6]), centres), 4001)
    w = humps.place(u, centres)
    assert np.all(np.diff(w) >= 0)
    # to the last digits of either
    digits = np.spacing(np.abs(w)) / humps.slope(w, centres)
    np.testing.assert_array_less(
        np.abs(humps.coordinate(w, centres) - u), 1e-13 * (1 + np.abs(u)) + 8 * digits
    )


def test_a_shape_stays_as_it_is():
    centres = ((0.0, 1.0), (5.0, 0.01))
    u = np.linspace(-3, 3, 12).reshape(3, 4)
    assert humps.place(u, centres).shape == (3, 4)
    assert humps.place(u[0, 0], centres).shape == ()
    assert humps.place(np.empty(0), centres).shape == (0,)


def test_a_place_that_is_none_stays_none():
    u = np.array([0.0, np.nan, -np.inf, np.inf, 1e4])
    w = humps.place(u, ((0.0, 1.0), (5.0, 0.1)))
    assert np.array_equal(w[1:], [np.nan, -np.inf, np.inf, np.inf], equal_nan=True)
    assert w[0] == humps.place(u[:1], ((0.0, 1.0), (5.0, 0.1)))[0]
