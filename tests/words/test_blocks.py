"""Blocks of a text, and the Markdown that they are kept as: each is made of the other."""

import pytest

from laplace_approx.words.blocks import heading, items, paragraph, read, table, written

TEXTS = {
    "heading": [heading("Exercise 1: a title")],
    "paragraphs": [paragraph("In `a`, b."), paragraph("p(a | y) = 1")],
    "list": [items(["`flat`: a", "b"])],
    "table": [table(["x", "1"], [["y", ""], ["`z`", 2.5]])],
    "bars": [table(["a | b", "n"], [["|x|", "1"], ["`p(x | y)`", "| 2"]])],
    "all": [heading("`a`"), items(["b"]), paragraph("c"), table(["", "d"], [["e", "f"]])],
}


@pytest.mark.parametrize("name", TEXTS)
def test_what_is_written_is_read(name):
    assert read(written(TEXTS[name])) == TEXTS[name]


def test_markdown_is_what_a_person_would_write():
    blocks = [
        heading("T"),
        paragraph("In `a`."),
        items(["b", "`c`"]),
        table(["x", "1"], [["y", 2]]),
    ]
    assert written(blocks) == (
        "# T\n\nIn `a`.\n\n- b\n- `c`\n\n| x | 1 |\n| --- | ---: |\n| y | 2 |\n"
    )


def test_anything_else_stays_text():
    (block,) = read("**bold** and\n## no heading")
    assert block == paragraph("**bold** and ## no heading")
