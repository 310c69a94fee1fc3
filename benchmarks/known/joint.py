"""True distances between a known posterior and a normal, by rules that know nothing of the core.

On a line they follow from the two distribution functions, cut where the densities cross; in two and
three dimensions from a midpoint rule in the normal's own coordinates, and from one in those of the
posterior. Each comes as (value, accuracy); an infinite value is one.
"""

import math

import numpy as np
from scipy import special, stats

from known.laws import rule_between
from known.truth import Known

LEVELS = (0.5, 0.8, 0.9, 0.95, 0.99)
# nodes an axis in the normal's coordinates; several, as two may agree by chance where p ends
FINE = {2: (1100, 801, 640), 3: (140, 111, 97)}
OWN = {2: (400, 301), 3: (70, 61)}  # nodes an axis in the posterior's
SHELLS = {2: (48, 72), 3: (20, 30)}  # radii a shell, and a quarter of the angles
REACH = 8.5
BELIEVED = 3.0  # times the change between two rules: what the finer one is trusted to


def joint(known: Known, mean, covariance) -> dict[str, tuple[float, float]]:
    """Return every joint measure, by the name that the verdict has for it."""
    mean, covariance = np.asarray(mean, dtype=float), np.asarray(covariance, dtype=float)
    if known.dimension == 1:
        return _on_a_line(known, float(mean[0]), math.sqrt(covariance[0, 0]))
    return _in_space(known, mean, np.linalg.cholesky(covariance))


def _on_a_line(known: Known, m: float, sd: float) -> dict:
    law, q = known.laws["x"], stats.norm(m, sd)
    ends = float(known.lower[0]), float(known.upper[0])

    def log_p(x):
        return known.log_posterior(np.asarray(x)[..., None])

    x = np.concatenate([law.nodes(4000, 9.0)[0], m + sd * np.linspace(-9, 9, 8001)])
    cuts = np.array([*ends, *law.breaks])
    p_of, q_of = (law.cdf, law.sf), (q.cdf, q.sf)
    variation = _variation(x, cuts, lambda x: log_p(x) - q.logpdf(x), p_of, q_of)
    other = (lambda x: law.sf(2 * m - x), lambda x: law.cdf(2 * m - x))
    mirrored = _variation(
        np.concatenate([x, 2 * m - x]),
        np.concatenate([cuts, 2 * m - cuts]),
        lambda x: _difference(log_p(x), log_p(2 * m - x)),
        p_of,
        other,
    )
    rounding = law.error + 1e-12
    radius = np.sqrt(stats.chi2.ppf(LEVELS, 1)) * sd
    held = law.cdf(m + radius) - law.cdf(m - radius)
    found = {
        "total_variation": (variation, rounding),
        "reflection_bound": (0.5 * mirrored, rounding),
        **_by_nodes(known, law, q, log_p),
        "kl_laplace_exact": _kl_from_normal(known, m, sd, log_p),
    }
    found.update((f"ellipse_{k}", (float(v), rounding)) for k, v in zip(LEVELS, held, strict=True))
    return found


def _difference(a, b):
    """Return a - b, 0 where both are infinite."""
    with np.errstate(invalid="ignore"):
        return np.nan_to_num(a - b, nan=0.0)


def _variation(x, cuts, excess, of_p, of_q) -> float:
    """Return the total variation of two laws with (cdf, sf), cut where `excess` changes sign."""
    x = np.unique(x[np.isfinite(x)])
    sign = np.sign(excess(x))
    x, sign = x[sign != 0], sign[sign != 0]
    at = np.flatnonzero(sign[1:] * sign[:-1] < 0)
    low, high, left = x[at], x[at + 1], sign[at]
    for _ in range(70):
        middle = 0.5 * (low + high)
        same = np.sign(excess(middle)) == left
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    cut = np.unique(np.concatenate([0.5 * (low + high), cuts[np.isfinite(cuts)]]))
    if not cut.size:
        return 0.0
    p, q = (_masses(*both, cut) for both in (of_p, of_q))
    return 0.5 * float(np.sum(np.abs(p - q)))


def _masses(cdf, sf, cut):
    """Return the mass of each interval between cuts, the first and the last unbounded."""
    below, above = cdf(cut), sf(cut)
    inner = np.where(below[1:] < 0.5, np.diff(below), -np.diff(above))
    return np.concatenate([below[:1], inner, above[-1:]])


