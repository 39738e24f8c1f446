"""Checks of percentages against counts, and of p values against the two shares they compare."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from mrdq.published.counts import (
    chi_square_p,
    counts_that_print,
    p_values_of,
    unusual_p_values,
)
from mrdq.published.figures import INCIDENCE, PROPORTIONS, RATE, SURVIVAL, TEST, Figure
from mrdq.published.numbers import Printed
from mrdq.published.remarks import Remark, finding, note

_SLACK = 1e-9
_MANY = 3


@dataclass(slots=True)
class Shares:
    """What was found; ``counts``, ``tests`` and ``named`` are lines that say what fits, and why not."""

    remarks: list[Remark] = field(default_factory=list)
    counts: list[str] = field(default_factory=list)
    tests: list[str] = field(default_factory=list)
    named: list[str] = field(default_factory=list)
    n_counts: int = 0
    n_tests: int = 0
    n_not_testable: int = 0


def check_shares(figures: Sequence[Figure]) -> Shares:
    """Percentages of a stated denominator, and every p value that the figures allow to recompute."""
    found = Shares()
    for figure in figures:
        found.remarks += _range(figure)
        if figure.kind == RATE and figure.total:
            found.n_counts += 1
            _count(figure, figure.total, found)
        elif figure.kind in (SURVIVAL, INCIDENCE):
            found.remarks += _share_of_endpoint(figure)
    rates = defaultdict(list)
    for figure in figures:
        if figure.kind == RATE and figure.estimate and counts_of(figure):
            rates[figure.table, figure.line].append(figure)
    n_tests = Counter((f.table, f.line) for f in figures if f.kind == TEST and f.p)
    for figure in figures:
        at = figure.table, figure.line
        if figure.kind == TEST and figure.p:
            several = "several p values stand beside these rates" if n_tests[at] > 1 else ""
            told = replace(figure, doubt=figure.doubt or several)
            _test(figure, told, rates.get(at, []), found)
    return found


def _share_of_endpoint(figure: Figure) -> list[Remark]:
    """A note where the count beside a survival is another share: with censoring both can be right."""
    if figure.n is None or not figure.total or figure.estimate is None or figure.n > figure.total:
        return []
    if figure.n in counts_that_print(figure.estimate, figure.total):
        return []
    share = f"{100 * figure.n / figure.total:.{figure.estimate.decimals}f} %"
    return [note(figure, f"{figure.n} of {figure.total} is {share}; with censoring the estimate need not be that share")]  # fmt: skip


def _range(figure: Figure) -> list[Remark]:
    """Percentages beyond 0 … 100."""
    parts = [part for part in (figure.estimate, figure.low, figure.high) if part]
    beyond = [part.text for part in parts if part.low > 100 + _SLACK or part.high < -_SLACK]
    if figure.kind not in PROPORTIONS or not beyond:
        return []
    return [finding(figure, f"{', '.join(beyond)}: no percentage", "0 to 100")]


def counts_of(figure: Figure) -> list[tuple[int, int]]:
    """The counts a rate can be of: the one that is printed, or all that print so; [] for none."""
    if not figure.total:
        return []
    if figure.n is not None:
        return [(figure.n, figure.total)] if figure.n <= figure.total else []
    fitting = counts_that_print(figure.estimate, figure.total) if figure.estimate else []
    return [(n, figure.total) for n in fitting]


def _count(figure: Figure, total: int, found: Shares) -> None:
    n, percent = figure.n, figure.estimate
    if n is not None and n > total:
        found.remarks.append(finding(figure, f"{n} of {total}: more than all"))
    elif percent is not None:
        fitting = counts_that_print(percent, total)
        if n is not None and n not in fitting:
            share = f"{100 * n / total:.{percent.decimals}f}"
            found.remarks.append(finding(figure, f"{n} of {total} is {share} %", f"{share} %{_meant(fitting, total)}"))  # fmt: skip
        elif not fitting:
            found.remarks.append(finding(figure, f"no count of {total} prints as {percent.text} %", _nearest(percent, total)))  # fmt: skip
        elif n is None:
            found.counts.append(f"{percent.text} % of {total} ({figure.place}): {_these(fitting)}")


def _meant(fitting: range, total: int) -> str:
    return f", or a count of {_these(fitting)} of {total}" if fitting else ""


def _these(fitting: range) -> str:
    if len(fitting) > _MANY:
        return f"{fitting[0]} to {fitting[-1]}"
    return " or ".join(map(str, fitting)) + (", no other count" if len(fitting) == 1 else "")


def _nearest(percent: Printed, total: int) -> str:
    below = min(max(int(percent.value * total / 100), 0), total - 1)
    return " or ".join(f"{100 * n / total:.{percent.decimals}f} % ({n})" for n in (below, below + 1))  # fmt: skip


def _test(figure: Figure, told: Figure, rates: list[Figure], found: Shares) -> None:
    """Check one p value; ``told`` is ``figure`` with the doubts its line adds."""
    p = figure.p
    if p is None:
        return
    if p.low > 1 + _SLACK:
        found.remarks.append(finding(figure, f"{p.text}: no p value", "0 to 1"))
    elif figure.statistic and figure.df:
        _chi_square(figure, p, figure.statistic, figure.df, found)
    elif figure.test:
        found.n_not_testable += 1
        found.named.append(f"{_shown(figure, p)} ({figure.place}): of another test, {figure.test}")
    elif len(rates) == 2:
        _of_rates(figure, told.doubt, rates, found)
    else:
        found.n_not_testable += 1


def _shown(figure: Figure, p: Printed) -> str:
    return f"p {figure.relation} {p.text}"


def _chi_square(figure: Figure, p: Printed, statistic: Printed, df: int, found: Shares) -> None:
    found.n_tests += 1
    low, high = chi_square_p(statistic, df)
    if _prints(figure.relation, p, low, high):
        return
    if figure.one_sided and _prints(figure.relation, p, low / 2, high / 2):
        return
    found.remarks.append(finding(figure, f"χ² {statistic.text} with {df} df", f"p = {low:.6g}"))


def _of_rates(figure: Figure, doubt: str, rates: list[Figure], found: Shares) -> None:
    """Compare a printed p with Pearson's, Yates' and Fisher's of every count that prints so."""
    p = figure.p
    first, second = (counts_of(rate) for rate in rates)
    made = [values for values in p_values_of(first, second) if values]
    if not made or p is None:
        found.n_not_testable += 1
        return
    found.n_tests += 1
    tests = ", ".join(f"{name} {made[0][name]:.4f}" for name in made[0])
    those, printed = f"{_fraction(first)} against {_fraction(second)}", _shown(figure, p)
    fitting = [] if figure.one_sided else _fitting(figure, p, made)
    unusual = [] if fitting else _unusual(figure, p, first, second)
    if fitting or (unusual and figure.one_sided):
        found.tests.append(f"{printed} ({figure.place}), {those}: {_and(fitting or unusual)} ({tests})")  # fmt: skip
    elif unusual:
        found.remarks.append(note(figure, f"of the tests of {those} only the {' and the '.join(unusual)} gives {printed} (two-sided: {tests})"))  # fmt: skip
    elif figure.one_sided or doubt:
        why = doubt or "one-sided, perhaps against a margin"
        found.remarks.append(note(figure, f"no two-proportion test of {those} gives {printed} ({tests}); {why}"))  # fmt: skip
    else:
        found.remarks.append(finding(figure, f"no two-proportion test of {those} gives {printed}", tests))  # fmt: skip


