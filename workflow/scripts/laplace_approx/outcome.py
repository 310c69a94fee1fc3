"""The outcome of a step: its result, or the reason why the posterior is declined."""

from laplace_approx.errors import Declined

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
