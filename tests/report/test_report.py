"""The page: whole in itself, every text escaped, every picture in words, no link to nothing."""

import json
import re
import shutil
import zipfile
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from chromium import EXECUTABLE, MISSING, Chromium
from laplace_approx.words.numbers import number, share
from laplace_files.artifacts.artifacts import write_json
from laplace_files.export import page as exported
from laplace_files.export.pictures import data_uri
from laplace_files.run.help import target_lines
from page_in_memory import MISCHIEF, small_page
from page_parts import Parts
from project_copy import copy_project, snakemake

needs_browser = pytest.mark.skipif(EXECUTABLE is None, reason=MISSING)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return small_page(tmp_path_factory.mktemp("page"))


@pytest.fixture(scope="module")
def html(page):
    html = page.html()
    (page.folder / "report.html").write_text(html, encoding="utf-8")
    return html


@pytest.fixture(scope="module")
def parts(html):
    return Parts(html)


def test_every_tag_is_closed_in_its_place(parts):
    assert parts.faults == []


def test_nothing_comes_from_elsewhere(parts, html):
    """No script, no frame, no address: what is shown is in the file."""
    assert not {name for name, _ in parts.tags} & {"script", "iframe", "object", "embed", "form"}
    assert all(source.startswith("data:") for source in parts.values("src"))
    assert not re.search(r"""(href|src|action)=["']?(https?:)?//""", html)
    style = html.split("<style>")[1].split("</style>")[0]
    assert "@import" not in style and "url(" not in style
    assert [each["content"] for each in parts.of("meta") if each.get("http-equiv")] == [
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    ]


def test_ids_are_unique_and_links_lead_somewhere(parts, page):
    ids = parts.values("id")
    assert len(ids) == len(set(ids))
    assert parts.dangling(page.folder) == []


def test_names_and_messages_are_text(parts, html):
    assert "<script" not in html.lower()
    text = "".join(parts.text)
    assert text.count(MISCHIEF) >= 6  # label, claim, message, and title, text and code of an answer


def test_every_picture_is_told_in_words_of_its_own(parts):
    told = [image["alt"] for image in parts.of("img")]
    assert len(told) == 11
    assert all(len(words) > 60 for words in told)
    assert len(set(told)) == len(told)
    (ladder,) = [words for words in told if words.startswith("Largest error of an endpoint")]
    assert re.search(r"the normal 0\.0\d SD at [\d,]+ evaluations", ladder)
    (contours,) = [words for words in told if words.startswith("Contours")]
    # the mode of a conjugate line is its mean, here by the normal equations
    assert "b0 3.025 and b1 0.4969" in contours


def test_a_picture_in_the_page_is_the_picture(page):
    """The data URI is an XML document with the same shapes, coordinates within 0.005."""
    path = page.figures[0] / "contours.svg"
    uri = data_uri(path)
    assert re.fullmatch(r"data:image/svg\+xml,[^\"<>#&]*", uri)
    small = ElementTree.fromstring(unquote(uri.split(",", 1)[1]))
    whole = ElementTree.parse(path).getroot()
    paths = "{http://www.w3.org/2000/svg}path"
    drawn, again = ([each.get("d", "") for each in tree.iter(paths)] for tree in (whole, small))
    assert len(drawn) == len(again) > 10
    for before, after in zip(drawn, again, strict=True):
        numbers = [[float(x) for x in re.findall(r"-?\d+(?:\.\d+)?", d)] for d in (before, after)]
        assert numbers[1] == pytest.approx(numbers[0], abs=0.00501)


def test_a_cloud_of_points_says_its_style_once(tmp_path):
    use = '<use xlink:href="#m0123456789" x="{}" y="2.123456" style="fill: #54a24b"/>'
    points = "\n".join(use.format(x) for x in ("1.000001", "1.5", "3"))
    name = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    marker = '<defs><path id="m0123456789" d="M 0 1.23456 L 1 0"/></defs>'
    (tmp_path / "a.svg").write_text(f"<?xml?>\n<svg {name}>{marker}<g>\n{points}\n</g></svg>")
    svg = unquote(data_uri(tmp_path / "a.svg"))
    assert svg.count("54a24b") == 1
    assert svg.count("<use href='#m0' x=") == 3
    assert "<path id='m0' d='M 0 1.23 L 1 0'/>" in svg
    assert "<g style='fill: #54a24b'><use href='#m0' x='1' y='2.12'/>" in svg


