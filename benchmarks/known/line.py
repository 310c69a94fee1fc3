"""Posteriors of one parameter: closed forms on lines, half-lines, intervals, and their images."""

import math

import numpy as np
from scipy import special, stats

from known.laws import (
    LOGISTIC,
    Closed,
    Image,
    Law,
    Map,
    Mixture,
    Tabulated,
    affine,
    sinh_map,
)
from known.quantities import OF_X, Pushed
from known.truth import Known

FREE = (-np.inf, np.inf)
HALF = (0.0, np.inf)
UNIT = (0.0, 1.0)


def on_a_line(kind, seed, law: Law, support, log_density, log_evidence, mode=None, **more):
    """Return the posterior of one parameter x with this law."""
    return Known(
        kind=kind,
        seed=seed,
        parameters=("x",),
        lower=np.array([support[0]]),
        upper=np.array([support[1]]),
        log_density=lambda theta: log_density(theta[..., 0]),
        log_evidence=log_evidence,
        laws={"x": law},
        mode=None if mode is None else np.array([mode], dtype=float),
        correlation=np.eye(1),
        **more,
    )


def normal(kind, seed, rng):
    mean, sd = rng.normal() * 10 ** rng.uniform(-3, 3), 10 ** rng.uniform(-6, 6)
    offset = rng.normal() * 10 ** rng.uniform(0, 3)
    law = Closed(stats.norm(mean, sd))
    return on_a_line(
        *(kind, seed, law, FREE, lambda x: offset - 0.5 * ((x - mean) / sd) ** 2),
        *(offset + math.log(sd) + 0.5 * math.log(2 * math.pi), mean),
        settings={"mean": mean, "sd": sd, "offset": offset},
    )


def gamma(kind, seed, rng):
    shape = float(rng.choice([0.3, 0.7, 1.0, 1.02, 1.5, 2, 3, 5, 12, 40])) * rng.uniform(1, 1.2)
    rate = 10 ** rng.uniform(-4, 4)
    law = Closed(stats.gamma(shape, scale=1 / rate))
    return on_a_line(
        *(kind, seed, law, HALF, lambda x: (shape - 1) * np.log(x) - rate * x),
        *(special.gammaln(shape) - shape * math.log(rate), _inner(shape - 1, rate)),
        excused=_excused(shape > 1),
        settings={"shape": shape, "rate": rate},
    )


def inverse_gamma(kind, seed, rng):
    shape = float(rng.choice([0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5, 20])) * rng.uniform(1, 1.1)
    scale = 10 ** rng.uniform(-3, 3)
    law = Closed(stats.invgamma(shape, scale=scale))
    return on_a_line(
        *(kind, seed, law, HALF, lambda x: -(shape + 1) * np.log(x) - scale / x),
        *(special.gammaln(shape) - shape * math.log(scale), scale / (shape + 1)),
        settings={"shape": shape, "scale": scale},
    )


def weibull(kind, seed, rng):
    shape, scale = float(rng.choice([0.6, 1.0, 1.1, 1.5, 2, 5])), 10 ** rng.uniform(-2, 4)
    law = Closed(stats.weibull_min(shape, scale=scale))
    mode = scale * ((shape - 1) / shape) ** (1 / shape) if shape > 1 else None
    return on_a_line(
        *(kind, seed, law, HALF),
        lambda x: (shape - 1) * np.log(x / scale) - (x / scale) ** shape,
        *(math.log(scale / shape), mode),
        excused=_excused(shape > 1),
        settings={"shape": shape, "scale": scale},
    )


def _beta(kind, seed, a, b):
    law = Closed(stats.beta(a, b))
    inner = a > 1 and b > 1
    return on_a_line(
        *(kind, seed, law, UNIT, lambda x: (a - 1) * np.log(x) + (b - 1) * np.log1p(-x)),
        *(special.betaln(a, b), (a - 1) / (a + b - 2) if inner else None),
        excused=_excused(inner),
        settings={"a": a, "b": b},
    )


def beta(kind, seed, rng):
    a, b = rng.choice([0.2, 0.5, 1.0, 1.3, 2, 4, 10, 50], 2) * rng.uniform(1, 1.1, 2)
    return _beta(kind, seed, float(a), float(b))


def near_haldane(kind, seed, rng):
    n, prior = int(rng.choice([5, 10, 50, 300])), float(rng.choice([0.01, 0.05, 0.2]))
    hits = int(rng.choice([0, 1, 2, n - 2, n - 1, n]))
    return _beta(kind, seed, hits + prior, n - hits + prior)


