"""Data are read as written or not at all; an error names row, column and value."""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from laplace_approx.errors import InputError
from laplace_files.models import data
from laplace_files.models.data import read_data


@pytest.fixture
def read(tmp_path):
    def write_and_read(content):
        path = tmp_path / "d.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_data(path)

    return write_and_read


@pytest.fixture
def refuse(read, tmp_path):
    def expect_refusal(content):
        with pytest.raises(InputError) as caught:
            read(content)
        message = str(caught.value)
        assert message.startswith(f"{tmp_path / 'd.csv'}")
        assert "\n" not in message
        return message

    return expect_refusal


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=3, max_size=3),
        min_size=1,
        max_size=6,
    )
)
def test_every_float_is_read_back_exactly(tmp_path_factory, rows):
    path = tmp_path_factory.getbasetemp() / "round.csv"
    path.write_text("a,b,c\n" + "".join(",".join(map(repr, row)) + "\n" for row in rows))
    columns = read_data(path)
    assert list(columns) == ["a", "b", "c"]
    np.testing.assert_array_equal(np.stack(list(columns.values()), axis=-1), rows)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"x,y\n1,2\n3,4.5\n", id="plain"),
        pytest.param(b"\xef\xbb\xbfx,y\n1,2\n3,4.5\n", id="F33-BOM"),
        pytest.param(b"x,y\r\n1,2\r\n3,4.5\r\n", id="F33-CRLF"),
        pytest.param(b"x,y\r1,2\r3,4.5\r", id="CR"),
        pytest.param(b"x,y\n1,2\n3,4.5", id="no-last-newline"),
        pytest.param(b"x,y\n1,2\n3,4.5\n\n\n", id="blank-lines-at-the-end"),
        pytest.param(b" x , y\n 1 , 2\n3,+4.50e0\n", id="spaces"),
        pytest.param(b'"x","y"\n1,2\n3,4.5\n', id="quoted-names"),
    ],
)
def test_harmless_ways_of_writing_a_table(read, content):
    columns = read(content)
    assert list(columns) == ["x", "y"]
    np.testing.assert_array_equal(columns["x"], [1, 3])
    np.testing.assert_array_equal(columns["y"], [2, 4.5])


def test_columns_are_read_only_floats(read):
    column = read("x\n1\n2\n")["x"]
    assert column.dtype == float
    with pytest.raises(ValueError, match="read-only"):
        column[0] = 3


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        pytest.param("", "blank", id="F31-blank"),
        pytest.param("  ", "blank", id="F31-spaces"),
        pytest.param("NA", "missing value", id="F31-NA"),
        pytest.param("nan", "missing value", id="F31-nan"),
        pytest.param("NaN", "missing value", id="F31-NaN"),
        pytest.param("N/A", "missing value", id="F31-N/A"),
        pytest.param("null", "missing value", id="F31-null"),
        pytest.param(".", "missing value", id="F31-dot"),
        pytest.param("inf", "infinite", id="F31-inf"),
        pytest.param("-Infinity", "infinite", id="F31-Infinity"),
        pytest.param("1e400", "range", id="F31-1e400"),
        pytest.param("-1e400", "range", id="F31-minus-1e400"),
        pytest.param("1e-400", "below the range", id="F31-1e-400"),
        pytest.param("-0.1E-0400", "below the range", id="F31-minus-1e-401"),
        pytest.param(f"0.{'0' * 330}1", "below the range", id="F31-330-zeros"),
        pytest.param("1\f", "U+000C", id="F31-form-feed"),
        pytest.param("\v1", "U+000B", id="F31-vertical-tab"),
        pytest.param("1\x1c2", "U+001C", id="F31-file-separator"),
        pytest.param("1\x85", "U+0085", id="F31-next-line"),
        pytest.param("\u20281", "U+2028", id="F31-line-separator"),
        pytest.param("1\u3000", "U+3000", id="F31-ideographic-space"),
        pytest.param("1\u00a0", "space", id="F31-no-break-space"),
        pytest.param('"7"', "quoted", id="F33-quoted"),
        pytest.param("1_000", "thousands", id="F33-underscore"),
        pytest.param("1 000", "thousands", id="F33-space"),
        pytest.param("1'000", "thousands", id="F33-apostrophe"),
        pytest.param("1.000.000", "thousands", id="F33-points"),
        pytest.param("1\u202f000", "thousands", id="F33-narrow-space"),
        pytest.param("1;2", "semicolon", id="F30-semicolon"),
        pytest.param("0x1F", "not a number", id="hexadecimal"),
        pytest.param("1.5.2", "not a number", id="two-points"),
        pytest.param("five", "not a number", id="word"),
        pytest.param("True", "not a number", id="truth-value"),
        pytest.param("５", "not a number", id="fullwidth-digit"),
        pytest.param("−3", "not a number", id="minus-sign"),
        pytest.param("1 2", "space", id="space"),
    ],
)
def test_a_cell_that_is_no_plain_finite_number_is_refused(refuse, cell, words):
    message = refuse(f"dose,deaths\n-0.86,0\n-0.30,{cell}\n-0.05,3\n")
    assert "row 3, column deaths" in message
    assert words in message
    assert repr(cell.strip(" "))[1:-1][:50] in message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param("", "row 1 is empty", id="F30-empty"),
        pytest.param("\n1,2\n", "row 1 is empty", id="F30-blank-header"),
        pytest.param("x,y\n", "no rows", id="F30-header-only"),
        pytest.param("x,y\n\n\n", "no rows", id="F30-header-and-blank-rows"),
        pytest.param(
            "x,y,x\n1,2,3\n", "column 3: the name 'x' is that of column 1", id="F30-twice"
        ),
        pytest.param(
            "\u00b5,\u03bc\n1,2\n",
            "that of column 1 too, but for its Unicode",
            id="F06-micro-is-mu",
        ),
        pytest.param(
            "\u00e9,y,e\u0301\n1,2,3\n", "column 3: the name", id="F06-composed-is-decomposed"
        ),
        pytest.param("x,y\f\n1,2\n", "not printable", id="F31-form-feed-in-a-name"),
        pytest.param("\f\n1,2\n", "not printable", id="F31-form-feed-for-a-name"),
        pytest.param("x\n1\n\f\n3\n", "row 3, column x", id="F31-form-feed-for-a-row"),
        pytest.param("x,y\n1,2\u20283,4\n", "row 2 has 3 cells", id="F31-line-separator"),
        pytest.param("x,,z\n1,2,3\n", "column 2 has no name", id="F30-no-name"),
        pytest.param("x,y,\n1,2,\n", "column 3 has no name", id="F30-comma-at-the-end"),
        pytest.param("1,2\n3,4\n", "row 1 holds numbers", id="F30-no-header"),
        pytest.param("x;y\n0,5;1\n", "semicolon", id="F30-semicolon"),
        pytest.param("x\ty\n1\t2\n", "tab", id="F30-tab"),
        pytest.param("x|y\n1|2\n", "bar", id="F30-bar"),
        pytest.param("x y\n1 2\n", "space", id="F30-space"),
        pytest.param("x,y\n1,2\n0,5,3\n", "row 3 has 3 cells", id="F30-decimal-comma"),
        pytest.param("x,y\n1\n", "row 2 has 1 cells", id="F30-short-row"),
        pytest.param('x,y\n1,"1,234"\n', "row 2 has 3 cells", id="F33-thousands-comma"),
        pytest.param("x,y\n1,2\n\n3,4\n", "row 3 is blank", id="F31-blank-row"),
        pytest.param("x\n1\n\n3\n", "row 3 is blank", id="F31-blank-cell-of-one-column"),
        pytest.param(b"x,y\n1,2\n3,caf\xe9\n", "line 3: byte 0xe9", id="F33-latin-1"),
        pytest.param("x,y\n1,2\n".encode("utf-16"), "UTF-8", id="F33-utf-16"),
        pytest.param("x,\u202ey\n1,2\n", "not printable", id="F18-RTL-override"),
        pytest.param("x,y\x00\n1,2\n", "not printable", id="F16-NUL"),
        pytest.param("x" * 200_000 + ",y\n1,2\n", "row 1", id="F35-endless-name"),
    ],
)
def test_what_is_no_table_of_named_columns_is_refused(refuse, content, words):
    assert words in refuse(content)


