"""The step that measures the curvature at the mode."""

from laplace_approx.curvature_record import curvature_record
from laplace_approx.outcome import attempt


def curvature_step(posterior, mode: dict) -> dict:
    """Return the record of the curvature at a mode."""
    space = posterior.space(mode["space_definition"])
    measured = attempt(
        "curvature", lambda: curvature_record(posterior.density(), space, mode["z"]), mode
    )
    described = {name: mode[name] for name in ("case", "parameters", "space", "coordinates")}
    return {**described, **measured}
