"""Where the later axes of a lattice lie and how wide they are, as the earlier coordinates move.

Along a bent ridge, in a funnel or far out in a heavy tail no fixed centre and scale serve: there
v_k = c_k(w_0, ..) + s_k(w_0, ..) w_k, with c_k and log s_k splines over the axes before k. As the
sum over axis k converges by itself at each node of these, and v_0 = w_0, the marginal along axis 0
owes nothing to the splines: they decide only how many nodes it takes.
"""

from typing import NamedTuple

import numpy as np

# of the splines: four derivatives are continuous, as high-order rules want them; of degree 3 two
# are, and the rules converge as h^4
DEGREE = 5
PLACES = 3 - np.arange(DEGREE + 1)  # knots that count in a cell, from its lower end


class Spline(NamedTuple):
    """c and log s of one axis as B-splines over the axes before it, each argument first mapped to
    t = arcsinh(stretch w) / stretch (t = w for 0).

    `lower`, `step` and `stretch` have one entry an argument; `centre` and `log_scale` hold the
    coefficients at the knots lower + i step. Beyond the outermost knots they go on as constants.
    """

    lower: tuple[float, ...]
    step: tuple[float, ...]
    stretch: tuple[float, ...]
    centre: np.ndarray
    log_scale: np.ndarray

    def at(self, *w):
        """Return (c, log s) at w, one array an argument; they broadcast."""
        parts = []
        arguments = zip(w, self.lower, self.step, self.stretch, self.centre.shape, strict=True)
        for x, lower, step, stretch, knots in arguments:
            t = np.arcsinh(stretch * x) / stretch if stretch else np.asarray(x, dtype=float)
            place = np.clip((t - lower) / step, 0, knots - 1)
            cell = place.astype(int)
            index = np.clip(cell[..., None] + PLACES, 0, knots - 1)
            parts.append((index, spline_weights(place - cell)))
        return tuple(_summed(table, parts) for table in (self.centre, self.log_scale))

    def rescaled(self, axis: int, k: int, factor: float) -> "Spline":
        """Return the spline of an axis when the scale of axis k shrinks by a factor, so that
        what was w_k is factor w_k."""
        if k == axis:
            return self._replace(centre=factor * self.centre)
        if k > axis:
            return self
        lower, step, stretch = (list(x) for x in (self.lower, self.step, self.stretch))
        lower[k], step[k], stretch[k] = factor * lower[k], factor * step[k], stretch[k] / factor
        return self._replace(lower=tuple(lower), step=tuple(step), stretch=tuple(stretch))

    def record(self) -> dict:
        """Return the spline as plain JSON values; `spline_from` reads it back."""
        return {
            key: list(value) if isinstance(value, tuple) else value.tolist()
            for key, value in self._asdict().items()
        }


def spline_from(record: dict) -> Spline:
    """Return the spline that `Spline.record` described."""
    arguments = (tuple(map(float, record[key])) for key in ("lower", "step", "stretch"))
    return Spline(*arguments, *(np.array(record[key]) for key in ("centre", "log_scale")))


def spline_through(lower, step, stretch, centre, log_scale) -> Spline:
    """Return the spline near values at the knots, (knots, ..) each, with few digits to be kept.

    Its coefficients are the values less a quarter of their second differences: then it is off by
    the fourth differences alone.
    """
    scale = np.exp(log_scale)
    rounded = 1e-4 * np.exp2(np.round(np.log2(scale)))
    centre = rounded * np.round(_sharpened(centre) / rounded)
    return Spline(lower, step, stretch, centre, np.round(_sharpened(log_scale), 4))


def spline_weights(fraction):
    """Return the values (..., 6) of the B-splines of the knots `PLACES` from a cell's lower end,
    at a fraction of the cell (de Boor 1978, A Practical Guide to Splines)."""
    weights = [np.ones_like(fraction)]
    for n in range(1, DEGREE + 1):
        lower, upper = [*weights, 0.0], [0.0, *weights]
        weights = [
            ((fraction + m) * lower[m] + (n + 1 - m - fraction) * upper[m]) / n
            for m in range(n + 1)
        ]
    return np.stack(weights, axis=-1)


def _sharpened(values):
    for axis in range(values.ndim):
        ends = [(1, 1) if k == axis else (0, 0) for k in range(values.ndim)]
        values = values - np.pad(np.diff(values, 2, axis=axis), ends, "edge") / 4
    return values


def _summed(table, parts):
    """Return the sum over the knots that count of their coefficients times their weights."""
    if len(parts) == 1:
        ((index, weights),) = parts
        return np.sum(table[index] * weights, axis=-1)
    (first, along), (second, across) = parts
    total = 0.0
    for i in range(first.shape[-1]):
        row = sum(
            table[first[..., i], second[..., j]] * across[..., j] for j in range(across.shape[-1])
        )
        total = total + row * along[..., i]
    return total
