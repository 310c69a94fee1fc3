"""A page taken apart: its tags, their attributes, and its text, by the parser of the library."""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

EMPTY = {"meta", "link", "img", "br", "wbr", "hr", "input"}


class Parts(HTMLParser):
    """The tags of a page as (name, attributes), its text, and whether every tag is closed."""

    def __init__(self, html: str):
        super().__init__()
        self.tags, self.text, self.open, self.faults = [], [], [], []
        self.feed(html)
        self.close()
        self.faults += [f"{name} is not closed" for name in self.open]

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"{tag} is closed and was not open, at {self.getpos()}")

    def handle_data(self, data):
        self.text.append(data)

    def of(self, name: str) -> list[dict]:
        """Return the attributes of every tag of a name."""
        return [attributes for tag, attributes in self.tags if tag == name]

    def values(self, *names: str) -> list[str]:
        """Return the values of these attributes, wherever they are."""
        return [attrs[name] for _, attrs in self.tags for name in names if name in attrs]

    def dangling(self, folder: Path) -> list[str]:
        """Return the links that lead nowhere: to no id of the page, or to no file."""
        ids = set(self.values("id"))
        links = [link for link in self.values("href") if not link.startswith("data:")]
        inner = [link for link in links if link.startswith("#") and unquote(link[1:]) not in ids]
        outer = {link for link in links if not link.startswith("#")}
        return inner + [
            link for link in outer if not (folder / unquote(urlsplit(link).path)).exists()
        ]
