"""What a configuration asks for: its cases, their artifacts, and what they must be made from."""

import os
from typing import NamedTuple


class Case(NamedTuple):
    """One comparison, and the paths of its artifacts below the folder of results."""

    model: str
    prior: str
    space: str
    grid: str

    @property
    def posterior(self) -> str:
        return f"{self.model}/{self.prior}"

    @property
    def laplace(self) -> str:
        return f"{self.posterior}/laplace/{self.space}"

    @property
    def exact(self) -> str:
        return f"{self.posterior}/grid/{self.grid}"

    @property
    def compare(self) -> str:
        return f"{self.posterior}/compare/{self.space}/{self.grid}"


class Asked(NamedTuple):
    """The cases with the settings and definitions that they use: all that an audit is told.

    `models` maps a model to its `file`, `data`, `replicate`, `priors`, `spaces`, `grids`, and the
    draws that are brought of it as `reference`. The spaces of a posterior are all of its model's,
    since the remedies look at each of them.
    """

    cases: tuple[Case, ...]
    models: dict
    draw_seeds: tuple[int, ...]
    grid_seeds: tuple[int, ...]
    n_draws: int
    probabilities: tuple[float, ...]
    tolerance: float
    claims: str
    remedies: str  # how much of them is tried: all, signals, none
    reference: dict  # the budget of the draws that stand in for a grid
    sampler: dict  # chains, draws and tuning of NUTS, and its seed

    def posteriors(self) -> list[tuple[str, str]]:
        return list(dict.fromkeys((case.model, case.prior) for case in self.cases))

    def spaces(self) -> list[tuple[str, str, str]]:
        return [(m, p, space) for m, p in self.posteriors() for space in self.models[m]["spaces"]]

    def normals(self) -> list[tuple[str, str, str]]:
        """The (model, prior, space) of which there are draws."""
        return list(dict.fromkeys(case[:3] for case in self.cases))

    def grids(self) -> list[tuple[str, str, str]]:
        return list(dict.fromkeys((c.model, c.prior, c.grid) for c in self.cases))

    def brought(self) -> list[tuple[str, str]]:
        """The (model, prior) of which draws are brought."""
        return self._with_chains("draws")

    def sampled(self) -> list[tuple[str, str]]:
        """The (model, prior) that NUTS may sample."""
        return self._with_chains("nuts")

    def _with_chains(self, key: str) -> list[tuple[str, str]]:
        of = {m: self.models[m]["reference"] or {} for m, _ in self.posteriors()}
        return [(m, p) for m, p in self.posteriors() if of[m].get(p, {}).get(key)]

    def record(self) -> dict:
        """Return everything as plain values, for a rule's parameters; `asked_from` reads it."""
        return {**self._asdict(), "cases": [list(case) for case in self.cases]}

    def artifacts(self) -> list[str]:
        """Return the path of every artifact below the folder of results, in order."""
        found = ["core.json"]
        found += [f"{m}/{p}/posterior.json" for m, p in self.posteriors()]
        for m, p, space in self.spaces():
            found += [f"{m}/{p}/laplace/{space}/{x}.json" for x in ("mode", "curvature")]
        for m, p, space in self.normals():
            found += [f"{m}/{p}/laplace/{space}/draws-seed{s}.parquet" for s in self.draw_seeds]
        for m, p, grid in self.grids():
            names = ("grid.json", "mass.parquet", "marginals.parquet")
            found += [f"{m}/{p}/grid/{grid}/{name}" for name in names]
            found += [f"{m}/{p}/grid/{grid}/draws-seed{s}.parquet" for s in self.grid_seeds]
        found += [f"{m}/{p}/{name}" for m, p in self.posteriors() for name in OF_REFERENCE]
        found += [f"{m}/{p}/{name}" for m, p in self.brought() for name in OF_BROUGHT]
        found += [f"{m}/{p}/{name}" for m, p in self.sampled() for name in OF_SAMPLED]
        for case in self.cases:
            found += [f"{case.compare}/{name}" for name in OF_CASE]
        return [*found, "summary.parquet", "claims.json", *EXERCISES]


OF_REFERENCE = ("reference/reference.json", "reference/reference.parquet")
OF_BROUGHT = ("reference/brought.json", "reference/brought.parquet")
OF_SAMPLED = ("reference/sampled.json", "reference/sampled.parquet")
OF_CASE = (
    *("quantiles.parquet", "remedies.parquet", "remedies.json", "verdict.json", "basin.parquet"),
)
EXERCISES = tuple(f"exercises/exercise-{number}.json" for number in (1, 2, 3, 4))


def asked_of(config: dict, cases) -> Asked:
    """Return what a checked configuration asks for."""
    cases = tuple(Case(*case) for case in cases)
    keys = ("file", "data", "replicate", "priors", "spaces", "grids", "reference")
    models = {
        name: {key: config["models"][name].get(key) for key in keys}
        for name in dict.fromkeys(case.model for case in cases)
    }
    return Asked(
        cases,
        models,
        tuple(config["seeds"]["draws"]),
        tuple(config["seeds"]["grid"]),
        config["n_draws"],
        tuple(config["probabilities"]),
        config["tolerance"],
        config["claims"],
        config.get("remedies", "all"),
        config["reference"],
        {key: config["nuts"][key] for key in ("chains", "draws", "tune")}
        | {"seed": config["nuts"]["seeds"][0]},
    )


def asked_from(record: dict) -> Asked:
    """Return what `Asked.record` described."""
    lists = ("draw_seeds", "grid_seeds", "probabilities")
    return Asked(
        **{
            **record,
            **{key: tuple(record[key]) for key in lists},
            "cases": tuple(Case(*case) for case in record["cases"]),
        }
    )


def absent_among(paths):
    """Return the function of a rule's input that gives those of the paths that are not there yet,
    when the rule is planned."""
    return lambda wildcards: [path for path in paths if not os.path.lexists(path)]
