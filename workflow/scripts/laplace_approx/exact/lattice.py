"""A lattice of nodes under a posterior: where its nodes lie, and what each of them weighs.

The nodes are equally spaced in u, one axis a dimension. From there three maps lead to the
parameters: each axis may be stretched, w = sinh(c u) / c (c = 0: w = u); a matrix shears the axes
into unconstrained coordinates, z = origin + shear w; and each parameter has its own transform,
theta_i = constrain_i(z_i). A plain box is the case in which all three do nothing. On a moving frame
the axes follow a `ridge` before they are sheared: v_0 = w_0, v_k = c_k + s_k w_k with c_k and s_k
functions of the w before k, and z = origin + shear v.
"""

import math
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from laplace_approx.density.edges import log_gaps
from laplace_approx.density.transforms import Identity
from laplace_approx.density.unbounded import transform_from, transform_record
from laplace_approx.exact import humps
from laplace_approx.exact.ridge import Spline, spline_from
from laplace_approx.numerics.batched import keep_small_arrays

LEAST_POINTS = 9  # of an axis whose spacing is chosen here
LARGEST = 690.0  # e to this power is still a number
BLOCK = 16384  # nodes evaluated at once: the working set stays in the processor's cache


class Axis(NamedTuple):
    """Equally spaced nodes from u = `lower` to `upper`; w = sinh(stretch u) / stretch, or where the
    axis has the (centre, width) of several humps, that of `humps`."""

    lower: float
    upper: float
    points: int
    stretch: float = 0.0
    centres: tuple[tuple[float, float], ...] = ()

    @property
    def step(self) -> float:
        return (self.upper - self.lower) / (self.points - 1)

    def nodes(self):
        """Return the nodes u, shape (points,), not to be written to."""
        return _nodes(self.lower + 0.0, self.upper + 0.0, self.points)  # 0 and -0 are one key

    def stretched(self, u):
        """Return w(u)."""
        if self.centres:
            return humps.place(u, self.centres)
        return np.sinh(self.stretch * u) / self.stretch if self.stretch else u

    def slope(self, u):
        """Return dw/du."""
        if self.centres:
            return humps.slope(humps.place(u, self.centres), self.centres)
        return np.cosh(self.stretch * u) if self.stretch else np.ones_like(u)

    def inverse(self, w):
        """Return u(w)."""
        if self.centres:
            return humps.coordinate(w, self.centres)
        return np.arcsinh(self.stretch * w) / self.stretch if self.stretch else w

    def record(self) -> dict:
        """Return the axis as plain JSON values, `centres` only where there are any."""
        fields = self._asdict()
        centres = fields.pop("centres")
        return fields | ({"centres": [list(pair) for pair in centres]} if centres else {})

    def spaced(self, step: float) -> "Axis":
        """Return the axis with an odd number of nodes, at most `step` apart."""
        half = math.ceil((self.upper - self.lower) / (2 * step))
        return self._replace(points=max(2 * half + 1, LEAST_POINTS))

    def cut(self, points: int) -> "Axis":
        """Return the first `points` nodes."""
        return self._replace(upper=self.lower + self.step * (points - 1), points=points)

    def thin(self) -> "Axis":
        """Return every other node, from the first."""
        return self.every(2)

    def every(self, times: int, first: int = 0) -> "Axis":
        """Return the nodes first, first + times, first + 2 times, ..."""
        points, lower = (self.points - first - 1) // times + 1, self.lower + first * self.step
        return self._replace(
            lower=lower, upper=lower + times * self.step * (points - 1), points=points
        )


