"""The laws of the exercises: their numbers follow from the cases, or from closed forms."""

import math

import numpy as np

from laplace_audit.laws.mode import relative
from laplace_audit.laws.quantiles import REGION, quantiles_of_draws
from laplace_audit.ledger import Page
from laplace_audit.numerics.regions import Region

P = np.array([0.025, 0.25, 0.5, 0.75, 0.975])
ENDS = {"0.5": (1, 3), "0.95": (0, 4)}
SAME = 1e-11
LAW = "exercise follows from its cases"


def exercise_laws(page: Page, record: dict, number: int, study) -> None:
    """Hold an exercise against its cases; `study(name)` opens one by its four names."""
    page.same("exercise has its number", record["exercise"], number)
    if record["status"] != "ok":
        page.true("a skipped exercise says why", bool(record["reason"]))
        return
    (_first, _second, _third, _fourth)[number - 1](page, record, study)


def _first(page: Page, record: dict, study) -> None:
    case = study(record["case"])
    target, normal, exact = case.sides
    beta = target.parameters.index("beta")
    page.same(LAW, record["probabilities"], list(P))
    found = {key: np.array(values) for key, values in record["ld50"].items()}
    draws = {"laplace": case.draws["laplace"], "grid": case.draws["grid"]}
    for source, columns in draws.items():
        positive = columns["beta"] > 0
        page.same(LAW, record["n_draws"][source], positive.size)
        page.same(LAW, record["count_beta_not_positive"][source], int(np.sum(~positive)))
        share = record["share_beta_not_positive"][f"{source}_draws"]
        page.most(LAW, relative(share, np.mean(~positive)), SAME)
        due = quantiles_of_draws(columns["ld50"][positive], P)[0]
        key = "grid_draws" if source == "grid" else "laplace_draws_given_condition"
        page.most(LAW, relative(found[key], due), SAME)
    due = quantiles_of_draws(draws["laplace"]["ld50"], P)[0]
    page.most(LAW, relative(found["laplace_draws_all"], due), SAME)
    page.most(LAW, np.abs(exact.region("ld50").cdf(found["exact"]) - P), REGION)
    page.most(LAW, np.abs(normal.region("ld50").cdf(found["normal_given_condition"]) - P), REGION)
    everything = Region(normal.region("ld50").bundles, target.without_conditions(), "ld50")
    page.most(LAW, np.abs(everything.cdf(found["normal_all"]) - P), REGION)
    for key, values in found.items():
        page.most(LAW, relative(record["interval_95_length"][key], values[-1] - values[0]), SAME)
    length = record["interval_95_length"]
    excess = {k: length[k] - length["exact"] for k in ("normal_given_condition", "normal_all")}
    page.most(LAW, [relative(record["excess_length"][k], v) for k, v in excess.items()], SAME)
    removed = 1 - excess["normal_given_condition"] / excess["normal_all"]
    page.most(LAW, relative(record["excess_removed_by_condition"], removed), SAME)
    _small_beta(page, record, normal.normal, exact, beta)


def _small_beta(page: Page, record: dict, normal, exact, beta: int) -> None:
    from scipy.special import ndtr

    def below(x):
        return float(ndtr((x - normal.mean[beta]) / normal.sd[beta])), float(exact.cdf("beta", x))

    share = record["share_beta_not_positive"]
    page.most(LAW, relative([share["normal"], share["exact"]], below(0.0)), 1e-9)
    small = record["small_beta"]
    page.most(LAW, abs(exact.cdf("beta", small["below"]) - P[0]), 1e-9)
    due = np.subtract(below(small["below"]), below(0.0))
    page.most(LAW, relative([small["normal"], small["exact"]], due), 1e-9)


def _second(page: Page, record: dict, study) -> None:
    cases = [study(name) for name in record["cases"]]
    exact = cases[0].sides.exact
    _exact(page, record["exact"], record["exact_sd"], exact)
    _spaces(page, record, cases, record["exact"], exact.cdf)
    page.same(LAW, record["exact_skewness"]["beta"], cases[0].grid["skewness"]["beta"])
    x, mass = exact.cells.columns["beta"], exact.cells.columns["mass"]
    x, mass = np.log(x[x > 0]), mass[x > 0] / mass[x > 0].sum()
    away = x - mass @ x
    due = mass @ away**3 / (mass @ away**2) ** 1.5
    page.most(LAW, abs(record["exact_skewness"]["log_beta"] - due), 0.01)


def _exact(page: Page, quantiles: dict, sd: dict, exact) -> None:
    for name, values in quantiles.items():
        page.most(LAW, np.abs(exact.cdf(name, np.array(values)) - P), 1e-9)
        page.most(LAW, relative(sd[name] / exact.scale(name), 1), 1e-9)