def test_pictures_beyond_the_room_are_linked_in_words(page, monkeypatch):
    monkeypatch.setattr(exported, "ROOM", 60_000)
    parts = Parts(page.html())
    inside = len(parts.of("img"))
    assert 1 <= inside < 11
    assert parts.dangling(page.folder) == []
    assert "In files of their own" in "".join(parts.text)


def test_the_same_artifacts_give_the_same_bytes(page, html):
    assert page.html() == html


def test_a_declined_case_says_why(html):
    declined = html.split('<article id="bioassay/flat_log/natural/chapter">')[1]
    declined = Parts(declined.split("</article>")[0])
    text = " ".join("".join(declined.text).split())
    assert "Declined: improper." in text
    assert "There is no normal approximation for alpha" in text
    assert text.count("The density rises like 1/distance") == 2  # box and card
    assert not re.search(r"\b(nan|None|null)\b", text)


def test_a_page_without_an_audit_says_how_to_get_one(html):
    assert "snakemake audit" in html


def test_an_audit_is_shown_with_what_fails(page, tmp_path, monkeypatch):
    checks = [
        {
            "file": "results/a/mode.json",
            "law": "the gradient vanishes",
            "value": 1e-12,
            "limit": 1e-6,
            "ok": True,
        },
        {
            "file": f"results/{MISCHIEF}.json",
            "law": "the gradient vanishes",
            "value": None,
            "limit": 1e-6,
            "ok": False,
        },
    ]
    path = page.folder / "audit.json"
    write_json(path, {"checks": checks})
    monkeypatch.setattr(page.inputs, "audit", [str(path)], raising=False)
    html = page.html()
    assert "<script" not in html
    assert "1 of 2 checks passed" in html
    assert Parts(html).dangling(page.folder) == []
    path.unlink()


def test_numbers_are_short_and_tell_apart():
    assert number(7.748817, 7) == "7.748817"
    assert number(-0.5) == "−0.5"
    assert number(1e-6) == "1e−6"
    assert number(12345678.0) == "1.23e7"
    assert number(None) == number(float("nan")) == "–"
    assert share(0.9463) == "94.6 %"
    assert share(0.99996) == "99.9960 %"


@needs_browser
@pytest.mark.parametrize("width", [400, 1400])
@pytest.mark.parametrize("dark", [False, True])
def test_a_browser_has_nothing_to_complain_of(page, html, width, dark):
    with Chromium() as browser:
        browser.open(page.folder / "report.html", width, dark)
        _require_whole(browser, width)
        back = browser.value("getComputedStyle(document.body).backgroundColor")
    assert (back != "rgb(255, 255, 255)") == dark


def _require_whole(browser, width: int) -> None:
    """Nothing is asked for but the file, nothing is wrong, all pictures are drawn, and the page is
    no wider than the window: what is wider scrolls in a box of its own."""
    complaints = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
    assert browser.told(*complaints, "Network.loadingFailed") == []
    asked = [each["request"]["url"] for each in browser.told("Network.requestWillBeSent")]
    assert len([url for url in asked if not url.startswith("data:")]) == 1
    drawn = "[...document.images].every(image => image.complete && image.naturalWidth > 0)"
    assert browser.value(drawn) is True
    assert browser.value("document.documentElement.scrollWidth") == width
    assert browser.value("document.images.length") > 0
    # text is no smaller than 11 pixels, and none is cut off at the side
    small = "[...document.querySelectorAll('p, td, th, dd, li, small')]"
    smallest = browser.value(
        f"Math.min(...{small}.map(e => parseFloat(getComputedStyle(e).fontSize)))"
    )
    assert smallest >= 11


def test_what_is_about_no_case_of_the_run_takes_a_line(tmp_path):
    """Whoever brings a model of their own does not scroll through a chapter that is not in it."""
    page = small_page(tmp_path)
    claims, record = Path(page.inputs.claims), Path(page.inputs.records[0])
    absent = [each | {"holds": None, "measured": None} for each in json.loads(claims.read_text())]
    claims.write_text(json.dumps(absent), encoding="utf-8")
    skipped = json.loads(record.read_text()) | {"status": "skipped"}
    record.write_text(json.dumps(skipped), encoding="utf-8")
    parts = Parts(page.html())
    assert parts.faults == []
    ids = parts.values("id")
    assert {"claims", "exercises"} <= set(ids)
    assert not [each for each in ids if each.startswith(("claim-", "exercise-"))]


