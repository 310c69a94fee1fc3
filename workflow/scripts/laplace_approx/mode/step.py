"""The mode as a record: what was found, in the space and on the natural scale."""

from laplace_approx.density.density import density_in, point_inside
from laplace_approx.errors import Declined, attempt
from laplace_approx.mode.other_space import require_proper, require_whole_hump, with_next_step
from laplace_approx.mode.remembered import remembered_search

STARTS_SEED = 0  # of the dispersed starts: no result depends on them, so no one needs to set it


def mode_record(model, density, space) -> dict:
    """Return the record of the mode of `density` (natural scale) in `space`.

    `z` is the mode in the coordinates of the space and `theta` the same point on the natural
    scale; `log_density` and `gradient` are of z, Jacobian included. Raises Declined.
    """
    start = point_inside(space.unconstrain(model.start), space.lower, space.upper)
    # directions in theta are directions in z only where the two are the same
    monotone = model.monotone if space.names == space.parameters else None
    in_space = density_in(density, space)
    inside = point_inside(model.start, density.lower, density.upper)
    try:
        mode = remembered_search(in_space, start, STARTS_SEED, monotone).mode
    except Declined as declined:
        raise with_next_step(declined, density, space, inside) from None
    beside = require_proper(density, space, inside)
    beside += require_whole_hump(density, space.constrain(mode.x))
    report = mode.report
    return {
        **report._asdict(),
        "n_evaluations": report.n_evaluations + beside,
        "evaluations_of_search": report.evaluations_of_search + beside,
        "z": mode.x,
        "theta": space.constrain(mode.x),
        "log_density": mode.log_density,
        "gradient": mode.gradient,
        "warnings": [*report.warnings, *_unused(model)],
        "path": _path(report.path, in_space, space),
        "modes": [_on_both_scales(each, space) for each in mode.modes],
        "starts_seed": STARTS_SEED,
    }


def _unused(model) -> list[str]:
    """Return a sentence for each second derivative of the model that nothing can be done with."""
    found = []
    for name in ("hessian", "hessian_vector_product"):
        if getattr(model, name) is not None and model.gradient is None:
            found.append(
                f"the model gives a {name} but no gradient: it is not used, and not checked either"
            )
    if None not in (model.hessian, model.hessian_vector_product, model.gradient):
        found.append("the model gives a hessian: its hessian_vector_product is not used")
    return found


def _path(points, density, space) -> list[dict]:
    rows = zip(points, space.constrain(points), density.log_density(points), strict=True)
    return [{"z": z, "theta": theta, "log_density": value} for z, theta, value in rows]


def _on_both_scales(mode: dict, space) -> dict:
    rest = {key: value for key, value in mode.items() if key != "x"}
    return {"z": mode["x"], "theta": space.constrain(mode["x"]), **rest}


def mode_step(posterior, name: str, definition: dict) -> dict:
    """Return the record of the mode of a posterior in a space."""
    space = posterior.space(definition)
    found = attempt("mode", lambda: mode_record(posterior.model, posterior.density(), space))
    described = {
        "case": {**posterior.record["case"], "space": name},
        "parameters": list(posterior.model.parameters),
        "space": name,
        "space_definition": definition,
        "coordinates": list(space.names),
        "density": space.text,
        "restricts": list(space.restricts),
    }
    return {**described, **found}
