"""A sheet says the same however its text is written, and however many lines are cut at once."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrdq import input_file, sheet_file
from mrdq.errors import (
    MOST_OF_A_KIND,
    MOST_TOLD,
    FirstOfEachKind,
    MrdqError,
    Problem,
    Problems,
    count,
)
from mrdq.sheets import Sheet, SheetColumn, iso_date, number, read_sheet, sheet_from_cells

COLUMNS = (
    SheetColumn("id", "an id", required=True, is_id=True),
    SheetColumn("day", "a day", parse=iso_date),
    SheetColumn("age", "an age", parse=number(0, 130, what="an age"), missing=None),
    SheetColumn("note", "a note"),
)
NAMES = [column.name for column in COLUMNS]
cells = st.sampled_from(
    [
        "",
        "",
        "a",
        "b c",
        "2024-02-29",
        "2023-02-29",
        "7",
        "131",
        "=1+1",
        "-3",
        "-x",
        "\u00a0é\u2003",
        "@",
    ]
)
tables = st.lists(st.lists(cells, min_size=1, max_size=6), max_size=30)


def told(path: Path) -> tuple[Sheet | None, list[str]]:
    problems = Problems()
    try:
        sheet = read_sheet(path, "sheet", COLUMNS, problems)
    except MrdqError as error:
        return None, list(map(str, error.problems))
    return sheet, list(map(str, problems.errors))


def text_of(rows: list[list[str]], delimiter: str, quoting: int) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n", quoting=quoting).writerows(rows)  # type: ignore[arg-type]
    return text.getvalue()


@given(tables, st.sampled_from("\t,;"), st.integers(1, 40), st.booleans())
def test_pieces_quotes_and_delimiters_do_not_matter(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], delimiter: str, piece: int, even: bool
) -> None:  # fmt: skip
    """The csv module reads the quoted one; the plain one is cut piece by piece."""
    if even:
        rows = [[*row, *[""] * len(NAMES)][: len(NAMES)] for row in rows]
    folder = tmp_path_factory.mktemp("sheets")
    plain = "\n".join(delimiter.join(row) for row in [NAMES, *rows]) + "\n"
    (folder / "plain").write_text(plain, encoding="utf-8")
    (folder / "quoted").write_text(
        text_of([NAMES, *rows], delimiter, csv.QUOTE_ALL), encoding="utf-8"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sheet_file, "PIECE", piece)
        assert told(folder / "plain") == told(folder / "quoted")


def test_what_the_cells_say(tmp_path: Path) -> None:
    (tmp_path / "sheet").write_text(
        "\n ,\nid,day,age,own\n\n 1 ,2024-02-29,7,x\n,,,\n2,,, y\n1E5,2023-02-29,131,=x\n\n"
    )
    sheet, problems = told(tmp_path / "sheet")
    assert sheet is not None
    assert sheet.row == [5, 7, 8]
    assert sheet.columns == {"id": ["1", "2", "1E5"], "day": ["2024-02-29", "", ""], "age": [7.0, None, None],
                             "note": ["", "", ""], "own": ["x", "y", ""]}  # fmt: skip
    assert (sheet.extra, sheet.absent) == (("own",), ("note",))
    assert sheet.unread == {"day": frozenset([8]), "age": frozenset([8]), "own": frozenset([8])}
    assert [problem.partition(": ")[0] for problem in problems] == [
        f"sheet, row 8, column {name}" for name in ("day", "age", "own")
    ]


def test_numbers_of_a_workbook_are_no_texts() -> None:
    """1, 1.0 and true are equal in Python."""
    problems = Problems()
    rows: list[list[object]] = [["id", "note"], ["a", True], ["b", 1.0], ["c", "1"]]
    sheet = sheet_from_cells("book", [1, 2, 3, 4], rows, COLUMNS, problems)  # type: ignore[arg-type]
    assert sheet.columns["note"] == ["true", "1", "1"]
    assert not problems.errors


@given(st.permutations(range(6)), st.integers(0, 5), st.sampled_from(["day", "note", "id"]))
def test_a_fingerprint_is_of_what_is_said(order: list[int], changed: int, column: str) -> None:
    columns = {"id": [f"s{n}" for n in range(6)], "day": ["2024-01-01"] * 6, "note": [""] * 6}
    moved = {name: [values[i] for i in order] for name, values in columns.items()}
    sheet = Sheet("a", columns, range(2, 8))
    assert Sheet("b", moved, range(9, 15)).fingerprint == sheet.fingerprint
    moved[column][changed] += "x"
    assert Sheet("a", moved, range(2, 8)).fingerprint != sheet.fingerprint
    swapped = {"id": columns["id"], "note": columns["day"], "day": columns["note"]}
    assert Sheet("a", swapped, range(2, 8)).fingerprint != sheet.fingerprint


def test_a_sheet_may_be_larger_than_an_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(input_file, "LIMIT", 20)
    (tmp_path / "sheet").write_text("id\n" + "a\n" * 20)
    assert told(tmp_path / "sheet")[0] is not None
    with pytest.raises(MrdqError, match="a file of at most 0 MB"):
        sheet_file.read_cells(tmp_path / "sheet", "sheet")


# --- many problems


def problem(row: int, column: str = "c", *, brackets: str = "") -> Problem:
    return Problem("sheet", f"a date{brackets}", f"x{row}", row, column)


@given(st.integers(0, 3 * MOST_OF_A_KIND), st.integers(0, 3))
def test_the_first_of_each_kind_are_told_and_all_are_counted(many: int, few: int) -> None:
    problems = FirstOfEachKind()
    problems.extend(problem(row, brackets=f" (from {row})") for row in range(many))
    problems.extend(problem(row, "other") for row in range(few))
    problems.tell_others()
    told = problems.errors
    assert count(told) == many + few
    assert [one.row for one in told if one.column == "c" and not one.more] == list(
        range(min(many, MOST_OF_A_KIND))
    )
    assert len([one for one in told if one.column == "other"]) == few
    rest = [str(one) for one in told if one.more]
    assert rest == [
        f'sheet, column c: found "{many - MOST_OF_A_KIND:,} more of them", expected a date. They are not told one by one.'
    ] * (many > MOST_OF_A_KIND)


def test_problems_that_were_only_counted_count() -> None:
    problems = FirstOfEachKind()
    problems.extend(
        [problem(1), Problem("sheet", "a date (x)", column="c", more=MOST_OF_A_KIND + 6)]
    )
    problems.tell_others()
    assert count(problems.errors) == MOST_OF_A_KIND + 7


def test_many_kinds_are_still_no_flood() -> None:
    problems = FirstOfEachKind()
    problems.extend(problem(1, f"c{n}") for n in range(MOST_TOLD + 5))
    with pytest.raises(MrdqError) as caught:
        problems.raise_if_any()
    assert len(caught.value.problems) == MOST_TOLD + 1
    assert "5 more of them" in str(caught.value.problems[-1])
