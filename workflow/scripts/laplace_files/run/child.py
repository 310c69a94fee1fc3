"""A job in a child process, watched: its output goes to the log, and it keeps to its limits.

A model is foreign code. Whether it never returns, prints without end, crashes the interpreter or
asks for all memory, its job ends with a sentence that names the signal or the limit, and no other
job notices.
"""

import contextlib
import os
import resource
import select
import signal
import sys
import time
import warnings
from contextlib import suppress
from typing import NamedTuple

from laplace_approx.errors import InputError
from laplace_approx.words.printable import printable

LOG_BYTES = 16 * 1024 * 1024
_PIECE = 65536
_LOOK_EVERY = 0.2  # seconds: how late a time limit, or the end of a job with children, is seen


class Limits(NamedTuple):
    """What a job may use: minutes of wall-clock time and MB beyond its imports; None for all."""

    minutes: float | None = None
    megabytes: float | None = None


def limits_of(resources) -> Limits:
    """Return the limits that Snakemake's resources `runtime` (minutes) and `mem_mb` set."""
    return Limits(*(_positive(resources.get(name)) for name in ("runtime", "mem_mb")))


def _positive(value) -> float | None:
    return value if isinstance(value, int | float) and value > 0 else None


def become_child(log: str, limits: Limits, name: str, finish) -> None:
    """Fork; return in the child, whose output goes through a pipe to the file `log`.

    The parent never returns: it waits, calls `finish()` if the child has ended well, and exits
    with the child's status (128 + n for signal n).
    """
    output, into = os.pipe()
    run = os.getppid()
    with warnings.catch_warnings():
        # Python warns of forking with threads: those of BLAS know how to be forked
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        os.close(output)
        os.dup2(into, 1)
        os.dup2(into, 2)
        os.close(into)
        limit_memory(limits.megabytes)
        return
    os.close(into)
    status = 1
    try:
        status = _watch(child, output, log, limits, name, finish, run)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        said = f"Error: {name} could not be watched, and was stopped: {error}"
        print(printable(said), file=sys.stderr)
    finally:
        sys.stderr.flush()
        os._exit(status)


def limit_memory(megabytes: float | None) -> None:
    """Let this process allocate no more than `megabytes` beyond what it has now (on Linux)."""
    if megabytes is None:
        return
    pages = _data_pages()
    if pages is not None:
        most = int(megabytes * 1e6) + pages * resource.getpagesize()
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def _data_pages() -> int | None:
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[5])
    except OSError:
        return None


def _watch(child: int, output: int, log: str, limits: Limits, name: str, finish, run: int) -> int:  # noqa: PLR0913
    """Wait for a child; return the status to exit with.

    Many arguments: those of `become_child`, and both processes.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the child as well: it ends it
    signal.signal(signal.SIGTERM, lambda number, frame: os.kill(child, number))
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    status, late = _pump(child, output, file, limits, run)
    code = os.waitstatus_to_exitcode(status)
    if os.getppid() != run:
        _say(file, f"Error: {name} was stopped, since the run that it belongs to is dead.")
    elif late:
        _say(file, _too_long(name, limits))
    elif code < 0:
        _say(file, _ended_by(name, -code, limits))
    elif code == 0:
        return _finish(file, finish)
    return code if code > 0 else 128 - code


def _pump(child: int, output: int, file: int, limits: Limits, run: int) -> tuple[int, bool]:
    """Copy output to the log until the child ends; return its status, and whether it was late.

    A child whose run has died, so that this process has another parent, is killed: the next run
    is free to begin, and would meet it.
    """
    until = time.monotonic() + 60 * limits.minutes if limits.minutes else None
    left, late, open_still = LOG_BYTES, False, True
    while True:
        if open_still and select.select([output], [], [], _LOOK_EVERY)[0]:
            piece = os.read(output, _PIECE)
            open_still = bool(piece)
            left = _log(file, piece, left)
        elif not open_still:
            time.sleep(0.001)
        late = late or bool(until and time.monotonic() > until)
        if late or os.getppid() != run:
            os.kill(child, signal.SIGKILL)
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            _drain(output, file, left)
            return status, late


def _drain(output: int, file: int, left: int) -> None:
    """Copy what the pipe holds; a process that the job left behind may keep it open."""
    os.set_blocking(output, False)
    try:
        while left > 0 and (piece := os.read(output, _PIECE)):
            left = _log(file, piece, left)
    except BlockingIOError:
        pass


def _log(file: int, piece: bytes, left: int) -> int:
    """Write as much of a piece as the log may hold; return how many bytes it may hold then."""
    if left <= 0:
        return left
    _write(file, piece[:left])
    if len(piece) >= left:
        _say(file, f"The log ends here: a job may print {LOG_BYTES // 2**20} MiB.")
    return left - len(piece)


def _write(file: int, raw: bytes) -> None:
    with suppress(OSError):  # a full disk: the job itself finds out when it writes what counts
        os.write(file, raw)


def _say(file: int, text: str) -> None:
    _write(file, f"\n{printable(text)}\n".encode())


def _too_long(name: str, limits: Limits) -> str:
    return (
        f"Error: {name} did not end within its time limit of {limits.minutes:g} min, and was "
        "stopped (SIGKILL). Look for a loop without end in the model, or allow more: snakemake "
        "--default-resources runtime=MINUTES"
    )


def _ended_by(name: str, number: int, limits: Limits) -> str:
    hint = ""
    if number in (signal.SIGABRT, signal.SIGKILL, signal.SIGSEGV, signal.SIGBUS):
        hint = " A crash of compiled code or too little memory does that."
        if limits.megabytes:
            hint += f" Its limit is {limits.megabytes:g} MB (mem_mb)."
    return f"Error: {name} was ended by {signal_name(number)}.{hint} Other jobs are not affected."


def signal_name(number: int) -> str:
    """Return "SIGKILL" for 9, "signal 40" for one that has no name."""
    known = {each.value: each.name for each in signal.Signals}
    return known.get(number, f"signal {number}")


def _finish(file: int, finish) -> int:
    try:
        finish()
    except InputError as error:
        _say(file, f"Error: {error}.")
        return 1
    except Exception as error:
        _say(file, f"Error: the record of the artifacts could not be written: {error}")
        return 1
    return 0
