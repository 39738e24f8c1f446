"""Files of a strange kind, size or encoding, in the place of an export, a layout or a sheet."""

from __future__ import annotations

import contextlib
import os
import re
import threading
from pathlib import Path

import pytest
from exports import plain_table
from exports.zips import members_of, zipped
from fuzz import corpus
from own_process import inspected, refused, run
from small_study import EXPORT, LAYOUT, mrdq, table

from mrdq import input_file
from mrdq.input_file import InputFileError, read_input

SMALL = corpus.small()
TEXTS = [name for name, data in SMALL.items() if not data.startswith((b"PK", b"\xd0\xcf", b"<"))]
BOOK = members_of(plain_table.SMALL["workbook"])
SHEET = "xl/worksheets/sheet1.xml"


def written(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "run.bin"
    path.write_bytes(data)
    return path


def text_of(data: bytes) -> str:
    """The text of an export, some of which instruments write in Windows-1252."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252")


def rows_of(data: bytes) -> list[corpus.Row]:
    export = corpus.read(data)
    assert export is not None
    return corpus.rows(export)


# --- content


@pytest.mark.parametrize(
    "data", [b"", b" ", b"\n\n\n", b" \t\r\n" * 1000, b"\xef\xbb\xbf", b"\xff\xfe"]
)
def test_nothing_in_it(data: bytes, tmp_path: Path) -> None:
    refused("inspect", written(tmp_path, data))


@pytest.mark.parametrize("name", TEXTS)
def test_nul_bytes(name: str) -> None:
    data = SMALL[name]
    for at in (0, len(data) // 2, len(data)):
        assert corpus.read(data[:at] + b"\0" + data[at:]) is None
    assert corpus.read(data + bytes(4096)) is None


@pytest.mark.parametrize("name", TEXTS)
def test_utf16(name: str) -> None:
    """With its mark the same table; without it nobody can tell."""
    text = text_of(SMALL[name])
    assert rows_of(text.encode("utf-16")) == rows_of(SMALL[name])
    assert rows_of(b"\xfe\xff" + text.encode("utf-16-be")) == rows_of(SMALL[name])
    for encoding in ("utf-16-le", "utf-16-be", "utf-32"):
        assert corpus.read(text.encode(encoding)) is None


@pytest.mark.parametrize("name", TEXTS)
def test_mixed_line_ends(name: str) -> None:
    """Carriage return, line feed and both, in turn: as files that went through several hands."""
    lines = re.split(r"\r\n|\r|\n", text_of(SMALL[name]))
    # An empty line may not follow a carriage return with a line feed, which would end one line.
    ends = [
        "\r\n" if not after else ("\r", "\r\n", "\n")[i % 3] for i, after in enumerate(lines[1:])
    ]
    mixed = "".join(map("".join, zip(lines, [*ends, ""], strict=True)))
    assert rows_of(mixed.encode()) == rows_of(SMALL[name])
    for end in ("\r", "\n", "\r\n"):
        assert rows_of(end.join(lines).encode()) == rows_of(SMALL[name])


# --- size


def test_a_line_of_a_gigabyte(tmp_path: Path) -> None:
    path = tmp_path / "run.csv"
    with path.open("wb") as file:
        file.truncate(1_000_000_000)
    assert "MB" in refused("inspect", path)


def test_a_line_of_digits_larger_than_any_export(tmp_path: Path) -> None:
    assert "60 MB" in refused("inspect", written(tmp_path, b"7" * 60_000_000))


@pytest.mark.parametrize("filler", [b"7", b"7,", b"\0", b"\n", b'"', b"[", b"<a>", b"\xc3\xa4"])
def test_one_character_in_all_of_the_largest_file(filler: bytes, tmp_path: Path) -> None:
    refused("inspect", written(tmp_path, filler * (49_000_000 // len(filler))))


@pytest.mark.parametrize("delimiter", [b",", b"\t", b";"])
def test_a_line_below_a_good_table(delimiter: bytes, tmp_path: Path) -> None:
    header = delimiter.join([b"well", b"target", b"cq"]) + b"\n"
    row = delimiter.join([b"A1", b"IGH", b"20.125"]) + b"\n"
    refused("inspect", written(tmp_path, header + row + b"1" * 45_000_000 + b"\n"))
    refused("inspect", written(tmp_path, header + row + delimiter * 45_000_000 + b"\n"))


def test_a_million_columns(tmp_path: Path) -> None:
    header = b"well,target,cq," + b",".join(b"x%d" % n for n in range(1_000_000))
    run("inspect", written(tmp_path, header + b"\nA1,IGH,20.125" + b"," * 1_000_000 + b"\n"))
    refused("inspect", written(tmp_path, b",".join([b"well"] * 1_000_000) + b"\n"))


@pytest.mark.parametrize("cell", [b"20.125", b"", b"word", b"999"])
def test_a_million_rows(cell: bytes, tmp_path: Path) -> None:
    """Wells are named once, so that most rows are wrong: told without a million lines."""
    rows = b"".join(b"A%d;IGH;%b\n" % (n % 12 + 1, cell) for n in range(1_000_000))
    told = refused("inspect", written(tmp_path, b"well;target;cq\n" + rows))
    assert len(told) < 1_000_000


def test_a_million_wells_of_other_names(tmp_path: Path) -> None:
    rows = b"".join(b"A1;T%d;20.125\n" % n for n in range(1_000_000))
    run("inspect", written(tmp_path, b"well;target;cq\n" + rows))


def sheet(*cells: str, dimension: str = "") -> bytes:
    """The small workbook with these cells behind those that it has, in rows of their own."""
    xml = BOOK[SHEET].decode()
    if dimension:
        xml = re.sub(r'<dimension ref="[^"]*"\s*/>', "", xml)
        xml = xml.replace("<sheetData>", f'<dimension ref="{dimension}"/><sheetData>')
    rows = "".join(cells)
    return zipped(BOOK | {SHEET: xml.replace("</sheetData>", f"{rows}</sheetData>").encode()})


def test_a_sheet_that_says_it_is_of_any_size(tmp_path: Path) -> None:
    data = sheet(dimension="A1:XFD1048576")
    assert inspected(written(tmp_path, data)).code == 0
    assert rows_of(data) == rows_of(plain_table.SMALL["workbook"])


@pytest.mark.parametrize("address", ["XFD1048576", "A1048576", "XFD9", "ZZZ1000", "A99999999"])
def test_a_cell_far_away(address: str, tmp_path: Path) -> None:
    row = re.sub("[A-Z]", "", address)
    told = refused(
        "inspect", written(tmp_path, sheet(f'<row r="{row}"><c r="{address}"><v>1</v></c></row>'))
    )
    assert "sheet" in told


def test_a_million_rows_in_a_workbook(tmp_path: Path) -> None:
    run("inspect", written(tmp_path, sheet(*(f'<row r="{n}"/>' for n in range(5, 1_000_000)))))
    cells = "".join(f'<row r="{n}"><c r="A{n}"><v>1</v></c></row>' for n in range(5, 600_000))
    refused("inspect", written(tmp_path, sheet(cells)))


@pytest.mark.parametrize("formula", ["1+1", "SUM(C2)", "NA()"])
def test_a_formula_without_a_value(formula: str, tmp_path: Path) -> None:
    changed = re.sub(
        rb'<c r="C2"[^>]*>.*?</c>', b'<c r="C2"><f>%b</f></c>' % formula.encode(), BOOK[SHEET]
    )
    assert changed != BOOK[SHEET]
    told = refused("inspect", written(tmp_path, zipped(BOOK | {SHEET: changed})))
    assert "C2" in told


# --- kinds of files, named directly


@pytest.fixture
def strange(tmp_path: Path) -> dict[str, Path]:
    """A folder, a pipe that nobody writes to, links that lead nowhere, a device."""
    found = {name: tmp_path / name for name in ("folder", "pipe", "broken", "loop")}
    found["folder"].mkdir()
    os.mkfifo(found["pipe"])
    found["broken"].symlink_to(tmp_path / "none")
    found["loop"].symlink_to(found["loop"])
    return found | {"zero": Path("/dev/zero"), "null": Path("/dev/null"), "none": tmp_path / "none"}


KINDS = ["folder", "pipe", "broken", "loop", "zero", "null", "none"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_file(kind: str, strange: dict[str, Path]) -> None:
    refused("inspect", strange[kind])


def test_a_link_to_a_pipe(strange: dict[str, Path], tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(strange["pipe"])
    refused("inspect", link)


def test_a_pipe_that_somebody_writes_to(strange: dict[str, Path]) -> None:
    descriptor = os.open(strange["pipe"], os.O_RDWR)
    try:
        os.write(descriptor, b"well,target,cq\nA1,IGH,20.125\n")
        refused("inspect", strange["pipe"])
    finally:
        os.close(descriptor)


def test_a_file_that_grows_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, b"well,target,cq\nA1,IGH,20.125\n")
    look = os.fstat

    def looked(descriptor: int) -> os.stat_result:
        found = look(descriptor)
        with path.open("ab") as file:
            file.write(b"A2,IGH,21.5\n")
        return found

    monkeypatch.setattr(input_file.os, "fstat", looked)
    with pytest.raises(InputFileError, match="nobody is writing"):
        read_input(path)


def test_a_file_that_is_cut_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, b"well,target,cq\nA1,IGH,20.125\n")
    look = os.fstat

    def looked(descriptor: int) -> os.stat_result:
        found = look(descriptor)
        os.truncate(path, 25)
        return found

    monkeypatch.setattr(input_file.os, "fstat", looked)
    with pytest.raises(InputFileError, match="nobody is writing"):
        read_input(path)


def test_a_file_that_somebody_writes_all_the_time(tmp_path: Path) -> None:
    """Whatever is read is refused, or whole lines up to what was there at the start."""
    path, stop = tmp_path / "run.csv", threading.Event()
    path.write_bytes(b"well,target,cq\n")

    def write() -> None:
        with path.open("ab", buffering=0) as file:
            while not stop.is_set():
                file.write(b"A1,IGH,20.125\n")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(200):
            with contextlib.suppress(InputFileError):
                data = read_input(path)
                assert (len(data) - len(b"well,target,cq\n")) % len(b"A1,IGH,20.125\n") == 0
    finally:
        stop.set()
        writer.join()


# --- the same in a study: exports, layouts and sheets

PLACES = {
    "export": EXPORT,
    "layout": LAYOUT,
    "runs": "config/runs.tsv",
    "samples": "config/samples.tsv",
    "assays": "config/assays.tsv",
    "patients": "config/patients.tsv",
    "config": "config/config.yaml",
}


@pytest.mark.parametrize("kind", ["folder", "broken", "loop"])
@pytest.mark.parametrize("place", PLACES)
def test_what_is_no_file_in_a_study(
    place: str, kind: str, study: Path, strange: dict[str, Path]
) -> None:
    path = study / PLACES[place]
    path.unlink()
    strange[kind].rename(path)
    ended = mrdq("check", study)
    assert ended.code == 2
    assert any(path.name in problem for problem in ended.problems), ended.err


@pytest.mark.parametrize("what", ["a pipe", "/dev/zero"])
@pytest.mark.parametrize("place", PLACES)
def test_what_never_ends_in_a_study(place: str, what: str, study: Path) -> None:
    path = study / PLACES[place]
    path.unlink()
    if what == "a pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(what)
    assert path.name in refused("check", study)


@pytest.mark.parametrize("place", PLACES)
def test_a_link_within_the_study_is_as_good_as_the_file(place: str, study: Path) -> None:
    path = study / PLACES[place]
    path.rename(study / "elsewhere")
    path.symlink_to(os.path.relpath(study / "elsewhere", path.parent))
    ended = mrdq("check", study)
    assert ended.code == 0, ended.err
    assert "elsewhere" not in ended.err


@pytest.mark.parametrize("place", ["export", "layout"])
def test_a_link_out_of_the_study_is_taken_and_recorded(
    place: str, study: Path, tmp_path: Path
) -> None:
    path, outside = study / PLACES[place], tmp_path / "outside.bin"
    path.rename(outside)
    path.symlink_to(outside)
    ended = mrdq("run", study)
    assert ended.code == 0, ended.err
    runs = table(study / "results/runs.tsv")
    assert any("outside.bin" in cell for row in runs for cell in row.values()), runs[0]


def test_a_folder_that_is_a_link_out_of_the_study(study: Path, tmp_path: Path) -> None:
    (study / "data").rename(tmp_path / "elsewhere")
    (study / "data").symlink_to(tmp_path / "elsewhere")
    ended = mrdq("run", study)
    assert ended.code == 0, ended.err
    runs = table(study / "results/runs.tsv")
    assert all(any("elsewhere" in cell for cell in row.values()) for row in runs), runs
