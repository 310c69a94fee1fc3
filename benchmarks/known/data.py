"""Posteriors of two parameters given random data: one integrated in closed form, one tabulated."""

import math

import numpy as np
from scipy import optimize, special, stats

from known.joint import scores
from known.laws import EXP, IDENTITY, Tabulated
from known.plane import FREE, HALF, in_a_plane
from known.truth import ACCURATE, Known

PANELS = (60, 150, 400)
INNER = 40  # panels of an inner integral
DROP = {IDENTITY: 60.0, EXP: 140.0}  # of the log density: on a log line a moment sees farther


def _law(log_density, low, high, by=IDENTITY) -> Tabulated:
    """Return the law of a log density on s in [low, high], on as many panels as it needs."""
    ends = _reach(log_density, low, high, by)
    for panels in PANELS[1 if by is EXP else 0 :]:
        found = Tabulated(log_density, np.linspace(*ends, panels + 1), by)
        if max(found.error, found.total_error) < ACCURATE / 1e3:
            break
    return found


def _reach(log_density, low, high, by, rounds=3):
    """Return the ends in s of all that is within `DROP` of the top of log p(x) |dx/ds|."""
    for _ in range(rounds):
        s = np.linspace(low, high, 2001)
        with np.errstate(all="ignore"):
            value = log_density(by.forward(s)) + by.log_slope(s)
        near = np.flatnonzero(np.nan_to_num(value, nan=-np.inf) > np.nanmax(value) - DROP[by])
        low, high = s[max(near[0] - 1, 0)], s[min(near[-1] + 1, 2000)]
    return low, high


def _of_curve(kind, seed, rng, shape, t, settings):
    """Return x and y of data x f(y, t) + noise of known SD, x ~ N(0, 10), y ~ lognormal(0, 1.5).

    Given y, x is normal; y is tabulated on the logarithmic line.
    """
    noise, wide, spread = settings["noise"], 10.0, 1.5
    data = settings["x"] * shape(np.array(settings["y"]), t) + noise * rng.normal(size=t.size)

    def parts(y):
        f = shape(np.asarray(y)[..., None], t)
        precision = np.sum(f * f, axis=-1) / noise**2 + 1 / wide**2
        return precision, np.sum(f * data, axis=-1) / noise**2 / precision

    def log_prior(y):
        return -0.5 * (np.log(y) / spread) ** 2 - np.log(y)

    def of_y(y):
        precision, mean = parts(y)
        rest = -0.5 * np.sum(data**2) / noise**2 + 0.5 * precision * mean**2
        return log_prior(y) + rest + 0.5 * np.log(2 * math.pi / precision)

    def log_density(x, y):
        off = (data - x[..., None] * shape(y[..., None], t)) / noise
        return log_prior(y) - 0.5 * np.sum(off * off, axis=-1) - 0.5 * (x / wide) ** 2

    outer = _law(of_y, -40.0, 40.0, EXP)

    def given(y):
        precision, mean = parts(y)
        return stats.norm(mean, 1 / np.sqrt(precision))

    return _tabulated(kind, seed, rng, outer, given, log_density, settings, support=(FREE, HALF))


def _tabulated(kind, seed, rng, outer, given, log_density, settings, **more) -> Known:
    """Return a posterior whose y is tabulated; its mode is sought from its own nodes."""
    found = in_a_plane(
        *(kind, seed, rng, outer, given, log_density, outer.log_total),
        evidence_error=outer.total_error + 1e-11,
        settings=settings,
        nodes=None,
        **more,
    )
    column = [found.parameters.index(name) for name in ("x", "y")]

    def nodes(n):
        y, log_dy = outer.nodes(n)
        held = np.exp(log_dy + outer.logpdf(y)) > 1e-17
        y, mass = y[held], np.exp(log_dy + outer.logpdf(y))[held]
        v = scores(1, 151)
        law = given(np.repeat(y, 151))
        tail = special.ndtr(-np.abs(np.tile(v[0][:, 0], y.size)))
        x = np.where(np.tile(v[0][:, 0], y.size) < 0, law.ppf(tail), law.isf(tail))
        points = np.empty((x.size, 2))
        points[:, column[0]], points[:, column[1]] = x, np.repeat(y, 151)
        return points, np.outer(mass, v[1]).ravel()

    points, _ = nodes(0)
    heights = found.log_posterior(points)
    mode = _climbed(found, points[int(np.argmax(heights))])
    return Known(**{**vars(found), "nodes": nodes, "mode": mode})


def _climbed(known: Known, point):
    """Return the top that a simplex reaches from a point."""
    wide = np.array([known.laws[name].half_interval() for name in known.parameters])
    # where the tail is heavy the half-interval says nothing of the peak
    scale = np.where(np.isfinite(known.lower), np.minimum(wide, 0.3 * np.abs(point)), wide)

    def minus(u):
        value = known.log_posterior(point + scale * u)
        return 1e300 if not np.isfinite(value) else -float(value)

    found = optimize.minimize(
        minus, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-15}
    )
    return point + scale * found.x


