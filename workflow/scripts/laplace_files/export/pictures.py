"""Pictures inside a page: an SVG file as a data URI, its numbers no finer than an eye can see."""

import re
from pathlib import Path
from urllib.parse import quote

_DRAWN = re.compile(r'\b(d|x|y|points)="([^"]*)"')
_NUMBER = re.compile(r"-?\d+\.\d+")
_POINTS = re.compile(
    r'<use xlink:href="#(\w+)"[^>]*? style="([^"]*)"/>'
    r'(?: <use xlink:href="#\1"[^>]*? style="\2"/>)+'
)
_MARKER = re.compile(r"\bm[0-9a-f]{10}\b")
_METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
_PLAIN = " /:=,;()*!'+?@$"  # what a URI in quotes may hold as it is


def data_uri(path) -> str:
    """Return an SVG file as a data URI, shortened."""
    text = shortened(path)
    if "'" not in text:
        text = text.replace('"', "'")  # which a URI holds as it is
    return "data:image/svg+xml," + quote(text, safe=_PLAIN)


def shortened(path) -> str:
    """Return the text of an SVG file in half of its bytes.

    Coordinates are rounded to a hundredth of a point, the style of a cloud of points is said once,
    and its marker has a short name.
    """
    text = Path(path).read_text(encoding="utf-8")
    text = _METADATA.sub("", text[text.index("<svg") :])
    text = " ".join(_DRAWN.sub(_rounded, text).split())
    text = _POINTS.sub(_styled_once, text).replace("xlink:href=", "href=")
    short = {name: f"m{i}" for i, name in enumerate(dict.fromkeys(_MARKER.findall(text)))}
    return _MARKER.sub(lambda marker: short[marker[0]], text)


def _styled_once(points) -> str:
    style = f' style="{points[2]}"'
    return f"<g{style}>{points[0].replace(style, '')}</g>"


def _rounded(attribute) -> str:
    numbers = _NUMBER.sub(
        lambda found: f"{float(found[0]):.2f}".rstrip("0").rstrip("."), attribute[2]
    )
    return f'{attribute[1]}="{numbers}"'


def size_of(path) -> tuple[float, float]:
    """Return width and height of an SVG file in points, so that a page knows its room."""
    head = Path(path).read_text(encoding="utf-8")[:2000]
    found = [re.search(rf'\b{side}="([\d.]+)pt"', head) for side in ("width", "height")]
    width, height = (float(each[1]) if each else 0.0 for each in found)
    return width, height
