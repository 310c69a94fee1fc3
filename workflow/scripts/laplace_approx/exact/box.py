"""The grid of a named box: its cells, and what it misses on each side."""

import math

import numpy as np

from laplace_approx.density.density import Density
from laplace_approx.density.transforms import Identity
from laplace_approx.exact.axis import Axis
from laplace_approx.exact.box_sums import box_sums
from laplace_approx.exact.ends import edge_record, find_sides, outside_record, side_faults
from laplace_approx.exact.frame import Frame
from laplace_approx.exact.grid import (
    BYTES_PER_CELL,
    MOST_CELLS,
    Grid,
    corner_ends,
    empty_grid,
    grid_bytes,
    unknown_errors,
)
from laplace_approx.exact.lattice import Lattice, evaluate
from laplace_approx.exact.marginal_table import build_marginal
from laplace_approx.exact.moments import moments
from laplace_approx.exact.spacing import spacing_error, spacing_faults

# of the mass: less than that beside one node is no width; doubled, a width is denied to boxes of
# which twice as little is seen
ONE_NODE = 1e-12


# to the power of the dimension: a normal's heaviest cell, 0.35 SD wide; doubled, that of 0.7 SD,
# halved, of 0.18
HEAVY_CELL = 0.14


def named_grid(density: Density, lower, upper, points) -> Grid:
    """Return the grid of `density` on the box [lower, upper] with `points` nodes an axis.

    `lower`, `upper` and `points` have one entry a parameter, for one, two or three of them; both
    ends of an axis are nodes. `log_evidence` is the trapezoid rule's over the box, the moments
    are those of the cells, and the marginals are restricted to the box. A node on the end of an
    open support takes the limit of the density there, if it has one. Raises ValueError, before
    anything is allocated, for what is not a box and for more than `MOST_CELLS` cells.
    """
    frame = _box(density, lower, upper, points)
    lattice = evaluate(frame, density.log_density)
    _fill_open_ends(lattice, density.log_density)
    faults = _support_faults(frame)
    mass, shift = lattice.relative()
    if shift == math.inf:
        faults.append(_drop_infinite(lattice.log_density))
        mass, shift = lattice.relative()
    if shift == -math.inf:
        return empty_grid("named", lattice, [*faults, "no node of the box has positive density"])
    sums = box_sums(mass, frame)
    total = float(sums.layers[0].sum())
    mass /= total
    layers = [layer / total for layer in sums.layers]
    widthless = _widthless(frame, layers)
    if widthless:
        return empty_grid("named", lattice, [*faults, *widthless])
    found = moments(frame, mass, layers)
    spacing = spacing_error(sums)
    sides = [side for k, layer in enumerate(layers) for side in _box_sides(frame, k, layer)]
    highest = np.unravel_index(np.argmax(mass), mass.shape)
    faults += _mode_faults(frame, highest) + side_faults(sides)
    faults += _coarse_faults(frame, float(mass[highest]), found.sd) + spacing_faults(spacing)
    return Grid(
        kind="named",
        lattice=lattice,
        mass=mass,
        log_evidence=shift + math.log(sums.whole.integral),
        **found._asdict(),
        bounds=corner_ends(frame),
        edge_mass=edge_record(sides),
        outside_mass=outside_record(sides),
        discretisation_error=spacing,
        lattice_error=None,
        certified=not faults,
        reasons=tuple(faults),
        marginals={
            name: build_marginal(frame, k, sums.whole.densities[k])
            for k, name in enumerate(frame.names)
        },
        **unknown_errors(len(frame.names)),
    )


def _box(density, lower, upper, points) -> Frame:
    lower, upper = np.asarray(lower, dtype=float), np.asarray(upper, dtype=float)
    d = len(density.names)
    if not 1 <= d <= 3:
        raise ValueError(f"a grid takes one to three parameters, and here are {d}")
    if not (lower.shape == upper.shape == (d,) and len(points) == d):
        raise ValueError(f"a box of {d} parameters takes {d} lower ends, upper ends and points")
    if not np.all((lower < upper) & np.isfinite(upper - lower)):
        raise ValueError(f"a box needs lower < upper, both finite: {lower} to {upper}")
    if min(points) < 2:
        raise ValueError(f"an axis needs two points at least: {list(points)}")
    if math.prod(points) > MOST_CELLS:
        raise ValueError(
            f"{' x '.join(map(str, points))} nodes would take {grid_bytes(points) / 2**30:.3g} GiB;"
            f" the limit is {MOST_CELLS * BYTES_PER_CELL / 2**30:.3g} GiB. Use fewer points."
        )
    return Frame(
        names=tuple(density.names),
        transforms=(Identity(),) * d,
        origin=np.zeros(d),
        shear=np.eye(d),
        axes=tuple(
            Axis(float(a), float(b), int(n)) for a, b, n in zip(lower, upper, points, strict=True)
        ),
        support=np.array([density.lower, density.upper], dtype=float),
    )


