"""Draws that are brought as an exact side: what they must show, what then rests on them, and the
audit of it all."""

import json
import re
from itertools import product

import numpy as np
import pytest

from cases_in_memory import exact_of, laplace_of, posterior_of, reference_of
from chains_of import autoregressive, stan_csv
from laplace_approx.chains.side import CHAIN
from laplace_approx.chains.step import Brought, ChainTables, chains_step
from laplace_approx.comparison.intervals import JUDGED_ENDS
from laplace_approx.comparison.step import quantiles_step, sides_step
from laplace_approx.remedies.cost_limit import NOT_COUNTED, UNBOUNDED, CostLimit
from laplace_approx.remedies.judge import find_judge
from laplace_approx.remedies.step import Trial, remedies_step
from laplace_approx.verdict import decision
from laplace_approx.verdict.step import verdict_step
from laplace_audit.laws.agreement import agreement_laws, disputed
from laplace_audit.laws.brought import chain_laws, file_laws, record_laws
from laplace_audit.laws.judge import judged, sorts_of
from laplace_audit.laws.reference import (
    exact_column_laws,
    missed_by_chains,
    stated_truth_laws,
)
from laplace_audit.laws.remedies import arithmetic_laws, measured_laws
from laplace_audit.laws.rows import Rows
from laplace_audit.ledger import Ledger
from laplace_audit.numerics.target import Target
from laplace_audit.reading.artifacts import Table
from laplace_files.artifacts.artifacts import plain
from laplace_files.cases.brought import open_brought

MODEL = """
import numpy as np

PARAMETERS = ("mu", "sigma", "a", "b")
SUPPORT = {"sigma": (0, None)}
QUANTITIES = {"ratio": lambda mu, sigma: mu / sigma}
CONDITIONS = {"ratio": lambda mu: mu > 0}


def log_likelihood(theta, data):
    mu, sigma, a, b = (theta[..., i] for i in range(4))
    of_sigma = -0.5 * np.log(sigma) ** 2 / 0.09 - np.log(sigma)
    return -0.5 * (mu - 1) ** 2 + of_sigma - 0.5 * a**2 - 0.5 * (b - a) ** 2
"""
EVALUATIONS = 40_000
TOLERANCE = 0.1


@pytest.fixture(scope="module")
def posterior(tmp_path_factory):
    file = tmp_path_factory.mktemp("model") / "model.py"
    file.write_text(MODEL)
    return posterior_of(file)


def draws(seed=1, n=4000, rho=0.3, mu=1.0):
    """Return chains of the posterior: but for mu they are those of the model."""
    z = autoregressive(np.random.default_rng(seed), 4, n, 4, rho)
    parts = mu + z[..., 0], np.exp(0.3 * z[..., 1]), z[..., 2], z[..., 2] + z[..., 3]
    return np.stack(parts, axis=-1)


def brought(posterior, theta, modes=(), divergences=0, thin=None):
    sources = {"files": [{"thin": thin}], "columns": {}}
    given = Brought(theta, divergences, "models.m.reference.p (draws.csv)", sources)
    made = chains_step(posterior, modes, given, EVALUATIONS)
    return made._replace(record=json.loads(json.dumps(plain(made.record), allow_nan=False)))


def test_draws_of_the_posterior_serve(posterior):
    columns, record = brought(posterior, draws())
    assert record["serves"] and record["reason"] is None and not record["other_posterior"]
    assert set(record["diagnostics"]) == {"mu", "sigma", "a", "b"}  # the ratio is conditional
    assert set(record["errors_sd"]) == {"mu", "sigma", "a", "b", "ratio"}
    assert all(0 < error < 0.1 for error in record["errors_sd"].values())
    assert 0.02 < record["belongs"]["seen"]["place"] < 0.2
    assert np.array_equal(np.isnan(columns["ratio"]), columns["mu"] <= 0)


def drifting(theta):
    theta[0, :, 2] += 0.5
    return theta


