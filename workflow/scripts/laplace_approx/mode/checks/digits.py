"""Where a log density loses its digits: what is highest there is rounding, and no mode."""

from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

from laplace_approx.derivatives.noise import scatter
from laplace_approx.errors import Declined
from laplace_approx.mode.checks.profile import profile
from laplace_approx.words import places

# scatter of a log density beside which no maximum is one: the density itself is then known to 0.1
# %; doubled, to 0.2 %
LOST = 1e-3
# of the scatter: less is left where the coordinate at fault is put back; decides who is named, and
# no number
FEWER = 0.1
# of the way to the border, which is then known to 1e-12 of it: each costs a look at the scatter
HALVINGS = 40
# of a way: 25 places, of each a look at the scatter; half as many step over stretches twice as
# long
WAY = np.concatenate([np.exp2(np.arange(-12.0, -2.0)), np.arange(0.125, 1.01, 0.0625)])
# of log density below x: on a way so deep, what scatters is the rounding of numbers that matter to
# no maximum. It is the depth at which starts are taken back, too; halved, the same
DEEPEST = 1e6
# of log density below a mode, to which a ray is followed between its points: out to 1e43 SDs of a
# tail like 1/t; halved, to 1e22
SHALLOW = 100.0
# SDs: where a normal is deeper than that, so that its rays cost nothing; halved, they are followed
OUT = 16.0
# places between two points of a ray; half as many step over what is a 16th of the stretch
BETWEEN = 32
# places on the way to where digits end, at equal ratios; half as many find an end that is up to
# twice as near
PLACES = 64
FINE = 1e-4  # scatter of a log density up to the end that is advised: a tenth of what is too much
LITTLE = 1e-6  # of the mass beyond such an end: as much as a certified grid may be off by
SUBNORMAL = (-746.0, -708.0)  # exp of it has fewer digits than others, and then none
CURES = (
    "Differences of large numbers are what loses digits: write gammaln(a + n) - gammaln(a) as the "
    "sum of log(a + i), a ratio of beta functions as a product of such terms, log(1 + x) as "
    "log1p(x), exp(x) - 1 as expm1(x), 1 - p as a quantity of its own, and use the forms of "
    "scipy.special that take the difference themselves"
)


class Lost(NamedTuple):
    """A place `x` (d,) with its `log_density`, on the way to which that scatters by `noise`, and
    `border` (d,), the last point with digits on the way; `guilty` are the coordinates at fault, and
    `end` what a support that ends before them would leave out, where that is one coordinate."""

    x: np.ndarray
    log_density: float
    noise: float
    border: np.ndarray
    guilty: tuple[int, ...]
    end: "CleanEnd | None" = None


class CleanEnd(NamedTuple):
    """A `value` of a coordinate up to which the log density has its digits, and about the `share`
    of the mass beyond, infinite where that is not known."""

    value: float
    share: float


def scatter_at(evaluator, points, scale):
    """Return the scatter of the log density at points (p, d), (p,).

    `scale` (d,) are lengths over which it changes; beside a bound the distance to it is one.
    """
    with np.errstate(invalid="ignore"):
        free = np.minimum(points - evaluator.lower, evaluator.upper - points)
    return scatter(evaluator.far, points, np.minimum(scale, np.maximum(free, 0.0)))


def is_lost(evaluator, x, scale, clean=None) -> bool:
    """Whether the log density has no digits left at x (d,), or anywhere on the way there from a
    point `clean` (d,) that has them: beyond, all terms may be absorbed, and nothing scatters.

    Not where exp of a coordinate is about to vanish: there the arithmetic ends, not the formula.
    """
    points = x[None]
    if clean is not None:
        points = clean + WAY[:, None] * (x - clean)
    ends = np.any((points > SUBNORMAL[0]) & (points < SUBNORMAL[1]), axis=1)
    return bool(np.any(_on_the_way(evaluator, points[~ends], x, scale) > LOST))


def _on_the_way(evaluator, points, x, scale):
    """Return the scatter at points (p, d) on a way to x (d,), zero where it leads deep below x."""
    deep = evaluator.far(points) < evaluator.far(x) - DEEPEST
    return np.where(deep, 0.0, scatter_at(evaluator, points, scale))


def highest_between(evaluator, rays, values, top):
    """Return the highest place (d,) between the points of rays where these fall deep at last, None
    where they do so near the mode; `values` (R, K) are those on the rays, `top` that of the mode.

    Rays go out in growing steps, and where the digits end and where all terms are absorbed may be
    one step apart: what stands between the last point that is not deep and the next is looked at.
    """
    high = values > top - SHALLOW
    last = values.shape[1] - 1 - np.argmax(high[:, ::-1], axis=1)
    rows = np.flatnonzero(high.any(axis=1) & (last < values.shape[1] - 1) & (rays.bound < 0))
    rows = rows[rays.log_t[rows, last[rows]] >= np.log(OUT)]
    if not rows.size:
        return None
    near, far = rays.points[rows, last[rows]], rays.points[rows, last[rows] + 1]
    shares = np.linspace(0.0, 1.0, BETWEEN + 2)[1:-1, None, None]
    points = (near + shares * (far - near)).reshape(-1, near.shape[1])
    return points[np.argmax(evaluator.far(points))]