def _spaces(page: Page, record: dict, cases, exact: dict, cdf) -> None:
    """The normal in each space: quantiles, errors in exact SDs, coverage, and the distance."""
    for case in cases:
        space = case.mode["space"]
        page.same(LAW, record["density"][space], case.mode["density"])
        tv = case.verdict["joint"]["total_variation"]["value"]
        page.most(LAW, abs(record["total_variation"][space] - tv), 1e-4)
        for name, said in record["laplace"][space].items():
            due = case.sides.normal.quantiles(name, P)
            found = np.array(said["quantiles"], dtype=float)
            page.most(LAW, relative(found, due), SAME)
            off = (due - np.array(exact[name])) / record["exact_sd"][name]
            page.most(LAW, relative(np.array(said["error_sd"], dtype=float), off), 1e-9)
            for level, (low, high) in ENDS.items():
                below = 0.0 if np.isnan(due[low]) else float(cdf(name, due[low]))
                covered = float(cdf(name, due[high])) - below
                page.most(LAW, abs(said["coverage"][level] - covered), 1e-8)


def _third(page: Page, record: dict, study) -> None:
    flat, *others = (study(name) for name in record["cases"])
    _alone(page, record["flat"], flat)
    page.same(LAW, sorted(record["priors"]), sorted(case.name[1] for case in others))
    there = record["flat"]
    for case in others:
        here = record["priors"][case.name[1]]
        _alone(page, here, case)
        for name in here["mode"]:
            moved = here["mode"][name] - there["mode"][name]
            mean = here["exact_mean"][name] - there["exact_mean"][name]
            due = {
                "mode_shift": moved,
                "mode_shift_sd": moved / there["sd"][name],
                "sd_ratio": here["sd"][name] / there["sd"][name],
                "exact_mean_shift_sd": mean / there["exact_sd"][name],
                "exact_sd_ratio": here["exact_sd"][name] / there["exact_sd"][name],
            }
            page.most(LAW, [relative(here[key][name], value) for key, value in due.items()], SAME)
        due = here["covariance_determinant"] / there["covariance_determinant"]
        page.most(LAW, relative(here["determinant_ratio"], due), SAME)


def _alone(page: Page, said: dict, case) -> None:
    names = case.mode["parameters"]
    page.same(LAW, said["mode"], dict(zip(names, case.mode["theta"], strict=True)))
    page.same(LAW, said["sd"], dict(zip(names, case.curvature["sd"], strict=True)))
    page.same(LAW, said["correlation"], case.curvature["correlation"][0][1])
    (a, b), (c, d) = case.curvature["covariance"]
    page.most(LAW, relative(said["covariance_determinant"], a * d - b * c), SAME)
    due = {"laplace": case.curvature["log_evidence"], "exact": case.grid["log_evidence"]}
    page.same(LAW, said["log_evidence"], due)
    page.same(LAW, [said["exact_mean"], said["exact_sd"]], [case.grid["mean"], case.grid["sd"]])
    page.same(LAW, said["prior"], case.posterior["prior"]["text"])


def _fourth(page: Page, record: dict, study) -> None:
    """The factored posterior: mu is Student t, S / sigma^2 is chi-squared, with nu = n + k - 2."""
    from scipy import stats

    cases = [study(name) for name in record["cases"]]
    y = cases[0].sides.target.data["y"]
    power = 1.0 if cases[0].posterior["prior"]["definition"] else 0.0
    n, nu = y.size, y.size + power - 2
    scatter = float(np.var(y) * n)
    mu = stats.t(nu, y.mean(), math.sqrt(scatter / nu / n))
    squared = stats.invgamma(nu / 2, scale=scatter / 2)
    page.same(LAW, [record["n"], record["degrees_of_freedom"]], [n, nu])
    analytic = {"mu": mu.ppf(P), "sigma": np.sqrt(squared.ppf(P))}
    cdf = {"mu": mu.cdf, "sigma": lambda x: squared.cdf(np.square(x))}
    for name, due in analytic.items():
        page.most(LAW, relative(record["analytic"][name], due), 1e-9)
    _exact(page, record["grid"], record["exact_sd"], cases[0].sides.exact)
    evidence = {case.mode["space"]: case.curvature["log_evidence"] for case in cases}
    evidence["grid"] = cases[0].grid["log_evidence"]
    page.same(LAW, {k: v for k, v in record["log_evidence"].items() if k != "analytic"}, evidence)
    due = (
        -(n - 1) / 2 * math.log(2 * math.pi)
        - math.log(n) / 2
        - math.log(2)
        + math.lgamma(nu / 2)
        - nu / 2 * math.log(scatter / 2)
    )
    page.most(LAW, relative(record["log_evidence"]["analytic"], due), SAME)
    _spaces(page, record, cases, record["analytic"], lambda name, x: cdf[name](x))
