"""How a request ends early: by a bad input, or a posterior that no normal can serve."""

from laplace_approx.words.printable import printable

REASONS = (
    "separation",
    "improper",
    "not_converged",
    "mode_on_boundary",
    "singular_hessian",
    "indefinite_hessian",
    "non_smooth_mode",
    "nondeterministic_density",
    "gradient_check_failed",
    "model_contract_violation",
)


class InputError(Exception):
    """What is wrong with an input, in one paragraph: file, key, value, limit and next step.

    It is for a terminal, and may quote what stands in a file or its name: that is made printable.
    """

    def __init__(self, message=""):
        super().__init__(printable(message))


class Declined(Exception):
    """A posterior that the normal approximation cannot serve: a result, not a failure.

    `reason` is one of `REASONS`, `message` is for a person (parameter, value, next step) and
    `details` holds the evidence as plain JSON values.
    """

    def __init__(self, reason: str, message: str, **details):
        if reason not in REASONS:
            raise ValueError(f"{reason!r} is not a reason for declining; use one of {REASONS}")
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.details = details


_FIELDS = ("status", "reason", "message", "details", "declined_at")


def attempt(step: str, compute, *upstream: dict) -> dict:
    """Return the record of a step: `compute()` with status "ok", or a status "declined".

    A posterior declined by an earlier step stays declined for the same reason; `compute` is then
    not called. `declined_at` names the step that declined.
    """
    for record in upstream:
        if record["status"] == "declined":
            return {field: record[field] for field in _FIELDS}
    try:
        return {"status": "ok", "reason": None, "message": None, **compute()}
    except Declined as declined:
        values = ("declined", declined.reason, declined.message, declined.details, step)
        return dict(zip(_FIELDS, values, strict=True))