@pytest.mark.workflow
def test_the_page_of_the_default_run_is_whole(finished):
    path = finished / "results/report.html"
    parts = Parts(path.read_text(encoding="utf-8"))
    assert parts.faults == []
    assert parts.dangling(path.parent) == []
    ids = parts.values("id")
    assert len(ids) == len(set(ids))
    assert all(image["alt"] for image in parts.of("img"))
    assert path.stat().st_size < 12_000_000
    rows = json.loads((path.parent / "claims.json").read_text(encoding="utf-8"))
    assert {f"claim-{row['id']}" for row in rows} <= set(ids)


@pytest.mark.workflow
@needs_browser
def test_a_browser_shows_the_page_of_the_default_run(finished):
    with Chromium() as browser:
        for width in (400, 1400):
            browser.open(finished / "results/report.html", width)
            _require_whole(browser, width)


def test_targets_are_listed_with_what_they_make():
    """The rule of everything first; no brace is left, which Snakemake would take for its own."""
    rules = [
        _rule(
            "draws", "Draw.\n\nMore.", ["results/{model,[a-z]{2}}/draws-seed{seed,\\d+}.parquet"]
        ),
        _rule("all", "Make everything.", []),
        _rule("claims", "Measure.", ["results/claims.json"]),
    ]
    text = target_lines(rules)
    assert text.index("snakemake         Make everything.") < text.index(
        "snakemake claims  Measure."
    )
    assert "  results/<model>/draws-seed<seed>.parquet\n      Draw.\n" in text
    assert "{" not in text and "More." not in text


def _rule(name, docstring, output):
    wildcards = any("{" in path for path in output)
    return SimpleNamespace(
        name=name, docstring=docstring, output=output, has_wildcards=lambda: wildcards
    )


@pytest.mark.workflow
def test_help_lists_what_one_can_ask_for(tmp_path):
    project = copy_project(tmp_path / "project")
    done = snakemake(project, "help")
    assert done.returncode == 0, done.stderr
    for target in (
        "snakemake report",
        "snakemake exercises",
        "results/<model>/<prior>/posterior.json",
    ):
        assert target in done.stdout
    assert not [path for path in (project / "results").rglob("*") if path.is_file()]


@pytest.mark.workflow
def test_snakemakes_own_report_has_a_caption_for_everything(finished, tmp_path):
    """`snakemake --report` works offline: every picture and table with caption, category, label."""
    folder = shutil.copytree(finished, tmp_path / "project", symlinks=True)
    done = snakemake(folder, "--report", str(tmp_path / "run.zip"))
    assert done.returncode == 0, done.stderr[-3000:]
    with zipfile.ZipFile(tmp_path / "run.zip") as archive:
        archive.extractall(tmp_path)
    page = tmp_path / "run/report.html"
    script = page.read_text(encoding="utf-8").split('<script id="results">')[1]
    results, _ = json.JSONDecoder().raw_decode(script.strip().removeprefix("var results = "))
    pictures = {
        path.relative_to(finished).as_posix() for path in finished.rglob("results/**/*.svg")
    }
    assert pictures <= set(results)
    tables = {"results/summary.parquet", "results/claims.json", "results/report.html"}
    compared = "results/bioassay/flat/compare/natural/chapter"
    tables |= {f"{compared}/{name}" for name in ("quantiles.parquet", "verdict.json")}
    assert tables <= set(results)
    for path, result in results.items():
        assert result["labels"] and len(result["caption"]) > 40, path
    captions = {results[path]["caption"].split("\n")[0] for path in pictures}
    assert len(captions) >= 12  # a sentence for each kind of picture
    assert not any("A picture of the case" in caption for caption in captions)
    if EXECUTABLE:
        with Chromium() as browser:
            browser.open(page, 1400)
            asked = [each["request"]["url"] for each in browser.told("Network.requestWillBeSent")]
            assert [url for url in asked if not url.startswith(("data:", "file:", "blob:"))] == []
            assert browser.told("Runtime.exceptionThrown") == []
