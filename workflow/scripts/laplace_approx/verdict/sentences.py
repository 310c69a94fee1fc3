"""The verdict in words: one sentence or two that a statistician would sign."""

import math
from typing import NamedTuple

from laplace_approx.words.numbers import capital, known_plain
from laplace_approx.words.units import HALF_INTERVAL as HALF
from laplace_approx.words.units import SHORT, unit_in_short

WORDS = {
    "skew_symmetric": "skew-symmetric draws",
    "skew_modal": "the skew-modal approximation",
    "importance_normal": "importance draws from the normal",
    "importance_t4": "importance draws from a Student t with 4 degrees of freedom",
    "nested_laplace": "the nested Laplace marginal",
    "tierney_kadane": "the Tierney-Kadane moments",
    "gauss_hermite": "adaptive Gauss-Hermite quadrature",
    "adapted_draws": "the adapted importance draws themselves",
    "brought_draws": "the draws that were brought themselves",
    "nuts": "the draws of NUTS themselves",
    "grid": "the grid itself",
}
HALF_INTERVAL = (
    "A half-interval is half the exact central 68.3 % interval: the SD of a normal, and a scale "
    "where there may be none."
)
MENTIONED_MASS = 1e-3  # a share left out by a condition that is worth a word


class Facts(NamedTuple):
    """All that a sentence about one quantity may draw on."""

    quantity: str
    derived: bool
    normal: object
    remedy: object
    record: dict
    judge: object
    tolerance: float
    message: str | None
    outside: float = 0.0  # of the normal, beyond the support of one parameter


def method_in_words(name: str) -> str:
    """Return a method's name as a person would say it."""
    if name.startswith("space:"):
        return f"the normal in the space {name.removeprefix('space:')}"
    return WORDS.get(name, name)


def sentence(facts: Facts) -> str:
    """Return the verdict on a quantity in words."""
    text = _BY_VERDICT[facts.record["verdict"]](facts)
    unit = HALF_INTERVAL if f" {SHORT[HALF]}" in text else ""
    return " ".join(part for part in (text, unit, _condition(facts)) if part)


def _fine(f: Facts) -> str:
    return (
        f"The normal is good enough for {f.quantity}: the ends of its 50 and 95 % intervals are "
        f"within {_sd(f, _bound(f.normal))} of the exact ones (tolerance {f.tolerance:g}), and the "
        f"95 % interval holds {_covered(f)}{_judged_by(f)}."
    )


def _fine_for_50(f: Facts) -> str:
    half = _sd(f, f.normal.off[0.5] + f.normal.own[0.5])
    return (
        f"The normal serves for the 50 % interval of {f.quantity}, whose ends are within {half} of "
        f"the exact ones (tolerance {f.tolerance:g}), but not for the 95 % interval: "
        f"{_how_wrong(f)}{_judged_by(f)}. {_what_instead(f)}"
    )


def _remedy(f: Facts) -> str:
    return (
        f"The normal is not good enough for {f.quantity}: {_how_wrong(f)}{_judged_by(f)}. "
        f"{_what_instead(f)}"
    )


def _sample(f: Facts) -> str:
    if f.judge.kind == "none":
        carried = _carried_away(f)
        if carried:
            return carried
        return (
            f"Nothing here can tell whether the normal is good enough for {f.quantity}: "
            f"{' '.join(f.judge.faults)} The signals can speak against the normal, and none of "
            "them can clear it. Draw from the posterior by Markov chain Monte Carlo."
        )
    if f.judge.faults:
        return (
            f"The normal cannot be judged for {f.quantity}, because the exact side is not to be "
            f"relied on: {' '.join(f.judge.faults)}{_advice(f)}"
        )
    own, off = f.normal.own[0.95], f.normal.off[0.95]
    if not math.isfinite(own):
        return (
            f"The normal cannot be judged for {f.quantity}: the error of the exact side is not "
            f"known{_judged_by(f)}. {_better(f)}"
        )
    if math.isfinite(off) and not own <= f.tolerance and not off - own > f.tolerance:
        return (
            f"The normal cannot be judged for {f.quantity}: the comparison is known only to "
            f"within {_sd(f, own)}, and the tolerance is {f.tolerance:g}. {_better(f)}"
        )
    return (
        f"The normal is not good enough for {f.quantity}: {_how_wrong(f)}{_judged_by(f)}. "
        f"{_what_instead(f)}"
    )


def _advice(f: Facts) -> str:
    """Return what to do where the exact side has faults; those of two sides that do not agree say
    it themselves."""
    if any(said["agrees"] is False or said["other_posterior"] for said in f.judge.chains):
        return ""
    return f" {_other_grid(f)}"


def _better(f: Facts) -> str:
    """Return what to do where the exact side is not known well enough."""
    if f.judge.kind == "brought_draws":
        return "Bring more draws."
    if f.judge.kind == "nuts":
        return "Let NUTS draw more (`nuts: {draws: ...}`)."
    if f.judge.kind == "importance":
        return (
            "Let more draws be made (`reference: {at_most: ...}`), or draw from the posterior by "
            "Markov chain Monte Carlo."
        )
    return _other_grid(f)


