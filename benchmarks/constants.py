"""Halve and double a constant of the certified grid, and print what that costs and what it moves.

Each change runs in a process of its own, in which the module that defines the constant is read with
the other number. The posteriors have evidences that are known: the bioassay under a flat prior (by
40-digit quadrature), a funnel, a banana, a narrow hump beside a wide one, a Student t with three
degrees of freedom, a normal of unknown scale, a density with a kink, and with `--space` a product
of three Gumbel densities in coordinates that are not its own; for a constant of `derived/`, a
quantity of four of them: the LD50, a product, the larger coordinate, and a coordinate without its
fraction. Printed for each change are the evaluations beside those without it, the largest move of a
quantile in half the central 68.3 % interval, and the posteriors that are no longer certified, or
whose evidence is off by more than is stated, or whose quantiles move by more than their errors. The
numbers in the comments of constants come from here; an exponent of two is not to be doubled so. Run
it as

    OPENBLAS_NUM_THREADS=1 .venv/bin/python benchmarks/constants.py [--space] [bounds.STRAIGHT ...]

A name without a point, such as `student`, is a posterior: then only those that are named are used.
"""

import ast
import importlib.machinery
import importlib.util
import json
import math
import os
import sys
import traceback
from pathlib import Path
from types import SimpleNamespace

import numpy as np

SCRIPTS = Path(__file__).resolve().parent.parent / "workflow/scripts"
sys.path.insert(0, str(SCRIPTS))

USUAL = ("bounds.STRAIGHT", "first_frame.FIRST_STEP", "trial.STILL", "shared.WIDEST_STEP")
PROBABILITIES = np.array([0.005, 0.025, 0.25, 0.5, 0.75, 0.975, 0.995])
DOSE, DEATHS = np.array([-0.86, -0.30, -0.05, 0.73]), np.array([0.0, 1.0, 3.0, 5.0])
DESIGN = np.stack([np.ones(4), DOSE], axis=1)
MIXED = np.array([[1.0, 0.5, 0.0], [0.0, 1.0, -0.7], [0.4, 0.0, 1.5]])


def log_normal(x, sd=1.0):
    return -0.5 * (x / sd) ** 2 - np.log(sd) - 0.5 * math.log(2 * math.pi)


def bioassay(t):
    eta = t @ DESIGN.T
    return np.sum(DEATHS * eta - 5.0 * np.logaddexp(0.0, eta), axis=-1)


def humps(t):
    wide, narrow = log_normal(t[..., 0]), log_normal(t[..., 0] - 5.0, 0.01)
    return np.logaddexp(math.log(0.6) + wide, math.log(0.4) + narrow)


def student(t):
    return math.log(2 / (math.pi * math.sqrt(3))) - 2 * np.log1p(t[..., 0] ** 2 / 3)


def gumbel(t):
    x = t @ MIXED.T
    return np.sum(-x - np.exp(-x), axis=-1)


# name: log density, lower ends, modes in unconstrained coordinates, log evidence
LINE_AND_PLANE = {
    "bioassay": (bioassay, (-np.inf,) * 2, [[0.84658, 7.74882]], -2.728784270502175),
    "funnel": (
        lambda t: log_normal(t[..., 0], 3.0) + log_normal(t[..., 1], np.exp(t[..., 0] / 2)),
        *((-np.inf,) * 2, [[-4.5, 0.0]], 0.0),
    ),
    "banana": (
        lambda t: log_normal(t[..., 0]) + log_normal(t[..., 1] - 3 * t[..., 0] ** 2, 0.3),
        *((-np.inf,) * 2, [[0.0, 0.0]], 0.0),
    ),
    "humps": (humps, (-np.inf,), [[0.0], [5.0]], 0.0),
    "student": (student, (-np.inf,), [[0.0]], 0.0),
    "scale": (
        lambda t: np.log(t[..., 0]) - t[..., 0] + log_normal(t[..., 1], t[..., 0]),
        *((0.0, -np.inf), [[0.0, 0.0]], 0.0),
    ),
    "kink": (lambda t: -np.abs(t[..., 0]) - math.log(2), (-np.inf,), [[0.0]], 0.0),
}
SPACE = {
    "gumbel": (
        *(gumbel, (-np.inf,) * 3, [[0.0, 0.0, 0.0]]),
        -math.log(abs(np.linalg.det(MIXED))),
    )
}


