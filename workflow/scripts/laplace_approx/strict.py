"""The strict reading of a run: a posterior that is declined is an error."""

from laplace_approx.errors import InputError

CASE = ("model", "prior", "space", "grid")


def require_none_declined(summary: dict) -> list[str]:
    """Return the declined cases of a summary, of which there must be none: else InputError."""
    rows = zip(*(summary[name] for name in (*CASE, "status", "reason")), strict=True)
    declined = {"/".join(case): reason for *case, status, reason in rows if status == "declined"}
    if declined:
        listed = "".join(f"\n  {case}: {reason}" for case, reason in declined.items())
        raise InputError(
            f"strict is true, and {len(declined)} of the cases could not be served by a normal "
            f"approximation:{listed}\nEverything else is made; each case's verdict.json says what "
            "to do. Set strict: false to accept declined cases."
        )
    return []
