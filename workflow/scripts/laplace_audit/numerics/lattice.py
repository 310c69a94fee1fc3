"""The lattice of a grid from its record: nodes, volumes and weights, by the audit's own formulas.

u is equally spaced on each axis; w = sinh(c u) / c (w = u for c = 0), or where the axis has centres
m_j and widths s_j, u = sum_j asinh((w - m_j) / s_j); z = origin + shear w; and
theta_i = constrain_i(z_i). The volume of a node is |d theta / d u|. Where the record has a `ridge`,
the w of the later axes first move: v_k = c_k + s_k w_k, z = origin + shear v, with c_k and log s_k
quintic splines over arcsinh(g w) / g of the axes before k.
"""

import math
from functools import cached_property

import numpy as np

from laplace_audit.numerics.coordinates import of_lattice

HALVINGS = 200  # of a bracket, down to neighbouring numbers


class Warp:
    """The map of one axis between u and w."""

    def __init__(self, stretch: float, centres):
        self.stretch = stretch
        self.m, self.s = np.array(centres).T if centres else (np.empty(0), np.empty(0))

    def u(self, w):
        """Return u at w (...)."""
        if self.m.size:
            return np.sum(np.arcsinh((np.asarray(w)[..., None] - self.m) / self.s), axis=-1)
        return np.arcsinh(self.stretch * w) / self.stretch if self.stretch else w

    def w(self, u):
        """Return w at u (...): of several centres by halving the bracket of the single ones."""
        if not self.m.size:
            return np.sinh(self.stretch * u) / self.stretch if self.stretch else u
        alone = self.m + self.s * np.sinh(np.asarray(u)[..., None] / self.m.size)
        low, high = alone.min(axis=-1), alone.max(axis=-1)
        for _ in range(HALVINGS):
            middle = low + (high - low) / 2
            above = self.u(middle) > u
            if np.all((middle == low) | (middle == high)):
                break
            low, high = np.where(above, low, middle), np.where(above, middle, high)
        return middle

    def log_slope(self, u):
        """Return log dw/du at u (...)."""
        if self.m.size:
            away = np.asarray(self.w(u))[..., None] - self.m
            return -np.log(np.sum(1 / np.sqrt(self.s**2 + away**2), axis=-1))
        return np.log(np.cosh(self.stretch * u)) if self.stretch else 0.0


