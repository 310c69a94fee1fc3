"""Verdicts on other tools' draws: targets with known quantiles, and files as tools write them."""

import json
import re
from statistics import NormalDist

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from jsonschema import Draft202012Validator

from laplace_approx.errors import InputError
from laplace_approx.external.figure import external_figure
from laplace_approx.external.judge import ExternalDraws, judge
from laplace_approx.verdict.classes import worst
from laplace_files.artifacts.artifacts import plain
from laplace_files.cases.draw_table import read_draw_table
from laplace_files.cases.external import external_hashes, open_external
from project_copy import PROJECT, copy_project, snakemake

STANDARD = NormalDist()
TOLERANCE = 0.1


def normal_draws(n, seed=1):
    x = np.random.default_rng(seed).standard_normal(n)
    return x, -0.5 * x**2


def judged(log_p_of, n=20_000, exact=None, seed=1):
    """Return the verdict on draws of N(0, 1) for the target with this log density."""
    x, log_q = normal_draws(n, seed)
    held = None if exact is None else {"x": exact}
    return judge(ExternalDraws({"x": x}, log_p_of(x), log_q, held), TOLERANCE, seed=7)


def shifted(x):
    return -0.5 * (x - 0.5) ** 2


def wider(x):
    return -0.5 * (x / 1.1) ** 2 + 3.7  # a constant changes nothing


def far_wider(x):
    return -0.5 * (x / 3) ** 2


@pytest.mark.parametrize(
    "log_p, verdict, true",
    [
        (lambda x: -0.5 * x**2 - 8.0, "fine", {"50": 0.0, "95": 0.0}),
        (shifted, "remedy", {"50": 0.5, "95": 0.5}),
        (
            wider,
            "fine_for_50",
            {"50": 0.1 / 1.1 * STANDARD.inv_cdf(0.75), "95": 0.1 / 1.1 * STANDARD.inv_cdf(0.975)},
        ),
    ],
    ids=["the-same", "shifted", "wider"],
)
def test_a_known_normal_gets_its_true_error_and_verdict(log_p, verdict, true):
    record = judged(log_p).record["quantities"]["x"]
    assert record["verdict"] == verdict
    for level, off in true.items():
        found = record["endpoint_error_sd"][level]
        # the larger of two ends is up to one standard error above the true one on average
        assert abs(found["value"] - off) <= 4 * found["error"] + 1e-12
    assert record["rests_on"] == "importance"
    if verdict in ("remedy", "fine_for_50"):
        assert record["remedy"] == "importance_normal"


def test_equal_densities_leave_no_error_at_all():
    found = judged(lambda x: -0.5 * x**2 + 5)
    assert found.record["weights"]["state"] == "good"
    for level in ("50", "95"):
        assert found.record["quantities"]["x"]["endpoint_error_sd"][level]["value"] < 1e-12


def test_the_shape_of_the_weights_is_the_true_one():
    """Of p = N(0, s^2) under N(0, 1) the weights have the tail index k = 1 - 1 / s^2."""
    found = judged(far_wider).record
    k = found["signals"]["pareto_k"]
    assert abs(k["value"] - (1 - 1 / 9)) < 4 * k["error"]
    assert k["error"] > 0


def test_weights_that_cannot_be_trusted_clear_nothing():
    found = judged(lambda x: -0.5 * (x / 10) ** 2).record["quantities"]["x"]
    assert (found["verdict"], found["rests_on"]) == ("sample", "none")
    assert "Nothing here can tell" in found["sentence"]


def test_a_clear_error_is_told_where_only_its_cure_is_open():
    found = judged(shifted, n=600).record["quantities"]["x"]
    assert (found["verdict"], found["possible"]) == ("unknown", ["remedy", "sample"])
    assert found["sentence"].startswith("The normal is not good enough for x")


def test_exact_draws_judge_what_the_weights_cannot():
    exact = 3 * np.random.default_rng(2).standard_normal(20_000)
    found = judged(far_wider, exact=exact).record["quantities"]["x"]
    assert (found["verdict"], found["rests_on"]) == ("sample", "exact")
    off = found["endpoint_error_sd"]["95"]
    assert abs(off["value"] - 2 / 3 * STANDARD.inv_cdf(0.975)) < 4 * off["error"]