def _fitting(figure: Figure, p: Printed, made: list[dict[str, float]]) -> list[str]:
    return [name for name in made[0]
            if any(_prints(figure.relation, p, values[name], values[name]) for values in made)]  # fmt: skip


def _unusual(
    figure: Figure, p: Printed, first: list[tuple[int, int]], second: list[tuple[int, int]]
) -> list[str]:
    """The less usual tests that give p; of a one-sided p only the one-sided, to either side."""
    made = [values for values in p_values_of(first, second, unusual_p_values) if values]
    if figure.one_sided:
        one_sided = [{k: v for k, v in values.items() if k.startswith("one-sided")} for values in made]  # fmt: skip
        made = one_sided + [{k: 1 - v for k, v in values.items()} for values in one_sided]
    return _fitting(figure, p, made)


def _fraction(counts: list[tuple[int, int]]) -> str:
    n, total = counts[0]
    return f"{n}/{total}" + (" and the like" if len(counts) > 1 else "")


def _and(names: list[str]) -> str:
    return " and ".join(names) + (" give it" if len(names) > 1 else " alone gives it")


def _prints(relation: str, p: Printed, low: float, high: float) -> bool:
    """Whether some p value from ``low`` to ``high`` prints as ``p``."""
    slack = _SLACK * p.value
    if relation == "<":
        return low < p.value + slack
    if relation == ">":
        return high > p.value - slack
    return low <= p.high + slack and high >= p.low - slack
