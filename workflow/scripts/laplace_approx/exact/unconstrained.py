"""The density of the unconstrained coordinates z, in which lattices are aligned and modes are told.

Next to an end of the support theta is rounded to it, and z still says how far away it is: a density
that can be told the distance is told it.
"""

from collections.abc import Callable

import numpy as np

from laplace_approx.density.edges import log_gaps
from laplace_approx.density.unbounded import constrained


def density_of_z(log_density: Callable, transforms, support) -> Callable:
    """Return the log density of z (..., d), theta_i = constrain_i(z_i), with the Jacobian of the
    transforms: -inf where it is no number. `support` (2, d) are the ends of that of theta."""
    near = getattr(log_density, "near", None)

    def of_z(z):
        with np.errstate(all="ignore"):
            theta = constrained(transforms, z)
            jacobian = sum(t.log_jacobian(z[..., i]) for i, t in enumerate(transforms))
            if near is None:
                value = log_density(theta) + jacobian
            else:
                value = near(theta, *log_gaps(transforms, z, theta, *support)) + jacobian
        return np.where(np.isnan(value), -np.inf, value)

    return of_z
