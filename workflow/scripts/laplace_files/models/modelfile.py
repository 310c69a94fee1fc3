"""A model from the one Python file that holds it.

**This runs the file.** It is the only code that a configuration may name, it has all the rights of
the person who runs the workflow, and nothing here confines it: name only files that you trust.
What is run is known: the file and the modules beside it that it imports (`model_files`) are the
only ones that can be imported from its folder, and they are what the posterior's record hashes.

The file defines, for `theta` of shape `(..., d)` and `data` a dict of columns:

    PARAMETERS = ("alpha", "beta")                    # or a function of data
    def log_likelihood(theta, data): ...              # -> (...)

and, where they help, SUPPORT, START (each may be a function of data), gradient, hessian,
hessian_vector_product, transformed_data, QUANTITIES, CONDITIONS, COLUMNS, check, monotone, UNITS
and LABELS: see `load_model`. No log
likelihood is evaluated here: what it gives is looked at when the mode is sought.
"""

import ast
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from laplace_approx.density.model import Model
from laplace_approx.errors import InputError
from laplace_approx.words.names import nearest, suggestion
from laplace_approx.words.raised import asked_to_stop, said
from laplace_files.models import parts
from laplace_files.models.beside import local_modules, run_module
from laplace_files.models.missing import missing_column
from laplace_files.models.watch import Refused, new_watch
from laplace_files.run.code import adapter_files

CONSTANTS = (
    "PARAMETERS",
    "SUPPORT",
    "START",
    "QUANTITIES",
    "CONDITIONS",
    "COLUMNS",
    "UNITS",
    "LABELS",
)
FUNCTIONS = {
    "log_likelihood": ("theta", "data"),
    "gradient": ("theta", "data"),
    "hessian": ("theta", "data"),
    "hessian_vector_product": ("theta", "v", "data"),
    "transformed_data": ("data",),
    "check": ("data",),
    "monotone": ("data",),
}
MAX_ROWS_LISTED = 5
# The name under which the file runs, for what Python itself looks up while it does (dataclasses).
_MODULE_NAME = "laplace_model_file"


def load_model(path, data: dict[str, np.ndarray]) -> Model:
    """Run the model file at `path` and return its model, bound to `data`.

    - `PARAMETERS`: names; `SUPPORT`: name to (lower, upper), None where unbounded, the default;
      `START`: a point inside the support, by default 0 or what is near it. Each may be a function
      of the data.
    - `COLUMNS`: the exact set of columns of the data; `check(data)` yields (column, mask of bad
      rows, requirement in words).
    - `gradient(theta, data)`, `hessian(theta, data)`, `hessian_vector_product(theta, v, data)`:
      derivatives of the log likelihood.
    - `transformed_data(data)`: what these and the log likelihood get in the place of the columns,
      computed once (a design matrix, say).
    - `QUANTITIES`: name to a function of parameters that it names; `CONDITIONS`: for some of
      them, where it is looked at; `UNITS`, `LABELS`: name to text.
    - `monotone(data)`: (m, d), linear forms whose increase never lowers the likelihood.

    Raises `InputError`, naming the file, what offends and the fix, for everything that breaks
    this contract, and for any exception of the file itself with the line in which it arose.
    """
    return _ModelFile(path, dict(data)).model()


def model_files(path) -> list[Path]:
    """Return the model file, the files beside it that it imports, transitively, and its adapter."""
    beside = sorted(set(local_modules(path).values()) - {Path(path)})
    return [Path(path), *beside, *adapter_files([Path(path), *beside])]


def lambda_texts(path, constant: str) -> dict[str, str]:
    """Return {name: body} of the lambdas in a dict that the file assigns to `constant`.

    For people to read: a function that is not a lambda in a dict written out has no text.
    """
    dicts = [
        node.value
        for node in ast.parse(Path(path).read_bytes()).body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Dict)
        and any(isinstance(target, ast.Name) and target.id == constant for target in node.targets)
    ]
    return {
        key.value: ast.unparse(value.body)
        for found in dicts
        for key, value in zip(found.keys, found.values, strict=True)
        if isinstance(key, ast.Constant) and isinstance(value, ast.Lambda)
    }