def _by_nodes(known: Known, law, q, log_p) -> dict:
    """Return the Hellinger distance and KL(exact, Laplace) by the law's own rule, at two sizes."""
    distances, entropies, lost = [], [], 0.0
    for n in (6001, 12000):
        x, log_dx = law.nodes(n)
        logs = log_p(x)
        good = np.isfinite(logs) & np.isfinite(log_dx)
        dx, logs, x = log_dx[good], logs[good], x[good]
        other = q.logpdf(x)
        # (sqrt p - sqrt q)^2 = max(p, q) (1 - exp(-|log p - log q| / 2))^2
        squared = np.exp(dx + np.maximum(logs, other))
        squared *= np.expm1(-0.5 * np.abs(logs - other)) ** 2
        # where the rule does not reach there is no p, but there may be q
        outside = float(q.cdf(np.min(x)) + q.sf(np.max(x)))
        square = 0.5 * (np.sum(squared) + outside)
        # above 1 the rule of p, wide where p has faded out, has q on one of its nodes: no truth
        distances.append(math.sqrt(square) if square < 1 + 1e-9 else math.nan)
        mass = np.exp(dx + logs)
        entropies.append(float(np.sum(mass * logs)))
        lost = abs(1 - float(np.sum(mass)))  # where the digits of x end, beside a bound
    m, sd = q.mean(), q.std()
    hellinger = distances[1], BELIEVED * abs(distances[1] - distances[0]) + 1e-9 + lost
    if not (math.isfinite(law.sd) and math.isfinite(law.mean)):
        return {"hellinger": hellinger, "kl_exact_laplace": (math.inf, 0.0)}
    cross = math.log(sd) + 0.5 * math.log(2 * math.pi)
    cross += 0.5 * ((law.sd / sd) ** 2 + ((law.mean - m) / sd) ** 2)
    change = abs(entropies[1] - entropies[0])
    error = BELIEVED * change + 1e-10 * (1 + abs(cross)) + 1e3 * lost
    return {"hellinger": hellinger, "kl_exact_laplace": (entropies[1] + cross, error)}


def _kl_from_normal(known: Known, m: float, sd: float, log_p):
    if np.isfinite(known.lower[0]) or np.isfinite(known.upper[0]):
        return math.inf, 0.0
    found, law = [], known.laws["x"]
    for panels in (150, 300):
        edges = np.concatenate([law.edges(panels), m + sd * np.linspace(-9, 9, panels + 1)])
        u, log_du = rule_between((np.clip(edges, m - 9 * sd, m + 9 * sd) - m) / sd)
        mass = np.exp(log_du - 0.5 * u * u) / math.sqrt(2 * math.pi)
        gap = -0.5 * u * u - math.log(sd * math.sqrt(2 * math.pi)) - log_p(m + sd * u)
        found.append(float(np.sum(mass * gap)))
    return found[1], BELIEVED * abs(found[1] - found[0]) + 1e-10 * (1 + abs(found[1]))


def _in_space(known: Known, mean, factor) -> dict:
    d = mean.size
    fine, *coarse = (_in_normal(known, mean, factor, n) for n in FINE[d])
    off = {name: max(abs(fine[name] - each[name]) for each in coarse) for name in fine}
    found = {name: (fine[name], BELIEVED * off[name] + 1e-10) for name in fine}
    bounded = np.any(np.isfinite(known.lower) | np.isfinite(known.upper))
    if bounded or not math.isfinite(fine["kl_laplace_exact"]):
        found["kl_laplace_exact"] = (math.inf, 0.0)
    found.update(_ellipses(known, mean, factor))
    if known.nodes is not None:
        coarse, fine = (_in_own(known, mean, factor, n) for n in OWN[d][::-1])
        errors = {name: BELIEVED * abs(fine[name] - coarse[name]) + 1e-9 for name in fine}
        found["hellinger"] = _of_both(
            found["hellinger"], (fine.pop("hellinger"), errors.pop("hellinger"))
        )
        found.update((name, (fine[name], errors[name])) for name in fine)
        if any(not math.isfinite(known.laws[name].sd) for name in known.parameters):
            found["kl_exact_laplace"] = (math.inf, 0.0)
    return found


