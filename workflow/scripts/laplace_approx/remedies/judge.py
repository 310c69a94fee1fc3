"""What a verdict rests on: the grid, else importance draws, else nothing; and why."""

from typing import NamedTuple

from laplace_approx.comparison.sides import NoSide
from laplace_approx.comparison.unseen import MOST, beyond_the_grid, judging_side
from laplace_approx.reference.side import reference_side
from laplace_approx.words.numbers import capital


class Judge(NamedTuple):
    """What the verdict rests on: the exact side, whether it can be relied on, and why not.

    `kind` is "grid", "importance" or "none"; `faults` are sentences about a side that is there
    and not to be relied on, `remarks` about one that can be, with its errors counted.
    """

    kind: str
    side: object
    faults: tuple[str, ...]
    remarks: tuple[str, ...]


MENTIONED_MASS = 1e-12  # in modes that the exact side does not reach, worth a word


def find_judge(exact, reference: dict, reference_record: dict, mode: dict) -> Judge:
    """Return what the verdict rests on: the grid, else importance draws, else nothing."""
    record = exact.record
    if record["status"] == "ok":
        missed, beyond = beyond_the_grid(record, mode)
        faults = tuple(_grid_faults(record, missed, beyond))
        remarks = (*_remarks(record), *_unreached_modes(missed))
        return Judge("grid", judging_side(exact, mode), faults, remarks)
    if reference_record["serves"]:
        side = reference_side(reference, reference_record)
        return Judge("importance", side, (), _unreached_modes(reference_record["unseen_mass"]))
    reasons = [_sentence(reason) for reason in record["reasons"]]
    instead = f"Importance draws cannot take its place: {reference_record['reason']}."
    return Judge("none", NoSide(), (*reasons, instead), ())


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
    """Return down to which width a grid would have shown a hump that nothing else did."""
    if record["off_the_nodes"] is None:
        return ()
    width = max(record["off_the_nodes"]["seen_width"].values())
    return (
        f"judged by a grid that shows any round hump in its bulk that is {width:.1g} posterior SDs "
        "wide or more, and a narrower one by chance",
    )


def _unreached_modes(unseen: float) -> tuple[str, ...]:
    if unseen < MENTIONED_MASS:
        return ()
    return (f"other modes may hold up to {unseen:.1e} of the mass, which the errors count",)


def _sentence(text: str) -> str:
    """Return a reason with a capital and a full stop."""
    text = text.strip().removesuffix(".")
    return f"{capital(text)}."