def followed(evaluator, clean, x, scale) -> Lost:
    """Return the `Lost` of x (d,), of which the way from a point `clean` (d,) is halved again and
    again, to find where the digits end. The noise is the largest on the way."""
    way = _on_the_way(evaluator, clean + WAY[:, None] * (x - clean), x, scale)
    first = int(np.argmax(way > LOST))
    near, far = (WAY[first - 1] if first else 0.0), WAY[first]
    for _ in range(HALVINGS):
        middle = 0.5 * (near + far)
        if is_lost(evaluator, clean + middle * (x - clean), scale):
            far = middle
        else:
            near = middle
    border, worst = (clean + share * (x - clean) for share in (near, WAY[int(np.argmax(way))]))
    noise = float(np.max(way))
    guilty = _guilty(evaluator, clean, worst, noise, scale)
    end = _end(evaluator, clean, border, guilty[0], scale) if len(guilty) == 1 else None
    return Lost(x, float(evaluator.far(x)), noise, border, guilty, end)


@np.errstate(all="ignore")  # toward the place where digits end all may overflow
def _end(evaluator, clean, border, i: int, scale) -> CleanEnd | None:
    """Return the `CleanEnd` of coordinate i on its way out of a point `clean` (d,), toward
    `border`; None where not even the first place on it has its digits, or the point has no normal.

    With t the distance from the clean point, p t is the mass per unit of log t, and that at the end
    over the largest of all is about what lies beyond, where it goes on falling. For p there are the
    profile, Laplace's marginal density (`profile.profile`) and the normal at the clean point: the
    share is the largest of the three, as each may be far too small: that of a line through the
    point is, where others follow the coordinate.
    """
    reach = abs(border[i] - clean[i])
    t = np.geomspace(min(scale[i], reach) / PLACES, reach, PLACES)
    values = _round_numbers(clean[i], np.sign(border[i] - clean[i]) * t)
    found = profile(evaluator, clean, i, values)
    if found is None:
        return None
    line = np.repeat(clean[None], PLACES, axis=0)
    line[:, i] = values
    noise = [scatter_at(evaluator, points, scale) for points in (line, found.points)]
    scattered = np.max(noise, axis=0) > FINE
    last = (int(np.argmax(scattered)) if scattered.any() else PLACES) - 1
    if last < 0:
        return None
    t = np.abs(values - clean[i])
    highest = (found.log_density + np.log(t))[: last + 1]
    shares = [
        np.exp(mass[-1] - np.nanmax(mass))
        for mass in (highest, highest + found.log_width[: last + 1])
    ]
    share = max(*shares, ndtr(-t[last] / found.sd)) if np.isfinite(shares).all() else np.inf
    return CleanEnd(float(values[last]), float(share))


def _round_numbers(origin: float, moves):
    """Return origin + moves (n,), each rounded away from the origin, by a hundredth of the move at
    the most: so that a number is told as it was looked at, however far from zero it lies."""
    places = [int(each) for each in 2 - np.floor(np.log10(np.abs(moves)))]
    units = np.array([10.0**-each for each in places])
    values = np.sign(moves) * units * np.ceil(np.sign(moves) * (origin + moves) / units)
    return np.array([round(float(x), n) for x, n in zip(values, places, strict=True)])


def _guilty(evaluator, clean, x, noise, scale) -> tuple[int, ...]:
    """Return the coordinates that take the scatter away when they are put back, each alone; else
    those that take most of it; else all."""
    one_back = np.where(np.eye(x.size, dtype=bool), clean, x)
    left = scatter_at(evaluator, one_back, scale)
    guilty = np.flatnonzero(left <= max(LOST, 10 * float(np.min(left))))
    guilty = guilty[left[guilty] < FEWER * noise]
    return tuple(int(i) for i in (guilty if guilty.size else range(x.size)))


def declined(evaluator, lost: Lost, best=None) -> Declined:
    """Return the `Declined` for a log density that is highest where its digits are lost.

    `best` is the highest log density where it has them, None where no maximum was found there.
    """
    names = [evaluator.names[i] for i in lost.guilty]
    keeps = f"give {' and '.join(names)} a prior or a support that keeps away from there"
    if lost.end is not None and lost.end.share < LITTLE:
        keeps = (
            f"let the SUPPORT of {names[0]} end at {names[0]} = {lost.end.value:.15g}, where the "
            f"digits still are: beyond lies about {lost.end.share:.0e} of the mass, as the density "
            "falls on the way there"
        )
    guilty = list(lost.guilty)
    against = "" if best is None else f", against {best:.6g} at the best point that has its digits"
    return Declined(
        "non_smooth_mode",
        f"your log likelihood loses its digits near {places.point(names, lost.border[guilty])}: "
        f"beyond, it scatters by up to {lost.noise:.2g} from one point to the next, and reaches "
        f"{lost.log_density:.6g} at {places.point(names, lost.x[guilty])}{against}. A maximum of "
        f"such values is none. {CURES}; or {keeps}.",
        parameters=names,
        border=lost.border.tolist(),
        point=lost.x.tolist(),
        noise=lost.noise,
        log_density=lost.log_density,
        digits_lost=True,
    )
