"""A Stan program as a model file, through BridgeStan."""

import math

import numpy as np

from laplace_adapters.parameters import Block, constants, in_rows, refuse

FAR = 60.0  # in Stan's unconstrained coordinates: exp(-60) is nothing beside a bound
SAME = 1e-9


def wrap(program, data=None) -> dict:
    """Return PARAMETERS, SUPPORT, START, log_likelihood and gradient of a Stan program.

    `program` is a path, compiled by BridgeStan (a C++ toolchain is needed, once), and `data` JSON
    text or a path to it; or `program` is a `bridgestan.StanModel` already made. The log density
    is Stan's without the Jacobian, in the natural parameters. Bounds, offsets and multipliers are
    found by asking Stan's own transforms. Raises TypeError for a joint constraint.
    """
    model = _compiled(program, data) if isinstance(program, str) else program
    names = [name.replace(".", "_") for name in model.param_names()]
    scales = _scales(model, names)
    blocks = [
        Block(name, (), scale.lower, scale.upper, start)
        for name, scale, start in zip(
            names, scales, model.param_constrain(np.zeros(len(names))), strict=True
        )
    ]

    def log_likelihood(theta, data):
        return in_rows(lambda rows: [_value(model, row) for row in rows], theta)

    def gradient(theta, data):
        tail = np.shape(theta)[-1:]
        return in_rows(lambda rows: [_slopes(model, scales, row) for row in rows], theta, tail)

    return {**constants(blocks), "log_likelihood": log_likelihood, "gradient": gradient}


def _compiled(program: str, data):
    import bridgestan

    for path in (program, data):  # compiled code reads them unseen; here it is seen that they count
        if isinstance(path, str) and not path.lstrip().startswith("{"):
            with open(path, "rb"):
                pass
    return bridgestan.StanModel(program, data=data, warn=False)


def _value(model, theta) -> float:
    """Return the log density of natural parameters (d,); NaN where Stan refuses them."""
    try:
        z = model.param_unconstrain(np.ascontiguousarray(theta))
        return model.log_density(z, propto=False, jacobian=False)
    except (RuntimeError, ValueError):
        return math.nan


def _slopes(model, scales, theta):
    """Return its gradient: that in Stan's coordinates z, divided by d theta / d z."""
    try:
        z = model.param_unconstrain(np.ascontiguousarray(theta))
        _, slopes = model.log_density_gradient(z, propto=False, jacobian=False)
    except (RuntimeError, ValueError):
        return np.full(len(theta), math.nan)
    steps = [scale.slope(value) for scale, value in zip(scales, theta, strict=True)]
    return np.asarray(slopes) / np.array(steps)


class _Scale:
    """How one parameter depends on its coordinate z: affine, exponential to a bound, or logistic.

    Found from its values at a few z, and checked at another.
    """

    def __init__(self, name: str, at):
        self.lower, self.upper, self.factor = -math.inf, math.inf, math.nan
        first, second = at(1.0) - at(0.0), at(2.0) - at(1.0)
        if math.isclose(second, first, rel_tol=SAME):
            self.factor = first
            expected = at(0.0) + 0.5 * first
        elif math.isclose(second, math.e * first, rel_tol=SAME):
            bound = at(-FAR)
            self.lower, self.upper = (bound, math.inf) if first > 0 else (-math.inf, bound)
            expected = bound + (at(0.0) - bound) * math.exp(0.5)
        else:
            self.lower, self.upper = at(-FAR), at(FAR)
            expected = self.lower + (self.upper - self.lower) / (1 + math.exp(-0.5))
        if not math.isclose(at(0.5), expected, rel_tol=1e-7, abs_tol=1e-7):
            raise refuse("Stan", name, "transformed in an unknown way")

    def slope(self, theta: float) -> float:
        """Return d theta / d z at theta."""
        if math.isfinite(self.lower) and math.isfinite(self.upper):
            return (theta - self.lower) * (self.upper - theta) / (self.upper - self.lower)
        if math.isfinite(self.lower):
            return theta - self.lower
        return theta - self.upper if math.isfinite(self.upper) else self.factor


def _scales(model, names) -> list[_Scale]:
    d = len(names)
    if model.param_unc_num() != d:
        raise refuse("Stan", "a parameter of the program", "one of a simplex or a matrix")

    def along(i: int):
        def at(z: float) -> float:
            point = np.zeros(d)
            point[i] = z
            found = model.param_constrain(point)
            others = np.arange(d) != i
            if not np.allclose(found[others], origin[others], rtol=SAME, atol=SAME):
                raise refuse("Stan", names[i], "bound to other parameters")
            return float(found[i])

        return at

    origin = np.asarray(model.param_constrain(np.zeros(d)))
    return [_Scale(name, along(i)) for i, name in enumerate(names)]
