"""A maximum at the edge of the support."""

import numpy as np

from laplace_approx.errors import Declined
from laplace_approx.mode.checks.boundary import edge_maximum, log_helps
from laplace_approx.words import places

WAY_OUT = "Fit it in a space"
NO_WAY_OUT = "A logarithm of the distance does not help"


def boundary_maximum(evaluator, x, scale, declared=True):
    """Return the `Declined` for a maximum at a declared bound near x (d,), or at an end that was
    found within `scale` (d,); None where there is none."""
    found = edge_maximum(evaluator, x, scale)
    if found is None or found.declared is not declared:
        return None
    return _boundary(evaluator, found, way_out(evaluator, x, found.index, found.bound, scale))


def way_out(evaluator, x, i: int, bound: float, scale) -> str:
    """Return what to do about a maximum on the bound of coordinate i, near x (d,).

    It begins with `WAY_OUT` where a logarithm may help, and with `NO_WAY_OUT` where none can.
    """
    name = evaluator.names[i]
    both = np.isfinite(evaluator.lower[i]) and np.isfinite(evaluator.upper[i])
    if log_helps(evaluator, x, i, bound, scale):
        return (
            f"{WAY_OUT} where {name} has no bound ({'logit' if both else 'log'} of the distance to "
            "it), whose Jacobian moves the mode inside, or use a prior that vanishes at the bound."
        )
    return (
        f"{NO_WAY_OUT}: with its Jacobian the density still does not "
        f"fall toward the bound. Where other parameters shrink with {name}, as the effects of "
        f"groups do with their scale, write them without it (non-centred: effect = mean + {name} "
        "times a parameter that is standard normal), or integrate them out; else give "
        f"{name} a prior that vanishes at the bound faster than any power, or bring draws of "
        "Markov chains (`reference:`), which need no mode."
    )


def _boundary(evaluator, edge, way: str) -> Declined:
    """Return the `Declined` for a maximum at an `Edge` with its `way_out`."""
    name = evaluator.names[edge.index]
    if edge.endless:
        return Declined(
            "improper",
            f"the density rises like 1/distance or more as {name} goes from {edge.value:.6g} to "
            f"{edge.bound:.6g}, so that the mass there is infinite: the posterior is improper. "
            f"Give {name} a proper prior (1/{name} is flat on its log).",
            parameter=name,
            bound=edge.bound,
        )
    kind = "its bound"
    if not edge.declared:
        kind = "an edge that SUPPORT does not have (where the model gives -inf or NaN), found at"
    first = "" if edge.declared else "Name that edge in SUPPORT, which may be a function of data. "
    return Declined(
        "mode_on_boundary",
        f"the log density rises all the way as {name} goes from {edge.value:.6g} to {kind} "
        f"{edge.bound:.6g}: the maximum is on the boundary, where there is no slope of zero and no "
        f"normal. {first}{way}",
        parameter=name,
        bound=edge.bound,
        declared=edge.declared,
        rise=edge.rise,
    )


def declined_edge(evaluator, proof):
    """Return the `Declined` for a support that ends within the reach of the normal."""
    along = places.direction(evaluator.names, proof.misfit.direction)
    return Declined(
        "mode_on_boundary",
        f"the support ends less than {proof.misfit.step:.1g} standard deviations from the mode "
        f"({places.point(evaluator.names, proof.x)}), along {along}: no normal describes it. Fit "
        "it in a space without that bound, for example log of the distance to it.",
        mode=proof.x.tolist(),
        direction=proof.misfit.direction.tolist(),
    )
