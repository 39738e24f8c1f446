"""``mrdq inspect``: one export as a page or a table of wells, several as a list, and the refusals."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mrdq.cli import main
from mrdq.errors import MrdqError
from mrdq.instruments import FORMATS, Export, read_export
from mrdq.reports.inspect import inspected, tsv, wells_table
from mrdq.reports.page_lines import shortened_wells, well_ranges, wrapped
from mrdq.reports.plate_grid import grids

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
        for one in lines[at + 2 : lines.index("", at)]
    }


def listed(text: str, title: str) -> list[str]:
    """The lines below a title of the page, wrapped ones joined again."""
    below = text.partition(f"\n{title}:\n")[2].partition("\n\n")[0].rstrip("\n")
    return below.replace("\n    ", " ").removeprefix("  ").split("\n  ")


def plain(*wells: str) -> bytes:
    """A plain table of the wells, all of target T."""
    return ("well,target,cq\n" + "".join(f"{well},T,25.5\n" for well in wells)).encode()


def test_what_the_page_says_of_the_file() -> None:
    text = page(*ROWS)
    assert text.startswith("runs/run.txt\nformat      applied_biosystems: Applied Biosystems Q")
    assert "(seen on real files" in text.replace("\n", " ")
    assert "section [Results] with the columns Well, Target Name, CT" in line(text, "because")
    assert line(text, "instrument") == "instrument  QuantStudio(TM) 7 Flex System"
    assert line(text, "software") == "software    invented 1.0"
    assert line(text, "run date") == "run date    2024-05-06"
    assert (
        line(text, "read  ")
        == "read        7 rows, 7 wells: 5 determined, 1 undetermined, 1 omitted"
    )
    assert (
        line(text, "roles") == "roles       3 standard, 2 sample, 1 ntc, no role: 1 well (no task)"
    )
    assert line(text, "to look at  ") == "to look at  nothing"
    assert line(text, "curve") == (
        "curve       T: slope -3.4, intercept 35.4, R² 1 printed; the standards read give slope -3.4, R² 1"
    )
    assert text.endswith("to look at: nothing\n")


def test_a_file_that_says_little() -> None:
    text = inspected(b"well,target,cq\nA1,,25.5\n", "x.csv")
    for key in ("instrument", "software", "run date"):
        assert line(text, key).split()[-2:] == ["not", "stated"]
    assert "curve" not in text
    assert line(text, "roles") == "roles       no role: 1 well (no task)"
    assert "no target named" in text.splitlines()


def test_a_task_that_is_no_role_is_shown_as_written() -> None:
    text = page(row("A1", "Positive", "25.2"), row("A2", "Positive", "25.3"))
    assert line(text, "roles") == "roles       no role: 2 wells (Positive)"
    text = page(row("A1", "Extra", "25.2"), row("A1", "", "25.3", target="U"))
    assert line(text, "roles") == "roles       no role: 2 rows (Extra, no task)"


@pytest.mark.parametrize(
    ("n_words", "shown"), [(5, "w1, w2, w3, w4, w5"), (6, "w1, w2, w3, w4, w5, … 6 words")]
)
def test_at_most_five_words_without_a_role_are_shown(n_words: int, shown: str) -> None:
    rows = [row(f"{letter}{i}", f"w{i}", "25.2") for letter in "AB" for i in range(1, n_words + 1)]
    text = page(row("H12", "NTC", "Undetermined"), *rows)
    assert line(text, "roles") == f"roles       1 ntc, no role: {2 * n_words} wells ({shown})"


def test_the_plate_as_a_grid() -> None:
    cells = grid(page(*ROWS, *[row(f"{letter}2", "UNKNOWN", "30.1") for letter in "CD"]), "T (FAM)")
    assert list(cells) == list("ABCDEFGH")
    first = ["S 25.20", "S 28.60", "S 32.00", "U 30.12", "N --", "U xx", *["."] * 6]
    assert cells["A"] == first
    assert cells["H"] == [*["."] * 11, "? 29.00"]
    assert {cell for letter in "BEFG" for cell in cells[letter]} == {"."}


def test_rows_without_a_well_are_left_out_where_fewer_than_half_are_used() -> None:
    """Row by row of each target: three of eight rows are fewer than half, four are not."""
    cells = grid(page(*ROWS), "T (FAM)")
    assert list(cells) == ["A", "H"]
    assert cells["H"] == [*["."] * 11, "? 29.00"]
    text = page(
        *[row(f"{well}1", "", "25.2", target="T" if well in "BDF" else "U") for well in "BDFACEH"]
    )
    assert list(grid(text, "T (FAM)")) == list("BDF")
    assert list(grid(text, "U (FAM)")) == list("ABCDEFGH")


def test_a_rotor_is_shown_with_the_numbers_of_its_tubes() -> None:
    wells = [f"{letter}{column}" for letter in "ABCDEFGHI" for column in range(1, 9)]
    columns: dict[str, Any] = dict.fromkeys(
        ("target", "sample", "task", "channel", "flags"), [""] * 72
    )
    columns |= {"quantity": [math.nan] * 72, "cq": [25.5] * 72, "cq_state": ["determined"] * 72}
    words = dict.fromkeys(("reason", "instrument", "software", "run_date"), "")
    export = Export(
        format="rotor_gene",
        well=wells,
        row=list(range(72)),
        printed_curves={},
        notes=[],
        **words,
        **columns,
    )
    drawn = list(grids(export))[3:]
    assert drawn[0].split() == [str(column) for column in range(1, 9)]
    assert [one[:10].strip() for one in drawn[1:]] == ["A 1-8", "B 9-16", "C 17-24", "D 25-32", "E 33-40",
        "F 41-48", "G 49-56", "H 57-64", "I 65-72"]  # fmt: skip
    assert {len(one) for one in drawn} == {10 + 8 * 8}
    assert {one[10:] for one in drawn[1:]} == {" ? 25.50" * 8}


def test_a_grid_for_each_target_and_dye() -> None:
    text = page(row("A1", "UNKNOWN", "25.2"), row("A1", "UNKNOWN", "26.3", target="U", dye="VIC"))
    assert grid(text, "T (FAM)")["A"][0] == "U 25.20"
    assert grid(text, "U (VIC)")["A"][0] == "U 26.30"


def test_background_and_empty_wells_have_letters() -> None:
    text = inspected(b"well,target,cq,task\nA1,T,39.5,background\nA2,T,N/A,empty\n", "x.csv")
    assert grid(text, "T")["A"][:2] == ["B 39.50", "E --"]


@pytest.mark.parametrize(
    ("rows", "column", "n_rows", "widths"),
    [("ABDH", 1, 8, [12]), ("ABCDEFGHI", 24, 16, [12]), ("ABCDEFGHP", 1, 16, [12]), ("AD", 6, 2, [12]),
     ("AIP", 1, 3, [12])],
)  # fmt: skip
def test_the_size_of_the_grid(rows: str, column: int, n_rows: int, widths: list[int]) -> None:
    """As small as the wells allow, at least 96; halves without a well are not drawn."""
    wells = [f"{letter}{column}" for letter in rows]
    lines = inspected(plain(*wells), "x.csv").splitlines()
    heads = [one for one in lines if one.split()[:1] in (["1"], ["13"])]
    assert [len(one.split()) for one in heads] == widths
    drawn = [one for one in lines if len(one) > 90 and one[:3].strip() in list("ABCDEFGHIJKLMNOP")]
    assert len(drawn) == n_rows
    assert sum("? 25.50" in one for one in drawn) == len(wells)


def test_both_halves_of_a_plate_of_384() -> None:
    lines = inspected(plain("A1", "B14"), "x.csv").splitlines()
    assert [one.split()[0] for one in lines if one.split()[:1] in (["1"], ["13"])] == ["1", "13"]
    assert sum("? 25.50" in one for one in lines) == 2


def test_a_plate_of_1536() -> None:
    """Four quarters of twelve columns; rows without a well are not drawn where most have none."""
    lines = inspected(plain("A1", "Z48", "AA13", "AF25"), "x.csv").splitlines()
    heads = [one.split()[0] for one in lines if one.split()[:1] in (["1"], ["13"], ["25"], ["37"])]
    assert heads == ["1", "13", "25", "37"]
    drawn = [one.split() for one in lines if one[:3].strip() in ("A", "Z", "AA", "AF")]
    assert [row[0] for row in drawn] == ["A", "Z", "AA", "AF"] * 4
    seen = [(row[0], n // 4) for n, row in enumerate(drawn) if "25.50" in row]
    assert seen == [("A", 0), ("AA", 1), ("AF", 2), ("Z", 3)]


def test_through_holes_make_no_grid() -> None:
    text = page(row("A1a1", "UNKNOWN", "25.2"), head=("* Block Type = OpenArray Block",))
    assert "no grid: A1a1 is no well of a plate" in text.splitlines()


def test_what_was_not_read_and_how_the_rest_was() -> None:
    text = page(*ROWS)
    assert listed(text, "not read") == [
        "columns not read: Comments",
        "rows 1 to 5, above the table, not read but for instrument, software, block and date",
    ]
    assert listed(text, "read so") == [
        "lines below the table: Analysis Type = Singleplex",
        "7 of the 96 wells of the block are in the export",
    ]
    assert (
        text.index("\nread so:") < text.index("\nnot read:") < text.index("\nto look at: nothing")
    )
    text = inspected(plain("A1"), "x.csv")
    assert "read so" not in text
    assert "\nnot read: nothing\n" in text


def test_what_to_look_at() -> None:
    """Warnings of the reader, and the printed curve where the standards give another."""
    text = page(*ROWS[:2], row("A3", "STANDARD", "33.000", quantity="10"), *ROWS[3:])
    assert line(text, "to look at  ") == "to look at  1 warning, see below"
    (warning,) = listed(text, "to look at")
    assert warning.startswith("runs/run.txt, column target T: found ")
    assert '"slope -3.900 of 3 wells", expected the curve that the instrument printed' in warning
    text = inspected(b"well,target,cq\nA1,T,\nA2,T,25.5\n", "x.csv")
    (warning,) = listed(text, "to look at")
    assert warning.startswith("x.csv, row 2, column cq, wells A1: found nothing, expected a Cq")


def test_two_warnings_are_counted() -> None:
    text = page(row("A1", "STANDARD", "25.2"), row("A2", "STANDARD", "25.2", target="U"))
    assert line(text, "to look at  ") == "to look at  2 warnings, see below"
    assert len(listed(text, "to look at")) == 2


def test_no_line_but_the_grid_is_wider_than_120_characters() -> None:
    name = "a folder of the laboratory/" * 8 + "run.txt"
    target, dye = "T" * 130, "D" * 30
    text = "\n".join([
        "* Instrument Type = " + "QuantStudio " * 20, "[Results]",
        HEADER + "".join(f"\tColumn {i}" for i in range(60)),
        *(row(f"{well}1", "w" * 60, "25.2", target=target, dye=dye) + "\t" * 60 for well in "ABCDEFGH"), "",
    ])  # fmt: skip
    lines = inspected(text.encode(), name).splitlines()
    assert max(map(len, lines)) <= 120
    unread = lines[lines.index("not read:") + 1 :]
    assert unread[0].startswith("  columns not read: Comments, Column 0")
    assert unread[1].startswith("    Column ")
    assert not unread[0].endswith(" ")


def test_a_long_word_is_cut_rather_than_lost() -> None:
    lines = wrapped("w" * 300, "because     ")
    assert "".join(one.strip() for one in lines).removeprefix("because     ") == "w" * 300
    assert wrapped("well-known words " * 9, "  ", further=2)[1].startswith("    ")


@pytest.mark.parametrize(
    ("wells", "ranges"),
    [("A1", "A1"), ("A1 A2", "A1, A2"), ("A1 A2 A3", "A1–A3"), ("A1 A2 A3 B4 C5 C6 C8 C7", "A1–A3, B4, C5–C8"),
     ("A12 B1 B2", "A12, B1, B2"), ("A10 A9 A11 A9", "A9–A11"), ("B1 A1 C1", "A1, B1, C1")],
)  # fmt: skip
def test_wells_as_ranges_within_a_row(wells: str, ranges: str) -> None:
    assert well_ranges(wells.split()) == ranges


@pytest.mark.parametrize(
    ("note", "shown"),
    [("empty Cq cells read as undetermined: wells A1, A2, A3, B7", "empty Cq cells read as undetermined: wells A1–A3, B7"),
     ("empty wells, nothing but their name: D1, D2, D3", "empty wells, nothing but their name: D1–D3"),
     ("columns not read: A1, A2, A3", "columns not read: A1, A2, A3"),
     ("runs read as one table: A1, A2, A3", "runs read as one table: A1, A2, A3"),
     ("empty wells: A1a1, A1a2, A1a3", "empty wells: A1a1, A1a2, A1a3"),
     ("7 of the 96 wells of the block are in the export", "7 of the 96 wells of the block are in the export")],
)  # fmt: skip
def test_lists_of_wells_in_a_note_are_shortened(note: str, shown: str) -> None:
    assert shortened_wells(note) == shown


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
    file.write_bytes(plain("A1"))
    result = run(file)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == inspected(file.read_bytes(), str(file))
    assert run(file, "--format", "plain_table").stdout == result.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["run.csv"]


def test_help_lists_the_formats() -> None:
    shown = run("--help").stdout.partition("Formats:")[2].splitlines()
    assert [one.split()[0] for one in shown if one[2:3].strip()] == list(FORMATS)


@pytest.mark.parametrize(
    ("name", "words", "message"),
    [("absent.csv", (), "absent.csv: found nothing, expected a file that exists. Mend the path."),
     ("run.csv", (), "expected an export that one of the readers knows"),
     ("run.csv", ("--format", "plain_table"), "expected an export of plain table, as --format says. Name another format, or leave "),
     ("run.csv", ("--format", "x"), 'error: --format: found "x", expected one of applied_biosystems, '),
     ("run.csv", ("--format", "rotorgene"), ", opticon, did you mean rotor_gene?\n"),
     ("run.csv", ("--format", "CFX"), ", opticon, did you mean biorad_cfx?\n"),
     ("", ("--wells",), 'error: --wells: found "a folder", expected one file.')],
)  # fmt: skip
def test_what_the_verb_refuses(
    tmp_path: Path, name: str, words: tuple[str, ...], message: str
) -> None:
    (tmp_path / "run.csv").write_text("hello\n")
    result = run(tmp_path / name, *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert result.stderr.endswith("1 problem.\n")
    assert "runs sheet" not in result.stderr


def test_a_file_of_two_formats_is_to_be_read_with_the_option(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No file is known to be of two formats, so one reader stands twice."""
    monkeypatch.setitem(FORMATS, "twin", FORMATS["ariamx"])
    with pytest.raises(MrdqError) as caught:
        inspected("Well,Dye,Target,Cq (∆R)\nA1,FAM,T,25.5\n".encode(), "x.csv")
    assert "an export of one format. Name the right one with --format." in str(caught.value)


