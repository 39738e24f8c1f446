"""A simulated plate as the text files of several instruments.

Each writer returns the whole file.  The layouts follow files that instrument software writes;
the experiment's name and its comment say in each that the data are simulated.  Numbers are
rounded as the software does, which also makes the bytes the same on every machine.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from mrdq.simulate.plate import Block, Plate
from mrdq.simulate.workbook import Cell, workbook_bytes
from mrdq.vocabulary import NTC, STANDARD

LABEL = "SIMULATED by mrdq, no patient data"
TASKS = {STANDARD: "STANDARD", NTC: "NTC"}
COMMON = ("Sample Name", "Target Name", "Task", "Reporter", "Quencher")
RESULTS = (
    *("Well", "Well Position", "Omit", *COMMON, "CT", "Ct Mean", "Ct SD", "Quantity"),
    *("Automatic Ct Threshold", "Ct Threshold", "Automatic Baseline", "Comments"),
)
QUANTSTUDIO = (
    *("Well", "Well Position", "Omit", *COMMON, "CT", "Ct Mean", "Ct SD", "Quantity"),
    *("Quantity Mean", "Quantity SD", "Automatic Ct Threshold", "Ct Threshold"),
    *("Automatic Baseline", "Baseline Start", "Baseline End", "Comments", "Y-Intercept"),
    *("R(superscript 2)", "Slope", "Efficiency", "Amp Score", "Cq Conf", "HIGHSD", "NOAMP"),
)
SAMPLE_SETUP = (
    *("Well", "Well Position", "Sample Name", "Sample Color", "Biogroup Name", "Biogroup Color"),
    *("Target Name", "Target Color", "Task", "Reporter", "Quencher", "Quantity", "Comments"),
)
COLOUR = "RGB(64,128,128)"
DYES = ("CY5", "FAM", "JOE", "NED", "ROX", "SYBR", "TAMRA", "VIC")
STEPONE = (
    *("Well", *COMMON, "Cт", "Cт Mean", "Cт SD", "Quantity"),
    *("Automatic Ct Threshold", "Ct Threshold", "Automatic Baseline", "Comments"),
)
CFX = (
    *("", "Well", "Fluor", "Target", "Content", "Sample", "Biological Set Name", "Cq"),
    *("Cq Mean", "Cq Std. Dev", "Starting Quantity (SQ)", "Log Starting Quantity"),
    *("SQ Mean", "SQ Std. Dev", "Set Point", "Well Note"),
)
TABLE = ("well", "target", "cq", "sample", "task", "quantity", "comment")


def _number(value: float, form: str, absent: str = "") -> str:
    return absent if np.isnan(value) else format(value, form)


def _quantity(value: float) -> str:
    return _number(value, ".3E" if value < 1e-3 else ",.3f")


def _statistics(plate: Plate, *, omits: bool) -> dict[int, tuple[float, float]]:
    """Mean and SD of each block; software that can omit wells leaves them out of both."""
    return {id(block): block.mean_and_sd(with_omitted=not omits) for block in plate.blocks}


def _header(plate: Plate, instrument: str, block_type: str) -> list[tuple[str, str]]:
    return [
        ("Block Type", block_type),
        ("Chemistry", "TAQMAN"),
        ("Experiment Comment", LABEL),
        ("Experiment File Name", f"{plate.run_id}.eds"),
        ("Experiment Name", f"{plate.run_id} SIMULATED"),
        ("Experiment Run End Time", f"{plate.performed_on} 11:30:00 AM UTC"),
        ("Experiment Type", "Standard Curve"),
        ("Instrument Type", instrument),
        ("Passive Reference", "ROX"),
        ("Quantification Cycle Method", "Ct"),
    ]


def _common(block: Block) -> tuple[str, ...]:
    task = TASKS.get(block.role, "UNKNOWN")
    return block.sample, block.target, task, block.reporter, "NFQ-MGB"


def _text(
    header: list[tuple[str, str]],
    table: Iterator[Sequence[str]],
    setup: Iterable[Sequence[str]] = (),
) -> bytes:
    lines = [f"* {key} = {value}" for key, value in header]
    described = ["\t".join(row) for row in setup]
    lines += ["", "[Sample Setup]", *described] if described else []
    lines += ["", "[Results]", *("\t".join(row) for row in table)]
    lines += ["", "Analysis Type = Singleplex", "Endogenous Control = ", ""]
    return "\n".join(lines).encode()


def quantstudio_text(plate: Plate) -> bytes:
    """Return a QuantStudio text export: a header of ``* key = value``, then ``[Results]``."""

    def table() -> Iterator[Sequence[str]]:
        yield QUANTSTUDIO
        statistics, curves = _statistics(plate, omits=True), _printed_curves(plate)
        for number, well, index, block, cq in plate.wells():
            mean, sd = statistics[id(block)]
            numbers = _number(cq, ".3f", "Undetermined"), _number(mean, ".3f"), _number(sd, ".3f")
            omit = "true" if index in block.omitted else "false"
            quantity = _quantity(block.entered)
            settings = "false", "0.200", "true", "3", _number(cq - 4, ".0f", "39"), LABEL
            flags = "Y" if sd > 0.5 else "N", "Y" if np.isnan(cq) else "N"
            quality = ("0.000", "0.000") if np.isnan(cq) else ("1.284", "0.978")
            rest = quantity, quantity, "", *settings, *curves[block.target], *quality, *flags
            yield str(number), well, omit, *_common(block), *numbers, *rest

    def setup() -> Iterator[Sequence[str]]:
        yield SAMPLE_SETUP
        for number, well, _, block, _ in plate.wells():
            sample, target, *rest = _common(block)
            named = sample, COLOUR, "", "", target, COLOUR
            yield str(number), well, *named, *rest, _quantity(block.entered), LABEL

    instrument = "QuantStudio(TM) 5 System"
    header = _header(plate, instrument, "96-Well 0.2-mL Block")
    dyes = ((f"Calibration Pure Dye {dye} is expired", "No") for dye in DYES)
    days = ((f"Calibration Pure Dye {dye} performed on", "01-05-2015") for dye in DYES)
    return _text([*header[:1], *dyes, *days, *header[1:]], table(), setup())


def _printed_curves(plate: Plate) -> dict[str, tuple[str, str, str, str]]:
    """Per target what the instrument prints of its curve: intercept, R², slope, efficiency [%].

    Least squares over every standard well with a signal that is not omitted, as vendors do.
    """
    points: dict[str, list[tuple[float, float]]] = {block.target: [] for block in plate.blocks}
    for _, _, index, block, cq in plate.wells():
        if block.role == STANDARD and index not in block.omitted and not np.isnan(cq):
            points[block.target].append((float(np.log10(block.entered)), round(cq, 3)))
    return {target: _printed(found) for target, found in points.items()}


def _printed(points: list[tuple[float, float]]) -> tuple[str, str, str, str]:
    x, y = np.array(points or [(0.0, 0.0)]).T
    dx, dy = x - x.mean(), y - y.mean()
    if not dx.any():
        return "", "", "", ""
    slope = float(dx @ dy / (dx @ dx))
    r_squared = float((dx @ dy) ** 2 / ((dx @ dx) * (dy @ dy)))
    efficiency = 100 * (10 ** (-1 / slope) - 1)
    intercept = float(y.mean() - slope * x.mean())
    return f"{intercept:.3f}", f"{r_squared:.3f}", f"{slope:.3f}", f"{efficiency:.3f}"


def stepone_text(plate: Plate) -> bytes:
    """Return a StepOne text export of a computer whose language has the decimal comma."""

    def comma(value: float, absent: str = "") -> str:
        return _number(value, ".4f", absent).replace(".", ",")

    def table() -> Iterator[Sequence[str]]:
        yield STEPONE
        statistics = _statistics(plate, omits=False)
        for _, well, _, block, cq in plate.wells():
            mean, sd = statistics[id(block)]
            quantity = _number(block.entered, ".6f").replace(".", ",")
            numbers = comma(cq, "Undetermined"), comma(mean), comma(sd), quantity
            yield well, *_common(block), *numbers, "false", "0,2000", "true", LABEL

    return _text(_header(plate, "steponeplus", "96well"), table())


def cfx_csv(plate: Plate) -> bytes:
    """Return a Bio-Rad CFX ``Quantification Cq Results`` table; N/A stands for no Cq."""
    words = {block.role: 0 for block in plate.blocks}
    content: dict[int, str] = {}
    for block in plate.blocks:
        word = {STANDARD: "Std", NTC: "NTC"}.get(block.role, "Unkn")
        words[word] = words.get(word, 0) + 1
        content[id(block)] = word if word == "NTC" else f"{word}-{words[word]}"

    def table() -> Iterator[Sequence[str]]:
        yield CFX
        statistics = _statistics(plate, omits=False)
        for _, well, _, block, cq in plate.wells():
            mean, sd = statistics[id(block)]
            cqs = _number(cq, ".2f", "N/A"), _number(mean, ".2f", "0.00"), _number(sd, ".3f", "0")
            amount = _number(block.entered, ".3E", "N/A")
            log = _number(np.log10(block.entered), ".3f", "N/A")
            position = f"{well[0]}{int(well[1:]):02d}"
            what = "", position, block.reporter, block.target, content[id(block)], block.sample, ""
            yield *what, *cqs, amount, log, amount, "N/A", "60", LABEL

    return _csv(table())


def table_csv(plate: Plate) -> bytes:
    """Return a plain table, one row per well, for an instrument without a reader of its own."""

    def table() -> Iterator[Sequence[str]]:
        yield TABLE
        for _, well, _, block, cq in plate.wells():
            task = TASKS.get(block.role, "UNKNOWN")
            numbers = _number(cq, ".3f", "Undetermined"), _number(block.entered, "g")
            yield well, block.target, numbers[0], block.sample, task, numbers[1], LABEL

    return _csv(table())


def _csv(table: Iterator[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(table)
    return text.getvalue().encode()


def quantstudio_workbook(plate: Plate) -> bytes:
    """Return a QuantStudio workbook: the sheets ``Sample Setup`` and ``Results``."""
    header: list[list[Cell]] = [
        [key, value]
        for key, value in _header(plate, "QuantStudio™ 3 System", "96-Well 0.1-mL Block")
    ]
    setup: list[list[Cell]] = [["Well", "Well Position", *COMMON, "Quantity", "Comments"]]
    results: list[list[Cell]] = [list(RESULTS)]
    statistics = _statistics(plate, omits=True)
    for number, well, index, block, cq in plate.wells():
        quantity = None if np.isnan(block.entered) else block.entered
        setup.append([number, well, *_common(block), quantity, LABEL])
        mean, sd = (None if np.isnan(x) else round(x, 4) for x in statistics[id(block)])
        value = "Undetermined" if np.isnan(cq) else round(cq, 4)
        row = [number, well, index in block.omitted, *_common(block), value, mean, sd, quantity]
        results.append([*row, False, 0.2, True, LABEL])
    blank: list[list[Cell]] = [[None]]
    sheets = {"Sample Setup": header + blank + setup, "Results": header + blank + results}
    return workbook_bytes(sheets, title=f"{plate.run_id} SIMULATED")


FORMATS: dict[str, tuple[str, Callable[[Plate], bytes]]] = {
    "ab-text": (".txt", quantstudio_text),
    "ab-xlsx": (".xlsx", quantstudio_workbook),
    "stepone-text": (".txt", stepone_text),
    "cfx-csv": (".csv", cfx_csv),
    "table-csv": (".csv", table_csv),
}
"""Format of this simulator -> the file's ending, the writer."""
