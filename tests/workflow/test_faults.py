"""Faults beside those that the modules' own tests bring about; docs/faults.md lists all."""

import contextlib
import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from laplace_approx.curvature.step import curvature_record
from laplace_approx.density.posterior import joint_support, natural_density
from laplace_approx.density.priors import build_prior
from laplace_approx.density.space import build_space
from laplace_approx.errors import Declined, InputError
from laplace_approx.mode.step import mode_record
from laplace_files.artifacts.artifacts import (
    read_json,
    read_table,
    replacing,
    replacing_folder,
    write_json,
    write_table,
    write_text,
)
from laplace_files.cases.posterior import freeze, open_posterior
from laplace_files.config.request import check_folders
from laplace_files.models.data import read_data
from laplace_files.models.modelfile import load_model
from laplace_files.run import code
from project_copy import PROJECT, copy_project, snakemake

SCRIPTS = PROJECT / "workflow/scripts"
BIOASSAY = SCRIPTS / "laplace_approx/models/bioassay.py"
LOGISTIC = SCRIPTS / "laplace_approx/models/logistic_regression.py"
DATA = read_data(PROJECT / "data/bioassay.csv")

# ------------------------------------------------------------------ artifacts that are damaged

RECORD = {"status": "ok", "theta": [0.25, 1e-300], "names": ["alpha", "β"]}
COLUMNS = {"alpha": np.linspace(0, 1, 20), "quantity": ["ld50"] * 20}


def write_artifact(path):
    if path.suffix == ".json":
        write_json(path, RECORD)
    else:
        write_table(path, COLUMNS, {"model": "bioassay", "prior": "flat"})


def read_artifact(path):
    return read_json(path) if path.suffix == ".json" else read_table(path)


@pytest.fixture(params=["record.json", "table.parquet"])
def artifact(request, tmp_path):
    path = tmp_path / request.param
    write_artifact(path)
    return path


def test_a_truncated_artifact_is_refused_with_the_command_that_remakes_it(artifact):
    whole = artifact.read_bytes()
    # what is cut from a record's end may be its last line end alone, which no reader misses
    for length in range(0, len(whole) - 1, 7):
        artifact.write_bytes(whole[:length])
        with pytest.raises(InputError) as caught:
            read_artifact(artifact)
        assert f"snakemake --force {artifact}" in str(caught.value)


@pytest.mark.parametrize("flip", [1, 128])
def test_a_flipped_bit_changes_no_number_of_a_table(tmp_path, flip):
    """Pages have checksums; the names and texts in the footer have none and may change."""
    path = tmp_path / "table.parquet"
    write_artifact(path)
    whole = path.read_bytes()
    refused = 0
    for i in range(0, len(whole), 2):
        path.write_bytes(whole[:i] + bytes([whole[i] ^ flip]) + whole[i + 1 :])
        try:
            columns, _ = read_table(path)
        except InputError:
            refused += 1
        else:
            numbers, texts = columns.values()
            np.testing.assert_array_equal(numbers, COLUMNS["alpha"])
            assert texts == COLUMNS["quantity"]
    assert refused > len(whole) / 4, "half of those that were tried"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("", "Expecting value", id="F63-empty"),
        pytest.param("{", "Expecting", id="F63-half"),
        pytest.param("3", "a record is due", id="F63-value"),
        pytest.param('{"a": NaN}', "NaN is not a JSON number", id="F77-NaN"),
        pytest.param('{"a": -Infinity}', "-Infinity is not a JSON number", id="F77-Infinity"),
        pytest.param('{"a": 1, "a": 2}', "a key stands twice", id="F77-duplicate"),
        pytest.param(b'{"a": "\xff"}', "utf-8", id="F60-bytes"),
    ],
)
def test_what_is_no_strict_record_is_refused(tmp_path, text, words):
    path = tmp_path / "record.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError, match="snakemake --force") as caught:
        read_json(path)
    assert words in str(caught.value)


