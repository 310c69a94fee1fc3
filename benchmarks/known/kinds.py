"""All kinds of known posteriors by name, and the seeded list of them."""

import zlib
from collections.abc import Iterator

import numpy as np

from known import data, line, plane, space
from known.truth import ACCURATE, Known

KINDS = {**line.KINDS, **plane.KINDS, **space.KINDS, **data.KINDS}


def make(kind: str, seed: int) -> Known | None:
    """Return the posterior of a kind and seed, the same every time; None if its truth is vague."""
    rng = np.random.default_rng([seed, zlib.crc32(kind.encode())])
    with np.errstate(all="ignore"):
        known = KINDS[kind](kind, seed, rng)
        return known if known.accuracy() <= ACCURATE else None


def listed(number: int, seed: int, kinds) -> Iterator[tuple[str, int]]:
    """Yield (kind, seed) so many times, going round the kinds."""
    names = list(kinds)
    for k in range(number):
        yield names[k % len(names)], seed + k // len(names)