def _other_grid(f: Facts) -> str:
    """Return what to do where a grid is the exact side and does not serve: a box that somebody
    named has one that finds its own bounds beside it, and that one a box with more points."""
    named = f.judge.side.record["kind"] == "named"
    other = (
        "Use a grid that finds its bounds and points itself (`{}`)"
        if named
        else "Give the grid bounds and points of its own, closer together"
    )
    return f"{other}, or draw from the posterior by Markov chain Monte Carlo."


def _carried_away(f: Facts) -> str:
    """Return what chains say against the normal without an exact side; "" where nothing."""
    found = {level: said["at_least"] for level, said in (f.record["drift"] or {}).items()}
    if not max(found.values(), default=0.0) > f.tolerance:
        return ""
    level = max(found, key=found.get)
    return (
        f"The normal is not good enough for {f.quantity}: Markov chains that start from its draws "
        f"carry an end of its {level} % interval away by {found[level]:.3g} of half their central "
        f"68.3 % interval at the least (tolerance {f.tolerance:g}). What would be good enough, "
        f"nothing here can tell: {' '.join(f.judge.faults)} Draw from the posterior by Markov "
        "chain Monte Carlo."
    )


def _declined(f: Facts) -> str:
    there = ""
    if f.remedy:
        there = f" {capital(method_in_words(f.remedy.name))} serves for {f.quantity}: {_cost(f)}."
    return f"There is no normal approximation for {f.quantity}. {_stop(f.message)}{there}"


def _how_wrong(f: Facts) -> str:
    interval, off = f.record["intervals"]["95"], f.normal.off[0.95]
    if not math.isfinite(off):
        return "an end of its 95 % interval lies beyond the support, or is not known"
    low, high = interval["laplace"]
    exact_low, exact_high = map(known_plain, interval["exact"], interval["exact_error"])
    text = (
        f"its 95 % interval is [{low:.4g}, {high:.4g}] where the exact one is [{exact_low}, "
        f"{exact_high}], so that an end is off by {_sd(f, off)}, {_although(f)} it holds "
        f"{_covered(f)}"
    )
    own = f.normal.own[0.95]
    if off <= f.tolerance < off + own:
        text += f"; the error of {_sd(f, own)} in this comparison leaves the matter open"
    return text


def _bound(method) -> float:
    """Return the largest error of a method at the judged ends, uncertainty included."""
    return max(method.off[level] + method.own[level] for level in method.off)


def _although(f: Facts) -> str:
    """Return the conjunction before the coverage: the right share in the wrong place, or not."""
    held = f.record["coverage"]["95"]["value"]
    return "although" if held is not None and abs(held - 0.95) < 0.01 else "and"


def _what_instead(f: Facts) -> str:
    if f.remedy is None:
        return (
            "No remedy tried here is known to meet the tolerance: draw from the posterior by "
            "Markov chain Monte Carlo."
        )
    return (
        f"The cheapest method that meets the tolerance is {method_in_words(f.remedy.name)} (within "
        f"{_sd(f, _bound(f.remedy))}, its own error counted; {_cost(f)})."
    )


def _covered(f: Facts) -> str:
    held = f.record["coverage"]["95"]["value"]
    if held is None or not math.isfinite(held):
        return "an unknown share of the posterior"
    return f"{100 * held:.1f} % of the posterior"


def _judged_by(f: Facts) -> str:
    """Return what the comparison rests on where that is not a certified grid."""
    if f.judge.kind == "importance":
        seen = "judged by importance draws, which see no mode that the search did not find"
        return f" ({'; '.join([seen, *f.judge.remarks])})"
    return "".join(f" ({remark})" for remark in f.judge.remarks)


def _condition(f: Facts) -> str:
    left_out, exact = f.record["excluded"]["laplace"], f.record["excluded"]["exact"]
    bounded = f.derived and not _known(left_out) and f.outside > 0
    left_out = f.outside if bounded else left_out
    of_normal = f"at least {_share(left_out)}" if bounded else _share(left_out)
    shares = [share for share in (left_out, exact) if _known(share)]
    if not shares or max(shares) < MENTIONED_MASS or f.record["verdict"] == "declined":
        return ""
    if not f.derived:
        return f"The normal puts {of_normal} of its mass where {f.quantity} has no value."
    beside = "" if exact is None else f", and {_share(exact)} of the posterior"
    return (
        f"All this is given that {f.quantity} has a value and meets its condition: "
        f"{of_normal} of the normal does not{beside}."
    )


def _known(mass: float | None) -> bool:
    return mass is not None and mass >= 0


def _share(mass: float | None) -> str:
    if not _known(mass):
        return "an unknown share"
    return f"{100 * mass:.2g} %" if mass >= 1e-12 else "nothing"


def _sd(f: Facts, value: float) -> str:
    return f"{value:.3g} {unit_in_short(f.record['scale_is'])}"


def _cost(f: Facts) -> str:
    """Return what the remedy costs with all that it starts from; draws of chains are at hand."""
    if math.isnan(f.remedy.evaluations):
        return "they are at hand"
    return f"{f.remedy.evaluations:,.0f} evaluations in all".replace(",", " ")


def _stop(message: str | None) -> str:
    return f"{capital((message or '').strip().removesuffix('.'))}."


_BY_VERDICT = {
    "fine": _fine,
    "fine_for_50": _fine_for_50,
    "remedy": _remedy,
    "sample": _sample,
    "declined": _declined,
}
