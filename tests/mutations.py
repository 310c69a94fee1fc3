"""Ways in which an artifact can be wrong, each small, and how they are done to a copy of one."""

import json
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

NATURAL = "bioassay/flat/laplace/natural"
CHAPTER = "bioassay/flat/grid/chapter"
COMPARE = "bioassay/flat/compare/natural/chapter"
OTHER = "bioassay/flat/laplace/log_beta"


class Mutation(NamedTuple):
    """What is changed, in words; the file below results/; and the change.

    The change of a JSON artifact is made to its record in place, that of a table takes the Arrow
    table and returns another, and that of bytes (a file opened raw) takes and returns bytes.
    """

    what: str
    file: str
    change: Callable
    raw: bool = False


def mutated(mutation: Mutation, original: bytes) -> bytes | None:
    """Return the bytes of the file with the change made; None where it is removed."""
    if mutation.raw:
        return mutation.change(original)
    if mutation.file.endswith(".json"):
        record = json.loads(original)
        mutation.change(record)
        return (json.dumps(record, indent=1, sort_keys=True) + "\n").encode()
    table = mutation.change(pq.read_table(pa.BufferReader(original)))
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", version="2.6", write_page_checksum=True)
    return sink.getvalue().to_pybytes()


def at(*keys, to=None, by: Callable | None = None) -> Callable:
    """Return a change of the value at a path of keys: to a value, or by a function of it."""

    def change(record) -> None:
        *path, last = keys
        for key in path:
            record = record[key]
        record[last] = by(record[last]) if by else to

    return change


def both(*changes) -> Callable:
    def change(record) -> None:
        for each in changes:
            each(record)

    return change


def digit(x: float, place: int = 6) -> float:
    """Return a number with its digit at this place raised by one."""
    return x + np.copysign(10.0 ** (np.floor(np.log10(abs(x))) - place + 1), x)


def minus(x):
    return -x


def cell(column: str, row: int, by: Callable) -> Callable:
    """Return a change of one cell of a table."""

    def change(table: pa.Table) -> pa.Table:
        values = table[column].to_pylist()
        values[row] = by(values[row])
        return with_column(table, column, values)

    return change


def column(name: str, by: Callable) -> Callable:
    """Return a change of a whole column, given and returned as an array."""
    return lambda table: with_column(table, name, by(table[name].to_numpy()))


def with_column(table: pa.Table, name: str, values) -> pa.Table:
    place = table.schema.get_field_index(name)
    field = table.schema.field(place)
    return table.set_column(place, field, pa.array(values, type=field.type, from_pandas=True))


def nothing(_) -> None:
    return None


def without(*columns: str, quantity: str) -> Callable:
    """Return a change that empties columns of a table in the rows of one quantity."""

    def change(table: pa.Table) -> pa.Table:
        there = [name != quantity for name in table["quantity"].to_pylist()]
        for each in columns:
            values = zip(table[each].to_pylist(), there, strict=True)
            table = with_column(table, each, [x if kept else None for x, kept in values])
        return table

    return change


def of_quantity(quantity: str, name: str, by: Callable) -> Callable:
    """Return a change of each value of a column in the rows of one quantity."""

    def change(table: pa.Table) -> pa.Table:
        pairs = zip(table[name].to_pylist(), table["quantity"].to_pylist(), strict=True)
        return with_column(table, name, [by(x) if of == quantity else x for x, of in pairs])

    return change


def rows(order: Callable) -> Callable:
    """Return a change of the rows: `order` maps their numbers to those that are kept, in order."""
    return lambda table: table.take(pa.array(order(np.arange(table.num_rows))))


def exchanged(one: str, other: str) -> Callable:
    """Return a change of the contents of two columns, whose names stay where they are."""
    return lambda t: with_column(
        with_column(t, one, t[other].to_pylist()), other, t[one].to_pylist()
    )


def footer(key: str, value: str) -> Callable:
    def change(table: pa.Table) -> pa.Table:
        return table.replace_schema_metadata(
            {**table.schema.metadata, key.encode(): value.encode()}
        )

    return change


def matrix(name: str, by: Callable) -> Callable:
    return at(name, by=lambda m: by(np.array(m)).tolist())


