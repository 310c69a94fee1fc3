"""Text from a file that a person wrote: regular, of bounded size, in UTF-8."""

import os
import stat

from laplace_approx.errors import InputError


def read_text(path, max_bytes: int) -> str:
    """Return the text of a UTF-8 file, without its byte order mark if it has one.

    Raises `InputError` for what is not there, cannot be read, is not a regular file (a FIFO or a
    device would block or never end), exceeds `max_bytes`, has another size than it says, or is not
    UTF-8 (with line and byte). The files of /proc and /sys look regular and have no size or a wrong
    one: what is in them, the environment of a process say, must never be shown.
    """
    raw = _read_bytes(path, max_bytes)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{path}, line {line}: byte 0x{raw[error.start]:02x} is not UTF-8 (the file may be "
            "Latin-1 or UTF-16); save it as UTF-8"
        ) from None


def _read_bytes(path, max_bytes: int) -> bytes:
    try:
        with open(path, "rb", opener=_open_at_once) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise InputError(f"{path}: is not a regular file (a device, pipe or socket)")
            raw = file.read(max_bytes + 1)
    except FileNotFoundError:
        raise InputError(
            f"{path}: there is no such file; paths are relative to the working directory"
        ) from None
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{path!s:.200}: cannot be read ({reason})") from None
    if len(raw) > max_bytes:
        size = max(status.st_size, len(raw))
        raise InputError(f"{path}: has {size} bytes; at most {max_bytes} are read")
    if len(raw) != status.st_size:
        raise InputError(
            f"{path}: is no ordinary file, or is being written to: it says that it has "
            f"{status.st_size} bytes, and {len(raw)} were read; name a file of your own"
        )
    return raw


def _open_at_once(path, flags: int) -> int:
    """Open without waiting for a writer, as a FIFO would before its kind can be looked at."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
