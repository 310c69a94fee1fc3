"""What a sentence advises is there to be had: no better grid where no grid is the exact side."""

from types import SimpleNamespace

import pytest

from laplace_approx.verdict.sentences import Facts, sentence

COARSE = {0.5: 0.3, 0.95: 0.4}
RECORD = {
    "verdict": "sample",
    "scale_is": "sd",
    "excluded": {"laplace": None, "exact": None},
    "drift": None,
}
DUE = {
    "named": "Use a grid that finds its bounds and points itself (`{}`)",
    "certified": "Give the grid bounds and points of its own",
    "importance": "`reference: {at_most: ...}`",
    "brought_draws": "Bring more draws",
    "nuts": "`nuts: {draws: ...}`",
}


def told(kind, own, faults=()):
    """Return the sentence on a quantity that cannot be judged by an exact side of a kind."""
    grid = kind in ("named", "certified")
    judge = SimpleNamespace(
        kind="grid" if grid else kind,
        side=SimpleNamespace(record={"kind": kind}) if grid else SimpleNamespace(),
        faults=faults,
        remarks=(),
        chains=(),
    )
    normal = SimpleNamespace(off={0.5: 0.1, 0.95: 0.1}, own=own)
    return sentence(Facts("a", False, normal, None, RECORD, judge, 0.1, None))


@pytest.mark.parametrize("kind", DUE)
@pytest.mark.parametrize("own", [COARSE, dict.fromkeys(COARSE, float("inf"))])
def test_what_is_advised_belongs_to_the_exact_side(kind, own):
    text = told(kind, own)
    assert "cannot be judged" in text and DUE[kind] in text
    others = [words for other, words in DUE.items() if other != kind]
    assert not any(words in text for words in others)
    assert ("grid" in text) == (kind in ("named", "certified"))


@pytest.mark.parametrize("kind", ["named", "certified"])
def test_a_grid_with_faults_is_not_advised_again(kind):
    text = told(kind, COARSE, ("A mode at a = 3 lies outside the grid.",))
    assert text.count(DUE[kind]) == 1
