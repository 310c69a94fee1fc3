"""Which of the modes that the searches found draws of chains have been to, and what others hold."""

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
    That is said beside a mode that is reached.
    """
    heights = density.log_density(theta)
    bounds = {
        name: (float(theta[:, i].min()), float(theta[:, i].max()))
        for i, name in enumerate(density.names)
    }
    found = [_of_search(density, bounds, (heights, effective), mode) for mode in modes]
    return max(found, key=lambda each: each[0], default=(0.0, []))


def _of_search(density, bounds: dict, draws, mode: dict):
    found = mode.get("modes") or []
    inside = [i for i, each in enumerate(found) if not _out(bounds, mode, each)]
    seen = [i for i in inside if not _went_past(density, mode, found[i], draws)]
    if not seen:  # no mode looks like a normal to them: then these heights say nothing
        seen = inside
    name = mode["parameters"][0]
    places = [(name, found[i]["theta"][0]) for i in inside if i not in seen]
    return unseen_mass(found, seen), modes_beyond(bounds, mode)[1] + places


def _out(bounds: dict, mode: dict, each: dict) -> bool:
    return bool(modes_beyond(bounds, {"parameters": mode["parameters"], "modes": [each]})[1])


def _went_past(density, mode: dict, each: dict, draws) -> bool:
    from scipy.special import chdtri

    heights, effective = draws
    place = dict(zip(mode["parameters"], each["theta"], strict=True))
    top = float(density.log_density(np.array([place[name] for name in density.names])))
    least = top - 0.5 * float(chdtri(len(density.names), 1 - HEIGHT))
    due = float(each["share"]) * effective
    there = float(np.mean(heights >= least)) * effective
    return bool(due >= FEWEST_DUE and UNSURE * there < due)
