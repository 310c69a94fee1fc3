"""Whatever a name or a value holds, what is printed of it moves no cursor and can be written."""

import pytest

from laplace_approx.errors import InputError
from laplace_approx.words.printable import one_line, printable

TEXTS = {
    "escape": ("a\x1b[2Jb", r"a\x1b[2Jb"),
    "bell": ("a\x07", r"a\x07"),
    "return": ("a\rb", r"a\rb"),
    "c1": ("a\x9b2J", r"a\x9b2J"),
    "direction": ("a\u202eb", r"a\u202eb"),
    "half": ("a\udcff", r"a\udcff"),
    "separator": ("a\u2028b", r"a\u2028b"),
    "letters": ("σ² é \\ 'x'", "σ² é \\ 'x'"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_what_does_not_print_becomes_its_escape(name):
    text, shown = TEXTS[name]
    assert one_line(text) == printable(text) == str(InputError(text)) == shown
    shown.encode("utf-8")


def test_line_ends_are_kept_where_they_are_meant():
    assert printable("a\nb\x1b") == "a\nb\\x1b"
    assert one_line("a\nb") == "a\\nb"
