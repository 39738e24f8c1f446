"""A protocol: the timepoints of a trial, what counts as MRD-positive there, and what follows."""

from __future__ import annotations

from dataclasses import dataclass, field

from mrdq import vocabulary as words
from mrdq.guideline import TOLERANCE

DEFAULT_POSITIVE = (
    words.POSITIVE_QUANTIFIABLE,
    words.POSITIVE_NOT_QUANTIFIABLE,
    words.LOW_POSITIVE_BELOW_RANGE,
)


@dataclass(frozen=True, slots=True)
class Timepoint:
    """One timepoint; ``positive_from_level`` is a fraction (a lower level counts as negative)."""

    id: str
    next_positive: str
    next_negative: str
    next_repeat: str = words.REPEAT
    label: str = ""
    positive_statuses: tuple[str, ...] = DEFAULT_POSITIVE
    positive_from_level: float = 0.0
    grade: str = "unverified"

    def mrd_class(self, status: str, level: float) -> str:
        """What a status with this MRD level (a fraction; NaN: none) counts as, of
        ``vocabulary.MRD_CLASSES``.  A quantified level below ``positive_from_level`` is negative.
        """
        if status in (words.NEGATIVE, words.NOT_EVALUABLE, words.NOT_DONE):
            return status
        if status not in self.positive_statuses:
            return words.UNDECIDED
        below = level < self.positive_from_level * (1 - TOLERANCE)
        low = status == words.POSITIVE_QUANTIFIABLE and below
        return words.NEGATIVE if low else words.POSITIVE


@dataclass(frozen=True, slots=True)
class Protocol:
    """Timepoints in order, the material that decides, and the thresholds of the response."""

    id: str
    version: str
    title: str
    timepoints: tuple[Timepoint, ...]
    complete_sensitivity_maximum: float
    failure_level_minimum: float
    material: str = "BM"
    by_id: dict[str, Timepoint] = field(default_factory=dict, compare=False)

    def order(self, timepoint: str) -> int:
        """Position of a timepoint; those that the protocol does not name come last."""
        ids = [t.id for t in self.timepoints]
        return ids.index(timepoint) if timepoint in ids else len(ids)
