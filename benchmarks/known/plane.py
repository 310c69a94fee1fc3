"""Posteriors of two parameters: y has a law, and x given y another in closed form."""

import math

import numpy as np
from scipy import optimize, special, stats

from known import line
from known.joint import rosenblatt, scores
from known.laws import NONE, Averaged, Closed, Image, Law, Map, Mixture, Tabulated, certified
from known.quantities import OF_XY, Quantity, pushed_plane
from known.truth import ACCURATE, Known

FREE = (-np.inf, np.inf)
HALF = (0.0, np.inf)


def in_a_plane(kind, seed, rng, outer: Law, given, log_density, log_evidence, **more):
    """Return the posterior of x and y, in an order that is drawn.

    `given(y)` is the frozen distribution of x; `more` may hold `mode` (x, y), `support` of x and of
    y, `of_x`, the marginal law of x where it is in closed form, `exists`, how many moments x has,
    `asked`, names of derived quantities, and fields of `Known`.
    """
    order = [0, 1] if rng.random() < 0.5 else [1, 0]
    support = np.array(more.pop("support", (FREE, FREE)))
    of_x = more.pop("of_x", None) or marginal(outer, given, more.get("exists", 3))
    exists = more.pop("exists", 3)
    quantities = {name: OF_XY[name] for name in more.pop("asked", ())}
    laws = {name: pushed_plane(outer, given, each) for name, each in quantities.items()}
    mode = more.pop("mode", None)
    column = np.argsort(order)

    def of_theta(theta):
        return log_density(theta[..., column[0]], theta[..., column[1]])

    def nodes(n):
        points, mass = rosenblatt(outer, given, n)
        return points[:, order], mass

    return Known(
        kind=kind,
        seed=seed,
        parameters=tuple(("x", "y")[i] for i in order),
        lower=support[order, 0],
        upper=support[order, 1],
        log_density=of_theta,
        log_evidence=log_evidence,
        laws={"x": of_x, "y": outer, **laws},
        mode=None if mode is None else np.array(mode, dtype=float)[order],
        nodes=more.pop("nodes", nodes),
        quantities=quantities,
        correlation=more.pop("correlation", _correlation(outer, given, of_x, exists)),
        **more,
    )