MODE = {"parameters": ["mu", "sigma", "a", "b"]}
BEYOND = MODE | {
    "modes": [
        {"theta": [1.0, 1.0, 0.0, 0.0], "share": 0.9},
        {"theta": [40.0, 1.0, 0.0, 0.0], "share": 0.1},
    ]
}
NOT_SERVING = {
    "another prior": (draws(mu=1.25), {}, "not draws of this posterior: they lie .* SD .* in mu"),
    "log of a scale": (np.log(np.abs(draws())), {}, "not draws|no density"),
    "columns exchanged": (draws()[..., [0, 1, 3, 2]], {}, "not draws of this posterior"),
    "a chain elsewhere": (drifting(draws()), {}, r"R-hat of a is 1\.\d+, and at most 1.01"),
    "few draws": (draws(n=300, rho=0.9), {}, "effective sample size of|R-hat"),
    "thinned": (draws(5, 110, 0.0), {"thin": 10}, "these are one in 10, so bring all of them"),
    "divergences": (draws(), {"divergences": 3}, "3 transitions diverged"),
    "a mode that is not reached": (draws(), {"modes": [BEYOND]}, "a mode at mu = 40 lies beyond"),
}


@pytest.mark.parametrize("what", NOT_SERVING)
def test_draws_that_show_a_fault_do_not_serve(posterior, what):
    theta, given, reason = NOT_SERVING[what]
    if what in ("log of a scale",):
        theta = theta[:, :, :] * [1, 0, 1, 1] + [0, 1, 0, 0] * np.abs(theta)
    record = brought(posterior, theta, **given).record
    assert not record["serves"] and record["errors_sd"] is None
    assert record["reason"].startswith("models.m.reference.p (draws.csv): ")
    assert re.search(reason, record["reason"]), record["reason"]
    foreign = what in ("another prior", "log of a scale", "columns exchanged")
    assert record["other_posterior"] is foreign


def test_what_cannot_be_told_is_not_taken_for_another_posterior(posterior, tmp_path):
    """Beside an edge of the density there is no slope: the draws do not serve, and stop nobody."""
    file = tmp_path / "edge.py"
    edge = "np.where(mu > -1.5, -0.5 * (mu - 1) ** 2, -np.inf)"
    file.write_text(MODEL.replace("-0.5 * (mu - 1) ** 2", edge))
    theta = draws()
    theta[..., 0] = np.where(theta[..., 0] > -1.4999, theta[..., 0], -1.4999)
    record = brought(posterior_of(file), theta).record
    assert not record["serves"] and not record["other_posterior"]
    assert "declare the edge as SUPPORT" in record["reason"]
    assert record["belongs"]["terms"]["place"]["mu"]["value"] is None


def test_modes_that_hold_next_to_nothing_are_in_the_errors(posterior):
    near = BEYOND["modes"][1] | {"share": 1e-6}
    record = brought(posterior, draws(), [BEYOND | {"modes": [BEYOND["modes"][0], near]}]).record
    plain_one = brought(posterior, draws()).record
    assert record["serves"] and record["unseen_mass"] == pytest.approx(1.1e-4, rel=0.02)
    assert record["errors_sd"]["mu"] > plain_one["errors_sd"]["mu"]


