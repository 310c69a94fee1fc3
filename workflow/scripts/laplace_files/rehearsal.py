"""The functions of a model, each called once at its start, before anything is computed.

A name that is not there (a column in the wrong case, a function that was never imported) is a fault
of the file, and found here. What the numbers do at the start, be it an exception, is for the search
of the mode to judge. What the model reads as it is called has been read by then.
"""

import difflib
import traceback

import numpy as np

from laplace_approx.errors import InputError
from laplace_approx.model import Model, condition_holds, evaluate_quantity
from laplace_approx.raised import asked_to_stop, said
from laplace_files.watch import watch_of

# what Python raises for a name, an attribute, a key, a call or an import that is wrong
MISTAKES = (KeyError, AttributeError, NameError, TypeError, ImportError)
MOST_POINTS = 128
FEWEST_POINTS = 16
MOST_NUMBERS = 2**18  # points times rows of data
MOST_COLUMNS = 8  # named in a message


def rehearse(file: str, model: Model, data: dict) -> None:
    """Call the functions of a model loaded from `file` at its start, and in a small batch there.

    Raises InputError for a mistake of programming (`MISTAKES`) and for what a model may not do;
    whatever else is raised is left to those who compute.
    """
    few = max(FEWEST_POINTS, min(MOST_POINTS, MOST_NUMBERS // max(1, model.n_data)))
    batch = np.tile(model.start, (few, 1))
    vector = np.ones_like(model.start)
    calls = {
        "log_likelihood": (model.log_likelihood, (model.start,)),
        "gradient": (model.gradient, (model.start,)),
        "hessian": (model.hessian, (model.start,)),
        "hessian_vector_product": (model.hessian_vector_product, (model.start, vector)),
    }
    with np.errstate(all="ignore"):
        for name, (function, arguments) in calls.items():
            if function is not None:
                _call(file, name, function, arguments, data)
        _quietly(model.log_likelihood, batch)
        for name in model.quantities:
            _quietly(evaluate_quantity, model, name, batch)
            _quietly(condition_holds, model, name, batch)


def _call(file: str, name: str, function, arguments, data: dict) -> None:
    try:
        function(*(each.copy() for each in arguments))
    except InputError:
        raise
    except MISTAKES as error:
        place = place_of(file, error)
        raise InputError(
            f"{place}: {name} raised {said(error)} at the start of the model. "
            f"{_hint(error, data) or 'Mend the function: it is called so for every point'}."
        ) from error
    except BaseException as error:
        if asked_to_stop(error):
            raise


def _quietly(function, *arguments) -> None:
    try:
        function(*arguments)
    except InputError:
        raise
    except BaseException as error:
        if asked_to_stop(error):
            raise


def place_of(file: str, error: BaseException) -> str:
    """Return "FILE, line N" of the last line of the model that an exception came through."""
    own = watch_of(file).own
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename in own]
    return f"{frames[-1].filename}, line {frames[-1].lineno}" if frames else file


def _hint(error: BaseException, data: dict) -> str:
    """Return what the data have instead, where an exception is of a column that they lack."""
    key = error.args[0] if isinstance(error, KeyError) and error.args else None
    if not isinstance(key, str) or key in data:
        return ""
    if not data:
        return f"There is no column {key!r:.80}, for the model has no data: name a file under data"
    near = sorted(data, key=lambda name: -_likeness(name, key))
    more = f", ... ({len(near)} in all)" if len(near) > MOST_COLUMNS else ""
    return (
        f"The data have no column {key!r:.80}; they have, the nearest first: "
        f"{', '.join(near[:MOST_COLUMNS])}{more}. Case counts: rename the column, or ask for it "
        "by the name that it has"
    )


def _likeness(name: str, key: str) -> float:
    return difflib.SequenceMatcher(None, name.casefold(), key.casefold()[:100]).ratio()
