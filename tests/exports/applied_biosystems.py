"""QuantStudio text, StepOne text with decimal comma, and a QuantStudio workbook."""

from __future__ import annotations

from exports.plate import PLATE
from mrdq.simulate.exports import quantstudio_text, quantstudio_workbook, stepone_text

SMALL: dict[str, bytes] = {
    "QuantStudio text": quantstudio_text(PLATE),
    "StepOne text, decimal comma": stepone_text(PLATE),
    "QuantStudio workbook": quantstudio_workbook(PLATE),
}
