"""Posteriors of three parameters: closed forms, and laws that hang on one of the three."""

import math

import numpy as np
from scipy import special, stats

from known import line
from known.joint import scores
from known.laws import Closed, Image, Law
from known.plane import HALF_LOG, marginal, of_normals
from known.truth import Known

NAMES = ("x", "y", "w")


def in_space(kind, seed, laws, log_density, log_evidence, mode=None, support=None, **more):
    """Return the posterior of x, y and w; `log_density` takes the three."""
    support = np.array([(-np.inf, np.inf)] * 3 if support is None else support)
    return Known(
        *(kind, seed, NAMES, support[:, 0], support[:, 1]),
        lambda theta: log_density(*np.moveaxis(theta, -1, 0)),
        log_evidence,
        dict(zip(NAMES, laws, strict=True)),
        mode=None if mode is None else np.array(mode, dtype=float),
        **more,
    )


def _by_chance(rng, wide):
    sd = 10 ** rng.uniform(-wide, wide, 3)
    a = rng.normal(size=(3, 4))
    c = a @ a.T
    return c / np.sqrt(np.outer(np.diag(c), np.diag(c))) * np.outer(sd, sd)


def normals(kind, seed, rng):
    """Return a normal of three parameters, correlated and badly scaled."""
    covariance, mean = _by_chance(rng, 4), rng.normal(size=3)
    settings = {"sd": list(np.sqrt(np.diag(covariance)))}
    scale = np.sqrt(np.diag(covariance))
    unit = of_normals(kind, seed, [1.0], np.zeros((1, 3)), [covariance], settings)
    root = np.linalg.cholesky(covariance / np.outer(scale, scale))
    whiten = np.linalg.inv(root)

    def log_density(theta):
        u = ((theta - mean) / scale) @ whiten.T
        return -0.5 * np.sum(u * u, axis=-1)

    def nodes(n):
        u, mass = scores(3, n)
        return mean + scale * (u @ root.T), mass

    laws = [Closed(stats.norm(m, s)) for m, s in zip(mean, scale, strict=True)]
    evidence = 1.5 * math.log(2 * math.pi) + np.sum(np.log(np.diag(root) * scale))
    found = in_space(kind, seed, laws, None, float(evidence), mean, nodes=nodes)
    return Known(
        **{
            **vars(found),
            "log_density": log_density,
            "correlation": unit.correlation,
            "settings": settings,
        }
    )


def student(kind, seed, rng):
    """Return a t of three parameters."""
    df = float(rng.choice([2, 3, 4, 5, 8, 30]))
    shape, mean = _by_chance(rng, 1.5), rng.normal(size=3)
    scale = np.sqrt(np.diag(shape))
    root = np.linalg.cholesky(shape)
    whiten = np.linalg.inv(root)

    def log_density(theta):
        u = (theta - mean) @ whiten.T
        return -(df + 3) / 2 * np.log1p(np.sum(u * u, axis=-1) / df)

    def nodes(n):
        v, mass = scores(3, n)
        u, length = np.empty_like(v), np.zeros(len(v))
        for i in range(3):  # one coordinate given those before it is a t with one df more
            t = np.sign(v[:, i]) * stats.t.isf(special.ndtr(-np.abs(v[:, i])), df + i)
            u[:, i] = t * np.sqrt((df + length) / (df + i))
            length += u[:, i] ** 2
        return mean + u @ root.T, mass

    constant = special.gammaln(df / 2) - special.gammaln((df + 3) / 2)
    evidence = constant + 1.5 * math.log(df * math.pi) + float(np.sum(np.log(np.diag(root))))
    laws = [Closed(stats.t(df, m, s)) for m, s in zip(mean, scale, strict=True)]
    found = in_space(kind, seed, laws, None, evidence, mean, nodes=nodes)
    correlation = shape / np.outer(scale, scale) if df > 2 else None
    settings = {"df": df, "scale": list(scale)}
    changed = {"log_density": log_density, "correlation": correlation, "settings": settings}
    return Known(**{**vars(found), **changed})


