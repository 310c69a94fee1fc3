"""What every job does first: send its output to the log, and end an error as a paragraph."""

import os
import sys
import traceback

from laplace_approx.errors import InputError


def start(log) -> None:
    """Send this process's output to the first file of `log` and report errors for people.

    The redirection is on the level of file descriptors, so that what a model's own compiled
    code prints goes to the log as well.
    """
    if log:
        os.makedirs(os.path.dirname(log[0]) or ".", exist_ok=True)
        descriptor = os.open(log[0], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        os.close(descriptor)
    sys.excepthook = _report


def _report(kind, error, trace) -> None:
    """Print one paragraph for a bad input, and the traceback for what nobody foresaw."""
    if issubclass(kind, InputError):
        print(f"Error: {error}", file=sys.stderr)
        return
    if issubclass(kind, OSError):
        print(f"Error: the system refused: {error}", file=sys.stderr)
    traceback.print_exception(kind, error, trace)