class Case:
    """A case judged in memory, with draws of chains beside its reference."""

    def __init__(self, posterior, chains, adapted=True, grid=None, tolerance=TOLERANCE):
        self.laplace, self.exact = laplace_of(posterior), grid or exact_of(posterior)
        reference = reference_of([self.laplace], [self.exact.record], evaluations=24_000)
        if not adapted:
            held = {name: column[:0] for name, column in reference.draws.items()}
            record = reference.record | {"serves": False, "kind": "none", "reason": "k is 0.9"}
            reference = reference._replace(draws=held, record=record)
        self.reference = reference._replace(chains=tuple(chains))
        told = (self.laplace, self.exact, self.reference)
        self.tables = remedies_step(*told, {}, Trial(42, tolerance))
        found = plain(self.tables.record)
        verdict = verdict_step(*told, self.tables.remedies, found, tolerance)
        self.verdict = json.loads(json.dumps(plain(verdict), allow_nan=False))

    def quantiles(self):
        judge = find_judge(self.exact, self.reference, self.laplace.mode, TOLERANCE)
        none = {name: np.empty(0) for name in self.verdict["quantities"]}
        p = [0.025, 0.25, 0.5, 0.75, 0.975]
        return quantiles_step(
            self.laplace, sides_step(self.laplace, self.exact, judge, p), none, none, p
        )


@pytest.fixture(scope="module")
def alone(posterior):
    return Case(posterior, [brought(posterior, draws(n=10_000))], adapted=False)


def test_a_verdict_rests_on_them_where_nothing_cheaper_is(alone):
    said = alone.verdict
    assert said["exact"]["kind"] == "brought_draws" and said["exact"]["faults"] == []
    assert said["exact"]["chains"][0]["agrees"] is None
    quantities = said["quantities"]
    # mu, a and b are normal given the rest, and sigma is not
    assert {quantities[name]["verdict"] for name in ("mu", "a", "b")} == {"fine"}
    assert quantities["sigma"]["verdict"] in ("remedy", "fine_for_50")
    assert {each["rests_on"] for each in quantities.values()} == {"brought_draws"}
    assert all("brought" in each["sentence"] for each in quantities.values())
    assert said["joint"]["total_variation"]["reason"] and said["evidence"]["grid"]["value"] is None
    held = [i for i, name in enumerate(alone.tables.remedies["method"]) if name == "brought_draws"]
    assert held and np.isnan(alone.tables.remedies["evaluations_alone"][held]).all()
    assert set(alone.quantiles()["rests_on"]) == {"brought_draws"}


def test_methods_are_measured_where_nobody_knows_what_the_judge_cost(alone):
    """They have a limit all the same, go before the draws, and the audit says so too."""
    table = alone.tables.remedies
    for method in ("skew_modal", "nested_laplace", "gauss_hermite"):
        pairs = enumerate(zip(table["method"], table["quantity"], strict=True))
        rows = [i for i, pair in pairs if pair == (method, "sigma")]
        assert np.isfinite(table["method_error"][rows]).all() and table["trusted"][rows[0]]
    assert broken_by_table(alone) == set()
    sigma = alone.verdict["quantities"]["sigma"]
    assert sigma["remedy"] != "brought_draws" and sigma["remedy_evaluations"] > 0
    for rule, within in ((UNBOUNDED + 1, False), (UNBOUNDED, True)):
        cost = np.where(np.array(table["method"]) == "gauss_hermite", rule, 10.0)
        changed = table | {"evaluations_alone": cost}
        dear = "a rule costs no more than the exact side" in broken_by_table(alone, changed)
        assert dear is not within
    named = decision.methods_of(table, "mu")["brought_draws"]
    assert np.isnan(named.evaluations) and named.meets(TOLERANCE)
    assert "nan" not in " ".join(reason for reason in table["reason"] if reason)


def test_a_limit_that_nobody_knows_is_told(posterior):
    limit = CostLimit(UNBOUNDED, 100, because=NOT_COUNTED)
    assert limit.refusal(UNBOUNDED - 100) is None
    assert "65 536 where it is not known what the draws" in limit.refusal(UNBOUNDED)


def broken_by_table(case, table=None) -> set[str]:
    """Return the laws that a table of remedies breaks, by what the audit takes for exact."""
    columns = {key: np.array(value) for key, value in (table or case.tables.remedies).items()}
    chains = [(made.draws, made.record) for made in case.reference.chains]
    told = case.exact.record, case.laplace.mode, sorts_of(case.reference.record, chains)
    kind, reliable = judged(*told, TOLERANCE)
    ledger = Ledger()
    reliable = reliable and not disputed(chains, Rows(columns), kind)
    measured_laws(ledger.page("remedies.parquet"), columns, kind, reliable)
    arithmetic_laws(ledger.page("remedies.parquet"), columns)
    return {check.law for check in ledger.checks if not check.ok}


