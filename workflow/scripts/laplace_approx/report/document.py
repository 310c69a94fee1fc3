"""The Markdown that the exercises are answered in, taken apart: it is `exercises.wording`'s own.

Only what that module writes is known: headings, paragraphs, lists, tables, and `code` in a line.
Anything else stays as it is written, as text.
"""

import re
from typing import NamedTuple


class Block(NamedTuple):
    """A part of a document. `kind` is "heading", "paragraph", "list" or "table".

    `content` is a line (heading, paragraph), a list of lines, or the rows of a table, heads first.
    A line is a list of (is_code, text).
    """

    kind: str
    content: list


def blocks(text: str) -> list[Block]:
    """Return the blocks of a document; they stand apart by an empty line."""
    return [_block(part.strip()) for part in re.split(r"\n\s*\n", text) if part.strip()]


def _block(part: str) -> Block:
    lines = part.split("\n")
    if len(lines) == 1 and part.startswith("# "):
        return Block("heading", line(part.removeprefix("# ")))
    if all(each.startswith("- ") for each in lines):
        return Block("list", [line(each.removeprefix("- ")) for each in lines])
    if len(lines) > 2 and all(each.startswith("| ") for each in lines):
        rows = [
            [line(cell.strip()) for cell in each[1:-1].split(" | ")]
            for each in lines[:1] + lines[2:]
        ]
        return Block("table", rows)
    return Block("paragraph", line(" ".join(lines)))


def line(text: str) -> list[tuple[bool, str]]:
    """Return a line in pieces, each with whether it is code."""
    pieces = text.split("`")
    return [(bool(i % 2), piece) for i, piece in enumerate(pieces) if piece]