def banana(kind, seed, rng):
    """Return a normal that is bent in two directions by the same parameter y."""
    bend, slope = float(rng.choice([0.5, 2, 5, 20])), rng.uniform(-2, 2)
    sx, sw = rng.uniform(0.3, 2, 2)

    def log_density(x, y, w):
        squares = y * y + ((x - bend * (y * y - 1)) / sx) ** 2 + ((w - slope * y) / sw) ** 2
        return -0.5 * squares

    outer = Closed(stats.norm())
    laws = [
        marginal(outer, lambda y: stats.norm(bend * (y * y - 1), sx)),
        outer,
        Closed(stats.norm(0, math.hypot(slope, sw))),
    ]

    def nodes(n):
        u, mass = scores(3, n)
        y = u[:, 1]
        return np.stack(
            [bend * (y * y - 1) + sx * u[:, 0], y, slope * y + sw * u[:, 2]], axis=-1
        ), mass

    r = slope / math.hypot(slope, sw)
    return in_space(
        *(kind, seed, laws, log_density, 1.5 * math.log(2 * math.pi) + math.log(sx * sw)),
        (-bend, 0.0, 0.0),
        nodes=nodes,
        correlation=np.array([[1, 0, 0], [0, 1, r], [0, r, 1]]),
        settings={"bend": bend, "slope": slope, "sx": sx, "sw": sw},
    )


def funnel(kind, seed, rng):
    """Return x, w ~ N(0, exp(y / 2)) for y ~ N(0, s)."""
    s = float(rng.choice([0.5, 1, 1.5, 2, 3]))

    def log_density(x, y, w):
        return -0.5 * (y / s) ** 2 - y - 0.5 * (x * x + w * w) * np.exp(-y)

    outer = Closed(stats.norm(0, s))
    side = marginal(outer, lambda y: stats.norm(0, np.exp(0.5 * y)))

    def nodes(n):
        u, mass = scores(3, n)
        y = s * u[:, 1]
        wide = np.exp(0.5 * y)
        return np.stack([wide * u[:, 0], y, wide * u[:, 2]], axis=-1), mass

    return in_space(
        *(kind, seed, [side, outer, side], log_density),
        1.5 * math.log(2 * math.pi) + math.log(s),
        (0.0, -s * s, 0.0),
        nodes=nodes,
        correlation=np.eye(3),
        settings={"s": s},
    )


def regression(kind, seed, rng):
    """Return intercept x, slope w and log SD y of a straight line through normal data."""
    n = int(rng.choice([4, 5, 7, 12, 40]))
    t = np.sort(rng.normal(size=n))
    data = rng.normal() + rng.normal() * t + rng.normal(size=n) * 10 ** rng.uniform(-1, 1)
    design = np.stack([np.ones(n), t], axis=1)
    best, rest = np.linalg.lstsq(design, data, rcond=None)[:2]
    precision, nu = design.T @ design, n - 2
    b = 0.5 * float(rest[0])

    def log_density(x, y, w):
        dx, dw = x - best[0], w - best[1]
        form = precision[0, 0] * dx * dx + 2 * precision[0, 1] * dx * dw
        form = form + precision[1, 1] * dw * dw
        return -n * y - (b + 0.5 * form) * np.exp(-2 * y)

    variance = Closed(stats.invgamma(nu / 2, scale=b))
    log_sd = Image(variance, HALF_LOG, moments_known=False)
    log_sd.mean = 0.5 * (math.log(b) - float(special.digamma(nu / 2)))
    log_sd.sd = 0.5 * math.sqrt(special.polygamma(1, nu / 2))
    log_sd.skewness = -float(special.polygamma(2, nu / 2)) / (8 * log_sd.sd**3)
    inverse = np.linalg.inv(precision)
    scale = np.sqrt(np.diag(inverse) * 2 * b / nu)
    x, w = (Closed(stats.t(nu, m, s)) for m, s in zip(best, scale, strict=True))
    root = np.linalg.cholesky(inverse)

    def nodes(k):
        u, mass = scores(3, k)
        v = np.unique(u[:, 1])
        tail = special.ndtr(-np.abs(v))
        y = np.where(v < 0, log_sd.quantile(tail), log_sd.isf(tail))
        y = y[np.searchsorted(v, u[:, 1])]
        side = best + np.exp(y)[:, None] * (u[:, [0, 2]] @ root.T)
        return np.stack([side[:, 0], y, side[:, 1]], axis=-1), mass

    r = inverse[0, 1] / math.sqrt(inverse[0, 0] * inverse[1, 1])
    evidence = (
        special.gammaln(nu / 2)
        - nu / 2 * math.log(b)
        + math.log(2 * math.pi)
        - 0.5 * np.linalg.slogdet(precision)[1]
        - math.log(2)
    )
    return in_space(
        *(kind, seed, [x, log_sd, w], log_density, float(evidence)),
        (best[0], 0.5 * math.log(2 * b / n), best[1]),
        nodes=nodes,
        correlation=np.array([[1, 0, r], [0, 1, 0], [r, 0, 1]]) if nu > 2 else None,
        settings={"rows": n},
    )


