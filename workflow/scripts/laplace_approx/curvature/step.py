"""The curvature as a record: the normal that it gives, in the space and on the natural scale."""

import numpy as np

from laplace_approx.curvature.measure import measure_curvature
from laplace_approx.density.density import density_in
from laplace_approx.errors import attempt


def curvature_record(density, space, z) -> dict:
    """Return the record of the curvature of `density` (natural scale) at the mode z of `space`.

    All matrices are in the coordinates of the space. Raises Declined.
    """
    curvature = measure_curvature(density_in(density, space), np.asarray(z, dtype=float))
    return curvature._asdict()


def curvature_step(posterior, mode: dict) -> dict:
    """Return the record of the curvature at a mode."""
    space = posterior.space(mode["space_definition"])
    measured = attempt(
        "curvature", lambda: curvature_record(posterior.density(), space, mode["z"]), mode
    )
    described = {name: mode[name] for name in ("case", "parameters", "space", "coordinates")}
    return {**described, **measured}
