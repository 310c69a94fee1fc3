"""Every law of the audit: what it says, in a formula where there is one, its limit, and why that.

A law whose limit is EXACT counts what differs, and allows nothing.
"""

from typing import NamedTuple

EXACT = "0, nothing may differ"
ROUNDING = "rounding alone separates the two ways to compute it"


class Law(NamedTuple):
    """A law of one `family`: what it `means`, and its `limit` with the reason for it."""

    family: str
    means: str
    limit: str


def _family(name: str, laws: dict[str, tuple[str, str]]) -> dict[str, Law]:
    return {law: Law(name, *texts) for law, texts in laws.items()}


LAWS = {
    **_family(
        "Records",
        {
            "as it was recorded": (
                "bytes, inputs, parameters and code are those of the record that its job left, "
                "and the configuration still asks for it",
                EXACT,
            ),
        },
    ),
    **_family(
        "Form",
        {
            "readable": (
                "the file is there; JSON is UTF-8 without NaN, Infinity or a key twice; every "
                "page of a Parquet file has its checksum",
                EXACT,
            ),
            "schema": (
                "the record keeps the schema of its step in workflow/schemas/",
                EXACT,
            ),
            "columns": (
                "names, order and types of the columns are those of workflow/schemas/tables.json",
                EXACT,
            ),
            "schema version": (
                "the footer names the version of the schemas",
                EXACT,
            ),
            "footer says whose table it is": (
                "model, prior, space, grid, status, seed and bit generator in the footer are "
                "those of the case, and nothing else stands there",
                EXACT,
            ),
            "record says whose it is": (
                "`case` in a record is that of its path",
                EXACT,
            ),
            "every law can be evaluated": (
                "no law of the file failed with an exception: a value that a law needs is absent "
                "or of the wrong kind",
                EXACT,
            ),
            "what it rests on is fit for use": (
                "the artifacts that this one is made from can be read, keep their schema and "
                "belong to the files that are there",
                EXACT,
            ),
        },
    ),
    **_family(
        "Code",
        {
            "a record for every step": (
                "core.json has an entry for every script",
                EXACT,
            ),
            "files of every step": (
                "an entry lists the script and all that it imports, however deep",
                EXACT,
            ),
            "code is that which is there now": (
                "the SHA-256 of every file is that of the file now",
                EXACT,
            ),
            "libraries are those installed": (
                "the versions of Python and the libraries are those that run now",
                EXACT,
            ),
            "fingerprint of every step": (
                "a fingerprint is the SHA-256 of the files' hashes and the versions",
                EXACT,
            ),
            "made by the code that is there now": (
                "`core` of an artifact is the fingerprint that its step has now",
                EXACT,
            ),
        },
    ),
    **_family(
        "Posterior",
        {
            "prior is as configured": (
                "the frozen prior is that of the configuration",
                EXACT,
            ),
            "model is as configured": (
                "the model file is that of the configuration",
                EXACT,
            ),
            "data are as configured": (
                "the data file is that of the configuration",
                EXACT,
            ),
            "model and data files are those recorded": (
                "SHA-256 of the model file, of what it imports, and of the data",
                EXACT,
            ),
            "parameters": (
                "names and order of the parameters are those of the model",
                EXACT,
            ),
            "quantities of the model": (
                "derived quantities, and which have a condition, are those of the model",
                EXACT,
            ),
            "support of the posterior": (
                "the bounds that the model and its prior have in common",
                EXACT,
            ),
            "gradient and Hessian of the model": (
                "whether the model gives them",
                EXACT,
            ),
            "units and labels of the model": (
                "the texts of axes are those of the model file",
                EXACT,
            ),
            "start is a point of the model": (
                "inside the model's support",
                EXACT,
            ),
            "proper priors": (
                "all but flat and reciprocal ones integrate to one",
                EXACT,
            ),
            "rows and columns of the data": (
                "their number and names are those of the file",
                EXACT,
            ),
        },
    ),
    **_family(
        "Mode",
        {
            "space is as configured": (
                "the transform of each parameter is that of the configuration",
                EXACT,
            ),
            "theta is z constrained": (
                "theta = constrain(z), at the mode, at every mode found and along the path",
                f"1e-14 of its size: {ROUNDING}",
            ),
            "log density at the mode": (
                "log p(theta | data) + log |d theta / d z|, at the mode, at every mode found and "
                "along the path",
                "1e-12 of its size: the sums may run over thousands of terms",
            ),
            "gradient vanishes at the mode": (
                "max |grad_u log p| = 0 with z = mode + L u: eighth-order central differences in "
                "whitened coordinates, where the gradient is the Newton step in SDs",
                "1e-6 SD plus the error of the differences: the search ends below 1e-6 SD",
            ),
            "stored gradient": (
                "L^T gradient = grad_u log p",
                "1e-6 SD plus the error of the differences, as above",
            ),
            "shift follows from the gradient": (
                "shift_sd = max |C g| / sd and newton_decrement = |L^T g|",
                "1e-6 SD: both lie far below",
            ),
            "mode is converged": (
                "`converged` is true and the last Newton step is below 1e-3 SD",
                EXACT,
            ),
            "support contains the mode": (
                "every coordinate lies inside its open bounds",
                EXACT,
            ),
            "no mode is higher": (
                "log density of every mode found <= that of the mode",
                "1e-9: two searches that end at the same mode differ by less",
            ),
            "shares of the modes sum to one": (
                "sum of `share` = 1",
                f"1e-9: {ROUNDING}",
            ),
            "a share lies between 0 and 1": (
                "every share of a mode is a probability",
                EXACT,
            ),
            "evaluations are those of the ascent and of the search": (
                "`n_evaluations` = `evaluations_of_ascent` + `evaluations_of_search`, the first at "
                "least one and the second none or more",
                EXACT,
            ),
            "the ascent that is counted is one of the attempts": (
                "an attempt by the stated `method` took no fewer evaluations than there are "
                "accepted points on the path; with those before it fewer than "
                "`evaluations_of_ascent`, which has the derivatives at the mode too, and all after "
                "it no more than `evaluations_of_search`, or all are of the ascent",
                EXACT,
            ),
            "a declined step says why": (
                "a step that is declined has a reason and a message",
                EXACT,
            ),
        },
    ),
    **_family(
        "Curvature",
        {
            "curvature is of the mode": (
                "case, space, coordinates and parameters are those of mode.json",
                EXACT,
            ),
            "matrices have the shape of the parameters": (
                "d x d matrices and vectors of d",
                EXACT,
            ),
            "hessian is that of the density": (
                "d^2/dt^2 log p(mode + t L v) = -1 along every axis v and every diagonal of two "
                "axes: eighth-order central differences of the audit's own density",
                "1e-6, plus the stated error of the Hessian (0.01 at the most) and that of the "
                "differences",
            ),
            "precision times covariance": (
                "L^T (-H) L = I",
                f"64 d eps times the condition number: {ROUNDING}",
            ),
            "cholesky times its transpose": (
                "L L^T = C, in extended precision, in units of the SDs",
                f"8 d eps: {ROUNDING}",
            ),
            "cholesky is lower triangular": (
                "nothing above the diagonal, and a positive diagonal",
                EXACT,
            ),
            "matrices are symmetric": (
                "H, C and the correlation equal their transposes, in units of the SDs",
                f"8 eps times the condition number: {ROUNDING}",
            ),
            "sd is the root of the variance": (
                "sd^2 = diag C",
                f"8 eps: {ROUNDING}",
            ),
            "correlation follows": (
                "R = C / (sd sd^T)",
                f"8 eps: {ROUNDING}",
            ),
            "log determinant": (
                "log det C, by an LU factorisation of the scaled matrix",
                f"64 d eps times the condition number: {ROUNDING}",
            ),
            "checks of the Hessian are counted": (
                "`n_evaluations` is one at least, and no less than the entries of `hessian_check`",
                EXACT,
            ),
            "log evidence of the normal": (
                "log p(mode) + d/2 log 2 pi + 1/2 log det C",
                f"1e-13 of its size: {ROUNDING}",
            ),
            "eigenvalues are positive": (
                "all eigenvalues of the scaled precision are above 0",
                EXACT,
            ),
            "eigenvalues rise": (
                "they stand in ascending order",
                EXACT,
            ),
            "eigenvalues of the scaled precision": (
                "A V = V diag(lambda) with A = S (-H) S, S = diag(-H)^-1/2",
                f"64 d eps times the condition number: {ROUNDING}",
            ),
            "eigenvectors are orthonormal": (
                "V^T V = I",
                f"64 d eps: {ROUNDING}",
            ),
            "condition numbers": (
                "lambda_max / lambda_min of A, and of C by its singular values",
                f"1e-12, and 64 d eps times itself for C: {ROUNDING}",
            ),
            "hessian error is small": (
                "the stated error of the covariance",
                "0.1: beyond, the normal means nothing",
            ),
        },
    ),
    **_family(
        "Draws",
        {
            "count of draws": (
                "`n_draws` of the configuration; none where the case is declined or there is no "
                "grid",
                EXACT,
            ),
            "draws are those of the seed": (
                "theta = constrain(mode + L u), u from PCG64(seed) row by row; of a grid: the "
                "cell by the rising mass, then a place within half a cell each way",
                "32 eps of the size of the terms: a product of matrices may be summed in any "
                "order, so the last two digits are free (the manifest knows them)",
            ),
            "a draw is missing only outside the support": (
                "theta is null exactly where z lies outside the bounds",
                EXACT,
            ),
            "mean of the draws": (
                "n |mean u|^2 <= chi^2_d quantile",
                "at probability 1 - 1e-10",
            ),
            "size of the draws": (
                "the sum of the squared Mahalanobis distances lies between the chi^2_nd quantiles",
                "at probabilities 1e-10 and 1 - 1e-10",
            ),
            "distances of the draws": (
                "sup |F_n - F| of the Mahalanobis distances against chi^2_d and of each "
                "coordinate u against the normal; of a grid, of each parameter against its "
                "marginal",
                "sqrt(log(2 / 1e-10) / 2n), the Dvoretzky-Kiefer-Wolfowitz bound, plus the "
                "largest layer of cells for a grid",
            ),
            "correlation of the draws": (
                "|mean u_i u_j|",
                "7.5 / sqrt n + 30 / n: beyond it with a probability below 1e-10",
            ),
            "log density of every row": (
                "log likelihood + log prior at every draw; -inf outside the support",
                f"1e-12 of its size: {ROUNDING}",
            ),
            "log approximation recomputed": (
                "log N(z; mode, C) - log |d theta / d z|; of a grid: log mass - log volume of the "
                "cell",
                "1e-11 of its size, 1e-9 for a grid: theta must be carried back to the cell",
            ),
            "derived quantity of every row": (
                "the model's formula at every draw",
                f"1e-12 of its size: {ROUNDING}",
            ),
            "draws lie in their cells": (
                "|u - node| <= half a step on every axis",
                "0.5 steps and 1e-7: theta is carried back through a transform",
            ),
        },
    ),
    **_family(
        "Grid",
        {
            "grid is as configured": (
                "the definition in the record is that of the configuration",
                EXACT,
            ),
            "kind of the grid": (
                "named where bounds are given, else certified",
                EXACT,
            ),
            "bounds are as configured": (
                "ends and points of a named grid; a plain box",
                EXACT,
            ),
            "evaluations are those of the nodes and of the proof": (
                "`n_evaluations` = `evaluations_alone` + `evaluations_of_proof`; the first is at "
                "least one a node, the second none of a box with bounds of its own, and some of a "
                "certified grid",
                EXACT,
            ),
            "lattice has the points": (
                "points and spacing follow from the axes",
                f"1e-13 of its size: {ROUNDING}",
            ),
            "support of the grid": (
                "that of the posterior",
                EXACT,
            ),
            "a grid that is not certified says why": (
                "`certified` exactly where `reasons` is empty",
                EXACT,
            ),
            "moments withheld are named": (
                "a sentence for each parameter without a mean, an SD or a skewness, and no other",
                EXACT,
            ),
            "no grid, no numbers": (
                "where there is no grid the numbers are null and the tables empty",
                EXACT,
            ),
            "masses lie between 0 and 1": (
                "every mass and weight is a probability",
                EXACT,
            ),
            "errors of the moments": (
                "none is negative, and there is none of a moment that does not exist",
                EXACT,
            ),
            "mass outside adds up": (
                "the total is the sum over the sides",
                f"1e-12 of its size: {ROUNDING}",
            ),
            "certified grid misses nothing": (
                "mass outside, what the spacing costs, what sums over the lattice are off by, and "
                "what is seen off the nodes",
                "1e-8 a side, 1e-6, and 0.01; off the nodes 1e-6 of the mass, and 1e-5 of the "
                "density in the mean: what `certified` means",
            ),
            "who looked off the nodes": (
                "a certified grid says at how many places, and how wide a hump would have been "
                "seen; a named one was not looked at",
                EXACT,
            ),
            "count of cells": (
                "one row a node of the lattice",
                EXACT,
            ),
            "nodes follow from the lattice": (
                "theta(u) of every node in C order, the last axis fastest: so neither axes nor "
                "columns are exchanged",
                f"1e-12 of the size: {ROUNDING}",
            ),
            "log density at the nodes": (
                "log likelihood + log prior at the node's own parameters: at every node up to "
                "32768, else at the corners, the 1024 highest and a seeded sample of 4096",
                f"1e-12 of its size: {ROUNDING}; next to an end of the support that is not 0, as "
                "much more as the last digit of theta is of the distance",
            ),
            "no density outside the support": (
                "-inf outside; on the end of an open support the limit from within, if there is "
                "one; a node that is rounded to an end is not looked at",
                EXACT,
            ),
            "mass sums to one": (
                "sum of mass = 1, added without rounding",
                f"1e-12: {ROUNDING}",
            ),
            "mass is proportional to the density": (
                "mass = exp(log density) |d theta / d u| / total, at every node",
                f"1e-11 of itself: {ROUNDING}",
            ),
            "moments follow from the mass": (
                "mean, SD and skewness as sums over the cells",
                "1e-9 SD for a named grid; 1e-5 SD (1e-3 of a skewness) for a certified one, "
                "whose moments come from a finer lattice for each parameter",
            ),
            "correlation follows from the mass": (
                "as a sum over the cells",
                f"1e-9: {ROUNDING}",
            ),
            "log evidence of the grid": (
                "log of the trapezoid rule over all nodes",
                "1e-11 of its size; 1e-6 plus the stated error for a certified grid, as above",
            ),
            "edge mass": (
                "mass of the outermost layer on each side of a named grid",
                f"1e-13: {ROUNDING}",
            ),
            "a marginal for each parameter": (
                "in the order of the parameters",
                EXACT,
            ),
            "marginal rises": (
                "values rise, the CDF does not fall, no density is negative",
                EXACT,
            ),
            "marginal goes from 0 to 1": (
                "at its two ends",
                EXACT,
            ),
            "marginal density integrates to its CDF": (
                "the integral of a cubic spline through the densities is the CDF, at every row",
                "1e-6, plus what the spacing is stated to cost: eighty rows an SD leave 1e-8",
            ),
            "marginal agrees with the cells": (
                "the characteristic function at 1/4, 1/2, 1 and 2 per SD, from the table and from "
                "the cells: equally spaced nodes give it far better than any quantile",
                "1e-4, plus four times what the spacing is stated to cost, plus the mass on the "
                "edges, where the trapezoid rule is rough",
            ),
        },
    ),
    **_family(
        "Comparison",
        {
            "a row for each quantity and probability": (
                "every quantity at every probability of the configuration, in order",
                EXACT,
            ),
            "quantiles increase": (
                "with the probability, in every column",
                EXACT,
            ),
            "quantiles of the normal": (
                "of a parameter: constrain(mode + sd Phi^-1(p)); of a derived quantity: "
                "P(quantity <= value | condition) = p under the normal, line by line",
                "1e-12 of an SD; 3e-4 of the probability for a derived quantity, give or take "
                "twice its stated error: 601 lines, whose ends may have a corner",
            ),
            "quantiles of the grid": (
                "of a parameter: the stored marginal's CDF at the value is p; of a derived "
                "quantity: P(quantity <= value | condition) = p over the cells, line by line",
                "1e-9 of the probability; 3e-4 for a derived quantity, give or take twice its "
                "stated error",
            ),
            "error of the grid's quantiles": (
                "how far the CDF must be followed for mass outside * max(p, 1 - p), and for a "
                "quarter of what the cubic over two rows misses the middle one by; the spacing; "
                "the last digit",
                "1e-3 of itself, since the second is a difference of nearly equal numbers",
            ),
            "errors are not negative": (
                "every stated error",
                EXACT,
            ),
            "scale of a quantity": (
                "the SD of a parameter; of what may have none, half the central 68.3 % interval",
                "1e-9 of itself; for a derived quantity, which rests on two quantiles, 2e-3 and "
                "their stated errors",
            ),
            "difference follows": (
                "laplace - grid, and the same over the scale",
                f"1e-12: {ROUNDING}",
            ),
            "excluded mass": (
                "P(condition fails), and the normal's mass outside the support",
                "1e-12 for a parameter; under the normal, of a condition on one parameter, half of "
                "one of 65536 equal shares for each end of a stretch in which it fails; 3e-4 for "
                "other derived quantities, as above, and on a grid the mass of the nodes next to "
                "an end of the support, where the density breaks off",
            ),
            "excluded share of the draws": (
                "share of the draws that fail the condition",
                f"1e-12: {ROUNDING}",
            ),
            "quantiles of the draws": (
                "median-unbiased quantiles (Hyndman and Fan's definition 8); errors from the "
                "order statistics one SD of Beta(np + 1, n(1 - p) + 1) away",
                f"1e-11 of its size: {ROUNDING}",
            ),
            "nothing is known of what is not there": (
                "null where the case is declined or there is no grid",
                EXACT,
            ),
        },
    ),
    **_family(
        "Remedies",
        {
            "remedies are as configured": (
                "how much of them is tried is that of the configuration",
                EXACT,
            ),
            "a row for each method, quantity and probability": (
                "the normal, each other space, each remedy of remedies.json, the grid",
                EXACT,
            ),
            "error in exact SDs follows": (
                "(value - exact) / scale_sd",
                f"1e-12: {ROUNDING}",
            ),
            "one exact side for all methods": (
                "exact, its error and the scale are the same for all methods of a quantity",
                EXACT,
            ),
            "the exact side's own row is the exact one": (
                "value = exact for the methods grid, adapted_draws, brought_draws and nuts; none "
                "of a grid on which the verdict does not rest",
                EXACT,
            ),
            "evaluations are those of the method": (
                "`evaluations_alone` is the ascent to the mode, and for a remedy its own of "
                "remedies.json on top; `evaluations_of_proof` is the rest of the search and the "
                "checks of the Hessian; of the grid and of the adapted draws as in their records",
                EXACT,
            ),
            "what starts from the normal costs more": (
                "no less than the normal alone, and its proof is that of the normal",
                EXACT,
            ),
            "a rule costs no more than the exact side": (
                "`evaluations_alone` of nested_laplace, tierney_kadane and gauss_hermite is at "
                "most that of the grid or of the adapted draws, where one of these judges, and at "
                "most 65 536 where draws of chains do, whose cost nobody knows; or that of the "
                "normal, which is spent already",
                EXACT,
            ),
            "value error is the numerical one": ("value_error = numerical_error", EXACT),
            "method error is the distance": (
                "|value - exact|, known to numerical_error + exact_error (of the exact side's own "
                "rows to exact_error); where one is null the other is",
                f"0, and of the second 1e-12: {ROUNDING}",
            ),
            "method error is known where an exact side measured it": (
                "and nowhere else: not without an exact side, nor by a grid that is not to be "
                "relied on",
                EXACT,
            ),
            "what is not trusted has a reason": (
                "so has what has no value",
                EXACT,
            ),
            "what is trusted is measured": (
                "at the ends of the 50 and 95 % intervals it has an error against the exact side, "
                "and the exact side one of its own",
                EXACT,
            ),
        },
    ),
    **_family(
        "Reference",
        {
            "reference is as configured": ("evaluations and seed are the configuration's", EXACT),
            "a grid goes first": (
                "the kind is grid where all grids of the posterior can judge: their outer mass is "
                "known, and no search found a mode beyond them that matters",
                EXACT,
            ),
            "draws serve or have a reason": ("one of both, and no draws without a proposal", EXACT),
            "evaluations are those of the draws": (
                "those that adapted and those drawn, within the budget, those of the chains, and "
                "those that looked for a NaN",
                EXACT,
            ),
            "the draws cost what they start from too": (
                "`evaluations_alone` has the ascents to the modes of all spaces that are not "
                "declined on top (the whole search of a space with several modes), and "
                "`evaluations_of_proof` the rest of the searches and the checks of the Hessians",
                EXACT,
            ),
            "the proposal is a mixture": ("its weights sum to one", f"1e-12: {ROUNDING}"),
            "the limit of k follows": (
                "min(1 - 1 / log10 n, 0.7); k is at most that where they serve, the mean "
                "weight is known to a tenth, chains find no more than 0.005 of the mass missing, "
                "and of the draws beyond no end of a 95 % interval is k - z (1 + k) / sqrt(m) "
                "beyond theirs, of a fit to m weights, z at 0.05 over the number of ends",
                f"1e-12: {ROUNDING}",
            ),
            "chains looked where the weights serve": (
                "what they found missing is counted in the mass that may be unseen and in what may "
                "be missed where weights are uneven, and what they cost in the evaluations",
                "equal",
            ),
            "reference draws": ("as many as the record says, and only where they serve", EXACT),
            "replicates are of one size": ("numbered from 0, one after another", EXACT),
            "log ratio recomputed": (
                "log p(theta) + log |dtheta / dz| - log q(z), every draw, q the recorded mixture",
                "1e-8 of 1 + |log p|: z is taken back from theta, where that has kept its digits",
            ),
            "weights sum to one": (
                "sum of the weights of the reference draws",
                f"1e-12: {ROUNDING}",
            ),
            "weights rise with the ratios": ("smoothing keeps the order", f"1e-12: {ROUNDING}"),
            "weights are the ratios": (
                "log weight - log ratio is one number, but for the min(n / 5, 3 sqrt n) largest "
                "and those below the smallest number with all its digits",
                f"1e-11 of the largest log ratio: {ROUNDING}",
            ),
            "what is said of the weights": (
                "effective draws 1 / sum w^2, log evidence log mean ratio, its error over "
                "replicates",
                f"1e-9: {ROUNDING}",
            ),
            "Pareto k recomputed": (
                "the estimate of Zhang and Stephens (2009) from the ratios, its error from four "
                "parts",
                "1e-6: thresholds of two codes drop other terms of a sum",
            ),
            "exact quantiles are those of the exact side": (
                "the grid's own, between the weighted draws at their mid-weights, or the "
                "median-unbiased ones of chains",
                "1e-8 of the value and the quartile range: sums of many small weights",
            ),
            "errors of the draws recomputed": (
                "how far s of the CDF moves a quantile, s over the independent replicates with the "
                "t of their number, or by the effective size of chains, and what the mass in modes "
                "that are not seen can move",
                "1e-6 of itself, since it is a difference of nearly equal numbers",
            ),
            "scale of the draws recomputed": (
                "half the central 68.3 % interval, its error from both ends in one; that of a grid "
                "has none of its own",
                "1e-6 of itself, as above",
            ),
        },
    ),
    **_family(
        "Draws of chains",
        {
            "draws are as configured": (
                "files and columns are those under `reference` of the model; chains, draws and "
                "seed of NUTS those under `nuts`",
                EXACT,
            ),
            "draws are those of the files": (
                "each file has its SHA-256; read again, without rows of warm-up, its chains are "
                "the rows, one chain after another",
                EXACT,
            ),
            "chains are of one length": (
                "numbered from 0, one after another, as many draws each as the record says",
                EXACT,
            ),
            "as many draws as the record says": ("rows of the table", EXACT),
            "NUTS samples where nothing cheaper certifies": (
                "unless all grids can judge, or adapted or brought draws serve with two errors "
                "within the tolerance",
                EXACT,
            ),
            "gates of the chains recomputed": (
                "rank-normalised split R-hat, bulk and tail effective sizes, and the worst of each",
                "1e-6 of itself: sums of products by another transform",
            ),
            "chains serve where all holds": (
                "R-hat at most 1.01, effective sizes at least 100 a chain, no divergence, Stein's "
                "identity within its limit, and modes beyond all draws hold at most 6e-4 of the "
                "mass; else there is a reason",
                EXACT,
            ),
            "Stein's identity recomputed": (
                "mean of g dlog p/dv + dg/dv at the draws, by differences, with its error; of as "
                "many parameters as 400 000 evaluations allow, the most striking first",
                "0.02 of its error: slopes by differences, where the model may give them",
            ),
            "shifts that are left open": (
                "sqrt(v^2 + e^2) of the value and error of each place, of a derived quantity with "
                "m^2 r / sqrt(2): r^2 the variance of its normal scores that no linear function of "
                "the parameters explains, m^2 the sum of v^2 + e^2 over uncorrelated coordinates "
                "(recomputed where 400 000 evaluations suffice)",
                "1e-6 of itself: covariances in two ways; m 0.02, slopes by differences",
            ),
            "modes beyond the draws": (
                "100 s / (100 s + s_seen), s the shares of modes outside the box of all draws, or "
                "about which less than a hundredth of the draws lie that are due (10 or more); "
                "where that is so of all, due are those of a share M / (M + Z), M the Laplace mass "
                "and log Z = E log p + log det(2 pi e Cov) / 2 over the draws; 1 if a share is not "
                "known, or all are missed by that too",
                f"1e-9: {ROUNDING}",
            ),
        },
    ),
    **_family(
        "Verdict",
        {
            "tolerance is as configured": (
                "`tolerance` is that of the configuration",
                EXACT,
            ),
            "exact sides agree within their errors": (
                "abs(F(a) - p) over the errors of both, F the CDF of the chains, a the end of what "
                "judges: the farthest of all, against the normal quantile at 1 - 0.0005 / m",
                "1e-6 of itself: effective sizes by another transform",
            ),
            "a verdict for each quantity": (
                "every parameter and derived quantity has one",
                EXACT,
            ),
            "status is that of the normal": (
                "status, reason and message are those of curvature.json",
                EXACT,
            ),
            "what the verdict rests on": (
                "of the grid, importance draws, draws that are brought, and draws of NUTS, the "
                "first that can be relied on and is certain: two standard errors of every judged "
                "end are within the tolerance (a grid's are), and chains would have shown a shift "
                "by as much; else the first that can be relied on; else the grid, or nothing. "
                "Faults exactly where it cannot be relied on, which it cannot either where draws "
                "of chains disagree with it or are of another posterior",
                EXACT,
            ),
            "endpoint errors follow": (
                "the larger of the two ends' errors, and of their uncertainties",
                f"1e-12: {ROUNDING}",
            ),
            "intervals follow": (
                "ends, errors and scale are those of remedies.parquet",
                f"1e-12: {ROUNDING}",
            ),
            "coverage adds up": (
                "coverage + below + above = 1",
                f"1e-12: {ROUNDING}",
            ),
            "coverage recomputed": (
                "the exact CDF at the ends of the normal's interval, both of which are parts of it",
                "1e-9 for a parameter; 3e-4 and twice the stated error for a derived quantity",
            ),
            "verdict follows from the errors": (
                "fine, fine_for_50, remedy, sample or declined from the errors, their "
                "uncertainties and the tolerance",
                EXACT,
            ),
            "evidences are those of the methods, with what they are off by": (
                "of every method that states one, the normal and the exact sides; the error of an "
                "exact side is that of its record (of draws two standard errors) and what it "
                "misses (of draws twice what they may miss too, where a k of all or beyond an end "
                "is above 1/4 or not known), any other's its distance from what judges, with that "
                "error; null where nothing judges",
                "values 0; errors 1e-12 of the evidence: a difference of two logarithms",
            ),
            "remedy is the cheapest that meets the tolerance": (
                "by evaluations of the log density, with its errors",
                f"1e-12: {ROUNDING}",
            ),
            "verdict is the worst of its quantities": (
                "over all quantities",
                EXACT,
            ),
            "what the space leaves out": (
                "the parts of the support without a coordinate, the mass that the exact CDF gives "
                "them, and a warning exactly where there are any, and another exactly where the "
                "grid found a mode that is higher than the normal's",
                "1e-9: two ways to read the same table",
            ),
            "copies are what was copied": (
                "what the verdict repeats of the grid, the remedies and the signals",
                EXACT,
            ),
            "chains speak where nothing judges": (
                "what short chains carry away is there exactly where no exact side is, is that of "
                "the remedies, and is at least 0 and at most the shift that they show",
                EXACT,
            ),
            "class follows from the total variation": (
                "exact, good, fair, poor or bad",
                EXACT,
            ),
            "a value or a reason": (
                "a measure without a value says why",
                EXACT,
            ),
            "joint measures recomputed": (
                "TV = 1 - sum min(w p, w q); 1 - H^2 = sum sqrt(w p w q); KL = sum w p log(p / "
                "q), in extended precision over the nodes with trapezoid weights",
                f"1e-9: {ROUNDING}",
            ),
            "divergence from the normal": (
                "log Z - entropy - E_q log p by Gauss and Hermite's rule with 41 nodes an axis "
                "(61 for one, 21 for three)",
                "1e-6 plus four times the stated error: two rules of different order",
            ),
            "ellipse coverage recomputed": (
                "mass within |u|^2 <= chi^2_d quantile in polar coordinates, with 48 radii and "
                "144 angles",
                "1e-6 plus four times the stated error: two rules of different order",
            ),
            "distances are consistent": (
                "H^2 <= TV <= sqrt(2) H",
                "1e-9 and the stated errors, that of H twice: sums over the nodes of a grid that "
                "does not resolve the normal need not obey",
            ),
            "starts or a reason": (
                "the basin has starts, or says why not",
                EXACT,
            ),
            "a lattice of starts": (
                "25 by 51 starts over the box of the grid",
                f"1e-12 of the box: {ROUNDING}",
            ),
            "a start finds the mode or does not": (
                "1 or 0",
                EXACT,
            ),
            "starts from which Newton finds the mode": (
                "50 full Newton steps from every start, by the model's own derivatives and "
                "differences of the rest; from within 1/4 SD of the mode the damped method finds "
                "it",
                "0.02 of the starts: on the border of a basin the last digit decides",
            ),
        },
    ),
    **_family(
        "Run",
        {
            "a row for each case and quantity": (
                "every case of the configuration, in order",
                EXACT,
            ),
            "columns of the summary": (
                "their names",
                EXACT,
            ),
            "summary says what the cases say": (
                "every cell is that of mode.json, curvature.json, grid.json, quantiles.parquet or "
                "verdict.json",
                EXACT,
            ),
            "claims are those of the file": (
                "ids, sentences, bounds and artifacts, in order",
                EXACT,
            ),
            "claims are measured anew": (
                "each measure evaluated on the artifacts by an evaluator of the audit's own",
                f"1e-12 of its size: {ROUNDING}",
            ),
            "a claim holds within its bounds": (
                "lower <= measured <= upper, and null where it is not measured",
                EXACT,
            ),
            "a claim without a value has a reason": (
                "and only such a claim",
                EXACT,
            ),
            "exercise has its number": (
                "the number of its file",
                EXACT,
            ),
            "exercise follows from its cases": (
                "every number, from the cases' own artifacts, quantiles measured anew, and the "
                "Student t and inverse gamma distributions where the posterior has a closed form",
                "1e-11; 3e-4 of a probability for derived quantities; 1e-4 for a total variation "
                "that is summed over all nodes rather than an odd number; 0.01 for the skewness "
                "of log beta",
            ),
            "a skipped exercise says why": (
                "a reason",
                EXACT,
            ),
        },
    ),
    **_family(
        "Sweeps",
        {
            "scenarios are those of the configuration": (
                "every table has one block of rows for each scenario, in the order of the settings "
                "(the last one fastest), under the first 16 digits of the SHA-256 of what "
                "determines its numbers; only what was not kept, or failed, is missing",
                EXACT,
            ),
            "settings come first": (
                "after the scenario's key, a column for each setting",
                EXACT,
            ),
            "settings are as configured": (
                "every row holds the values of its scenario",
                EXACT,
            ),
            "scenario is as configured": (
                "prior, space, grid, replication and tolerance in the rows are the base case with "
                "the values of the settings put in their places",
                EXACT,
            ),
            "a posterior has one record, whatever the seed": (
                "scenarios that differ in seeds and number of draws alone have equal rows of "
                "posterior, mode, curvature and grid",
                EXACT,
            ),
            "steps agree on the scenario": (
                "mode, curvature and verdict have one status and reason; a mode may be one where "
                "the curvature is declined",
                EXACT,
            ),
            "quantiles are those of the remedies": (
                "at the probabilities that both tables have, the normal's quantile and the exact "
                "one are the value and the exact value in the rows of the normal",
                "1e-9 of the quantity's scale: the same computation, for other probabilities",
            ),
            "what is said of the case is the same in all its rows": (
                "in the rows of a scenario's quantities, every column that is not about the "
                "quantity",
                EXACT,
            ),
            "an effect for each measure, quantile and setting": (
                "for which at least two scenarios have a value, and no others",
                EXACT,
            ),
            "effects follow from the quantiles": (
                "share = Var(E[y | x]) / Var(y), effect = max E[y | x] - min E[y | x], and where "
                "they are reached",
                f"1e-10 of the largest value, 1e-6 of a share: {ROUNDING}",
            ),
            "the largest effect comes first": (
                "shares of the variance fall, measure by measure",
                EXACT,
            ),
        },
    ),
}
