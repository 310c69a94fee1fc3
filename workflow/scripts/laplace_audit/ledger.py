"""What an audit finds: one check a law and file, with what was measured and what is allowed."""

import math
from typing import NamedTuple

import numpy as np

from laplace_audit.catalogue import LAWS


class Check(NamedTuple):
    """One law held against one file: it holds where `value` is at most `limit` (NaN never is).

    A law without a scale (equal or not) counts what differs, with the limit 0. `value` is None
    where the law could not even be measured; `means` then says why.
    """

    file: str
    law: str
    value: float | None
    limit: float
    ok: bool
    means: str


class Ledger:
    """The checks of one audit, the worst of each file and law, in the order of the first ones."""

    def __init__(self):
        self.worst: dict[tuple[str, str], Check] = {}

    @property
    def checks(self) -> list[Check]:
        return list(self.worst.values())

    def page(self, file, about: str = "") -> "Page":
        """Return the page on which the checks of a file are written, or of a part of it."""
        return Page(self, str(file), about)

    def note(self, check: Check) -> None:
        """Keep a check, unless a worse one of its file and law is there."""
        key = check.file, check.law
        if key not in self.worst or _badness(check) > _badness(self.worst[key]):
            self.worst[key] = check


def _badness(check: Check) -> tuple:
    value = math.inf if check.value is None else check.value
    over = value / check.limit if check.limit > 0 else value
    return not check.ok, over


class Page:
    """The part of a ledger that is about one file, or `about` a part of it, in words."""

    def __init__(self, ledger: Ledger, file: str, about: str = ""):
        self.ledger, self.file, self.about = ledger, file, about

    def most(self, law: str, value, limit: float) -> bool:
        """Hold the largest of `value` (a number or an array) against a limit."""
        largest = np.max(np.asarray(value, dtype=float), initial=-math.inf)
        largest = 0.0 if largest == -math.inf else float(largest)
        return self._note(law, largest, float(limit), LAWS[law].means)

    def true(self, law: str, holds, detail: str = "") -> bool:
        """Hold a condition, or an array of them: the value is how many fail."""
        held = np.atleast_1d(np.asarray(holds))
        # NaN counts as true, and holds nothing
        held = held.astype(bool) & ((held == held) if held.dtype.kind == "f" else True)
        failed = int(np.sum(~held))
        means = LAWS[law].means
        return self._note(law, failed, 0.0, f"{means}: {detail}" if failed and detail else means)

    def same(self, law: str, found, due) -> bool:
        """Hold that two plain values are the same (numbers to the last digit)."""
        return self.true(law, found == due, f"found {_short(found)}, where {_short(due)} is due")

    def broken(self, law: str, why: str) -> bool:
        """Note a law that fails because it cannot be measured."""
        return self._note(law, math.nan, 0.0, f"{LAWS[law].means}: {why}")

    def _note(self, law: str, value: float, limit: float, means: str) -> bool:
        ok = math.isfinite(limit) and bool(value <= limit)
        if not math.isfinite(limit):  # then the law fails, and a record has room for numbers only
            limit, means = 0.0, f"{means}: the limit itself cannot be computed"
        shown = value if math.isfinite(value) else None
        if not ok and self.about:
            means = f"{means} ({self.about})"
        self.ledger.note(Check(self.file, law, shown, limit, ok, means))
        return ok


def _short(value, most: int = 80) -> str:
    text = repr(value)
    return text if len(text) <= most else f"{text[:most]}..."
