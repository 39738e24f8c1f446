"""Published figures beside ours: what agrees, what is compared with what, and what is only told."""

from __future__ import annotations

import pandas as pd
import pytest

from mrdq.cohort import frames, tables
from mrdq.cohort.against import against

NAMES = ("measure", "trial", "endpoint", "timepoint", "group", "stratum", "months", "estimate", "low", "high",
         "p", "as_printed", "note", "repaired_low", "repaired_high")  # fmt: skip
OS = {
    "measure": "survival",
    "trial": "T",
    "endpoint": "OS",
    "group": "all",
    "stratum": "all",
    "months": "24",
}
RATE = {"measure": "mrd_negative", "trial": "T", "timepoint": "post-A1"}
P = {"measure": "logrank_p", "endpoint": "OS", "group": "all", "stratum": "all"}
START = {"analysis": "from_start", "endpoint": "OS", "censoring": "none"}


def ours(**estimate: object) -> dict[str, pd.DataFrame]:
    """2 of 7 negative (28.57 %), p = 0.0049, and survival of 91.12 (82.24 to 95.68) % at 24 months."""
    row = {**START, "trial": "T", "group": "all", "stratum": "all", "months": 24, "day": 730, "n": 85, "n_events": 7,
           "at_risk": 63, "estimate": 91.12, "low": 82.24, "high": 95.68, "last_day": 2000, **estimate}  # fmt: skip
    rate = {"timepoint": "post-A1", "trial": "T", "result": "negative", "denominator": "enrolled",
            "n": 2, "total": 7, "percent": 200 / 7}  # fmt: skip
    test = {**START, "comparison": "trial", "trial": "all", "group": "all", "stratum": "all", "test": "logrank",
            "n": 100, "n_events": 9, "statistic": 7.9, "df": 1, "p": 0.0049}  # fmt: skip
    made = {"estimates": (row, tables.ESTIMATES), "mrd_rates": (rate, tables.MRD_RATES), "tests": (test, tables.TESTS)}  # fmt: skip
    found = {name: frames.frame([one], table) for name, (one, table) in made.items()}
    return {**found, "mrd_tests": frames.frame([], tables.MRD_TESTS)}


def beside(*published: dict[str, str], **estimate: object) -> list[dict[str, object]]:
    printed = pd.DataFrame([{**dict.fromkeys(NAMES, ""), **row} for row in published])
    rows = against(printed, ours(**estimate)).to_dict("records")
    return [{str(key): value for key, value in row.items()} for row in rows]


@pytest.mark.parametrize(
    ("printed", "within"),
    [("29", "true"), ("28.6", "true"), ("28.57", "true"), ("28.5", "false"), ("28.58", "false"), ("28", "false")],
)  # fmt: skip
def test_a_rate_agrees_if_ours_rounds_to_the_digits_printed(printed: str, within: str) -> None:
    (row,) = beside({**RATE, "estimate": printed})
    assert (row["what"], row["within"]) == ("percent", within)
    assert row["note"] == "2 of 7, MRD-negative"


@pytest.mark.parametrize(
    ("printed", "within"),
    [("0.00", "true"), ("0.005", "true"), ("0.0049", "true"), ("0.001", "false"), ("0.0048", "false"), ("0.01", "false")],
)  # fmt: skip
def test_p_agrees_if_ours_rounds_to_the_digits_printed(printed: str, within: str) -> None:
    (row,) = beside({**P, "p": printed})
    assert (row["what"], row["within"], row["note"]) == ("p", within, "log-rank")


@pytest.mark.parametrize(
    ("printed", "within"), [("91.1", "true"), ("91.26", "true"), ("91.28", "false"), ("91", "true"), ("90", "false")]
)  # fmt: skip
def test_an_estimate_agrees_within_0_15_points_or_its_rounding(printed: str, within: str) -> None:
    row = beside({**OS, "estimate": printed})[0]
    assert (row["what"], row["within"], row["how"]) == ("estimate", within, "as printed")


def test_a_repaired_limit_is_compared_in_place_of_the_printed_one_and_a_lost_one_not_at_all() -> (
    None
):
    printed = {**OS, "estimate": "91.1", "low": "82.2", "high": "19.9", "note": "impossible"}
    _, low, high = beside({**printed, "repaired_low": "lost", "repaired_high": "95.7"})
    assert (low["published"] != low["published"], low["within"], low["note"]) == (
        True,
        "",
        "impossible",
    )
    assert (high["published"], high["within"], high["how"]) == (95.7, "true", "repaired limit")
    assert high["as_printed"] == "19.9"
    _, low, high = beside(printed)
    assert (low["within"], high["within"]) == ("true", "false")


def test_where_nobody_was_followed_so_long_ours_is_the_end_of_the_curve_and_says_so() -> None:
    gone = {"estimate": None, "low": None, "high": None, "note": "beyond the last follow-up (day 703)",
            "last_day": 703, "last_estimate": 91.12, "last_low": 82.24, "last_high": 95.68}  # fmt: skip
    rows = beside({**OS, "estimate": "91.1", "low": "82.2", "high": "95.7"}, **gone)
    assert {row["how"] for row in rows} == {"end of the curve"}
    assert {row["within"] for row in rows} == {"true"}
    assert all("nobody followed to that day: the curve's end, day 703" in str(row["note"]) for row in rows)  # fmt: skip


def test_a_hundred_percent_has_no_interval_to_compare() -> None:
    rows = beside({**OS, "estimate": "100"}, estimate=100.0, low=None, high=None)
    assert [(row["what"], row["within"]) for row in rows] == [("estimate", "true")]


def test_what_is_not_printed_is_shown_and_not_judged() -> None:
    _, low, high = beside({**OS, "estimate": "91.1"})
    assert [(row["ours"], row["within"], row["note"]) for row in (low, high)] == [
        (82.24, "", "not printed"),
        (95.68, "", "not printed"),
    ]
