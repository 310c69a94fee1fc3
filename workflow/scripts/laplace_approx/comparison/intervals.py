"""The central intervals that every case is judged by, whatever the configuration tabulates."""

import numpy as np

LEVELS = (0.5, 0.8, 0.9, 0.95, 0.99)  # nominal probabilities
JUDGED = (0.5, 0.95)  # those whose ends the tolerance is held against
STANDARD_ERRORS = 2.0  # of draws that count as their error: one holds 68 % of the truths


def ends_of(level: float) -> tuple[float, float]:
    """Return the probabilities at the two ends of a central interval."""
    tail = round((1 - level) / 2, 12)
    return tail, round(1 - tail, 12)


PROBABILITIES = np.array(sorted({0.5, *(end for level in LEVELS for end in ends_of(level))}))


def percent(level: float) -> str:
    """Return a level as the key of a record: "95" for 0.95."""
    return f"{100 * level:g}"


def at(probability: float) -> int:
    """Return the place of a probability in `PROBABILITIES`."""
    (place,) = np.flatnonzero(np.abs(PROBABILITIES - probability) < 1e-9)
    return int(place)


def places(level: float) -> list[int]:
    """Return the places of both ends of an interval in `PROBABILITIES`."""
    return [at(end) for end in ends_of(level)]


JUDGED_PLACES = [place for level in JUDGED for place in places(level)]
JUDGED_ENDS = PROBABILITIES[JUDGED_PLACES]
