"""Text for a terminal: what a name or a value from outside holds cannot move the cursor there.

A control character (ESC begins the commands of a terminal), a mark that turns the direction of
writing, or half of a surrogate pair (a byte of a file name that is no UTF-8) becomes its escape.
"""


def printable(text) -> str:
    """Return text with every character that does not print, but line ends, as its escape."""
    return "\n".join(map(one_line, str(text).split("\n")))


def one_line(text) -> str:
    """Return text with every character that does not print, line ends too, as its escape."""
    text = str(text)
    return text if text.isprintable() else "".join(map(_shown, text))


def _shown(character: str) -> str:
    return character if character.isprintable() else repr(character)[1:-1]
