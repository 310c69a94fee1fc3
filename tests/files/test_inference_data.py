"""The file for ArviZ: what it holds, that ArviZ reads it, and that its bytes are its content's."""

import subprocess
import sys

import numpy as np
import pytest

from cases_in_memory import MODELS, exact_of, judged, laplace_of, posterior_of
from laplace_approx.errors import InputError
from laplace_approx.exact.cells import grid_draws
from laplace_approx.normal.draws import (
    approximation_log_density,
    draw_columns,
    laplace_draws,
    no_draws,
)
from laplace_files.artifacts.artifacts import Draws
from laplace_files.run import extras

arviz_base = pytest.importorskip("arviz_base", reason="the extra packages of arviz are not here")
pytest.importorskip("h5netcdf", reason="the extra packages of arviz are not here")
xarray = pytest.importorskip("xarray")

from laplace_files.export.inference_data import data_tree, write_tree  # noqa: E402

SEEDS = {"grid": (99,), "laplace": (42,)}
N_DRAWS = 400


@pytest.fixture(scope="module")
def bioassay():
    laplace = laplace_of(posterior_of(MODELS / "bioassay.py", "bioassay.csv"))
    return judged(laplace, exact_of(laplace.posterior))


@pytest.fixture(scope="module")
def draws(bioassay):
    laplace, density = bioassay.laplace, bioassay.laplace.posterior.density()
    z, theta = laplace_draws(laplace.normal, laplace.space, np.random.default_rng(42), N_DRAWS)
    log_q = approximation_log_density(laplace.normal, laplace.space, z)
    grid = grid_draws(bioassay.exact.cells, np.random.default_rng(99), N_DRAWS)
    return {
        "laplace": _as_draws(draw_columns(laplace.model, density, theta, log_q), "laplace"),
        "grid": _as_draws(draw_columns(laplace.model, density, *grid), "grid"),
    }


def _as_draws(columns, source, status="ok"):
    stacked = {name: np.stack([values]) for name, values in columns.items()}
    return Draws(SEEDS[source], stacked, status)


@pytest.fixture
def file(bioassay, draws, tmp_path):
    path = tmp_path / "inference_data.nc"
    tree = data_tree(bioassay.laplace.posterior, bioassay.verdict, draws, "0" * 64)
    write_tree(path, tree)
    return path


def test_every_draw_is_there_digit_for_digit(file, draws):
    tree = xarray.open_datatree(file)
    for branch, source in (("", "grid"), ("laplace/", "laplace")):
        for group, names in (
            ("posterior", ("alpha", "beta", "ld50")),
            ("sample_stats", ("log_density", "log_approximation")),
        ):
            held = tree[f"{branch}{group}"]
            assert set(held.data_vars) == set(names)
            for name in names:
                assert held[name].dims == ("chain", "draw")
                np.testing.assert_array_equal(held[name].values, draws[source].columns[name])
        assert tree[f"{branch}posterior"].attrs["seeds"] == SEEDS[source]


def test_the_attributes_say_what_it_is_and_neither_when_nor_where(file, bioassay):
    tree = xarray.open_datatree(file)
    attributes = [node.attrs for node in tree.subtree]
    attributes += [variable.attrs for node in tree.subtree for variable in node.data_vars.values()]
    assert not any("created_at" in each for each in attributes)
    assert tree.attrs["core"] == "0" * 64
    assert tree.attrs["space"] == "natural"
    beta = tree["laplace/posterior"]["beta"].attrs
    assert beta["verdict"] == bioassay.verdict["quantities"]["beta"]["verdict"]
    assert tree["posterior"]["ld50"].attrs["condition"] == "beta > 0"
    assert list(tree["constant_data"]["animals"].values) == [5, 5, 5, 5]


def test_another_process_writes_the_same_bytes(file, tmp_path):
    """The times and random ids that a library may put into a file differ between processes."""
    copy = tmp_path / "copy.nc"
    script = (
        "import sys, xarray; from laplace_files.export.inference_data import write_tree;"
        "write_tree(sys.argv[2], xarray.open_datatree(sys.argv[1]).load())"
    )
    subprocess.run(
        [sys.executable, "-c", script, str(file), str(copy)],
        check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert copy.read_bytes() == file.read_bytes()


def test_arviz_summarises_both_sides(file, draws):
    from arviz_stats import summary

    tree = xarray.open_datatree(file)
    for branch, source in ((tree, "grid"), (tree["laplace"], "laplace")):
        table = summary(branch, round_to="none")
        assert list(table.index) == ["alpha", "beta", "ld50"]
        for name in ("alpha", "beta"):
            mean = draws[source].columns[name].mean()
            assert float(table.loc[name, "mean"]) == pytest.approx(mean, rel=1e-12)


def test_arviz_draws_both_sides_in_one_picture(file):
    arviz = pytest.importorskip("arviz", reason="arviz itself is not here; its data reader is")
    import matplotlib

    matplotlib.use("Agg")
    if hasattr(arviz, "InferenceData"):  # before ArviZ 1
        exact = arviz.from_netcdf(str(file))
        normal = arviz.InferenceData(posterior=xarray.open_dataset(file, group="laplace/posterior"))
        axes = arviz.plot_forest([exact, normal], model_names=["exact", "Laplace"])
        shown = [text.get_text() for text in axes[0].get_legend().get_texts()]
        assert shown == ["Laplace", "exact"]
    else:
        tree = arviz.from_netcdf(file)
        trees = {"exact": tree, "Laplace": tree["laplace"]}
        shown = arviz.plot_forest(trees, backend="matplotlib")
        assert list(shown.data["model"].values) == ["exact", "Laplace"]


def test_a_declined_side_has_no_group(bioassay, draws):
    posterior = bioassay.laplace.posterior
    declined = draws | {"laplace": _as_draws(no_draws(posterior.model), "laplace", "declined")}
    tree = data_tree(posterior, bioassay.verdict, declined, "0" * 64)
    assert "laplace" not in tree.children
    assert tree["posterior"].sizes["draw"] == N_DRAWS


def test_without_its_packages_the_target_says_what_to_install(monkeypatch):
    monkeypatch.setattr(extras, "_imports", lambda module: module != "h5netcdf")
    with pytest.raises(InputError, match=r"target arviz needs h5netcdf.*pip install arviz-base"):
        extras.require("arviz")
