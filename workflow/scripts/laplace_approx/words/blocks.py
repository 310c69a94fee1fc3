"""A text as blocks: a heading, paragraphs, lists and tables; and the Markdown that they make.

An answer hands over blocks. A file holds them as Markdown, of which `read` knows just what
`written` writes, so that each is the other's inverse: anything else stays as it is, as text.
"""

import re
from typing import NamedTuple

BETWEEN = r"(?<!\\) \| "  # cells: a bar within one has a stroke before it


class Block(NamedTuple):
    """A part of a text. `kind` is "heading", "paragraph", "list" or "table".

    `content` is a line (heading, paragraph), a list of lines, or the rows of a table, heads first.
    A line is a list of (is_code, text).
    """

    kind: str
    content: list


def heading(text: str) -> Block:
    return Block("heading", line(text))


def paragraph(text: str) -> Block:
    return Block("paragraph", line(text))


def items(texts) -> Block:
    """Return a list, of at least one text."""
    return Block("list", [line(text) for text in texts])


def table(heads, rows) -> Block:
    """Return a table; the first column is text, the others numbers."""
    return Block("table", [[line(str(cell)) for cell in row] for row in (heads, *rows)])


def line(text: str) -> list[tuple[bool, str]]:
    """Return a line in pieces, each with whether it is code: what stands between backticks."""
    pieces = text.split("`")
    return [(bool(i % 2), piece) for i, piece in enumerate(pieces) if piece]


def written(blocks) -> str:
    """Return blocks as Markdown; they stand apart by an empty line."""
    return "\n\n".join(map(_markdown, blocks)) + "\n"


def _markdown(block: Block) -> str:
    kind, content = block
    if kind == "list":
        return "\n".join(f"- {_text(each)}" for each in content)
    if kind == "table":
        heads, *rows = ([_text(cell).replace("|", "\\|") for cell in row] for row in content)
        lines = [heads, ["---", *(["---:"] * (len(heads) - 1))], *rows]
        return "\n".join(f"| {' | '.join(each)} |" for each in lines)
    return f"# {_text(content)}" if kind == "heading" else _text(content)


def _text(pieces: list[tuple[bool, str]]) -> str:
    return "".join(f"`{piece}`" if is_code else piece for is_code, piece in pieces)


def read(markdown: str) -> list[Block]:
    """Return the blocks of a text that `written` wrote."""
    parts = re.split(r"\n\s*\n", markdown)
    return [_block(part.strip()) for part in parts if part.strip()]


def _block(part: str) -> Block:
    lines = part.split("\n")
    if len(lines) == 1 and part.startswith("# "):
        return heading(part.removeprefix("# "))
    if all(each.startswith("- ") for each in lines):
        return items(each.removeprefix("- ") for each in lines)
    if len(lines) > 2 and all(each.startswith("| ") for each in lines):
        heads, _, *rows = map(_cells, lines)
        return table(heads, rows)
    return paragraph(" ".join(lines))


def _cells(row: str) -> list[str]:
    cells = re.split(BETWEEN, row.removeprefix("| ").removesuffix(" |"))
    return [cell.strip().replace("\\|", "|") for cell in cells]
