"""The claims and the checks of the audit, in rows of text."""

from laplace_approx.words.numbers import number

MOST_DIGITS = 7  # of a number in a claim
HOLDS = {True: "holds", False: "does not hold", None: "not measured"}


def claim_rows(claims: list[dict]) -> list[dict]:
    """Return a row for each claim: sentence, measured value, limits, whether it holds, and why."""
    return [
        {
            "id": claim["id"],
            "claim": claim["claim"],
            "measured": number(claim["measured"], _digits(claim)),
            "limits": _limits(claim["lower"], claim["upper"]),
            "holds": claim["holds"],
            "in_words": HOLDS[claim["holds"]],
            "why": claim["reason"] if claim["holds"] is None else claim["why"],
            "artifacts": claim["artifact"],
        }
        for claim in claims
    ]


def _digits(claim: dict) -> int:
    """Return how many digits tell the measured value from the limits: four, or those they have."""
    limits = [limit for limit in (claim["lower"], claim["upper"]) if limit is not None]
    return 4 if all(float(f"{limit:.4g}") == limit for limit in limits) else MOST_DIGITS


def _limits(lower, upper) -> str:
    if upper is None:
        return f"at least {number(lower, MOST_DIGITS)}"
    if lower is None:
        return f"at most {number(upper, MOST_DIGITS)}"
    return f"{number(lower, MOST_DIGITS)} to {number(upper, MOST_DIGITS)}"


def audit_view(checks: list[dict]) -> dict:
    """Return the checks of an audit: how many passed by law, and each that did not, in full."""
    laws = dict.fromkeys(check["law"] for check in checks)
    return {
        "passed": sum(check["ok"] is True for check in checks),
        "total": len(checks),
        "laws": [_law(law, checks) for law in laws],
        "failed": [
            {
                "file": check["file"],
                "law": check["law"],
                "value": _plain(check["value"]),
                "limit": _plain(check["limit"]),
            }
            for check in checks
            if check["ok"] is not True
        ],
    }


def _law(law: str, checks: list[dict]) -> dict:
    of_law = [check["ok"] is True for check in checks if check["law"] == law]
    return {"law": law, "passed": sum(of_law), "total": len(of_law)}


def _plain(value) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return number(value) if is_number or value is None else str(value)
