"""Digits of a number that its error leaves: no others, and none that make it another number."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laplace_approx.words.numbers import ABSENT, known, known_plain, rounded_up

NUMBERS = st.floats(-1e6, 1e6).filter(lambda x: x == 0 or abs(x) > 1e-3)
ERRORS = st.floats(-9, 5).map(lambda power: 10.0**power)


def plain(text: str) -> float:
    return float(text.replace(",", "").replace("\N{MINUS SIGN}", "-"))


@given(value=NUMBERS, error=ERRORS)
def test_what_is_shown_is_off_by_less_than_the_error_or_the_digits(value, error):
    """Half of the last place: of the error's first digit, or of the fourth digit of the number."""
    place = 10.0 ** math.floor(math.log10(error))
    digits = 10.0 ** (math.floor(math.log10(abs(value))) - 3) if value else 0.0
    for shown in (plain(known(value, error)), float(known_plain(value, error))):
        assert abs(shown - value) <= 0.5001 * (place + digits) + 1e-12 * abs(value)


@given(value=NUMBERS, error=ERRORS)
def test_no_digit_is_shown_that_the_error_does_not_leave(value, error):
    place = 10.0 ** math.floor(math.log10(error))
    steps = float(known_plain(value, error)) / place
    assert place < 1e-3 or abs(steps - round(steps)) < 1e-6 * max(1.0, abs(steps))


@pytest.mark.parametrize(
    ("value", "error", "shown"),
    [
        (3.4491, 0.02, "3.45"),
        (3.4491, 1e-9, "3.449"),
        (-25.299, 0.114, "\N{MINUS SIGN}25.3"),
        (0.003, 0.2, "0.0"),
        (12_345.0, 300.0, "12,300"),
        (1.23456, None, "1.2"),
        (1.23456, math.nan, "1.2"),
        (2.5, 0.0, "2.5"),
        (1.0, 1e-309, "1"),
        (1e300, 1e-300, "1e300"),
        (0.0, 5e-324, "0"),
        (0.9996, 0.01, "1"),
        (None, 0.1, ABSENT),
        (math.nan, 0.1, ABSENT),
    ],
)
def test_examples(value, error, shown):
    assert known(value, error) == shown


@given(width=st.floats(-300, 300).map(lambda power: 10.0**power))
def test_a_width_is_rounded_up_and_by_no_more_than_the_second_digit(width):
    # rounding of a quotient and of the decimal number may take or add an ulp or so
    assert width * (1 - 1e-15) <= float(rounded_up(width)) <= 1.1 * width * (1 + 1e-15)
