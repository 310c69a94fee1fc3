"""Text for pictures: drawn literally, wrapped by its measured width, numbers at a useful length."""

import functools
import re
import unicodedata
import warnings

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

FONT = "DejaVu Sans"  # bundled with matplotlib, so every machine draws the same letters
ELLIPSIS = "…"


def literal(text) -> str:
    """Return `text` on one line with what no SVG file can hold (control characters, lone
    surrogates, unassigned code points) replaced by U+FFFD and white space made single."""
    one_line = " ".join(str(text).split())
    return "".join(
        "\ufffd" if unicodedata.category(letter) in ("Cc", "Cs", "Cn") else letter
        for letter in one_line
    )


@functools.lru_cache(maxsize=4096)
def width(text: str, size: float, weight: str = "normal") -> float:
    """Return the width in points of one line of `text` at font size `size`."""
    font = FontProperties(family=FONT, size=size, weight=weight)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        return float(text_to_path.get_text_width_height_descent(text, font, ismath=False)[0])


def wrap(text, points: float, size: float, lines: int | None = None, weight="normal") -> str:
    """Return `text` (literal) in lines at most `points` wide; words too long are broken.

    With `lines`, the middle of a text that needs more is replaced by an ellipsis: names often
    differ at their end only.
    """
    text = literal(text)
    rows = _rows(text, points, size, weight)
    if lines is None or len(rows) <= lines:
        return "\n".join(rows)
    low, high = 1, len(text)  # the number of letters kept: `low` fits, `high` does not
    while high - low > 1:
        keep = (low + high) // 2
        if len(_rows(_elided(text, keep), points, size, weight)) <= lines:
            low = keep
        else:
            high = keep
    return "\n".join(_rows(_elided(text, low), points, size, weight))


def _elided(text: str, keep: int) -> str:
    return text[: (keep + 1) // 2] + ELLIPSIS + text[len(text) - keep // 2 :]


def _rows(text: str, points: float, size: float, weight: str) -> list[str]:
    rows = [""]
    for word in text.split(" "):
        longer = f"{rows[-1]} {word}" if rows[-1] else word
        if width(longer, size, weight) <= points:
            rows[-1] = longer
            continue
        pieces = _broken(word, points, size, weight)
        rows = (rows if rows[-1] else rows[:-1]) + pieces
    return rows


def _broken(word: str, points: float, size: float, weight: str) -> list[str]:
    """Cut a word into pieces that fit, after a joining mark where the cut stays near the end."""
    pieces = []
    while width(word, size, weight) > points and len(word) > 1:
        low, high = 1, len(word)
        while high - low > 1:
            middle = (low + high) // 2
            if width(word[:middle], size, weight) <= points:
                low = middle
            else:
                high = middle
        marks = [mark.end() for mark in re.finditer(r"[_./\-]", word[:low])]
        cut = marks[-1] if marks and marks[-1] > low / 2 else low
        pieces.append(word[:cut])
        word = word[cut:]
    return [*pieces, word]


def label(name, units=None, points: float = 200.0, size: float = 9.0, lines: int = 2) -> str:
    """Return an axis label "name (unit)"; the name is shortened first, the unit kept.

    `units` maps a name to its unit, or to (what to call it, unit) as `axis_texts` gives it.
    """
    spoken = (units or {}).get(name, "")
    name, unit = spoken if isinstance(spoken, tuple) else (name, spoken)
    unit = literal(unit)
    if not unit:
        return wrap(name, points, size, lines)
    whole = wrap(f"{literal(name)} ({unit})", points, size)
    if whole.count("\n") < lines:
        return whole
    short = wrap(name, points, size, max(lines - 1, 1))
    return f"{short}\n{wrap(f'({unit})', points, size, 1)}"


def axis_texts(record: dict) -> dict[str, tuple[str, str]]:
    """Return {name: (what to call it, unit)} from the record of a posterior."""
    labels, units = record["labels"], record["units"]
    return {name: (labels.get(name, name), units.get(name, "")) for name in {**labels, **units}}