def test_several_faults_are_listed_at_once_and_not_all(refuse):
    message = refuse("x,y\nNA,1\n2,NA\n3\n")
    assert "row 2, column x" in message
    assert "row 3, column y" in message
    assert "row 4 has 1 cells" in message
    many = refuse("x\n" + "NA\n" * 1000)
    assert many.count("missing value") == data.MAX_LISTED
    assert "there may be more" in many


@pytest.mark.parametrize(
    ("make", "words"),
    [
        pytest.param(lambda path: None, "no such file", id="F30-missing"),
        pytest.param(os.mkdir, "directory", id="F35-directory"),
        pytest.param(os.mkfifo, "regular file", id="F35-fifo"),
        pytest.param(lambda path: os.symlink("/dev/zero", path), "regular file", id="F35-dev-zero"),
    ],
)
def test_what_is_not_a_regular_file_is_refused(tmp_path, make, words):
    path = tmp_path / "d.csv"
    make(path)
    with pytest.raises(InputError, match=words):
        read_data(path)


def test_a_file_above_the_cap_is_refused_unread(refuse, monkeypatch):
    monkeypatch.setattr(data, "MAX_BYTES", 100)
    message = refuse("x\n" + "1\n" * 100)
    assert "202 bytes" in message
    assert "100" in message


@pytest.mark.parametrize("zero", ["0", "-0", "0.0", "0e-400", "0.000E+3", ".0e-9999"])
def test_a_zero_that_is_written_as_one_is_read(read, zero):
    assert read(f"x,y\n1,{zero}\n")["y"] == 0
    assert read(f"x,y\n1, {zero}\t\n")["y"] == 0  # by the way that reads cell by cell


PSEUDO = [
    pytest.param(file, id=file)
    for file in (
        "/proc/self/environ",
        "/proc/self/status",
        "/sys/kernel/mm/transparent_hugepage/enabled",
    )
    if os.path.exists(file)
]


@pytest.mark.parametrize("file", PSEUDO)
def test_nothing_of_a_file_of_the_kernel_is_shown(file, monkeypatch, tmp_path):
    with open(file, "rb") as opened:
        content = opened.read().decode()
    link = tmp_path / "d.csv"
    link.symlink_to(file)
    with pytest.raises(InputError) as caught:
        read_data(link)
    message = str(caught.value)
    assert "no ordinary file" in message and message.startswith(f"{link}")
    assert not any(part in message for part in content.replace("\0", "\n").split() if len(part) > 6)


def test_a_message_holds_little_of_a_table(refuse):
    for table in (
        "x" * 9000 + "," + "x" * 9000 + "\n1,2\n",
        "a,,b" * 4000 + "\n1\n",
        "a\n" + "z" * 9000,
    ):
        assert len(refuse(table)) < 600
