"""Whether exact sides agree within their errors, counted anew."""

import math

import numpy as np

from laplace_audit.laws.mode import relative
from laplace_audit.laws.reference import missed_by_chains
from laplace_audit.laws.rows import Rows
from laplace_audit.ledger import Page
from laplace_audit.numerics.chains import ChainDraws

PAIRS, ENDS = 1e-3, (0.025, 0.25, 0.75, 0.975)  # of sides that are right are said to disagree


def agreement_laws(page: Page, said: dict, chains: tuple, rows: Rows, kind: str) -> None:
    """Hold what a verdict says of draws of chains: the ends of the side that judges against their
    shares, each with its error."""
    law, (columns, record) = "exact sides agree within their errors", chains
    for key in ("kind", "serves", "reason", "other_posterior"):
        page.same("copies are what was copied", said[key], record[key])
    found = _all_apart(columns, record, rows, kind)
    page.same(law, said["compared"], len(found))
    if not found:
        page.same(law, (said["agrees"], said["farthest"]), (None, None))
        return
    limit = _most_apart(len(found))
    page.most(law, abs(said["limit"] - limit), 1e-9)
    apart, name, p = max(found)
    page.most(law, relative(said["farthest"]["apart"], apart), 1e-6)
    page.same(law, said["agrees"], apart <= limit)
    if abs(apart - sorted(found)[-2 if len(found) > 1 else -1][0]) > 1e-6 * apart:
        page.same(law, (said["farthest"]["quantity"], said["farthest"]["probability"]), (name, p))


def disputed(chains, rows: Rows, kind: str) -> bool:
    """Return whether draws of chains speak against what judges: they, the (columns, record) of
    each, are of another posterior, or further from it than the errors of both."""
    if any(record["other_posterior"] for _, record in chains):
        return True
    apart = [_all_apart(columns, record, rows, kind) for columns, record in chains]
    return any(max(found)[0] > _most_apart(len(found)) for found in apart if found)


def _most_apart(ends: int) -> float:
    """Return by how many errors one of so many ends may be off by chance."""
    from scipy.special import ndtri

    return float(-ndtri(PAIRS / (2 * ends)))


def _all_apart(columns, record, rows: Rows, kind: str) -> list:
    """Return every end of draws that do not judge, as `_ends_apart` has them."""
    if not record["serves"] or record["kind"] == kind:
        return []
    names = [name for name in columns if name != "chain"]
    return [end for name in names for end in _ends_apart(columns, record, rows, name, kind)]


def _ends_apart(columns, record, rows: Rows, name: str, kind: str):
    """Yield by how many errors of both the share below each end is off, with its place."""
    side = ChainDraws(columns, name, *missed_by_chains(record))
    for p in ENDS:
        a, e = (float(rows.get(key, "laplace", name, p)) for key in ("exact", "exact_error"))
        if not np.isfinite([a, e, side.at(p), side.error(p)]).all():
            continue
        (low, _), (share, s), (high, _) = (side.share(x) for x in (a - e, a, a + e))
        nearest = min(max(p, side.share(np.nextafter(a, -np.inf))[0]), share)
        if 0 < share < 1:
            s *= max(1.0, math.sqrt(p * (1 - p) / (share * (1 - share))))
        if kind == "grid":
            off = max(low - p, p - high, 0.0) if nearest != p else 0.0
        else:
            off, s = abs(nearest - p), math.hypot(s, (high - low) / 2)
        yield (0.0 if off == 0 else min(off / s, 1e300) if s > 0 else 1e300), name, p
