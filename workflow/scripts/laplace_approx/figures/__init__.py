"""The pictures: pure functions from arrays to a figure, one module a picture, drawn without files.

Each name in `PICTURES` is a module here with a function of the same name that returns a
`matplotlib.figure.Figure`; `style.save` writes it. Matplotlib is imported by the modules that
draw, not by this one, so the list costs nothing to read.
"""

PICTURES = (
    "laplace_draws",
    "overlay",
    "contours",
    "marginals",
    "quantities",
    "newton_path",
    "declined",
    "coverage",
    "quantile_quantile",
    "remedy_ladder",
    "basin",
    "replication",
    "tails",
    "prior_effect",
    "spaces",
)