def test_with_few_draws_nothing_is_cleared(posterior):
    case = Case(posterior, [brought(posterior, draws(5, 260))], adapted=False)
    mu = case.verdict["quantities"]["mu"]
    assert mu["rests_on"] == "brought_draws" and mu["verdict"] == "sample"
    assert "Bring more draws" in mu["sentence"]


NORMAL = """
PARAMETERS = ("a", "b", "c", "d")


def log_likelihood(theta, data):
    return -0.5 * (theta**2).sum(axis=-1)
"""


@pytest.mark.parametrize("seed", range(3))
def test_ends_that_no_verdict_is_about_need_no_draws(tmp_path, seed):
    """An exact normal is never told to take a remedy, though 3600 draws hardly reach 0.005."""
    file = tmp_path / "normal.py"
    file.write_text(NORMAL)
    normal = posterior_of(file)
    theta = np.random.default_rng(seed).standard_normal((4, 900, 4))
    case = Case(normal, [brought(normal, theta)], adapted=False, tolerance=0.15)
    exact, p = (np.array(case.tables.remedies[key]) for key in ("exact", "probability"))
    assert np.isnan(exact[p == 0.005]).all() and np.isfinite(exact[p == 0.025]).all()
    for found in case.verdict["quantities"].values():
        assert found["rests_on"] == "brought_draws"
        assert found["verdict"] in ("fine", "fine_for_50")
    assert broken_by_table(case) == set()


def test_the_cheapest_that_can_certify_is_rested_on(posterior):
    """The adapted draws, unless their errors are too large and those of the chains are not."""
    many = brought(posterior, draws(n=10_000))
    case = Case(posterior, [many])
    assert case.verdict["exact"]["kind"] == "importance"
    assert case.verdict["exact"]["chains"][0]["agrees"] is True
    rough = case.reference.record["errors_sd"] | {"mu": 0.06}
    reference = case.reference._replace(record=case.reference.record | {"errors_sd": rough})
    judge = find_judge(case.exact, reference, case.laplace.mode, TOLERANCE)
    assert judge.kind == "brought_draws"
    few = reference._replace(chains=(brought(posterior, draws(n=1000)),))
    assert find_judge(case.exact, few, case.laplace.mode, TOLERANCE).kind == "importance"


SHIFTS = {  # smallest shift that is seen, one draw in so many looked at: what is said of it
    "seen": (0.1, 2, None),
    "few looked at": (0.11, 2, "give more `reference: evaluations`"),
    "few draws": (0.11, 1, "more draws would show it"),
}


@pytest.mark.parametrize("what", SHIFTS)
def test_chains_that_would_not_show_a_shift_certify_nothing(alone, what):
    """Where other draws that can be relied on are as rough, these come first."""
    place, stride, words = SHIFTS[what]
    (columns, record) = alone.reference.chains[0]
    belongs = record["belongs"] | {"seen": {"place": place}, "stride": stride}
    hidden = ChainTables(columns, record | {"belongs": belongs})
    sure = ChainTables(columns, record | {"kind": "nuts"})
    told = alone.exact, alone.reference._replace(chains=(hidden,)), alone.laplace.mode
    remarks = " ".join(find_judge(*told, TOLERANCE).remarks)
    assert words in remarks if words else "tolerance" not in remarks
    told = alone.exact, alone.reference._replace(chains=(hidden, sure)), alone.laplace.mode
    assert find_judge(*told, TOLERANCE).kind == ("nuts" if words else "brought_draws")


