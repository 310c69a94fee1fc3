"""Files of draws, one a seed, opened together."""

from typing import NamedTuple

import numpy as np

from laplace_files.artifacts import read_table


class Draws(NamedTuple):
    """The draws of every seed: `columns` maps a name to (seeds, draws), empty where declined."""

    seeds: tuple[int, ...]
    columns: dict[str, np.ndarray]
    status: str


def read_draws(paths) -> Draws:
    """Read files of draws that have the same columns and as many rows, one for each seed."""
    tables = [read_table(path) for path in paths]
    columns = {name: np.stack([table[name] for table, _ in tables]) for name in tables[0][0]}
    metadata = [each for _, each in tables]
    return Draws(tuple(int(each["seed"]) for each in metadata), columns, metadata[0]["status"])
