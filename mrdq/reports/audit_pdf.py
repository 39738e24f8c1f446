"""The audit trail as a PDF for an inspector: who did what, amendments, blocks, signatures, software."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import FontFace

from mrdq import __version__
from mrdq.audit.chain import Head
from mrdq.audit.verify import Verdict
from mrdq.reports.audit_amendments import AMEND, Row
from mrdq.reports.audit_tables import OF_MRDQ

FONT = "DejaVu"
MOST_ROWS = 1000
"""Rows of a table that are printed; the csv has all.  A thousand pages are read by nobody."""
MOST_TOLD = 40
MOST_LETTERS = 500
"""Of what a record tells of amendments."""
GREY = FontFace(emphasis="BOLD", fill_color=(230, 230, 230))
EDGE = 12.0
"""Margin [mm]."""


@dataclass(frozen=True, slots=True)
class Cover:
    """What the first page says; ``verdict``: what came of checking the trail, one line each."""

    study: str
    head: Head
    period: str
    patient: str
    made: dt.datetime
    made_by: str
    notices: Sequence[str]
    verdict: Sequence[str]


@dataclass(frozen=True, slots=True)
class Section:
    """A table of the PDF: columns of the csv with their titles and widths [mm]."""

    title: str
    table: str
    columns: tuple[tuple[str, str, float], ...]
    nothing: str


SECTIONS = (
    Section("Who did what", "records", (
        ("started", "begun (UTC)", 29), ("who", "who", 32), ("action", "what", 20), ("state", "state", 20),
        ("about", "about", 88), ("block", "block", 14), ("software", "software", 26), ("record", "record", 44),
    ), "No record of this period."),
    Section("Amendments", "amendments", (
        ("row", "row", 11), ("what", "what", 13), ("of", "of", 58), ("call", "call", 30), ("who", "who", 29),
        ("when", "when", 24), ("why", "why", 52), ("in_force_from", "in force from (UTC)", 28), ("taken_back", "until (UTC)", 28),
    ), "Nothing was ever amended."),
    Section("Blocks", "blocks", (
        ("block", "block", 12), ("sealed", "sealed (UTC)", 28), ("who", "who", 36), ("n_records", "records", 14),
        ("n_changed", "files new or changed", 20), ("n_removed", "files gone", 14), ("n_files", "files under seal", 16),
        ("sha256", "SHA-256 of the block", 99), ("clock", "clock", 34),
    ), "No block."),
    Section("Signatures", "signatures", (
        ("block", "block", 14), ("signer", "who", 44), ("meaning", "meaning", 24), ("signed", "signed (UTC)", 30),
        ("state", "state", 66), ("key", "key", 58), ("notes", "notes", 37),
    ), "Nobody signed."),
)  # fmt: skip


def audit_pdf(cover: Cover, tables: Mapping[str, Sequence[Row]]) -> bytes:
    """The document, A4 across.  Every page carries block and head, and what the study has to say of itself.

    A letter that the font does not have is shown by its number, as ``U+4E2D``.  The same tables and
    the same time give the same bytes.
    """
    pdf = _Document(cover)
    _cover(pdf, cover, tables)
    for section in SECTIONS:
        _section(pdf, section, [_shown(section.table, row) for row in tables[section.table]])
    _software(pdf, tables["software"])
    return bytes(pdf.output())


def verdict_lines(verdict: Verdict, *, rows: bool = True) -> list[str]:
    """What came of checking the trail, for people; at most :data:`MOST_TOLD` differences of it.

    Without ``rows`` only what differs is named, and no cell of it: an export of one patient says
    nothing of the others.
    """
    checked = f"{verdict.files:,} files, {verdict.records:,} records and {verdict.blocks:,} blocks were checked."
    if not verdict.differences:
        return [f"{checked} Everything is as it was sealed.", *verdict.notes]
    count, told = len(verdict.differences), verdict.differences[:MOST_TOLD]
    if not rows:
        told = tuple(dict.fromkeys(text.partition(": ")[0] for text in told))
    more = [f"... and {count - len(told):,} more: mrdq audit verify tells them."] * (
        count > len(told)
    )
    return [f"{checked} {count:,} DIFFERENCES:", *told, *more, *verdict.notes]


class _Document(FPDF):
    def __init__(self, cover: Cover):
        super().__init__("landscape", "mm", "A4")
        self.cover = cover
        folder = _fonts()
        self.add_font(FONT, "", folder / "DejaVuSans.ttf")
        self.add_font(FONT, "B", folder / "DejaVuSans-Bold.ttf")
        self.known = set(self.fonts[FONT.lower()].cmap)  # type: ignore[union-attr]
        self.set_title(self.letters(f"Audit trail of {cover.study}"))
        self.set_creator(f"mrdq {__version__}")
        self.set_creation_date(cover.made)
        self.set_margins(EDGE, EDGE)
        self.set_auto_page_break(True, 16)
        self.add_page()

    def letters(self, text: str) -> str:
        """``text`` with the numbers of the letters that the font has not."""
        if all(ord(letter) in self.known for letter in text):
            return text
        return "".join(
            letter if ord(letter) in self.known or letter == "\n" else f"[U+{ord(letter):04X}]"
            for letter in text
        )

    def line(self, text: str, size: float = 9, style: str = "") -> None:  # type: ignore[override]
        self.set_font(FONT, style, size)
        self.multi_cell(
            0, size * 0.55, self.letters(text), new_x=XPos.LMARGIN, new_y=YPos.NEXT, align="L"
        )

    def header(self) -> None:
        self.set_font(FONT, "", 7)
        self.set_text_color(90)
        texts = [f"mrdq: audit trail of {self.cover.study}", *self.cover.notices]
        self.multi_cell(
            0, 3.8, self.letters(" · ".join(texts)), new_x=XPos.LMARGIN, new_y=YPos.NEXT, align="L"
        )
        self.set_text_color(0)
        self.ln(2)

    def footer(self) -> None:
        self.set_y(-11)
        self.set_font(FONT, "", 7)
        self.set_text_color(90)
        self.cell(0, 4, f"{self.cover.head}   ·   page {self.page_no()} of {{nb}}")
        self.set_text_color(0)


def _fonts() -> Path:
    """The folder of DejaVu, which comes with matplotlib."""
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf"


def _cover(pdf: _Document, cover: Cover, tables: Mapping[str, Sequence[Row]]) -> None:
    pdf.line("Audit trail", 20, "B")
    pdf.line(cover.study, 13)
    pdf.ln(3)
    for notice in cover.notices:
        pdf.line(notice, 10, "B")
    pdf.ln(2)
    blocks = tables["blocks"]
    facts = {
        "Under seal": f"{cover.head}, sealed {_minute(blocks[-1]['sealed'])} UTC" if blocks else str(cover.head),
        "Period": cover.period, "Patient": cover.patient or "all",
        "Holds": "; ".join(_counts(tables)),
        "Made": f"{_minute(cover.made.astimezone(dt.UTC).isoformat())} UTC by {cover.made_by}, mrdq {__version__}",
    }  # fmt: skip
    for name, text in facts.items():
        pdf.line(f"{name}: {text}", 10)
    pdf.ln(3)
    pdf.line("Checked when this was made", 12, "B")
    for text in cover.verdict:
        pdf.line(text, 9)
    pdf.ln(3)
    pdf.line(f"To check again: mrdq audit verify STUDY --head {cover.head.hash}", 9)
    pdf.line("The head speaks of every record and every file under seal. It shows changes only if it is also kept where "
             "nobody who can write in the study can change it. Accounts, training, clocks and review are the "
             "laboratory's. The tables beside this file (csv) hold every column and every row.", 9)  # fmt: skip


def _counts(tables: Mapping[str, Sequence[Row]]) -> list[str]:
    """How much of what there is; what is not in force, or does not hold, is counted apart."""
    states = [row["state"] for row in tables["signatures"]]
    void, bad = (sum(state.startswith(word) for state in states) for word in ("VOID", "BAD"))
    amendments = tables["amendments"]
    back = sum(row["taken_back"] != "" for row in amendments)
    signed = f"signatures {len(states)}"
    return [
        *(f"{name} {len(tables[name]):,}" for name in ("records", "blocks")),
        f"amendments {len(amendments):,}" + f" ({back:,} of them taken back)" * (back > 0),
        signed + f" ({len(states) - void - bad} hold, {void} void, {bad} BAD)" * bool(states),
    ]


def _section(pdf: _Document, section: Section, rows: Sequence[Row]) -> None:
    _begin(pdf, section.title)
    pdf.ln(1)
    if not rows:
        pdf.line(section.nothing)
        return
    if len(rows) > MOST_ROWS:
        pdf.line(
            f"The last {MOST_ROWS:,} of {len(rows):,} rows; all are in {section.table}.csv.", 9, "B"
        )
    _table(pdf, section.columns, rows[-MOST_ROWS:])


def _begin(pdf: _Document, title: str) -> None:
    """A section, on a new page unless this one is half empty."""
    if pdf.get_y() > pdf.h / 2:
        pdf.add_page()
    pdf.ln(6)
    pdf.line(title, 13, "B")


def _table(pdf: _Document, columns: Sequence[tuple[str, str, float]], rows: Iterable[Row]) -> None:
    pdf.set_font(FONT, "", 6.5)
    names = [name for name, _, _ in columns]
    with pdf.table(
        col_widths=[width for *_, width in columns], headings_style=GREY, line_height=3.4, text_align="LEFT",
        v_align="TOP", padding=0.6, borders_layout="HORIZONTAL_LINES",
    ) as table:  # fmt: skip
        table.row([title for _, title, _ in columns])
        for row in rows:
            table.row([pdf.letters(row[name]) for name in names])


def _shown(table: str, row: Row) -> Row:
    """A row with its columns for people."""
    if table == "amendments":
        return _amendment(row)
    shown = row | {
        name: _minute(row[name]) for name in ("started", "sealed", "signed") if name in row
    }
    if table in ("records", "blocks"):
        shown["who"] = f"{row['operator']} ({row['user']} on {row['host']})".strip() if row["operator"] else (
            f"{row['user']} on {row['host']}")  # fmt: skip
    if table == "records":
        shown["about"] = _about(row)
    return shown


def _amendment(row: Row) -> Row:
    """An amendment with what it is of, and since and until when it is in force, for people."""
    places = (("run_id", "run"), ("target", "target"), ("well", "well"), ("sample_id", "sample"))
    since, until = row["in_force_from"], row["taken_back"]
    return row | {
        "of": " ".join(f"{word} {row[name]}" for name, word in places if row[name]),
        "in_force_from": _since(since) or "in the sheet, not run yet",
        "taken_back": _since(until) or ("" if row["row"] or not since else "gone from the sheet, not run since"),
    }  # fmt: skip


def _since(when: str) -> str:
    """``block 2, 2024-03-01 10:12:44``."""
    block, _, time = when.partition(", ")
    return f"{block}, {_minute(time)}" if time else block


def _about(row: Row) -> str:
    """What a record is about, in a few lines."""
    runs = row["runs"].split(";") if row["runs"] else []
    parts = [
        row["message"],
        f"runs {', '.join(runs)}" if 0 < len(runs) <= 6 else f"{len(runs)} runs" * bool(runs),
        _told(row["parameters"]) if row["action"] == AMEND else _asked(row["parameters"]),
        f"{row['n_inputs']} files read, {row['n_outputs']} made",
        f"rule {row['rule']} {row['job']} {row['cluster']}".rstrip() * bool(row["rule"]),
        row["definitions"].replace(";", ", "),
    ]
    return "; ".join(filter(None, parts))


def _told(amended: str) -> str:
    """A record tells of the whole sheet, which may be long; the amendments have a table of their own."""
    if len(amended) <= MOST_LETTERS:
        return amended
    return f"{amended[:MOST_LETTERS]}… (records.csv has all)"


def _asked(parameters: str) -> str:
    """What a job was asked for beyond what it does of itself."""
    asked: dict[str, object] = json.loads(parameters or "{}")
    return ", ".join(
        f"{key} {_words(value)}" for key, value in asked.items() if value and key != "results"
    )


def _words(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _minute(time: str) -> str:
    return f"{time[:10]} {time[11:19]}"


def _software(pdf: _Document, rows: Sequence[Row]) -> None:
    """Every environment that jobs ran in: mrdq, Python, platform, and how many packages."""
    _begin(pdf, "Software")
    pdf.line(
        "What each job ran with; the records name it by these twelve digits. software.csv has every package.",
        9,
    )
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        found.setdefault(row["software"], {})[row["package"]] = row["version"]
    for name, versions in found.items():
        own = {key: versions[key] for key in OF_MRDQ if key in versions}
        n_packages = len(versions) - len(own)
        named = [f"{key} {text}" if key == "git commit" else text for key, text in own.items()]
        pdf.ln(2)
        pdf.line(name, 10, "B")
        pdf.line("; ".join([*named, f"{n_packages} packages"]), 8)
