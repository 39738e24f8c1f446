"""A rule set: the thresholds of an interpretation guideline, as a frozen definition.

The numbers live in ``resources/guidelines/*.yaml``; nothing here knows one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Binary floating point: 30.1 - 28.6 has to meet a bound of 1.5 (contract section 4).
TOLERANCE = 1e-9

CONFIRMED_GRADES = ("primary", "secondary")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One threshold.

    ``bound`` says which side passes: ``minimum`` (values at or above), ``maximum`` (at or
    below) or ``level`` (no comparison).  ``inclusive``: a value equal to the bound passes.
    """

    name: str
    value: float
    unit: str
    bound: str
    inclusive: bool = True
    grade: str = "unverified"
    source: str = ""
    locator: str = ""
    note: str = ""
    verified_by: str = ""
    verified_on: str = ""

    @property
    def confirmed(self) -> bool:
        """Read in a source, or confirmed by a named person of the laboratory, who says where."""
        by_laboratory = self.verified_by and self.verified_on and self.locator
        return self.grade in CONFIRMED_GRADES or bool(by_laboratory)

    def met_by(
        self, values: NDArray[np.float64] | float, *, bound: NDArray[np.float64] | float | None = None,
        relative: bool = False,
    ) -> NDArray[np.bool_]:  # fmt: skip
        """Whether each value is on the passing side; NaN never is.

        ``bound`` replaces the parameter's own value where the limit depends on the assay
        (lowest background - distance).  ``relative`` scales the tolerance with the bound, as
        amounts, dilutions and levels need.
        """
        import numpy as np

        limit = np.asarray(self.value if bound is None else bound, dtype=float)
        slack = TOLERANCE * (np.abs(limit) if relative else 1.0)
        slack = slack if self.inclusive else -slack
        if self.bound == "minimum":
            return np.asarray(values >= limit - slack)
        return np.asarray(values <= limit + slack)


@dataclass(frozen=True, slots=True)
class Guideline:
    """A resolved rule set (nothing left to inherit)."""

    id: str
    version: str
    title: str
    status: str
    source: str
    calls: tuple[str, ...]
    parameters: Mapping[str, Parameter]

    def __getitem__(self, name: str) -> Parameter:
        return self.parameters[name]

    def get(self, name: str) -> Parameter | None:
        """An optional parameter (``maximum_cq``, ``low_positive_wells_minimum``) or None."""
        return self.parameters.get(name)

    @property
    def hash(self) -> str:
        """SHA-256 of the whole rule set as canonical JSON."""
        content: dict[str, Any] = {
            name: getattr(self, name)
            for name in ("id", "version", "title", "status", "source", "calls")
        }
        content["parameters"] = {name: asdict(p) for name, p in self.parameters.items()}
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def notice(self) -> str:
        """What every output for people has to say of the rule set; empty if all is confirmed."""
        unsure = [p for p in self.parameters.values() if not p.confirmed]
        parts = []
        if self.status == "provisional":
            parts.append(f"Rule set {self.id} {self.version} is PROVISIONAL")
        if unsure:
            parts.append(
                f"{len(unsure)} of {len(self.parameters)} parameters of {self.id} are not confirmed "
                f"against their source ({_grades(unsure)})"
            )
        return "; ".join(parts)

    @property
    def grades(self) -> str:
        """How many parameters have which grade, in words."""
        return _grades(self.parameters.values())


def _grades(parameters: Iterable[Parameter]) -> str:
    counts: dict[str, int] = {}
    for parameter in parameters:
        by_laboratory = parameter.confirmed and parameter.verified_by
        grade = "verified by the laboratory" if by_laboratory else parameter.grade
        counts[grade] = counts.get(grade, 0) + 1
    return ", ".join(f"{count} {grade}" for grade, count in sorted(counts.items()))
