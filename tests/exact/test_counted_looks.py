"""What a grid states of its evaluations: every place that it asked the density for."""

import numpy as np
import pytest

from laplace_approx.density.density import Density
from laplace_approx.density.model import Model
from laplace_approx.exact.step import grid_tables

BOX = {"a": {"lower": -6.0, "upper": 6.0, "points": 61}}


def counted_grid(border: float, definition: dict):
    """Return the tables of a normal that is NaN beyond a border, and the points asked for."""
    asked = []
    ends = np.full(1, np.inf)

    def value(theta):
        asked.append(int(np.prod(np.shape(theta)[:-1])))
        return np.where(theta[..., 0] > border, np.nan, -0.5 * theta[..., 0] ** 2)

    def log_density(theta):
        found = value(theta)
        return np.where(np.isnan(found), -np.inf, found)

    density = Density(
        ("a",), log_density, None, None, -ends, ends, undefined=lambda x: np.isnan(value(x))
    )
    model = Model(
        name="holed",
        parameters=("a",),
        log_likelihood=value,
        gradient=None,
        hessian=None,
        lower=-ends,
        upper=ends,
        start=np.full(1, 0.1),
        quantities={},
        conditions={},
        monotone=None,
    )
    return grid_tables(model, lambda: density, definition), sum(asked)


# the region with all but 1e-8 of the mass ends at 5.73: beyond the last node of the box in it, and
# before the border that a certified grid passes
@pytest.mark.parametrize(
    ("definition", "border"), [(BOX, 5.7), (BOX, 1e9), ({}, 5.85), ({}, 1e9)], ids=str
)
def test_a_grid_counts_the_looks_for_lost_digits_and_for_a_nan_too(definition, border):
    tables, asked = counted_grid(border, definition)
    record = tables.record
    assert record["status"] == "ok", record.get("reasons")
    assert record["n_evaluations"] == asked
    assert record["evaluations_alone"] + record["evaluations_of_proof"] == asked