def test_the_audit_rests_on_the_same_side(posterior):
    """Of every pair of adapted and brought draws, good, rough, unknown or absent, and of chains
    that would have shown a shift and such that would not."""
    base = Case(posterior, [brought(posterior, draws(n=2000))])
    (columns, chains), adapted = base.reference.chains[0], base.reference.record
    for one in (0.01, 0.2, None, "absent"):
        for other, seen in product((0.01, 0.2, None, "absent"), (0.05, 0.2)):
            ours, theirs = (
                record | {"serves": e != "absent", "errors_sd": {"mu": e}}
                for record, e in ((adapted, one), (chains, other))
            )
            theirs["reason"] = "R-hat is 2"
            theirs["belongs"] = theirs["belongs"] | {"seen": {"place": seen}}
            reference = base.reference._replace(
                record=ours, chains=(base.reference.chains[0]._replace(record=theirs),)
            )
            judge = find_judge(base.exact, reference, base.laplace.mode, TOLERANCE)
            told = base.exact.record, base.laplace.mode, sorts_of(ours, [(columns, theirs)])
            assert judged(*told, TOLERANCE) == (judge.kind, judge.kind != "none")


def test_two_sides_that_disagree_clear_nothing(posterior):
    """The draws are of another posterior, and pass for draws of this one in every check of
    themselves."""
    other = brought(posterior, draws(mu=1.3))
    passed = other.record | {"serves": True, "other_posterior": False, "reason": None}
    passed |= {"unseen_mass": 0.0, "errors_sd": dict.fromkeys(("mu", "sigma", "a", "b"), 0.03)}
    shifts = dict.fromkeys(("mu", "sigma", "a", "b", "ratio"), 0.01)
    passed |= {"belongs": other.record["belongs"] | {"shifts": shifts}}
    case = Case(posterior, [other._replace(record=passed)])
    said = case.verdict
    assert said["exact"]["kind"] == "importance" and said["exact"]["chains"][0]["agrees"] is False
    assert len(said["exact"]["faults"]) == 1 and "disagree" in said["exact"]["faults"][0]
    for each in said["quantities"].values():
        assert each["verdict"] == "sample" and each["remedy"] is None
        assert "disagree" in each["sentence"] and "of mu is" in each["sentence"]
    assert not any(case.tables.remedies["trusted"])
    assert np.isnan(case.tables.remedies["method_error"]).all()
    assert broken_by_table(case) == set()


def test_draws_of_another_posterior_clear_nothing_where_another_side_judges(posterior):
    case = Case(posterior, [brought(posterior, draws(mu=1.3))])
    assert {each["verdict"] for each in case.verdict["quantities"].values()} == {"sample"}
    assert broken_by_table(case) == set()
    assert "not draws of this posterior" in case.verdict["quantities"]["a"]["sentence"]


TWO = """
import numpy as np

PARAMETERS = ("x", "y")


def log_likelihood(theta, data):
    x, y = theta[..., 0], theta[..., 1]
    first, second = np.log(0.7) - 0.5 * x**2, np.log(0.3) - 0.5 * (x - 12) ** 2
    return np.logaddexp(first, second) - 0.5 * y**2
"""


def test_a_grid_that_misses_a_mode_says_nothing_where_draws_judge(tmp_path):
    """What it would say of x is within (-5, 5); the draws reach the mode at 12, with 0.3."""
    file = tmp_path / "two.py"
    file.write_text(TWO)
    rng, box = np.random.default_rng(1), {"lower": -5, "upper": 5, "points": 100}
    of_two = posterior_of(file)
    theta = rng.normal(size=(4, 4000, 2))
    theta[..., 0] += 12 * (rng.random((4, 4000)) < 0.3)
    grid = exact_of(of_two, {"x": box, "y": box})
    case = Case(of_two, [brought(of_two, theta)], adapted=False, grid=grid)
    assert grid.record["status"] == "ok" and case.verdict["exact"]["kind"] == "brought_draws"
    table = case.tables.remedies
    rows = [i for i, name in enumerate(table["method"]) if name == "grid"]
    assert np.isnan(table["value"][rows]).all()
    assert not any(table["trusted"][i] for i in rows)
    assert {table["reason"][i].split(":")[0] for i in rows} == {
        "the verdict does not rest on the grid"
    }
    said = case.verdict["quantities"]["x"]
    assert said["intervals"]["95"]["exact"][1] > 12 and said["remedy"] != "grid"
    assert broken_by_table(case) == set()


