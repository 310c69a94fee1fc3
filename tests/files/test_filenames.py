"""Names with accents, in sessions that have none."""

import os
import sys

import pytest

from laplace_approx.errors import InputError
from laplace_files.artifacts import filenames
from laplace_files.config import strict_yaml
from laplace_files.config.checks import check_config
from project_copy import PROJECT, copy_project, snakemake

ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
TARGET = "results/bioassay/bda/posterior.json"


@pytest.mark.parametrize(
    ("encoding", "name", "can"),
    [
        ("ascii", "data/bioassay.csv", True),
        ("ascii", "donn\u00e9es.csv", False),
        ("ascii", "donn\udcc3\udca9es.csv", True),  # as the system's bytes come in
        ("latin-1", "donn\u00e9es.csv", True),
        ("latin-1", "\u03b2.csv", False),
        ("utf-8", "\u03b2.csv", True),
    ],
)
def test_what_can_be_a_name_depends_on_the_encoding(monkeypatch, encoding, name, can):
    monkeypatch.setattr(filenames.sys, "getfilesystemencoding", lambda: encoding)
    assert filenames.nameable(name) is can
    config = strict_yaml.load(PROJECT / "config/config.yaml")
    config["models"]["bioassay"]["data"] = name
    if can:
        check_config(config, "my.yaml")
        return
    with pytest.raises(InputError, match=r"models\.bioassay\.data: .*PYTHONUTF8=1") as caught:
        check_config(config, "my.yaml")
    assert str(caught.value).isascii() and encoding in str(caught.value)


@pytest.mark.workflow
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere file names have an encoding always")
def test_a_folder_with_accents_works_without_an_encoding_for_them(tmp_path):
    folder = copy_project(tmp_path / "Zo\u00eb und \u00c4rger")
    done = snakemake(folder, "--cores", "1", TARGET, **ASCII)
    assert done.returncode == 0 and (folder / TARGET).exists(), done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    (folder / "donn\u00e9es.csv").write_bytes((folder / "data/bioassay.csv").read_bytes())
    overlay = folder / "mine.yaml"
    overlay.write_text('models: {bioassay: {data: "donn\u00e9es.csv"}}\n', encoding="utf-8")
    refused = snakemake(folder, "--cores", "1", "--configfile", "mine.yaml", "--", TARGET, **ASCII)
    assert refused.returncode != 0 and "PYTHONUTF8=1" in refused.stderr
    assert "Traceback" not in refused.stdout + refused.stderr
    plain = {key: os.environ.get(key, "") for key in ASCII} | {"PYTHONUTF8": "1"}
    done = snakemake(folder, "--cores", "1", "--configfile", "mine.yaml", "--", TARGET, **plain)
    assert done.returncode == 0, done.stderr
