"""What a check says of a figure."""

from __future__ import annotations

from dataclasses import dataclass

from mrdq.published.figures import Figure

FINDING, ODDITY, NOTE = "finding", "oddity", "note"


@dataclass(frozen=True, slots=True)
class Remark:
    """A finding (a figure that cannot be right as printed), an oddity (unlikely) or a note.

    ``expected`` says what it should be, empty where nobody can tell; ``why`` is a sentence.
    """

    level: str
    figure: Figure
    why: str
    expected: str = ""


def finding(figure: Figure, why: str, expected: str = "") -> Remark:
    return Remark(FINDING, figure, why, expected)


def oddity(figure: Figure, why: str) -> Remark:
    return Remark(ODDITY, figure, why)


def note(figure: Figure, why: str) -> Remark:
    return Remark(NOTE, figure, why)