def test_draws_that_have_not_converged_are_mentioned_only(posterior):
    case = Case(posterior, [brought(posterior, drifting(draws()))])
    said = case.verdict["quantities"]["a"]
    assert said["verdict"] == "fine" and "are not used: models.m" in said["sentence"]
    nothing = Case(posterior, [brought(posterior, drifting(draws()))], adapted=False)
    assert nothing.verdict["exact"]["kind"] == "none"
    assert "R-hat of a" in nothing.verdict["quantities"]["a"]["sentence"]


@pytest.fixture(scope="module")
def from_files(posterior, tmp_path_factory):
    """Draws read from files of Stan, with all that the audit is told of them."""
    folder = tmp_path_factory.mktemp("chains")
    files = [
        str(stan_csv(folder / f"{i}.csv", each, ("mu", "sigma", "a", "bee")))
        for i, each in enumerate(draws(n=1500))
    ]
    definition = {"draws": files, "names": {"b": "bee"}}
    made = chains_step(posterior, [BEYOND], open_brought(posterior, definition), EVALUATIONS)
    kept = BEYOND | {"modes": BEYOND["modes"][:1]}
    made = chains_step(posterior, [kept], open_brought(posterior, definition), EVALUATIONS)
    record = json.loads(json.dumps(plain(made.record), allow_nan=False))
    return made.draws, record, definition, [kept]


def broken_by(posterior, made) -> set[str]:
    """Return the laws that a record and its draws break."""
    columns, record, definition, modes = made
    ledger = Ledger()
    page = ledger.page("brought.json")
    record_laws(page, record, definition)
    told = Table(columns, {}, {}), Target(posterior.record), record
    file_laws(page, *told)
    chain_laws(page, *told, modes)
    return {check.law for check in ledger.checks if not check.ok}


def test_the_audit_finds_nothing_wrong(posterior, from_files):
    assert from_files[1]["serves"]
    assert broken_by(posterior, from_files) == set()


def test_draws_of_a_model_without_a_value_in_the_mass_do_not_serve(posterior, from_files):
    """Chains go around a NaN as if it were a wall: only the search for the mode has seen it."""
    broken = {"status": "declined", "reason": "model_contract_violation", "modes": []}
    broken["message"] = "the log likelihood is NaN at mu = 1"
    definition = from_files[2]
    made = chains_step(posterior, [broken], open_brought(posterior, definition), EVALUATIONS)
    record = json.loads(json.dumps(plain(made.record), allow_nan=False))
    assert not record["serves"] and "is NaN at mu = 1" in record["reason"]
    assert broken_by(posterior, (made.draws, record, definition, [broken])) == set()


def within(*path, by):
    """Return the change of a number in a record."""

    def change(columns, record, definition):
        for step in path[:-1]:
            record = record[step]
        record[path[-1]] = by(record[path[-1]])

    return change


def moved(name):
    def change(columns, record, definition):
        columns[name][7] += 1e-3

    return change


def chains_mixed(columns, record, definition):
    columns[CHAIN][:] = np.arange(columns[CHAIN].size) % 4


def other_file(columns, record, definition):
    with open(definition["draws"][0], "a", encoding="utf-8") as file:
        file.write("# looked at\n")


