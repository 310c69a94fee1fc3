"""A PyMC model as a model file."""

import numpy as np

from laplace_adapters.parameters import Block, constants, in_rows, refuse

_BOUNDS = {
    "NoneType": (-np.inf, np.inf),
    "LogTransform": (0.0, np.inf),
    "LogExpM1": (0.0, np.inf),
    "LogOddsTransform": (0.0, 1.0),
    "CircularTransform": (-np.pi, np.pi),
}


def wrap(model) -> dict:
    """Return PARAMETERS, SUPPORT, START, log_likelihood and gradient of a `pymc.Model`.

    The log density is `model.logp()` of the model without its value transforms, which is that of
    the natural parameters; a variable of shape (2,) becomes `name_0` and `name_1`. Compiled when
    it is first called, without a C compiler. Raises TypeError for a discrete variable and for one
    with a joint constraint (simplex, ordered, Cholesky factor, ...).
    """
    blocks = _blocks(model)
    compiled = _Compiled(model, [block.name for block in blocks])

    def log_likelihood(theta, data):
        return in_rows(lambda rows: compiled("value", rows), theta)

    def gradient(theta, data):
        return in_rows(lambda rows: compiled("gradient", rows), theta, np.shape(theta)[-1:])

    return {**constants(blocks), "log_likelihood": log_likelihood, "gradient": gradient}


def _blocks(model) -> list[Block]:
    start = _natural(model).initial_point()
    return [_block(model, variable, start[variable.name]) for variable in model.free_RVs]


def _block(model, variable, start) -> Block:
    if variable.dtype.startswith(("int", "uint", "bool")):
        raise refuse("PyMC", variable.name, "discrete")
    transform = model.rvs_to_transforms[variable]
    kind = type(transform).__name__
    if kind.startswith("Interval"):
        ends = transform.args_fn(*variable.owner.inputs)
        lower, upper = (
            sign * np.inf if end is None else _number(end)
            for sign, end in zip((-1, 1), ends, strict=True)
        )
    elif kind in _BOUNDS:
        lower, upper = _BOUNDS[kind]
    else:
        raise refuse("PyMC", variable.name, f"constrained by {kind}")
    return Block(variable.name, np.shape(start), lower, upper, start)


def _number(end):
    return np.asarray(end.eval() if hasattr(end, "eval") else end, dtype=float)


def _natural(model):
    from pymc.model.transform.conditioning import remove_value_transforms

    return remove_value_transforms(model)


class _Compiled:
    """The log density (n,) and its gradient (n, d) of rows (n, d), compiled at the first call."""

    def __init__(self, model, names: list[str]):
        self.model, self.names, self.functions = model, names, {}

    def __call__(self, what: str, rows):
        if not self.functions:
            self.functions = self._compile()
        return self.functions[what](rows)

    def _compile(self) -> dict:
        import pytensor
        import pytensor.tensor as pt
        from pymc.pytensorf import join_nonshared_inputs
        from pytensor.graph.replace import vectorize_graph

        model = _natural(self.model)
        variables = [model[name] for name in self.names]
        values = [model.rvs_to_values[variable] for variable in variables]
        start = model.initial_point()
        point = {value.name: start[value.name] for value in values}
        (density,), theta = join_nonshared_inputs(point, [model.logp()], values)
        slopes = pytensor.grad(density, theta)
        rows = pt.matrix("rows", dtype="float64")
        outputs = vectorize_graph([density, slopes], {theta: rows})
        # arrays at once in NumPy: nothing to compile, and fused loops would be loops in Python
        mode = pytensor.compile.mode.Mode(linker="py", optimizer="fast_run").excluding("fusion")
        names = ("value", "gradient")
        return {
            name: pytensor.function([rows], output, mode=mode)
            for name, output in zip(names, outputs, strict=True)
        }
