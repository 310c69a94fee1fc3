"""What a model does besides computing: what it reads is one of its files, the rest is refused."""

import os
import socket
import textwrap

import numpy as np
import pytest

from laplace_approx.density.posterior import natural_density
from laplace_approx.density.priors import build_prior
from laplace_approx.errors import Declined, InputError
from laplace_files.artifacts.artifacts import write_json
from laplace_files.cases.posterior import freeze, open_posterior
from laplace_files.models import trial
from laplace_files.models.modelfile import load_model
from laplace_files.models.trial import open_models, source_hash
from laplace_files.models.watch import watch_of

MODEL = """
import os
import numpy as np
{top}
PARAMETERS = ("a",)
def log_likelihood(theta, data):
    a = theta[..., 0]
{within}
    return -0.5 * a**2
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "side.txt").write_text("1.0\n")
    np.save(tmp_path / "side.npy", np.ones(3))
    return tmp_path


def written(folder, top="", within="", name="mine"):
    file = folder / f"{name}.py"
    text = MODEL.format(top=textwrap.dedent(top), within=textwrap.indent(within or "pass", "    "))
    file.write_text(text)
    return file.name


def side_files(file):
    return list(watch_of(file).side_files())


READS = {
    "open": "open('side.txt').read()",
    "pathlib": "__import__('pathlib').Path('side.txt').read_text()",
    "os": "os.close(os.open('side.txt', os.O_RDONLY))",
    "numpy-text": "np.loadtxt('side.txt')",
    "numpy": "np.load('side.npy')",
    "numpy-raw": "np.fromfile('side.npy')",
    "map": "np.memmap('side.npy', mode='r')",
    "absolute": "open(os.path.abspath('side.txt')).read()",
    "database": "__import__('sqlite3').connect('side.txt').close()",
}


@pytest.mark.parametrize("way", READS)
def test_what_it_reads_as_it_is_loaded_or_called_is_one_of_its_files(folder, way):
    (expected,) = {"side.txt", "side.npy"} & set(READS[way].replace("'", " ").split())
    file = written(folder, top=READS[way])
    load_model(file, {})
    assert side_files(file) == [expected]
    file = written(folder, within=READS[way])
    model = load_model(file, {})
    assert side_files(file) == []
    model.log_likelihood(np.zeros(1))
    assert side_files(file) == [expected]
    assert set(freeze({}, file, None, {})["model"]["files"]) == {file, expected}


def test_what_a_module_beside_it_reads_counts_and_its_code_is_not_read_twice(folder):
    (folder / "helper.py").write_text("SCALE = float(open('side.txt').read())\n")
    file = written(folder, top="import helper")
    load_model(file, {})
    assert side_files(file) == ["side.txt"]


NO_FILES_OF_ITS_OWN = {
    "library": "import json, email.mime.text, scipy.special, numpy.polynomial",
    "standard": "open(os.__file__).read()",
    "package": "open(np.__file__).read()",
    "zone": "__import__('zoneinfo').ZoneInfo('UTC')",
    "device": "open(os.devnull).read()",
    "itself": "open(__file__).read()",
    "process": "open('/proc/self/statm').read()",
    "folder": "os.listdir('.')",
    "stack": "__import__('linecache').clearcache()\n__import__('traceback').format_stack()",
}


@pytest.mark.parametrize("way", NO_FILES_OF_ITS_OWN)
def test_what_belongs_to_python_or_the_system_is_none_of_its_files(folder, way):
    file = written(folder, top=NO_FILES_OF_ITS_OWN[way])
    load_model(file, {})
    assert side_files(file) == []


REFUSED = {
    "write": ("open('out.txt', 'w')", "writes the file out.txt"),
    "append": ("open('side.txt', 'a')", "writes the file side.txt"),
    "os-write": ("os.open('out.txt', os.O_WRONLY | os.O_CREAT)", "writes the file out.txt"),
    "save": ("np.save('out.npy', np.ones(2))", "writes the file out.npy"),
    "text": ("np.savetxt('out.txt', np.ones(2))", "writes the file out.txt"),
    "map": ("np.memmap('side.npy', mode='r+')", "writes the file side.npy"),
    "remove": ("os.remove('side.txt')", "changes the file side.txt"),
    "rename": ("os.rename('side.txt', 'b')", "changes the file side.txt"),
    "folder": ("os.mkdir('new')", "changes the file new"),
    "swallowed": ("try: open('out.txt', 'w')\nexcept Exception: pass", "writes the file"),
    "system": ("os.system('true')", "starts another program"),
    "program": ("__import__('subprocess').run(['true'])", "starts another program"),
    "spawn": ("os.posix_spawn('/bin/true', ['true'], {})", "starts another program"),
    "fork": ("os.fork() or os._exit(0)", "starts another program"),
    "exec": ("os.execv('/bin/true', ['true'])", "starts another program"),
    "signal": ("os.kill(os.getppid(), 0)", "signals another process"),
    "group": ("os.killpg(os.getpgid(os.getppid()), 0)", "signals another process"),
    "name": ("__import__('socket').getaddrinfo('localhost', 80)", "asks the network"),
    "address": (
        "__import__('urllib.request').request.urlopen('http://127.0.0.1:9/')",
        "asks the network",
    ),
    "connect": ("__import__('socket').create_connection(('127.0.0.1', 9))", "asks the network"),
}


@pytest.mark.parametrize("act", REFUSED)
def test_what_a_model_may_not_do_is_refused_with_its_line(folder, act):
    code, words = REFUSED[act]
    with pytest.raises(InputError, match=rf"^mine.py, line \d+: the model {words}"):
        load_model(written(folder, top=code), {})
    model = load_model(written(folder, within=code), {})
    with pytest.raises(InputError, match=rf"^mine.py, line \d+: the model {words}"):
        natural_density(model, build_prior({}, ("a",))).log_density(np.zeros(1))
    assert sorted(os.listdir(folder)) == ["mine.py", "side.npy", "side.txt"]
    assert (folder / "side.txt").read_text() == "1.0\n"


def test_it_is_refused_before_anything_runs(folder):
    file = written(folder, within="open('out.txt', 'w')")
    with pytest.raises(InputError, match=r"the model writes the file out\.txt, which it may not"):
        open_models({"models": {"mine": {"file": file}}}, ["mine"])


def a_library(folder, monkeypatch, code):
    """Put a package with a function `work()` where packages are installed."""
    from laplace_files.models import places

    packages = folder / "packages"
    packages.mkdir()
    (packages / "lib_that_compiles.py").write_text(f"import os\ndef work():\n    {code}\n")
    monkeypatch.syspath_prepend(str(packages))
    monkeypatch.setattr(places, "packages", lambda: (f"{packages}{os.sep}",))
    monkeypatch.delitem(__import__("sys").modules, "lib_that_compiles", raising=False)


LIBRARIES = {
    "compiler": "__import__('subprocess').run(['true'])",
    "cache": "os.makedirs(os.path.expanduser('~/.lib'), exist_ok=True)",
    "temporary": "__import__('tempfile').TemporaryFile().close()",
}


@pytest.mark.parametrize("act", LIBRARIES)
def test_a_library_may_compile_and_keep_what_it_compiled(folder, monkeypatch, act):
    monkeypatch.setenv("HOME", str(folder / "home"))
    (folder / "home").mkdir()
    a_library(folder, monkeypatch, LIBRARIES[act])
    file = written(folder, top="import lib_that_compiles", within="lib_that_compiles.work()")
    model = load_model(file, {})
    assert model.log_likelihood(np.ones(1)) == -0.5
    assert side_files(file) == []


def test_a_library_may_write_nothing_for_the_model(folder, monkeypatch):
    a_library(folder, monkeypatch, "open('out.txt', 'w')")
    model = load_model(written(folder, "import lib_that_compiles as lib", "lib.work()"), {})
    with pytest.raises(InputError, match=r"the model writes the file out\.txt"):
        model.log_likelihood(np.ones(1))


def test_nothing_is_looked_at_when_no_model_is_at_work(folder):
    model = load_model(written(folder), {})
    model.log_likelihood(np.zeros(1))
    (folder / "out.txt").write_text("x")
    with socket.socket(socket.AF_INET) as free:
        free.bind(("127.0.0.1", 0))
    assert side_files("mine.py") == []


def test_a_file_that_only_a_job_comes_to_read_is_an_error_that_names_it(folder):
    file = written(folder, within="if np.any(a > 3): open('side.txt').read()")
    write_json("posterior.json", freeze({}, file, None, {}))
    density = open_posterior("posterior.json").density()
    assert density.log_density(np.zeros(1)) == 0
    with pytest.raises(
        InputError, match=r"reads side\.txt, which posterior\.json does not rest on"
    ):
        density.log_density(np.full(1, 4.0))


def test_a_file_that_is_read_and_changes_is_noticed_by_the_next_job(folder):
    file = written(folder, top="SCALE = open('side.txt').read()")
    write_json("posterior.json", freeze({}, file, None, {}))
    assert open_posterior("posterior.json").record["model"]["files"].keys() == {file, "side.txt"}
    (folder / "side.txt").write_text("3.0\n")
    with pytest.raises(InputError, match=r"side\.txt is no longer the file"):
        open_posterior("posterior.json")


def test_the_hash_of_a_model_is_that_of_what_it_reads_as_well(folder, monkeypatch):
    file = written(folder, within="open('side.txt').read()\nos.path.exists('absent') or _try()")
    (folder / file).write_text(
        (folder / file).read_text() + "def _try():\n    try: open('absent')\n"
        "    except OSError: pass\n"
    )
    config = {"models": {"mine": {"file": file}}}
    children = []
    in_child = trial._in_child
    monkeypatch.setattr(trial, "_in_child", lambda new: children.append(1) or in_child(new))

    def now():
        open_models(config, ["mine"])
        return source_hash(config["models"]["mine"])

    first = now()
    assert now() == first
    assert len(children) == 1, "what was tried is remembered with what it read"
    (folder / "side.txt").write_text("3.0\n")
    second = now()
    (folder / "absent").write_text("")
    third = now()
    assert len({first, second, third}) == 3
    assert len(children) == 3
    (folder / "absent").unlink()
    (folder / "side.txt").write_text("1.0\n")
    assert now() == first


def test_a_refusal_is_no_property_of_the_posterior(folder):
    model = load_model(written(folder, within="os.system('true')"), {})
    with pytest.raises(InputError):
        try:
            natural_density(model, build_prior({}, ("a",)))
        except Declined:
            pytest.fail("declined")