MUTATIONS = {
    "a draw moved": (moved("mu"), "draws are those of the files"),
    "a derived draw moved": (moved("ratio"), "derived quantity of every row"),
    "chains mixed": (chains_mixed, "chains are of one length"),
    "another column": (
        within("sources", "columns", "a", by=lambda x: "bee"),
        "draws are as configured",
    ),
    "another hash": (
        within("sources", "files", 1, "sha256", by=lambda x: "0" * 64),
        "draws are those of the files",
    ),
    "a row more": (
        within("sources", "files", 0, "rows", by=lambda x: x + 1),
        "draws are those of the files",
    ),
    "a smaller R-hat": (
        within("diagnostics", "mu", "r_hat", by=lambda x: x - 1e-4),
        "gates of the chains recomputed",
    ),
    "more effective draws": (
        within("diagnostics", "a", "bulk_ess", by=lambda x: 1.001 * x),
        "gates of the chains recomputed",
    ),
    "more of them in the tails": (
        within("diagnostics", "sigma", "tail_ess", by=lambda x: 1.001 * x),
        "gates of the chains recomputed",
    ),
    "a better worst": (
        within("gates", "bulk_ess", "value", by=lambda x: 1.1 * x),
        "gates of the chains recomputed",
    ),
    "a gate that is open": (
        within("gates", "r_hat", "limit", by=lambda x: 1.1),
        "chains serve where all holds",
    ),
    "divergences that are let through": (
        within("divergences", by=lambda x: 4),
        "chains serve where all holds",
    ),
    "they do not serve, for no reason": (
        within("serves", by=lambda x: False),
        "chains serve where all holds",
    ),
    "of another posterior": (
        within("belongs", "terms", "place", "mu", "value", by=lambda x: 0.5),
        "chains serve where all holds",
    ),
    "nearer than they are": (
        within("belongs", "terms", "width", "sigma", "value", by=lambda x: x + 0.004),
        "Stein's identity recomputed",
    ),
    "a smaller error of it": (
        within("belongs", "terms", "skewness", "b", "error", by=lambda x: 0.9 * x),
        "Stein's identity recomputed",
    ),
    "more is seen": (
        within("belongs", "seen", "place", by=lambda x: 0.5 * x),
        "Stein's identity recomputed",
    ),
    "a wider limit": (
        within("belongs", "limit", by=lambda x: x + 1),
        "Stein's identity recomputed",
    ),
    "a smaller shift": (
        within("belongs", "shifts", "ratio", by=lambda x: 0.9 * x),
        "shifts that are left open",
    ),
    "a smaller distance": (
        within("belongs", "mahalanobis", by=lambda x: 0.9 * x),
        "shifts that are left open",
    ),
    "a derived quantity that is nearer": (
        within("belongs", "terms", "place", "ratio", "value", by=lambda x: x + 0.004),
        "Stein's identity recomputed",
    ),
    "fewer points": (
        within("belongs", "points", by=lambda x: x - 4),
        "Stein's identity recomputed",
    ),
    "mass that is said to be missed": (
        within("unseen_mass", by=lambda x: 1e-5),
        "modes beyond the draws",
    ),
    "a smaller error": (
        within("errors_sd", "ratio", by=lambda x: 0.9 * x),
        "errors of the draws recomputed",
    ),
    "a file that was changed": (other_file, "draws are those of the files"),
}


@pytest.mark.parametrize("what", MUTATIONS)
def test_the_audit_sees_every_change(posterior, from_files, what):
    change, law = MUTATIONS[what]
    columns, record, definition, modes = from_files
    columns = {name: column.copy() for name, column in columns.items()}
    record = json.loads(json.dumps(record))
    change(columns, record, definition)
    assert law in broken_by(posterior, (columns, record, definition, modes))


def tables_broken(case, quantiles, remedies) -> set[str]:
    """Return the laws of the exact side that the tables of a case break."""
    ledger, (columns, record) = Ledger(), case.reference.chains[0]
    rest = ("brought_draws", columns, missed_by_chains(record))
    exact_column_laws(ledger.page("quantiles.parquet"), quantiles, *rest)
    stated_truth_laws(ledger.page("remedies.parquet"), remedies, *rest)
    return {check.law for check in ledger.checks if not check.ok}