def _fill_open_ends(lattice: Lattice, log_density) -> None:
    """Give the nodes on the end of an open support the limit of the density, where there is one.

    The limit is taken to exist where the density changes by less than one percent between a
    thousandth and a millionth of a step from the end.
    """
    frame = lattice.frame
    for k, axis in enumerate(frame.axes):
        for end, inward, row in ((axis.lower, 1, 0), (axis.upper, -1, -1)):
            if end != frame.support[0 if inward == 1 else 1, k]:
                continue
            near, nearer = (
                _face(frame, k, end + inward * axis.step * share, log_density)
                for share in (1e-3, 1e-6)
            )
            with np.errstate(invalid="ignore"):
                limit = np.where(np.abs(nearer - near) < 0.01, nearer, -np.inf)
            face = np.moveaxis(lattice.log_density, k, 0)
            face[row] = np.maximum(face[row], limit)


def _face(frame: Frame, k: int, value: float, log_density):
    nodes = [axis.nodes() for axis in frame.axes]
    nodes[k] = np.array([value])
    theta = np.stack(np.meshgrid(*nodes, indexing="ij"), axis=-1)
    return np.squeeze(log_density(theta), axis=k)


def _drop_infinite(log_density) -> str:
    infinite = log_density == np.inf
    log_density[infinite] = -np.inf
    return f"the density is infinite at {int(infinite.sum())} nodes, which are left out"


def _support_faults(frame: Frame) -> list[str]:
    return [
        f"the box reaches beyond the support {low:.6g} < {name} < {high:.6g}"
        for name, axis, low, high in zip(frame.names, frame.axes, *frame.support, strict=True)
        if axis.lower < low or axis.upper > high
    ]


def _widthless(frame: Frame, layers) -> list[str]:
    """Return a sentence for each parameter of which one node holds all the mass: such a grid says
    where the posterior lies, and neither how wide it is nor anything else."""
    heaviest = [int(np.argmax(layer)) for layer in layers]
    return [
        f"too coarse: all of the mass lies at the one node {name} = {axis.nodes()[i]:.6g}; take "
        "bounds that are near it, or {} for bounds found automatically"
        for name, axis, layer, i in zip(frame.names, frame.axes, layers, heaviest, strict=True)
        if not layer[i] < 1 - ONE_NODE
    ]


def _box_sides(frame: Frame, k: int, layers) -> list:
    axis, low, high = frame.axes[k], *frame.support[:, k]
    gaps = max(0.0, axis.lower - low), max(0.0, high - axis.upper)
    return find_sides(frame.names[k], layers, (axis.lower, axis.upper), axis.step, gaps)


def _mode_faults(frame: Frame, highest) -> list[str]:
    faults = []
    for k, (axis, name) in enumerate(zip(frame.axes, frame.names, strict=True)):
        for row, end, limit in ((0, axis.lower, 0), (axis.points - 1, axis.upper, 1)):
            if highest[k] == row and end != frame.support[limit, k]:
                faults.append(
                    f"the density is highest on the side {name} = {end:.6g} of the box: "
                    "the mode lies outside"
                )
    return faults


def _coarse_faults(frame: Frame, heaviest: float, sd) -> list[str]:
    faults = []
    if not heaviest <= HEAVY_CELL ** len(frame.axes):
        faults.append(f"too coarse: one cell holds {heaviest:.2g} of the mass")
    for name, axis, spread in zip(frame.names, frame.axes, sd, strict=True):
        if not spread >= axis.step:
            faults.append(f"too coarse: the SD of {name} is below one cell of {axis.step:.3g}")
    return faults
