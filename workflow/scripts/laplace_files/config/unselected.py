"""Priors, spaces and grids that no case selects: looked at without running their model.

A typing error in them would otherwise wait for the day on which a case selects them. Without the
model file only one thing is not known of them: which parameters there are, and on what support.
"""

import numpy as np

from laplace_approx.errors import InputError


def check_unselected(config: dict, opened) -> None:
    """Check the priors and spaces of the models that are not `opened`, by what they say alone.

    Families, the names and values of their settings, and transforms are checked; the schema has
    seen the grids. Raises one `InputError` that lists every problem.
    """
    problems = []
    for model, definition in config["models"].items():
        if model in opened:
            continue
        for kind, check in (("priors", _prior), ("spaces", _space)):
            for name, parts in definition[kind].items():
                where = f"models.{model}.{kind}.{name}"
                problems.extend(f"{where}: {fault}" for fault in _fault(check, parts))
    if problems:
        raise InputError("\n".join(problems))


def _fault(check, parts: dict) -> list[str]:
    try:
        check(parts)
    except InputError as error:
        return [str(error)]
    return []


def _prior(parts: dict) -> None:
    from laplace_approx.density.priors import build_prior

    build_prior(parts, tuple(dict.fromkeys(_named(parts))))


def _named(parts: dict) -> list[str]:
    """Return the parameters that a prior names; of a joint one that names none, as many as its
    longest list has numbers."""
    named = [name for name in parts if name != "joint"]
    joint = parts.get("joint")
    if joint is None:
        return named
    if "parameters" in joint:
        return [*named, *joint["parameters"]]
    lists = [value for value in joint.values() if isinstance(value, list)]
    size = max(map(len, lists), default=1)
    return [*named, *(f"parameter {i + 1}" for i in range(size))]


def _space(parts: dict) -> None:
    from laplace_approx.density.space import build_space

    if not parts:
        return
    support = np.array([_support_for(transform) for transform in parts.values()])
    build_space(parts, tuple(parts), *support.T)


def _support_for(transform) -> tuple[float, float]:
    """Return a support that suits a transform: a logit takes the end from it that it has not."""
    if transform == "logit":
        return 0.0, 1.0
    if not (isinstance(transform, dict) and "logit" in transform):
        return -np.inf, np.inf
    ends = transform["logit"]
    low = ends.get("lower", ends.get("upper", 1.0) - 1.0)
    return low, ends.get("upper", low + 1.0)
