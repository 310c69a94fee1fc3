"""The units of errors as text: the exact posterior SD, or half the central 68.3 % interval.

`scale_is` of a verdict says which of both a quantity's errors are counted in. A picture or a table
of several quantities names all units that occur.
"""

SD, HALF_INTERVAL = "sd", "half_interval"
LONG = {SD: "exact posterior SD", HALF_INTERVAL: "half the exact central 68.3 % interval"}
SHORT = {SD: "SD", HALF_INTERVAL: "half-intervals"}


def unit_of_axis(kinds) -> str:
    """Return the unit of errors of quantities with these units, as an axis is labelled."""
    kinds = set(kinds)
    return ", or ".join(text for kind, text in LONG.items() if kind in kinds) or LONG[SD]


def unit_in_short(kind: str) -> str:
    """Return the unit after a number, "SD" or "half-intervals"."""
    return SHORT[kind]
