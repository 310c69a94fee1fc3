"""One case as the page takes it: its records and tables, and the names of its quantities."""

from typing import NamedTuple

from laplace_approx.comparison.rows import rows_of
from laplace_approx.words.numbers import capital

NAMES = ("model", "prior", "space", "grid")


class CasePart(NamedTuple):
    """The artifacts of a case, read. Records are dicts as on disk, tables are columns.

    `key` is (model, prior, space, grid); `files` maps a kind of artifact to its link on the page.
    """

    key: tuple[str, str, str, str]
    posterior: dict
    mode: dict
    curvature: dict
    grid: dict
    verdict: dict
    quantiles: dict
    remedies: dict
    basin: dict
    files: dict[str, str]

    @property
    def name(self) -> str:
        return "/".join(self.key)

    @property
    def parameters(self) -> list[str]:
        return self.posterior["parameters"]

    @property
    def quantities(self) -> list[str]:
        """The parameters, then the derived quantities: a record on disk has its keys sorted."""
        derived = [name for name in self.verdict["quantities"] if name not in self.parameters]
        return [*self.parameters, *derived]

    @property
    def declined(self) -> bool:
        return self.curvature["status"] == "declined"

    @property
    def message(self) -> str:
        """Why the case is declined, as a sentence."""
        return capital(self.curvature["message"] or "")

    def judged(self, quantity: str) -> dict:
        return self.verdict["quantities"][quantity]

    def label(self, quantity: str) -> str:
        return self.posterior["labels"].get(quantity, quantity)

    def quantile(self, quantity: str, column: str, probability: float) -> float:
        """Return what the table of quantiles holds at a probability; NaN where it has no row."""
        return rows_of(self.quantiles).value(column, quantity, probability)
