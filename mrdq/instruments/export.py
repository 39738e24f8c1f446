"""What one instrument export holds, as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mrdq.errors import Problem

_ROWS = (
    *("well", "target", "sample", "task", "channel", "quantity"),
    *("cq", "cq_state", "flags", "row"),
)
Curve = tuple[float | None, float | None, float | None]


@dataclass(frozen=True, slots=True)
class Export:
    """What one export holds: one list per column, one entry per row of its results table.

    Parameters
    ----------
    format: id of the reader that read it, as in the column ``format`` of the runs sheet.
    reason: why that reader matched, in words.
    instrument, software, run_date: as printed in the export, ``""`` if not.
    well: normalised ``A1`` (``A01`` and ``a1`` become ``A1``; OpenArray ``A1a1`` is kept).
    target, sample, task, channel: as written, stripped; ``""`` if the export names none.
        ``channel`` is the reporter dye or fluor.
    quantity: no unit, as the export states it; nan if absent.  Instrument readers keep it for
        standards only: for other wells it is what the instrument computed.
    cq: cycles; nan unless determined.
    cq_state: ``determined``, ``undetermined`` or ``omitted``.
    flags: the instrument's flags of the well that are raised, joined by ``;``.
    row: 1-based row of the file or worksheet.
    printed_curves: target -> slope [cycles per decade], intercept [cycles], R² as printed.
    notes: what was not read and why, so that every row, column and sheet is accounted for.
    warnings: what was read and may not be what the laboratory means.
    quantity_unit: unit of each quantity where the export states one (``dil``, ``ng``, ``cop``);
        empty if it states none.
    """

    format: str
    reason: str
    instrument: str
    software: str
    run_date: str
    well: list[str]
    target: list[str]
    sample: list[str]
    task: list[str]
    channel: list[str]
    quantity: list[float]
    cq: list[float]
    cq_state: list[str]
    flags: list[str]
    row: list[int]
    printed_curves: dict[str, Curve]
    notes: list[str]
    warnings: list[Problem] = field(default_factory=list)
    quantity_unit: list[str] = field(default_factory=list)

    def unit(self, index: int) -> str:
        """The unit that the export states for the quantity of a row; ``""`` if none."""
        return self.quantity_unit[index] if self.quantity_unit else ""


def joined(parts: Sequence[Export]) -> Export:
    """The tables of one file, one per dye or channel, under each other.

    Words that say the same for all parts are taken from the first one; notes that several
    parts make stand there once.
    """
    first = parts[0]
    columns: dict[str, Any] = {
        name: [value for part in parts for value in getattr(part, name)] for name in _ROWS
    }
    curves = {target: curve for part in parts for target, curve in part.printed_curves.items()}
    notes = list(dict.fromkeys(note for part in parts for note in part.notes))
    warnings = list(dict.fromkeys(warning for part in parts for warning in part.warnings))
    return replace(first, **columns, printed_curves=curves, notes=notes, warnings=warnings)
