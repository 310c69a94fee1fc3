"""Which of the modes that the searches found draws of chains have been to, and what others hold."""

import math

import numpy as np

from laplace_approx.comparison.unseen import UNSURE, modes_beyond, unseen_mass

# of the draws of a normal about a mode lie higher than what is asked for: at .5 draws of a skewed
# mode would be less than a hundredth of those due in fewer dimensions, at .999 a spike with a
# fiftieth of the mass, a twentieth as wide as what it stands on, went unseen in three
HEIGHT = 0.9
# draws about a mode by its Laplace share, below which it says nothing that there are none: half as
# many are missed by chance once in 150 cases, twice as many let a share of .005 go of 4000 draws
FEWEST_DUE = 10.0


def unreached(density, theta, modes, effective: float) -> tuple[float, list]:
    """Return the largest share of the mass that modes without draws may hold, over the searches in
    all spaces (their records `modes`), and the parameters and values of these.

    A mode has none if it lies beyond the box of all draws theta (n, d), or if draws are not as high
    as those about it would be: of a normal with its top at L, .9 of the draws have a log density
    above L - c / 2, c the quantile of chi-squared with d degrees of freedom. Where 10 or more of
    the `effective` draws are due there by its Laplace share, which may be 100 times too large, and
    less than a hundredth of them are there, it is not reached: it is narrow, and they went past.

    If draws went past every mode, the shares do not say what they are about. Then as many are due
    as the Laplace mass of the mode beside the mass about the draws says (`_about`): the mode of a
    skewed posterior holds next to nothing beside it, a spike does not. If they went past every mode
    by that too, or a share is not known, all of the mass may be elsewhere.
    """
    told = theta, density.log_density(theta), effective
    found = [_of_search(density, told, mode) for mode in modes]
    return max(found, key=lambda each: each[0], default=(0.0, []))


def _of_search(density, draws, mode: dict):
    found = mode.get("modes") or []
    bounds = {
        name: (float(draws[0][:, i].min()), float(draws[0][:, i].max()))
        for i, name in enumerate(density.names)
    }
    inside = [i for i, each in enumerate(found) if not _out(bounds, mode, each)]
    shares = np.array([each["share"] for each in found], dtype=float)
    if not (np.isfinite(shares).all() and np.isfinite(draws[2])):
        return 1.0 if found else 0.0, [_place(mode, each) for each in found]
    high = {i: _as_high(density, mode, found[i], draws[1]) for i in inside}
    seen = [i for i in inside if not _went_past(shares[i], high[i], draws[2])]
    if not seen:
        about = _about(draws)
        besides = {i: _beside(found[i], about) for i in inside}
        seen = [i for i in inside if not _went_past(besides[i], high[i], draws[2])]
    places = [_place(mode, found[i]) for i in inside if i not in seen]
    return unseen_mass(found, seen), modes_beyond(bounds, mode)[1] + places


def _place(mode: dict, each: dict) -> tuple[str, float]:
    return mode["parameters"][0], each["theta"][0]


def _out(bounds: dict, mode: dict, each: dict) -> bool:
    return bool(modes_beyond(bounds, {"parameters": mode["parameters"], "modes": [each]})[1])


def _as_high(density, mode: dict, each: dict, heights) -> float:
    """Return the share of the draws that are as high as .9 of a normal's about a mode."""
    from scipy.special import chdtri

    place = dict(zip(mode["parameters"], each["theta"], strict=True))
    top = float(density.log_density(np.array([place[name] for name in density.names])))
    least = top - 0.5 * float(chdtri(len(density.names), 1 - HEIGHT))
    return float(np.mean(heights >= least))


def _went_past(share: float, high: float, effective: float) -> bool:
    """Return whether draws are missing about a mode with this share; if not known, they are."""
    due, there = share * effective, high * effective
    return not (due < FEWEST_DUE or UNSURE * there >= due)


def _about(draws) -> float:
    """Return a bound of the log mass about draws x of p: E log p + log det(2 pi e Cov x) / 2.

    log of it is E log p and their entropy, and no density of that covariance has more entropy than
    the normal (Cover and Thomas 2006, theorem 8.6.5).
    """
    theta, heights, _ = draws
    d = theta.shape[-1]
    scale = np.std(theta, axis=0)
    with np.errstate(all="ignore"):
        unit = np.atleast_2d(np.cov(theta / scale, rowvar=False))
        volume = np.linalg.slogdet(unit)[1] / 2 + np.sum(np.log(scale))
        return float(np.mean(heights) + volume + d / 2 * math.log(2 * math.pi * math.e))


def _beside(each: dict, about: float) -> float:
    """Return the share of a mode beside a mass of this log; NaN where either is not known."""
    log_mass = each.get("log_mass")
    if log_mass is None or not np.isfinite(log_mass - about):
        return math.nan
    return float(0.5 * (1 + math.tanh((log_mass - about) / 2)))
