"""Models written elsewhere, as a model file of this workflow.

Each module has one function, `wrap`, that takes a model of PyMC, NumPyro or Stan and returns what
a model file defines:

    >>> from laplace_adapters.pymc import wrap
    >>> globals().update(wrap(model))

Such a model has its priors in it. Its log density is that of the posterior in the natural
parameters, **without** a Jacobian: the workflow's spaces bring theirs. So it stands in the place
of the log likelihood, and the prior in the configuration is the flat one, `{}`: another would
count twice.
"""
