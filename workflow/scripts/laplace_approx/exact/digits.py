"""Whether the mass of a grid lies where the log density has its digits."""

import numpy as np

from laplace_approx.density.density import Density
from laplace_approx.density.evaluation import Evaluator
from laplace_approx.exact.grid import Grid
from laplace_approx.mode.checks import digits

# at equal shares of the mass; doubled, twice the evaluations of this look, and lost digits are seen
# where they hold a 64th of the mass
PLACES = 32


def require_digits(density: Density, grid: Grid, clean) -> None:
    """Decline a grid of which one of 32 nodes, drawn evenly by their mass, has no digits left.

    `clean` (d,) is a point that has them, as a mode: the way from there shows where they end.
    """
    rising = np.cumsum(grid.mass)
    if not rising[-1] > 0:
        return
    shares = (np.arange(PLACES) + 0.5) / PLACES * rising[-1]
    nodes = np.unravel_index(np.searchsorted(rising, shares), grid.mass.shape)
    frame = grid.lattice.frame
    first = np.array([axis.lower for axis in frame.axes])
    step = np.array([axis.step for axis in frame.axes])
    points = frame.place(first + np.stack(nodes, axis=-1) * step)
    evaluator = Evaluator(density)
    scale = np.where(np.isfinite(grid.sd), grid.sd, np.maximum(1.0, np.abs(points).max(axis=0)))
    with np.errstate(all="ignore"):
        scatter = digits.scatter_at(evaluator, points, scale)
        worst = int(np.argmax(scatter))
        if scatter[worst] > digits.LOST:
            lost = digits.followed(evaluator, np.asarray(clean), points[worst], scale)
            raise digits.declined(evaluator, lost, float(evaluator.far(np.asarray(clean))))
