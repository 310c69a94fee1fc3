"""The page: the artifacts of a run read, put in words and rows, and set in one HTML file."""

import os
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from laplace_approx.report import alternatives, claims, comparison, foundations, verdicts
from laplace_approx.report.case import CasePart
from laplace_approx.words.blocks import read
from laplace_files.artifacts.artifacts import read_json, read_table
from laplace_files.export.pictures import data_uri, size_of

TEMPLATES = Path(__file__).resolve().parents[3] / "report"
TEMPLATE = "page.html.j2"
LADDER = "remedy_ladder"
ROOM = 10_000_000  # bytes of pictures inside the page; the others are linked
# From what a reader wants first to what he can do without: as many kinds as there is room for.
KINDS = (
    *("contours", "overlay", "marginals", "coverage", "quantile_quantile", LADDER),
    *("newton_basin", "tails", "quantities", "replication", "newton_path", "laplace_draws"),
)
RECORDS = ("posterior", "mode", "curvature", "grid", "verdict")
TABLES = ("quantiles", "remedies", "basin")
FILES = (*RECORDS, *TABLES)


class Page:
    """A page under `path` about the artifacts `inputs`, whose lists follow `keys`, the cases."""

    def __init__(self, path, keys, inputs):
        self.folder, self.inputs = Path(path).parent, inputs
        self.cases = [self._case(i, tuple(key)) for i, key in enumerate(keys)]
        self.figures = [Path(folder) for folder in inputs.figures]

    def html(self) -> str:
        """Return the page; its bytes depend on the artifacts alone."""
        environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        return environment.get_template(TEMPLATE).render(self.content())

    def content(self) -> dict:
        """Return everything that the template sets."""
        audit = _first(self.inputs.get("audit"))
        judged = read_json(self.inputs.claims)
        return {
            "tally": verdicts.tally(self.cases),
            "tolerance": self.cases[0].verdict["tolerance"],
            "cases": self._case_views(),
            "claims": [self._claim(row) for row in claims.claim_rows(judged)],
            "audit": claims.audit_view(read_json(audit)["checks"]) if audit else None,
            "exercises": self._exercises(),
            "meanings": foundations.signal_meanings(self.cases),
            "links": {
                "summary": self.link(self.inputs.summary),
                "claims": self.link(self.inputs.claims),
                "core": self.link(self.inputs.core),
                "audit": self.link(audit) if audit else None,
            },
        }

    def link(self, path) -> str:
        """Return the link from the page to a file."""
        return quote(Path(os.path.relpath(path, self.folder)).as_posix())

    def _case(self, i: int, key) -> CasePart:
        files = {name: getattr(self.inputs, name)[i] for name in FILES}
        records = {name: read_json(files[name]) for name in RECORDS}
        tables = {name: read_table(files[name])[0] for name in TABLES}
        return CasePart(key, **records, **tables, files={n: self.link(f) for n, f in files.items()})

    def _case_views(self) -> list[dict]:
        inside = self._kinds_inside()
        return [
            {
                "case": case,
                "rows": verdicts.verdict_rows(case),
                "sentences": verdicts.sentences(case),
                "warnings": case.verdict["warnings"],
                "intervals": comparison.interval_rows(case),
                "remedies": comparison.remedy_rows(case),
                "notes": comparison.remedy_notes(case),
                "labels": [case.label(name) for name in case.quantities],
                "mode": foundations.mode_facts(case),
                "curvature": foundations.curvature_facts(case),
                "grid": foundations.grid_facts(case),
                "signals": foundations.signal_rows(case),
                "pictures": [
                    self._picture(path, case, kind in inside) for kind, path in _pictures(folder)
                ],
            }
            for case, folder in zip(self.cases, self.figures, strict=True)
        ]

    def _kinds_inside(self) -> set[str]:
        """Return the kinds of pictures that the page holds: all of a kind, or none."""
        found = [each for folder in self.figures for each in _pictures(folder)]
        inside, room = set(), ROOM
        for kind in KINDS:
            room -= sum(len(data_uri(path)) for each, path in found if each == kind)
            if room < 0:
                break
            inside.add(kind)
        return inside

    def _picture(self, path: Path, case: CasePart, inside: bool) -> dict:
        width, height = size_of(path)
        return {
            "caption": alternatives.caption(path.stem, case),
            "alternative": alternatives.alternative(path.stem, case),
            "link": self.link(path),
            "uri": data_uri(path) if inside else None,
            "width": round(width / 0.75),
            "height": round(height / 0.75),
        }

    def _claim(self, row: dict) -> dict:
        links = [(name, self.link(self.folder / name)) for name in row["artifacts"]]
        return row | {"links": links if row["holds"] is not None else []}

    def _exercises(self) -> list[dict]:
        views = []
        for record_file, text in zip(self.inputs.records, self.inputs.texts, strict=True):
            record = read_json(record_file)
            number = record["exercise"]
            picture = Path(self.inputs.exercise_figures) / f"exercise-{number}.svg"
            title, *rest = read(Path(text).read_text(encoding="utf-8"))
            views.append(
                {
                    "number": number,
                    "title": record["title"],
                    "skipped": record["status"] == "skipped",
                    "blocks": rest,
                    "record": self.link(record_file),
                    "text": self.link(text),
                    "picture": self._exercise_picture(picture, record, title, rest),
                }
            )
        return views

    def _exercise_picture(self, path: Path, record: dict, title, rest) -> dict | None:
        if not path.is_file():
            return None
        said = next((block for block in rest[1:] if block.kind == "paragraph"), title)
        words = "".join(piece for _, piece in said.content)
        width, height = size_of(path)
        return {
            "alternative": f"Picture of exercise {record['exercise']}: {record['title']}. {words}",
            "caption": record["title"],
            "link": self.link(path),
            "uri": data_uri(path),
            "width": round(width / 0.75),
            "height": round(height / 0.75),
        }


def _pictures(folder: Path) -> list[tuple[str, Path]]:
    """Return (kind, file) of the pictures in a folder, in the order of `KINDS`."""
    found = [(_kind(path.stem), path) for path in sorted(folder.glob("*.svg"))]
    return sorted(found, key=lambda each: [*KINDS, each[0]].index(each[0]))


def _kind(stem: str) -> str:
    return LADDER if stem.startswith(alternatives.LADDER) else stem


def _first(files):
    """Return the only file of an input that may be empty."""
    return files if isinstance(files, str) else next(iter(files or []), None)
