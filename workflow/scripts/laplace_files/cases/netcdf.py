"""Draws in a NetCDF file as ArviZ writes it: the group `posterior`, with chain and draw first."""

import os

import numpy as np

from laplace_approx.errors import InputError
from laplace_files.cases.draw_table import FEWEST_DRAWS, MAX_BYTES
from laplace_files.run import extras

FIRST = ("chain", "draw")


def read_netcdf(path) -> list[dict[str, np.ndarray]]:
    """Return for each chain its variables by name, (n,) each: an element of an array is called
    `theta[0]` or `theta[0,1]`, from 0; `diverging` stands among them where the file has it.

    Needs the packages of the extra `arviz`.
    """
    extras.require("arviz")
    import h5netcdf

    if os.path.getsize(path) > MAX_BYTES:
        raise InputError(f"{path}: is larger than {MAX_BYTES} bytes; give fewer draws")
    try:
        with h5netcdf.File(path, "r") as file:
            if "posterior" not in file.groups:
                raise InputError(
                    f"{path}: has no group `posterior`, which ArviZ writes draws to; it has "
                    f"{', '.join(file.groups) or 'none'}"
                )
            found = _variables(file.groups["posterior"])
            if "sample_stats" in file.groups:
                stats = _variables(file.groups["sample_stats"])
                found |= {name: stats[name] for name in ("diverging",) if name in stats}
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path}: cannot be read as NetCDF ({error})") from None
    if not found:
        raise InputError(f"{path}: has no variable of chain and draw in its group `posterior`")
    chains, draws = next(iter(found.values())).shape
    if draws < FEWEST_DRAWS:
        raise InputError(f"{path}: has {draws} draws a chain; at least {FEWEST_DRAWS} are needed")
    return [{name: values[i] for name, values in found.items()} for i in range(chains)]


def _variables(group) -> dict[str, np.ndarray]:
    """Return every number of each chain and draw, (chains, draws)."""
    found = {}
    for name, variable in group.variables.items():
        if tuple(variable.dimensions[:2]) != FIRST or variable.dtype.kind not in "fiub":
            continue
        values = np.asarray(variable[...], dtype=float)
        for place in np.ndindex(values.shape[2:]):
            label = f"{name}[{','.join(map(str, place))}]" if place else name
            found[label] = values[(slice(None), slice(None), *place)]
    return found