@pytest.mark.parametrize(("n", "rests_on"), [(20_000, "exact"), (600, "rough")])
def test_draws_that_are_known_less_well_than_the_tolerance_are_not_called_exact(n, rests_on):
    """Two standard errors of a 97.5 % end are 0.1 SD with about 3000 draws."""
    exact = np.random.default_rng(2).standard_normal(n)
    found = judged(lambda x: -0.5 * x**2, exact=exact)
    said = found.record["quantities"]["x"]
    assert said["rests_on"] == rests_on and (said["exact_error_sd"] <= TOLERANCE) is (n > 3000)
    assert said["verdict"] in (("fine",) if rests_on == "exact" else ("unknown", "sample"))
    exact_words = re.findall(r"exact", said["sentence"].replace("given as exact", ""))
    assert bool(exact_words) is (rests_on == "exact")
    assert external_figure(plain(found.record), found.table, "mine") is not None
    far = judged(far_wider, exact=3 * exact).record["quantities"]["x"]
    assert far["rests_on"] == rests_on and far["verdict"] == "sample"
    assert ("the given one is" in far["sentence"]) is (rests_on == "rough")


def test_too_few_draws_leave_the_verdict_open_and_say_what_is_possible():
    found = judged(wider, n=400).record["quantities"]["x"]
    assert found["verdict"] == "unknown"
    assert "fine_for_50" in found["possible"]
    assert len(found["possible"]) > 1
    assert "do not settle" in found["sentence"]


def test_the_error_of_a_difference_is_its_spread_over_repetitions():
    """The plain and the weighted quantile share their noise; the bootstrap must see it."""
    repeated = [judged(wider, n=2000, seed=seed).table for seed in range(60)]
    differences = np.array([table["difference_sd"] for table in repeated])
    claimed = np.array([table["difference_sd_mcse"] for table in repeated])
    inner = slice(2, 9)  # the 0.5 % ends of 2000 draws rest on ten of them
    ratio = claimed.mean(axis=0)[inner] / differences.std(axis=0, ddof=1)[inner]
    # the spread of a standard deviation over 60 repetitions is 9 %
    assert np.all((ratio > 0.7) & (ratio < 1.4)), ratio


def test_a_tail_that_the_draws_hardly_reach_clears_nothing():
    """A target with an exponential right tail, which looks mended to its own standard error."""
    x, log_q = normal_draws(20_000, seed=4)
    log_p = np.where(x < 0.7, -0.5 * x**2, -0.245 - 0.7 * (x - 0.7))
    found = judge(ExternalDraws({"x": x}, log_p, log_q, None), TOLERANCE, 7)
    record = found.record["quantities"]["x"]
    assert record["effective_draws_beyond"]["95"] < 50
    assert record["verdict"] == "unknown"
    assert "effective ones lie beyond an end" in record["sentence"]


def test_draws_without_density_are_counted_and_have_no_weight():
    x, log_q = normal_draws(4000)
    log_p = np.where(x > 0, -0.5 * x**2, np.where(x > -1, -np.inf, np.nan))
    found = judge(ExternalDraws({"x": x}, log_p, log_q, None), TOLERANCE, 7)
    assert found.record["without_density"] == np.sum(x <= 0)
    low = found.record["quantities"]["x"]["intervals"]["95"]["importance"][0]
    assert low > 0


def test_an_undefined_quantity_is_left_out_on_both_sides():
    x, log_q = normal_draws(4000)
    y = np.where(x > 0, x, np.nan)
    found = judge(ExternalDraws({"y": y}, log_q, log_q, None), TOLERANCE, 7)
    excluded = found.record["quantities"]["y"]["excluded"]
    assert excluded["laplace"] == excluded["importance"] == pytest.approx(np.mean(x <= 0))


def test_the_worst_of_several():
    assert worst(["fine", "unknown", "fine_for_50"]) == "unknown"
    assert worst(["remedy", "sample", "unknown"]) == "sample"


def test_a_markov_chain_of_exact_draws_has_the_error_of_its_effective_draws():
    rng = np.random.default_rng(5)
    noise = rng.standard_normal(20_000)
    chain = np.empty_like(noise)
    chain[0] = noise[0]
    for i in range(1, chain.size):  # an AR(1) of unit variance with 1/19 of the effective draws
        chain[i] = 0.9 * chain[i - 1] + np.sqrt(1 - 0.81) * noise[i]
    quantity = judged(lambda x: -0.5 * x**2, exact=chain).record["quantities"]["x"]
    independent = judged(lambda x: -0.5 * x**2, exact=noise).record["quantities"]["x"]
    ratio = (
        quantity["intervals"]["50"]["exact_mcse"][0]
        / independent["intervals"]["50"]["exact_mcse"][0]
    )
    assert 3 < ratio < 5.5  # sqrt(19) = 4.4 for the mean, less for a quantile


CMDSTAN = """# method = laplace
#   laplace
#     mode = bioassay_mode.json
log_p__,log_q__,alpha,beta.1
# a comment among the rows
{rows}
# Elapsed Time: 0.01 seconds
"""


