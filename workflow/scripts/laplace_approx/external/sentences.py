"""The verdict on another tool's draws in words."""

import math
from typing import NamedTuple

WORDS = {
    "fine": "it is good enough",
    "fine_for_50": "it serves for the 50 % interval only",
    "remedy": "it is not good enough and importance weights mend it",
    "sample": "nothing here is good enough",
}
FEWEST_BEYOND = 50.0  # effective draws beyond an end, for its error to be one
JUDGED_BY = {
    "exact": "judged by the exact draws",
    "rough": "judged by the draws given as exact, whose own errors are larger than the tolerance",
    "importance": "judged by importance weights",
}


class Judgement(NamedTuple):
    """What a sentence about one quantity rests on: its record, and the state of each level."""

    quantity: str
    record: dict
    states: dict[float, str]
    weights: str
    tolerance: float


def sentence(judged: Judgement) -> str:
    """Return the verdict on a quantity in words."""
    record = judged.record
    if record["rests_on"] == "none":
        return (
            f"Nothing here can tell whether the normal is good enough for {judged.quantity}. "
            f"{judged.weights} Give exact draws, or draw from the posterior by Markov chain Monte "
            "Carlo."
        )
    return _BY_VERDICT[record["verdict"]](judged)


def _fine(j: Judgement) -> str:
    return (
        f"The normal is good enough for {j.quantity}: the ends of its 50 and 95 % intervals are "
        f"within {_off(j, '50')} and {_off(j, '95')} of the exact ones ({_judged(j)})."
    )


def _fine_for_50(j: Judgement) -> str:
    return (
        f"The normal serves for the 50 % interval of {j.quantity}, whose ends are within "
        f"{_off(j, '50')} of the exact ones, but not for the 95 % interval: {_wrong(j)} "
        f"({_judged(j)}). {_instead(j)}"
    )


def _not_fine(j: Judgement) -> str:
    return (
        f"The normal is not good enough for {j.quantity}: {_wrong(j)} ({_judged(j)}). {_instead(j)}"
    )


def _unknown(j: Judgement) -> str:
    if not {"fine", "fine_for_50"} & set(j.record["possible"]):
        mended = _sd(j.record["remedy_error_sd"])
        return (
            f"The normal is not good enough for {j.quantity}: {_wrong(j)} ({_judged(j)}). Whether "
            f"importance weights mend it is open: they are within {mended} of the {_true(j)} ends. "
            f"{j.weights} Draw more, or by Markov chain Monte Carlo."
        )
    *others, last = (WORDS[word] for word in j.record["possible"])
    needed = _draws_needed(j)
    advice = f" About {needed:.0f} times as many draws would settle it." if needed else ""
    return (
        f"These draws do not settle whether the normal is good enough for {j.quantity}: its 50 and "
        f"95 % intervals are off by {_off(j, '50')} and {_off(j, '95')} ({_judged(j)}). Either "
        f"{', or '.join(others)}, or {last}. {j.weights}{advice}"
    )


def _draws_needed(j: Judgement) -> float | None:
    """Return by how much the draws must grow for two standard errors to fit beside the error.

    None where that is not what is missing, or where the error lies too near the tolerance.
    """
    factors = []
    for level, state in j.states.items():
        found = j.record["endpoint_error_sd"][f"{100 * level:g}"]
        if state == "open" and found["value"] is not None:
            room = abs(j.tolerance - found["value"])
            factors.append((2 * found["error"] / room) ** 2 if room > 0 else math.inf)
    largest = max(factors, default=0.0)
    return max(2.0, math.ceil(largest)) if 0 < largest <= 1000 else None


def _wrong(j: Judgement) -> str:
    ends = j.record["intervals"]["95"]
    side = "exact" if j.record["rests_on"] == "rough" else j.record["rests_on"]
    (low, high), (true_low, true_high) = ends["laplace"], ends[side]
    return (
        f"its 95 % interval is [{low:.4g}, {high:.4g}] where the {_true(j)} one is "
        f"[{true_low:.4g}, {true_high:.4g}], so that an end is off by {_off(j, '95')}"
    )


def _true(j: Judgement) -> str:
    """Return what the other ends are called: nothing is exact to less than the tolerance."""
    return "given" if j.record["rests_on"] == "rough" else "exact"


def _instead(j: Judgement) -> str:
    if j.record["remedy"]:
        return (
            "The same draws with their importance weights meet the tolerance (within "
            f"{_sd(j.record['remedy_error_sd'])})."
        )
    return (
        "The same draws with importance weights are not known to meet the tolerance: draw from "
        "the posterior by Markov chain Monte Carlo."
    )


def _judged(j: Judgement) -> str:
    text = f"tolerance {j.tolerance:g}; {JUDGED_BY[j.record['rests_on']]}"
    beyond = min(j.record["effective_draws_beyond"].values())
    if j.record["rests_on"] == "importance" and beyond < FEWEST_BEYOND:
        text += f", of which only {beyond:.0f} effective ones lie beyond an end: it may be farther"
    return text


def _off(j: Judgement, level: str) -> str:
    return _sd(j.record["endpoint_error_sd"][level])


def _sd(found: dict) -> str:
    if found["value"] is None:
        return "an unknown distance"
    return f"{found['value']:.3g} SD (standard error {found['error']:.2g})"


_BY_VERDICT = {
    "fine": _fine,
    "fine_for_50": _fine_for_50,
    "remedy": _not_fine,
    "sample": _not_fine,
    "unknown": _unknown,
}
