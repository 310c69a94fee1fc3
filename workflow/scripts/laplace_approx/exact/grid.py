"""The exact side on a grid: the record that every grid gives, and the grid of a named box.

Cells carry the mass p / sum p, as on the grid of Gelman et al. (2013, BDA3, section 3.7). A box
has three errors, and each has its own number: `edge_mass` (the outermost layer of cells on each
side), `outside_mass` (an estimate of what lies beyond each side) and `discretisation_error` (what
the spacing costs).
"""

import itertools
import math
from typing import NamedTuple

import numpy as np

from laplace_approx.exact.ends import ENDS
from laplace_approx.exact.frame import Frame, frame_from
from laplace_approx.exact.lattice import Lattice
from laplace_approx.exact.marginal import Marginal
from laplace_approx.exact.spacing import unknown_spacing
from laplace_approx.words.numbers import or_none

MOST_CELLS = 2**26  # 1 GiB
BYTES_PER_CELL = 16  # a log density and a mass


MOMENTS = ("mean", "sd", "skewness")
WORDS = ("mean", "SD", "skewness")  # the same as they are said


class Grid(NamedTuple):
    """An exact posterior on a lattice. Arrays are in the order of `lattice.frame.names`.

    `mass` has the shape of the lattice and sums to one (all zero where no node has positive
    density). `log_evidence` is None where it is not known, with a sentence in `reasons`; a moment
    is NaN where it does not exist or is not known, which `withheld` says. `edge_mass` maps a
    parameter to {lower, upper}; `outside_mass` likewise, None where unknown, with a `total`;
    `discretisation_error` holds `log_evidence` and `quantiles_sd` by parameter (None where there
    are too few nodes to tell) and says what it `means`. `lattice_error` is what the lattice is off
    by beyond that, None where there are no numbers. `marginals` maps each parameter to its table;
    it is empty where there is no mass. `mean_error`, `sd_error` and `skewness_error` are NaN, and
    `correlation_error` too, where they are not known.
    `off_the_nodes` is what places between and around the nodes show, None where nobody looked.
    """

    kind: str
    lattice: Lattice
    mass: np.ndarray
    log_evidence: float | None
    mean: np.ndarray
    sd: np.ndarray
    skewness: np.ndarray
    correlation: np.ndarray
    bounds: np.ndarray
    edge_mass: dict
    outside_mass: dict
    discretisation_error: dict
    lattice_error: dict | None
    certified: bool
    reasons: tuple[str, ...]
    marginals: dict[str, Marginal]
    mean_error: np.ndarray
    sd_error: np.ndarray
    skewness_error: np.ndarray
    correlation_error: np.ndarray
    off_the_nodes: dict | None = None

    def withheld(self) -> list[str]:
        """Return a sentence for each parameter some of whose moments are not stated. Its quantiles
        need none of them, so that the grid may be certified all the same."""
        said = []
        for i, name in enumerate(self.lattice.frame.names):
            absent = [word for word in WORDS if math.isnan(getattr(self, word.lower())[i])]
            if absent and self.marginals:
                said.append(
                    f"too heavy a tail of {name}: there is no {' or '.join(absent)}, or too much "
                    "of it lies beyond any lattice"
                )
        return said

    def record(self) -> dict:
        """Return all but the cells and the tables, as plain JSON values (NaN becomes None)."""
        frame = self.lattice.frame
        by_name = {
            key: dict(zip(frame.names, map(or_none, getattr(self, key)), strict=True))
            for key in (*MOMENTS, *(f"{moment}_error" for moment in MOMENTS))
        }
        return {
            "kind": self.kind,
            "parameters": list(frame.names),
            "bounds": {
                name: [or_none(end) for end in ends]
                for name, ends in zip(frame.names, self.bounds, strict=True)
            },
            "points": list(frame.shape),
            "log_evidence": or_none(self.log_evidence),
            **by_name,
            "correlation": [[or_none(x) for x in row] for row in self.correlation],
            "correlation_error": [[or_none(x) for x in row] for row in self.correlation_error],
            "edge_mass": self.edge_mass,
            "outside_mass": self.outside_mass,
            "discretisation_error": self.discretisation_error,
            "lattice_error": self.lattice_error,
            "off_the_nodes": self.off_the_nodes,
            "certified": self.certified,
            "reasons": list(self.reasons),
            "withheld": self.withheld(),
            "lattice": frame.record(),
        }

    def columns(self) -> dict[str, np.ndarray]:
        """Return the cells as columns, C order: each parameter, `log_density` and `mass`."""
        return {
            **self.lattice.columns(),
            "log_density": self.lattice.log_density.ravel(),
            "mass": self.mass.ravel(),
        }


