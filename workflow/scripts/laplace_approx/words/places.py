"""Points and directions in words, for messages that a person reads."""

import numpy as np

SMALL = 0.02  # share of a direction, in scaled units, that is not worth a word
MOST = 6  # terms or coordinates in a message


def point(names, x) -> str:
    """Return "alpha = 0.8466, beta = 7.749" for x (d,)."""
    parts = [f"{name} = {value:.4g}" for name, value in zip(names, x, strict=True)]
    more = f", ... ({len(parts)} coordinates)" if len(parts) > MOST else ""
    return ", ".join(parts[:MOST]) + more


def direction(names, vector, scale=None) -> str:
    """Return "0.98 alpha - 0.20 beta" for the direction of vector (d,).

    Terms are dropped that are small in units of `scale` (d,), the typical size of each coordinate.
    The coefficients are those of the vector itself, at unit length.
    """
    vector = np.asarray(vector, dtype=float)
    units = vector / (np.ones_like(vector) if scale is None else scale)
    largest = np.max(np.abs(units))
    if not 0 < largest < np.inf:
        return "no known direction"
    order = np.argsort(-np.abs(units), kind="stable")
    kept = sorted(order[np.abs(units[order]) >= SMALL * largest][:MOST])
    length = np.linalg.norm(vector[kept] / np.abs(vector[kept]).max()) * np.abs(vector[kept]).max()
    words = ""
    for i in kept:
        coefficient = vector[i] / length
        sign = (
            ("-" if coefficient < 0 else "") if not words else (" - " if coefficient < 0 else " + ")
        )
        size = "" if len(kept) == 1 else _number(abs(coefficient)) + " "
        words += f"{sign}{size}{names[i]}"
    return words + (" ..." if np.sum(np.abs(units) >= SMALL * largest) > len(kept) else "")


def _number(value) -> str:
    return f"{value:.2f}" if 0.01 <= value < 100 else f"{value:.2g}"