def test_a_missing_artifact_is_refused_with_the_command_that_makes_it(tmp_path):
    for name in ("record.json", "table.parquet"):
        with pytest.raises(InputError, match=f"snakemake --force .*{name}"):
            read_artifact(tmp_path / name)


def test_a_number_that_is_not_finite_is_null_in_both_kinds(tmp_path):
    path = tmp_path / "record.json"
    write_json(path, {"a": float("nan"), "b": [np.float64("inf"), 1.0], "c": np.array([np.nan])})
    assert json.loads(path.read_text()) == {"a": None, "b": [None, 1.0], "c": [None]}
    table = tmp_path / "table.parquet"
    write_table(table, {"x": np.array([1.0, np.nan])}, {})
    import pyarrow.parquet as pq

    assert pq.read_table(table).to_pydict() == {"x": [1.0, None]}


# ------------------------------------------------------------------ writing whole or not at all


def test_a_write_that_fails_leaves_the_old_artifact_and_nothing_else(artifact):
    before = artifact.read_bytes()
    with pytest.raises(RuntimeError), replacing(artifact) as temporary:
        temporary.write_text("half")
        raise RuntimeError("stop")
    assert artifact.read_bytes() == before
    assert os.listdir(artifact.parent) == [artifact.name]


def test_a_folder_that_fails_leaves_the_old_folder_and_nothing_else(tmp_path):
    folder = tmp_path / "figures"
    for text in ("old", "new"):
        with replacing_folder(folder) as temporary:
            (temporary / f"{text}.svg").write_text(text)
    assert os.listdir(folder) == ["new.svg"]
    with pytest.raises(RuntimeError), replacing_folder(folder) as temporary:
        (temporary / "half.svg").write_text("half")
        raise RuntimeError("stop")
    assert os.listdir(folder) == ["new.svg"]
    assert os.listdir(tmp_path) == ["figures"]


