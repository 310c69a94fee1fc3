"""What the configuration says of a model, held against the model itself."""

from itertools import product

from laplace_approx.density.model import Model
from laplace_approx.errors import InputError
from laplace_approx.words.names import suggestion
from laplace_files.config.checks import expand_cases
from laplace_files.config.size import too_large


def check_against_model(config: dict, model_name: str, model: Model) -> None:
    """Check what the configuration says of a model against the model itself.

    Priors, spaces and grids name only parameters that the model has, a grid all of them or none,
    every prior can be built, and so can every space with the prior of a case; its matrices and
    draws can be held. Raises one `InputError` that lists every problem.
    """
    definition = config["models"][model_name]
    where = f"models.{model_name}"
    problems = _unknown_parameters(definition, model)
    for grid, axes in definition["grids"].items():
        problems.extend(_incomplete_grid(f"grids.{grid}", axes, model))
    large = too_large(model, config["n_draws"])
    if not problems and not large:
        problems = _unbuildable(expand_cases(config), definition, model_name, model)
    if problems:
        raise InputError("\n".join(f"{where}.{problem}" for problem in dict.fromkeys(problems)))
    if large:
        raise InputError("\n".join(f"{where}: {problem}" for problem in large))


def _unknown_parameters(definition: dict, model: Model) -> list[str]:
    named = {}
    for prior, parts in definition["priors"].items():
        named |= {f"priors.{prior}.{name}": name for name in parts if name != "joint"}
        joint = parts.get("joint", {}).get("parameters", [])
        named |= {f"priors.{prior}.joint.parameters[{i}]": name for i, name in enumerate(joint)}
    for kind in ("spaces", "grids"):
        for entry, parts in definition[kind].items():
            named |= {f"{kind}.{entry}.{name}": name for name in parts}
    for prior, brought in definition["reference"].items():
        named |= {f"reference.{prior}.names.{name}": name for name in brought["names"]}
    return [
        f"{where}: the model has no parameter {name!r}; {suggestion(name, model.parameters)}"
        for where, name in named.items()
        if name not in model.parameters
    ]


def _incomplete_grid(where: str, axes: dict, model: Model) -> list[str]:
    missing = [name for name in model.parameters if name not in axes]
    if axes and missing:
        return [
            f"{where}: has no bounds for {', '.join(missing)}; give lower, upper and points for "
            "each parameter, or {} for bounds found automatically"
        ]
    problems = []
    for name, low, high in zip(model.parameters, model.lower, model.upper, strict=True):
        if axes and not (axes[name]["upper"] > low and axes[name]["lower"] < high):
            support = f"({low:g}, {high:g})"
            problems.append(f"{where}.{name}: lies outside the support {support} of the parameter")
    return problems


def _unbuildable(cases: list[tuple], definition: dict, model_name: str, model: Model) -> list[str]:
    """Return the errors of building each prior, and each space on the support of those of a case.

    All spaces of the model: those that are no case's own are remedies of the others.
    """
    from laplace_approx.density.posterior import joint_support
    from laplace_approx.density.priors import build_prior
    from laplace_approx.density.space import build_space

    problems, supports = [], {}
    selected = dict.fromkeys(p for name, p, _, _ in cases if name == model_name)
    pairs = list(product(selected, definition["spaces"]))
    for name in definition["priors"]:
        try:
            prior = build_prior(definition["priors"][name], model.parameters)
            supports[name] = joint_support(model, prior)
        except InputError as error:
            problems.append(f"priors.{name}: {error}")
    for prior_name, space_name in pairs:
        if prior_name in supports:
            try:
                build_space(
                    definition["spaces"][space_name], model.parameters, *supports[prior_name]
                )
            except InputError as error:
                problems.append(f"spaces.{space_name}: {error}")
    return problems
