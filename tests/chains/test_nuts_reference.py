"""NUTS as an exact side: only where nothing cheaper certifies, and held to the same gates."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from cases_in_memory import laplace_of, posterior_of
from laplace_approx.nuts.reference import Cheaper, Sampling, nuts_step
from laplace_approx.nuts.sampler import Settings
from laplace_audit.laws.brought import chain_laws, sampled_record_laws
from laplace_audit.laws.judge import judges
from laplace_audit.ledger import Ledger
from laplace_audit.numerics.target import Target
from laplace_audit.reading.artifacts import Table
from laplace_files.artifacts.artifacts import plain

MODEL = """
import numpy as np

PARAMETERS = ("mu", "sigma", "a", "b")
SUPPORT = {"sigma": (0, None), "a": (None, 1.0)}


def log_likelihood(theta, data):
    mu, sigma, a, b = (theta[..., i] for i in range(4))
    of_sigma = -0.5 * np.log(sigma) ** 2 / 0.09 - np.log(sigma)
    return -0.5 * (mu - 1) ** 2 + of_sigma + 5 * (np.log1p(-a) - (1 - a)) - 0.5 * (b - a) ** 2
"""
SETTINGS = Settings(chains=4, draws=1500, tune=500, seed=7)
NAMES = ["mu", "sigma", "a", "b"]
NO_GRID, BOUNDS = {"status": "absent"}, {name: [-1e3, 1e3] for name in NAMES}
OK = {"status": "ok", "parameters": NAMES, "bounds": BOUNDS, "outside_mass": {"total": 0.0}}
BLIND, NARROW = (  # grids that are there and cannot judge
    OK | {"outside_mass": {"total": None}},
    OK | {"bounds": BOUNDS | {"mu": [100.0, 1e3]}},
)
NOTHING = {"serves": False, "errors_sd": None}
ROUGH, FINE = ({"serves": True, "errors_sd": {"mu": e}} for e in (0.06, 0.04))
SHOWN, HIDDEN, UNKNOWN = (
    FINE | {"belongs": {"seen": {"place": place}}} for place in (0.04, 0.2, None)
)
MISSING = "the target nuts needs nutpie; install it with: make extra NAME=nuts"


@pytest.fixture(scope="module")
def posterior(tmp_path_factory):
    file = tmp_path_factory.mktemp("model") / "model.py"
    file.write_text(MODEL)
    return posterior_of(file)


def made(posterior, cheaper, missing=MISSING):
    how = Sampling(SETTINGS, 40_000, 0.1, missing)
    modes = [laplace_of(posterior).mode]
    found = nuts_step(posterior, modes, cheaper, how, say=lambda text: None)
    return found._replace(record=json.loads(json.dumps(plain(found.record), allow_nan=False)))


def broken_by(posterior, tables, cheaper):
    """Return the laws that the record and its draws break."""
    columns, record = tables
    ledger, (grids, *others) = Ledger(), cheaper
    sampler = SETTINGS._asdict()
    asked = SimpleNamespace(sampler=sampler, tolerance=0.1)
    page = ledger.page("sampled.json")
    modes = [laplace_of(posterior).mode]
    judging = [judges(grid, modes) for grid in grids]
    sampled_record_laws(page, record, asked, judging, [each for each in others if each])
    if record["n_draws"]:
        told = Table(columns, {}, {}), Target(posterior.record), record
        chain_laws(page, *told, modes)
    return {check.law for check in ledger.checks if not check.ok}


NEEDED = {
    "a grid": (Cheaper([OK, OK], NOTHING, None), "the grid is the exact side"),
    "adapted draws": (Cheaper([NO_GRID], FINE, None), "the adapted draws are the exact side"),
    "brought draws": (Cheaper([NO_GRID], ROUGH, SHOWN), "the draws that are brought are the exact"),
    "a shift not seen": (Cheaper([NO_GRID], ROUGH, HIDDEN), None),
    "nobody knows which": (Cheaper([NO_GRID], ROUGH, UNKNOWN), None),
    "rough ones": (Cheaper([OK, NO_GRID], ROUGH, SHOWN | ROUGH), None),
    "none": (Cheaper([NO_GRID], NOTHING, None), None),
    "a grid beside an unknown mass": (Cheaper([OK, BLIND], NOTHING, None), None),
    "a grid beside the mode": (Cheaper([NARROW], NOTHING, None), None),
}


@pytest.mark.parametrize("what", NEEDED)
def test_it_is_needed_where_nothing_cheaper_certifies(posterior, what):
    cheaper, reason = NEEDED[what]
    tables = made(posterior, cheaper)
    record = tables.record
    assert record["needed"] is (reason is None) and not record["serves"]
    assert record["reason"].startswith(reason or MISSING)
    assert {column.size for column in tables.draws.values()} == {0}
    assert broken_by(posterior, tables, cheaper) == set()
    wrong = tables._replace(record=record | {"needed": not record["needed"]})
    assert "NUTS samples where nothing cheaper certifies" in broken_by(posterior, wrong, cheaper)


@pytest.mark.parametrize("error", [RuntimeError("all chains failed"), ValueError("bad init")])
def test_a_failure_within_is_a_reason_and_not_the_end(posterior, monkeypatch, error):
    def broken(*_):
        raise error

    monkeypatch.setattr("laplace_approx.nuts.reference.sample", broken)
    cheaper = NEEDED["none"][0]
    record = (tables := made(posterior, cheaper, missing=None)).record
    assert record["needed"] and not record["serves"] and str(error) in record["reason"]
    assert broken_by(posterior, tables, cheaper) == set()


def test_its_draws_pass_the_gates_and_are_of_the_posterior(posterior):
    pytest.importorskip("nutpie", reason="the extra package of nuts, nutpie, is not here")
    cheaper = NEEDED["none"][0]
    columns, record = tables = made(posterior, cheaper, missing=None)
    assert record["serves"] and record["kind"] == "nuts" and record["n_draws"] == 6000
    # mu is N(1, 1), log sigma N(0, 0.3^2): within four standard errors
    for name, true in (("mu", 1.0), ("sigma", 1.0)):
        assert abs(np.median(columns[name]) - true) < 4 * 1.25 / np.sqrt(
            record["diagnostics"][name]["bulk_ess"]
        )
    assert broken_by(posterior, tables, cheaper) == set()
    again = made(posterior, cheaper, missing=None)
    assert all(np.array_equal(columns[name], again.draws[name]) for name in columns)
    other = tables._replace(record=record | {"sampler": record["sampler"] | {"seed": 8}})
    assert "draws are as configured" in broken_by(posterior, other, cheaper)
