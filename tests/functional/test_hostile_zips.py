"""Archives and XML made to harm: .xlsx, .eds and .rdml, each refused or unharmed, and small in memory."""

from __future__ import annotations

import re
import zlib
from functools import cache
from pathlib import Path

import pytest
from exports import applied_biosystems, eds, rdml
from exports.zips import ENCRYPTED, Member, archive, members_of, zipped
from own_process import inspected, refused, run

MAIN = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def with_shared_strings(members: dict[str, bytes]) -> dict[str, bytes]:
    """The workbook with the name of a sample in the table of strings, where most programs put them."""
    sheet, shared = members["xl/worksheets/sheet2.xml"], b'<c r="D%d" t="s"><v>0</v></c>'
    changed, count = re.subn(
        rb'<c r="D(\d+)" t="inlineStr"><is><t>patient</t></is></c>',
        lambda m: shared % int(m[1]),
        sheet,
    )
    assert count, "the workbook has no cell to change"
    table = b'<sst xmlns="%b"><si><t>patient</t></si></sst>' % MAIN
    return members | {"xl/worksheets/sheet2.xml": changed, "xl/sharedStrings.xml": table}


ARCHIVES = {
    "xlsx": with_shared_strings(members_of(applied_biosystems.SMALL["QuantStudio workbook"])),
    "eds": members_of(eds.SMALL["text and XML"]),
    "eds_json": members_of(eds.SMALL["JSON"]),
    "rdml": members_of(rdml.SMALL["zipped"]),
}
# The member that holds the Cq.
RESULTS = {
    "xlsx": "xl/worksheets/sheet2.xml",
    "eds": "apldbio/sds/analysis_result.txt",
    "eds_json": "primary/analysis_result.json",
    "rdml": "rdml_data.xml",
}
# Members that a parser may look into on its way to the Cq.
OTHERS = [
    *(("xlsx", f"xl/{name}") for name in ("workbook.xml", "_rels/workbook.xml.rels", "styles.xml", "sharedStrings.xml")),
    *(("xlsx", name) for name in ("[Content_Types].xml", "_rels/.rels", "xl/worksheets/sheet1.xml", "xl/vbaProject.bin")),
    *(("xlsx", name) for name in ("docProps/core.xml", "docProps/app.xml", "xl/worksheets/_rels/sheet2.xml.rels")),
    *(("eds", f"apldbio/sds/{name}") for name in ("plate_setup.xml", "tcprotocol.xml", "experiment.xml", "Manifest.mf")),
    *(("eds_json", name) for name in ("setup/plate_setup.json", "summary.json", "Manifest.mf", "run/quant/a.quant")),
    ("rdml", "other.xml"),
]  # fmt: skip
MEGABYTE, TIMES = 1_000_000, 2000


