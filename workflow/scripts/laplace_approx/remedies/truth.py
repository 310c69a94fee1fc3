"""What the exact side says, asked once for all methods that are held against it."""

from typing import NamedTuple

from laplace_approx.comparison.intervals import PROBABILITIES
from laplace_approx.reference.side import WeightedSide
from laplace_approx.remedies.judge import Judge


class Truth(NamedTuple):
    """What the exact side says of each quantity: its quantiles at `PROBABILITIES`, its scale, and
    the error of that (0 for a grid, whose scale is as good as its quantiles).

    `rests_on` is what it is: "grid", "importance", "brought_draws", "nuts" or "none". `faults` are
    sentences about a side that is there and not to be relied on."""

    quantiles: dict
    scale: dict
    scale_error: dict
    rests_on: str
    faults: tuple[str, ...] = ()


def truth_of(judge: Judge, names) -> Truth:
    """Ask an exact side once for all that the table needs of it."""
    side = judge.side
    return Truth(
        {name: side.quantiles(name, PROBABILITIES) for name in names},
        {name: side.scale(name) for name in names},
        {name: _scale_error(side, name) for name in names},
        judge.kind,
        judge.faults if judge.kind != "none" else (),  # those of none are why there is no side
    )


def _scale_error(side, name: str) -> float:
    return side.scale_error(name) if isinstance(side, WeightedSide) else 0.0
