"""What a signal is, and what each of them means in one sentence."""

from typing import NamedTuple

from laplace_approx.numerics.monte_carlo import TRUSTED_K


class Signal(NamedTuple):
    """One signal: `value` with its `error` (one standard error, or a bound where deterministic).

    `meaning` says in one sentence what the value means and `blind_spot` what it cannot see.
    `value` is None, or not finite, only with a `reason`. `details` holds plain JSON values.
    """

    name: str
    value: float | None
    error: float | None
    meaning: str
    blind_spot: str
    reason: str | None
    details: dict


TEXTS = {
    "pareto_k": (
        "The tail shape of the weights from the normal to the posterior: below 0.5 the normal is a "
        f"good proposal, above {TRUSTED_K} the posterior has tails that the draws cannot repair.",
        "It sees only where the normal puts draws, not a separate mode or a far tail, and it "
        "ignores scale: nearly equal weights can have a large k.",
    ),
    "effective_sample_size": (
        "The normal's draws, reweighted, are worth this fraction of as many from the posterior.",
        "It is an average over all directions and too large where the draws missed a mode or a "
        "tail; with k above 0.5 it falls as the draws grow in number.",
    ),
    "reflection_bound": (
        "Half the total variation between the posterior and its reflection about the mode: no "
        "density that is symmetric about the mode can be nearer to the posterior than this.",
        "It sees asymmetry only: a symmetric posterior with heavy or light tails gives zero.",
    ),
    "skewness": (
        "The largest first-order skewness of a coordinate, from the third derivatives at the mode: "
        "of order n^-1/2, it is what the normal leaves out first.",
        "It is local: it sees nothing beyond the mode's neighbourhood, neither bounds nor tails "
        "nor other modes, and symmetric heavy tails give zero.",
    ),
    "outside_support": (
        "The mass that the normal puts where the posterior has none.",
        "Zero does not mean that the normal is good inside the support.",
    ),
    "number_of_modes": (
        "The modes that the search found; the normal describes one of them.",
        "A search from finitely many starts can miss a mode, and it does not weigh those it found.",
    ),
}


def signal(name, value, error, reason=None, **details) -> Signal:
    """Return the signal of this name with its two sentences."""
    meaning, blind_spot = TEXTS[name]
    return Signal(name, value, error, meaning, blind_spot, reason, details)