def test_a_study_is_to_be_checked(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.yaml").write_text("study: x\n")
    result = run(tmp_path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert (
        f'found "a study", expected files, or a folder of exports. This is a study: mrdq check {tmp_path}'
        in result.stderr
    )


# --- the wells of one file


def test_the_wells_as_a_table(tmp_path: Path) -> None:
    """One row per row of the export, empty for nan, and nothing else on standard output."""
    file = tmp_path / "run.txt"
    more = row("B1", "UNKNOWN", "27.5", target="=1+1", quantity="7")
    text = "\n".join([*HEAD, "[Results]", HEADER, *ROWS, more, ""])
    file.write_text(text)
    result = run(file, "--wells")
    assert result.exit_code == 0
    assert "warning: " in result.stderr
    assert result.stdout.splitlines() == [
        "well\ttarget\tchannel\tsample\ttask\tquantity\tcq\tcq_state\tflags",
        "A1\tT\tFAM\tS\tSTANDARD\t1000.0\t25.2\tdetermined\t",
        "A2\tT\tFAM\tS\tSTANDARD\t100.0\t28.6\tdetermined\t",
        "A3\tT\tFAM\tS\tSTANDARD\t10.0\t32.0\tdetermined\t",
        "A4\tT\tFAM\tS\tUNKNOWN\t\t30.125\tdetermined\t",
        "A5\tT\tFAM\tS\tNTC\t\t\tundetermined\t",
        "A6\tT\tFAM\tS\tUNKNOWN\t\t\tomitted\tomitted",
        "H12\tT\tFAM\tS\t\t\t29.0\tdetermined\t",
        "B1\t'=1+1\tFAM\tS\tUNKNOWN\t\t27.5\tdetermined\t",
    ]


def test_tabs_and_line_ends_inside_a_name_make_no_cells_and_no_rows() -> None:
    export = read_export(b'well,target,cq,sample\nA1,T,25.5,"a\tb"\nA2,T,26.5,-RT\n', "x.csv")
    rows = list(csv.reader(io.StringIO(wells_table(export)), delimiter="\t"))
    assert [one[3] for one in rows] == ["sample", "a\tb", "'-RT"]
    assert tsv([["a\rb", 1]]) == '"a\nb"\t1\n'


# --- several files


def cells(result: Result) -> list[list[str]]:
    return list(csv.reader(io.StringIO(result.stdout), delimiter="\t"))


def test_a_line_for_each_of_several_files(tmp_path: Path) -> None:
    good, bad = tmp_path / "a.txt", tmp_path / "b.csv"
    good.write_text("\n".join([*HEAD, "[Results]", HEADER, *ROWS, ""]).replace("32.000", "33.000"))
    bad.write_text("well,target,cq\nA1,T,25.5\nA1,T,soon\n" + "A2,T,soon\n" * 3)
    result = run(good, bad)
    head, first, second = cells(result)
    assert head == [
        *("file", "format", "wells", "determined", "undetermined", "omitted", "warnings", "refusal")
    ]
    assert first == [str(good), "applied_biosystems", "7", "5", "1", "1", "1", ""]
    assert second[:-1] == [str(bad), *[""] * 6]
    assert second[-1].startswith("b.csv, row ")
    assert len(second[-1]) <= 200
    assert result.exit_code == 2
    assert result.stderr == "1 of 2 files refused. The whole message: mrdq inspect FILE\n"


def test_a_long_refusal_is_shortened(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text("hello\n")
    refusal = cells(run(tmp_path))[1][-1]
    assert 150 < len(refusal) <= 200
    assert refusal.startswith('b.csv: found "hello", expected an export')
    assert refusal.endswith(" …")


def test_a_folder_is_the_files_directly_in_it(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", ".hidden", "in/c.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(plain("A1", "A2"))
    result = run(tmp_path)
    assert result.exit_code == 0
    assert cells(result)[1:] == [
        [str(tmp_path / name), "plain_table", "2", "2", "0", "0", "0", ""]
        for name in ("a.csv", "b.csv")
    ]
    assert result.stderr == f"note: {tmp_path}: not looked at: .hidden, in\n"
    both = cells(run(tmp_path / "in" / "c.csv", tmp_path))
    assert [Path(one[0]).name for one in both[1:]] == ["c.csv", "a.csv", "b.csv"]


def test_an_absent_file_of_several_is_a_line(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(plain("A1"))
    result = run(tmp_path / "absent.csv", tmp_path / "a.csv", "--format", "plain_table")
    assert [one[1] for one in cells(result)[1:]] == ["", "plain_table"]
    assert "expected a file that exists" in cells(result)[1][-1]
    assert result.exit_code == 2


def test_a_folder_without_files_is_refused(tmp_path: Path) -> None:
    result = run(tmp_path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "found nothing, expected a folder with exports" in result.stderr


@pytest.mark.parametrize(("n_files", "said"), [(20, ""), (21, "reading files: 21 files")])
def test_progress_of_many_files_is_on_standard_error(
    tmp_path: Path, n_files: int, said: str
) -> None:
    for i in range(n_files):
        (tmp_path / f"{i}.csv").write_bytes(plain("A1"))
    result = run(tmp_path)
    assert result.stderr.strip() == said
    assert len(cells(result)) == n_files + 1