def run_python(text, *arguments):
    """Run a program in a process of its own, which has the project's modules at hand."""
    return subprocess.run(
        [sys.executable, "-c", text, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_writer_that_is_killed_leaves_the_old_artifact(artifact):
    before = artifact.read_bytes()
    text = (
        "import os, signal, sys\n"
        "from laplace_files.artifacts.artifacts import replacing\n"
        "with replacing(sys.argv[1]) as temporary:\n"
        "    temporary.write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert run_python(text, artifact).returncode == -signal.SIGKILL
    assert artifact.read_bytes() == before
    # what is left of it is hidden and never has the name of an artifact
    left = [name for name in os.listdir(artifact.parent) if name != artifact.name]
    assert all(name.startswith(".") and name.endswith(".part") for name in left)


def test_where_no_more_bytes_fit_the_old_artifact_stays(artifact):
    """A limit on the size of files makes the system refuse the bytes, as a full disk does."""
    before = artifact.read_bytes()
    text = (
        "import resource, sys\n"
        "import numpy as np\n"
        "from laplace_files.artifacts.artifacts import write_json, write_table\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "x = np.random.default_rng(0).standard_normal(10000)\n"
        "path = sys.argv[1]\n"
        "write_json(path, {'x': x}) if path.endswith('json') else write_table(path, {'x': x}, {})\n"
    )
    done = run_python(text, artifact)
    assert done.returncode == 1
    assert "OSError" in done.stderr
    assert "File too large" in done.stderr
    assert artifact.read_bytes() == before
    assert os.listdir(artifact.parent) == [artifact.name]


def test_temporary_files_are_private_and_their_names_not_to_be_guessed(tmp_path):
    path = tmp_path / "record.json"
    names = set()
    for _ in range(3):
        with replacing(path) as temporary:
            names.add(temporary.name)
            assert temporary.parent == path.parent, "renamed, never copied from another disk"
            assert stat.S_IMODE(temporary.stat().st_mode) == 0o600
    assert len(names) == 3


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_an_artifact_has_the_mode_that_the_umask_asks_for(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        write_text(tmp_path / "a.md", "text\n")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.md").stat().st_mode) == mode


def test_an_artifact_that_is_a_link_is_replaced_and_not_followed(tmp_path):
    outside = tmp_path / "outside.json"
    outside.write_text("mine")
    (tmp_path / "record.json").symlink_to(outside)
    write_json(tmp_path / "record.json", RECORD)
    assert outside.read_text() == "mine"
    assert read_json(tmp_path / "record.json") == RECORD


@pytest.mark.parametrize(
    ("make", "words"),
    [
        pytest.param(lambda path: path.write_text(""), "is not a folder", id="F59-file"),
        pytest.param(lambda path: path.symlink_to(path), "leads to no folder", id="F59-loop"),
        pytest.param(lambda path: path.symlink_to("/nowhere"), "no folder", id="F59-dangling"),
    ],
)
def test_what_is_in_the_place_of_the_results_is_refused(tmp_path, make, words):
    path = tmp_path / "results"
    make(path)
    with pytest.raises(InputError, match=words):
        check_folders([path])


def test_results_that_cannot_be_written_to_are_refused(tmp_path, monkeypatch):
    check_folders([tmp_path, tmp_path / "absent"])
    # root may write anywhere, so that only the system's answer can be made up here
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(InputError, match="cannot be written to"):
        check_folders([tmp_path])


# ------------------------------------------------------------------ jobs and what they rest on


def run_job(tmp_path, text):
    """Run a script as a rule runs it, with a log; return its exit status and its log."""
    log = tmp_path / "logs/job.log"
    done = run_python(
        "from types import SimpleNamespace\n"
        "from laplace_approx.errors import InputError\n"
        "from laplace_files.run import job\n"
        "job.start(SimpleNamespace(rule='mode', wildcards={}, input=[], output=[], params={},\n"
        f"                         resources={{}}, log=['{log}']))\n{text}"
    )
    assert done.stdout == done.stderr == "", "all of it is in the log"
    return done.returncode, log.read_text()


def test_a_bad_input_is_one_paragraph_in_the_log(tmp_path):
    assert run_job(tmp_path, "raise InputError('data.csv: is empty')") == (
        1,
        "Error: data.csv: is empty\n",
    )


def test_what_the_system_refuses_is_a_paragraph_before_its_traceback(tmp_path):
    status, said = run_job(tmp_path, "open('/nowhere/x')")
    assert status == 1
    assert said.startswith("Error: the system refused: [Errno 2]")


def test_what_a_model_prints_is_in_the_log_of_its_job(tmp_path):
    status, said = run_job(tmp_path, "import os; print('one', flush=True); os.system('echo two')")
    assert (status, said) == (0, "one\ntwo\n")


@pytest.fixture
def frozen(tmp_path, monkeypatch):
    """A frozen posterior whose model and data are files of this folder."""
    monkeypatch.chdir(tmp_path)
    for source in (BIOASSAY, PROJECT / "data/bioassay.csv"):
        Path(source.name).write_bytes(source.read_bytes())
    write_json("posterior.json", freeze({}, "bioassay.py", "bioassay.csv", {}))
    return "posterior.json"


@pytest.mark.parametrize("name", ["bioassay.csv", "bioassay.py"])
def test_a_file_that_changes_during_a_run_is_noticed(frozen, name):
    assert open_posterior(frozen).record["data"]["rows"] == 4
    # same size, same time: the content decides
    path, times = Path(name), os.stat(name)
    text = path.read_text()
    path.write_text(text.replace("-0.86", "-0.85") if name.endswith("csv") else text[:-1] + " ")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.raises(InputError, match=f"{name} is no longer the file"):
        open_posterior(frozen)


def test_another_version_of_a_library_changes_the_fingerprint(monkeypatch):
    before = code.describe(SCRIPTS / "mode.py")
    assert "numpy" in before["versions"]
    monkeypatch.setattr(code.metadata, "version", lambda name: "99.0")
    after = code.describe(SCRIPTS / "mode.py")
    assert after["files"] == before["files"]
    assert after["fingerprint"] != before["fingerprint"]


# ------------------------------------------------------------------ data at the limits of a model

PROPER = {
    "alpha": {"family": "normal", "mean": 0, "sd": 2},
    "beta": {"family": "normal", "mean": 10, "sd": 10},
}


def laplace(file, data, prior):
    """Return the mode and the standard deviations of a model file with these data."""
    model = load_model(file, data)
    built = build_prior(prior, model.parameters)
    density = natural_density(model, built)
    space = build_space({}, model.parameters, *joint_support(model, built))
    mode = mode_record(model, density, space)
    return np.array(mode["theta"]), np.array(curvature_record(density, space, mode["z"])["sd"])


@pytest.mark.parametrize("scale", [1e6, 1e-6])
def test_the_unit_of_the_doses_is_the_unit_of_beta(scale):
    theta, sd = laplace(BIOASSAY, DATA, {})
    scaled, scaled_sd = laplace(BIOASSAY, DATA | {"dose": DATA["dose"] * scale}, {})
    # six digits of what the equations themselves give exactly
    np.testing.assert_allclose(scaled * [1, scale], theta, rtol=1e-6)
    np.testing.assert_allclose(scaled_sd * [1, scale], sd, rtol=1e-6)


def test_an_offset_of_the_doses_only_moves_alpha():
    theta, sd = laplace(BIOASSAY, DATA, {})
    moved, moved_sd = laplace(BIOASSAY, DATA | {"dose": DATA["dose"] + 1e6}, {})
    # The doses themselves keep ten digits of their differences, the offset eats the other six.
    assert abs(moved[1] - theta[1]) < 1e-6 * sd[1]
    np.testing.assert_allclose(moved_sd[1], sd[1], rtol=1e-6)
    # alpha + beta * (dose + 1e6) is the same line: alpha moves by -1e6 beta, and so does its SD
    np.testing.assert_allclose(moved[0], theta[0] - 1e6 * theta[1], rtol=1e-6)


def logistic_data(y, **columns):
    return {"y": np.array(y, dtype=float)} | {k: np.array(v) for k, v in columns.items()}


FEW = logistic_data([0, 1, 0], a=[1.0, 2, 3], b=[1.0, 4, 9], c=[1.1, 8.1, 27.1], d=[0.8, 0.9, 0.1])
DEGENERATE = {
    "F32-no-deaths": (BIOASSAY, DATA | {"deaths": np.zeros(4)}, {"separation"}),
    "F32-all-dead": (BIOASSAY, DATA | {"deaths": DATA["animals"]}, {"separation"}),
    "F32-one-dose": (
        BIOASSAY,
        {"dose": np.array([0.5]), "animals": np.array([5.0]), "deaths": np.array([2.0])},
        {"singular_hessian"},
    ),
    "F32-equal-doses": (BIOASSAY, DATA | {"dose": np.full(4, 0.3)}, {"singular_hessian"}),
    "F32-more-coefficients-than-rows": (LOGISTIC, FEW, {"separation"}),
    # but for the two at x = 3, the line between them separates the data
    "F37-nearly-separated": (
        LOGISTIC,
        logistic_data([0, 0, 0, 1, 1, 1], x=[1.0, 2, 3, 3, 4, 5]),
        {"separation"},
    ),
}


@pytest.mark.parametrize("name", DEGENERATE)
def test_data_that_do_not_determine_the_parameters_are_declined(name):
    file, data, reasons = DEGENERATE[name]
    with pytest.raises(Declined) as caught:
        laplace(file, data, {})
    assert caught.value.reason in reasons


@pytest.mark.parametrize("name", DEGENERATE)
def test_with_a_proper_prior_such_data_have_a_normal(name):
    file, data, _ = DEGENERATE[name]
    names = load_model(file, data).parameters
    prior = PROPER if names == ("alpha", "beta") else dict.fromkeys(names, PROPER["alpha"])
    theta, sd = laplace(file, data, prior)
    assert np.all(np.isfinite(theta)) and np.all(sd > 0)


# ------------------------------------------------------------------ densities without an end

A_AND_B = """
import numpy as np

PARAMETERS = ("a", "b")


def log_likelihood(theta, data):
    a, b = theta[..., 0], theta[..., 1]
    return {}
"""
# the log density in a and b, and the reason for declining
SHAPES = {
    "F39-flat-tail": ("-np.log1p(np.exp(-a)) - b**2", "separation"),
    "F50-plateau": ("np.logaddexp(-0.5 * (a**2 + b**2), -4.0)", "improper"),
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", SHAPES)
def test_a_tail_that_never_ends_is_declined(tmp_path, name):
    formula, reason = SHAPES[name]
    path = tmp_path / "shape.py"
    path.write_text(A_AND_B.format(formula))
    with pytest.raises(Declined) as caught:
        laplace(path, {}, {})
    assert caught.value.reason == reason


# ------------------------------------------------------------------ the real Snakefile

MODE = "results/{}/flat/laplace/natural/mode.json"
VERDICT = "results/{}/flat/compare/natural/certified/verdict.json"
DYING = """
import os, signal

PARAMETERS = ("p",)


def log_likelihood(theta, data):
    if (theta != 0).any():  # at its start, where it is tried, all is well
        os.kill(os.getpid(), signal.{})
    return -0.5 * theta[..., 0] ** 2
"""
SLOW = """
import os, time

PARAMETERS = ("p",)


def log_likelihood(theta, data):
    if (theta != 0).any() and os.path.exists("slow"):
        time.sleep(60)
    return -0.5 * theta[..., 0] ** 2
"""
OVERLAY = """
cases:
  - {model: [killed, crashed, slow, bioassay], prior: flat, space: natural, grid: certified}
models:
  killed: {file: killed.py}
  crashed: {file: crashed.py}
  slow: {file: slow.py}
"""


@pytest.fixture
def project(tmp_path):
    """A copy of the project with models that die of a signal or take their time."""
    folder = copy_project(tmp_path / "project")
    (folder / "killed.py").write_text(DYING.format("SIGKILL"))
    (folder / "crashed.py").write_text(DYING.format("SIGSEGV"))
    (folder / "slow.py").write_text(SLOW)
    (folder / "overlay.yaml").write_text(OVERLAY)
    return folder


def run(folder, *names):
    targets = [MODE.format(name) for name in names]
    return snakemake(folder, "--cores", "2", "--configfile", "overlay.yaml", "--", *targets)


@pytest.mark.workflow
def test_a_job_that_is_killed_costs_no_other_case_anything(project):
    done = run(project, "killed", "crashed", "bioassay")
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "SIGKILL" in said
    assert "SIGSEGV" in said
    assert read_json(project / MODE.format("bioassay"))["status"] == "ok"
    for name in ("killed", "crashed"):
        assert not list((project / "results" / name).rglob("mode*"))


@pytest.mark.workflow
def test_a_run_in_which_a_job_died_ends_with_what_there_is_and_what_not(project):
    targets = [VERDICT.format(name) for name in ("killed", "bioassay")]
    done = snakemake(project, "--cores", "2", "--configfile", "overlay.yaml", "--", *targets)
    assert done.returncode != 0
    end = done.stdout[done.stdout.index("has no verdict") :]
    line = next(line for line in end.splitlines() if "killed/flat/natural/certified" in line)
    for log in re.findall(r"see (logs/[^;]+)", line):
        assert "SIGKILL" in (project / log).read_text()
    assert "job mode died" in line
    assert "take the case out of `cases`" in end
    rows = [line.split() for line in end.splitlines() if line.startswith("bioassay/flat")]
    assert [row[1] for row in rows] == ["alpha", "beta", "ld50"]
    said = read_json(project / VERDICT.format("bioassay"))["quantities"]
    assert [row[2] for row in rows] == [said[row[1]]["verdict"] for row in rows]


@pytest.mark.workflow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_leaves_no_half_artifact_and_can_go_on(project, how):
    (project / "slow").touch()
    arguments = ["--cores", "1", "--configfile", "overlay.yaml", "--", MODE.format("slow")]
    log = project / "logs/slow/flat/laplace/natural/mode.log"
    running = subprocess.Popen(
        [sys.executable, "-m", "snakemake", *arguments],
        cwd=project,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        until = time.monotonic() + 60
        while not log.exists() and time.monotonic() < until:
            time.sleep(0.1)
        assert log.exists(), "the slow job has begun"
        os.killpg(running.pid, how)
        assert running.wait(timeout=20) != 0
    finally:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
    assert not (project / MODE.format("slow")).exists()
    (project / "slow").unlink()
    done = run(project, "slow")
    assert done.returncode == 0, done.stderr
    assert read_json(project / MODE.format("slow"))["status"] == "ok"


@pytest.mark.workflow
def test_the_command_in_the_message_repairs_a_truncated_artifact(project):
    assert run(project, "bioassay").returncode == 0
    mode = project / MODE.format("bioassay")
    whole = mode.read_bytes()
    mode.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError) as caught, contextlib.chdir(project):
        read_json(MODE.format("bioassay"))
    command = f"snakemake --force {MODE.format('bioassay')}"
    assert command in str(caught.value)
    assert snakemake(project, *command.split()[1:], "--cores", "1").returncode == 0
    assert mode.read_bytes() == whole
    # and what uses it has it made anew by itself
    mode.write_bytes(whole[: len(whole) // 2])
    curvature = MODE.format("bioassay").replace("mode", "curvature")
    done = snakemake(project, "--cores", "1", curvature)
    assert done.returncode == 0, done.stderr
    assert "mode.json has" in done.stderr
    assert mode.read_bytes() == whole


@pytest.mark.workflow
def test_values_of_the_command_line_are_held_to_the_schema(project):
    done = snakemake(project, "--dry-run", "--config", "n_draws=abc", "seed=1")
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert 'n_draws: "abc" is text, not a whole number' in said
    assert "seed: unknown key; did you mean 'seeds'?" in said
    assert "Traceback" not in said


@pytest.mark.workflow
def test_the_default_configuration_is_read_strictly_before_snakemake_reads_it(project):
    (project / "config/config.yaml").write_text("n_draws: 100\nseeds: {draws: [1\n")
    done = snakemake(project, "--dry-run")
    assert done.returncode != 0
    assert "config/config.yaml, line 3: is not YAML" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.workflow
def test_a_file_in_the_place_of_the_results_stops_the_run_in_words(project):
    (project / "results").write_text("")
    done = snakemake(project, "--dry-run")
    assert done.returncode != 0
    assert "results: is not a folder" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.workflow
def test_links_to_the_project_and_to_its_results_change_no_byte(project, tmp_path):
    assert run(project, "bioassay").returncode == 0
    expected = (project / MODE.format("bioassay")).read_bytes()
    other = copy_project(tmp_path / "other place" / "project")
    (tmp_path / "elsewhere").mkdir()
    (other / "results").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "link").symlink_to(other)
    place = ("--snakefile", "link/Snakefile", "--directory", "link")
    done = snakemake(tmp_path, *place, "--cores", "1", "--", MODE.format("bioassay"))
    assert done.returncode == 0, done.stderr
    made = tmp_path / "elsewhere" / Path(MODE.format("bioassay")).relative_to("results")
    assert made.read_bytes() == expected
