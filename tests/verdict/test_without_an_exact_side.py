"""Where nothing can judge, chains may still say that the normal is not good enough."""

import pytest

import cases_in_memory
from cases_in_memory import exact_of, judged, laplace_of, posterior_of, reference_of

LAWS = {
    "skewed": (
        "SUPPORT = {name: (0, None) for name in PARAMETERS}\n"
        "def log_likelihood(t, data): return np.sum(7 * np.log(t) - t, -1)"
    ),
    "normal": "def log_likelihood(t, data): return -.5 * np.sum((t - 7) ** 2, -1)",
}
HEAD = """import numpy as np
PARAMETERS = tuple("abcdef")
START = [7.0] * 6
QUANTITIES = {"total": lambda a, b, c, d, e, f: a + b + c + d + e + f}
"""


@pytest.fixture
def of(tmp_path, monkeypatch):
    """Return the judged case of a law whose reference has too few evaluations to serve."""
    monkeypatch.setattr(
        cases_in_memory, "reference_of", lambda *told, **_: reference_of(*told, evaluations=50)
    )

    def case(name: str):
        file = tmp_path / f"{name}.py"
        file.write_text(HEAD + LAWS[name], encoding="utf-8")
        posterior = posterior_of(file)
        return judged(laplace_of(posterior), exact_of(posterior))

    return case


def test_a_normal_that_is_wrong_is_found_out(of):
    case = of("skewed")
    record, found = case.verdict, case.tables.record["drift"]
    assert record["exact"]["kind"] == "none" and record["verdict"] == "sample"
    for name, said in record["quantities"].items():
        assert said["verdict"] == "sample"
        assert said["drift"] == found["quantities"][name]
        if name != "total":  # which is nearer to a normal
            assert said["drift"]["95"]["at_least"] > 0.1
            assert "carry an end of its 95 % interval away" in said["sentence"]


def test_a_normal_that_is_right_is_not_accused(of):
    for said in of("normal").verdict["quantities"].values():
        assert said["verdict"] == "sample"
        assert said["drift"]["95"]["at_least"] <= 0.1
        assert said["sentence"].startswith("Nothing here can tell")