def _of_both(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    """Return a truth by two rules that see other places: where both claim more than they agree, a
    spike lies between the nodes of one, and the truth is known to their difference."""
    apart = abs(one[0] - other[0])
    return (one[0], one[1] + apart) if apart > one[1] + other[1] else one


def scores(d: int, n: int, reach: float = REACH):
    """Return the nodes (n^d, d) of a midpoint rule in normal scores, and their masses."""
    side = (np.arange(n) + 0.5) / n * 2 * reach - reach
    u = np.stack(np.meshgrid(*[side] * d, indexing="ij"), axis=-1).reshape(-1, d)
    log_mass = -0.5 * np.sum(u * u, axis=-1) - 0.5 * d * math.log(2 * math.pi)
    return u, np.exp(log_mass + d * math.log(2 * reach / n))


def _log_normal(u, factor):
    d = factor.shape[0]
    constant = 0.5 * d * math.log(2 * math.pi) + np.sum(np.log(np.diag(factor)))
    return -0.5 * np.sum(u * u, axis=-1) - constant


def _in_normal(known: Known, mean, factor, n: int) -> dict:
    """Return what is an expectation under the normal of a function of p / q."""
    total, overlap, affinity, divergence = np.zeros(4)
    u, mass = scores(mean.size, n)
    for rows in np.array_split(np.arange(mass.size), max(1, mass.size // 200_000)):
        gap = known.log_posterior(mean + u[rows] @ factor.T) - _log_normal(u[rows], factor)
        total += np.sum(mass[rows])
        overlap += np.sum(mass[rows] * np.exp(np.minimum(gap, 0)))
        affinity += np.sum(mass[rows] * np.exp(np.minimum(0.5 * gap, 300)))
        divergence -= np.sum(mass[rows] * gap)
    return {
        "total_variation": float(1 - overlap / total),
        "hellinger": math.sqrt(max(0.0, 1 - affinity / total)),
        "kl_laplace_exact": float(divergence / total),
    }


def _in_own(known: Known, mean, factor, n: int) -> dict:
    """Return what is an expectation under the posterior."""
    theta, mass = known.nodes(n)
    log_p = known.log_posterior(theta)
    good = np.isfinite(log_p) & (mass > 0)
    theta, mass, log_p = theta[good], mass[good] / np.sum(mass[good]), log_p[good]
    u = np.linalg.solve(factor, (theta - mean).T).T
    mirrored = known.log_posterior(2 * mean - theta)
    affinity = float(np.sum(mass * np.exp(np.minimum(0.5 * (_log_normal(u, factor) - log_p), 300))))
    return {
        "hellinger": math.sqrt(max(0.0, 1 - affinity)),
        "kl_exact_laplace": float(np.sum(mass * (log_p - _log_normal(u, factor)))),
        "reflection_bound": float(
            0.5 * (1 - np.sum(mass * np.exp(np.minimum(mirrored - log_p, 0))))
        ),
    }


def _ellipses(known: Known, mean, factor) -> dict:
    radii = np.sqrt(stats.chi2.ppf(LEVELS, mean.size))
    coarse, fine = SHELLS[mean.size]
    held = np.array([_in_balls(known, mean, factor, radii, n) for n in (coarse, fine - 1, fine)])
    apart = np.ptp(held, axis=0)
    if np.any(np.isfinite(known.lower) | np.isfinite(known.upper)):
        apart = np.full(apart.shape, np.max(apart))  # a bound within: two rules agree by chance
    return {
        f"ellipse_{level}": (float(value), BELIEVED * float(off) + 1e-11)
        for level, value, off in zip(LEVELS, held[-1], apart, strict=True)
    }


def _in_balls(known: Known, mean, factor, radii, n: int):
    """Return the mass within each radius in the normal's coordinates, shell after shell."""
    node, weight = np.polynomial.legendre.leggauss(n)
    inner = np.concatenate([[0.0], radii[:-1]])
    half = 0.5 * (radii - inner)[:, None]
    r, dr = inner[:, None] + half * (1 + node), half * weight
    direction, area = _directions(mean.size, n)
    shells = []
    for one, width in zip(r, dr, strict=True):
        u = one[:, None, None] * direction
        theta = mean + u.reshape(-1, mean.size) @ factor.T
        p = np.exp(known.log_posterior(theta)).reshape(u.shape[:-1])
        shells.append(np.sum((width * one ** (mean.size - 1))[:, None] * area * p))
    return np.cumsum(shells) * np.prod(np.diag(factor))


def _directions(d: int, n: int):
    angle = 2 * math.pi * (np.arange(4 * n) + 0.5) / (4 * n)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    if d == 2:
        return circle, np.full(4 * n, 2 * math.pi / (4 * n))
    height, weight = np.polynomial.legendre.leggauss(n)
    flat = np.sqrt(1 - height**2)[:, None, None] * circle
    up = np.broadcast_to(height[:, None, None], (*flat.shape[:-1], 1))
    area = np.broadcast_to(weight[:, None] * 2 * math.pi / (4 * n), flat.shape[:-1])
    return np.concatenate([flat, up], axis=-1).reshape(-1, 3), area.ravel()


def rosenblatt(outer, given, n: int):
    """Return points (n^2, 2) as (x, y) and masses: y from its law, x from that given y."""
    u, mass = scores(2, n)
    first = np.unique(u[:, 0])
    y = np.where(first < 0, outer.quantile(special.ndtr(first)), outer.isf(special.ndtr(-first)))
    y = np.repeat(y, n)
    law = given(y)
    v = u[:, 1]
    with np.errstate(all="ignore"):
        x = np.where(v < 0, law.ppf(special.ndtr(v)), law.isf(special.ndtr(-v)))
    return np.stack([x, y], axis=-1), mass
