"""What to do where the normal at the mode is not good enough: one module a remedy.

Those in `DRAWN` take (density, normal, quantities, probabilities, rng, n_draws), those in
`COMPUTED` (density, normal, quantities, probabilities) and no draws. `quantities` maps each name to
a function of the coordinates in which the normal was fitted, z (..., d) -> (...), NaN where
undefined (see `quantity_in`).
"""

from laplace_approx.density.quantities import quantity_in
from laplace_approx.remedies.gauss_hermite import gauss_hermite
from laplace_approx.remedies.importance import importance_normal, importance_t4
from laplace_approx.remedies.nested_laplace import nested_laplace
from laplace_approx.remedies.replication import Replication, replicated, replication
from laplace_approx.remedies.result import Answer, Remedy
from laplace_approx.remedies.skew_modal import skew_modal
from laplace_approx.remedies.skew_symmetric import skew_symmetric
from laplace_approx.remedies.tierney_kadane import tierney_kadane

DRAWN = {
    "skew_symmetric": skew_symmetric,
    "skew_modal": skew_modal,
    "importance_normal": importance_normal,
    "importance_t4": importance_t4,
}
COMPUTED = {
    "nested_laplace": nested_laplace,
    "tierney_kadane": tierney_kadane,
    "gauss_hermite": gauss_hermite,
}

__all__ = [
    "COMPUTED",
    "DRAWN",
    "Answer",
    "Remedy",
    "Replication",
    "gauss_hermite",
    "importance_normal",
    "importance_t4",
    "nested_laplace",
    "quantity_in",
    "replicated",
    "replication",
    "skew_modal",
    "skew_symmetric",
    "tierney_kadane",
]