def log_normal(kind, seed, rng):
    mean, sd = rng.normal() * 3, float(rng.uniform(0.1, 2.0))
    law = Closed(stats.lognorm(sd, scale=math.exp(mean)))
    return on_a_line(
        *(kind, seed, law, HALF, lambda x: -np.log(x) - 0.5 * ((np.log(x) - mean) / sd) ** 2),
        *(math.log(sd) + 0.5 * math.log(2 * math.pi), math.exp(mean - sd * sd)),
        settings={"mean": mean, "sd": sd},
    )


def f_ratio(kind, seed, rng):
    m, n = (float(x) for x in rng.choice([1.0, 2, 3, 5, 9, 20], 2))
    n = float(rng.choice([1.0, 3, 5, 7, 20])) if n == m else n
    law = Closed(stats.f(m, n))
    mode = (m - 2) / m * n / (n + 2) if m > 2 else None
    return on_a_line(
        *(kind, seed, law, HALF),
        lambda x: (m / 2 - 1) * np.log(x) - (m + n) / 2 * np.log1p(m * x / n),
        *(special.betaln(m / 2, n / 2) - m / 2 * math.log(m / n), mode),
        excused=_excused(m > 2),
        settings={"m": m, "n": n},
    )


def student(kind, seed, rng):
    df = float(rng.choice([1, 1.5, 2, 3, 4, 5, 7, 12, 30]))
    centre, scale = rng.normal() * 10, 10 ** rng.uniform(-3, 3)
    law = Closed(stats.t(df, centre, scale))
    constant = special.gammaln(df / 2) + 0.5 * math.log(df * math.pi)
    return on_a_line(
        *(kind, seed, law, FREE),
        lambda x: -(df + 1) / 2 * np.log1p(((x - centre) / scale) ** 2 / df),
        *(constant - special.gammaln((df + 1) / 2) + math.log(scale), centre),
        settings={"df": df, "centre": centre, "scale": scale},
    )


def kinked(kind, seed, rng):
    """Return a Laplace density with two slopes."""
    left, right = 10 ** rng.uniform(-1, 1, 2)
    centre = rng.normal()
    parts = (
        Image(Closed(stats.expon(scale=left)), affine(centre, -1.0)),
        Image(Closed(stats.expon(scale=right)), affine(centre, 1.0)),
    )
    law = Mixture([left / (left + right), right / (left + right)], parts)
    law.breaks = (centre,)

    def log_density(x):
        return np.where(x < centre, (x - centre) / left, -(x - centre) / right)

    return on_a_line(
        *(kind, seed, law, FREE, log_density, math.log(left + right)),
        excused=frozenset({"mode", "grid"}),
        settings={"left": left, "right": right, "centre": centre},
    )


def skew_normal(kind, seed, rng):
    slant, centre, scale = rng.normal() * 4, rng.normal() * 3, 10 ** rng.uniform(-2, 2)

    def of_u(u):
        return -0.5 * u * u + special.log_ndtr(slant * u)

    edges = np.linspace(-38.0, 38.0, 305)
    law = Image(Tabulated(of_u, edges), affine(centre, scale), moments_known=False)
    delta = slant / math.sqrt(1 + slant**2) * math.sqrt(2 / math.pi)
    law.mean, law.sd = centre + scale * delta, scale * math.sqrt(1 - delta**2)
    law.skewness = (4 - math.pi) / 2 * delta**3 / (1 - delta**2) ** 1.5
    top = centre + scale * _highest(of_u, -3.0, 3.0)
    evidence = math.log(scale) + 0.5 * math.log(2 * math.pi) - math.log(2)
    return on_a_line(
        *(kind, seed, law, FREE, lambda x: of_u((x - centre) / scale), evidence, top),
        settings={"slant": slant, "centre": centre, "scale": scale},
    )


def _of_mixture(kind, seed, weights, centres, widths, excused=frozenset()):
    """Return a mixture of normals; a weight may be negative."""
    laws = [Closed(stats.norm(m, s)) for m, s in zip(centres, widths, strict=True)]
    law = Mixture(weights, laws)
    starts = [m + s * k for m, s in zip(centres, widths, strict=True) for k in (-1, 0, 1)]
    span = max(widths)
    tops = [_highest(law.logpdf, m - 0.5 * w, m + 0.5 * w) for m in starts for w in widths]
    tops += [_highest(law.logpdf, m - span, m + span) for m in starts]
    heights = law.logpdf(np.array(tops))
    return on_a_line(
        *(kind, seed, law, FREE, law.logpdf, 0.0, tops[int(np.argmax(heights))]),
        excused=excused,
        settings={"weights": list(weights), "centres": list(centres), "widths": list(widths)},
    )


