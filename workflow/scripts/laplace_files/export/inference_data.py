"""A case as an `xarray.DataTree` after ArviZ's conventions, and its NetCDF file.

| group | holds |
|---|---|
| `/posterior` | the draws from the grid: what every ArviZ function looks at unless told otherwise |
| `/sample_stats` | `log_density` and `log_approximation` of these draws |
| `/laplace/posterior`, `/laplace/sample_stats` | the same of the draws from the normal |
| `/constant_data` | the data |

ArviZ compares posteriors as a dict of trees, each with a group `posterior`. So the normal has a
branch of its own, and `{"exact": tree, "Laplace": tree["laplace"]}` is such a dict; a second group
beside `posterior` would fit no function that compares. Each seed is a chain, numbered from 0, since
trees are compared chain by chain; the attribute `seeds` says which they are.
"""

import numpy as np

from laplace_approx.density.frozen import Posterior
from laplace_files.artifacts.artifacts import SCHEMA_VERSION, Draws, replacing
from laplace_files.run import extras

LIBRARY = "laplace-approximation-workflow"
LOG_DENSITIES = {
    "log_density": "unnormalised log posterior density",
    "log_approximation": "normalised log density that the draw comes from",
}
SOURCES = {
    "grid": "draws from the exact posterior on the grid, jittered within a cell",
    "laplace": "draws from the normal approximation at the mode",
}


def data_tree(posterior: Posterior, verdict: dict, draws: dict[str, Draws], core: str):
    """Return the tree of a case from its draws ("grid" and "laplace") and its verdict.

    A side that is declined has no draws and no groups; its attributes say so.
    """
    extras.require("arviz")
    from xarray import DataTree

    branches = {"grid": "", "laplace": "laplace/"}
    groups = {
        f"{branch}{group}": dataset
        for source, branch in branches.items()
        for group, dataset in _side(posterior, verdict, source, draws[source]).items()
    }
    if posterior.data:
        groups["constant_data"] = _constant_data(posterior)
    tree = DataTree.from_dict(groups)
    tree.attrs = {
        **{key: str(value) for key, value in verdict["case"].items()},
        "prior_text": posterior.record["prior"]["text"],
        "core": core,
        "schema_version": SCHEMA_VERSION,
    }
    if "laplace" in tree.children:
        tree["laplace"].attrs = dict(tree.attrs)
    return tree


def write_tree(path, tree) -> None:
    """Write a tree as NetCDF; the bytes depend on the tree alone."""
    with replacing(path) as temporary:
        tree.to_netcdf(temporary, engine="h5netcdf")


def _side(posterior: Posterior, verdict: dict, source: str, draws: Draws) -> dict:
    """Return the groups of one side by name; none where it is declined."""
    if draws.status != "ok":
        return {}
    stats = {name: draws.columns[name] for name in LOG_DENSITIES}
    dataset = _dataset({name: draws.columns[name] for name in posterior.quantities})
    for name, variable in dataset.data_vars.items():
        variable.attrs = _attributes(posterior.record, name)
        if source == "laplace":
            variable.attrs |= _judgement(verdict["quantities"][name])
    stats = _dataset(stats)
    for name, variable in stats.data_vars.items():
        variable.attrs = {"long_name": LOG_DENSITIES[name]}
    dataset.attrs |= {"source": SOURCES[source], "seeds": np.array(draws.seeds, dtype=np.int64)}
    return {"posterior": dataset, "sample_stats": stats}


def _dataset(columns: dict):
    """Return a dataset of (chain, draw) variables, without the time that arviz-base writes."""
    from arviz_base import dict_to_dataset

    dataset = dict_to_dataset(columns, check_conventions=False)
    dataset.attrs.pop("created_at", None)
    dataset.attrs["inference_library"] = LIBRARY
    return dataset


def _constant_data(posterior: Posterior):
    from xarray import Dataset

    return Dataset({name: ("row", values) for name, values in posterior.data.items()})


def _attributes(record: dict, name: str) -> dict:
    """Return the label and unit of a quantity, and for a derived one its formula and condition."""
    texts = {"long_name": record["labels"].get(name), "units": record["units"].get(name)}
    texts |= {key: record["quantities"].get(name, {}).get(key) for key in ("formula", "condition")}
    return {key: text for key, text in texts.items() if text}


def _judgement(judged: dict) -> dict:
    return {"verdict": judged["verdict"], "verdict_sentence": judged["sentence"]}