def scaled_normal(record) -> None:
    """Make the covariance one percent larger, and everything that follows from it with it."""
    for name, power in (("hessian", -1), ("covariance", 1), ("cholesky", 0.5), ("sd", 0.5)):
        record[name] = (np.array(record[name]) * 1.01**power).tolist()
    d = len(record["sd"])
    record["log_determinant"] += d * np.log(1.01)
    record["log_evidence"] += d / 2 * np.log(1.01)


def quasi_newton(record) -> None:
    """Put the identity in the place of the covariance: an optimiser's first guess of it."""
    record["covariance"] = record["cholesky"] = np.eye(len(record["sd"])).tolist()


def moved_mode(record) -> None:
    """Move the mode by a hundred-thousandth, in z and theta alike."""
    for place in (record, record["modes"][0], record["path"][-1]):
        for key in ("z", "theta"):
            place[key][1] += 1e-5


def transposed_grid(table: pa.Table) -> pa.Table:
    side = round(table.num_rows**0.5)
    for name in ("log_density", "mass"):
        values = table[name].to_numpy().reshape(side, side).T.ravel()
        table = with_column(table, name, values)
    return table


def one_cell(table: pa.Table) -> pa.Table:
    """Raise the density of one cell by a thousandth, its mass with it, and normalise again."""
    row = int(np.argmax(table["mass"].to_numpy()))
    log_density, mass = table["log_density"].to_numpy().copy(), table["mass"].to_numpy().copy()
    log_density[row] += 1e-3
    mass[row] *= np.exp(1e-3)
    return with_column(with_column(table, "log_density", log_density), "mass", mass / mass.sum())


def one_row(table: pa.Table) -> pa.Table:
    return pa.table({name: pa.array([1.0]) for name in table.column_names}, schema=table.schema)


def second_path(record) -> None:
    record["path"][0]["log_density"] = digit(record["path"][0]["log_density"])


def shuffled_claim(record) -> None:
    record[0], record[1] = record[1], record[0]


def no_reason(record) -> None:
    record["status"] = "declined"


DRAWS = f"{NATURAL}/draws-seed42.parquet"
GRID_DRAWS = f"{CHAPTER}/draws-seed99.parquet"
MODE, CURVATURE = f"{NATURAL}/mode.json", f"{NATURAL}/curvature.json"
POSTERIOR, CORE = "bioassay/flat/posterior.json", "core.json"
GRID, MASS, MARGINALS = (
    f"{CHAPTER}/grid.json",
    f"{CHAPTER}/mass.parquet",
    f"{CHAPTER}/marginals.parquet",
)
QUANTILES, REMEDIES = f"{COMPARE}/quantiles.parquet", f"{COMPARE}/remedies.parquet"
FOUND, VERDICT, BASIN = (
    f"{COMPARE}/remedies.json",
    f"{COMPARE}/verdict.json",
    f"{COMPARE}/basin.parquet",
)
REFERENCE, REFERENCE_DRAWS = (f"bioassay/flat/reference/reference.{x}" for x in ("json", "parquet"))
BETA = ("quantities", "beta")
ZEROS = "0" * 64
CARRIED = {"at_least": 0.2, "shift": -0.3}

