"""``report.html`` of a validation: what was run, expected and found, for a person to sign."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import jinja2


class Row(Protocol):
    """A check as the page shows it."""

    @property
    def id(self) -> str: ...
    @property
    def what(self) -> str: ...
    @property
    def expected(self) -> str: ...
    @property
    def found(self) -> str: ...
    @property
    def outcome(self) -> str: ...
    @property
    def data(self) -> str: ...


Part = tuple[str, str, Sequence[Row]]


def page(
    parts: Sequence[Part],
    *,
    titles: Mapping[str, str],
    told: Mapping[str, Any],
    head: str,
    data: Mapping[str, str],
) -> str:
    """The page.

    ``parts``: short name, title and checks of each part; ``titles``: of their sections (the beginnings of
    the checks' names); ``told``: ``environment.json``; ``head``: block
    and head under which the checks are sealed; ``data``: kind of data -> what it means.

    On paper stand the first page, the failures and what did not apply; every check is on the screen.
    """
    every = [check for _, _, checks in parts for check in checks]
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("mrdq.reports", "."), autoescape=True,
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template("validation.html.j2").render(
        parts=[(*part, by_section(part[2], titles)) for part in parts], told=told, head=head, data=data, counts=[counted(checks) for _, _, checks in parts],
        sections=[(name, title, counted(checks)) for name, title, checks in by_section(every, titles)],
        total=counted(every), failed=[check for check in every if check.outcome == "failed"],
        not_applicable=[check for check in every if check.outcome == "not_applicable"],
        doubts=list(_doubts(every, told)),
    )  # fmt: skip


def _doubts(checks: Sequence[Row], told: Mapping[str, Any]) -> Iterator[str]:
    """Why nobody can say from this report which files were validated."""
    compared = [c for c in checks if c.id == "IQ-files" and c.outcome != "not_applicable"]
    if not compared:
        yield ("The files of the installation were not checked: there is no list of what was shipped to hold them "
               "against (an editable install has none). Validate an installed wheel before use in routine.")  # fmt: skip
    if told["software"]["git"].get("dirty"):
        yield ("The checkout has changes that are not committed: no commit holds the code that was validated, "
               "only its hash names it.")  # fmt: skip


def by_section(
    checks: Sequence[Row], titles: Mapping[str, str]
) -> list[tuple[str, str, list[Row]]]:
    """Name, title and checks of each section."""
    found = [
        (name, title, [check for check in checks if check.id.startswith(f"{name}-")])
        for name, title in titles.items()
    ]
    return [part for part in found if part[2]]


def counted(checks: Sequence[Row]) -> dict[str, int]:
    """How many checks have which outcome."""
    counts = Counter(check.outcome for check in checks)
    return {name: counts[name] for name in ("passed", "failed", "not_applicable")}
