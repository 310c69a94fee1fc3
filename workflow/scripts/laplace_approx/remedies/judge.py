"""What a verdict rests on: the first exact side that is certain within the tolerance."""

from typing import NamedTuple

from laplace_approx.chains.agreement import NOT_COMPARED, agreement, disagreement
from laplace_approx.chains.belongs import seen_within
from laplace_approx.chains.side import CHAIN, chain_side
from laplace_approx.chains.step import BROUGHT, NUTS
from laplace_approx.comparison.sides import NoSide
from laplace_approx.comparison.unseen import MOST, beyond_the_grid, judging_side
from laplace_approx.reference.side import errors_within, reference_side
from laplace_approx.words.numbers import capital, rounded_up


class Judge(NamedTuple):
    """What the verdict rests on: the exact side, whether it can be relied on, and why not.

    `kind` is "grid", "importance", "brought_draws", "nuts" or "none"; `faults` are sentences about
    a side that is there and not to be relied on, `remarks` about one that can be, with its errors
    counted. `chains` says of all draws of chains that there are whether they serve, and whether
    they agree with what judges.
    """

    kind: str
    side: object
    faults: tuple[str, ...]
    remarks: tuple[str, ...]
    chains: tuple[dict, ...] = ()


MENTIONED_MASS = 1e-12  # in modes that the exact side does not reach, worth a word
CALLED = {
    "grid": "the grid",
    "importance": "the importance draws",
    BROUGHT: "the draws that were brought",
    NUTS: "the draws of NUTS",
}


def find_judge(exact, reference, mode: dict, tolerance: float) -> Judge:
    """Return what the verdict rests on: of the grid, importance draws, and draws of chains, which
    is the order of what they cost, the first that can be relied on and whose errors leave room for
    a verdict within the tolerance; else the first that can be relied on; else the first that there
    is; else nothing.

    `reference` holds the importance draws and their record, and the draws of `chains` with theirs.
    Draws of chains that do not judge are held against what does: where they are of another
    posterior, or the two disagree beyond their errors, what judges is not to be relied on.
    """
    found = list(_candidates(exact, reference, mode, tolerance))
    sound = [each for each in found if not each.faults]
    certain = [each for each in sound if _certain(each.kind, reference, tolerance)]
    if not found:
        found = [Judge("none", NoSide(), (*_why_none(exact.record, reference),), ())]
    judge = (certain or sound or found)[0]
    for chains in reference.chains:
        judge = _held_against(judge, *chains)
    return judge


def _certain(kind: str, reference, tolerance: float) -> bool:
    """Return whether two standard errors of every judged end are within the tolerance, and a shift
    of draws of chains by as much would have been seen; the errors of a grid are bounds, and far
    below it, or its quantities say themselves that they are not."""
    if kind == "importance":
        return errors_within(reference.record["errors_sd"], tolerance)
    chains = [record for _, record in reference.chains if record["kind"] == kind]
    return all(
        errors_within(record["errors_sd"], tolerance) and seen_within(record, tolerance)
        for record in chains
    )


def _candidates(exact, reference, mode: dict, tolerance: float):
    """Yield the exact sides that there are, the cheapest first."""
    record = exact.record
    if record["status"] == "ok":
        missed, beyond = beyond_the_grid(record, mode)
        faults = tuple(_grid_faults(record, missed, beyond))
        remarks = (*_remarks(record), *_unreached_modes(missed))
        yield Judge("grid", judging_side(exact, mode), faults, remarks)
    adapted = reference.record
    if adapted["serves"]:
        side = reference_side(reference.draws, adapted)
        yield Judge("importance", side, (), _unreached_modes(adapted["unseen_mass"]))
    for columns, record in reference.chains:
        if record["serves"]:
            side = chain_side(columns, record)
            remarks = (_by_chains(record, tolerance), *_unreached_modes(record["unseen_mass"]))
            yield Judge(record["kind"], side, (), remarks)


def _by_chains(record: dict, tolerance: float) -> str:
    said = (
        f"judged by {CALLED[record['kind']].removeprefix('the ')}: {record['chains']} chains of "
        f"{record['draws']}, in which a shift of {record['belongs']['seen']['place']:.2g} SD from "
        "the posterior would be seen, and the errors count what shift is left open"
    )
    if seen_within(record, tolerance):
        return said
    limited = record["belongs"]["stride"] > 1  # not all draws were looked at
    more = "give more `reference: evaluations`" if limited else "more draws would show it"
    return f"{said}, and none as small as the tolerance of {tolerance:g}: {more}"


def _why_none(record: dict, reference):
    """Yield a sentence about each exact side that could have been, and why it is none."""
    yield from map(_sentence, record["reasons"])
    yield f"Importance draws cannot take its place: {reference.record['reason']}."
    for _, chains in reference.chains:
        called = capital(CALLED[chains["kind"]])
        yield f"{called} cannot either: {chains['reason'].removesuffix('.')}."


def _held_against(judge: Judge, columns: dict, record: dict) -> Judge:
    """Return a judge with what draws of chains say of it."""
    kind, called = record["kind"], CALLED[record["kind"]]
    copied = {key: record[key] for key in ("kind", "serves", "reason", "other_posterior")}
    said, faults, remarks = copied | NOT_COMPARED, (), ()
    if record["serves"] and judge.kind != kind:
        names = [name for name in columns if name != CHAIN]
        side = chain_side(columns, record)
        said |= agreement(judge.kind, judge.side, side, names)
        if said["agrees"] is False:
            faults = (disagreement(capital(CALLED[judge.kind]), called, said),)
    elif record["n_draws"] and not record["serves"] and judge.kind != "none":
        text = f"{called} are not used: {record['reason'].removesuffix('.')}"
        if record["other_posterior"]:
            faults = (f"{capital(text)}.",)
        else:
            remarks = (text,)
    return judge._replace(
        faults=(*judge.faults, *faults),
        remarks=(*judge.remarks, *remarks),
        chains=(*judge.chains, said),
    )


def _grid_faults(record: dict, missed: float, beyond):
    """Yield a sentence for everything that makes a grid worthless as a judge."""
    if record["outside_mass"]["total"] is None:
        yield "It is not known how much of the mass lies outside the grid."
    for name, value in beyond if missed > MOST else ():
        yield f"A mode at {name} = {value:.4g} lies outside the grid."


def _remarks(record: dict) -> tuple[str, ...]:
    if record["certified"]:
        return _seen(record)
    outside = record["outside_mass"]["total"]
    if outside is None:
        return ()
    return (
        f"judged by a grid that is not certified and leaves out about {outside:.1e} of the mass",
    )


def _seen(record: dict) -> tuple[str, ...]:
    """Return down to which width a grid would have shown a hump that nothing else did: a narrower
    one may be there, and then all numbers are those of the rest."""
    if record["off_the_nodes"] is None:
        return ()
    width = rounded_up(max(record["off_the_nodes"]["seen_width"].values()))
    return (
        "judged by a grid that would have shown a round hump in its bulk with a hundredth of the "
        f"mass that is {width} posterior SDs wide or more; another one is not excluded",
    )


def _unreached_modes(unseen: float) -> tuple[str, ...]:
    if unseen < MENTIONED_MASS:
        return ()
    return (
        f"other modes, or parts that it misses, may hold {unseen:.1e} of the mass, which the "
        "errors count",
    )


def _sentence(text: str) -> str:
    """Return a reason with a capital and a full stop."""
    text = text.strip().removesuffix(".")
    return f"{capital(text)}."
