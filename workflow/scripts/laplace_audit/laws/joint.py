"""The laws of the joint measures: distances between the posterior and the normal, summed anew.

Over the nodes with weights w (trapezoid times volume), p normalised by the nodes themselves:
TV = 1 - sum min(w p, w q), H^2 = 1 - sum sqrt(w p w q), KL(p, q) = sum w p log(p / q).
"""

import math

import numpy as np

from laplace_audit.laws.rows import LEVELS
from laplace_audit.laws.verdict import class_of
from laplace_audit.ledger import Page
from laplace_audit.numerics.sides import GridSide, NormalSide
from laplace_audit.numerics.target import Target

SUMS = 1e-9
HERMITE, POLAR = {1: 61, 2: 41, 3: 21}, 48  # nodes an axis; order of the polar rule


def joint_laws(
    page: Page, record: dict, target: Target, normal: NormalSide | None, exact: GridSide | None
):
    """Hold the joint part of a verdict against the grid and the normal."""
    joint = record["joint"]
    value = joint["total_variation"]["value"]
    page.same("class follows from the total variation", record["class"], class_of(value))
    known = [k for k in ("total_variation", "hellinger", "kl_exact_laplace", "kl_laplace_exact")]
    for key in known:
        page.true("a value or a reason", joint[key]["value"] is not None or joint[key]["reason"])
    if normal is None or exact is None or value is None:
        return
    _sums(page, joint, normal, exact)
    _divergence(page, joint["kl_laplace_exact"], target, normal, exact)
    _ellipses(page, joint["ellipse_coverage"]["levels"], target, normal, exact)
    tv, h = value, joint["hellinger"]["value"]
    # a grid that does not resolve the normal says so in the errors
    errors = [joint[name]["error"] or 0.0 for name in ("total_variation", "hellinger")]
    limit = 1e-9 + errors[0] + 2 * errors[1]
    page.most("distances are consistent", [h**2 - tv, tv - math.sqrt(2) * h], limit)


def _sums(page: Page, joint: dict, normal: NormalSide, exact: GridSide) -> None:
    kept, lattice = exact.lattice.odd()
    log_p = exact.cells.columns["log_density"][kept]
    log_w = lattice.log_volume + np.log(lattice.trapezoid)
    with np.errstate(all="ignore"):
        log_q = normal.normal.log_density(lattice.theta)
    log_q = np.where(np.isnan(log_q), -np.inf, log_q)
    mass = np.exp(log_p + log_w - np.max(log_p + log_w), dtype=np.longdouble)
    total = mass.sum()
    mass, log_z = mass / total, float(np.log(total)) + np.max(log_p + log_w)
    mass_q = np.exp(log_q + log_w, dtype=np.longdouble)
    shared = np.minimum(mass, mass_q).sum()
    page.most(
        "joint measures recomputed", abs(joint["total_variation"]["value"] - (1 - shared)), SUMS
    )
    affinity = np.sqrt(mass * mass_q).sum()
    # of H^2, whose rounding its root would blow up
    page.most(
        "joint measures recomputed",
        abs(joint["hellinger"]["value"] ** 2 - max(0, 1 - affinity)),
        SUMS,
    )
    held = mass.astype(float) > 0
    if None in exact.record["sd"].values():
        page.same("joint measures recomputed", joint["kl_exact_laplace"]["value"], None)
    elif np.all(np.isfinite(log_q[held])):
        due = np.sum(mass[held] * (log_p[held] - log_z - log_q[held]))
        page.most(
            "joint measures recomputed", abs(joint["kl_exact_laplace"]["value"] - max(due, 0)), SUMS
        )
    else:
        page.same("joint measures recomputed", joint["kl_exact_laplace"]["value"], None)


def _divergence(
    page: Page, stored: dict, target: Target, normal: NormalSide, exact: GridSide
) -> None:
    """KL(q, p) = log Z - entropy of q - E_q log p, by another order of Gauss and Hermite's rule."""
    if stored["value"] is None:
        return
    d = normal.normal.mean.size
    node, weight = np.polynomial.hermite_e.hermegauss(HERMITE[d])
    u = np.stack(np.meshgrid(*[node] * d, indexing="ij"), axis=-1).reshape(-1, d)
    share = np.prod(
        np.stack(np.meshgrid(*[weight] * d, indexing="ij"), axis=-1).reshape(-1, d), axis=1
    )
    share = share / (2 * math.pi) ** (d / 2)
    value = target.log_density_in(normal.normal.space)(
        normal.normal.mean + u @ normal.normal.factor.T
    )
    entropy = d / 2 + normal.normal.log_scale
    due = max(0.0, exact.record["log_evidence"] - entropy - float(share @ value))
    page.most("divergence from the normal", abs(stored["value"] - due), 1e-6 + 4 * stored["error"])


def _ellipses(
    page: Page, levels: dict, target: Target, normal: NormalSide, exact: GridSide
) -> None:
    """Mass of p within |u|^2 <= chi^2_d quantile, in polar coordinates about the mode."""
    from scipy.special import chdtri

    d = normal.normal.mean.size
    if d > 2:
        return
    node, weight = np.polynomial.legendre.leggauss(POLAR)
    angle = np.arange(3 * POLAR) * 2 * math.pi / (3 * POLAR)
    ways = np.array([[1.0], [-1.0]]) if d == 1 else np.stack([np.cos(angle), np.sin(angle)], axis=1)
    area = 2.0 if d == 1 else 2 * math.pi
    density = target.log_density_in(normal.normal.space)
    scale = float(np.sum(np.log(np.diag(normal.normal.factor)))) - exact.record["log_evidence"]
    for key, stored in levels.items():
        if stored["value"] is None:
            continue
        radius = math.sqrt(chdtri(d, 1 - LEVELS[key]))
        r = radius * (1 + node) / 2
        u = r[:, None, None] * ways
        p = np.exp(density(normal.normal.mean + u @ normal.normal.factor.T) + scale).mean(axis=1)
        due = float(np.sum(weight * radius / 2 * r ** (d - 1) * p) * area)
        page.most(
            "ellipse coverage recomputed", abs(stored["value"] - due), 1e-6 + 4 * stored["error"]
        )
