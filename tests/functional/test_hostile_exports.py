"""Exports cut off at any byte or with bytes changed: refused, or nothing that was not there.

The small exports of ``tests/exports`` are cut at every byte; the real ones, which are read where
they lie, at every two-hundredth of their length.  10,000 mutations with a fixed seed are shared
out over all files, most of them to small ones.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from exports.zips import members_of, zipped
from fuzz import corpus

from mrdq.instruments import Export

SMALL = corpus.small()
REAL = {path.relative_to(corpus.REAL).as_posix(): path for path in corpus.real()}
PARTS = 200
MUTATIONS = 10_000
LARGE = 100_000
"""Bytes.  Larger files get a tenth of the mutations of a small one."""


def whole(data: bytes) -> Export:
    export = corpus.read(data)
    assert export is not None, "the whole file is refused"
    corpus.check(export)
    return export


def by_table(export: Export) -> dict[tuple[object, ...], list[corpus.Row]]:
    """Target and channel -> rows: some exports have a table, or columns, for each of them."""
    found: dict[tuple[object, ...], list[corpus.Row]] = {}
    for row in corpus.rows(export):
        found.setdefault(row[1:3], []).append(row)
    return found


def accepted(data: bytes, cuts: Iterable[int]) -> list[int]:
    """The cuts at which a file is taken: the rows of each are the first rows of the whole file."""
    tables = by_table(whole(data))
    taken = []
    for cut in cuts:
        export = corpus.read(data[:cut])
        if export is not None:
            corpus.check(export)
            for key, part in by_table(export).items():
                assert part == tables.get(key, [])[: len(part)], f"cut at byte {cut} of {len(data)}"
            taken.append(cut)
    return taken


@pytest.mark.parametrize("name", SMALL)
def test_cut_at_every_byte(name: str) -> None:
    data = SMALL[name]
    taken = accepted(data, range(len(data)))
    print(f"{len(taken)} of {len(data)} cuts accepted")


@pytest.mark.skipif(not corpus.REAL.is_dir(), reason=corpus.ABSENT)
@pytest.mark.parametrize("name", REAL)
def test_real_export_cut_at_every_part(name: str) -> None:
    data = REAL[name].read_bytes()
    taken = accepted(data, (len(data) * part // PARTS for part in range(PARTS)))
    print(f"{len(taken)} of {PARTS} cuts accepted")


def shares(sizes: dict[str, int]) -> dict[str, int]:
    """How many of the mutations each file gets."""
    weights = {name: 10 if size < LARGE else 1 for name, size in sizes.items()}
    total = sum(weights.values())
    return {name: -(-MUTATIONS * weight // total) for name, weight in weights.items()}


SHARES = shares(
    {name: len(data) for name, data in SMALL.items()}
    | {name: path.stat().st_size for name, path in REAL.items()}
)


def contents(name: str) -> bytes:
    return SMALL[name] if name in SMALL else REAL[name].read_bytes()


@pytest.mark.parametrize("name", SHARES)
def test_bytes_changed(name: str) -> None:
    """No traceback, and every export that is taken is a sound one."""
    data, rng = contents(name), random.Random(name)
    packed = corpus.is_zip(data)
    taken = 0
    for number in range(SHARES[name]):
        # Half of the archives are packed again, or their check sums would stop nearly every change.
        spoil = corpus.with_member_changed if packed and number % 2 else corpus.with_bytes_changed
        export = corpus.read(spoil(data, rng))
        if export is not None:
            corpus.check(export)
            taken += 1
    print(f"{taken} of {SHARES[name]} mutations accepted")


# --- what is not read does not matter


def same_or_refused(data: bytes, changed: bytes) -> None:
    before, after = whole(data), corpus.read(changed)
    assert after is None or corpus.rows(after) == corpus.rows(before)


def other(character: str, rng: random.Random) -> str:
    """Another digit for a digit, another letter for a letter, all else as it is."""
    if character.isdigit():
        return rng.choice("0123456789")
    return rng.choice("abcXYZ") if character.isascii() and character.isalpha() else character


def in_unread_columns(text: str, export: Export, rng: random.Random) -> str:
    """The text with one cell changed that stands in a column which the notes call not read."""
    lines = text.split("\n")
    named = [
        n.partition("columns not read: ")[2].split(", ")
        for n in export.notes
        if "columns not read: " in n
    ]
    names = {name for group in named for name in group}
    row = rng.choice(export.row) - 1
    delimiter = max("\t;,", key=lines[row].count)
    above = (line.split(delimiter) for line in reversed(lines[:row]))
    header = next((cells for cells in above if names & {cell.strip(' "\r') for cell in cells}), [])
    cells = lines[row].split(delimiter)
    at = [i for i, cell in enumerate(header[: len(cells)]) if cell.strip(' "\r') in names]
    if at and len(cells) <= len(header) + 1:
        index = rng.choice(at)
        cells[index] = "".join(other(character, rng) for character in cells[index])
        lines[row] = delimiter.join(cells)
    return "\n".join(lines)


def in_unread_sections(text: str, export: Export, rng: random.Random) -> str:
    """The text with characters changed below a title which the notes call not read."""
    found = [
        re.search(r"section \[(.*)\] from row (\d+) on not read", note) for note in export.notes
    ]
    starts = [int(match[2]) - 1 for match in found if match]
    if not starts:
        return text
    lines = text.split("\n")
    start = rng.choice(starts)
    stop = next((i for i in range(start, len(lines)) if lines[i].startswith("[")), len(lines))
    for row in rng.sample(range(start, stop), min(3, stop - start)):
        lines[row] = "".join(other(character, rng) for character in lines[row])
    return "\n".join(lines)


TEXTS = [name for name in SHARES if not contents(name).startswith((b"PK", b"\xd0\xcf", b"<"))]
ARCHIVES = [name for name in SHARES if corpus.is_zip(contents(name))]


@pytest.mark.parametrize("name", TEXTS)
def test_changes_of_text_that_is_not_read(name: str) -> None:
    data, rng = contents(name), random.Random(name)
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError:
        pytest.skip("not in UTF-8")
    export = whole(data)
    for spoil in (in_unread_columns, in_unread_sections):
        for _ in range(20 if len(data) < LARGE else 5):
            same_or_refused(data, spoil(text, export, rng).encode())


def unread_members(data: bytes, export: Export) -> list[str]:
    """Members that the notes name, and the worksheets of the sheets that they name."""
    members, said = members_of(data), "\n".join(export.notes)
    sheets = re.findall(rb'<sheet [^>]*?name="([^"]*)"', members.get("xl/workbook.xml", b""))
    named = {
        f"xl/worksheets/sheet{number}.xml"
        for number, sheet in enumerate(sheets, 1)
        if f"sheet {sheet.decode()} not read" in said
    }
    return [
        m
        for m in members
        if members[m] and (m in named or f"{m} not read" in said or f" {m}" in said)
    ]


@pytest.mark.parametrize("name", ARCHIVES)
def test_changes_of_members_that_are_not_read(name: str) -> None:
    data, rng = contents(name), random.Random(name)
    unread = [
        m
        for m in unread_members(data, whole(data))
        if "analysis_result" not in m and "setup" not in m
    ]
    if not unread:
        pytest.skip("every member is read, or none is named")
    members = members_of(data)
    for _ in range(20 if len(data) < LARGE else 2):
        member = rng.choice(unread)
        spoilt = corpus.with_bytes_changed(members[member], rng)
        same_or_refused(data, zipped(members | {member: spoilt}))


def test_the_small_exports_are_of_every_family() -> None:
    """A reader without an export to spoil would go untested here."""
    from mrdq.instruments import FORMATS

    assert set(corpus.families()) == set(FORMATS)


def test_real_files_are_never_copied() -> None:
    """What a fuzzer found on a real file is shown again with invented data."""
    assert all(path.stat().st_size < 50_000 for path in Path(corpus.REGRESSIONS).glob("*/*"))
