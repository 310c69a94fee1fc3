"""Whether a lattice is right between its nodes and around them, seen from places that know nothing
of it.

A sum over nodes sees the nodes, and so does every check by leaving some of them out: a spike, a
hole or a ripple between them is the same to all. So the density is looked at elsewhere, and what
the lattice does not say there is counted as mass that it missed, or invented.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.exact import scans
from laplace_approx.exact.between_nodes import Between
from laplace_approx.exact.lattice import Lattice
from laplace_approx.exact.thin_tops import thin_tops
from laplace_approx.words.numbers import rounded_up
from laplace_approx.words.places import point

# of the mass, that may be missed or invented: as much as the spacing may cost; doubled, twice as
# much goes unsaid
LIMIT = 1e-6
# of the density that a lattice tells: less is its own interpolation; halved or doubled, nothing
# changes
STANDS_OUT = 0.05
# of the limit: what one place may add and still be left aside; doubled, 500 such places instead of
# 1000 make up the limit
FAINT = 1e-3
# mean of |excess| under points drawn by probability that interpolation explains; halved or doubled,
# nothing changes
FINE = 1e-5
# places whose shares are told; doubled, a ripple takes longer to be known for one
MOST_MISSING = 2**12
# SDs between places from which modes are looked for; halved or doubled, nothing changes: doubled,
# two humps within an SD begin from one place
APART = 0.5
# of them; halved or doubled, nothing changes: doubled, up to twice the climbs of a density that has
# so many
MOST_PLACES = 6
MEANS = (
    "what places off the nodes show that the lattices do not say there, as shares of the mass: "
    "missed (the density is higher) and invented (it is lower); roughness: how far the density is "
    "off elsewhere, of it, in the mean; seen_width: the SD, in SDs of the posterior, down to which "
    "a round normal with a hundredth of the mass would have been seen wherever it lies in the "
    "bulk: within three SDs of the centre along each axis of the lattice, as far as that has mass; "
    "one that is narrower or elsewhere is not excluded"
)


def misplaced(record: dict) -> float:
    """Return the share of the mass that places off the nodes show to be missed or invented, from
    the record of a grid; where the density is rougher than its interpolation, with all of that."""
    seen = record["off_the_nodes"]
    if seen is None:
        return 0.0
    rough = seen["roughness"] if seen["roughness"] > FINE else 0.0
    return min(seen["missed"] + seen["invented"] + rough, 1.0)


class Inspection(NamedTuple):
    """What was seen off the nodes of the lattices of a density, at how many `places`.

    `missed` and `invented` are shares of the mass; `rough` is the mean of |excess| where nothing
    stands out; `tops` (n, d) are places theta from which a mode may be found, `dents` those where
    the density is lower than is told, `worst` that of the largest excess with the ratio of the
    density there to what the lattice says, `missing` the places theta (m, d) that add most to what
    is missed, with the share of each, `thin` (n, d) places on humps that are thinner than the
    distances between all these, and `seen_width` the narrowest normal, in SDs, that
    would have been seen wherever it lies in the bulk, within `scans.PROMISED` SDs of the centre
    along each axis of the lattice.
    """

    places: int
    missed: float
    invented: float
    rough: float
    seen_width: float
    tops: np.ndarray
    dents: np.ndarray
    worst: tuple[np.ndarray, float] | None
    missing: tuple[np.ndarray, np.ndarray]
    thin: np.ndarray

    @property
    def clean(self) -> bool:
        return max(self.missed, self.invented) <= LIMIT and self.rough <= FINE

    def faults(self, names) -> list[str]:
        """Return a sentence where the lattices are not right off their nodes."""
        faults, off = [], max(self.missed, self.invented)
        if off > LIMIT:
            verb, where = "miss" if self.missed == off else "invent", ""
            if self.worst is not None:
                where = (
                    f"; at {point(names, self.worst[0])} the density is {self.worst[1]:.3g} times "
                    "what the nodes around tell"
                )
            faults.append(f"off the nodes: the lattices {verb} about {off:.1e} of the mass{where}")
        if self.rough > FINE:
            faults.append(
                "off the nodes: the density is off what they tell by "
                f"{self.rough:.1e} of it in the mean"
            )
        return faults

    def record(self, names) -> dict:
        """Return what grid.json says of it."""
        return {
            "places": self.places,
            "missed": self.missed,
            "invented": self.invented,
            "roughness": self.rough,
            "seen_width": dict.fromkeys(names, self.seen_width),
            "means": MEANS,
            "sentence": self.sentence,
        }

    @property
    def sentence(self) -> str:
        """Return what could not have been seen."""
        return (
            f"the density was looked at in {self.places} places off the nodes: a round hump with "
            "a hundredth of the mass whose SD is "
            f"{rounded_up(self.seen_width)} posterior SDs or more would have been seen wherever it "
            f"lies in the bulk (within {scans.PROMISED:g} SDs of the centre along each axis of the "
            "lattice, as far as that has mass), one that is narrower or elsewhere perhaps; such a "
            "one is not excluded"
        )


class _Part(NamedTuple):
    """Places with the log density there (`truth`), the density and its excess, as shares of the
    mass per unit of u."""

    places: scans.Places
    truth: np.ndarray
    density: np.ndarray
    excess: np.ndarray

    @property
    def told(self):
        """What the lattice says of the density."""
        return np.maximum(self.density - self.excess, 0.0)

    @property
    def stands_out(self):
        return np.abs(self.excess) > STANDS_OUT * self.told

    @property
    def share(self):
        """What each place that stands out has of the mass, below zero where it is too little."""
        return np.where(self.stands_out, self.excess, 0.0) * self.places.weight

    @property
    def missed(self) -> float:
        """What the places that stand out have of the mass, of those that are higher."""
        return float(np.sum(np.maximum(self.share, 0.0)))

    @property
    def rough(self) -> float:
        """The mean of |excess|, where nothing stands out, under points drawn by probability."""
        quiet = np.where(self.stands_out, 0.0, self.excess)
        return float(np.sum(np.abs(quiet) * self.places.weight))


def look(lattices: list[Lattice], log_density: Callable, fewer: int = 0) -> Inspection:
    """Return what is seen off the nodes of the lattices of one density: of them all, the worst.

    Each is looked at by points drawn by its own probability; the first by scans of the bulk,
    of points that are halved `fewer` times.
    """
    found = [_looked(Between(each, log_density), i == 0, fewer) for i, each in enumerate(lattices)]
    worst = max(found, key=lambda each: max(each.missed, each.invented, LIMIT * each.rough / FINE))
    return worst._replace(
        places=sum(each.places for each in found),
        seen_width=found[0].seen_width,
        thin=found[0].thin,
        missing=max(found, key=lambda each: each.missed).missing,
        tops=np.concatenate([each.tops for each in found]),
        dents=np.concatenate([each.dents for each in found]),
    )


def _looked(between: Between, scanned: bool, fewer: int) -> Inspection:
    frame = between.frame
    bulk = scans.bulk_of(frame, between.nodes)
    by_mass = _read(between, scans.drawn(frame, between.nodes), fully=True)
    parts, width, thin = [by_mass], 0.0, np.empty((0, len(frame.axes)))
    if scanned and len(frame.axes) == 1:
        line = scans.line_of(frame, between.nodes)
        parts.append(_read(between, line))
        width = scans.spacing(frame, bulk, line.u)
    elif scanned:
        covered = scans.covering(bulk, scans.power(len(frame.axes), fewer))
        even = _read(between, scans.spread(bulk, covered))
        parts += [even, _read(between, scans.across(frame, bulk, by_mass.places.u))]
        thin = thin_tops(between, covered, even.truth)
        width = scans.gap(frame, bulk, covered.radius)
    u, density, excess, share = (
        np.concatenate(column)
        for column in zip(*((p.places.u, p.density, p.excess, p.share) for p in parts), strict=True)
    )
    at, missing = u / bulk.sd, max(parts, key=lambda part: part.missed)
    tops, dents = (
        frame.place(u[_apart(np.flatnonzero(way * share > FAINT * LIMIT), way * excess, at)])
        for way in (1, -1)
    )
    return Inspection(
        len(u),
        missing.missed,
        max(float(np.sum(np.maximum(-part.share, 0.0))) for part in parts),
        by_mass.rough,
        width,
        tops,
        dents,
        _worst(frame, u, density, excess, np.abs(share)),
        _missing(frame, missing),
        frame.place(thin),
    )


def _read(between: Between, places: scans.Places, fully: bool = False) -> _Part:
    truth = between.log_truth(places.u)
    return _Part(places, truth, *between.excess(places.u, truth, fully))


def _missing(frame, part: _Part):
    """Return the places theta (m, d) that add most to what is missed, and the share of each."""
    share = part.share
    rows = np.flatnonzero(share > 0)
    rows = rows[np.argsort(-share[rows])[:MOST_MISSING]]
    return frame.place(part.places.u[rows]), share[rows]


def _worst(frame, u, density, excess, size):
    """Return theta (d,) at the place of the largest size, and how many times what the lattice says
    the density is there; None where nothing stands out."""
    row = int(np.argmax(size))
    if not size[row] > 0:
        return None
    told = max(density[row] - excess[row], 0.0)
    return frame.place(u[row]), float(density[row] / told) if told > 0 else math.inf


def _apart(rows, excess, at):
    """Return those of the rows of the largest excess, of which no two lie within half an SD."""
    kept: list[int] = []
    left = rows[np.argsort(-excess[rows])]
    while left.size and len(kept) < MOST_PLACES:
        kept.append(int(left[0]))
        left = left[np.linalg.norm(at[left] - at[left[0]], axis=1) > APART]
    return np.array(kept, dtype=int)