class Frame(NamedTuple):
    """Where the nodes lie: `axes[k]` runs along array axis k, and z = origin + shear w.

    `transforms` has one entry a parameter; `support` is the open support of theta, (2, d). `ridge`
    has a spline for every axis but the first, and is empty where no axis moves.
    """

    names: tuple[str, ...]
    transforms: tuple
    origin: np.ndarray
    shear: np.ndarray
    axes: tuple[Axis, ...]
    support: np.ndarray
    ridge: tuple[Spline, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(axis.points for axis in self.axes)

    @property
    def plain(self) -> bool:
        """Whether no parameter is transformed, so that the volume factors by axis."""
        return all(isinstance(transform, Identity) for transform in self.transforms)

    def axis_of(self, parameter: int) -> int | None:
        """Return the one axis along which this parameter varies, or None where several move it."""
        (moving,) = np.nonzero(self.shear[parameter])
        alone = moving.size == 1 and not (self.ridge and moving[0])
        return int(moving[0]) if alone else None

    @property
    def is_box(self) -> bool:
        """Whether parameter k varies along axis k, and along no other."""
        return not self.ridge and not np.any(self.shear - np.diag(np.diag(self.shear)))

    def values(self, parameter: int, u):
        """Return the parameter at the places u of the one axis along which it varies."""
        _, _, z = self._line(parameter, u)
        return self.transforms[parameter].constrain(z)

    def spread(self, parameter: int):
        """Return the parameter at the nodes, in a shape that broadcasts to the lattice: one place
        along every axis that does not move it."""
        v, row = self._moved(self._along_axes()), self.shear[parameter]
        moves = [scale * values for scale, values in zip(row, v, strict=True) if scale]
        z = self.origin[parameter] + sum(moves)
        z = z.reshape((1,) * (len(self.axes) - z.ndim) + z.shape)
        return self.transforms[parameter].constrain(z)

    def slopes(self, parameter: int, u):
        """Return d theta / d u of the parameter at the places u of its one axis."""
        axis, scale, z = self._line(parameter, u)
        return self.transforms[parameter].constrain_d1(z) * scale * axis.slope(u)

    def _line(self, parameter, u):
        k = self.axis_of(parameter)
        axis, scale = self.axes[k], self.shear[parameter, k]
        return axis, scale, self.origin[parameter] + scale * axis.stretched(u)

    def place(self, u):
        """Return theta (..., d) at the lattice coordinates u (..., d), nodes or not."""
        return self.constrained(self.unconstrained(u))

    def unconstrained(self, u):
        """Return z (..., d) at the lattice coordinates u (..., d), nodes or not."""
        u = np.asarray(u, dtype=float)
        w = self._moved([axis.stretched(u[..., k]) for k, axis in enumerate(self.axes)])
        return self._sheared(w, u.shape[:-1])

    def lines(self, axis: int, outer):
        """Return the base (d, L) of the lines along an axis through u = `outer` (L, d): z at w = 0
        of the axis, or u itself where the axes move."""
        if self.ridge:
            return np.ascontiguousarray(outer.T)
        z = np.repeat(self.origin[:, None], len(outer), axis=1)
        for k, other in enumerate(self.axes):
            if k != axis:
                z += self.shear[:, k, None] * other.stretched(outer[:, k])
        return z

    def on_lines(self, base, axis: int, u):
        """Return theta (..., d) at places u of lines along an axis, whose `base` (d, ...) is that
        of `lines`."""
        if self.ridge:
            parts = [u if k == axis else line for k, line in enumerate(base)]
            return self.place(np.stack(np.broadcast_arrays(*parts), axis=-1))
        w = self.axes[axis].stretched(u)
        shape = (-1, *(1,) * max(base.ndim - 1, w.ndim))
        z = base + self.shear[:, axis].reshape(shape) * w
        return self.constrained(z.transpose(*range(1, z.ndim), 0))

    def locate(self, theta):
        """Return the lattice coordinates u (..., d) of theta (..., d): the inverse of `place`."""
        theta = np.asarray(theta, dtype=float)
        z = np.stack([t.unconstrain(theta[..., i]) for i, t in enumerate(self.transforms)], axis=-1)
        centred = (z - self.origin).reshape(-1, len(self.axes))
        w = np.linalg.solve(self.shear, centred.T).T.reshape(theta.shape)
        for k, spline in enumerate(self.ridge, start=1):
            centre, log_scale = spline.at(*(w[..., j] for j in range(k)))
            w[..., k] = (w[..., k] - centre) / np.exp(log_scale)
        return np.stack([axis.inverse(w[..., k]) for k, axis in enumerate(self.axes)], axis=-1)

    def log_slope(self, u):
        """Return log |d theta / d u| at u (..., d), nodes or not."""
        w = [axis.stretched(u[..., k]) for k, axis in enumerate(self.axes)]
        total = np.full(u.shape[:-1], np.linalg.slogdet(self.shear)[1])
        for k, axis in enumerate(self.axes):
            total += np.log(axis.slope(u[..., k]))
        for log_scale in self._log_scales(w):
            total += log_scale
        z = self.origin + np.stack(self._moved(w), axis=-1) @ self.shear.T
        for i, transform in enumerate(self.transforms):
            total += transform.log_jacobian(z[..., i])
        return total

    def blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield (rows, theta): a slice of the first axis and its nodes, (rows, ..., d)."""
        for rows, z in self.unconstrained_blocks():
            yield rows, self.constrained(z)

    def log_volume(self):
        """Return log |d theta / d u| at every node, in a shape that broadcasts to the lattice."""
        _, log_determinant = np.linalg.slogdet(self.shear)
        total = np.full((1,) * len(self.axes), log_determinant)
        for k, axis in enumerate(self.axes):
            if axis.stretch or axis.centres:
                total = total + _along(np.log(axis.slope(axis.nodes())), k, len(self.axes))
        for log_scale in self._log_scales(self._along_axes()):
            total = total + log_scale
        if self.plain:
            return total
        result = np.empty(self.shape)
        for rows, z in self.unconstrained_blocks():
            result[rows] = sum(t.log_jacobian(z[..., i]) for i, t in enumerate(self.transforms))
        return result + total

    def _moved(self, w):
        """Return v for coordinates w[k] that broadcast: w itself where no axis moves."""
        v = list(w)
        for k, spline in enumerate(self.ridge, start=1):
            centre, log_scale = spline.at(*w[:k])
            v[k] = centre + np.exp(log_scale) * w[k]
        return v

    def _log_scales(self, w):
        """Return log s_k of the axes that move at w[k], which broadcast."""
        return [spline.at(*w[:k])[1] for k, spline in enumerate(self.ridge, start=1)]

    def _along_axes(self):
        """Return w at the nodes of every axis, in shapes that broadcast to the lattice."""
        d = len(self.axes)
        return [_along(axis.stretched(axis.nodes()), k, d) for k, axis in enumerate(self.axes)]

    def _sheared(self, w, shape):
        """Return origin + shear w, shape (*shape, d), for coordinates w[k] that broadcast to it.

        One coordinate at a time, which is far faster than a product with so small a matrix, and
        with each coordinate's values side by side in memory, where a model looks for them.
        """
        z = np.empty((len(self.axes), *shape))
        for i, row in enumerate(self.shear):
            terms = [scale * values for scale, values in zip(row, w, strict=True) if scale]
            z[i] = sum(terms[1:], self.origin[i] + terms[0])
        return np.moveaxis(z, 0, -1)

    def constrained(self, z):
        for i, transform in enumerate(self.transforms):
            if not isinstance(transform, Identity):
                z[..., i] = transform.constrain(z[..., i])
        return z

    def unconstrained_blocks(self):
        along = self._moved(self._along_axes())
        rows = max(1, BLOCK // math.prod(self.shape[1:]))
        for start in range(0, self.shape[0], rows):
            chosen = slice(start, min(start + rows, self.shape[0]))
            local = [v[chosen] if v.ndim == len(self.axes) else v for v in along]
            yield chosen, self._sheared(local, (chosen.stop - chosen.start, *self.shape[1:]))

    def record(self) -> dict:
        """Return the frame as plain JSON values; `frame_from` reads it back."""
        return {
            "parameters": list(self.names),
            "transforms": [transform_record(transform) for transform in self.transforms],
            "origin": self.origin.tolist(),
            "shear": self.shear.tolist(),
            "axes": [axis.record() for axis in self.axes],
            "spacing": [axis.step for axis in self.axes],
            "support": [[_finite_or_none(x) for x in side] for side in self.support],
            **({"ridge": [spline.record() for spline in self.ridge]} if self.ridge else {}),
        }


class Lattice(NamedTuple):
    """A frame and the unnormalised natural-scale log density at its nodes, of the frame's shape."""

    frame: Frame
    log_density: np.ndarray

    def relative(self) -> tuple[np.ndarray, float]:
        """Return (p, shift): the density per unit of u is p exp(shift), and max p = 1.

        Where no node has positive density, p is 0 everywhere and shift is -inf; likewise inf where
        a density is infinite.
        """
        volume = self.frame.log_volume()
        if volume.size == 1:  # the same at every node: no array is made for it
            p, added = self.log_density, float(volume.item())
        else:
            p, added = self.log_density + volume, 0.0
        highest = float(np.max(p))
        if math.isinf(highest):
            return np.zeros_like(p), highest
        relative = np.subtract(p, highest, out=None if volume.size == 1 else p)
        with np.errstate(under="ignore"):
            return np.exp(relative, out=relative), highest + added

    def mass(self):
        """Return the share of every cell in the sum over cells: p(node) |d theta / d u| / total."""
        p, _ = self.relative()
        total = np.sum(p)
        if not total > 0:
            raise ValueError("no node of the lattice has positive density: there is no mass")
        p /= total
        return p

    def weights(self):
        """Return the trapezoid weight of every node, Jacobian included.

        sum(weights * exp(log_density)) is the evidence in the box, and sum(weights * exp(f)) the
        integral of any other density exp(f) on the natural scale.
        """
        # far out on a heavy tail a cell is larger than numbers are, and holds nothing
        volume = np.exp(np.minimum(self.frame.log_volume(), LARGEST))
        weights = volume * np.ones(self.frame.shape)
        for k, axis in enumerate(self.frame.axes):
            weights *= _along(trapezoid_weights(axis), k, len(self.frame.axes))
        return weights

    def log_weights(self):
        """Return the logarithms of these weights, -inf where one is 0."""
        with np.errstate(divide="ignore"):
            return np.log(self.weights())

    def nodes(self):
        """Return theta at every node, shape (*lattice, d)."""
        return np.concatenate([theta for _, theta in self.frame.blocks()], axis=0)

    def columns(self) -> dict[str, np.ndarray]:
        """Return each parameter at every node, by name, in C order."""
        if self.frame.is_box:
            return {name: self._spread(k) for k, name in enumerate(self.frame.names)}
        nodes = self.nodes().reshape(-1, len(self.frame.names))
        return {name: nodes[:, k] for k, name in enumerate(self.frame.names)}

    def _spread(self, k: int):
        values = self.frame.values(k, self.frame.axes[k].nodes())
        along = _along(values, k, len(self.frame.axes))
        return np.broadcast_to(along, self.frame.shape).ravel()

    def odd(self) -> "Lattice":
        """Return the lattice without the last node of each axis that has an even number."""
        axes = tuple(axis.cut(axis.points - (axis.points + 1) % 2) for axis in self.frame.axes)
        kept = self.log_density[tuple(slice(axis.points) for axis in axes)]
        return Lattice(self.frame._replace(axes=axes), kept)

    def thin(self) -> "Lattice":
        """Return the lattice of every other node along every axis, from the first."""
        axes = tuple(axis.thin() for axis in self.frame.axes)
        kept = self.log_density[(slice(None, None, 2),) * len(axes)]
        return Lattice(self.frame._replace(axes=axes), kept)


@lru_cache(maxsize=16)  # a lattice asks for the nodes of its axes again and again
def _nodes(lower: float, upper: float, points: int):
    nodes = np.linspace(lower, upper, points)
    nodes.flags.writeable = False
    return nodes


def trapezoid_weights(axis: Axis):
    """Return the trapezoid weights of an axis in units of u: the step, halved at the two ends."""
    weights = np.full(axis.points, axis.step)
    weights[[0, -1]] /= 2
    return weights


def evaluate(frame: Frame, log_density: Callable) -> Lattice:
    """Return the lattice of a log density that maps theta (..., d) to (...).

    The nodes are visited in blocks, so nothing of d times the size of the lattice is ever held.
    """
    keep_small_arrays()
    values = np.empty(frame.shape)
    for rows, z in frame.unconstrained_blocks():
        values[rows] = log_density_at(frame, log_density, z)
    return Lattice(frame, values)


def log_density_at(frame: Frame, log_density: Callable, z):
    """Return the log density of theta (...) at the unconstrained z (..., d), which is overwritten:
    next to an end of the support by the distance to it, where the density is told that."""
    near = getattr(log_density, "near", None)
    if near is None:
        return log_density(frame.constrained(z))
    theta = frame.constrained(z.copy(order="K"))
    return near(theta, *log_gaps(frame.transforms, z, theta, *frame.support))


def frame_from(record: dict) -> Frame:
    """Return the frame that `Frame.record` described."""
    ends = zip(record["support"], (-math.inf, math.inf), strict=True)
    return Frame(
        names=tuple(record["parameters"]),
        transforms=tuple(transform_from(item) for item in record["transforms"]),
        origin=np.array(record["origin"], dtype=float),
        shear=np.array(record["shear"], dtype=float),
        axes=tuple(
            Axis(
                float(a["lower"]),
                float(a["upper"]),
                int(a["points"]),
                float(a["stretch"]),
                tuple((float(c), float(s)) for c, s in a.get("centres", ())),
            )
            for a in record["axes"]
        ),
        support=np.array([[end if x is None else x for x in side] for side, end in ends]),
        ridge=tuple(spline_from(item) for item in record.get("ridge", ())),
    )


def _finite_or_none(x):
    return float(x) if math.isfinite(x) else None


def _along(values, k: int, dimensions: int):
    """Reshape a vector so that it runs along axis k of an array with that many dimensions."""
    return values.reshape((-1,) + (1,) * (dimensions - 1 - k))
