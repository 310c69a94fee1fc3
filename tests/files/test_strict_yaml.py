"""What YAML changes or drops in silence is an error with its line; all else is as written."""

import json
import os
import string
import time

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from laplace_approx.errors import InputError
from laplace_files.config.strict_yaml import MAX_BYTES, MAX_DEPTH, load


@pytest.fixture
def refuse(tmp_path):
    """Return a function: write text or bytes, expect a refusal, return its message."""

    def write_and_load(content):
        path = tmp_path / "c.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        with pytest.raises(InputError) as caught:
            load(path)
        message = str(caught.value)
        assert message.startswith(f"{path}"), "the file is named first"
        assert "\n" not in message, "one paragraph"
        return message

    return write_and_load


plain = st.recursive(
    st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(string.printable, max_size=8)
    | st.none(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(string.ascii_letters, min_size=1, max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(string.ascii_letters, min_size=1, max_size=8), plain))
def test_what_any_writer_of_yaml_writes_is_read_back(tmp_path_factory, value):
    path = tmp_path_factory.getbasetemp() / "round.yaml"
    path.write_text(yaml.safe_dump(value, allow_unicode=True), encoding="utf-8")
    assert load(path) == value


def test_json_is_read_too(tmp_path):
    value = {"a": [1, 2.5, True, None, "x"], "on": {"b": {}}}
    path = tmp_path / "c.json"
    path.write_text(json.dumps(value, indent=2))
    assert load(path) == value


@pytest.mark.parametrize("prefix", [b"", b"\xef\xbb\xbf"], ids=["plain", "F33-BOM"])
@pytest.mark.parametrize("ending", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
def test_byte_order_mark_and_line_endings_do_not_matter(tmp_path, prefix, ending):
    path = tmp_path / "c.yaml"
    path.write_bytes(prefix + b"a: 1" + ending + b"b: {c: x}" + ending)
    assert load(path) == {"a": 1, "b": {"c": "x"}}


def test_plain_values_keep_their_type(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text(
        'int: -12\nfloat: 1.5e+3\nbool: true\ntext: yes-man\nquoted: "012"\nempty:\n'
        "exponent: 1e-8\ny: 1\nn: 2\n"
    )
    expected = {
        "int": -12,
        "float": 1500.0,
        "bool": True,
        "text": "yes-man",
        "quoted": "012",
        "empty": None,
        "exponent": "1e-8",  # text in YAML 1.1; the schema makes it the number that it is
        "y": 1,
        "n": 2,
    }
    assert load(path) == expected


@pytest.mark.parametrize(
    ("text", "read_as"),
    [
        pytest.param("no", "truth value False", id="F04-no"),
        pytest.param("yes", "truth value True", id="F04-yes"),
        pytest.param("on", "truth value True", id="F04-on"),
        pytest.param("Off", "truth value False", id="F04-off"),
        pytest.param("012", "number 10", id="F04-octal"),
        pytest.param("0x1F", "number 31", id="F04-hexadecimal"),
        pytest.param("0b11", "number 3", id="F04-binary"),
        pytest.param("1:30", "number 90", id="F04-sexagesimal"),
        pytest.param("1:30.5", "number 90.5", id="F04-sexagesimal-float"),
        pytest.param("1_000", "number 1000", id="F04-underscore"),
        pytest.param("1_000.5", "number 1000.5", id="F04-underscore-float"),
        pytest.param("2024-01-01", "date 2024-01-01", id="F04-date"),
        pytest.param("2024-13-45", "YAML 'timestamp'", id="F04-impossible-date"),
        pytest.param(".inf", "number inf", id="F09-inf"),
        pytest.param("1.0e-400", "read as 0, being below", id="F09-1e-400"),
        pytest.param(".5e-330", "read as 0, being below", id="F09-vanishing"),
        pytest.param(f"0.{'0' * 330}1", "read as 0, being below", id="F09-330-zeros"),
        pytest.param(".nan", "number nan", id="F09-nan"),
        pytest.param("=", "YAML 'value'", id="F04-value"),
        pytest.param("9" * 5000, "YAML 'int'", id="F04-5000-digits"),
    ],
)
def test_a_value_that_reads_as_something_else_is_refused(refuse, text, read_as):
    message = refuse(f"a: 1\nb:\n  c: {text}\n")
    assert "line 3" in message
    assert "b.c" in message
    assert read_as in message


@pytest.mark.parametrize(
    ("key", "read_as"),
    [
        pytest.param("1.10", "number 1.1", id="F04-name-1.10"),
        pytest.param("7", "number 7", id="F04-number"),
        pytest.param("yes", "truth value True", id="F04-yes"),
        pytest.param("~", "nothing (null)", id="F04-null"),
        pytest.param("2024-01-01", "date 2024-01-01", id="F04-date"),
        pytest.param("[1, 2]", "a list", id="F04-list"),
    ],
)
def test_a_key_that_is_not_text_is_refused(refuse, key, read_as):
    message = refuse(f"priors:\n  {key}: {{}}\n")
    assert "line 2" in message
    assert "'priors'" in message
    assert read_as in message


def test_the_key_on_is_text(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("sigma: {family: normal, on: log}\n")
    assert load(path) == {"sigma": {"family": "normal", "on": "log"}}


def test_duplicate_key_names_path_and_both_lines(refuse):
    message = refuse("a:\n  b: {sd: 9}\n  c: 1\n  b: {sd: 1}\n")
    assert "'a.b' is given twice" in message
    assert "line 4" in message
    assert "line 2" in message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param("", "empty", id="F26-empty"),
        pytest.param("# only a comment\n", "empty", id="F26-comment"),
        pytest.param("- a\n- b\n", "mapping", id="F21-list"),
        pytest.param("just text\n", "mapping", id="F21-text"),
        pytest.param("a: 1\n---\nb: 2\n", "line 2", id="F21-two-documents"),
        pytest.param("a:\n\tb: 1\n", "line 2: is indented with a tab", id="F21-tab"),
        pytest.param("a: [1, 2\nb: 3\n", "line 2", id="F21-unclosed"),
        pytest.param("a: *nowhere\n", "line 1", id="F21-undefined-alias"),
        pytest.param("a: &x [*x]\n", "without end", id="F21-recursive-alias"),
        pytest.param("a: &x {b: *x}\n", "without end", id="F21-recursive-map"),
        pytest.param("a: {<<: {b: 1}}\n", "merge key", id="F05-merge"),
        pytest.param(
            "a: 1\nb: !!python/object/apply:os.system [touch PWNED]\n", "line 2", id="F22-python"
        ),
        pytest.param("a: !custom 3\n", "tag", id="F22-tag"),
        pytest.param("a: !!str 3\n", "tag", id="F22-core-tag"),
        pytest.param(b"a: caf\xe9\n", "UTF-8", id="F26-latin-1"),
        pytest.param("a: 1\n".encode("utf-16"), "UTF-8", id="F26-utf-16"),
        pytest.param(b"a: 1\nb: \x00\n", "line 2", id="F16-nul"),
        pytest.param("a: x\n" + "#" * MAX_BYTES, f"{MAX_BYTES}", id="F20-too-large"),
    ],
)
def test_what_is_not_one_mapping_of_plain_values_is_refused(refuse, content, words):
    assert words in refuse(content)
    assert not os.path.exists("PWNED")


def _bomb():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    return "\n".join(lines)


def _doubling_within_the_count_of_aliases():
    lines = [f"a0: &a0 [{', '.join(['x'] * 2000)}]"]
    lines += [f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 9)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(_bomb(), id="F20-billion-laughs"),
        pytest.param(_doubling_within_the_count_of_aliases(), id="F20-few-aliases"),
        pytest.param("a: " + "[" * 2000 + "]" * 2000, id="F21-flow-2000-deep"),
        pytest.param("\n".join(" " * i + "a:" for i in range(900)), id="F21-block-deep"),
        pytest.param("a: " + "- " * 2000 + "x", id="F21-sequence-deep"),
        pytest.param("[" * 500_000, id="F21-500000-brackets"),
    ],
)
def test_what_would_expand_or_recurse_is_refused_within_a_second(refuse, content):
    begin = time.process_time()
    refuse(content)
    assert time.process_time() - begin < 1