def humps(kind, seed, rng):
    """Return two or three humps of like or unlike width and weight."""
    n = int(rng.integers(2, 4))
    weights = rng.dirichlet(np.full(n, float(rng.choice([1.0, 20.0]))))
    widths = 10 ** rng.uniform(-0.7, 0.7, n) if rng.random() < 0.5 else np.ones(n)
    centres = np.cumsum(rng.uniform(1.5, 9, n) * np.max(widths))
    return _of_mixture(kind, seed, weights, centres, widths)


def spike(kind, seed, rng):
    """Return a standard normal with a narrow spike in it, or near it."""
    width = 10 ** rng.uniform(-4, -1)
    weight = float(rng.choice([0.5, 0.2, 0.05, 0.01]))
    centre = rng.uniform(-7, 7)
    return _of_mixture(kind, seed, [1 - weight, weight], [0.0, centre], [1.0, width])


def far_hump(kind, seed, rng):
    """Return a standard normal with a thousandth of the mass far away."""
    weight = float(rng.choice([1e-2, 1e-3, 1e-4]))
    centre, width = 10 ** rng.uniform(1.2, 3.3), 10 ** rng.uniform(-1, 1)
    return _of_mixture(kind, seed, [1 - weight, weight], [0.0, centre], [1.0, width])


def hole(kind, seed, rng):
    """Return a normal from which a narrow normal is cut out."""
    width, place = 10 ** rng.uniform(-3, -0.5), rng.uniform(-2, 2)
    depth = rng.uniform(0.5, 0.99)
    # the share of mass that the hole takes, so that its depth is as wanted
    taken = depth * width * math.exp(-0.5 * place**2)
    parts = [Closed(stats.norm(0.0, 1.0)), Closed(stats.norm(place, width))]
    closed = Mixture(np.array([1.0, -taken]) / (1 - taken), parts)

    def log_density(x):
        cut = depth * np.exp(-0.5 * (place**2 - x * x + ((x - place) / width) ** 2))
        return -0.5 * x * x + np.log1p(-cut)

    near = place + width * np.linspace(-12, 12, 73)
    law = Tabulated(log_density, np.unique(np.concatenate([np.linspace(-38, 38, 305), near])))
    law.mean, law.sd, law.skewness = closed.mean, closed.sd, closed.skewness
    wide = [(-3.0, 3.0), (place - 8 * width, place), (place, place + 8 * width)]
    tops = np.array([_highest(log_density, *ends) for ends in wide])
    return on_a_line(
        *(kind, seed, law, FREE, log_density),
        0.5 * math.log(2 * math.pi) + math.log1p(-taken),
        tops[int(np.argmax(log_density(tops)))],
        settings={"width": width, "place": place, "depth": depth},
    )


def ripples(kind, seed, rng):
    """Return (1 + a cos(w x)) times a standard normal, in closed form by its transform."""
    a, w = rng.uniform(0.1, 0.7), 10 ** rng.uniform(0.3, 2.3)
    total = 1 + a * math.exp(-0.5 * w * w)

    def log_density(x):
        return np.log1p(a * np.cos(w * x)) - 0.5 * x * x

    panels = int(max(160, 16 * w))
    law = Tabulated(log_density, np.linspace(-38.0, 38.0, panels + 1))
    law.mean, law.skewness = 0.0, 0.0
    law.sd = math.sqrt((1 + a * math.exp(-0.5 * w * w) * (1 - w * w)) / total)
    evidence = 0.5 * math.log(2 * math.pi) + math.log(total)
    return on_a_line(
        *(kind, seed, law, FREE, log_density, evidence, 0.0), settings={"a": a, "w": w}
    )


def cut_normal(kind, seed, rng):
    """Return a normal cut at one or two bounds, its peak inside, outside or upon one."""
    low, high = rng.normal(size=2) * 2
    low, high = min(low, high), max(low, high) + 0.5
    if rng.random() < 0.5:
        low, high = (low, np.inf) if rng.random() < 0.5 else (-np.inf, high)
    if rng.random() < 0.25 and np.isfinite(low):
        low, high = 0.0, high + 3 if high < 0 else high
    scale = 10 ** rng.uniform(-2, 2)
    law = Closed(stats.truncnorm(low, high, 0.0, scale))
    mass = law_mass(low, high)
    inside = low < 0 < high
    return on_a_line(
        *(kind, seed, law, (low * scale, high * scale), lambda x: -0.5 * (x / scale) ** 2),
        math.log(scale * mass) + 0.5 * math.log(2 * math.pi),
        0.0 if inside else None,
        excused=_excused(inside),
        settings={"low": low, "high": high, "scale": scale},
    )