def exponential_decay(kind, seed, rng):
    """Return amplitude x and rate y of an exponential decay."""
    t = np.sort(rng.uniform(0, float(rng.choice([2.0, 5.0])), int(rng.choice([4, 5, 8, 20]))))
    noise = float(rng.choice([0.03, 0.1, 0.3]))
    settings = {"noise": noise, "x": 1.0, "y": float(rng.choice([0.4, 1.0, 2.5])), "rows": t.size}
    return _of_curve(kind, seed, rng, lambda y, t: np.exp(-y * t), t, settings)


def michaelis_menten(kind, seed, rng):
    """Return the largest rate x and the half-saturation y of an enzyme."""
    t = np.geomspace(0.1, float(rng.choice([2.0, 10.0])), int(rng.choice([4, 6, 10, 20])))
    noise = float(rng.choice([0.02, 0.1, 0.2]))
    settings = {"noise": noise, "x": 1.0, "y": float(rng.choice([0.3, 1.0, 3.0])), "rows": t.size}
    return _of_curve(kind, seed, rng, lambda y, t: t / (y + t), t, settings)


def poisson_regression(kind, seed, rng):
    """Return intercept x (flat) and slope y (normal prior) of log rates of counts."""
    n = int(rng.choice([4, 6, 12, 30]))
    t = rng.normal(size=n)
    counts = rng.poisson(np.exp(rng.normal() * 0.7 + 0.5 * t)).astype(float)
    counts[0] += counts.sum() == 0
    total, first = counts.sum(), float(counts @ t)
    wide = float(rng.choice([2.0, 5.0]))

    def log_rate(y):
        return special.logsumexp(np.asarray(y)[..., None] * t, axis=-1)

    def of_y(y):
        prior = -0.5 * (y / wide) ** 2
        return prior + first * y - total * log_rate(y) + special.gammaln(total)

    def log_density(x, y):
        eta = x[..., None] + y[..., None] * t
        return np.sum(counts * eta - np.exp(eta), axis=-1) - 0.5 * (y / wide) ** 2

    outer = _law(of_y, -60.0, 60.0)

    def given(y):
        return stats.loggamma(total, -log_rate(y))

    settings = {"rows": n, "counts": int(total), "wide": wide}
    return _tabulated(kind, seed, rng, outer, given, log_density, settings)


def weibull_lifetimes(kind, seed, rng):
    """Return scale x and shape y of Weibull lifetimes under the prior 1 / (scale shape)."""
    n = int(rng.choice([4, 6, 10, 25]))
    shape = float(rng.choice([0.8, 1.5, 3.0]))
    t = 10 ** rng.uniform(-1, 4) * rng.weibull(shape, n)
    logs = np.log(t)

    def log_sum(y):
        return special.logsumexp(np.asarray(y)[..., None] * logs, axis=-1)

    def of_y(y):
        jacobian = (n - 2) * np.log(y) + (y - 1) * logs.sum()
        return jacobian - n * log_sum(y) + special.gammaln(n)

    def log_density(x, y):
        power = y[..., None] * (logs - np.log(x)[..., None])
        each = np.sum(power - np.exp(power), axis=-1) - logs.sum()
        return n * np.log(y) + each - np.log(y) - np.log(x)

    outer = _law(of_y, -12.0, 8.0, EXP)

    def given(y):
        return _ScaleGivenShape(n, y, log_sum(y))

    # E x^k given y is finite for k < n y: no moment of the scale exists
    settings = {"rows": n, "shape": shape}
    return _tabulated(
        kind,
        seed,
        rng,
        outer,
        given,
        log_density,
        settings,
        support=(HALF, HALF),
        exists=0,
        excused=frozenset({"highest"}),  # without bound as y falls to 0 and log x as -1 / y
    )


class _ScaleGivenShape:
    """The law of (S / g)^(1/y) for g gamma(n), by logarithms: S^(1/y) may overflow."""

    def __init__(self, n, y, log_sum):
        self.n, self.y, self.log_sum = n, y, log_sum

    def _log_g(self, x):
        return self.log_sum - self.y * np.log(x)

    def cdf(self, x):
        return special.gammaincc(self.n, np.exp(self._log_g(x)))

    def sf(self, x):
        return special.gammainc(self.n, np.exp(self._log_g(x)))

    def pdf(self, x):
        log_g = self._log_g(x)
        log_density = self.n * log_g - np.exp(log_g) - special.gammaln(self.n)
        return np.exp(log_density) * self.y / x

    def ppf(self, p):
        return np.exp((self.log_sum - np.log(special.gammainccinv(self.n, p))) / self.y)

    def isf(self, q):
        return np.exp((self.log_sum - np.log(special.gammaincinv(self.n, q))) / self.y)


