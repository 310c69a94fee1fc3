"""A part of a case that fails costs itself only: the one place where a failure ends so.

A remedy, a signal, a joint measure: each is one opinion of many on a case, and none may take the
others with it. What is known to happen has its reason where it happens. This is for what nobody
foresaw, so it hides nothing: the traceback goes to the log of the job, and the reason in the
artifact holds the words of the error and asks for a report.
"""

import sys
import traceback
from collections.abc import Callable

import numpy as np

from laplace_approx.errors import Declined, InputError

# What is wrong with an input, the machine or the installation is no failure of a part.
PASSED_ON = (InputError, MemoryError, OSError, ImportError)
MOST_WORDS = 200  # characters of an error that a reason holds


def contained(run: Callable, instead: Callable):
    """Return `run()`, or where that fails `instead(reason)`: the part as it is without a value.

    NumPy is silent meanwhile. `Declined` is a result, and its message the reason. Passed on is what
    concerns all parts: a bad input, the end of the memory, an error of the system, a package that
    is not there, and all that ends a process.
    """
    try:
        with np.errstate(all="ignore"):
            return run()
    except PASSED_ON:
        raise
    except Declined as declined:
        return instead(f"it failed: {declined.message}")
    except Exception as error:
        traceback.print_exc(file=sys.stderr)
        return instead(unforeseen(error))


def unforeseen(error: Exception) -> str:
    """Return the reason of a part that failed by an error that nobody foresaw."""
    words = " ".join(str(error).split())[:MOST_WORDS]
    said = f"{type(error).__name__}: {words}" if words else type(error).__name__
    return f"it failed ({said}); please report this with the traceback in the log of the job"
