"""One check of a validation: what was run, what was expected, what was found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from mrdq.tables import TEXT, Column, Table

IQ, OQ, PQ = "IQ", "OQ", "PQ"
PARTS = {
    IQ: "installation qualification",
    OQ: "operational qualification",
    PQ: "performance qualification",
}
PASSED, FAILED, NOT_APPLICABLE = "passed", "failed", "not_applicable"
OUTCOMES = (PASSED, FAILED, NOT_APPLICABLE)

SIMULATED = "SIMULATED"
CONSTRUCTED = "CONSTRUCTED"
PUBLISHED = "MEASURED, PUBLISHED"
DATA = {
    SIMULATED: "made by mrdq simulate or by a generator of random numbers with a fixed seed; no patient",
    CONSTRUCTED: "drawn for one question, such as a value on a bound; no patient",
    PUBLISHED: "measured by others and published with a licence that allows to state the figures; no MRD",
}

CHECKS = Table("checks.tsv", "every check of a validation", ("check_id",), (
    Column("check_id", TEXT, "the check, such as OQ-a-curve_slope_minimum"),
    Column("part", TEXT, "part of the qualification", words=tuple(PARTS)),
    Column("what", TEXT, "what was run"),
    Column("data", TEXT, "kind of the data; empty: none was needed", words=tuple(DATA)),
    Column("expected", TEXT, "what was expected"), Column("found", TEXT, "what was found"),
    Column("outcome", TEXT, "outcome", words=OUTCOMES),
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Check:
    """One row of CHECKS; the part of the qualification is the beginning of its ``id``."""

    id: str
    what: str
    expected: str
    found: str
    outcome: str
    data: str = ""

    @property
    def part(self) -> str:
        return self.id.partition("-")[0]


def check(id: str, what: str, expected: str, found: str, *, data: str = "") -> Check:  # noqa: A002
    """A check that passes if what was found is what was expected, as text."""
    return Check(id, what, expected, found, PASSED if found == expected else FAILED, data)


def judged(
    id: str,  # noqa: A002
    what: str,
    expected: str,
    found: str,
    *,
    passed: bool,
    data: str = "",
) -> Check:
    """A check whose expectation is a range or a condition: ``passed`` says whether it is met."""
    return Check(id, what, expected, found, PASSED if passed else FAILED, data)


def unmet(
    id: str,  # noqa: A002
    what: str,
    expected: str,
    lines: Sequence[str],
    *,
    data: str = "",
    most: int = 5,
) -> Check:
    """A check that fails if there are ``lines``, each a difference in words; the first are told."""
    more = f"; and {len(lines) - most} more" if len(lines) > most else ""
    found = "; ".join(lines[:most]) + more if lines else expected
    return judged(id, what, expected, found, passed=not lines, data=data)


def section(name: str, title: str, run: Callable[[], Iterable[Check]]) -> list[Check]:
    """The checks of one section.  One that breaks off is a failed check that says how, never a
    validation without a report."""
    found: list[Check] = []
    try:
        found.extend(run())
    except Exception as error:  # noqa: BLE001  (whatever is broken here is what is looked for)
        words = f"{type(error).__name__}: {error}".replace("\n", " ").replace("\t", " ")[:500]
        found.append(Check(f"{name}-end", title, "the section runs to its end",
                           f"it broke off: {words}", FAILED))  # fmt: skip
    return found
