"""The laws of a curvature: the Hessian is that of the density, and the normal follows from it."""

import math

import numpy as np

from laplace_audit.laws.mode import relative
from laplace_audit.ledger import Page
from laplace_audit.numerics.derivatives import derivatives
from laplace_audit.numerics.target import Target

EPS = np.finfo(float).eps
DIFFERENCES = 1e-6  # of a variance: what eighth order leaves at a step of 1/16 SD, and more


def curvature_laws(page: Page, record: dict, mode: dict, target: Target) -> None:
    """Hold the record of a curvature against the density at the stored mode."""
    for key in ("parameters", "space", "coordinates", "case"):
        page.same("curvature is of the mode", record[key], mode[key])
    if record["status"] != "ok":
        page.true("a declined step says why", record["reason"] is not None and record["message"])
        return
    page.same("curvature is of the mode", mode["status"], "ok")
    d = len(record["parameters"])
    normal_laws(page, record, d)
    _hessian(page, record, mode, target)
    checks = len(record["hessian_check"])
    page.true("checks of the Hessian are counted", record["n_evaluations"] >= max(checks, 1))
    due = mode["log_density"] + d / 2 * math.log(2 * math.pi) + record["log_determinant"] / 2
    page.most("log evidence of the normal", relative(record["log_evidence"], due), 1e-13)


def normal_laws(page: Page, record: dict, d: int) -> None:
    """Hold the matrices of a normal against each other: no density is needed."""
    names = ("hessian", "covariance", "cholesky", "correlation", "eigenvectors")
    H, C, L, R, V = (np.array(record[name], dtype=float) for name in names)
    sd, values = np.array(record["sd"]), np.array(record["eigenvalues"])
    shapes = [m.shape == (d, d) for m in (H, C, L, R, V)] + [v.shape == (d,) for v in (sd, values)]
    if not page.true("matrices have the shape of the parameters", shapes):
        return
    page.true("cholesky is lower triangular", [*(np.triu(L, 1) == 0).ravel(), *(np.diag(L) > 0)])
    scale = np.outer(sd, sd)
    skew = [np.abs(H - H.T) * scale, np.abs(C - C.T) / scale, np.abs(R - R.T)]
    page.most("matrices are symmetric", skew, 8 * EPS * max(1.0, record["condition_number"]))
    page.most("cholesky times its transpose", np.abs(_product(L, L.T) - C) / scale, 8 * d * EPS)
    whitened = L.T @ -H @ L
    limit = 64 * d * EPS * record["condition_number"]
    page.most("precision times covariance", np.abs(whitened - np.eye(d)), limit)
    page.most("sd is the root of the variance", relative(sd**2 / np.diag(C), 1), 8 * EPS)
    page.most("correlation follows", np.abs(R - C / scale), 8 * EPS)
    _, log_determinant = np.linalg.slogdet(C / scale)
    due = log_determinant + 2 * np.sum(np.log(sd))
    condition = max(record["condition_number"], 1.0)
    page.most("log determinant", relative(record["log_determinant"], due), 64 * d * EPS * condition)
    _eigen(page, record, H, C, values, V)


def _eigen(page: Page, record: dict, H, C, values, V) -> None:
    d = len(values)
    page.true("eigenvalues are positive", values > 0)
    page.true("eigenvalues rise", np.diff(values) >= 0)
    scale = 1 / np.sqrt(np.diag(-H))
    scaled = -H * scale[:, None] * scale
    limit = 64 * d * EPS * record["condition_number"]
    page.most("eigenvalues of the scaled precision", np.abs(scaled @ V - V * values), limit)
    page.most("eigenvectors are orthonormal", np.abs(V.T @ V - np.eye(d)), 64 * d * EPS)
    condition = values[-1] / values[0]
    page.most("condition numbers", relative(record["condition_number"] / condition, 1), 1e-12)
    raw = np.linalg.cond(C)
    limit = 64 * d * EPS * raw
    page.most("condition numbers", relative(record["condition_number_raw"] / raw, 1), limit)


def _product(a, b):
    """Return the product of two matrices in extended precision."""
    return np.asarray(a.astype(np.longdouble) @ b.astype(np.longdouble), dtype=float)


def _hessian(page: Page, record: dict, mode: dict, target: Target) -> None:
    density = target.log_density_in(target.space(mode["space_definition"]))
    found = derivatives(density, mode["z"], record["cholesky"])
    own = min(record["hessian_error"], 0.01)
    limit = DIFFERENCES + 4 * min(found.bend_error, 0.01) + own
    page.most("hessian is that of the density", np.abs(found.bends + 1), limit)
    page.most("hessian error is small", record["hessian_error"], 0.1)
