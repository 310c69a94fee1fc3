"""JSON that is read back from disk, where anybody may have put anything: strict, and bounded.

A regular file alone is opened (a FIFO or a device would block or never end), no more bytes of it
are read than it may have, and the depth of its brackets is known before it is parsed.
"""

import json
import os
import re
import stat

MOST_BYTES = 2**28  # of an artifact in JSON
RECORD_BYTES = 2**24  # of the record of an artifact
DEEPEST = 64  # brackets within brackets

_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_NO_BRACKET = re.compile(rb"[^][{}]+")


def read_regular(path, most: int | None = None) -> bytes:
    """Return the bytes of a regular file; OSError or ValueError if it is none, or has too many."""
    with open(path, "rb", opener=open_at_once) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError("it is not a regular file")
        raw = file.read(-1 if most is None else most + 1)
    if most is not None and len(raw) > most:
        raise ValueError(f"it has more than {most} bytes")
    return raw


def open_at_once(path, flags: int) -> int:
    """Open without waiting for a writer, as a FIFO would before its kind can be looked at."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def parsed(raw: bytes):
    """Return the value of strict JSON in UTF-8; ValueError for anything else.

    Refused are NaN and Infinity, a key that stands twice in one object, text that is no UTF-8 when
    it is written again (half of a surrogate pair), and more than DEEPEST brackets within brackets.
    """
    text = raw.decode("utf-8")
    if _depth(raw) > DEEPEST:
        raise ValueError(f"it has more than {DEEPEST} brackets within brackets")
    value = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_once)
    if b"\\u" in raw:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    return value


def _depth(raw: bytes) -> int:
    """Return how deep the brackets outside of texts lie, or a number that it does not exceed."""
    most = raw.count(b"[") + raw.count(b"{")
    if most <= DEEPEST:
        return most
    depth = deepest = 0
    for character in _NO_BRACKET.sub(b"", _STRING.sub(b"", raw)):
        depth += 1 if character in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _refuse_constant(text):
    raise ValueError(f"{text} is not a JSON number")


def _once(pairs):
    record = dict(pairs)
    if len(record) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return record
