"""The parameters of a model with arrays in it, as the flat names and bounds of a model file."""

from typing import NamedTuple

import numpy as np


class Block(NamedTuple):
    """One variable of the other tool: its name, shape, open bounds and value to start from.

    The bounds are infinite where there is none; they and the start are numbers or of that shape.
    """

    name: str
    shape: tuple[int, ...]
    lower: object
    upper: object
    start: object

    @property
    def names(self) -> list[str]:
        """`name` for a number, `name_0_1` for an element of an array, counted from 0."""
        return ["_".join([self.name, *map(str, index)]) for index in np.ndindex(*self.shape)]

    def elements(self) -> list[tuple]:
        """Return (name, lower, upper, start) of each element, in C order."""
        parts = (
            np.broadcast_to(np.asarray(value, dtype=float), self.shape).ravel().tolist()
            for value in (self.lower, self.upper, self.start)
        )
        return list(zip(self.names, *parts, strict=True))


def constants(blocks: list[Block]) -> dict:
    """Return PARAMETERS, SUPPORT and START of the variables, one after another."""
    elements = [element for block in blocks for element in block.elements()]
    support = {
        name: tuple(end if np.isfinite(end) else None for end in (low, high))
        for name, low, high, _ in elements
        if np.isfinite(low) or np.isfinite(high)
    }
    return {
        "PARAMETERS": tuple(name for name, *_ in elements),
        "SUPPORT": support,
        "START": tuple(start for *_, start in elements),
    }


def in_rows(function, theta, tail: tuple[int, ...] = ()):
    """Return function(rows), for theta (..., d) given as rows (n, d), as (..., *tail)."""
    theta = np.asarray(theta, dtype=float)
    rows = theta.reshape(-1, theta.shape[-1])
    values = np.asarray(function(rows), dtype=float) if rows.size else np.empty(0)
    return values.reshape((*theta.shape[:-1], *tail))


def refuse(tool: str, name: str, what: str) -> TypeError:
    """Return the error of a variable whose elements cannot be named and bounded one by one."""
    return TypeError(
        f"{tool}: {name} is {what}; only real parameters with bounds of their own can be taken "
        "over. Write the model in parameters without that constraint"
    )