def logistic_regression(kind, seed, rng):
    """Return intercept x and slope y of a logistic regression with normal priors."""
    n, wide = int(rng.choice([4, 6, 12, 30])), float(rng.choice([2.0, 5.0]))
    t = rng.normal(size=n) * float(rng.choice([0.5, 1.0, 3.0]))
    hits = (rng.random(n) < special.expit(rng.normal() + rng.normal() * t)).astype(float)

    def log_density(x, y):
        eta = x[..., None] + y[..., None] * t
        likelihood = np.sum(hits * eta - np.logaddexp(0, eta), axis=-1)
        return likelihood - 0.5 * (x * x + y * y) / wide**2

    reach = 9.0 * wide
    laws = []
    for swapped in (False, True):

        def of_one(value, swapped=swapped):
            value = np.asarray(value, dtype=float)

            def inner(other):
                v = np.broadcast_to(block[:, None], other.shape)
                return log_density(v, other) if swapped else log_density(other, v)

            found = []
            for block in np.array_split(value.ravel(), max(1, value.size // 64)):
                found.append(_inner_log_integral(inner, block.size, reach))
            return np.concatenate(found).reshape(value.shape)

        coarse = np.linspace(-reach, reach, 401)
        height = of_one(coarse)
        near = np.flatnonzero(height > height.max() - 45)
        ends = coarse[max(near[0] - 1, 0)], coarse[min(near[-1] + 1, 400)]
        laws.append(_stored(of_one, ends))
    of_y, of_x = laws
    found = Known(
        *(kind, seed, ("x", "y"), np.full(2, -np.inf), np.full(2, np.inf)),
        lambda theta: log_density(theta[..., 0], theta[..., 1]),
        of_y.log_total,
        {"x": of_x, "y": of_y},
        evidence_error=abs(of_y.log_total - of_x.log_total) + of_y.total_error + 1e-11,
        settings={"rows": n, "wide": wide},
    )
    return _on_a_lattice(found)


def _stored(log_density, ends) -> Tabulated:
    """Return the law of a dear log density between two ends."""
    for panels in (16, 36):
        found = Tabulated(log_density, np.linspace(*ends, panels + 1), stored=True)
        if max(found.error, found.total_error) < ACCURATE / 100:
            break
    found.error += 1e-10  # of a series between its nodes, where the density is next to nothing
    return found


def _inner_log_integral(log_density, rows: int, reach: float):
    """Return for each of so many rows the log integral of a log-concave density over one axis.

    The panels are so narrow that the poles of the logistic function, pi / |t| away from the axis
    for data at t, lie outside the ellipses in which the rule converges.
    """
    scan = np.linspace(-reach, reach, 301)
    value = log_density(np.broadcast_to(scan, (rows, scan.size)))
    near = value > value.max(axis=1, keepdims=True) - 45
    low = scan[np.maximum(np.argmax(near, axis=1) - 1, 0)]
    high = scan[np.minimum(scan.size - np.argmax(near[:, ::-1], axis=1), scan.size - 1)]
    node, weight = np.polynomial.legendre.leggauss(24)
    start = np.arange(INNER) / INNER
    place = (start[:, None] + 0.5 / INNER * (1 + node)).ravel()
    part = np.tile(0.5 / INNER * weight, INNER)
    value = log_density(low[:, None] + (high - low)[:, None] * place)
    return special.logsumexp(value, axis=1, b=(high - low)[:, None] * part)


def _on_a_lattice(known: Known) -> Known:
    """Return the posterior with a lattice as its rule, its mode, and its correlation."""

    def lattice(points, centre, root):
        u, _ = scores(2, points, 14.0)
        theta = centre + u @ root.T
        mass = np.exp(known.log_posterior(theta))
        return theta, mass / np.sum(mass)

    sd = np.array([known.laws[name].sd for name in known.parameters])
    mean = np.array([known.laws[name].mean for name in known.parameters])
    root = np.diag(sd)
    for _ in range(2):
        theta, mass = lattice(501, mean, root)
        covariance = (theta - mean).T @ (mass[:, None] * (theta - mean))
        root = np.linalg.cholesky(covariance)
    r = covariance[0, 1] / math.sqrt(covariance[0, 0] * covariance[1, 1])
    mode = _climbed(known, theta[int(np.argmax(mass))])
    changed = {
        "nodes": lambda n: lattice(n, mean, root),
        "mode": mode,
        "correlation": np.array([[1, r], [r, 1]]),
    }
    return Known(**{**vars(known), **changed})


KINDS = {
    "exponential_decay": exponential_decay,
    "michaelis_menten": michaelis_menten,
    "poisson_regression": poisson_regression,
    "weibull_lifetimes": weibull_lifetimes,
    "logistic_regression": logistic_regression,
}