@cache
def stream(filler: bytes) -> tuple[bytes, int]:
    """Gigabytes of a filler, deflated, and their check sum.

    The stream of one megabyte, flushed so that nothing refers back beyond it, is repeated.
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    once = packer.compress(filler * MEGABYTE) + packer.flush(zlib.Z_FULL_FLUSH)
    crc = 0
    for _ in range(TIMES):
        crc = zlib.crc32(filler * MEGABYTE, crc)
    return once * TIMES + packer.flush(), crc


SAYS = ("honest", "small", "small, and its check sum")


def bomb(name: str, says: str = "honest", filler: bytes = b"\0") -> Member:
    """A member of gigabytes that all compress to nothing, by what its headers say of it."""
    packed, crc = stream(filler)
    size = TIMES * MEGABYTE if says == "honest" else 1000
    return Member(name, packed, size, zlib.crc32(filler * 1000) if "sum" in says else crc)


def with_member(kind: str, member: Member) -> bytes:
    """An archive with a member in the place of its own of that name, or added."""
    own = [Member.of(name, content) for name, content in ARCHIVES[kind].items()]
    if member.name not in ARCHIVES[kind]:
        return archive([*own, member])
    return archive([member if one.name == member.name else one for one in own])


def written(tmp_path: Path, data: bytes, name: str = "run.bin") -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("kind", ARCHIVES)
def test_the_archives_themselves_are_read(kind: str, tmp_path: Path) -> None:
    assert inspected(written(tmp_path, zipped(ARCHIVES[kind]))).code == 0


@pytest.mark.parametrize("says", SAYS)
@pytest.mark.parametrize("kind", RESULTS)
def test_gigabytes_in_the_place_of_the_results(kind: str, says: str, tmp_path: Path) -> None:
    refused("inspect", written(tmp_path, with_member(kind, bomb(RESULTS[kind], says))))


@pytest.mark.parametrize("says", SAYS)
@pytest.mark.parametrize(("kind", "name"), OTHERS)
def test_gigabytes_in_another_member(kind: str, name: str, says: str, tmp_path: Path) -> None:
    """Read as if they were not there, or refused."""
    run("inspect", written(tmp_path, with_member(kind, bomb(name, says))))


@pytest.mark.parametrize("says", SAYS)
def test_gigabytes_of_text_behind_the_table_of_strings(says: str, tmp_path: Path) -> None:
    """Letters are no damage to a parser of XML, other than zeros."""
    for name in ("xl/styles.xml", "xl/workbook.xml", "xl/sharedStrings.xml"):
        run("inspect", written(tmp_path, with_member("xlsx", bomb(name, says, b"\n"))))


@pytest.mark.parametrize("says", SAYS)
@pytest.mark.parametrize("name", ["content.xml", "xl/workbook.bin", "xl/worksheets/sheet1.bin"])
def test_gigabytes_in_other_kinds_of_workbooks(name: str, says: str, tmp_path: Path) -> None:
    """What makes a zip an OpenDocument or a binary workbook for the parser, beside ``xl/``."""
    odf = Member.of("mimetype", b"application/vnd.oasis.opendocument.spreadsheet")
    part = Member.of("xl/x", b"x")
    run("inspect", written(tmp_path, archive([odf, part, bomb(name, says)])))


@pytest.mark.parametrize("kind", RESULTS)
def test_an_archive_in_the_place_of_the_results(kind: str, tmp_path: Path) -> None:
    inner = zipped(ARCHIVES[kind])
    refused("inspect", written(tmp_path, zipped(ARCHIVES[kind] | {RESULTS[kind]: inner})))


@pytest.mark.parametrize("kind", ARCHIVES)
def test_an_archive_that_holds_the_file(kind: str, tmp_path: Path) -> None:
    data = zipped(ARCHIVES[kind])
    for name in ("run.xlsx", "folder/run.bin"):
        data = zipped({name: data})
        refused("inspect", written(tmp_path, data))


# Name of the member added, as stored; flags of its header.
STRANGE = [
    ("../evil.xml", 0), ("a/../../evil.xml", 0), ("..\\evil.xml", 0), ("/etc/evil.xml", 0), ("\\evil.xml", 0),
    ("C:/evil.xml", 0), ("C:\\evil.xml", 0), ("secret.xml", ENCRYPTED),
]  # fmt: skip


@pytest.mark.parametrize(("name", "flags"), STRANGE)
@pytest.mark.parametrize("kind", ARCHIVES)
def test_members_that_no_instrument_writes(
    kind: str, name: str, flags: int, tmp_path: Path
) -> None:
    refused("inspect", written(tmp_path, with_member(kind, Member.of(name, b"x", flags=flags))))
    assert [path.name for path in tmp_path.iterdir()] == ["run.bin"]


@pytest.mark.parametrize("kind", ARCHIVES)
def test_results_that_are_encrypted(kind: str, tmp_path: Path) -> None:
    member = Member.of(RESULTS[kind], ARCHIVES[kind][RESULTS[kind]], flags=ENCRYPTED)
    refused("inspect", written(tmp_path, with_member(kind, member)))


@pytest.mark.parametrize("kind", ARCHIVES)
def test_two_members_of_one_name(kind: str, tmp_path: Path) -> None:
    own = [Member.of(name, content) for name, content in ARCHIVES[kind].items()]
    again = Member.of(RESULTS[kind], ARCHIVES[kind][RESULTS[kind]].replace(b"20.12", b"29.12"))
    refused("inspect", written(tmp_path, archive([*own, again])))


@pytest.mark.parametrize("kind", ARCHIVES)
def test_two_members_whose_names_differ_in_case(kind: str, tmp_path: Path) -> None:
    """A parser that does not tell them apart might take the other one."""
    own = [Member.of(name, content) for name, content in ARCHIVES[kind].items()]
    changed = ARCHIVES[kind][RESULTS[kind]].replace(b"20.12", b"29.12")
    for name in (RESULTS[kind].upper(), RESULTS[kind].replace("/", "\\")):
        if name != RESULTS[kind]:
            for members in ([*own, Member.of(name, changed)], [Member.of(name, changed), *own]):
                ended = inspected(written(tmp_path, archive(members)))
                assert ended.code == 2 or "29.12" not in ended.out


def test_more_members_than_any_run_has(tmp_path: Path) -> None:
    many = {f"apldbio/sds/{number}": b"" for number in range(10_001)}
    refused("inspect", written(tmp_path, zipped(ARCHIVES["eds"] | many)))


# --- XML

LAUGHS = (
    b'<!DOCTYPE r [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%b">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(10))
    + b"]>"
)
DECLARED = {
    "a billion laughs": (LAUGHS, b"&k;"),
    "one long entity": (b'<!DOCTYPE r [<!ENTITY a "' + b"a" * 100_000 + b'">]>', b"&a;" * 10_000),
    "an external file": (b'<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]>', b"&a;"),
    "an external definition": (b'<!DOCTYPE r SYSTEM "file:///etc/passwd">', b""),
    "a parameter entity": (b'<!DOCTYPE r [<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;]>', b""),
}  # fmt: skip
# Kind, member and a text of it before which an entity can stand.
DOCUMENTS = [
    ("rdml", "rdml_data.xml", b"patient</"),
    ("rdml", "rdml_data.xml", b"20.125</cq>"),
    ("eds", "apldbio/sds/plate_setup.xml", b"patient</Name>"),
    ("eds", "apldbio/sds/tcprotocol.xml", b"CYCLING</"),
    ("eds", "apldbio/sds/experiment.xml", b"COMPLETE</"),
    ("xlsx", "xl/workbook.xml", b"</workbook>"),
    ("xlsx", "xl/_rels/workbook.xml.rels", b"</Relationships>"),
    ("xlsx", "xl/worksheets/sheet2.xml", b"</sheetData>"),
    ("xlsx", "xl/sharedStrings.xml", b"</sst>"),
    ("xlsx", "xl/styles.xml", b"</styleSheet>"),
]


def with_entity(document: bytes, before: bytes, declared: bytes, used: bytes) -> bytes:
    """The document with the declaration in front of its root and the entity before that text."""
    head, sep, tail = document.rpartition(b"?>")
    return (head + sep + declared + tail).replace(before, used + before, 1)


@pytest.mark.parametrize("what", DECLARED)
@pytest.mark.parametrize(("kind", "member", "before"), DOCUMENTS)
def test_entities(kind: str, member: str, before: bytes, what: str, tmp_path: Path) -> None:
    spoilt = with_entity(ARCHIVES[kind][member], before, *DECLARED[what])
    data = zipped(ARCHIVES[kind] | {member: spoilt})
    ended = inspected(written(tmp_path, data))
    assert "root:" not in ended.out + ended.err
    assert "haha" not in ended.out + ended.err
    # The members that mrdq itself parses are refused; what only the workbook's parser sees does no harm.
    assert ended.code == 2 or member in (
        "xl/sharedStrings.xml",
        "xl/styles.xml",
        "xl/worksheets/sheet2.xml",
    )


@pytest.mark.parametrize("what", DECLARED)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_in_bare_rdml(what: str, encoding: str, tmp_path: Path) -> None:
    document = rdml.document().encode()
    spoilt = with_entity(document, b"20.125</cq>", *DECLARED[what])
    text = spoilt.decode().replace("UTF-8", encoding)
    refused("inspect", written(tmp_path, text.encode(encoding)))


LEVELS = 100_000


@pytest.mark.parametrize(("kind", "member", "before"), DOCUMENTS)
def test_deeply_nested_elements(kind: str, member: str, before: bytes, tmp_path: Path) -> None:
    deep = b"<x>" * LEVELS + b"</x>" * LEVELS
    spoilt = ARCHIVES[kind][member].replace(before, deep + before, 1)
    run("inspect", written(tmp_path, zipped(ARCHIVES[kind] | {member: spoilt})))


def test_deeply_nested_elements_in_bare_rdml(tmp_path: Path) -> None:
    deep = b"<x>" * LEVELS + b"</x>" * LEVELS
    for before in (b"20.125</cq>", b"<experiment"):
        run(
            "inspect", written(tmp_path, rdml.document().encode().replace(before, deep + before, 1))
        )
    refused("inspect", written(tmp_path, b"<rdml>" + b"<x>" * LEVELS))


def test_deeply_nested_json(tmp_path: Path) -> None:
    for opened, closed in ((b"[", b"]"), (b'{"a":', b"}")):
        deep = opened * LEVELS + b"1" + closed * LEVELS
        for member in ("primary/analysis_result.json", "setup/plate_setup.json", "summary.json"):
            run("inspect", written(tmp_path, zipped(ARCHIVES["eds_json"] | {member: deep})))
