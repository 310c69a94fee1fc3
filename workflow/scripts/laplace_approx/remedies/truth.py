"""What the exact side says, asked once for all methods that are held against it."""

from typing import NamedTuple

from laplace_approx.comparison.intervals import PROBABILITIES
from laplace_approx.reference.side import WeightedSide


class Truth(NamedTuple):
    """What the exact side says of each quantity: its quantiles at `PROBABILITIES`, its scale, and
    the error of that (0 for a grid, whose scale is as good as its quantiles).

    `faults` are sentences about a side that is there and not to be relied on."""

    quantiles: dict
    scale: dict
    scale_error: dict
    faults: tuple[str, ...] = ()


def truth_of(side, names, faults=()) -> Truth:
    """Ask an exact side once for all that the table needs of it."""
    return Truth(
        {name: side.quantiles(name, PROBABILITIES) for name in names},
        {name: side.scale(name) for name in names},
        {name: _scale_error(side, name) for name in names},
        faults,
    )


def _scale_error(side, name: str) -> float:
    return side.scale_error(name) if isinstance(side, WeightedSide) else 0.0
