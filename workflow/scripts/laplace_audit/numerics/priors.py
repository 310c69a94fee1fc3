"""The log prior of the audit's own: the densities of SciPy, by the settings of the configuration.

log p(theta) = sum of the log densities of the parameters (or of the joint normal), normalised. A
density declared `on` a transform z(theta) is log p(z) - log |dtheta / dz|.
"""

import math

import numpy as np

from laplace_audit.numerics.coordinates import coordinate

LINE, HALF = (-math.inf, math.inf), (0.0, math.inf)


class Prior:
    """`log_density` maps theta (..., d) to (...), -inf outside (`lower`, `upper`), (d,) each."""

    def __init__(self, definition: dict, parameters):
        self.pieces, self.joint = [], None
        self.lower, self.upper = (np.full(len(parameters), s * math.inf) for s in (-1, 1))
        for name, settings in definition.items():
            if name == "joint":
                self.joint = _joint(settings, parameters)
                continue
            i = parameters.index(name)
            density, support = _marginal({_word(k): v for k, v in settings.items()})
            self.lower[i], self.upper[i] = support
            self.pieces.append((i, density))

    def log_density(self, theta):
        theta = np.asarray(theta, dtype=float)
        inside = np.all((theta > self.lower) & (theta < self.upper), axis=-1)
        with np.errstate(all="ignore"):
            total = sum((f(theta[..., i]) for i, f in self.pieces), np.zeros(theta.shape[:-1]))
            if self.joint:
                columns, density = self.joint
                total = total + density(theta[..., columns])
        return np.where(inside & ~np.isnan(total), total, -np.inf)


def _word(key):
    return "on" if key is True else key  # YAML 1.1 reads the bare word `on` as true


def _marginal(settings: dict):
    density, support = _family(settings)
    if settings.get("on", "identity") == "identity":
        return density, support
    c = coordinate(settings["on"], -math.inf, math.inf)
    low, high = support
    if c.kind == "power":
        low = max(low, 0.0)
    with np.errstate(all="ignore"):
        ends = sorted(_end(c, x) for x in (low, high))

    def on_theta(theta):
        z = c.z(theta)
        return density(z) - c.log_slope(z)

    return on_theta, tuple(ends)


def _end(c, z: float) -> float:
    """Return theta at an end of the support of z, the end of the domain where z is infinite."""
    if c.kind == "power" and z == 0.0:
        return math.inf if c.falls else 0.0
    if math.isinf(z):
        end = c.domain[1 if z > 0 else 0]
        return 0.0 if c.falls else end
    return float(c.theta(z))


def _family(settings: dict):  # noqa: C901
    """Return (log density, support) of a family.

    Many branches: one for each family.
    """
    from scipy import stats

    def of(name, default=None):
        return settings.get(name, default)

    match settings["family"]:
        case "flat":
            return (lambda x: np.zeros(np.shape(x))), LINE
        case "reciprocal":
            return (lambda x: -np.log(x)), HALF
        case "normal":
            return stats.norm(of("mean"), _sd(settings)).logpdf, LINE
        case "student_t":
            return _student_t(of("df"), of("location"), of("scale")), LINE
        case "cauchy" | "laplace" | "logistic" as name:
            return getattr(stats, name)(of("location"), of("scale")).logpdf, LINE
        case "uniform":
            low, high = of("lower"), of("upper")
            return stats.uniform(low, high - low).logpdf, (float(low), float(high))
        case "lognormal":
            return stats.lognorm(of("log_sd"), scale=math.exp(of("log_mean"))).logpdf, HALF
        case "half_normal":
            return stats.halfnorm(scale=of("scale")).logpdf, HALF
        case "half_cauchy":
            return stats.halfcauchy(scale=of("scale")).logpdf, HALF
        case "half_student_t":
            whole = _student_t(of("df"), 0.0, of("scale"))
            return (lambda x: whole(x) + math.log(2.0)), HALF
        case "exponential":
            return stats.expon(scale=_scale(settings)).logpdf, HALF
        case "gamma":
            return stats.gamma(of("shape"), scale=_scale(settings)).logpdf, HALF
        case "inverse_gamma":
            return stats.invgamma(of("shape"), scale=of("scale")).logpdf, HALF
        case "scaled_inverse_chi_squared":
            half = of("df") / 2
            return stats.invgamma(half, scale=half * of("scale") ** 2).logpdf, HALF
        case "beta":
            return stats.beta(of("a"), of("b")).logpdf, (0.0, 1.0)
        case "weibull":
            return stats.weibull_min(of("shape"), scale=of("scale")).logpdf, HALF
    raise ValueError(f"no such family: {settings['family']!r}")


def _student_t(df: float, location: float, scale: float):
    """Return the log density: 1 / (sqrt(df) B(1/2, df/2) scale (1 + u^2 / df)^((df + 1) / 2))."""
    from scipy.special import betaln

    constant = -betaln(0.5, df / 2) - 0.5 * math.log(df) - math.log(scale)
    return lambda x: constant - (df + 1) / 2 * np.log1p(((x - location) / scale) ** 2 / df)


def _sd(settings: dict) -> float:
    if "variance" in settings:
        return math.sqrt(settings["variance"])
    if "precision" in settings:
        return settings["precision"] ** -0.5
    return settings["sd"]


def _scale(settings: dict) -> float:
    return settings["scale"] if "scale" in settings else 1 / settings["rate"]


def _joint(settings: dict, parameters):
    """Return (columns, log density) of a multivariate normal, by its precision matrix."""
    names = settings.get("parameters", parameters)
    columns = [parameters.index(name) for name in names]
    d = len(columns)
    mean = np.broadcast_to(np.asarray(settings["mean"], dtype=float), (d,))
    if "covariance" in settings:
        covariance = np.asarray(settings["covariance"], dtype=float)
    else:
        sd = np.broadcast_to(np.asarray(settings["sd"], dtype=float), (d,))
        correlation = np.asarray(settings["correlation"], dtype=float)
        if correlation.ndim == 0:
            correlation = np.where(np.eye(d) == 1, 1.0, correlation)
        covariance = correlation * sd[:, None] * sd
    covariance = (covariance + covariance.T) / 2
    precision = np.linalg.inv(covariance)
    constant = -0.5 * (d * math.log(2 * math.pi) + np.linalg.slogdet(covariance)[1])

    def log_density(x):
        off = x - mean
        return constant - 0.5 * np.einsum("...i,ij,...j->...", off, precision, off)

    return columns, log_density
