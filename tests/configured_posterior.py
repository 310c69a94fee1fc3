"""Posteriors of the default configuration, built as the workflow builds them."""

from laplace_approx.density.posterior import joint_support, natural_density
from laplace_approx.density.priors import build_prior
from laplace_approx.density.space import build_space
from laplace_files.config.strict_yaml import load
from laplace_files.models.data import read_data
from laplace_files.models.modelfile import load_model
from project_copy import PROJECT

MODELS = load(PROJECT / "config/config.yaml")["models"]


def posterior(model_name, prior, space, derivatives=True):
    """Return model, density and space of a configured model, as the workflow builds them."""
    definition = MODELS[model_name]
    model = load_model(PROJECT / definition["file"], read_data(PROJECT / definition["data"]))
    if not derivatives:
        model = model._replace(gradient=None, hessian=None)
    if isinstance(prior, str):
        prior = definition["priors"][prior]
    prior = build_prior(prior, model.parameters)
    support = joint_support(model, prior)
    built = build_space(definition["spaces"][space], model.parameters, *support)
    return model, natural_density(model, prior), built
