"""Every mutation of an artifact is caught by a law that names the file, and the page says which."""

import re

import pytest

from laplace_audit.catalogue import LAWS
from mutation_table import TABLE, asked_in, caught_by, clean_copy, failures
from mutations import MUTATIONS

ROWS = re.findall(r"^\| `(.+?)` \| (.+?) \| (.+?) \|$", TABLE.read_text(encoding="utf-8"), re.M)


@pytest.fixture(scope="module")
def run(finished, tmp_path_factory):
    """A clean run of two cases, and what was asked for."""
    folder = clean_copy(finished, tmp_path_factory.mktemp("mutations") / "project")
    return folder, asked_in(folder, "two.yaml")


def test_there_are_many_and_each_is_another():
    assert len({(m.file, m.what) for m in MUTATIONS}) == len(MUTATIONS) >= 100


def test_the_page_lists_all_of_them():
    assert [row[:2] for row in ROWS] == [(m.file, m.what) for m in MUTATIONS]
    assert {law for *_, law in ROWS} <= set(LAWS)


@pytest.mark.workflow
@pytest.mark.parametrize("file", sorted({m.file for m in MUTATIONS}))
def test_a_file_that_is_whole_breaks_no_law(run, file):
    assert failures(*run, file) == []


@pytest.mark.workflow
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: f"{m.file}: {m.what}")
def test_a_mutation_is_caught_by_the_law_that_the_page_names(run, mutation):
    laws = caught_by(*run, mutation)
    assert laws, "no law is broken"
    assert (mutation.file, mutation.what, laws[0]["law"]) in ROWS
