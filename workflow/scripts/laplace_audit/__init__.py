"""The audit: every law that an artifact must satisfy, recomputed from disk.

Nothing here calls the code that made the artifacts. The model's log likelihood is taken as given;
priors, transforms, derivatives, quantiles and sums are written anew, by other means where there
are any. `catalogue` lists the laws, `whole` applies them, and the modules between hold one family
of laws or one piece of mathematics each.
"""
