"""Nothing is written through a link that leads out of the results."""

import pytest

from laplace_approx.errors import InputError
from laplace_files.run.lock import refuse_links_out


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "results/m/p").mkdir(parents=True)
    return tmp_path / "results"


@pytest.mark.parametrize("target", ["../../elsewhere", "/nowhere", "../../data.csv", ".."])
def test_a_link_out_is_refused_by_name(results, target):
    (results / "m/link").symlink_to("../.." if target == ".." else target)
    with pytest.raises(InputError, match="results/m/link: is a link that leads out of results"):
        refuse_links_out(["logs", "results"])


def test_links_that_stay_inside_and_the_folder_itself_are_not(results, tmp_path):
    (results / "m/q").symlink_to("p")
    (results / "loop").symlink_to("loop")
    (tmp_path / "elsewhere/project").mkdir()
    (tmp_path / "elsewhere/project/results").symlink_to(results)
    refuse_links_out([results, tmp_path / "elsewhere/project/results"])