def law_mass(low, high):
    """Return the standard normal's mass in an interval, from the nearer tail."""
    if low > 0:
        return float(special.ndtr(-low) - special.ndtr(-high))
    return float(special.ndtr(high) - special.ndtr(low))


def von_mises(kind, seed, rng):
    strength, centre = 10 ** rng.uniform(-0.5, 2), rng.uniform(-3.1, 3.1)

    def log_density(x):
        return strength * (np.cos(x - centre) - 1)

    law = Tabulated(log_density, np.linspace(-math.pi, math.pi, 161))
    evidence = math.log(2 * math.pi * special.i0e(strength))
    # three SDs from the top a hump is over: one that is cut nearer goes on at the other end
    cut = strength * (1 + math.cos(centre)) < 4.5 < 2 * strength
    return on_a_line(
        *(kind, seed, law, (-math.pi, math.pi), log_density, evidence, centre),
        excused=_excused(not cut),
        settings={"strength": strength, "centre": centre},
    )


def change_point(kind, seed, rng):
    """Return the time at which the level of normal data changes: a step at every datum."""
    n = int(rng.choice([10, 20, 40]))
    times = np.sort(rng.uniform(0, 10, n))
    true = rng.uniform(2, 8)
    jump = rng.uniform(0.5, 3)
    data = rng.normal(size=n) + jump * (times > true)
    gain = np.concatenate([[0.0], np.cumsum(jump * data - 0.5 * jump**2)])
    levels = -gain  # the log likelihood when the change comes before datum k

    def log_density(x):
        return levels[np.searchsorted(times, x)]

    edges = np.concatenate([[0.0], times, [10.0]])
    law = Tabulated(log_density, edges, refine=False)
    law.total_error, law.breaks = 0.0, tuple(times)
    return on_a_line(
        *(kind, seed, law, (0.0, 10.0), log_density, law.log_total),
        excused=frozenset({"mode", "grid"}),
        settings={"rows": n, "jump": jump},
    )


def exponential_image(kind, seed, rng):
    """Return log x for x gamma, inverse gamma or F: a skewed line."""
    shape = 10 ** rng.uniform(-0.5, 1.5)
    sign = float(rng.choice([-1.0, 1.0]))
    by = Map(lambda s: sign * np.log(s), lambda x: np.exp(sign * x), lambda s: -np.log(s), sign > 0)
    law = Image(Closed(stats.gamma(shape)), by, moments_known=False)
    law.mean = sign * float(special.digamma(shape))
    law.sd = math.sqrt(special.polygamma(1, shape))
    law.skewness = sign * float(special.polygamma(2, shape)) / law.sd**3
    return on_a_line(
        *(kind, seed, law, FREE, lambda x: shape * sign * x - np.exp(sign * x)),
        *(special.gammaln(shape), sign * math.log(shape)),
        settings={"shape": shape, "sign": sign},
    )


def sinh_image(kind, seed, rng):
    """Return c + s sinh(z) for z normal: tails of a lognormal on both sides."""
    centre, scale = rng.normal() * 5, 10 ** rng.uniform(-2, 2)
    m, sd = rng.normal() * 0.5, rng.uniform(0.2, 1.5)
    by = sinh_map(centre, scale)
    law = Image(Closed(stats.norm(m, sd)), by)

    def log_density(x):
        s = np.arcsinh((x - centre) / scale)
        return -0.5 * ((s - m) / sd) ** 2 - 0.5 * np.log1p(((x - centre) / scale) ** 2)

    top = centre + scale * math.sinh(
        _highest(lambda s: -0.5 * ((s - m) / sd) ** 2 - np.log(np.cosh(s)), m - 3, m + 3)
    )
    evidence = math.log(scale * sd) + 0.5 * math.log(2 * math.pi)
    return on_a_line(
        *(kind, seed, law, FREE, log_density, evidence, top),
        settings={"m": m, "sd": sd, "centre": centre, "scale": scale},
    )


