"""The curvature as a record: the normal that it gives, in the space and on the natural scale."""

import numpy as np

from laplace_approx.curvature import measure_curvature
from laplace_approx.posterior import density_in


def curvature_record(density, space, z) -> dict:
    """Return the record of the curvature of `density` (natural scale) at the mode z of `space`.

    All matrices are in the coordinates of the space. Raises Declined.
    """
    curvature = measure_curvature(density_in(density, space), np.asarray(z, dtype=float))
    return curvature._asdict()
