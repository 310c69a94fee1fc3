"""Other packages on the same work: the normal approximation of the bioassay, against the truth.

A user's whole process from nothing to mode and SDs (`fits.py`), the same call again in a process
that is warm, the peak of its memory, and the errors. Beside them stands all that this project does
for a case, up to the verdict: as one process, and as `snakemake` runs it. Needs the extra `bench`:

    make extra NAME=bench
    .venv/bin/python benchmarks/peers.py [repetitions]

A package that is not installed is a line that says so. Packages that compile keep what they
compiled on disk: `first` is the first process of this run, `wall` the least of all of them.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from default_run import BENCHMARKS, REPLAY, fresh_copy, planned
from processes import Cost, Failed, least, machine, run

VERDICT = "results/bioassay/{prior}/compare/natural/certified/verdict.json"
FITS = str(BENCHMARKS / "fits.py")

# The mode, and the SDs from the inverse of minus the Hessian there: 40-digit Newton on a density
# that was written separately, rounded to double precision.
TRUTH = {
    "normal_sd": (
        (0.8616445401025972264, 8.038031317085349291),
        (0.9512977176965982, 4.476309156815411),
    ),
    "flat": (
        (0.8465802280905508969, 7.748817150587726087),
        (1.019085416797719, 4.8727677014870245),
    ),
}


class Way(NamedTuple):
    """A way to the mode and the SDs: what it is called, the prior, and the program that goes it."""

    name: str
    prior: str
    arguments: tuple[str, ...]


def fit_of(function: str) -> tuple[str, ...]:
    """Return the program that makes one fit of `fits.py`."""
    return FITS, function


def main(repetitions: int) -> None:
    """Run every way in turn, `repetitions` times, and print what each cost and found."""
    print(machine())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ways = all_ways(folder)
        costs = {way: [] for way in ways}
        for _ in range(repetitions):
            for way in [way for way, measured in costs.items() if measured is not None]:
                try:
                    costs[way].append(one_run(folder, way))
                except Failed as failure:
                    costs[way] = absent(way, failure)
        print_table(folder, costs)


def all_ways(folder: Path) -> list[Way]:
    """Return the ways, this project's own first."""
    verdict = VERDICT.format(prior="normal_sd")
    plan = planned(folder, [verdict])
    return [
        Way(
            "verdict, snakemake", "normal_sd", ("-m", "snakemake", "--quiet", "all", "--", verdict)
        ),
        Way("verdict, one process", "normal_sd", (REPLAY, "run", str(plan))),
        Way("mode and SDs", "normal_sd", fit_of("ours")),
        Way("NumPyro, Adam", "normal_sd", fit_of("numpyro_adam")),
        Way("NumPyro, BFGS", "normal_sd", fit_of("numpyro_minimize")),
        Way("pymc-extras", "normal_sd", fit_of("pymc_extras_default")),
        Way("pymc-extras, Hessian", "normal_sd", fit_of("pymc_extras_hessian")),
        Way("mode and SDs", "flat", fit_of("ours_flat")),
        Way("statsmodels GLM", "flat", fit_of("statsmodels_flat")),
    ]


def one_run(folder: Path, way: Way, *more: str) -> Cost:
    """Go a way in a process of its own, from nothing, in a copy of the project of its own."""
    place = place_of(folder, way)
    command = [sys.executable, *way.arguments, *more]
    return run(command, fresh_copy(place), place / "found.json")


def place_of(folder: Path, way: Way) -> Path:
    """Return the folder in which a way is gone."""
    return folder / f"{way.name} {way.prior}"


def absent(way: Way, failure: Failed) -> None:
    """Say why a way is not measured; anything but a package that is missing is an error."""
    if "ModuleNotFoundError" not in str(failure):
        raise failure
    print(f"{way.name}: not installed (make extra NAME=bench)")


def print_table(folder: Path, costs: dict[Way, list[Cost]]) -> None:
    """Print one line a way; the ratio is to the wall time of the first."""
    print(f"{'':30}  first   wall  ratio  processor    MB     warm  mode error  SD error")
    base = least(next(iter(costs.values()))).wall
    for way, measured in costs.items():
        if measured:
            cost, (warm, mode, sd) = least(measured), found_by(folder, way)
            print(
                f"{way.name:20} {way.prior:9} {measured[0].wall:6.2f} {cost.wall:6.2f} "
                f"{cost.wall / base:6.2f} {cost.processor:10.2f} {cost.memory:5.0f} "
                f"{warm:>8} {mode:11.0e} {sd:9.0e}"
            )
    print("seconds; mode error in true SDs, SD error relative, the larger of the two parameters'")


def found_by(folder: Path, way: Way) -> tuple[str, float, float]:
    """Return the seconds of a warm call, from one more process, and the errors of mode and SDs."""
    place, warm = place_of(folder, way), "-"
    if way.arguments[0] == FITS:
        one_run(folder, way, "5")
        found = json.loads((place / "found.json").read_text().splitlines()[-1])
        warm = f"{found['warm']:.4f}"
    else:
        laplace = place / f"results/bioassay/{way.prior}/laplace/natural"
        mode = json.loads((laplace / "mode.json").read_text())
        curvature = json.loads((laplace / "curvature.json").read_text())
        found = {"mode": mode["theta"], "sd": curvature["sd"]}
    true_mode, true_sd = TRUTH[way.prior]
    triples = list(zip(found["mode"], true_mode, true_sd, strict=True))
    mode_error = max(abs(mode - true) / sd for mode, true, sd in triples)
    sd_error = max(abs(sd / true - 1) for sd, true in zip(found["sd"], true_sd, strict=True))
    return warm, mode_error, sd_error


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 3)