def cmdstan_file(folder, n=200, name="draws.csv", text=CMDSTAN):
    rng = np.random.default_rng(3)
    z = rng.standard_normal((n, 2))
    log_q = -0.5 * np.sum(z**2, axis=1)
    rows = [f"{q - 1:.17g},{q:.17g},{a:.17g},{b:.17g}" for q, (a, b) in zip(log_q, z, strict=True)]
    path = folder / name
    path.write_text(text.format(rows="\n".join(rows)))
    return path


def test_a_file_as_cmdstan_writes_it(tmp_path):
    path = cmdstan_file(tmp_path)
    case = open_external("mine", {"draws": str(path)})
    assert list(case.draws.quantities) == ["alpha", "beta.1"]
    assert case.draws.log_p.size == 200
    np.testing.assert_allclose(case.draws.log_p - case.draws.log_q, -1)
    assert case.sources["draws"]["rows"] == 200


def test_quantities_are_chosen_and_renamed(tmp_path):
    path = cmdstan_file(tmp_path)
    definition = {"draws": str(path), "columns": {"beta": "beta.1"}, "exact": str(path)}
    case = open_external("mine", definition)
    assert list(case.draws.quantities) == list(case.draws.exact) == ["beta"]
    np.testing.assert_array_equal(case.draws.exact["beta"], case.draws.quantities["beta"])


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("log_p__,log_q__,alpha,beta.1", "log_p__,log_q__,\u00b5,\u03bc", "two columns are called"),
        ("log_p__,log_q__,alpha,beta.1", "log_p__,log_q__,a,beta\f", "no printable name"),
        ("# a comment among the rows", "0,0,1e-400,1", "line 5: 1e-400 is below the range"),
        ("# a comment among the rows", f"0,0,0.{'0' * 330}1,1", "line 5: 0.000.* below the range"),
        ("# a comment among the rows", "0,0,1\f,1", r"line 5: holds U\+000C"),
        ("# a comment among the rows", "0,0,1\u2028,1", r"line 5: holds U\+2028"),
        ("# a comment among the rows", "0,0,1\u00a0,1", r"line 5: holds U\+00A0"),
        (
            "# a comment among the rows",
            "0,0," + "x" * 9000 + ",1",
            "not a table of numbers.{,300}$",
        ),
    ],
)
def test_what_would_be_read_as_something_else_is_refused(tmp_path, old, new, words):
    path = cmdstan_file(tmp_path, text=CMDSTAN.replace(old, new))
    with pytest.raises(InputError, match=words):
        open_external("mine", {"draws": str(path)})


def test_a_comment_ends_where_its_line_does(tmp_path):
    odd = "# one\x85two\u2028three\x0bfour"
    plain = read_draw_table(cmdstan_file(tmp_path))
    path = cmdstan_file(tmp_path, text=CMDSTAN.replace("# a comment among the rows", odd))
    table = read_draw_table(path)
    assert list(table) == list(plain) and len(table["alpha"]) == len(plain["alpha"])


def test_parquet_holds_the_same(tmp_path):
    columns = read_draw_table(cmdstan_file(tmp_path))
    path = tmp_path / "draws.parquet"
    pq.write_table(pa.table({**columns, "note": ["text"] * 200}), path)
    table = read_draw_table(path)
    assert list(table) == list(columns)
    for name, values in columns.items():
        np.testing.assert_array_equal(table[name], values)


@pytest.mark.parametrize(
    "change, definition, said",
    [
        (
            lambda t: t.replace("log_p__", "other"),
            {},
            r"mine\.log_p.*none of the columns",
        ),
        (lambda t: t, {"log_q": "log_p_"}, r"external\.mine\.log_q.*no column.*'log_p_'.*log_p__"),
        (lambda t: t, {"columns": {"b": "beta"}}, r"columns\.b.*no column.*'beta'.*beta\.1"),
        (lambda t: t.replace("log_q__", "alpha"), {}, "two columns are called 'alpha'"),
        (lambda t: t.replace("alpha,beta.1", "alpha"), {}, "4 cells where the header has 3"),
        (lambda t: t.replace("{rows}", "1,2,3,x\n{rows}"), {}, "not a table of numbers"),
        (lambda t: t.replace("{rows}", "1,nan,3,4\n{rows}"), {}, "log_q__ is nan at draw 1"),
        (lambda t: t.replace("{rows}", "inf,1,3,4\n{rows}"), {}, "log_p__ is infinite at draw 1"),
        (lambda t: t.replace("{rows}", ""), {}, "has no rows"),
    ],
)
def test_what_is_no_table_of_draws_is_refused(tmp_path, change, definition, said):
    path = cmdstan_file(tmp_path, text=change(CMDSTAN))
    with pytest.raises(InputError, match=said):
        open_external("mine", {"draws": str(path), **definition})


def test_too_few_draws_and_files_that_are_not_there_are_refused(tmp_path):
    with pytest.raises(InputError, match="at least 100"):
        read_draw_table(cmdstan_file(tmp_path, n=99))
    with pytest.raises(InputError, match=r"external\.mine.*no such file"):
        external_hashes({"external": {"mine": {"draws": str(tmp_path / "nothing.csv")}}})


