"""Draws of Markov chains: R-hat, effective sizes, quantiles and their errors: the audit's own.

All as in Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021), from their formulas.
"""

import math

import numpy as np

from laplace_audit.numerics.weighted import FEWEST_BEYOND, ONE_SD, errors_of_way, two_errors


def halves(x):
    """Return each chain of x (chains, n) cut in two, without the middle draw of an odd number."""
    half = x.shape[1] // 2
    return np.concatenate([x[:, :half], x[:, x.shape[1] - half :]])


def normal_scores(x):
    """Return the normal quantiles of the ranks of x, (rank - 3/8) / (S + 1/4), ties averaged."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    return ndtri((rankdata(x).reshape(x.shape) - 0.375) / (x.size + 0.25))


def r_hat(x) -> float:
    """Return the larger of the split R-hat of the ranks and of those about the median."""
    parts = halves(x)
    return max(_ratio(normal_scores(part)) for part in (parts, np.abs(parts - np.median(parts))))


def _ratio(z) -> float:
    n = z.shape[1]
    within = float(np.mean(np.var(z, axis=1, ddof=1)))
    between = float(np.var(np.mean(z, axis=1), ddof=1))
    return math.sqrt((n - 1) / n + between / within)


def effective(x) -> float:
    """Return the effective number of the draws x (chains, n), by Geyer's initial monotone pairs."""
    m, n = x.shape
    centred = x - x.mean(axis=1, keepdims=True)
    spectrum = np.abs(np.fft.rfft(centred, 2 * n, axis=1)) ** 2
    gamma = np.fft.irfft(spectrum, 2 * n, axis=1)[:, :n].mean(axis=0) / n
    within = gamma[0] * n / (n - 1)
    total = gamma[0] + (float(np.var(x.mean(axis=1), ddof=1)) if m > 1 else 0.0)
    rho = 1 - (within - gamma) / total
    rho[0] = 1.0
    last = 2 * max(1, -(-(n - 2) // 2))  # the lags at the very end rest on a product or two
    even, odd = rho[:last:2], rho[1:last:2]
    pairs = even + odd
    end = int(np.argmax(pairs <= 0)) if np.any(pairs <= 0) else pairs.size - 1
    rest = even[end] if pairs[end] >= 0 else max(even[end], 0.0)
    tau = -1 + 2 * float(np.sum(np.minimum.accumulate(pairs[:end]))) + rest
    return m * n / max(tau, 1 / math.log10(m * n))


def bulk(x) -> float:
    """Return the bulk effective sample size."""
    return effective(normal_scores(halves(x)))


def tail(x) -> float:
    """Return the smaller effective sample size of the 5 and 95 % quantiles."""
    return min(effective(halves((x <= np.quantile(x, p)).astype(float))) for p in (0.05, 0.95))


def mean_error(x) -> float:
    """Return the standard error of the mean of x (chains, n)."""
    if np.all(x == x.flat[0]):
        return 0.0
    return float(np.std(x, ddof=1)) / math.sqrt(effective(halves(x)))


def _levels(p: float, shift: float) -> tuple[float, float]:
    """Return the levels so many normal scores below and above p."""
    from scipy.stats import norm

    return norm.cdf(norm.ppf(p) - shift), norm.cdf(norm.ppf(p) + shift)


LEAST_WAY = 0.1  # of normal scores, over which the slope of a quantile is taken


class ChainDraws:
    """One quantity of draws of chains, given as columns: `unseen` is the mass that they miss, and
    `shifts` says how far in normal scores each quantity may be shifted: none by any without it, and
    anywhere one that it does not name."""

    def __init__(self, columns: dict, name: str, unseen: float, shifts: dict | None = None):
        self.shift = 0.0 if shifts is None else shifts.get(name, math.nan)
        self.value, self.unseen = columns[name], unseen
        self.chains = len(set(columns["chain"].tolist()))
        self.there = ~np.isnan(self.value)
        self.x = np.sort(self.value[self.there])

    def at(self, p: float) -> float:
        """Return the median-unbiased quantile; NaN with few effective draws beyond."""
        if not 0 < p < 1:
            return math.nan
        found, s = self._quantile(p), mean_error(self._moved(self._quantile(p), p))
        beyond = min(p, 1 - p) * p * (1 - p)
        return found if beyond >= FEWEST_BEYOND * (1 - 1e-9) * s**2 else math.nan

    def stated(self, p: float) -> float:
        """Return the quantile as it is stated: of chains no weight makes another one of it."""
        return self.at(p)

    def error(self, p: float) -> float:
        """Return the error of the draws, and what the mass that is not seen can move."""
        found, m = self.at(p), self.unseen
        if math.isnan(found):
            return math.nan
        own = self._own_error(p)
        if self.shift:
            own = math.hypot(own, self._shifted(p))
        if m == 0:
            return own
        return own + max(abs(self.at(end) - found) for end in ((p - m) / (1 - m), p / (1 - m)))

    def scale(self) -> tuple[float, float]:
        """Return half the central 68.3 % interval and its error, that of both ends together."""
        low, high = (self.at(p) for p in ONE_SD)
        moved = 0.0
        for end, p, sign in ((low, ONE_SD[0], -1), (high, ONE_SD[1], 1)):
            each = self._moved(end, p)
            s = mean_error(each)
            moved = moved + sign * each * (self._own_error(p) / s if s > 0 else 0.0)
        return (high - low) / 2, mean_error(moved) / 2

    def share(self, x: float) -> tuple[float, float]:
        """Return the share of the draws at or below x, and its standard error."""
        share = float(np.mean(self.x <= x))
        s = mean_error(self._moved(x, share))
        if self.shift:
            inside = min(max(share, 0.5 / self.x.size), 1 - 0.5 / self.x.size)
            low, high = _levels(inside, self.shift)
            s = math.hypot(s, (high - low) / 2)
        return share, s + self.unseen * max(share, 1 - share)

    def _shifted(self, p: float) -> float:
        """Return how far a shift moves a quantile: its slope in normal scores times the shift."""
        if math.isnan(self.shift):
            return math.nan
        way = max(self.shift, LEAST_WAY)
        low, high = (self._quantile(level) for level in _levels(p, way))
        return (high - low) / (2 * way) * self.shift

    def _own_error(self, p: float) -> float:
        """Return the larger of that half way and, of draws that are all there, the one from the
        beta distribution of the share below."""
        half_way = self._half_way(p, mean_error(self._moved(self._quantile(p), p)))
        if not self.there.all() or not np.isfinite(self.x).all() or self.x[0] == self.x[-1]:
            return half_way
        from scipy.stats import beta

        below = (self.value <= np.quantile(self.x, p)).astype(float)
        size = effective(halves(below.reshape(self.chains, -1)))
        one_sd = beta.ppf([0.1586553, 0.8413447], size * p + 1, size * (1 - p) + 1)
        places = one_sd * self.x.size - 1
        low = self.x[math.floor(max(places[0], 0))]
        high = self.x[math.ceil(min(places[1], self.x.size - 1))]
        return max(half_way, float(high - low) / 2)

    def _half_way(self, p: float, s: float) -> float:
        low, high = (self._quantile(level) for level in two_errors(p, s))
        return (high - low) / (2 * errors_of_way(p, s))

    def _quantile(self, p: float) -> float:
        return float(np.quantile(self.x, p, method="median_unbiased"))

    def _moved(self, x: float, p: float):
        each = np.where(self.there, (self.value <= x) - p, 0.0) / np.mean(self.there)
        return each.reshape(self.chains, -1)
