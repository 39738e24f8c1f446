"""The page on regulations names only tests and verbs that exist, and promises nothing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from mrdq.cli import main

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/regulations.md").read_text(encoding="utf-8")
HEAD = ["clause", "expects", "mrdq", "shown by", "the laboratory", "source"]
GRADES = {"primary", "secondary", "recalled"}
CLAUSES = {
    "ISO 15189:2022, medical laboratories": ["7.3.3", "7.4.1.8", "7.6.3", "8.4"],
    "21 CFR Part 11, electronic records and signatures": [
        *(f"11.10({letter})" for letter in "abcdefghijk"), "11.50", "11.70", "11.100", "11.200", "11.300",
    ],
    "EU GMP Annex 11 (2011), computerised systems": ["4 ", "5 ", "7 ", "8 ", "9 ", "10 ", "12 ", "14 ", "17 "],
    "Regulation (EU) 2017/746 (IVDR), Article 5(5), in-house devices": [f"5(5)({letter})" for letter in "abcdefghi"],
}  # fmt: skip


def rows(heading: str, page: str = PAGE) -> list[dict[str, str]]:
    """The rows of the table of a section."""
    part = page.split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells[0] == HEAD
    return [dict(zip(HEAD, row, strict=True)) for row in cells[2:]]


ROWS = [row for heading in CLAUSES for row in rows(heading)]


def named(page: str) -> Iterator[str]:
    yield from re.findall(r"`([^`]+)`", page)


def missing_tests(page: str) -> list[str]:
    """Files and functions of tests that the page names and that are not there."""
    return [name for name in named(page) if name.startswith("tests/") and not is_a_test(name)]


def is_a_test(name: str) -> bool:
    file, _, function = name.partition("::")
    path = ROOT / file
    if not path.is_file():
        return False
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    return function in found if function else any(one.startswith("test_") for one in found)


def missing_verbs(page: str) -> list[str]:
    """Verbs, and their options, that the page names and that mrdq has not."""
    return [name for name in named(page) if name.startswith("mrdq ") and not is_a_verb(name)]


def is_a_verb(name: str) -> bool:
    command: click.Command = main
    words = name.split()[1:]
    while words and isinstance(command, click.Group):
        if words[0] not in command.commands:
            return False
        command = command.commands[words.pop(0)]
    options = {option for parameter in command.params for option in parameter.opts}
    return all(word in options for word in words if word.startswith("-"))


def test_every_test_that_is_named_exists() -> None:
    assert missing_tests(PAGE) == []


def test_every_verb_and_option_that_is_named_exists() -> None:
    assert missing_verbs(PAGE) == []
    options = [name for name in named(PAGE) if name.startswith("--")]
    assert [name for name in options if not is_a_verb(f"mrdq audit verify {name}")] == []


@pytest.mark.parametrize("heading", CLAUSES)
def test_every_clause_has_its_row(heading: str) -> None:
    found = [row["clause"] for row in rows(heading)]
    lacking = [
        clause
        for clause in CLAUSES[heading]
        if not any(re.search(rf"(^|, ){re.escape(clause)}", one) for one in found)
    ]
    assert lacking == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["clause"])
def test_a_row_says_what_stays_with_the_laboratory_and_how_its_clause_was_read(
    row: dict[str, str],
) -> None:
    assert row["source"] in GRADES
    assert len(row["the laboratory"]) > 4
    assert row["expects"]
    if row["shown by"] == "–":
        assert row["mrdq"] in ("–", "the table above")
        assert row["the laboratory"].startswith("all of it")
    else:
        assert re.search(r"`tests/", row["shown by"])


def test_a_clause_that_was_not_read_is_told_as_such() -> None:
    """The text of ISO 15189 is sold: none of it was read."""
    assert {row["source"] for row in rows(next(iter(CLAUSES)))} == {"recalled"}
    read = PAGE.split("## Where it was read\n")[1]
    for source in ("21 CFR 11.10", "Annex 11", "IVDR", "ISO 15189"):
        assert source in read


def test_nothing_is_promised() -> None:
    assert "technical controls that support" in PAGE.replace("*", "")
    assert re.findall(r"complian\w*|certified|fulfil\w*|guarantee\w*", PAGE, re.IGNORECASE) == []
    claims = PAGE.split("## What mrdq does not claim\n")[1].split("\n## ")[0]
    for word in (
        "accounts",
        "chain was written anew",
        "last block",
        "clock",
        "Training",
        "review",
        "backup",
    ):
        assert word in claims, word


def test_what_does_not_exist_is_named() -> None:
    page = (
        "`tests/unit/test_none.py` `tests/unit/test_regulations.py::test_none` `tests/functional/tiny.py` "
        "`tests/unit/test_regulations.py::test_nothing_is_promised` `tests/unit/test_docs.py`"
    )
    assert missing_tests(page) == [
        "tests/unit/test_none.py", "tests/unit/test_regulations.py::test_none", "tests/functional/tiny.py",
    ]  # fmt: skip
    verbs = "`mrdq audit fly` `mrdq audit sign --fast` `mrdq audit sign --key` `mrdq run STUDY` `mrdq fly`"
    assert missing_verbs(verbs) == ["mrdq audit fly", "mrdq audit sign --fast", "mrdq fly"]
