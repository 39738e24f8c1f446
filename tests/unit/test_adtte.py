"""The ADaM-like times to events: what counts, what is censored, what competes."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrdq.adtte import ADTTE, PARAMETERS, adtte

# Issue 4, item 2.
COLUMNS = "STUDYID USUBJID PARAMCD PARAM AVAL AVALU CNSR EVNTDESC STARTDT ADT"
CODES = ["OS", "LFS", "CIR", "NRD", "TRANSPL"]
START = "2020-01-01"

Course = tuple[object, str, str, str]  # dead, last contact, relapse, transplantation


def patients_table(*courses: Course, start: str = START) -> pd.DataFrame:
    names = ["dead", "last_contact_on", "relapse_on", "transplant_on"]
    table = pd.DataFrame(courses, columns=names, dtype=object)
    table.insert(0, "patient_id", [f"P{n}" for n in range(1, len(courses) + 1)])
    return table.assign(start_on=start).astype(object)


def rows(course: Course) -> dict[str, tuple[float, float, str, str]]:
    """AVAL, CNSR, EVNTDESC and ADT by parameter."""
    table = ADTTE.check(adtte(patients_table(course), "S"))
    values = zip(*(table[c] for c in ("AVAL", "CNSR", "EVNTDESC", "ADT")), strict=True)
    return dict(zip(table["PARAMCD"], values, strict=True))


def test_columns_are_those_that_were_asked_for() -> None:
    assert ADTTE.names == COLUMNS.split()
    assert list(adtte(patients_table((0, "2020-01-31", "", "")), "S")) == ADTTE.names
    assert [parameter.code for parameter in PARAMETERS] == CODES
    assert all(len(code) <= 8 for code in CODES)  # as PARAMCD has to be


def test_alive_and_well() -> None:
    found = rows((0, "2020-01-31", "", ""))
    assert found == dict.fromkeys(CODES, (30, 1, "last contact", "2020-01-31"))


def test_death_without_relapse() -> None:
    died = "2020-01-31"
    assert rows((1, died, "", "")) == {
        "OS": (30, 0, "death", died),
        "LFS": (30, 0, "death", died),
        "CIR": (30, 2, "death", died),
        "NRD": (30, 0, "death", died),
        "TRANSPL": (30, 2, "death", died),
    }


def test_transplantation_relapse_and_death() -> None:
    """Relapse does not keep from a transplantation, and the one before it is not lost."""
    died, relapsed, transplanted = "2020-03-01", "2020-02-01", "2020-01-11"
    assert rows((1, died, relapsed, transplanted)) == {
        "OS": (60, 0, "death", died),
        "LFS": (31, 0, "relapse", relapsed),
        "CIR": (31, 0, "relapse", relapsed),
        "NRD": (31, 2, "relapse", relapsed),
        "TRANSPL": (10, 0, "transplantation", transplanted),
    }


def test_transplantation_after_relapse_counts() -> None:
    found = rows((0, "2020-03-01", "2020-01-11", "2020-02-01"))
    assert found["TRANSPL"] == (31, 0, "transplantation", "2020-02-01")


def test_relapse_on_the_day_of_death_is_a_relapse() -> None:
    found = rows((1, "2020-01-31", "2020-01-31", ""))
    assert [found[code][1:3] for code in ("LFS", "CIR", "NRD")] == [
        (0, "relapse"),
        (0, "relapse"),
        (2, "relapse"),
    ]


@pytest.mark.parametrize(
    ("course", "codes"),
    [
        ((None, "2020-01-31", "", ""), []),
        ((1, "", "", ""), []),
        ((None, "", "2020-01-31", ""), ["LFS", "CIR", "NRD"]),
        ((0, "", "", "2020-01-31"), ["TRANSPL"]),
    ],
)
def test_what_cannot_be_computed_has_no_row(course: Course, codes: list[str]) -> None:
    assert list(rows(course)) == codes


def test_without_a_start_there_is_no_row() -> None:
    found = ADTTE.check(adtte(patients_table((1, "2020-01-31", "", ""), start=""), "S"))
    assert found.empty
    assert list(found) == ADTTE.names


def test_rows_are_by_patient_and_then_as_declared() -> None:
    patients = patients_table(*[(0, "2020-01-31", "", "")] * 12).sample(frac=1, random_state=1)
    table = adtte(patients, "My study")
    assert list(table["USUBJID"]) == [p for p in sorted(patients["patient_id"]) for _ in CODES]
    assert list(table["PARAMCD"]) == CODES * 12
    assert set(table["STUDYID"]) == {"My study"}
    assert set(table["AVALU"]) == {"DAYS"}
    assert set(table["STARTDT"]) == {START}


dates = st.one_of(st.just(""), st.dates(pd.Timestamp(START).date(), pd.Timestamp("2030-01-01").date()).map(str))  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from([0, 1, None]), dates, dates, dates), min_size=1, max_size=6))  # fmt: skip
def test_laws_of_any_course(courses: list[Course]) -> None:
    table = ADTTE.check(adtte(patients_table(*courses), "S"))
    days = (pd.to_datetime(table["ADT"]) - pd.to_datetime(table["STARTDT"])).dt.days
    assert (days == table["AVAL"]).all()
    assert ((table["CNSR"] == 1) == (table["EVNTDESC"] == "last contact")).all()
    assert not (table["PARAMCD"].isin(["OS", "LFS"]) & (table["CNSR"] == 2)).any()
    by = {code: found.set_index("USUBJID") for code, found in table.groupby("PARAMCD")}
    if "LFS" in by:  # an event of LFS is one of relapse or of death without it, and never of both
        either = (by["CIR"]["CNSR"] == 0).astype(int) + (by["NRD"]["CNSR"] == 0)
        assert (either == (by["LFS"]["CNSR"] == 0)).all()
