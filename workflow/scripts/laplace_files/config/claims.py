"""The claims on disk: the file of sentences, and the artifacts that they are measured on."""

import os
from functools import cache
from pathlib import Path

from laplace_approx.claims import artifacts_of, judge_claim, problems_of
from laplace_approx.errors import InputError
from laplace_files.artifacts.artifacts import read_json, read_table
from laplace_files.config import strict_yaml
from laplace_files.config.schema import coerce, violations

SCHEMA_FILE = Path(__file__).resolve().parents[4] / "config" / "claims.schema.yaml"
DEFAULT_FILE = "config/claims.yaml"
RESULTS = Path("results")
OF_POSTERIOR = ("posterior.json",)
OF_CHAINS = {
    "draws": ("reference/brought.json", "reference/brought.parquet"),
    "nuts": ("reference/sampled.json", "reference/sampled.parquet"),
}
OF_REFERENCE = ("reference/reference.json", "reference/reference.parquet")
OF_SPACE = ("mode.json", "curvature.json")
OF_GRID = ("grid.json", "mass.parquet", "marginals.parquet")
OF_CASE = (
    *("quantiles.parquet", "remedies.parquet", "remedies.json", "verdict.json"),
    "basin.parquet",
)
OF_RUN = ("core.json", "summary.parquet")


def claims_file(path: str) -> str:
    """Return the file of claims, relative to the working directory.

    A workflow that takes this one in as a module has no file at the default's place: the claims
    beside the Snakefile serve.
    """
    if path == DEFAULT_FILE and not os.path.lexists(path):
        return os.path.relpath(SCHEMA_FILE.with_name("claims.yaml"))
    return path


def open_claims(path) -> list[dict]:
    """Return the claims in a file. Raises one InputError that lists everything wrong with it."""
    schema = strict_yaml.load(SCHEMA_FILE)
    content = coerce(strict_yaml.load(path), schema)
    problems = [str(found) for found in violations(content, schema)]
    if not problems:
        claims = content["claims"]
        for place, claim in enumerate(claims):
            problems.extend(problems_of(claim["measure"], f"claims[{place}].measure"))
            if "lower" not in claim and "upper" not in claim:
                problems.append(f"claims[{place}]: give lower or upper, or both")
        names = [claim["id"] for claim in claims]
        twice = sorted({name for name in names if names.count(name) > 1})
        problems.extend(f"claims: the id {name} is given more than once" for name in twice)
    if problems:
        raise InputError(f"{path}: " + "".join(f"\n  {problem}" for problem in problems))
    return content["claims"]


def made_artifacts(cases, config: dict) -> set[str]:
    """Return the path below results/ of every artifact of the cases that a claim can read."""
    made = set(OF_RUN)
    for model, prior, space, grid in cases:
        posterior = f"{model}/{prior}"
        spaces = (space, *config["models"][model]["spaces"])
        made.update(f"{posterior}/{name}" for name in (*OF_POSTERIOR, *OF_REFERENCE))
        chains = config["models"][model]["reference"].get(prior, {})
        for key, names in OF_CHAINS.items():
            made.update(f"{posterior}/{name}" for name in names if chains.get(key))
        made.update(f"{posterior}/laplace/{each}/{name}" for each in spaces for name in OF_SPACE)
        made.update(f"{posterior}/grid/{grid}/{name}" for name in OF_GRID)
        made.update(f"{posterior}/compare/{space}/{grid}/{name}" for name in OF_CASE)
        for seed in config["seeds"]["draws"]:
            made.add(f"{posterior}/laplace/{space}/draws-seed{seed}.parquet")
        for seed in config["seeds"]["grid"]:
            made.add(f"{posterior}/grid/{grid}/draws-seed{seed}.parquet")
    return made


def claimed_artifacts(config: dict, cases) -> list[str]:
    """Return the artifacts of the cases that the claims of the configuration are measured on."""
    made = made_artifacts(cases, config)
    wanted = (name for claim in open_claims(config["claims"]) for name in _artifacts(claim))
    return [str(RESULTS / name) for name in dict.fromkeys(wanted) if name in made]


def _artifacts(claim: dict) -> list[str]:
    return list(dict.fromkeys(artifacts_of(claim["measure"])))


def judge_claims(path, available, results=RESULTS) -> list[dict]:
    """Return every claim of a file, measured where all its artifacts are among those available.

    `results` is the folder that the artifacts lie under: another workflow may have moved it.
    """
    there = {str(Path(file).relative_to(results)) for file in available}

    @cache
    def read(name: str):
        file = Path(results) / name
        return read_json(file) if name.endswith(".json") else read_table(file)[0]

    judged = []
    for claim in open_claims(path):
        absent = [name for name in _artifacts(claim) if name not in there]
        missing = f"not among the cases: {', '.join(absent)}" if absent else None
        judged.append(judge_claim(claim, read, missing))
    return judged