class Lattice:
    """Nodes in C order: `u`, `theta` are (n, d), `log_volume` and `trapezoid` are (n,)."""

    def __init__(self, record: dict, kept=None):
        self.record = record
        self.parameters = tuple(record["parameters"])
        self.coordinates = [of_lattice(item) for item in record["transforms"]]
        self.origin, self.shear = np.array(record["origin"]), np.array(record["shear"])
        self.lower = np.array([axis["lower"] for axis in record["axes"]])
        self.upper = np.array([axis["upper"] for axis in record["axes"]])
        self.warps = [Warp(axis["stretch"], axis.get("centres")) for axis in record["axes"]]
        self.points = tuple(axis["points"] for axis in record["axes"])
        self.step = (self.upper - self.lower) / (np.array(self.points) - 1)
        self.ridge = record.get("ridge", [])
        low, high = record["support"]
        self.support = (
            np.array([-math.inf if x is None else x for x in low]),
            np.array([math.inf if x is None else x for x in high]),
        )

    @property
    def size(self) -> int:
        return math.prod(self.points)

    def axis(self, k: int):
        """Return the nodes u of an axis."""
        return self.lower[k] + np.arange(self.points[k]) * self.step[k]

    @cached_property
    def u(self):
        """The nodes in lattice coordinates: the last axis runs fastest."""
        index = np.indices(self.points).reshape(len(self.points), -1).T
        return self.lower + index * self.step

    def z(self, u):
        """Return the unconstrained coordinates at u (..., d)."""
        u = np.asarray(u, dtype=float)
        w = [warp.w(u[..., k]) for k, warp in enumerate(self.warps)]
        for k, (centre, log_scale) in enumerate(self._ridge(w), start=1):
            w[k] = centre + np.exp(log_scale) * w[k]
        return self.origin + np.einsum("ij,...j->...i", self.shear, np.stack(w, axis=-1))

    def _ridge(self, w):
        """Return (c_k, log s_k) of every axis that moves, before any of them has."""
        return [moved(spline, w[:k]) for k, spline in enumerate(self.ridge, start=1)]

    def place(self, u):
        """Return theta at u (..., d)."""
        z = self.z(u)
        return np.stack([c.theta(z[..., i]) for i, c in enumerate(self.coordinates)], axis=-1)

    def log_slope(self, u):
        """Return log |d theta / d u| at u (..., d)."""
        u, z = np.asarray(u, dtype=float), self.z(u)
        total = math.log(abs(np.linalg.det(self.shear)))
        for k, warp in enumerate(self.warps):
            total = total + warp.log_slope(u[..., k])
        if self.ridge:
            w = [warp.w(u[..., k]) for k, warp in enumerate(self.warps)]
            total = total + sum(log_scale for _, log_scale in self._ridge(w))
        return total + sum(c.log_slope(z[..., i]) for i, c in enumerate(self.coordinates))

    @cached_property
    def theta(self):
        return self.place(self.u)

    @cached_property
    def log_volume(self):
        return self.log_slope(self.u) * np.ones(self.size)

    @cached_property
    def trapezoid(self):
        """The weight of every node in an integral over u: the step, halved at the two ends."""
        weights = np.ones(1)
        for n, step in zip(self.points, self.step, strict=True):
            axis = np.full(n, step)
            axis[[0, -1]] /= 2
            weights = np.multiply.outer(weights, axis).ravel()
        return weights

    def odd(self):
        """Return (mask of nodes, lattice) without the last node of every even axis."""
        points = [n if n % 2 else n - 1 for n in self.points]
        axes = [
            {**axis, "points": n, "upper": float(self.lower[k] + (n - 1) * self.step[k])}
            for k, (axis, n) in enumerate(zip(self.record["axes"], points, strict=True))
        ]
        index = np.indices(self.points).reshape(len(points), -1)
        kept = np.all(index < np.array(points)[:, None], axis=0)
        return kept, Lattice({**self.record, "axes": axes})

    def locate(self, theta):
        """Return the lattice coordinates u (n, d) of theta (n, d)."""
        z = np.stack([c.z(theta[..., i]) for i, c in enumerate(self.coordinates)], axis=-1)
        w = np.linalg.solve(self.shear, (z - self.origin).T).T
        for k, spline in enumerate(self.ridge, start=1):
            centre, log_scale = moved(spline, [w[:, j] for j in range(k)])
            w[:, k] = (w[:, k] - centre) / np.exp(log_scale)
        w = [warp.u(w[:, k]) for k, warp in enumerate(self.warps)]
        return np.stack(w, axis=-1)


def moved(spline: dict, w):
    """Return (c, log s) of a spline of a ridge at w, an array for each of its arguments.

    A B-spline of degree five has its peak at the knot of its coefficient and reaches three steps
    each way; beyond the ends of the table the last coefficient stands for all the others.
    """
    tables = [np.array(spline[key], dtype=float) for key in ("centre", "log_scale")]
    weights = []
    for x, lower, step, g, n in zip(
        w, spline["lower"], spline["step"], spline["stretch"], tables[0].shape, strict=True
    ):
        t = np.arcsinh(g * x) / g if g else np.asarray(x, dtype=float)
        place = np.clip((t - lower) / step, 0, n - 1)
        first = np.floor(place)
        knots = first[..., None] + np.arange(-2, 4)
        weights.append((np.clip(knots, 0, n - 1).astype(int), _bump(place[..., None] - knots)))
    return tuple(_weighed(table, weights) for table in tables)


def _weighed(table, weights):
    if len(weights) == 1:
        knots, share = weights[0]
        return np.sum(table[knots] * share, axis=-1)
    (rows, share), (columns, part) = weights
    values = table[rows[..., :, None], columns[..., None, :]]
    return np.einsum("...i,...j,...ij->...", share, part, values)


def _bump(x):
    """Return the B-spline of degree five: sum over k of (-1)^k C(6, k) max(3 - |x| - k, 0)^5 / 120,
    which for |x| below 3 needs k = 0, 1 and 2 alone."""
    far = 3 - np.abs(x)
    powers = [math.comb(6, k) * np.maximum(far - k, 0.0) ** 5 for k in range(3)]
    return (powers[0] - powers[1] + powers[2]) / 120
