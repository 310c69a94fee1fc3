"""Nested Laplace: the marginal of one coordinate, the others integrated out by Laplace's method."""

import math
from typing import NamedTuple

import numpy as np

from laplace_approx.density.density import Density
from laplace_approx.derivatives.central import derivative_evaluations, slope_and_curvature
from laplace_approx.numerics.batched import MANY
from laplace_approx.numerics.climb import climb
from laplace_approx.remedies.axes import CoordinateAxis, axis_of, coordinate_of
from laplace_approx.remedies.cost_limit import within_limit
from laplace_approx.remedies.line import answer_on_line, refined
from laplace_approx.remedies.question import Question
from laplace_approx.remedies.result import Answer, Remedy

METHOD = "nested_laplace"
NODES = 81  # values of the coordinate; odd, so that every other one is a line of its own
STRIDE = 0.5  # of the walk outwards, in asinh of standard deviations
FARTHEST = 30.0  # asinh of standard deviations: 5e12 of them
DEPTH = 27.0  # the walk ends where the log marginal lies this far below its largest value
SHALLOWEST = 12.0  # a walk that had to end earlier leaves out mass that matters


class _Line(NamedTuple):
    """A line of values of one coordinate: z_j = mean_j + sd_j t(w) with w uniform."""

    density: Density
    axis: CoordinateAxis
    room: np.ndarray  # (2,) distance to the bounds in standard deviations, below and above

    def t(self, w):
        """Return t(w) = sinh(w), bent by tanh to stay inside a bound: heavy tails in few nodes."""
        room = np.where(w < 0, self.room[0], self.room[1])
        stretched = np.sinh(w)
        with np.errstate(invalid="ignore"):
            bent = room * np.tanh(stretched / room)
        return np.where(np.isfinite(room), bent, stretched)

    def log_slope(self, w):
        """Return log dt/dw."""
        room = np.where(w < 0, self.room[0], self.room[1])
        x = np.abs(np.sinh(w)) / room  # 0 where unbounded
        log_sech = math.log(2) - x - np.log1p(np.exp(-2 * x))
        return np.log(np.cosh(w)) + np.where(np.isfinite(room), 2 * log_sech, 0.0)

    def log_marginal(self, w, start):
        """Return (log marginal times dt/dw (m,), the conditional maximisers (m, d-1))."""
        t = self.t(w)

        def value(rows, v):
            return self.density.log_density(self.axis.point(t[rows], v))

        def derivatives(rows, v, scale):
            z = self.axis.point(t[rows], v)
            return slope_and_curvature(self.density, z, self.axis.across, scale)

        top = climb(value, derivatives, start)
        constant = 0.5 * start.shape[1] * math.log(2 * math.pi)
        height = top.value + constant - 0.5 * top.log_determinant + self.log_slope(w)
        return np.where(top.converged, height, np.nan), top.v


@within_limit
def nested_laplace(question: Question, nodes: int = NODES) -> Remedy:
    """Approximate the marginal of z_j by max over the rest of p, times |-Hessian of it|^-1/2.

    Tierney and Kadane 1986 (JASA 81): the relative error is of order n^-3/2 after normalisation,
    which is by quadrature here, on `nodes` values of z_j with one maximisation each, all in one
    batch and started from those of a coarser walk. In one dimension nothing is left to maximise and
    the answer is the quadrature itself, exact. Serves the quantities that are functions of a single
    coordinate of the space; others have a reason instead. Errors are numerical: the change when
    every other node is left out. Refused before a line of nodes is begun where all of them, at the
    least or as far as those before tell, would cost more than the limit.
    """
    d, normal, quantities = question.size, question.normal, question.quantities
    if d > MANY:
        text = f"{nodes} maximisations in {d - 1} dimensions for each of {d} coordinates"
        return question.refused(METHOD, f"{text}; the limit is {MANY} coordinates")
    density, counter = question.watched()
    coordinate = {name: coordinate_of(q, density, normal) for name, q in quantities.items()}
    served = sorted({j for j in coordinate.values() if j is not None})
    least = nodes * (1 + derivative_evaluations(density, d - 1))
    lines = {}
    for j in served:
        line = counter.evaluations // len(lines) if lines else least  # as far as is known
        reason = question.limit.refusal(len(served) * line, "about" if lines else "at least")
        if reason is not None:
            return question.refused(METHOD, reason, counter.evaluations)
        lines[j] = _marginal_line(density, normal, j, nodes)
    answers = {
        name: _answer(quantities[name], coordinate[name], lines, normal, question.probabilities)
        for name in quantities
    }
    found = {density.names[j]: line for j, line in lines.items() if not isinstance(line, str)}
    log_determinant = float(np.sum(np.log(np.diag(normal.cholesky))))
    evidences = {name: line[0][2] + log_determinant for name, line in found.items()}
    return Remedy(
        METHOD,
        answers,
        counter.evaluations,
        log_evidence=next(iter(evidences.values()), None),
        details={"log_evidence_by_coordinate": evidences, "nodes": nodes},
    )


