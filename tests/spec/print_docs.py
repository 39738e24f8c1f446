"""Prints the specification: ``python tests/spec/print_docs.py`` writes docs/specification/.

A chapter is a module ``test_NN_name.py``: its docstring is the prose, the docstring of each test
says what the drawn plates under it show.
"""

from __future__ import annotations

import importlib
import inspect
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from plates import GOOD_PLATE, RULE_SETS, Example, read_expected, record

from mrdq.definitions import load_guideline

HERE = Path(__file__).resolve().parent
DOCS = HERE.parents[1] / "docs" / "specification"


@dataclass(frozen=True)
class Test:
    """One test: what its docstring says, and the examples that it draws."""

    name: str
    title: str
    prose: str
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class Chapter:
    module: str
    title: str
    prose: str
    tests: tuple[Test, ...]

    @property
    def file(self) -> str:
        return self.module.removeprefix("test_").replace("_", "-") + ".md"


def _parts(docstring: str | None) -> tuple[str, str]:
    title, _, prose = inspect.cleandoc(docstring or "").partition("\n\n")
    return " ".join(title.split()), prose.strip()


@cache
def chapters() -> tuple[Chapter, ...]:
    """The chapters in order, with every example that they draw (none is run)."""
    found = []
    for path in sorted(HERE.glob("test_[0-9][0-9]_*.py")):
        module = importlib.import_module(path.stem)
        tests = []
        for name, test in vars(module).items():
            if not name.startswith("test_") or not inspect.isfunction(test):
                continue
            title, prose = _parts(test.__doc__)
            tests.append(Test(name, title, prose, tuple(record(test))))
        title, prose = _parts(module.__doc__)
        found.append(Chapter(path.stem, title, prose, tuple(tests)))
    return tuple(found)


def bounds_shown() -> dict[tuple[str, str], dict[str, Chapter]]:
    """(rule set, parameter) -> the sides of its bound that are shown, and the chapter of each."""
    shown: dict[tuple[str, str], dict[str, Chapter]] = {}
    for chapter in chapters():
        for test in chapter.tests:
            for drawn in test.examples:
                for rule_set in drawn.rule_sets if drawn.bound else ():
                    shown.setdefault((rule_set, drawn.bound), {})[drawn.side] = chapter
    return shown


def _parameters() -> str:
    """Every parameter with its value in each rule set and the chapter that shows its bound."""
    guidelines = [load_guideline(name) for name in RULE_SETS]
    every = list(dict.fromkeys(name for g in guidelines for name in g.parameters))
    lines = [f"| parameter | {' | '.join(RULE_SETS)} | unit | chapter |", f"|{'---|' * 6}"]
    for name in sorted(every):
        values = [f"{g[name].value:g}" if name in g.parameters else "none" for g in guidelines]
        unit = next(g[name].unit for g in guidelines if name in g.parameters)
        found = {
            c.file: c
            for (_, n), sides in bounds_shown().items()
            if n == name
            for c in sides.values()
        }
        links = ", ".join(f"[{c.title}]({c.file})" for c in found.values())
        lines.append(f"| `{name}` | {' | '.join(values)} | {unit} | {links} |")
    return "\n".join(lines)


def _example(example: Example) -> str:
    heading = []
    if example.bound:
        heading.append(f"`{example.bound}`" + (f", **{example.side}**:" if example.side else ":"))
    elif example.side:
        heading.append(f"**{example.side[0].upper()}{example.side[1:]}**:")
    plate = f"```text\n{example.plate}\n```"
    tables = []
    if not example.expected.startswith("the "):
        tables = [_table(drawn.table, drawn.complete, drawn.columns, drawn.rows)
                  for drawn in read_expected(example.expected)]  # fmt: skip
    else:
        heading.append(f"*{example.expected}*")
    named = " and ".join(f"`{name}`" for name in example.rule_sets)
    each = "each shipped rule set" if example.rule_sets == RULE_SETS else named
    under = [f"Under {each}."] if example.rule_sets else []
    return "\n\n".join([*heading, plate, *tables, *under])


def _table(name: str, complete: bool, columns: list[str], rows: list[list[str]]) -> str:
    lines = [f"**{name}**{' (all)' if complete else ''}", ""]
    lines += [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines)


def page(chapter: Chapter) -> str:
    """A chapter as Markdown."""
    blocks = [
        f"<!-- Printed from tests/spec/{chapter.module}.py by tests/spec/print_docs.py. -->",
        f"# {chapter.title}",
        chapter.prose,
    ]
    if chapter.module.startswith("test_00"):
        blocks += ["The good plate:", f"```text\n{GOOD_PLATE.strip()}\n```"]
    if chapter.module.endswith("_bounds"):
        blocks.append(_parameters())
    for test in chapter.tests:
        blocks += [f"## {test.title.rstrip('.')}", test.prose, *map(_example, test.examples)]
    return "\n\n".join(filter(None, blocks)) + "\n"


def pages() -> dict[str, str]:
    """Every file of docs/specification/ and its text."""
    printed = {chapter.file: page(chapter) for chapter in chapters()}
    lines = [
        "<!-- Printed by tests/spec/print_docs.py. -->",
        "# Specification",
        "",
        "What each rule means, shown on small plates. The tests run every plate through mrdq.",
        "",
        *(f"- [{chapter.title}]({chapter.file})" for chapter in chapters()),
    ]
    return {"index.md": "\n".join(lines) + "\n", **printed}


def main() -> None:
    DOCS.mkdir(parents=True, exist_ok=True)
    printed = pages()
    for path in DOCS.glob("*.md"):
        if path.name not in printed and re.match(r"\d\d-", path.name):
            path.unlink()
    for name, text in printed.items():
        (DOCS / name).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
