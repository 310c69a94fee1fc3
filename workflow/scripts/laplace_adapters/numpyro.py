"""A NumPyro model as a model file."""

import numpy as np

from laplace_adapters.parameters import Block, constants, in_rows, refuse

START = 0.1


def wrap(model, *arguments, **keywords) -> dict:
    """Return PARAMETERS, SUPPORT, START, log_likelihood, gradient and hessian of a NumPyro model.

    `arguments` and `keywords` are the model's own, the data among them. The log density is
    `numpyro.infer.util.log_density`, that of the natural parameters; a site of shape (2,) becomes
    `name_0` and `name_1`. JAX is set to 64 bits. Raises TypeError for a discrete site and for one
    with a joint constraint.
    """
    import jax

    jax.config.update("jax_enable_x64", True)
    blocks = _blocks(model, arguments, keywords)
    density = _density(model, arguments, keywords, blocks)
    d = sum(len(block.names) for block in blocks)
    functions = {
        "log_likelihood": (density, ()),
        "gradient": (jax.grad(density), (d,)),
        "hessian": (jax.hessian(density), (d, d)),
    }
    return {
        **constants(blocks),
        **{name: _batched(function, tail) for name, (function, tail) in functions.items()},
    }


def _blocks(model, arguments, keywords) -> list[Block]:
    import jax
    from numpyro import handlers
    from numpyro.distributions import constraints

    seeded = handlers.seed(model, jax.random.PRNGKey(0))
    trace = handlers.trace(seeded).get_trace(*arguments, **keywords)
    free = [site for site in trace.values() if site["type"] == "sample" and not site["is_observed"]]
    return [_block(site, constraints) for site in free]


def _block(site, constraints) -> Block:
    support, shape = site["fn"].support, np.shape(site["value"])
    if support.is_discrete:
        raise refuse("NumPyro", site["name"], "discrete")
    if support.event_dim and not isinstance(support, constraints.independent):
        raise refuse("NumPyro", site["name"], f"constrained by {support}")
    base = support.base_constraint if isinstance(support, constraints.independent) else support
    lower = getattr(base, "lower_bound", -np.inf)
    upper = getattr(base, "upper_bound", np.inf)
    known = (constraints.real, constraints.real_vector)
    if base not in known and not (np.isfinite(lower).all() or np.isfinite(upper).all()):
        raise refuse("NumPyro", site["name"], f"constrained by {support}")
    return Block(site["name"], shape, lower, upper, _inside(lower, upper))


def _inside(lower, upper):
    """Return a point inside the bounds: near 0, one away from a bound, or the middle of two.

    Not 0 itself: at a logit of exactly 0 NumPyro's binomial has the kinks of |x| and max(x, 0),
    whose derivatives there JAX does not add up to the right one.
    """
    lower, upper = np.asarray(lower, dtype=float), np.asarray(upper, dtype=float)
    with np.errstate(invalid="ignore"):
        middle = np.where(np.isfinite(lower) & np.isfinite(upper), (lower + upper) / 2, START)
    middle = np.where(np.isfinite(lower) & ~np.isfinite(upper), lower + 1, middle)
    return np.where(np.isfinite(upper) & ~np.isfinite(lower), upper - 1, middle)


def _density(model, arguments, keywords, blocks: list[Block]):
    """Return the log density of one theta (d,) in JAX."""
    from numpyro.infer.util import log_density

    ends = np.cumsum([len(block.names) for block in blocks])

    def density(theta):
        parts = {
            block.name: theta[end - len(block.names) : end].reshape(block.shape)
            for block, end in zip(blocks, ends, strict=True)
        }
        return log_density(model, arguments, keywords, parts)[0]

    return density


def _batched(function, tail: tuple[int, ...]):
    """Return the function of theta (..., d) and data, compiled for powers of two of rows."""
    import jax

    compiled = jax.jit(jax.vmap(function))

    def padded(rows):
        n = 1 << max(0, rows.shape[0] - 1).bit_length()
        filled = np.concatenate(
            [rows, np.broadcast_to(rows[:1], (n - rows.shape[0], rows.shape[1]))]
        )
        return np.asarray(compiled(filled))[: rows.shape[0]]

    return lambda theta, data: in_rows(padded, theta, tail)
