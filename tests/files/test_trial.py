"""A model file that cannot be loaded is refused by name, whatever it does to its process."""

import json
import os

import pytest

from laplace_approx.errors import InputError
from laplace_files.config.request import check_request
from laplace_files.models import trial
from laplace_files.models.trial import try_models

MODEL = """
import os, signal, sys, time
import numpy as np
PARAMETERS = ("p",)
def log_likelihood(theta, data):
    return -0.5 * theta[..., 0] ** 2
{}
"""
DEADLY = {
    "crash": ("os.kill(os.getpid(), signal.SIGSEGV)", r"ends the interpreter \(SIGSEGV\)"),
    "killed": ("os.kill(os.getpid(), signal.SIGKILL)", r"ends the interpreter \(SIGKILL\)"),
    "leaves": ("os._exit(3)", "ends the interpreter with status 3"),
    "memory": ("np.ones(10**9)", "takes more than 4000 MB"),
    "flood": ("for _ in range(40): os.write(1, b'x' * 10**6)", "prints more than 16 MiB"),
    # the alarm that ends it is the one that would ring after a minute
    "endless": ("signal.alarm(1)\nwhile True: pass", "did not end within 60 s"),
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.py").write_text(MODEL.format(""))
    return tmp_path


def entries(*names):
    return {name: {"file": f"{name}.py"} for name in names}


@pytest.mark.parametrize("name", DEADLY)
def test_it_is_refused_by_name(folder, name):
    body, words = DEADLY[name]
    (folder / f"{name}.py").write_text(MODEL.format(body))
    with pytest.raises(InputError, match=rf"^{name}.py: loading the model '{name}' {words}"):
        try_models(entries("good", name), {"good": "1", name: "2"})
    assert not trial.MEMORY.exists(), "nothing is taken for tried"


def test_a_configuration_with_it_is_refused_before_anything_runs(folder):
    (folder / "crash.py").write_text(MODEL.format(DEADLY["crash"][0]))
    case = {"prior": "flat", "space": "natural", "grid": "certified"}
    request = {"cases": [{"model": "crash", **case}], "models": entries("crash")}
    with pytest.raises(InputError, match="loading the model 'crash' ends the interpreter"):
        check_request(request, [])


def test_what_is_merely_wrong_is_for_the_caller(folder):
    (folder / "wrong.py").write_text("1 / 0")
    try_models(entries("good", "wrong"), {"good": "1", "wrong": "2"})


def test_what_was_tried_is_not_tried_again_until_it_changes(folder, monkeypatch):
    tried = []
    monkeypatch.setattr(trial, "_in_child", lambda new: (0, told(tried.append(sorted(new)) or new)))
    try_models(entries("a", "b"), {"a": "1", "b": "2"})
    try_models(entries("a", "b"), {"a": "1", "b": "2"})
    try_models(entries("a", "b"), {"a": "1", "b": "3"})
    assert tried == [["a", "b"], ["b"]]
    assert json.loads(trial.MEMORY.read_text()) == {"1": {}, "2": {}, "3": {}}


def told(names):
    return [json.dumps({"name": name, "read": {}}) for name in names]


@pytest.mark.parametrize(
    "text", ["", "{", "3", "[1", '["1"]', "[[]]", '{"2": 1}', "[" * 100_000, '{"1": 2}']
)
def test_a_damaged_memory_is_no_memory(folder, text):
    trial.MEMORY.parent.mkdir()
    trial.MEMORY.write_text(text)
    try_models(entries("good"), {"good": "1"})
    assert json.loads(trial.MEMORY.read_text()) == {"1": {}}


def test_a_memory_that_is_no_file_is_not_waited_for(folder):
    trial.MEMORY.parent.mkdir()
    os.mkfifo(trial.MEMORY)
    try_models(entries("good"), {"good": "1"})
    assert json.loads(trial.MEMORY.read_text()) == {"1": {}}
