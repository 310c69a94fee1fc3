"""Numbers as a reader wants them: few digits, a true minus sign, a dash where there is none."""

import math

from laplace_approx.figures import text

ABSENT = "–"


def number(value, digits: int = 4) -> str:
    """Return a number with `digits` significant digits; a dash for None and NaN."""
    if value is None or math.isnan(value):
        return ABSENT
    if math.isinf(value):
        return text.minus("-∞" if value < 0 else "∞")
    if value != 0 and not 1e-4 <= abs(value) < 1e7:
        mantissa, exponent = f"{value:.{max(digits - 2, 0)}e}".split("e")
        return text.minus(f"{float(mantissa):g}e{int(exponent)}")
    written = f"{value:,.{digits}g}" if abs(value) < 10**digits else f"{value:,.0f}"
    return text.minus(written)


def error_sd(value) -> str:
    """Return an error in exact SDs with two decimals: "0.40", "<0.01"."""
    if value is None or not math.isfinite(value):
        return ABSENT
    if 0 < abs(value) < 0.005:
        return "<0.01"
    return text.minus(f"{value:.2f}")


def share(value) -> str:
    """Return a probability in per cent with one decimal where that tells it from 0 and 100."""
    if value is None or not math.isfinite(value):
        return ABSENT
    if 0.0005 <= value <= 0.9995 or value in (0, 1):
        return f"{100 * value:.1f} %"
    return text.percent(value)


def mass(value) -> str:
    """Return a small share in per cent with two significant digits."""
    return ABSENT if value is None or not math.isfinite(value) else text.percent(value)


def count(value) -> str:
    """Return a whole number with its thousands apart."""
    return ABSENT if value is None or not math.isfinite(value) else f"{value:,.0f}"


def pair(values, digits: int = 4) -> str:
    """Return an interval, "3.448 to 25.30"."""
    return f"{number(values[0], digits)} to {number(values[1], digits)}"


def listed(words) -> str:
    """Return words as a list of a sentence: "a", "a and b", "a, b and c"."""
    words = list(words)
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