@pytest.mark.parametrize(
    ("table", "column", "law"),
    [
        (None, None, None),
        (0, "exact", "exact quantiles are those of the exact side"),
        (0, "exact_error", "errors of the draws recomputed"),
        (1, "exact", "exact quantiles are those of the exact side"),
        (1, "exact_error", "errors of the draws recomputed"),
        (1, "scale_sd", "scale of the draws recomputed"),
        (1, "scale_error", "scale of the draws recomputed"),
    ],
)
def test_the_audit_recomputes_what_rests_on_the_draws(alone, table, column, law):
    remedies = {name: np.copy(x) for name, x in alone.tables.remedies.items()}
    tables = [alone.quantiles(), remedies]
    if column is not None:
        tables[table][column] = tables[table][column] * 0.99
    assert tables_broken(alone, *tables) == ({law} if law else set())


def test_both_count_a_shift_that_few_draws_leave_open(posterior):
    few = Case(posterior, [brought(posterior, draws(5, 260))], adapted=False)
    (_, record) = few.reference.chains[0]
    assert set(record["belongs"]["shifts"]) == {"mu", "sigma", "a", "b", "ratio"}
    tables = few.quantiles(), few.tables.remedies
    assert tables_broken(few, *tables) == set()
    sure = record["belongs"] | {"shifts": dict.fromkeys(record["belongs"]["shifts"], 0.0)}
    few.reference = few.reference._replace(
        chains=((few.reference.chains[0][0], record | {"belongs": sure}),)
    )
    assert tables_broken(few, *tables) == {"errors of the draws recomputed"}


def test_the_record_has_the_errors_of_the_side_that_judges(alone):
    said = alone.reference.chains[0].record["errors_sd"]
    table = {name: np.array(column) for name, column in alone.tables.remedies.items()}
    for name, stated in said.items():
        ends = (table["quantity"] == name) & (table["method"] == "laplace")
        ends &= np.isin(table["probability"], JUDGED_ENDS)
        due = np.max(table["exact_error"][ends] / table["scale_sd"][ends])
        assert stated == pytest.approx(due, rel=1e-9)


def test_a_shift_that_is_left_open_is_no_disagreement(posterior):
    """Draws that do not judge may be shifted as well as draws that do."""
    few = brought(posterior, draws(5, 400))
    wide = dict.fromkeys(few.record["belongs"]["shifts"], 0.5)
    lax = few.record | {"belongs": few.record["belongs"] | {"shifts": wide}}
    pairs = [Case(posterior, [few._replace(record=each)]) for each in (few.record, lax)]
    (sure,), (unsure,) = (each.verdict["exact"]["chains"] for each in pairs)
    assert unsure["farthest"]["apart"] < 0.5 * sure["farthest"]["apart"]
    assert pair_broken(pairs[1], unsure) == set()


def pair_broken(case, said) -> set[str]:
    ledger = Ledger()
    rows = Rows(case.tables.remedies)
    page, kind = ledger.page("verdict.json"), case.verdict["exact"]["kind"]
    agreement_laws(page, said, tuple(case.reference.chains[0]), rows, kind)
    return {check.law for check in ledger.checks if not check.ok}


def test_the_audit_compares_the_sides_itself(posterior):
    case = Case(posterior, [brought(posterior, draws())])
    (said,) = case.verdict["exact"]["chains"]
    assert said["agrees"] is True and pair_broken(case, said) == set()
    law = "exact sides agree within their errors"
    farther = said["farthest"] | {"apart": said["farthest"]["apart"] + 0.1}
    for change in (
        {"agrees": False},
        {"compared": said["compared"] - 1},
        {"limit": said["limit"] + 1},
        {"farthest": farther},
    ):
        assert law in pair_broken(case, said | change)
    assert "copies are what was copied" in pair_broken(case, said | {"serves": False})
