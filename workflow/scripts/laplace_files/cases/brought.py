"""Draws that a user brings as the exact side of a posterior: chains of Stan, ArviZ, or a table.

What is wrong with the files is an error here, with the file, the key and the next step; whether the
chains agree, and are of the posterior, is a result (`laplace_approx/chains/step.py`).
"""

from typing import NamedTuple

import numpy as np

from laplace_approx.chains.step import Brought
from laplace_approx.density.posterior import joint_support
from laplace_approx.errors import InputError
from laplace_approx.words.names import suggestion
from laplace_files.artifacts.artifacts import sha256_of
from laplace_files.artifacts.provenance import relative
from laplace_files.cases.draw_table import read_draw_table
from laplace_files.cases.netcdf import read_netcdf
from laplace_files.cases.stan_csv import stan_header

CHAIN = ("chain", ".chain", "chain__")  # by hand, by R's posterior
DRAW = ("draw", ".draw", "iteration", ".iteration")
DIVERGENT = ("divergent__", "diverging")


class ReadChain(NamedTuple):
    """The columns of one chain, each (n,), and the name that a person knows it by."""

    columns: dict[str, np.ndarray]
    label: str


def open_brought(posterior, definition: dict) -> Brought:
    """Open the files of `models.MODEL.reference.PRIOR`: the parameters of all chains, in order.

    A file is one chain, or holds several told apart by a column `chain`; a NetCDF file of ArviZ has
    them as a dimension. `names` maps parameters to columns where they are called otherwise.
    """
    case = posterior.record["case"]
    files = definition["draws"]
    where = f"models.{case['model']}.reference.{case['prior']}"
    read = [_read(file) for file in files]
    chains = [chain for each, _ in read for chain in each]
    names = {name: definition["names"].get(name, name) for name in posterior.model.parameters}
    _check_chains(where, chains)
    columns = [_parameters(where, chain, names) for chain in chains]
    for chain, each in zip(chains, columns, strict=True):
        _check_values(where, chain, each, posterior)
    theta = np.stack([np.stack(list(each.values()), axis=-1) for each in columns])
    _check_apart(where, chains, theta)
    counted = [_divergences(chain) for chain in chains]
    return Brought(
        theta,
        None if None in counted else sum(counted),
        f"{where} ({', '.join(relative(file) for file in files)})",
        {"files": [said for _, said in read], "columns": names},
    )


def _read(path) -> tuple[list[ReadChain], dict]:
    """Return the chains of a file, and what the record says of it."""
    header = {"warmup": 0, "thin": None}
    if str(path).endswith(".nc"):
        chains = [
            ReadChain(columns, f"{path}, chain {i}")
            for i, columns in enumerate(read_netcdf(path), start=1)
        ]
    else:
        table = read_draw_table(path)
        if not str(path).endswith(".parquet"):
            header = stan_header(path)
            table = {name: values[header["warmup"] :] for name, values in table.items()}
        chains = _told_apart(path, table)
    rows = sum(len(next(iter(chain.columns.values()))) for chain in chains)
    said = {"file": relative(path), "sha256": sha256_of(path), "rows": rows, "chains": len(chains)}
    return chains, said | header


def _told_apart(path, table: dict) -> list[ReadChain]:
    """Return the chains of a table: all its rows, or those of each value of a column `chain`."""
    column = next((name for name in CHAIN if name in table), None)
    if column is None:
        return [ReadChain(table, str(path))]
    found = []
    for value in dict.fromkeys(table[column].tolist()):
        mine = table[column] == value
        part = {name: values[mine] for name, values in table.items()}
        found.append(ReadChain(part, f"{path}, chain {value:g}"))
    return found


def _check_chains(where: str, chains: list[ReadChain]) -> None:
    if len(chains) < 2:
        raise InputError(
            f"{where}.draws: {chains[0].label} is one chain, and whether a chain has arrived is "
            "seen in others only: R-hat needs two, and four are usual. Name a file a chain, or "
            "give the table a column `chain`"
        )
    sizes = [len(next(iter(chain.columns.values()))) for chain in chains]
    for chain, size in zip(chains, sizes, strict=True):
        if size != sizes[0]:
            raise InputError(
                f"{where}.draws: {chain.label} has {size} draws where {chains[0].label} has "
                f"{sizes[0]}; chains are of one length: leave out those that broke off, or cut all"
            )
        order = next((name for name in DRAW if name in chain.columns), None)
        if order and not np.all(np.diff(chain.columns[order]) > 0):
            raise InputError(
                f"{where}.draws: {chain.label}: the column {order!r} does not rise; effective "
                "sizes come from the order of the draws: sort the rows as they were drawn"
            )


def _parameters(where: str, chain: ReadChain, names: dict) -> dict[str, np.ndarray]:
    """Return the draws of each parameter of a chain."""
    for name, column in names.items():
        if column not in chain.columns:
            raise InputError(
                f"{where}: {chain.label} has no column of numbers {column!r} for the parameter "
                f"{name!r}; {suggestion(column, chain.columns)}. Say which column it is: "
                f"`names: {{{name}: COLUMN}}`"
            )
    return {name: chain.columns[column] for name, column in names.items()}


def _check_values(where: str, chain: ReadChain, columns: dict, posterior) -> None:
    lower, upper = joint_support(posterior.model, posterior.prior)
    for (name, x), low, high in zip(columns.items(), lower, upper, strict=True):
        bad = np.flatnonzero(~np.isfinite(x))
        if bad.size:
            raise InputError(
                f"{where}: {chain.label}: {name} is {x[bad[0]]} at draw {bad[0] + 1}; draws of a "
                "parameter are finite numbers: leave out a chain that failed"
            )
        bad = np.flatnonzero(~((x > low) & (x < high)))
        if bad.size:
            raise InputError(
                f"{where}: {chain.label}: {name} is {x[bad[0]]:.6g} at draw {bad[0] + 1}, outside "
                f"of its support ({low:g}, {high:g}); {bad.size} draws are. They must be of the "
                "parameter on its own scale (not its log), with all their digits, and of this "
                "model and prior"
            )
        if np.all(x == x[0]):
            raise InputError(
                f"{where}: {chain.label}: {name} is {x[0]:.6g} at every draw: the chain did not "
                "move, or the column is a constant. Leave the chain out, or name another column"
            )


def _check_apart(where: str, chains: list[ReadChain], theta) -> None:
    for i, chain in enumerate(chains):
        for j in range(i):
            if np.array_equal(theta[i], theta[j]):
                raise InputError(
                    f"{where}.draws: {chain.label} and {chains[j].label} hold the same draws; "
                    "chains are told apart by seeds of their own: name each once, and sample with "
                    "another seed"
                )


def _divergences(chain: ReadChain) -> int | None:
    column = next((name for name in DIVERGENT if name in chain.columns), None)
    return None if column is None else int(np.sum(chain.columns[column] != 0))