def product(kind, seed, rng):
    """Return three independent parameters, each with a closed law of its own."""
    makers = (line.gamma, line.student, line.beta, line.normal, line.log_normal)
    parts = [makers[rng.integers(len(makers))](kind, seed, rng) for _ in range(3)]
    laws: list[Law] = [part.laws["x"] for part in parts]
    smooth = all(part.mode is not None for part in parts)
    finite = all(math.isfinite(law.sd) for law in laws)

    def nodes(n):
        u, mass = scores(3, n)
        v, columns = np.unique(u[:, 0]), []
        tail = special.ndtr(-np.abs(v))
        for i, law in enumerate(laws):
            side = np.where(v < 0, law.quantile(tail), law.isf(tail))
            columns.append(side[np.searchsorted(v, u[:, i])])
        return np.stack(columns, axis=-1), mass

    return in_space(
        *(kind, seed, laws),
        lambda *t: sum(p.log_density(c[..., None]) for p, c in zip(parts, t, strict=True)),
        sum(part.log_evidence for part in parts),
        [part.mode[0] for part in parts] if smooth else None,
        support=[(part.lower[0], part.upper[0]) for part in parts],
        nodes=nodes,
        correlation=np.eye(3) if finite else None,
        excused=frozenset().union(*(part.excused for part in parts)),
        settings={"parts": [part.settings for part in parts]},
    )


def humps(kind, seed, rng):
    """Return two humps in space."""
    weight = rng.uniform(0.05, 0.95)
    means = rng.normal(size=(2, 3)) * float(rng.choice([1.0, 4.0, 10.0]))
    covariances = [_by_chance(rng, 0.4) for _ in range(2)]
    settings = {"weight": weight, "means": means.tolist()}
    return of_normals(kind, seed, [weight, 1 - weight], means, covariances, settings)


def spike(kind, seed, rng):
    """Return a standard normal in space with a narrow spike near it."""
    width, weight = 10 ** rng.uniform(-2, -0.5), float(rng.choice([0.3, 0.05, 0.01]))
    means = np.array([np.zeros(3), rng.uniform(-4, 4, 3)])
    covariances = [np.eye(3), width**2 * np.eye(3)]
    settings = {"width": width, "weight": weight, "at": means[1].tolist()}
    return of_normals(kind, seed, [1 - weight, weight], means, covariances, settings)


KINDS = {
    "normals_in_space": normals,
    "students_in_space": student,
    "banana_in_space": banana,
    "funnel_in_space": funnel,
    "straight_line": regression,
    "product_in_space": product,
    "humps_in_space": humps,
    "spike_in_space": spike,
}
