"""A problem says where, what was found, what was expected and what to do."""

from __future__ import annotations

import pytest

from mrdq.errors import WARNING, MrdqError, Problem, Problems, refuse


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("a.tsv", "a date", "x", 3, "on", "Mend it."), 'a.tsv, row 3, column on: found "x", expected a date. Mend it.'),
        (Problem("a.tsv", "a file"), "a.tsv: found nothing, expected a file"),
        (Problem("a.tsv", "a date", column="on"), "a.tsv, column on: found nothing, expected a date"),
        (Problem("a.tsv", "text", " "), 'a.tsv: found " ", expected text'),
        (Problem("a.tsv", "text", "0", 0), 'a.tsv, row 0: found "0", expected text'),
    ],
)  # fmt: skip
def test_sentence(problem: Problem, text: str) -> None:
    assert str(problem) == text


def test_warnings_alone_raise_nothing() -> None:
    problems = Problems()
    problems.raise_if_any()
    problems.add(Problem("a", "b", level=WARNING))
    problems.raise_if_any()
    assert len(problems.warnings) == 1
    problems.extend([Problem("c", "d"), Problem("e", "f"), Problem("g", "h", level=WARNING)])
    with pytest.raises(MrdqError) as caught:
        problems.raise_if_any()
    assert [problem.file for problem in caught.value.problems] == ["c", "e"]
    assert str(caught.value) == "c: found nothing, expected d\ne: found nothing, expected f"
    assert len(problems.warnings) == 2


def test_refusal_is_one_problem() -> None:
    with pytest.raises(MrdqError) as caught:
        refuse("a", "b", "c", row=2, column="d", remedy="e")
    assert caught.value.problems == [Problem("a", "b", "c", 2, "d", "e")]