def marginal(outer: Law, given, exists: int = 3) -> Law:
    """Return the law of x: that given y averaged over y, its error from two rules.

    A tabulated law has one rule for even and one for odd sizes.
    """
    for n in (801, 6001, 30001):
        found = certified(*(_averaged(outer, given, k, exists) for k in (n, n + n // 2 + 1)))
        if found.error < ACCURATE / 100:
            break
    return found


def _averaged(outer: Law, given, n: int, exists: int) -> Law:
    found = Averaged(given, *_rule(outer, n, 9.0), exists)
    if exists:  # what the mass does not see may be in a moment
        wide = Averaged(given, *_rule(outer, 4001, 30.0), exists, least=1e-150)
        found.mean, found.sd, found.skewness = wide.mean, wide.sd, wide.skewness
    return found


def _rule(outer: Law, n: int, reach: float):
    y, log_dy = outer.nodes(n, reach)
    mass = np.exp(log_dy + outer.logpdf(y))
    good = np.isfinite(y) & np.isfinite(mass)
    return y[good], mass[good]


def _correlation(outer: Law, given, of_x: Law, exists: int):
    if exists < 2 or not all(math.isfinite(law.sd) for law in (outer, of_x)):
        return None
    y, log_dy = outer.nodes(3000, 9.0)
    mass = np.nan_to_num(np.exp(log_dy + outer.logpdf(y)))
    keep = mass > 1e-18
    mean = np.broadcast_to(given(y[keep]).mean(), y[keep].shape)
    shared = np.sum(mass[keep] * (mean - of_x.mean) * (y[keep] - outer.mean)) / np.sum(mass)
    r = shared / (outer.sd * of_x.sd)
    return np.array([[1.0, r], [r, 1.0]])


def _normal_given(my, sy, mx, sx, r):
    return lambda y: stats.norm(mx + r * sx / sy * (y - my), sx * math.sqrt(1 - r * r))


def normals(kind, seed, rng, asked=()):
    """Return a normal, correlated and badly scaled."""
    far = not asked
    (mx, my), r = rng.normal(size=2) * 3, math.tanh(rng.normal() * (3 if far else 0.7))
    sx, sy = 10 ** rng.uniform(-5, 5, 2) if far else rng.uniform(0.4, 2, 2)

    def log_density(x, y):
        u, v = (x - mx) / sx, (y - my) / sy
        return -0.5 * (u * u - 2 * r * u * v + v * v) / (1 - r * r)

    return in_a_plane(
        *(kind, seed, rng, Closed(stats.norm(my, sy)), _normal_given(my, sy, mx, sx, r)),
        *(log_density, math.log(2 * math.pi * sx * sy) + 0.5 * math.log1p(-r * r)),
        of_x=Closed(stats.norm(mx, sx)),
        mode=(mx, my),
        asked=asked,
        settings={"sx": sx, "sy": sy, "r": r, "asked": list(asked)},
    )


def asked_of_a_plane(kind, seed, rng):
    """Return a normal, or a product of closed laws, with three derived quantities."""
    names = [str(name) for name in rng.choice(list(OF_XY), 3, replace=False)]
    if rng.random() < 0.6:
        return normals(kind, seed, rng, tuple(names))
    return product(kind, seed, rng, tuple(n for n in names if n != "exponentials"))


def student(kind, seed, rng):
    """Return a t of two dimensions, correlated."""
    df = float(rng.choice([1, 2, 3, 4, 5, 8, 30]))
    (mx, my), r = rng.normal(size=2) * 3, rng.uniform(-0.95, 0.95)
    sx, sy = 10 ** rng.uniform(-2, 2, 2)

    def given(y):
        v = (y - my) / sy
        wide = np.sqrt((df + v * v) / (df + 1) * (1 - r * r))
        return stats.t(df + 1, mx + r * sx * v, sx * wide)

    def log_density(x, y):
        u, v = (x - mx) / sx, (y - my) / sy
        q = (u * u - 2 * r * u * v + v * v) / (1 - r * r)
        return -(df + 2) / 2 * np.log1p(q / df)

    return in_a_plane(
        *(kind, seed, rng, Closed(stats.t(df, my, sy)), given, log_density),
        math.log(2 * math.pi * sx * sy) + 0.5 * math.log1p(-r * r),
        of_x=Closed(stats.t(df, mx, sx)),
        correlation=np.array([[1, r], [r, 1]]) if df > 2 else None,
        mode=(mx, my),
        settings={"df": df, "r": r, "sx": sx, "sy": sy},
    )


def banana(kind, seed, rng):
    """Return x = b (y^2 - 1) + noise for y standard normal: a normal that is bent."""
    bend, wide = float(rng.choice([0.3, 1, 2, 5, 10, 30, 100])), rng.uniform(0.3, 2)

    def log_density(x, y):
        return -0.5 * y * y - 0.5 * ((x - bend * (y * y - 1)) / wide) ** 2

    return in_a_plane(
        *(kind, seed, rng, Closed(stats.norm())),
        lambda y: stats.norm(bend * (y * y - 1), wide),
        *(log_density, math.log(2 * math.pi * wide)),
        mode=(-bend, 0.0),
        settings={"bend": bend, "wide": wide},
    )


def funnel(kind, seed, rng):
    """Return x ~ N(0, exp(y / 2)) for y ~ N(0, s)."""
    s = float(rng.choice([0.5, 1, 1.5, 2, 3, 4]))

    def log_density(x, y):
        return -0.5 * (y / s) ** 2 - 0.5 * y - 0.5 * x * x * np.exp(-y)

    return in_a_plane(
        *(kind, seed, rng, Closed(stats.norm(0, s)), lambda y: stats.norm(0, np.exp(0.5 * y))),
        *(log_density, math.log(2 * math.pi * s)),
        mode=(0.0, -0.5 * s * s),
        settings={"s": s},
    )


SQRT = Map(np.sqrt, np.square, lambda s: -math.log(2) - 0.5 * np.log(s))
HALF_LOG = Map(lambda s: 0.5 * np.log(s), lambda x: np.exp(2 * x), lambda s: -np.log(2 * s))


def normal_inverse_gamma(kind, seed, rng):
    """Return the mean x of normal data with their variance, SD or log SD y."""
    nu, k = float(rng.choice([1, 2, 3, 4, 5, 7, 10])), float(rng.choice([1, 5, 20]))
    m, b = rng.normal() * 5, 10 ** rng.uniform(-2, 2)
    a = nu / 2
    coordinate = ("variance", "sd", "log_sd")[rng.integers(3)]
    variance = Closed(stats.invgamma(a, scale=b))
    scale_x = math.sqrt(b / (a * k))
    constant = special.gammaln(a) - a * math.log(b) + 0.5 * math.log(2 * math.pi / k)

    def of_variance(x, v):  # with respect to dx dv
        return -(a + 1.5) * np.log(v) - (b + 0.5 * k * (x - m) ** 2) / v

    if coordinate == "variance":
        outer, top = variance, b / (a + 1.5)
        forms = (lambda y: y, lambda x, y: of_variance(x, y))
    elif coordinate == "sd":
        outer = Image(variance, SQRT, moments_known=False)
        _moments_of_sd(outer, a, b)
        top = math.sqrt(b / (a + 1))
        forms = (
            lambda y: y * y,
            lambda x, y: -(2 * a + 2) * np.log(y) - (b + 0.5 * k * (x - m) ** 2) / y**2,
        )
        constant -= math.log(2)
    else:
        outer = Image(variance, HALF_LOG, moments_known=False)
        outer.mean = 0.5 * (math.log(b) - float(special.digamma(a)))
        outer.sd = 0.5 * math.sqrt(special.polygamma(1, a))
        outer.skewness = -float(special.polygamma(2, a)) / (8 * outer.sd**3)
        top = 0.5 * math.log(2 * b / (2 * a + 1))
        forms = (
            lambda y: np.exp(2 * y),
            lambda x, y: -(2 * a + 1) * y - (b + 0.5 * k * (x - m) ** 2) * np.exp(-2 * y),
        )
        constant -= math.log(2)
    of_y, log_density = forms
    return in_a_plane(
        *(kind, seed, rng, outer, lambda y: stats.norm(m, np.sqrt(of_y(y) / k))),
        *(log_density, constant),
        of_x=Closed(stats.t(nu, m, scale_x)),
        correlation=None,
        support=(FREE, FREE if coordinate == "log_sd" else HALF),
        mode=(m, top),
        settings={"nu": nu, "k": k, "b": b, "coordinate": coordinate},
    )


def _moments_of_sd(law: Law, a: float, b: float) -> None:
    """Set the moments of the root of an inverse gamma: E v^(k/2) exists for k < 2 a."""
    raw = [
        b ** (k / 2) * math.exp(special.gammaln(a - k / 2) - special.gammaln(a))
        if a > k / 2
        else NONE
        for k in (1, 2, 3)
    ]
    law.mean = raw[0]
    variance = raw[1] - raw[0] ** 2 if raw[1] < NONE else NONE
    law.sd = math.sqrt(variance) if variance < NONE else NONE
    law.skewness = (
        (raw[2] - 3 * raw[0] * variance - raw[0] ** 3) / law.sd**3 if raw[2] < NONE else NONE
    )


RIGHT_OF_R = Quantity(lambda x: x, lambda t, r: (-np.inf, t, True), lambda t: (abs(t),))


def ring(kind, seed, rng):
    """Return a ring of radius R and width s about the origin: every point of it is a mode."""
    ratio, s = float(rng.choice([3, 5, 10, 20])), 10 ** rng.uniform(-1, 1)
    big = ratio * s

    def log_density(x, y):
        return -0.5 * ((np.hypot(x, y) - big) / s) ** 2

    edges = np.linspace(0.0, big + 12 * s, 60)
    with np.errstate(divide="ignore"):
        radius = Tabulated(lambda r: np.log(r) - 0.5 * ((r - big) / s) ** 2, edges)

    def law():
        found = pushed_plane(radius, lambda r: stats.arcsine(-r, 2 * r), RIGHT_OF_R)
        found.mean = found.skewness = 0.0
        found.sd = math.sqrt(0.5 * (radius.sd**2 + radius.mean**2))
        return found

    def nodes(n):
        r, log_dr = radius.nodes(n)
        mass = np.exp(log_dr + radius.logpdf(r))
        angle = 2 * math.pi * (np.arange(n) + 0.5) / n
        points = r[:, None, None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
        return points.reshape(-1, 2), np.repeat(mass / n, n)

    return Known(
        *(kind, seed, ("x", "y"), np.full(2, -np.inf), np.full(2, np.inf)),
        lambda theta: log_density(theta[..., 0], theta[..., 1]),
        radius.log_total + math.log(2 * math.pi),
        {"x": law(), "y": law()},
        nodes=nodes,
        correlation=np.eye(2),
        excused=frozenset({"mode"}),
        evidence_error=radius.total_error + 1e-11,
        settings={"R": big, "s": s},
    )


def of_normals(kind, seed, weights, means, covariances, settings, excused=frozenset()):
    """Return a mixture of normals in any dimension; a weight may be negative."""
    weights, means = np.asarray(weights, dtype=float), np.asarray(means, dtype=float)
    d = means.shape[1]
    parts = [_log_normal(m, c) for m, c in zip(means, covariances, strict=True)]
    names = ("x", "y", "w")[:d]

    def log_density(theta):
        logs = np.stack([part(theta) for part in parts])
        signs = weights.reshape(-1, *[1] * (logs.ndim - 1))
        return special.logsumexp(logs, axis=0, b=np.broadcast_to(signs, logs.shape))

    def law_of(i):
        laws = [
            Closed(stats.norm(m[i], math.sqrt(c[i, i])))
            for m, c in zip(means, covariances, strict=True)
        ]
        return Mixture(weights, laws)

    def nodes(n):
        u, mass = scores(d, n)
        pairs = [
            (m + u @ np.linalg.cholesky(c).T, w * mass)
            for w, m, c in zip(weights, means, covariances, strict=True)
        ]
        return tuple(np.concatenate(part) for part in zip(*pairs, strict=True))

    mean = weights @ means
    covariance = np.einsum("k,kij->ij", weights, np.asarray(covariances))
    covariance += np.einsum("k,ki,kj->ij", weights, means - mean, means - mean)
    sd = np.sqrt(np.diag(covariance))
    return Known(
        *(kind, seed, names, np.full(d, -np.inf), np.full(d, np.inf), log_density, 0.0),
        {name: law_of(i) for i, name in enumerate(names)},
        mode=_highest(log_density, means, covariances),
        nodes=nodes if np.all(weights > 0) else None,
        correlation=covariance / np.outer(sd, sd),
        excused=excused,
        settings=settings,
    )


def _log_normal(mean, covariance):
    """Return the normalised log density of a normal, as a function of theta (..., d)."""
    root = np.linalg.cholesky(covariance)
    whiten = np.linalg.inv(root)
    constant = 0.5 * mean.size * math.log(2 * math.pi) + np.sum(np.log(np.diag(root)))

    def log_density(theta):
        u = (theta - mean) @ whiten.T
        return -0.5 * np.sum(u * u, axis=-1) - constant

    return log_density


def _highest(log_density, means, covariances):
    """Return the highest point of those that a simplex reaches from each hump, and beside it."""
    best = None
    for m, c in zip(means, covariances, strict=True):
        root = np.linalg.cholesky(c)
        for u in (np.zeros(m.size), np.eye(m.size)[0], -np.eye(m.size)[0]):

            def minus(v, m=m, root=root):
                return -float(log_density(m + root @ v))

            found = optimize.minimize(
                minus, u, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-15}
            )
            if best is None or found.fun < best[0] - 1e-12:
                best = (found.fun, m + root @ found.x)
    return best[1]


def _covariance(rng, d, wide=0.5):
    sd = 10 ** rng.uniform(-wide, wide, d)
    a = rng.normal(size=(d, d + 1))
    c = a @ a.T
    return c / np.sqrt(np.outer(np.diag(c), np.diag(c))) * np.outer(sd, sd)


def crossed(kind, seed, rng):
    """Return an X: two crossed ridges."""
    r = float(rng.choice([0.9, 0.98, 0.995]))
    weight = float(rng.choice([0.5, 0.3]))
    ridges = [np.array([[1, r], [r, 1]]), np.array([[1, -r], [-r, 1]])]
    settings = {"r": r, "weight": weight}
    return of_normals(kind, seed, [weight, 1 - weight], np.zeros((2, 2)), ridges, settings)


def humps(kind, seed, rng):
    """Return two or three humps in a plane, of like or unlike width and weight."""
    n = int(rng.integers(2, 4))
    weights = rng.dirichlet(np.full(n, 2.0))
    means = rng.normal(size=(n, 2)) * float(rng.choice([2.0, 5.0, 15.0]))
    covariances = [_covariance(rng, 2) for _ in range(n)]
    settings = {"weights": list(weights), "means": means.tolist()}
    return of_normals(kind, seed, weights, means, covariances, settings)


def spike(kind, seed, rng):
    """Return a standard normal with a narrow spike near it."""
    width, weight = 10 ** rng.uniform(-3, -1), float(rng.choice([0.3, 0.05, 0.01, 1e-3]))
    means = np.array([[0.0, 0.0], rng.uniform(-5, 5, 2)])
    covariances = [np.eye(2), width**2 * np.eye(2)]
    settings = {"width": width, "weight": weight, "at": means[1].tolist()}
    return of_normals(kind, seed, [1 - weight, weight], means, covariances, settings)


def hole(kind, seed, rng):
    """Return a standard normal with a narrow normal cut out of it."""
    width, depth = 10 ** rng.uniform(-2, -0.7), rng.uniform(0.5, 0.95)
    place = np.array([0.5, 0.51]) if rng.random() < 0.3 else rng.normal(size=2)
    taken = depth * width**2 * math.exp(-0.5 * float(place @ place))
    weights = np.array([1, -taken]) / (1 - taken)
    means, covariances = np.stack([np.zeros(2), place]), [np.eye(2), width**2 * np.eye(2)]
    settings = {"width": width, "depth": depth, "place": place.tolist()}
    return of_normals(kind, seed, weights, means, covariances, settings)


def wedge(kind, seed, rng):
    """Return (x (y - x))^k exp(-y) on 0 < x < y: a wedge that no box describes."""
    k = int(rng.choice([0, 1, 2, 4]))
    rate = 10 ** rng.uniform(-2, 2)

    def log_density(x, y):
        with np.errstate(all="ignore"):
            inside = special.xlogy(k, np.maximum(x * (y - x), 0)) - rate * y
        return np.where(x < y, inside, -np.inf)

    def given(y):
        return stats.beta(k + 1, k + 1, 0, y)

    half = Closed(stats.gamma(k + 1, scale=1 / rate))
    return in_a_plane(
        *(kind, seed, rng, Closed(stats.gamma(2 * k + 2, scale=1 / rate)), given, log_density),
        2 * special.gammaln(k + 1) - (2 * k + 2) * math.log(rate),
        of_x=half,
        support=(HALF, HALF),
        mode=(k / rate, 2 * k / rate) if k else None,
        excused=frozenset({"mode", "grid"}) if k == 0 else frozenset(),
        settings={"k": k, "rate": rate},
    )


CLOSED = (
    *(line.gamma, line.inverse_gamma, line.weibull, line.beta, line.log_normal),
    *(line.student, line.cut_normal),
)


def product(kind, seed, rng, asked=()):
    """Return two independent parameters, each with a closed law of its own."""
    x, y = (CLOSED[rng.integers(len(CLOSED))](kind, seed, rng) for _ in range(2))
    of_x, of_y = x.laws["x"], y.laws["x"]
    both = x.mode is not None and y.mode is not None
    finite = math.isfinite(of_x.sd) and math.isfinite(of_y.sd)
    return in_a_plane(
        *(kind, seed, rng, of_y, lambda _: of_x.frozen),
        lambda a, b: x.log_density(a[..., None]) + y.log_density(b[..., None]),
        x.log_evidence + y.log_evidence,
        of_x=of_x,
        correlation=np.eye(2) if finite else None,
        support=((x.lower[0], x.upper[0]), (y.lower[0], y.upper[0])),
        mode=(x.mode[0], y.mode[0]) if both else None,
        excused=x.excused | y.excused,
        asked=asked,
        settings={"x": x.settings, "y": y.settings, "asked": list(asked)},
    )


def log_normals(kind, seed, rng):
    """Return the exponentials of two correlated normals."""
    (mx, my), r = rng.normal(size=2), rng.uniform(-0.9, 0.9)
    sx, sy = rng.uniform(0.2, 1.2, 2)
    rest = sx * math.sqrt(1 - r * r)

    def log_density(x, y):
        u, v = (np.log(x) - mx) / sx, (np.log(y) - my) / sy
        return -0.5 * (u * u - 2 * r * u * v + v * v) / (1 - r * r) - np.log(x) - np.log(y)

    covariance = np.array([[sx * sx, r * sx * sy], [r * sx * sy, sy * sy]])
    shared = math.expm1(r * sx * sy) / math.sqrt(math.expm1(sx**2) * math.expm1(sy**2))
    return in_a_plane(
        *(kind, seed, rng, Closed(stats.lognorm(sy, scale=math.exp(my)))),
        lambda y: stats.lognorm(rest, scale=np.exp(mx + r * sx / sy * (np.log(y) - my))),
        *(log_density, math.log(2 * math.pi * sx * sy) + 0.5 * math.log1p(-r * r)),
        of_x=Closed(stats.lognorm(sx, scale=math.exp(mx))),
        correlation=np.array([[1, shared], [shared, 1]]),
        support=(HALF, HALF),
        mode=np.exp(np.array([mx, my]) - covariance @ np.ones(2)),
        settings={"sx": sx, "sy": sy, "r": r},
    )


KINDS = {
    "normals": normals,
    "students": student,
    "banana": banana,
    "funnel": funnel,
    "normal_inverse_gamma": normal_inverse_gamma,
    "ring": ring,
    "crossed": crossed,
    "humps_in_a_plane": humps,
    "spike_in_a_plane": spike,
    "hole_in_a_plane": hole,
    "wedge": wedge,
    "product": product,
    "log_normals": log_normals,
    "asked_of_a_plane": asked_of_a_plane,
}
