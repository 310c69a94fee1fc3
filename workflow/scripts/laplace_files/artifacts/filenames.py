"""Names of files in a session whose encoding has no accents, as under LC_ALL=C without UTF-8."""

import logging
import sys


def nameable(text: str) -> bool:
    """Return whether text can be the name of a file here."""
    try:
        text.encode(sys.getfilesystemencoding(), sys.getfilesystemencodeerrors())
    except UnicodeEncodeError:
        return False
    return True


def escape_what_streams_lack(logger: logging.Logger) -> None:
    """Let what a logger writes to escape the characters that its encoding lacks.

    Else each line that names a folder with an accent becomes a traceback of the logging itself.
    """
    streams = [getattr(handler, "stream", None) for handler in logger.handlers]
    for stream in (sys.stdout, sys.stderr, *streams):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