def logistic_image(kind, seed, rng):
    """Return the inverse logit of a normal: on an interval, with one or two humps."""
    m, sd = rng.normal() * 2, rng.uniform(0.2, 1.3)
    law = Image(Closed(stats.norm(m, sd)), LOGISTIC)

    def log_density(x):
        return -0.5 * ((special.logit(x) - m) / sd) ** 2 - np.log(x) - np.log1p(-x)

    top = _highest(log_density, *special.expit([m - 4 * sd, m + 4 * sd]))
    evidence = math.log(sd) + 0.5 * math.log(2 * math.pi)
    return on_a_line(
        *(kind, seed, law, UNIT, log_density, evidence, top), settings={"m": m, "sd": sd}
    )


def mirror(kind, seed, rng):
    """Return the mirror image of a posterior on a half-line or an interval, moved by a shift."""
    makers = (gamma, inverse_gamma, weibull, log_normal, f_ratio, near_haldane)
    found = makers[rng.integers(len(makers))](kind, seed, rng)
    shift = float(rng.choice([0.0, 1.0, -3.0]))
    law = Image(found.laws["x"], affine(shift, -1.0), moments_known=False)
    inner = found.laws["x"]
    law.mean = shift - inner.mean if math.isfinite(inner.mean) else inner.mean
    law.sd = inner.sd
    law.skewness = -inner.skewness if math.isfinite(inner.skewness) else inner.skewness
    support = (shift - found.upper[0], shift - found.lower[0])
    mode = None if found.mode is None else shift - found.mode[0]
    return on_a_line(
        *(kind, seed, law, support, lambda x: found.log_density((shift - x)[..., None])),
        *(found.log_evidence, mode),
        excused=found.excused,
        settings={**found.settings, "shift": shift, "support": list(support)},
    )


ASKED = (
    *("itself", "positive_part", "whole", "above_one", "constant"),
    *("square", "size", "exponential", "reciprocal"),
)


def asked_of_a_line(kind, seed, rng):
    """Return a normal, gamma, t or inverse gamma with three quantities derived from it."""
    makers = (_near_one, _near_one, gamma, student, inverse_gamma)
    found = makers[rng.integers(len(makers))](kind, seed, rng)
    names = [str(name) for name in rng.choice(ASKED, 3, replace=False)]
    if found.kind and found.laws["x"].isf(1e-6) > 100:
        names = [name for name in names if name != "exponential"]
    quantities = {name: OF_X[name] for name in names}
    laws = {name: Pushed(found.laws["x"], each) for name, each in quantities.items()}
    return Known(
        **{
            **vars(found),
            "laws": {**found.laws, **laws},
            "quantities": quantities,
            "settings": {**found.settings, "asked": names},
        }
    )


def _near_one(kind, seed, rng):
    mean, sd = rng.normal() * 1.5, rng.uniform(0.3, 3)
    return on_a_line(
        *(kind, seed, Closed(stats.norm(mean, sd)), FREE),
        lambda x: -0.5 * ((x - mean) / sd) ** 2,
        *(math.log(sd) + 0.5 * math.log(2 * math.pi), mean),
        settings={"mean": mean, "sd": sd},
    )


def _inner(a, b):
    return a / b if a > 0 else None


def _excused(smooth: bool) -> frozenset:
    return frozenset() if smooth else frozenset({"mode"})


def _highest(log_density, low, high):
    """Return where a smooth function of one variable is highest: a scan, then sections."""
    for _ in range(12):
        x = np.linspace(low, high, 201)
        with np.errstate(all="ignore"):
            value = np.nan_to_num(log_density(x), nan=-np.inf)
        k = int(np.argmax(value))
        low, high = x[max(k - 1, 0)], x[min(k + 1, 200)]
        if high - low < 1e-7 * max(abs(low), abs(high), 1e-3):
            break
    return 0.5 * (low + high)


KINDS = {
    "normal": normal,
    "gamma": gamma,
    "inverse_gamma": inverse_gamma,
    "weibull": weibull,
    "beta": beta,
    "near_haldane": near_haldane,
    "log_normal": log_normal,
    "f_ratio": f_ratio,
    "student": student,
    "kinked": kinked,
    "skew_normal": skew_normal,
    "humps": humps,
    "spike": spike,
    "far_hump": far_hump,
    "hole": hole,
    "ripples": ripples,
    "cut_normal": cut_normal,
    "von_mises": von_mises,
    "change_point": change_point,
    "exponential_image": exponential_image,
    "sinh_image": sinh_image,
    "logistic_image": logistic_image,
    "mirror": mirror,
    "asked_of_a_line": asked_of_a_line,
}