def _answer(quantity, j, lines, normal, probabilities):
    if j is None:
        return Answer(reason="nested Laplace serves functions of one coordinate of the space only")
    if isinstance(lines[j], str):
        return Answer(reason=lines[j])
    parts = []
    for z_j, masses, _ in lines[j]:
        z = np.broadcast_to(normal.mean, (z_j.size, normal.mean.size)).copy()
        z[:, j] = z_j
        parts.append((np.asarray(quantity(z), dtype=float), masses))
    return answer_on_line(*parts, probabilities)


def _marginal_line(density, normal, j, nodes):
    """Return ((z_j, masses, log integral) of all nodes, the same of every other) or a reason."""
    axis = axis_of(normal, j)
    sd = axis.along[j]
    bounds = np.array([axis.mean[j] - density.lower[j], density.upper[j] - axis.mean[j]])
    line = _Line(density, axis, bounds / sd)
    walked, maximisers, reason = _walk(line)
    if reason is not None:
        return f"{density.names[j]}: {reason}"
    w = np.linspace(walked[0], walked[-1], nodes)
    start = np.empty((nodes, maximisers.shape[1]))
    for i, column in enumerate(maximisers.T):
        start[:, i] = np.interp(w, walked, column)
    height, _ = line.log_marginal(w, start)
    if not np.isfinite(height).all():
        lost = axis.mean[j] + sd * line.t(w[~np.isfinite(height)][0])
        return f"{density.names[j]}: no conditional maximum was found at {lost:.6g}"
    found = []
    for every in (1, 2):
        points, masses, log_integral = refined(w[::every], height[::every])
        found.append((axis.mean[j] + sd * line.t(points), masses, log_integral))
    return tuple(found)


def _walk(line):
    """Walk out from the mode on both sides, each step started where the last two point.

    Returns (w in order, conditional maximisers, reason): the reason is set where the marginal was
    not followed far enough down on either side.
    """
    start = np.zeros((1, line.axis.across.shape[1]))
    height, v = line.log_marginal(np.zeros(1), start)
    if not np.isfinite(height[0]):
        return None, None, "no conditional maximum was found at the mode"
    steps = [(0.0, height[0], v[0])]
    for side in (-1, 1):
        out = [steps[0]]
        top = max(h for _, h, _ in steps)
        while abs(out[-1][0]) < FARTHEST and out[-1][1] > top - DEPTH:
            guess = 2 * out[-1][2] - out[max(len(out) - 2, 0)][2]
            w = out[-1][0] + side * STRIDE
            height, v = line.log_marginal(np.array([w]), guess[None])
            if not np.isfinite(height[0]):
                break
            out.append((w, height[0], v[0]))
            top = max(top, height[0])
        if not out[-1][1] < top - SHALLOWEST:
            return None, None, _why_short(line, out[-1][0])
        if len(out) > 1:  # the other side may have risen so far that the mode lies deep enough
            out[-1] = _cut_at_depth(out[-2], out[-1], top - DEPTH)
        steps.extend(out[1:])
    steps.sort(key=lambda step: step[0])
    w, _, v = zip(*steps, strict=True)
    return np.array(w), np.array(v), None


def _cut_at_depth(before, last, level):
    """Return the point between two steps where the height, taken as straight, falls to `level`."""
    if not last[1] < level < before[1]:
        return last
    share = (before[1] - level) / (before[1] - last[1])
    return tuple(a + share * (b - a) for a, b in zip(before, last, strict=True))


def _why_short(line, w):
    if abs(w) >= FARTHEST:
        return "the marginal does not decay: the posterior may be improper"
    edge = float(line.t(np.array([w]))[0])
    return f"no conditional maximum was found beyond {edge:+.3g} standard deviations"
