"""``mrdq inspect``: one export as a page of text, and the refusals of the verb."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mrdq.cli import main
from mrdq.errors import MrdqError
from mrdq.reports.inspect import inspected

HEADER = "Well\tOmit\tSample Name\tTarget Name\tTask\tReporter\tCT\tQuantity\tY-Intercept\tR(superscript 2)\tSlope\tComments"
HEAD = (
    "* Block Type = 96-Well Block (0.2mL)",
    "* Instrument Type = QuantStudio(TM) 7 Flex System",
    "* Software Name and Version = invented 1.0",
    "* Experiment Run End Time = 2024-05-06",
)
CURVE = ("35.400", "1.000", "-3.400")


def row(well: str, task: str, cq: str, *, target: str = "T", dye: str = "FAM", quantity: str = "",
        omit: str = "false", curve: tuple[str, str, str] = CURVE) -> str:  # fmt: skip
    return "\t".join([well, omit, "S", target, task, dye, cq, quantity, *curve, ""])


ROWS = (
    row("A1", "STANDARD", "25.200", quantity="1000"), row("A2", "STANDARD", "28.600", quantity="100"),
    row("A3", "STANDARD", "32.000", quantity="10"), row("A4", "UNKNOWN", "30.125"),
    row("A5", "NTC", "Undetermined"), row("A6", "UNKNOWN", "31.000", omit="true"), row("H12", "", "29.000"),
)  # fmt: skip


def page(*rows: str, head: tuple[str, ...] = HEAD) -> str:
    text = "\n".join([*head, "[Results]", HEADER, *rows, "", "Analysis Type = Singleplex", ""])
    return inspected(text.encode(), "runs/run.txt")


def line(text: str, start: str) -> str:
    (found,) = [one for one in text.splitlines() if one.startswith(start)]
    return found


def grid(text: str, heading: str) -> dict[str, list[str]]:
    """Row letter -> the cells of a grid, by columns of eight characters."""
    lines = text.splitlines()
    at = lines.index(heading)
    assert lines[at + 1].split() == [str(number) for number in range(1, 13)]
    return {
        one[:3].strip(): [one[i : i + 8].strip() for i in range(3, len(one), 8)]
        for one in lines[at + 2 : at + 10]
    }


def test_what_the_page_says_of_the_file() -> None:
    text = page(*ROWS)
    assert text.startswith("runs/run.txt\nformat      applied_biosystems: Applied Biosystems Q")
    assert line(text, "format").endswith("(seen on real files)")
    assert "section [Results] with the columns Well, Target Name, CT" in line(text, "because")
    assert line(text, "instrument") == "instrument  QuantStudio(TM) 7 Flex System"
    assert line(text, "software") == "software    invented 1.0"
    assert line(text, "run date") == "run date    2024-05-06"
    assert (
        line(text, "read") == "read        7 rows, 7 wells: 5 determined, 1 undetermined, 1 omitted"
    )
    assert line(text, "roles") == "roles       3 standard, 2 sample, 1 ntc, 1 no role (no task)"
    assert line(text, "curve") == (
        "curve       T: slope -3.4, intercept 35.4, R² 1 printed; the standards read give slope -3.4, R² 1"
    )
    assert text.endswith("to look at: nothing\n")


def test_a_file_that_says_little() -> None:
    text = inspected(b"well,target,cq\nA1,,25.5\n", "x.csv")
    for key in ("instrument", "software", "run date"):
        assert line(text, key).split()[-2:] == ["not", "stated"]
    assert "curve" not in text
    assert line(text, "roles") == "roles       1 no role (no task)"
    assert "no target named" in text.splitlines()


def test_a_task_that_is_no_role_is_shown_as_written() -> None:
    assert "2 no role (Positive)" in page(
        row("A1", "Positive", "25.2"), row("A2", "Positive", "25.3")
    )


def test_the_plate_as_a_grid() -> None:
    cells = grid(page(*ROWS), "T (FAM)")
    assert list(cells) == list("ABCDEFGH")
    first = ["S 25.20", "S 28.60", "S 32.00", "U 30.12", "N --", "U xx", *["."] * 6]
    assert cells["A"] == first
    assert cells["H"] == [*["."] * 11, "? 29.00"]
    assert {cell for letter in "BCDEFG" for cell in cells[letter]} == {"."}


def test_a_grid_for_each_target_and_dye() -> None:
    text = page(row("A1", "UNKNOWN", "25.2"), row("A1", "UNKNOWN", "26.3", target="U", dye="VIC"))
    assert grid(text, "T (FAM)")["A"][0] == "U 25.20"
    assert grid(text, "U (VIC)")["A"][0] == "U 26.30"


def test_background_and_empty_wells_have_letters() -> None:
    text = inspected(b"well,target,cq,task\nA1,T,39.5,background\nA2,T,N/A,empty\n", "x.csv")
    assert grid(text, "T")["A"][:2] == ["B 39.50", "E --"]


@pytest.mark.parametrize(
    ("wells", "n_rows", "widths"),
    [(("A1", "D6"), 8, [12]), (("A1", "P24"), 16, [12, 12]), (("A13", "B14"), 16, [12]), (("I1",), 16, [12])],
)  # fmt: skip
def test_the_size_of_the_grid(wells: tuple[str, ...], n_rows: int, widths: list[int]) -> None:
    """As small as the wells allow, at least 96; halves without a well are not drawn."""
    data = "well,target,cq\n" + "".join(f"{well},T,25.5\n" for well in wells)
    lines = inspected(data.encode(), "x.csv").splitlines()
    heads = [one for one in lines if one.split()[:1] in (["1"], ["13"])]
    assert [len(one.split()) for one in heads] == widths
    drawn = [one for one in lines if len(one) > 90 and one[:3].strip() in list("ABCDEFGHIJKLMNOP")]
    assert len(drawn) == n_rows * len(widths)
    assert sum("? 25.50" in one for one in drawn) == len(wells)


def test_through_holes_make_no_grid() -> None:
    text = page(row("A1a1", "UNKNOWN", "25.2"), head=("* Block Type = OpenArray Block",))
    assert "no grid: A1a1 is no well of a plate" in text.splitlines()


def test_what_was_not_read() -> None:
    lines = page(*ROWS).splitlines()
    at = lines.index("not read:")
    assert "  columns not read: Comments" in lines[at:]
    assert "  lines below the table: Analysis Type = Singleplex" in lines[at:]
    assert "  7 of the 96 wells of the block are in the export" in lines[at:]


def test_what_to_look_at() -> None:
    """Warnings of the reader, and the printed curve where the standards give another."""
    lines = page(*ROWS[:2], row("A3", "STANDARD", "33.000", quantity="10"), *ROWS[3:]).splitlines()
    (warning,) = lines[lines.index("to look at:") + 1 :]
    assert warning.startswith("  runs/run.txt, column target T: found ")
    assert '"slope -3.900 of 3 wells", expected the curve that the instrument printed' in warning
    text = inspected(b"well,target,cq\nA1,T,\nA2,T,25.5\n", "x.csv")
    assert "  x.csv, row 2, column cq, wells A1: found nothing, expected a Cq" in text


def test_a_curve_without_standards() -> None:
    text = page(row("A4", "UNKNOWN", "30.125"))
    assert line(text, "curve").endswith("printed; the standards read give no curve")
    assert "names no standards with a quantity and a Cq" in text


def test_parts_of_a_curve_that_are_not_printed() -> None:
    text = page(row("A4", "UNKNOWN", "30.125", curve=("", "", "-3.4")))
    assert "curve       T: slope -3.4 printed;" in text


def test_a_file_that_cannot_be_read() -> None:
    with pytest.raises(MrdqError, match="an export that one of the readers knows"):
        inspected(b"hello\n", "x.txt")
    with pytest.raises(MrdqError, match="a format out of"):
        inspected(b"hello\n", "x.txt", format="nothing")


def run(*words: object) -> Result:
    return CliRunner().invoke(main, ["inspect", *map(str, words)])


def test_the_verb(tmp_path: Path) -> None:
    file = tmp_path / "run.csv"
    file.write_text("well,target,cq\nA1,T,25.5\n")
    result = run(file)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == inspected(file.read_bytes(), str(file))
    assert run(file, "--format", "plain_table").stdout == result.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["run.csv"]


@pytest.mark.parametrize(
    ("name", "words", "message"),
    [("absent.csv", (), "absent.csv: found nothing, expected a file that exists. Mend the path."),
     ("", (), 'found "a folder", expected a file. Mend the path.'),
     ("run.csv", (), "expected an export that one of the readers knows"),
     ("run.csv", ("--format", "plain_table"), "expected an export of plain table, as the column format says"),
     ("run.csv", ("--format", "x"), "expected a format out of applied_biosystems")],
)  # fmt: skip
def test_what_the_verb_refuses(
    tmp_path: Path, name: str, words: tuple[str, ...], message: str
) -> None:
    (tmp_path / "run.csv").write_text("hello\n")
    result = run(tmp_path / name, *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert "1 problem; nothing was written." in result.stderr
