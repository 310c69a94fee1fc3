"""No source runs what it reads, hands a name to a shell, or asks the network."""

import ast
import re

import pytest

from project_copy import PROJECT

SCRIPTS = PROJECT / "workflow/scripts"
SOURCES = sorted(SCRIPTS.rglob("*.py"))
RULES = [PROJECT / "Snakefile", *sorted((PROJECT / "workflow").rglob("*.smk"))]
UNSAFE_MODULES = {
    *(
        "pickle",
        "cPickle",
        "dill",
        "cloudpickle",
        "joblib",
        "marshal",
        "shelve",
    ),  # run what is read
    *("subprocess", "pty", "ctypes"),
    *("socket", "urllib", "http", "ftplib", "smtplib", "requests", "ssl"),
    *("tarfile", "zipfile"),
}
UNSAFE_NAMES = {"eval", "exec", "compile", "__import__"}
UNSAFE_ATTRIBUTES = {
    *("system", "popen", "spawnl", "spawnv", "execv", "execl", "read_pickle", "mktemp"),
    "exec_module",
    *("unsafe_load", "full_load", "load_all", "UnsafeLoader", "FullLoader"),
}


def used(tree):
    """Yield the kind and the name of each import, call and attribute that could be a danger."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (("import", alias.name.partition(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "import", (node.module or "").partition(".")[0]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield "call", node.func.id
        elif isinstance(node, ast.Attribute):
            yield "attribute", node.attr
            if isinstance(node.value, ast.Name):
                yield "dotted", f"{node.value.id}.{node.attr}"
        elif isinstance(node, ast.keyword) and isinstance(node.value, ast.Constant):
            yield "keyword", f"{node.arg}={node.value.value}"


UNSAFE = (
    {("import", name) for name in UNSAFE_MODULES}
    | {("call", name) for name in UNSAFE_NAMES}
    | {("attribute", name) for name in UNSAFE_ATTRIBUTES}
    | {("dotted", name) for name in ("yaml.load", "np.load", "numpy.load")}
    | {("keyword", text) for text in ("shell=True", "allow_pickle=True", "weights_only=False")}
)

# what a source may do after all: its name, the danger, and the reason
ALLOWED = {
    ("laplace_files/export/page.py", ("import", "urllib")): "writes links: urllib.parse.quote",
    ("laplace_files/export/pictures.py", ("import", "urllib")): "likewise, of pictures in the page",
    ("laplace_files/models/trial.py", ("import", "subprocess")): "tries a model in a child",
    ("laplace_files/models/beside.py", ("attribute", "exec_module")): "runs a model file: its task",
}


def name_of(path):
    return path.relative_to(SCRIPTS).as_posix()


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_source_runs_what_it_reads_or_asks_the_network(path):
    dangers = UNSAFE.intersection(used(ast.parse(path.read_text(encoding="utf-8"))))
    assert {danger for danger in dangers if (name_of(path), danger) not in ALLOWED} == set()


def test_what_is_allowed_is_needed():
    for name, danger in ALLOWED:
        assert danger in set(used(ast.parse((SCRIPTS / name).read_text(encoding="utf-8"))))


def test_a_program_is_called_by_a_list_and_never_by_a_text():
    tree = ast.parse((SCRIPTS / "laplace_files/models/trial.py").read_text(encoding="utf-8"))
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "subprocess"
    ]
    assert len(calls) == 1
    assert isinstance(calls[0].args[0], ast.List)


EXAMPLES = """
import pickle
from joblib import load
yaml.load(f)
np.load(f, allow_pickle=True)
run(x, shell=True)
eval('1')
exec('1')
os.system(f"rm {name}")
spec.loader.exec_module(module)
"""


def test_the_check_of_the_sources_finds_what_it_looks_for():
    found = set(used(ast.parse(EXAMPLES))) & UNSAFE
    assert found == {
        ("import", "pickle"),
        ("import", "joblib"),
        ("dotted", "yaml.load"),
        ("dotted", "np.load"),
        ("keyword", "allow_pickle=True"),
        ("keyword", "shell=True"),
        ("call", "eval"),
        ("call", "exec"),
        ("attribute", "system"),
        ("attribute", "exec_module"),
    }


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.name)
def test_no_rule_hands_a_name_to_a_shell(path):
    text = path.read_text(encoding="utf-8")
    words = [line.strip() for line in text.splitlines()]
    assert not {"shell:", "run:", "wrapper:", "notebook:"}.intersection(words)
    assert not re.search(r"\b(shell|eval|exec|system|popen|unpack|pickle)\(", text)
    assert "script:" in words or "output:" not in words, "what makes something is a script"
