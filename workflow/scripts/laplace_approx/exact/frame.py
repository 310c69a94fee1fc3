"""Where the nodes of a lattice lie, and the maps from its coordinates to the parameters.

The nodes are equally spaced in u, one axis a dimension. From there three maps lead to the
parameters: each axis may be stretched, w = sinh(c u) / c (c = 0: w = u); a matrix shears the axes
into unconstrained coordinates, z = origin + shear w; and each parameter has its own transform,
theta_i = constrain_i(z_i). A plain box is the case in which all three do nothing. On a moving frame
the axes follow a `ridge` before they are sheared: v_0 = w_0, v_k = c_k + s_k w_k with c_k and s_k
functions of the w before k, and z = origin + shear v.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from laplace_approx.density.transforms import Identity
from laplace_approx.density.unbounded import transform_from, transform_record, unconstrained
from laplace_approx.exact.axis import Axis, along_axis
from laplace_approx.exact.ridge import Spline, spline_from
from laplace_approx.words.numbers import or_none

BLOCK = 16384  # nodes evaluated at once: the working set stays in the processor's cache


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
        z = unconstrained(self.transforms, theta)
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
                total = total + along_axis(np.log(axis.slope(axis.nodes())), k, len(self.axes))
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
        return [along_axis(axis.stretched(axis.nodes()), k, d) for k, axis in enumerate(self.axes)]

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
            "support": [[or_none(x) for x in side] for side in self.support],
            **({"ridge": [spline.record() for spline in self.ridge]} if self.ridge else {}),
        }


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