def grid_bytes(points) -> int:
    """Return the memory that the cells of a grid with these points an axis take."""
    return BYTES_PER_CELL * math.prod(int(n) for n in points)


def empty_grid(kind: str, lattice: Lattice, faults: list[str]) -> Grid:
    """Return the grid of which nothing is known but its log densities and the reasons why."""
    names, d = lattice.frame.names, len(lattice.frame.names)
    unknown = {name: dict.fromkeys(ENDS) for name in names}
    return Grid(
        kind=kind,
        lattice=lattice,
        mass=np.zeros(lattice.frame.shape),
        log_evidence=None,
        mean=np.full(d, np.nan),
        sd=np.full(d, np.nan),
        skewness=np.full(d, np.nan),
        correlation=np.full((d, d), np.nan),
        bounds=corner_ends(lattice.frame),
        edge_mass=unknown,
        outside_mass={**unknown, "total": None},
        discretisation_error=unknown_spacing(names),
        lattice_error=None,
        certified=False,
        reasons=tuple(faults),
        marginals={},
        **unknown_errors(d),
    )


def unknown_errors(d: int) -> dict:
    """Return the errors of the moments of d parameters where none is known."""
    errors = {f"{moment}_error": np.full(d, np.nan) for moment in MOMENTS}
    return {**errors, "correlation_error": np.full((d, d), np.nan)}


def jittered_draws(grid: Grid, rng: np.random.Generator, n: int):
    """Return n draws (n, d): a cell by its mass, then uniform half a cell each way.

    The half cells are taken in the lattice's own coordinates. A draw that would land beyond the
    support is reflected into it. Raises ValueError for a grid that has no mass.
    """
    frame = grid.lattice.frame
    rising = np.cumsum(grid.mass)
    if not rising[-1] > 0:
        raise ValueError("a grid without mass has no draws")
    last = np.searchsorted(rising, rising[-1])
    cell = np.searchsorted(rising, rng.random(n) * rising[-1], side="right")
    index = np.stack(np.unravel_index(np.minimum(cell, last), frame.shape), axis=-1)
    index = index + (rng.random((n, len(frame.axes))) - 0.5)
    first = np.array([axis.lower for axis in frame.axes])
    step = np.array([axis.step for axis in frame.axes])
    theta = frame.place(first + index * step)
    lower, upper = frame.support
    theta = np.where(theta < lower, 2 * lower - theta, theta)
    return np.where(theta > upper, 2 * upper - theta, theta)


def lattice_from(record: dict, log_density) -> Lattice:
    """Return the lattice of a grid from its record and its column of log densities (C order)."""
    frame = frame_from(record["lattice"])
    return Lattice(frame, np.asarray(log_density, dtype=float).reshape(frame.shape))


def corner_ends(frame: Frame):
    """Return the lowest and the highest value of each parameter at the corners, (d, 2)."""
    corners = np.array(list(itertools.product(*((axis.lower, axis.upper) for axis in frame.axes))))
    theta = frame.place(corners)
    return np.stack([theta.min(axis=0), theta.max(axis=0)], axis=1)
