"""The rows of a table of remedies, and the error of an end in them."""

import numpy as np

LEVELS = {"50": 0.5, "80": 0.8, "90": 0.9, "95": 0.95, "99": 0.99}


CHAINS = ("brought_draws", "nuts")


class Rows:
    """A table of remedies by (method, quantity, probability)."""

    def __init__(self, columns: dict):
        self.columns = columns
        keys = zip(columns["method"], columns["quantity"], columns["probability"], strict=True)
        self.at = {(m, q, round(float(p), 9)): row for row, (m, q, p) in enumerate(keys)}
        self.methods = list(dict.fromkeys(columns["method"]))

    def get(self, column: str, method: str, quantity: str, p: float):
        return self.columns[column][self.at[method, quantity, round(p, 9)]]

    def ends(self, column: str, method: str, quantity: str, level: str):
        tail = (1 - LEVELS[level]) / 2
        return np.array(
            [self.get(column, method, quantity, p) for p in (tail, 1 - tail)], dtype=float
        )

    def error(self, method: str, quantity: str, level: str) -> tuple[float, float]:
        """Return (larger error of the ends, its own uncertainty), both in exact SDs."""
        scale = self.ends("scale_sd", method, quantity, level)
        by_draws = np.any(self.ends("scale_error", method, quantity, level) > 0)
        times = 2.0 if by_draws else 1.0  # two standard errors
        own = times * self.ends("exact_error", method, quantity, level) / scale
        if method not in ("grid", "adapted_draws", *CHAINS):
            own = own + self.ends("numerical_error", method, quantity, level) / scale
        off = np.abs(self.ends("error_sd", method, quantity, level))
        doubt = times * self.ends("scale_error", method, quantity, level) / scale
        own = own + np.where(doubt == 0, 0.0, off) * doubt
        return float(np.max(off)), float(np.max(own))