def test_depth_up_to_the_limit_is_read(tmp_path):
    path = tmp_path / "c.yaml"
    depth = MAX_DEPTH - 1  # the top mapping is the first level
    path.write_text("a: " + "[" * depth + "]" * depth)
    assert "a" in load(path)


def test_a_few_aliases_are_read(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("a: &box {lower: 0}\nb: {x: *box, y: *box}\n")
    assert load(path)["b"] == {"x": {"lower": 0}, "y": {"lower": 0}}


@pytest.mark.parametrize(
    ("make", "words"),
    [
        pytest.param(lambda path: None, "no such file", id="F26-missing"),
        pytest.param(os.mkdir, "directory", id="F26-directory"),
        pytest.param(os.mkfifo, "regular", id="F35-fifo"),
        pytest.param(lambda path: os.symlink(path, path), "cannot be read", id="F59-symlink-loop"),
        pytest.param(lambda path: os.symlink("/dev/zero", path), "regular", id="F35-dev-zero"),
    ],
)
def test_what_is_not_a_regular_file_is_refused(tmp_path, make, words):
    path = tmp_path / "c.yaml"
    make(path)
    with pytest.raises(InputError, match=words):
        load(path)


def test_a_path_with_nul_is_refused():
    with pytest.raises(InputError, match="cannot be read"):
        load("a\0b")


@pytest.mark.parametrize("zero", ["0.0", "-0.0", "0.0e-400", "000.e+7"[2:]])
def test_a_zero_that_is_written_as_one_is_read(tmp_path, zero):
    path = tmp_path / "c.yaml"
    path.write_text(f"a: {zero}\nsmallest: 4.9e-324\n")
    assert load(path) == {"a": 0.0, "smallest": 5e-324}


@pytest.mark.parametrize("odd", ["\x85", "\u2028", "\u2029"])
@pytest.mark.parametrize("text", ["a: 1{}b: 2\n", "a: 1  # {}\n", 'a: "x{}y"\n'])
def test_a_character_that_ends_a_line_for_some_readers_is_refused(refuse, text, odd):
    message = refuse("first: 1\n" + text.format(odd))
    assert "line 2" in message and f"U+{ord(odd):04X}" in message


def test_a_message_holds_no_endless_name(refuse):
    assert len(refuse(f"a: *{'x' * 5000}\n")) < 600