# quantity of theta (..., d), and where it is looked at
QUANTITIES = {
    "bioassay": (lambda t: -t[..., 0] / t[..., 1], lambda t: t[..., 1] > 0),  # the LD50
    "funnel": (lambda t: t[..., 0] * t[..., 1], None),
    "banana": (lambda t: np.maximum(t[..., 0], t[..., 1]), None),
    "scale": (lambda t: np.floor(t[..., 0]), None),
}


class Changed(importlib.machinery.SourceFileLoader):
    """Reads one module with a constant, or all the numbers in it, times a factor."""

    def __init__(self, module: str, constant: str, factor: float):
        super().__init__(module, str(SCRIPTS / (module.replace(".", "/") + ".py")))
        self.constant, self.factor = constant, factor

    def find_spec(self, name, path, target=None):
        return importlib.util.spec_from_loader(name, self) if name == self.name else None

    def get_code(self, name):
        tree = ast.parse(Path(self.path).read_text("utf-8"))
        named = {ast.unparse(n.targets[0]): n for n in tree.body if isinstance(n, ast.Assign)}
        named[self.constant].value = self._times(named[self.constant].value)
        return compile(ast.fix_missing_locations(tree), self.path, "exec")

    def _times(self, value):
        if isinstance(value, ast.Dict):
            return ast.Dict(value.keys, [self._times(each) for each in value.values])
        if isinstance(value, ast.Tuple):
            return ast.Tuple([self._times(each) for each in value.elts], ast.Load())
        number = ast.literal_eval(value) if isinstance(value, ast.Constant) else _worked_out(value)
        changed = number * self.factor
        return ast.Constant(max(round(changed), 1) if isinstance(number, int) else changed)


def _worked_out(value):
    return eval(compile(ast.Expression(value), "constant", "eval"), {"np": np, "math": math})


def laid(posteriors: dict) -> dict:
    """Return what the certified grid of each posterior says, as plain JSON values."""
    from laplace_approx.comparison.sides import ExactSide
    from laplace_approx.exact.budget import Budget
    from laplace_approx.exact.marginal import half_interval

    found = {}
    for name, posterior in posteriors.items():
        budget = Budget()
        grid = certified(posterior, budget)
        names = SimpleNamespace(parameters=list(grid.marginals))
        side = ExactSide(names, grid.record(), grid.lattice, grid.marginals)
        quantiles = [side.quantiles(each, PROBABILITIES) for each in grid.marginals]
        found[name] = {
            "evaluations": int(budget.tally.evaluations),
            "certified": grid.certified,
            "off": abs(number(grid.log_evidence) - posterior[-1]),
            "stated": number(grid.discretisation_error["log_evidence"]),
            "quantiles": [each.value.tolist() for each in quantiles],
            "errors": [each.error.tolist() for each in quantiles],
            "units": [half_interval(each) for each in grid.marginals.values()],
        }
    return found


def number(value) -> float:
    """Return a number that may not be known; NaN where it is not."""
    return math.nan if value is None else value


def certified(posterior, budget=None):
    """Return the certified grid of a posterior."""
    from laplace_approx.density.density import Density
    from laplace_approx.exact.certified import certified_grid, known_modes

    log_density, lower, modes, _ = posterior
    names, upper = tuple(f"x{k}" for k in range(len(lower))), np.full(len(lower), np.inf)
    density = Density(names, quietly(log_density), None, None, np.array(lower), upper)
    known = known_modes(density, modes[0])._replace(modes=np.array(modes))
    return certified_grid(density, modes[0], known=known, budget=budget)


