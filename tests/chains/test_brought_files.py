"""Draws that are brought, as their tools write them: read alike, or refused with what to do."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cases_in_memory import posterior_of
from chains_of import autoregressive, stan_csv
from laplace_approx.errors import InputError
from laplace_files.cases.brought import open_brought
from laplace_files.config.brought import brought_sources

MODEL = """
import numpy as np

PARAMETERS = ("mu", "sigma")
SUPPORT = {"sigma": (0, None)}


def log_likelihood(theta, data):
    mu, sigma = theta[..., 0], theta[..., 1]
    return -0.5 * (mu - 1) ** 2 - 0.5 * np.log(sigma) ** 2 / 0.09 - np.log(sigma)
"""


@pytest.fixture(scope="module")
def posterior(tmp_path_factory):
    file = tmp_path_factory.mktemp("model") / "model.py"
    file.write_text(MODEL)
    return posterior_of(file)


def draws(chains=4, n=500):
    z = autoregressive(np.random.default_rng(1), chains, n, 2)
    return np.stack([1 + z[..., 0], np.exp(0.3 * z[..., 1])], axis=-1)


def opened(posterior, files, names=None):
    return open_brought(posterior, {"draws": list(map(str, files)), "names": names or {}})


def stan_files(folder, theta=None, **more):
    theta = draws() if theta is None else theta
    return [
        stan_csv(folder / f"chain-{i}.csv", each, ("mu", "sigma"), **more)
        for i, each in enumerate(theta, start=1)
    ]


def parquet(path, theta, **more):
    n = theta.shape[1]
    columns = {"mu": theta[..., 0].ravel(), "sigma": theta[..., 1].ravel()}
    columns |= {"chain": np.repeat(np.arange(1, len(theta) + 1), n)} | more
    pq.write_table(pa.table(columns), path)
    return path


def netcdf(path, theta, group="posterior", diverging=None):
    """Write draws as ArviZ itself does."""
    arviz = pytest.importorskip("arviz_base", reason="the extra packages of arviz are not here")
    groups = {group: {"theta": theta, "mu": theta[..., 0]}}
    if diverging is not None:
        groups["sample_stats"] = {"diverging": diverging}
    arviz.from_dict(groups).to_netcdf(path, engine="h5netcdf")
    return path


def test_chains_of_stan_are_read_in_their_order(posterior, tmp_path):
    theta = draws()
    found = opened(posterior, stan_files(tmp_path, theta))
    np.testing.assert_allclose(found.theta, theta, rtol=1e-7)
    assert found.divergences == 0
    said = found.sources["files"]
    assert [each["rows"] for each in said] == [500] * 4
    assert {(each["warmup"], each["thin"], each["chains"]) for each in said} == {(0, 1, 1)}


def test_warm_up_that_was_saved_is_left_out(posterior, tmp_path):
    theta = draws(n=700)
    found = opened(posterior, stan_files(tmp_path, theta, warmup=200))
    np.testing.assert_allclose(found.theta, theta[:, 200:], rtol=1e-7)
    assert [each["warmup"] for each in found.sources["files"]] == [200] * 4


def test_a_table_with_a_column_of_chains_is_the_same(posterior, tmp_path):
    theta = draws()
    found = opened(posterior, [parquet(tmp_path / "draws.parquet", theta)])
    np.testing.assert_array_equal(found.theta, theta)
    assert found.divergences is None
    rows = [
        f"{c},{i},{x[0]!r},{x[1]!r}"
        for i in range(500)
        for c, x in enumerate(theta[:, i].tolist(), start=1)
    ]
    file = tmp_path / "mixed.csv"
    file.write_text("\n".join([".chain,.draw,mu,sigma", *rows]))
    np.testing.assert_array_equal(opened(posterior, [file]).theta, theta)


def test_names_map_parameters_to_columns(posterior, tmp_path):
    theta = draws()
    files = [
        stan_csv(tmp_path / f"{i}.csv", each, ("theta.1", "theta.2"))
        for i, each in enumerate(theta)
    ]
    found = opened(posterior, files, {"mu": "theta.1", "sigma": "theta.2"})
    np.testing.assert_allclose(found.theta, theta, rtol=1e-7)


def test_a_file_of_arviz_is_the_same(posterior, tmp_path):
    theta = draws()
    diverging = np.zeros(theta.shape[:2], dtype=bool)
    diverging[1, 7] = True
    file = netcdf(tmp_path / "idata.nc", theta, diverging=diverging)
    found = opened(posterior, [file], {"sigma": "theta[1]"})
    np.testing.assert_array_equal(found.theta, theta)
    assert found.divergences == 1


def at(chain, draw, parameter, value):
    def change(theta):
        theta[chain, draw, parameter] = value
        return theta

    return change


def stuck(theta):
    theta[2, :, 0] = 1.5
    return theta


def twice(theta):
    theta[3] = theta[0]
    return theta


REFUSED = {
    "NaN": (at(1, 3, 0, np.nan), "chain-2.csv: mu is nan at draw 4"),
    "infinite": (at(0, 9, 1, np.inf), "sigma is inf at draw 10"),
    "beyond the support": (at(1, 3, 1, -0.2), r"outside of its support \(0, inf\); 1 draws"),
    "at the bound": (at(1, 3, 1, 0.0), "with all their digits"),
    "a chain that stood still": (stuck, "chain-3.csv: mu is 1.5 at every draw"),
    "a chain twice": (twice, "chain-4.csv and .*chain-1.csv hold the same draws"),
    "one chain": (lambda theta: theta[:1], "is one chain"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_draws_that_cannot_be_are_refused_with_what_to_do(posterior, tmp_path, what):
    change, message = REFUSED[what]
    with pytest.raises(InputError, match=message) as refused:
        opened(posterior, stan_files(tmp_path, change(draws())))
    assert str(refused.value).startswith("models.m.reference.p") and "\n" not in str(refused.value)


def test_chains_of_different_lengths_are_refused(posterior, tmp_path):
    files = stan_files(tmp_path)
    stan_csv(files[2], draws(n=300)[2], ("mu", "sigma"))
    with pytest.raises(InputError, match=r"chain-3.csv has 300 draws where .*chain-1.csv has 500"):
        opened(posterior, files)


def test_a_column_that_is_missing_is_refused_with_the_nearest(posterior, tmp_path):
    files = [
        stan_csv(tmp_path / f"{i}.csv", each, ("mu", "sigmas")) for i, each in enumerate(draws())
    ]
    with pytest.raises(InputError, match=r"no column of numbers 'sigma'.*'sigmas'.*names: \{sigma"):
        opened(posterior, files)


@pytest.mark.parametrize("method", ["variational", "laplace", "optimize", "pathfinder"])
def test_what_is_no_sampling_is_refused(posterior, tmp_path, method):
    with pytest.raises(InputError, match=f"CmdStan's method '{method}'"):
        opened(posterior, stan_files(tmp_path, method=method))


def test_draws_out_of_their_order_are_refused(posterior, tmp_path):
    theta = draws()
    order = np.concatenate([np.random.default_rng(i).permutation(500) for i in range(4)])
    file = parquet(tmp_path / "shuffled.parquet", theta, draw=order)
    with pytest.raises(InputError, match=r"'draw' does not rise.*sort the rows"):
        opened(posterior, [file])


def test_a_file_of_arviz_without_draws_is_refused(posterior, tmp_path):
    file = netcdf(tmp_path / "prior.nc", draws(), group="prior")
    with pytest.raises(InputError, match=r"no group `posterior`.*prior"):
        opened(posterior, [file])
    damaged = tmp_path / "damaged.nc"
    damaged.write_bytes(file.read_bytes()[:200])
    with pytest.raises(InputError, match="cannot be read as NetCDF"):
        opened(posterior, [damaged])


def test_without_its_packages_a_file_of_arviz_says_what_to_install(
    posterior, tmp_path, monkeypatch
):
    from laplace_files.run import extras

    monkeypatch.setattr(extras, "_imports", lambda module: False)
    file = tmp_path / "idata.nc"
    file.write_bytes(b"CDF")
    with pytest.raises(InputError, match="make extra NAME=arviz"):
        opened(posterior, [file])


def test_files_are_known_by_their_content_and_must_be_there(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("x")
    entry = {
        "priors": {"flat": {}, "weak": {}},
        "reference": {"flat": {"draws": [str(file)], "nuts": True}},
    }
    config = {"models": {"m": entry}}
    cases = [("m", "flat", "natural", "certified")]
    one = brought_sources(config, cases)["m"]
    file.write_text("y")
    two = brought_sources(config, cases)["m"]
    assert one["flat"]["sha256"] != two["flat"]["sha256"]
    assert two["weak"] == {"files": [], "sha256": "", "nuts": False}
    assert two["flat"]["nuts"] is True
    file.unlink()
    with pytest.raises(InputError, match=r"models.m.reference.flat.draws: .*there is no such file"):
        brought_sources(config, cases)
    assert brought_sources(config, [])["m"]["flat"]["sha256"] == ""
