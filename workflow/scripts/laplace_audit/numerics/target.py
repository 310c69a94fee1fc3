"""The posterior of the audit's own: the model's log likelihood with a prior written anew."""

import csv
import inspect
from copy import copy
from functools import cache
from pathlib import Path

import numpy as np

from laplace_audit.numerics.coordinates import Space, coordinate
from laplace_audit.numerics.priors import Prior
from laplace_files.models.beside import local_modules, run_module

BLOCK = 2**12  # points given to a model at once


class Target:
    """log p(theta | data) + constant = log likelihood + log prior, of theta (..., d).

    Opened from the frozen record of a posterior, whose model and data files it runs and reads;
    raises what the model file raises.
    """

    def __init__(self, record: dict):
        data = record["data"]
        self.data = read_columns(data["file"], data.get("replicate", 1)) if data else {}
        path = Path(record["model"]["file"])
        self.names = vars(run_module("laplace_audited_model", path, local_modules(path)))
        transform = self.names.get("transformed_data")
        self.given = transform(self.data) if callable(transform) else self.data
        self.parameters = tuple(self._given("PARAMETERS"))
        self.prior = Prior(record["prior"]["definition"], self.parameters)
        support = self._given("SUPPORT") or {}
        ends = [support.get(name, (None, None)) for name in self.parameters]
        low = np.array([-np.inf if a is None else a for a, _ in ends], dtype=float)
        high = np.array([np.inf if b is None else b for _, b in ends], dtype=float)
        self.model_lower, self.model_upper = low, high
        self.lower, self.upper = (
            np.maximum(low, self.prior.lower),
            np.minimum(high, self.prior.upper),
        )
        self.quantities = dict(self.names.get("QUANTITIES") or {})
        self.conditions = dict(self.names.get("CONDITIONS") or {})

    def _given(self, name: str):
        value = self.names.get(name)
        return value(self.data) if callable(value) else value

    @property
    def everything(self) -> tuple[str, ...]:
        """The quantities of interest: the parameters, then the derived ones."""
        return (*self.parameters, *self.quantities)

    def log_density(self, theta):
        """Return the log density at theta (..., d): -inf outside the open support, or for NaN."""
        theta = np.asarray(theta, dtype=float)
        flat = theta.reshape(-1, len(self.parameters))
        value = np.full(len(flat), -np.inf)
        inside = np.flatnonzero(np.all((flat > self.lower) & (flat < self.upper), axis=-1))
        with np.errstate(all="ignore"):
            for start in range(0, inside.size, BLOCK):
                rows = inside[start : start + BLOCK]
                found = self.names["log_likelihood"](flat[rows].copy(), self.given)
                value[rows] = found + self.prior.log_density(flat[rows])
        return np.where(np.isnan(value), -np.inf, value).reshape(theta.shape[:-1])

    def space(self, definition: dict) -> Space:
        """Return the coordinates that a space's definition describes."""
        ends = zip(self.parameters, self.lower, self.upper, strict=True)
        chosen = [coordinate(definition.get(name, "identity"), *e) for name, *e in ends]
        return Space(chosen, self.lower, self.upper)

    def log_density_in(self, space: Space):
        """Return the log density of z: that of theta(z) and the Jacobian."""

        def of_z(z):
            theta = space.theta(z)
            with np.errstate(all="ignore"):
                value = self.log_density(theta) + space.log_jacobian(z)
            return np.where(np.isnan(value), -np.inf, value)

        return of_z

    def without_conditions(self) -> "Target":
        """Return the same posterior with its derived quantities looked at everywhere."""
        other = copy(self)
        other.conditions = {}
        return other

    def quantity(self, name: str, theta):
        """Return a parameter or derived quantity at theta (..., d), NaN where a parameter that it
        names is NaN."""
        if name in self.parameters:
            return np.asarray(theta)[..., self.parameters.index(name)]
        value = self._of(self.quantities[name], theta).astype(float)
        return np.where(self._there(self.quantities[name], theta), value, np.nan)

    def kept(self, name: str, theta):
        """Return where a quantity is looked at: its condition holds and it has a value."""
        return ~np.isnan(self.looked_at(name, theta))

    def looked_at(self, name: str, theta):
        """Return a quantity at theta (..., d), NaN where it is not looked at."""
        value = self.quantity(name, theta)
        if name not in self.conditions:
            return value
        return np.where(self.meets(name, theta), value, np.nan)

    def meets(self, name: str, theta):
        """Return where the condition of a quantity that has one holds."""
        condition = self.conditions[name]
        return self._of(condition, theta) & self._there(condition, theta)

    def conditioned_on(self, name: str) -> list[int]:
        """Return the numbers of the parameters that the condition of a quantity names."""
        condition = self.conditions.get(name)
        named = () if condition is None else _arguments(condition)
        return [i for i, p in enumerate(self.parameters) if p in named]

    def _there(self, function, theta):
        """Return where no parameter that a function names is NaN."""
        wanted = _arguments(function)
        columns = [i for i, p in enumerate(self.parameters) if p in wanted]
        return ~np.isnan(np.asarray(theta, dtype=float)[..., columns]).any(axis=-1)

    def _of(self, function, theta):
        wanted = _arguments(function)
        columns = {p: theta[..., i] for i, p in enumerate(self.parameters) if p in wanted}
        with np.errstate(all="ignore"):
            return np.broadcast_to(np.asarray(function(**columns)), np.shape(theta)[:-1]).copy()


@cache
def _arguments(function) -> frozenset[str]:
    return frozenset(inspect.signature(function).parameters)


def read_columns(path, times: int) -> dict[str, np.ndarray]:
    """Return the columns of a CSV file by name, all rows taken `times` over."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        names, *rows = [row for row in csv.reader(file) if any(cell.strip() for cell in row)]
    values = np.array(rows, dtype=float).T
    return {name.strip(): np.tile(v, times) for name, v in zip(names, values, strict=True)}