def integrated(posteriors: dict) -> dict:
    """Return the same of one derived quantity of each posterior that has one, with how often the
    quantity is evaluated; its unit is that of a normal with the same quartiles."""
    from laplace_approx.exact.derived.quantiles import DerivedQuantity

    found = {}
    for name, (quantity, condition) in QUANTITIES.items():
        asked, grid = [], certified(posteriors[name])

        def counted(theta, quantity=quantity, asked=asked):
            asked.append(theta[..., 0].size)
            return quantity(theta)

        of_it = DerivedQuantity(grid.lattice, counted, condition, usual=PROBABILITIES)
        value, error = of_it.quantiles(PROBABILITIES)
        found[name] = {
            "evaluations": sum(asked),
            "certified": grid.certified,
            "off": 0.0,
            "stated": 0.0,
            "quantiles": [value.tolist()],
            "errors": [error.tolist()],
            "units": [(value[4] - value[2]) / 1.349],
        }
    return found


def quietly(log_density):
    def value(theta):
        with np.errstate(all="ignore"):
            return log_density(theta)

    return value


def in_a_process(measure, posteriors: dict, loader: Changed | None = None) -> dict:
    """Return what `measure` says of the posteriors in a process of its own, with a module
    changed."""
    read, write = os.pipe()
    if os.fork() == 0:
        os.close(read)
        try:
            if loader:
                sys.meta_path.insert(0, loader)
            text = json.dumps(measure(posteriors))
            with os.fdopen(write, "w") as out:
                out.write(text)
        except Exception:  # whatever another number leads to is an answer, and no end of all
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as said:
        text = said.read()
    os.wait()
    return json.loads(text) if text else {}


def sentence(changed: dict, before: dict) -> str:
    """Return what a change does, in words."""
    if not changed:
        return "it ends in an error"
    ratios = {name: changed[name]["evaluations"] / before[name]["evaluations"] for name in before}
    least, most = (f(ratios, key=ratios.get) for f in (min, max))
    said = [f"evaluations x {ratios[least]:.3g} ({least}) to {ratios[most]:.3g} ({most})"]
    moved = {
        name: np.max(moves(changed[name], each) / np.array(each["units"])[:, None])
        for name, each in before.items()
    }
    worst = max(moved, key=moved.get)
    said.append(f"quantiles move {moved[worst]:.1e} ({worst})" if moved[worst] else "nothing moves")
    said += [
        f"those of {name} by more than is stated"
        for name in before
        if not within(changed[name], before[name])
    ]
    said += [
        f"{name} is {'now' if changed[name]['certified'] else 'no longer'} certified"
        for name in before
        if changed[name]["certified"] != before[name]["certified"]
    ]
    # the true evidence is known to the last digits of double precision, and has a few roundings
    said += [
        f"the evidence of {name} is off by {each['off']:.1e}, and {each['stated']:.1e} is stated"
        for name, each in changed.items()
        if not each["off"] <= each["stated"] + 1e-13
    ]
    return "; ".join(said)


def moves(changed: dict, before: dict):
    """Return the moves of the quantiles of each parameter, (d, p)."""
    return np.abs(np.subtract(changed["quantiles"], before["quantiles"]))


def within(changed: dict, before: dict) -> bool:
    """Return whether quantiles move by no more than both their errors."""
    return bool(np.all(moves(changed, before) <= np.add(changed["errors"], before["errors"])))


def main(asked: list[str]) -> None:
    posteriors = LINE_AND_PLANE | (SPACE if "--space" in asked else {})
    named = [each for each in asked if each in posteriors]
    posteriors = {name: posteriors[name] for name in named or posteriors}
    places, before = [each for each in asked if "." in each] or USUAL, {}
    for place in places:
        module, _, constant = place.rpartition(".")
        measure = integrated if module.startswith("derived.") else laid
        if measure not in before:
            before[measure] = in_a_process(measure, posteriors)
            for name, each in before[measure].items():
                print(f"{name}: {each['evaluations']} evaluations, certified: {each['certified']}")
        for factor, word in ((2.0, "doubled"), (0.5, "halved")):
            loader = Changed(f"laplace_approx.exact.{module}", constant, factor)
            changed = in_a_process(measure, posteriors, loader)
            print(f"{place} {word}: {sentence(changed, before[measure])}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