MUTATIONS = (
    Mutation(
        "another hash of a source file", CORE, at("steps", "mode", "files", "mode.py", to=ZEROS)
    ),
    Mutation(
        "another version of NumPy", CORE, at("steps", "mode", "versions", "numpy", to="1.0.0")
    ),
    Mutation("another fingerprint of a step", CORE, at("steps", "grid", "fingerprint", to=ZEROS)),
    Mutation("a step left out", CORE, lambda r: r["steps"].pop("verdict")),
    Mutation("another hash of the data", POSTERIOR, at("data", "sha256", to=ZEROS)),
    Mutation(
        "another prior",
        POSTERIOR,
        at("prior", "definition", to={"beta": {"family": "normal", "mean": 0, "sd": 9}}),
    ),
    Mutation("parameters exchanged", POSTERIOR, at("parameters", to=["beta", "alpha"])),
    Mutation("a support that is narrower", POSTERIOR, at("support", "beta", to=[0.0, None])),
    Mutation("one row of data more", POSTERIOR, at("data", "rows", to=5)),
    Mutation("one digit of the mode (the 6th, of z)", MODE, at("z", 1, by=digit)),
    Mutation(
        "one digit of the mode (the 13th, of theta)",
        MODE,
        at("theta", 1, by=lambda x: digit(x, 13)),
    ),
    Mutation("the mode rounded to six digits, z and theta alike", MODE, moved_mode),
    Mutation("one digit of the log density", MODE, at("log_density", by=lambda x: digit(x, 9))),
    Mutation("a gradient that does not vanish", MODE, at("gradient", 0, to=0.01)),
    Mutation("a shift that the gradient does not give", MODE, at("shift_sd", to=1e-4)),
    Mutation("an ascent that cost less", MODE, at("evaluations_of_ascent", by=lambda n: n - 1)),
    Mutation("an attempt that cost more", MODE, at("attempts", 0, "evaluations", to=10**9)),
    Mutation("a point of Newton's path with another log density", MODE, second_path),
    Mutation(
        "a second mode that is higher", MODE, at("modes", 0, "log_density", by=lambda x: x + 1)
    ),
    Mutation("a renamed case", MODE, at("case", "prior", to="normal_sd")),
    Mutation("another space", MODE, at("space_definition", to={"beta": "log"})),
    Mutation("made by other code", MODE, at("core", to=ZEROS)),
    Mutation("declined without a reason", MODE, no_reason),
    Mutation("a key that no schema knows", MODE, at("remark", to="edited by hand")),
    Mutation(
        "NaN for a number",
        MODE,
        lambda b: b.replace(b'"converged": true', b'"converged": NaN'),
        True,
    ),
    Mutation(
        "a key that stands twice",
        MODE,
        lambda b: b.replace(b"{\n", b'{\n "theta": [0.0, 0.0],\n', 1),
        True,
    ),
    Mutation("cut off after half", MODE, lambda b: b[: len(b) // 2], True),
    Mutation("emptied", MODE, lambda b: b"", True),
    Mutation("removed", MODE, lambda b: None, True),
    Mutation(
        "a sign in the covariance",
        CURVATURE,
        matrix("covariance", lambda m: m * [[1, -1], [-1, 1]]),
    ),
    Mutation("the covariance with the wrong sign", CURVATURE, matrix("covariance", minus)),
    Mutation("the Hessian with the wrong sign", CURVATURE, matrix("hessian", minus)),
    Mutation("a transposed factor", CURVATURE, matrix("cholesky", np.transpose)),
    Mutation(
        "the factor of the precision", CURVATURE, matrix("cholesky", lambda m: np.linalg.inv(m).T)
    ),
    Mutation("a covariance from a quasi-Newton optimiser", CURVATURE, quasi_newton),
    Mutation("a normal one percent too wide, in every number", CURVATURE, scaled_normal),
    Mutation("SDs exchanged", CURVATURE, at("sd", by=lambda sd: sd[::-1])),
    Mutation("variances for SDs", CURVATURE, at("sd", by=lambda sd: [x**2 for x in sd])),
    Mutation(
        "the correlation with the wrong sign",
        CURVATURE,
        matrix("correlation", lambda m: m * [[1, -1], [-1, 1]]),
    ),
    Mutation("eigenvalues in falling order", CURVATURE, at("eigenvalues", by=lambda v: v[::-1])),
    Mutation("a negative eigenvalue", CURVATURE, at("eigenvalues", 0, by=minus)),
    Mutation("the determinant of the precision", CURVATURE, at("log_determinant", by=minus)),
    Mutation(
        "an evidence without its determinant", CURVATURE, at("log_evidence", by=lambda x: x - 1.0)
    ),
    Mutation("the curvature of another space", CURVATURE, at("space", to="log_beta")),
    Mutation(
        "one draw changed in one digit (the 12th)", DRAWS, cell("beta", 700, lambda x: digit(x, 12))
    ),
    Mutation("two draws exchanged", DRAWS, rows(lambda i: [1, 0, *i[2:]])),
    Mutation("a draw left out", DRAWS, rows(lambda i: i[:-1])),
    Mutation("a draw that stands twice", DRAWS, rows(lambda i: [*i[:-1], 0])),
    Mutation("all draws equal to the mode", DRAWS, rows(lambda i: 0 * i)),
    Mutation("columns exchanged", DRAWS, exchanged("alpha", "beta")),
    Mutation(
        "columns renamed", DRAWS, lambda t: t.rename_columns(["beta", "alpha", *t.column_names[2:]])
    ),
    Mutation(
        "numbers of half the precision",
        DRAWS,
        lambda t: t.set_column(0, "alpha", t["alpha"].cast("float32")),
    ),
    Mutation("a missing value", DRAWS, cell("alpha", 3, lambda x: None)),
    Mutation("a derived quantity of one draw", DRAWS, cell("ld50", 12, lambda x: digit(x, 10))),
    Mutation("a log density of one draw", DRAWS, cell("log_density", 12, lambda x: digit(x, 10))),
    Mutation(
        "a log approximation that is not normalised",
        DRAWS,
        column("log_approximation", lambda x: x + 0.1),
    ),
    Mutation("another seed in the footer", DRAWS, footer("seed", "43")),
    Mutation("another prior in the footer", DRAWS, footer("prior", "bda")),
    Mutation("another generator in the footer", DRAWS, footer("bit_generator", "MT19937")),
    Mutation("made by other code", DRAWS, footer("core", ZEROS)),
    Mutation(
        "means exchanged", GRID, at("mean", by=lambda m: {"alpha": m["beta"], "beta": m["alpha"]})
    ),
    Mutation("one digit of an SD", GRID, at("sd", "beta", by=lambda x: digit(x, 9))),
    Mutation("the skewness with the wrong sign", GRID, at("skewness", "beta", by=minus)),
    Mutation(
        "the correlation with the wrong sign",
        GRID,
        matrix("correlation", lambda m: m * [[1, -1], [-1, 1]]),
    ),
    Mutation("one digit of the evidence", GRID, at("log_evidence", by=lambda x: digit(x, 9))),
    Mutation("an axis that is wider", GRID, at("lattice", "axes", 1, "upper", to=41.0)),
    Mutation("bounds that are wider", GRID, at("bounds", "beta", to=[-10.0, 41.0])),
    Mutation("certified although it says why not", GRID, at("certified", to=True)),
    Mutation("nothing outside", GRID, at("outside_mass", "total", to=0.0)),
    Mutation("nothing on the edge", GRID, at("edge_mass", "beta", "upper", to=0.0)),
    Mutation("another definition", GRID, at("definition", "beta", "points", to=101)),
    Mutation("a transposed grid", MASS, transposed_grid),
    Mutation("parameters exchanged", MASS, exchanged("alpha", "beta")),
    Mutation("one cell a thousandth heavier, normalised again", MASS, one_cell),
    Mutation("a mass that is not normalised", MASS, column("mass", lambda m: m * 1.001)),
    Mutation(
        "one digit of one log density", MASS, cell("log_density", 4321, lambda x: digit(x, 10))
    ),
    Mutation("cells in the reverse order", MASS, rows(lambda i: i[::-1])),
    Mutation("a cell left out", MASS, rows(lambda i: np.delete(i, 5000))),
    Mutation(
        "marginals exchanged",
        MARGINALS,
        lambda t: with_column(t, "parameter", t["parameter"].to_pylist()[::-1]),
    ),
    Mutation("a density ten percent too high", MARGINALS, column("density", lambda x: x * 1.1)),
    Mutation("a CDF that is shifted", MARGINALS, column("cdf", lambda x: np.clip(x + 1e-3, 0, 1))),
    Mutation("values that are shifted", MARGINALS, column("value", lambda x: x + 0.01)),
    Mutation("the last row left out", MARGINALS, rows(lambda i: i[:-1])),
    Mutation("one draw in the next cell", GRID_DRAWS, cell("beta", 9, lambda x: x + 0.5)),
    Mutation(
        "one draw changed in one digit (the 12th)",
        GRID_DRAWS,
        cell("alpha", 9, lambda x: digit(x, 12)),
    ),
    Mutation("draws without jitter", GRID_DRAWS, column("beta", lambda x: np.round(x * 2) / 2)),
    Mutation(
        "the density of the cells as that of the posterior",
        GRID_DRAWS,
        exchanged("log_density", "log_approximation"),
    ),
    Mutation(
        "one digit of a quantile of the normal",
        QUANTILES,
        cell("laplace", 9, lambda x: digit(x, 9)),
    ),
    Mutation(
        "one digit of a quantile of the grid", QUANTILES, cell("grid", 9, lambda x: digit(x, 6))
    ),
    Mutation(
        "a quantile of a derived quantity", QUANTILES, cell("grid", 20, lambda x: digit(x, 2))
    ),
    Mutation(
        "no quantile of a derived quantity under the normal",
        QUANTILES,
        without("laplace", "laplace_error", "difference", "difference_sd", quantity="ld50"),
    ),
    Mutation(
        "no quantile of a derived quantity under the grid",
        QUANTILES,
        without("grid", "grid_error", "difference", "difference_sd", quantity="ld50"),
    ),
    Mutation("one quantile of a derived quantity missing", QUANTILES, cell("grid", 20, nothing)),
    Mutation("a quantile of the draws", QUANTILES, cell("laplace_draws", 2, lambda x: digit(x, 9))),
    Mutation("a Monte Carlo error", QUANTILES, cell("grid_draws_mcse", 2, lambda x: x / 2)),
    Mutation("differences with the wrong sign", QUANTILES, column("difference", minus)),
    Mutation(
        "an error of the grid that is not there", QUANTILES, column("grid_error", lambda x: 0 * x)
    ),
    Mutation("an exact quantile", QUANTILES, cell("exact", 9, lambda x: digit(x, 6))),
    Mutation("an exact side without error", QUANTILES, column("exact_error", lambda x: 0 * x)),
    Mutation("another exact side", QUANTILES, cell("rests_on", 3, lambda x: "importance")),
    Mutation("sides exchanged", QUANTILES, exchanged("laplace", "grid")),
    Mutation("rows in another order", QUANTILES, rows(lambda i: i[::-1])),
    Mutation("a row left out", QUANTILES, rows(lambda i: i[1:])),
    Mutation(
        "the mass below zero left out", QUANTILES, column("laplace_excluded", lambda x: 0 * x)
    ),
    Mutation(
        "the mass of a condition on one parameter as a lattice may have it",
        QUANTILES,
        of_quantity("ld50", "laplace_excluded", lambda x: x + 1e-4),
    ),
    Mutation(
        "an error in SDs that the value does not give",
        REMEDIES,
        cell("error_sd", 100, lambda x: (x or 0) + 1e-6),
    ),
    Mutation("a value of the normal", REMEDIES, cell("value", 2, lambda x: digit(x, 9))),
    Mutation(
        "other exact values for one method", REMEDIES, cell("exact", 40, lambda x: digit(x, 9))
    ),
    Mutation("a method that costs nothing", REMEDIES, cell("evaluations_alone", 40, lambda x: 0.0)),
    Mutation("a method error that is less", REMEDIES, cell("method_error", 40, lambda x: x / 2)),
    Mutation(
        "a method error without error", REMEDIES, column("method_error_error", lambda x: 0 * x)
    ),
    Mutation(
        "a method error that nobody measured",
        REMEDIES,
        column("rests_on", lambda x: ["none"] * x.size),
    ),
    Mutation("a method error left out", REMEDIES, cell("method_error", 40, lambda x: math.nan)),
    Mutation("draws that cost nothing", REMEDIES, column("numerical_error", lambda x: 0 * x)),
    Mutation("a proof that cost less", REMEDIES, cell("evaluations_of_proof", 40, lambda x: x - 1)),
    Mutation(
        "a remedy that starts from nothing",
        REMEDIES,
        column("starts_from", lambda x: ["nothing"] * x.size),
    ),
    Mutation("a Hessian that nobody checked", CURVATURE, at("n_evaluations", to=0)),
    Mutation("a grid that cost less", GRID, at("evaluations_alone", by=lambda n: n - 1)),
    Mutation("a row that stands twice", REMEDIES, rows(lambda i: [0, *i])),
    Mutation("a scale that has an error", REMEDIES, column("scale_error", lambda x: x + 1e-9)),
    Mutation("another budget", REFERENCE, at("budget", "evaluations", to=32_000)),
    Mutation("draws although the grid serves", REFERENCE, at("kind", to="adapted_draws")),
    Mutation("draws that serve where there are none", REFERENCE, at("serves", to=True)),
    Mutation("a posterior renamed", REFERENCE, at("case", "prior", to="bda")),
    Mutation("another seed in the footer", REFERENCE_DRAWS, footer("seed", "43")),
    Mutation("without the weights", REFERENCE_DRAWS, lambda t: t.drop_columns(["weight"])),
    Mutation("a draw where none is due", REFERENCE_DRAWS, one_row),
    Mutation("a case renamed", FOUND, at("case", "grid", to="certified")),
    Mutation("a coverage", VERDICT, at(*BETA, "coverage", "95", "value", to=0.95)),
    Mutation(
        "a coverage with the share below it",
        VERDICT,
        both(
            at(*BETA, "coverage", "95", "value", by=lambda x: x - 1e-6),
            at(*BETA, "coverage", "95", "below", by=lambda x: x + 1e-6),
        ),
    ),
    Mutation("a verdict", VERDICT, at(*BETA, "verdict", to="fine")),
    Mutation("the verdict on the case", VERDICT, at("verdict", to="fine")),
    Mutation("the class of the case", VERDICT, at("class", to="good")),
    Mutation("a remedy", VERDICT, at(*BETA, "remedy", to="grid")),
    Mutation(
        "an error of an interval", VERDICT, at(*BETA, "endpoint_error_sd", "95", "value", to=0.01)
    ),
    Mutation("an end of an interval", VERDICT, at(*BETA, "intervals", "95", "exact", 1, by=digit)),
    Mutation(
        "a warning that nothing calls for", VERDICT, at("warnings", to=["Something is left out."])
    ),
    Mutation("another tolerance", VERDICT, at("tolerance", to=5.0)),
    Mutation(
        "one digit of the total variation",
        VERDICT,
        at("joint", "total_variation", "value", by=digit),
    ),
    Mutation(
        "one digit of the Hellinger distance", VERDICT, at("joint", "hellinger", "value", by=digit)
    ),
    Mutation(
        "divergences exchanged",
        VERDICT,
        lambda r: r["joint"].update(
            kl_exact_laplace=r["joint"]["kl_laplace_exact"],
            kl_laplace_exact=r["joint"]["kl_exact_laplace"],
        ),
    ),
    Mutation(
        "what an ellipse holds",
        VERDICT,
        at("joint", "ellipse_coverage", "levels", "95", "value", to=0.95),
    ),
    Mutation(
        "a skewness that is not stated", GRID, at("withheld", to=["too heavy a tail of beta: "])
    ),
    Mutation(
        "an evidence that the grid has not", VERDICT, at("evidence", "grid", "value", by=digit)
    ),
    Mutation("an evidence without error", VERDICT, at("evidence", "laplace", "error", to=0.0)),
    Mutation(
        "chains that speak beside a grid",
        VERDICT,
        at(*BETA, "drift", to={"50": CARRIED, "95": CARRIED}),
    ),
    Mutation("every start finds the mode", BASIN, column("undamped", lambda x: 0 * x + 1.0)),
    Mutation("a lattice of starts that is shifted", BASIN, column("beta", lambda x: x + 1.0)),
    Mutation("a cell of the summary", "summary.parquet", cell("grid_upper_95", 1, digit)),
    Mutation("an error in the summary", "summary.parquet", cell("grid_upper_95_error", 1, digit)),
    Mutation("a unit in the summary", "summary.parquet", cell("scale_is", 1, lambda x: "none")),
    Mutation("a judge in the summary", "summary.parquet", cell("rests_on", 1, lambda x: "nuts")),
    Mutation("a verdict in the summary", "summary.parquet", cell("verdict", 1, lambda x: "fine")),
    Mutation("a row of the summary left out", "summary.parquet", rows(lambda i: i[1:])),
    Mutation("rows of the summary in another order", "summary.parquet", rows(lambda i: i[::-1])),
    Mutation(
        "one digit of what a claim measures",
        "claims.json",
        at(0, "measured", by=lambda x: digit(x, 9)),
    ),
    Mutation("a claim that is said to hold", "claims.json", at(3, "holds", by=lambda x: not x)),
    Mutation("a bound of a claim", "claims.json", at(0, "upper", to=0.7)),
    Mutation("the sentence of a claim", "claims.json", at(0, "claim", to="All is well.")),
    Mutation("a claim left out", "claims.json", lambda r: r.pop(0)),
    Mutation("claims in another order", "claims.json", shuffled_claim),
    Mutation(
        "a share of an exercise",
        "exercises/exercise-1.json",
        at("share_beta_not_positive", "normal", by=digit),
    ),
    Mutation(
        "a quantile of an exercise",
        "exercises/exercise-2.json",
        at("laplace", "log_beta", "beta", "quantiles", 4, by=digit),
    ),
    Mutation(
        "a byte flipped in the data of a table",
        MASS,
        lambda b: b[:400] + bytes([b[400] ^ 1]) + b[401:],
        True,
    ),
    Mutation("a table cut off after half", MASS, lambda b: b[: len(b) // 2], True),
    Mutation("a table emptied", MASS, lambda b: b"", True),
)
