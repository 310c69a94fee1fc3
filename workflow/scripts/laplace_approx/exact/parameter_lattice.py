"""A parameter's own lattice, with all that it says of the parameter."""

from typing import NamedTuple

import numpy as np

from laplace_approx.exact.axis_ends import End
from laplace_approx.exact.ends import Side
from laplace_approx.exact.lattice import Lattice
from laplace_approx.exact.marginal import Marginal
from laplace_approx.exact.parameter_numbers import Numbers


class ParameterLattice(NamedTuple):
    """A parameter's own lattice with the `values` of the parameter at the nodes of its first axis,
    the ends of its axes, its numbers and its marginal; what its spacing owes to the log evidence,
    and to the quantiles in half the central 68.3 % interval, summed over the axes; the errors of
    mean, SD and skewness; its two sides; and what is wrong with the other axes, in words."""

    parameter: int
    lattice: Lattice
    values: np.ndarray
    ends: tuple[tuple[End, End], ...]
    numbers: Numbers
    marginal: Marginal
    evidence_change: float
    change: float
    moment_errors: np.ndarray
    sides: list[Side]
    faults: list[str]
