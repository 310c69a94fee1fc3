"""What to do where the normal at the mode is not good enough: one module a remedy.

Each takes a `Question` and returns a `Remedy`. Those in `DRAWN` make draws, as many as the question
says and from its seed; those in `COMPUTED` make none.
"""

from laplace_approx.remedies.gauss_hermite import gauss_hermite
from laplace_approx.remedies.importance import importance_normal, importance_t4
from laplace_approx.remedies.nested_laplace import nested_laplace
from laplace_approx.remedies.question import Question
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
    "Question",
    "Remedy",
    "Replication",
    "gauss_hermite",
    "importance_normal",
    "importance_t4",
    "nested_laplace",
    "replicated",
    "replication",
    "skew_modal",
    "skew_symmetric",
    "tierney_kadane",
]