class _ModelFile:
    """One model file: the names that it defines, and the data that they are bound to."""

    def __init__(self, path, data: dict[str, np.ndarray]):
        self.path = Path(path)
        self.data = data
        self.beside = local_modules(self.path)
        self.watch = new_watch(path)
        self.watch.add([self.path, *self.beside.values()])
        self.names = self._run()

    def model(self) -> Model:
        self._check_spelling()
        functions = {name: self._function(name) for name in FUNCTIONS}
        if functions["log_likelihood"] is None:
            raise self._error("there is no log_likelihood; define log_likelihood(theta, data)")
        self._check_columns()
        self._check_rows(functions["check"])
        return self._assemble(functions)

    def _assemble(self, functions: dict[str, Callable | None]) -> Model:
        watched = self.watch.watched
        value = {name: self._value(name) for name in CONSTANTS}
        forms = self._call("monotone(data)", functions["monotone"])
        transform = functions["transformed_data"]
        data = self._call("transformed_data(data)", transform) if transform else self.data
        with self._named():
            parameters = parts.parameters(value["PARAMETERS"])
            lower, upper = parts.support(value["SUPPORT"], parameters)
            quantities = parts.quantities(value["QUANTITIES"], parameters)
            conditions = parts.conditions(value["CONDITIONS"], parameters, quantities)
            asked = (*parameters, *quantities)
            return Model(
                name=self.path.stem,
                parameters=parameters,
                log_likelihood=_bound(watched(functions["log_likelihood"]), data),
                gradient=_bound(watched(functions["gradient"]), data),
                hessian=_bound(watched(functions["hessian"]), data),
                lower=lower,
                upper=upper,
                start=parts.start(value["START"], parameters, lower, upper),
                quantities={name: watched(each) for name, each in quantities.items()},
                conditions={name: watched(each) for name, each in conditions.items()},
                monotone=None if forms is None else parts.monotone(forms, len(parameters)),
                units=parts.texts("UNITS", value["UNITS"], asked),
                labels=parts.texts("LABELS", value["LABELS"], asked),
                n_data=max((np.size(column) for column in self.data.values()), default=1),
                hessian_vector_product=_bound(watched(functions["hessian_vector_product"]), data),
            )

    def _run(self) -> dict:
        """Return everything that the file defines when it is run."""
        with self._guarded("running the file"):
            return vars(run_module(_MODULE_NAME, self.path, self.beside))

    def _check_spelling(self) -> None:
        """Refuse a name that is nearly one of the contract's: it would be ignored in silence."""
        for name, value in self.names.items():
            own = callable(value) and getattr(value, "__module__", None) == _MODULE_NAME
            if name in CONSTANTS or name in FUNCTIONS or not (own or name.isupper()):
                continue
            contract = CONSTANTS if name.isupper() else FUNCTIONS
            absent = [known for known in contract if known not in self.names]
            # A short name is like another by chance (STATE, START).
            near = nearest(name, absent, cutoff=0.77 if len(name) > 5 else 0.85)
            if near is not None:
                raise self._error(f"{name} is nearly {near}, which is not defined; rename it")

    def _function(self, name: str) -> Callable | None:
        function = self.names.get(name)
        if function is None:
            return None
        if not callable(function):
            raise self._error(f"{name} is {function!r:.80}, not a function; define it with def")
        with self._named():
            parts.check_call(name, function, FUNCTIONS[name])
        return function

    def _value(self, name: str):
        """Return what the file gives for a constant, which some models compute from the data."""
        value = self.names.get(name)
        if name in ("PARAMETERS", "SUPPORT", "START") and callable(value):
            with self._named():
                parts.check_call(name, value, ("data",))
            return self._call(f"{name}(data)", value)
        return value

    def _check_columns(self) -> None:
        if self.names.get("COLUMNS") is None:
            return
        with self._named():
            wanted = parts.columns(self.names["COLUMNS"])
        missing = [name for name in wanted if name not in self.data]
        extra = [name for name in self.data if name not in wanted]
        if not missing and not extra:
            return
        if not self.data:
            needed = ", ".join(wanted)
            raise self._error(f"the model needs the columns {needed}; give the configuration data")
        faults = [f"lacks {name!r} ({suggestion(name, extra)})" for name in missing]
        faults += [f"has {name!r}, which the model does not use" for name in extra]
        raise self._error(
            f"the data {'; '.join(faults)}. The model takes exactly: {', '.join(wanted)}"
        )

    def _check_rows(self, check: Callable | None) -> None:
        """Hold the data against what check(data) requires of its rows."""
        found = self._call("check(data)", check, lambda items: list(items or ())) or []
        faults = [self._rows_fault(item) for item in found]
        faults = [fault for fault in faults if fault]
        if faults:
            raise self._error(f"the data do not suit the model: {'; '.join(faults)}")

    def _rows_fault(self, item) -> str | None:
        try:
            column, bad, requirement = item
            values = self.data[column]
            bad = np.broadcast_to(np.asarray(bad), values.shape)
        except (TypeError, ValueError, KeyError):
            raise self._error(
                f"check(data) yields {item!r:.80}; it yields (column, mask of bad rows, "
                "requirement in words)"
            ) from None
        if bad.dtype != bool:
            raise self._error(f"check(data) yields a mask of {bad.dtype} for {column}, not bool")
        rows = np.flatnonzero(bad)
        if not rows.size:
            return None
        # As a spreadsheet counts: the header is row 1.
        shown = ", ".join(f"{values[i]:.15g} in row {i + 2}" for i in rows[:MAX_ROWS_LISTED])
        more = f" and {rows.size - MAX_ROWS_LISTED} more" if rows.size > MAX_ROWS_LISTED else ""
        return f"column {column} has {shown}{more}, where {requirement} is due"

    def _call(self, what: str, function: Callable | None, of=lambda value: value):
        """Return of(function(data)), or None without a function."""
        if function is None:
            return None
        with self._guarded(what):
            return of(function(self.data))

    @contextmanager
    def _guarded(self, what: str) -> Iterator[None]:
        """Turn whatever the file raises into an `InputError` with the line where it arose."""
        try:
            with self.watch.watching():
                yield
        except Refused:
            raise
        except BaseException as error:
            if asked_to_stop(error):
                raise
            fix = missing_column(error, self.data)
            raise InputError(
                f"{self._place(error)}: {what} raised {said(error)}{'. ' if fix else ''}{fix}"
            ) from error

    def _place(self, error: BaseException) -> str:
        """Return the last line, of the file or those beside it, that an exception came through."""
        if isinstance(error, SyntaxError) and error.filename:
            return f"{error.filename}, line {error.lineno}"
        own = {str(file) for file in (self.path, *self.beside.values())}
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename in own]
        return f"{frames[-1].filename}, line {frames[-1].lineno}" if frames else str(self.path)

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except InputError as error:
            raise self._error(str(error)) from None

    def _error(self, problem: str) -> InputError:
        return InputError(f"{self.path}: {problem}")


def _bound(function: Callable | None, data) -> Callable | None:
    """Return the function of all its arguments but the last, which is the data."""
    return None if function is None else lambda *arguments: function(*arguments, data)
