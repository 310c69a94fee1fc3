"""The Hessian at the mode, measured and cross-checked, and the covariance that it gives."""
