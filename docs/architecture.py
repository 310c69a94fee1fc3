"""Draw docs/architecture.svg: the rooms of the core that each step of a case stands on.

Everything in it is read from the code: the steps are the scripts that the Snakefile calls, in the
order in which it tells the story, and a dot stands where a step imports from a room, itself or by
way of another. From the top of the project: python docs/architecture.py
"""

import re
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
SCRIPTS = PROJECT / "workflow" / "scripts"
sys.path[:0] = [str(SCRIPTS), str(PROJECT / "tests")]

from matplotlib.figure import Figure  # noqa: E402

from laplace_approx.figures import style  # noqa: E402
from laplace_files.run.code import import_statements, imported_files  # noqa: E402
from rooms_in_order import rooms_in_order  # noqa: E402

CORE = SCRIPTS / "laplace_approx"
PICTURE = PROJECT / "docs" / "architecture.svg"
SNAKEFILES = (
    *("Snakefile", "workflow/rules/brought.smk"),
    *("workflow/rules/exercises.smk", "workflow/rules/report.smk"),
)
# those of a default run; what all use, and says nothing of a case, is left out
ROOMS = tuple(
    room
    for room in rooms_in_order("laplace_approx")
    if room not in ("errors", "contained", "remember", "external", "nuts")
)


def steps() -> list[str]:
    """Return the scripts of a default run in the order of the rules that call them."""
    found = []
    for name in SNAKEFILES:
        text = (PROJECT / name).read_text(encoding="utf-8")
        found += re.findall(r"scripts/(\w+)\.py\"", text)
    return list(dict.fromkeys(found))


def rooms_of(files) -> set[str]:
    """Return the rooms of the core that files belong to."""
    parts = (file.relative_to(CORE).parts for file in files if file.is_relative_to(CORE))
    return {part[0].removesuffix(".py") for part in parts} & set(ROOMS)


def entered(step: str) -> set[str]:
    """Return the rooms that a script imports from by itself, or that its door stands in."""
    names = set()
    path = SCRIPTS / f"{step}.py"
    for node in import_statements(path.read_bytes(), str(path)):
        module = getattr(node, "module", None) or node.names[0].name
        names.add(module)
    return {name.split(".")[1] for name in names if name.startswith("laplace_approx.")} & set(ROOMS)


def table() -> dict[str, dict[str, str]]:
    """Map each step to its rooms: "door" where its script enters, "below" what that stands on."""
    found = {}
    for step in steps():
        through = rooms_of(imported_files(SCRIPTS / f"{step}.py"))
        doors = entered(step)
        found[step] = {
            room: "door" if room in doors else "below" for room in ROOMS if room in through
        }
    return {step: rooms for step, rooms in found.items() if rooms}


def drawn(found: dict[str, dict[str, str]]) -> Figure:
    """Return the picture: a row a step, from the first to the page; a column a room."""
    figure = Figure(figsize=(style.WIDTH, 0.27 * len(found) + 1.3), layout="constrained")
    axes = figure.add_subplot()
    for row, rooms in enumerate(found.values()):
        axes.axhline(row, color="#e4e4e4", linewidth=0.7, zorder=0)
        for room, kind in rooms.items():
            filled = style.LAPLACE if kind == "door" else "white"
            axes.plot(
                *(ROOMS.index(room), row),
                "o",
                color=style.LAPLACE,
                markerfacecolor=filled,
                markersize=6,
            )
    axes.set_yticks(range(len(found)), found)
    axes.set_xticks(range(len(ROOMS)), ROOMS, rotation=45, ha="left")
    axes.xaxis.tick_top()
    axes.invert_yaxis()
    axes.set_xlabel("full: the script of the step enters here; empty: it stands on it")
    for side in axes.spines.values():
        side.set_visible(False)
    axes.tick_params(length=0)
    return figure


def main() -> None:
    with style.settings():
        style.save(drawn(table()), PICTURE)


if __name__ == "__main__":
    main()