def test_the_picture_shows_each_side_and_the_record_keeps_its_schema():
    exact = np.random.default_rng(2).standard_normal(5000) + 0.5
    found = judged(shifted, n=5000, exact=exact)
    figure = external_figure(plain(found.record), found.table, "mine")
    assert len(figure.axes) == 2
    schema = json.loads((PROJECT / "workflow/schemas/external.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    described = {"case": {"external": "mine"}, "core": "0" * 64}
    described["sources"] = {"draws": {"file": "d", "sha256": "0" * 64, "rows": 1}, "exact": None}
    errors = list(Draft202012Validator(schema).iter_errors(plain(described | found.record)))
    assert not errors, errors


# Endpoint errors of the bioassay's normal in exact SDs, from quadrature and 40-digit Newton.
BIOASSAY = {"alpha": {"50": 0.4, "95": 0.81}, "beta": {"50": 0.6575, "95": 1.4057}}


def bioassay_table(path, exact_path, n=8000):
    """Write draws from the bioassay's normal as CmdStan would, and draws from its grid."""
    from cases_in_memory import MODELS, exact_of, laplace_of, posterior_of
    from laplace_approx.exact.cells import grid_draws
    from laplace_approx.normal.draws import approximation_log_density, laplace_draws

    laplace = laplace_of(posterior_of(MODELS / "bioassay.py", "bioassay.csv"))
    z, theta = laplace_draws(laplace.normal, laplace.space, np.random.default_rng(11), n)
    log_q = approximation_log_density(laplace.normal, laplace.space, z)
    log_p = laplace.posterior.density().log_density(theta)
    rows = np.column_stack([log_p, log_q, theta])
    header = "# method = laplace\nlog_p__,log_q__,alpha,beta"
    np.savetxt(path, rows, delimiter=",", header=header, comments="", fmt="%.17g")
    exact, _ = grid_draws(exact_of(laplace.posterior).cells, np.random.default_rng(12), n)
    pq.write_table(pa.table({"alpha": exact[:, 0], "beta": exact[:, 1]}), exact_path)


@pytest.mark.workflow
def test_the_bioassay_through_the_workflow(tmp_path):
    folder = copy_project(tmp_path / "project")
    bioassay_table(folder / "draws.csv", folder / "exact.parquet")
    (folder / "mine.yaml").write_text(
        "external:\n  with_exact: {draws: draws.csv, exact: exact.parquet}\n"
        "  alone: {draws: draws.csv, tolerance: 0.2}\n"
    )
    done = snakemake(folder, "external", "--cores", "1", "--configfile", "mine.yaml")
    assert done.returncode == 0, done.stderr[-3000:]
    last = [line.split() for line in done.stdout.splitlines() if line.startswith("with_exact")]
    assert {line[1] for line in last} == {"alpha", "beta"}
    assert all(line[-1] in ("exact", "rough") for line in last)
    results = folder / "results/external"
    found = json.loads((results / "with_exact/verdict.json").read_text())
    for name, true in BIOASSAY.items():
        for level, off in true.items():
            here = found["quantities"][name]["endpoint_error_sd"][level]
            assert abs(here["value"] - off) < 4 * here["error"], (name, level)
        assert found["quantities"][name]["verdict"] in ("sample", "remedy", "unknown")
    alone = json.loads((results / "alone/verdict.json").read_text())
    assert alone["tolerance"] == 0.2
    assert alone["quantities"]["beta"]["verdict"] in ("sample", "unknown")
    assert (results / "alone/figures/intervals.svg").is_file()
    promised = json.loads((PROJECT / "workflow/schemas/tables.json").read_text())
    promised = {n: kind for n, (kind, _) in promised["external_quantiles"]["columns"].items()}
    schema = pq.read_schema(results / "alone/quantiles.parquet")
    assert {name: str(schema.field(name).type) for name in schema.names} == promised
    assert not (folder / "results/bioassay").exists()


def test_values_without_a_number_are_never_cleared():
    x, log_q = normal_draws(200)
    infinite, nothing = np.where(np.arange(200) < 20, np.inf, x), np.full(200, np.nan)
    values = {"infinite": infinite, "nothing": nothing, "huge": 1e200 * x}
    for log_p in (log_q + 0.1 * x, np.full(200, -np.inf)):
        for exact in (None, values):
            found = judge(ExternalDraws(values, log_p, log_q, exact), TOLERANCE, 7)
            external_figure(plain(found.record), found.table, "mine")
            verdicts = {name: q["verdict"] for name, q in found.record["quantities"].items()}
            assert set(verdicts.values()) <= {"unknown", "sample"}, verdicts
