"""The lattice of a normal, under which its own derived quantities are integrated."""

import numpy as np

from laplace_approx.density.transforms import Identity
from laplace_approx.exact.axis import Axis
from laplace_approx.exact.frame import Frame
from laplace_approx.exact.lattice import Lattice, evaluate
from laplace_approx.normal.normal import Normal

# SDs each way: a normal has 2e-17 of its mass beyond; halved, 2e-5, doubled, half of the nodes lie
# where there is nothing
HALFWIDTH = 8.5


def normal_lattice(
    normal: Normal, points: int, halfwidth: float = HALFWIDTH, names=None
) -> Lattice:
    """Return the lattice of a normal: `points` nodes an axis over `halfwidth` SDs each way, in
    the coordinates in which the normal is standard."""
    d = normal.mean.size
    frame = Frame(
        names=tuple(names) if names else tuple(f"x{i + 1}" for i in range(d)),
        transforms=(Identity(),) * d,
        origin=np.asarray(normal.mean, dtype=float),
        shear=np.asarray(normal.cholesky, dtype=float),
        axes=(Axis(-halfwidth, halfwidth, points),) * d,
        support=np.array([np.full(d, -np.inf), np.full(d, np.inf)]),
    )
    return evaluate(frame, normal.log_density)
