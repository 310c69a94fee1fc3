"""Fill the numbers and pictures of docs/tutorial.md from a run of the default configuration.

    <!-- bioassay/flat/laplace/natural/mode.json theta.0 .3f -->0.847<!-- / -->

stands for what is at `theta`, 0 in that artifact; of a table, the column and then the row:
`.../quantiles.parquet laplace quantity=beta probability=0.975 .3f`. From the top of the project,
after `snakemake`: python docs/tutorial.py
"""

import json
import re
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "workflow" / "scripts"))

from laplace_files.artifacts.artifacts import read_table  # noqa: E402
from laplace_files.export.pictures import shortened  # noqa: E402

TEXT = PROJECT / "docs" / "tutorial.md"
MARK = re.compile(r"<!-- (\S+\.(?:json|parquet)) (.+?) (\S+) -->(.*?)<!-- / -->", re.DOTALL)
PICTURE = re.compile(r"\]\(tutorial/([\w-]+)\.svg\)<!-- (\S+) -->")


def filled(text: str, results: Path) -> str:
    """Return the text with every marked number as the artifacts under `results` have it."""
    return MARK.sub(lambda mark: _renewed(mark, results), text)


def _renewed(mark, results: Path) -> str:
    path, place, form, _ = mark.groups()
    of = _in_table if path.endswith(".parquet") else _in_record
    value = of(results / path, place.split(" "))
    written = f"{value:{form}}".replace("%", " %")
    return f"<!-- {path} {place} {form} -->{written}<!-- / -->"


def _in_record(path: Path, place: list[str]):
    found = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(found, list):  # of records with an id
        name, _, keys = place[0].partition(".")
        found = next(each for each in found if each["id"] == name)
    else:
        keys = place[0]
    for key in keys.split("."):
        found = found[int(key)] if isinstance(found, list) else found[key]
    return found


def _in_table(path: Path, place: list[str]):
    column, *wanted = place
    columns, _ = read_table(path)
    rows = range(len(columns[column]))
    for condition in wanted:
        name, _, value = condition.partition("=")
        rows = [row for row in rows if _equal(columns[name][row], value)]
    (row,) = rows
    return columns[column][row]


def _equal(found, value: str) -> bool:
    return found == value if isinstance(found, str) else abs(found - float(value)) < 1e-9


def pictures(text: str) -> dict[str, str]:
    """Return the pictures of the text: the name in docs/tutorial/, the artifact it comes from."""
    return dict(PICTURE.findall(text))


def main() -> None:
    """Fill the text and copy the pictures."""
    results = PROJECT / "results"
    text = filled(TEXT.read_text(encoding="utf-8"), results)
    TEXT.write_text(text, encoding="utf-8", newline="\n")
    folder = TEXT.with_suffix("")
    folder.mkdir(exist_ok=True)
    for name, source in pictures(text).items():
        (folder / f"{name}.svg").write_text(shortened(results / source), encoding="utf-8")


if __name__ == "__main__":
    main()
