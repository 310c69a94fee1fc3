"""The functions of a model, each called once at its start, before anything is computed.

A name that is not there (a column in the wrong case, a function that was never imported) is a fault
of the file, and found here. What the numbers do at the start, be it an exception, is for the search
of the mode to judge. What the model reads as it is called has been read by then.
"""

import traceback

import numpy as np

from laplace_approx.density.model import Model, condition_holds, evaluate_quantity
from laplace_approx.errors import InputError
from laplace_approx.words.raised import asked_to_stop, said
from laplace_files.models.missing import missing_column
from laplace_files.models.watch import watch_of

# what Python raises for a name, an attribute, a key, a call or an import that is wrong
MISTAKES = (KeyError, AttributeError, NameError, TypeError, ImportError)
MOST_POINTS = 128
FEWEST_POINTS = 16
MOST_NUMBERS = 2**18  # points times rows of data


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
        fix = missing_column(error, data) or "Mend it: it is called so for every point."
        raise InputError(
            f"{place_of(file, error)}: {name} raised {said(error)} at the start of the model. {fix}"
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
