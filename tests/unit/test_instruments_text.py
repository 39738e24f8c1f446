"""Text exports: encodings, line ends, sections, quotes."""

from __future__ import annotations

import pytest

from mrdq.errors import MrdqError
from mrdq.instruments import text as texts

WORDS = "Cт µ Größe"


@pytest.mark.parametrize(
    "data",
    [
        WORDS.encode(),
        b"\xef\xbb\xbf" + WORDS.encode(),
        b"\xff\xfe" + WORDS.encode("utf-16-le"),
        b"\xfe\xff" + WORDS.encode("utf-16-be"),
    ],
)
def test_encodings(data: bytes) -> None:
    assert texts.decode(data, "x") == WORDS


def test_windows_1252_where_it_is_no_utf_8() -> None:
    assert texts.decode("Größe µ\n".encode("cp1252"), "x") == "Größe µ\n"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"Well\0Cq", "NUL bytes"),
        ("Well".encode("utf-16-le"), "NUL bytes"),
        ("Größe ß".encode()[:-1], "text in utf-8"),
        (b"\xff\xfeW\0e", "text in utf-16-le"),
        (b"a\x81b\xe9c", "byte 0x81 at offset 1"),
    ],
)
def test_what_is_no_text_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(MrdqError) as caught:
        texts.decode(data, "run.txt")
    assert message in str(caught.value)
    assert str(caught.value).startswith("run.txt: ")
    assert "Export the run again" in str(caught.value)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(end: str) -> None:
    assert texts.decode(end.join(["a", "b", ""]).encode(), "x") == "a\nb\n"


def test_other_separators_are_no_line_ends() -> None:
    body = "A1\x0bx\u2028y\x1cz,1\n"
    assert texts.split_rows(body, ",", "x", 1) == [["A1\x0bx\u2028y\x1cz", "1"]]


def test_sections() -> None:
    text = "head\n[no end\n[Sample Setup],,\na\n[Results]\nb,[c]\n"
    parts = [(part.title, text[part.start : part.stop]) for part in texts.sections(text)]
    assert parts == [("", "head\n[no end\n"), ("Sample Setup", "a\n"), ("Results", "b,[c]\n")]
    assert [part.title for part in texts.sections("[Results]\nx")] == ["", "Results"]
    assert [part.title for part in texts.sections("")] == [""]
    assert texts.sections("[Results]")[-1].start == len("[Results]")


@pytest.mark.parametrize(
    ("line", "delimiter"), [("a\tb,c\td", "\t"), ("a;b,c;d", ";"), ("a,b", ",")]
)
def test_delimiter_is_the_most_frequent(line: str, delimiter: str) -> None:
    assert texts.delimiter_of(line) == delimiter


def test_quotes_are_taken_off() -> None:
    assert texts.split_rows('"a,b",c\n\nd,"e ""f"""\n', ",", "x", 1) == [
        ["a,b", "c"],
        [],
        ["d", 'e "f"'],
    ]


@pytest.mark.parametrize(
    ("body", "delimiter", "row"),
    [
        ('A1,x\nA2,"y\nA3,z"\n', ",", 12),
        ('A1,x\nA2,"y\nA3,z\n', ",", 12),
        ('A1,"x"y\n', ",", 11),
        ('A1\t"x\tA2"\n', "\t", 11),
    ],
)
def test_a_quote_that_hides_rows_or_cells_is_refused(body: str, delimiter: str, row: int) -> None:
    with pytest.raises(
        MrdqError, match="quotation marks that open and close within one cell"
    ) as caught:
        texts.split_rows(body, delimiter, "run.csv", 11)
    assert caught.value.problems[0].row == row


def test_first_line_and_rows() -> None:
    assert texts.first_line("\n ,,\nWell,x\n") == ("Well,x", 5)
    assert texts.first_line("\n\n") == ("", 0)
    assert texts.row_at("a\nb\nc", 4) == 3
    assert texts.line_at("a\nbc", 2) == "bc"
