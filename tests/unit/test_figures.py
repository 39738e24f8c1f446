"""Figures of the cohort: the same bytes each time, and everything in them that they have to say."""

from __future__ import annotations

import math
import re
from xml.etree.ElementTree import Element, fromstring

import numpy as np
import pandas as pd
import pytest

from mrdq.reports.cohort_numbers import day_of
from mrdq.reports.figures.alluvial import alluvial
from mrdq.reports.figures.curves import LINES, Line, Panel, at_risk, curves, few_from
from mrdq.reports.figures.drawing import notice_lines, shortened, thinned
from mrdq.reports.figures.flow import Branch, flow
from mrdq.reports.figures.forest import ROWS, Effect, forest
from mrdq.reports.figures.trajectories import PATIENTS, drawn, levels_of, trajectories

NAN = math.nan
NOTICE = "SYNTHETIC: not of patients"
SVG = "{http://www.w3.org/2000/svg}"
TIMEPOINTS = {"T1": "after A", "T2": "after C"}
PANEL = Panel("km1", "Overall survival", "by trial", "log-rank p = 0.069")


def steps(days: list[int], estimates: list[float], *, n: int, first: int = 0) -> pd.DataFrame:
    """One patient leaves on each day: with an event where the estimate falls."""
    before = [100.0, *estimates[:-1]]
    return pd.DataFrame(
        {
            "day": days,
            "at_risk": [n - place for place in range(len(days))],
            "n_censored": [int(e == b) for e, b in zip(estimates, before, strict=True)],
            "estimate": estimates,
            "low": [e - 10 if e < 100 else NAN for e in estimates],
            "high": [min(100.0, e + 5) if e < 100 else NAN for e in estimates],
        }
    )


TWO = [
    Line("2019", steps([100, 365, 366, 730, 900], [80.0, 80.0, 60.0, 60.0, 60.0], n=5)),
    Line("2023", steps([200, 400], [100.0, 100.0], n=2)),
]


def population(n: int = 6, trial: str = "A") -> pd.DataFrame:
    """Quantified; below the range; negative; positive without a limit; not evaluable; not done."""
    kind = np.arange(n) % 6
    frame = pd.DataFrame({"patient_id": [f"P{i:06d}" for i in range(n)], "trial": trial})
    names = ["positive", "positive", "negative", "positive", "not_evaluable", "not_done"]
    for timepoint in TIMEPOINTS:
        frame[f"mrd_class_{timepoint}"] = [names[k] for k in kind]
        frame[f"mrd_level_{timepoint}"] = np.where(kind == 0, 1e-2, NAN)
        frame[f"mrd_high_{timepoint}"] = np.select([kind == 0, kind == 1, kind == 2], [1e-2, 1e-4, 1e-5], NAN)  # fmt: skip
    return frame


def words_of(svg: str) -> list[str]:
    """Every text that a reader sees, and the tree holds no id twice."""
    root = fromstring(svg)
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    return [" ".join("".join(text.itertext()).split()) for text in root.iter(f"{SVG}text")]


def kilobytes(svg: str) -> float:
    return len(svg.encode()) / 1000


def all_kinds() -> dict[str, str]:
    told = {"notices": [NOTICE], "title": "Title"}
    branch = Branch((("OS",), ("Analysed: 1",)), ("Left out: 1",))
    return {
        "curves": curves(TWO, PANEL, notices=[NOTICE]),
        "alluvial": alluvial(population(), TIMEPOINTS, key="a1", **told),
        "trajectories": trajectories(population(), TIMEPOINTS, key="t1", **told),
        "forest": forest([Effect("x", 2.0, 1.0, 4.0, "0.05")], key="f1", **told),
        "flow": flow(["Enrolled: 2"], [branch], key="w1", **told),
    }


def test_same_bytes_twice() -> None:
    assert all_kinds() == all_kinds()


@pytest.mark.parametrize("kind", ["curves", "alluvial", "trajectories", "forest", "flow"])
def test_every_figure_is_labelled_and_loads_nothing(kind: str) -> None:
    svg = all_kinds()[kind]
    root = fromstring(svg)
    assert NOTICE in " ".join(words_of(svg))
    assert root.get("role") == "img"
    assert root.get("aria-label")
    assert [child.tag for child in root][:2] == [f"{SVG}title", f"{SVG}desc"]
    for element in root.iter():
        assert element.tag != f"{SVG}style"
        for name, value in element.attrib.items():
            if name.endswith("href"):
                assert value.startswith("#")


def test_numbers_at_risk_stand_under_the_months() -> None:
    """At risk on day 730 (24 months): whoever is followed to that day or longer."""
    assert list(at_risk(TWO[0].rows, [0, 100, 101, 365, 730, 731, 901])) == [5, 5, 4, 4, 2, 1, 0]
    assert day_of(24) == 730
    seen = words_of(curves(TWO, PANEL, notices=[]))
    ticks = [str(month) for month in range(0, 30, 6)]
    place = seen.index("2019")
    assert seen[place : place + 6] == ["2019", "5", "4", "4", "2", "2"]
    assert seen[place + 6 : place + 12] == ["2023", "2", "2", "1", "0", "0"]
    assert [text for text in seen if text in ticks][: len(ticks)] == ticks
    for text in ("At risk", "Overall survival", "by trial", "log-rank p = 0.069", "Survival, %"):
        assert text in seen


def _pieces(svg: str, width: float) -> list[tuple[float, float]]:
    """The leftmost and rightmost x of each line of that width, right of the legend's samples."""
    paths = [p for p in fromstring(svg).iter(f"{SVG}path") if f"stroke-width: {width}" in (p.get("style") or "")]  # fmt: skip
    xs = [[float(x) for x in (p.get("d") or "").split()[1::3]] for p in paths]
    return [(min(x), max(x)) for x in xs if max(x) > 110]


def test_a_curve_ends_with_its_last_follow_up() -> None:
    """Day 400 of 900: the second line is 400/900 as long as the first; samples of the legend apart."""
    many = [Line(line.label, line.rows.assign(at_risk=line.rows["at_risk"] + 10)) for line in TWO]
    (left, first), (start, second) = _pieces(curves(many, PANEL, notices=[]), 1.4)
    assert left == start == pytest.approx(1.4 * 72)
    assert (second - left) / (first - left) == pytest.approx(400 / 900, abs=0.01)


def test_where_fewer_than_five_are_at_risk_a_curve_is_thin() -> None:
    """7, 6, 5, 4, 3 at risk on days 100, 200, ...: after day 300 there are 4; of two patients all is thin."""
    days = [100, 200, 300, 400, 500]
    line = Line("x", steps(days, [90.0, 80.0, 70.0, 60.0, 60.0], n=7))
    svg = curves([line], PANEL, notices=[])
    (left, turn), (begin, end) = *_pieces(svg, 1.4), *_pieces(svg, 0.7)
    assert turn == begin
    assert (turn - left) / (end - left) == pytest.approx(300 / 500, abs=0.01)
    few = Line("y", steps(days[:2], [100.0, 50.0], n=2))
    assert [few_from(line), few_from(few), few_from(Line("z", line.rows.drop(columns="at_risk")))] == [2, -1, None]  # fmt: skip
    assert _pieces(curves([few], PANEL, notices=[]), 1.4) == []


def test_panels_side_by_side_can_have_the_same_axes() -> None:
    short = Line("x", steps([100, 200], [10.0, 20.0], n=20))
    panel = Panel("c1", "CIF", "", begins_at=0.0, last_day=730.5, top=65.0)
    seen = words_of(curves([short], panel, notices=[]))
    assert {"24", "80"} <= set(seen)
    assert "24" not in words_of(curves([short], Panel("c1", "CIF", "", begins_at=0.0), notices=[]))


def test_what_is_said_of_a_group_stands_below_it() -> None:
    line = Line("2023", TWO[1].rows, remark="2023: no event, so no interval")
    assert "2023: no event, so no interval" in words_of(curves([line], PANEL, notices=[]))


def test_every_notice_begins_a_line_of_its_own() -> None:
    assert notice_lines(["one two", "three"], 40) == ["one two", "three"]
    assert notice_lines(["word " * 100, "three"], 20)[3:] == ["three"]


def test_before_the_landmark_no_number_is_at_risk() -> None:
    rows = steps([365, 730], [90.0, 90.0], n=2)
    panel = Panel("km1", "OS", "", first_day=120)
    seen = words_of(curves([Line("all", rows)], panel, notices=[]))
    assert seen[seen.index("all") + 1 :][:5] == ["2", "2", "2", "1", "1"], "day 120, months 6 to 24"
    assert "landmark" in seen


def test_the_number_at_risk_at_the_landmark_touches_no_other() -> None:
    """Day 180 is half a day before month 6, as far as the eye goes the same place."""
    panel = Panel("km1", "OS", "", first_day=180, last_day=3650)
    svg = curves([Line("all", steps([365, 730], [90.0, 90.0], n=2))], panel, notices=[])
    texts = [t for t in fromstring(svg).iter(f"{SVG}text") if "".join(t.itertext()).strip() == "2"]
    own, month = (re.findall(r"translate\(([\d.]+)", t.get("transform", "")) or [t.get("x", "0")] for t in texts[:2])  # fmt: skip
    assert texts
    assert float(month[0]) - float(own[0]) > 7


def test_more_lines_than_can_be_told_apart_are_refused() -> None:
    with pytest.raises(ValueError, match=f"at most {LINES} lines, got {LINES + 1}"):
        curves([TWO[0]] * (LINES + 1), PANEL, notices=[])


def test_a_group_that_is_not_estimable_has_no_curve_and_says_so() -> None:
    rows = pd.DataFrame({"day": [10.0], "at_risk": [1.0], "n_censored": [0.0], "estimate": ["NE"], "low": ["NE"], "high": ["NE"]})  # fmt: skip
    svg = curves([Line("one", rows)], PANEL, notices=[])
    assert "one: not estimable on the last day of follow-up, day 10" in svg
    assert "nan" not in svg.lower()


def test_a_hundred_thousand_patients_make_a_small_figure() -> None:
    days = list(range(4000))
    rows = steps(days, list(np.linspace(100, 20, 4000)), n=100_000)
    assert kilobytes(curves([Line("many", rows)] * 3, PANEL, notices=[])) < 250
    many = population(100_000)
    assert len(drawn(many)) == PATIENTS
    small = trajectories(many, TIMEPOINTS, key="t1", title="T", notices=[])
    assert kilobytes(small) < 400
    assert kilobytes(alluvial(many, TIMEPOINTS, key="a1", title="A", notices=[])) < 60


def test_thinning_keeps_the_last_day_and_all_of_few() -> None:
    days = np.arange(0.0, 5000.0)
    kept = thinned(days, 100)
    assert len(kept) <= 101
    assert kept[-1] == 4999
    assert list(thinned(np.array([1.0, 5.0]), 100)) == [0, 1]


def _marks(svg: str) -> Element:
    return fromstring(svg)


def test_what_was_not_quantified_is_no_point() -> None:
    """Of six patients one has a level; two have limits; three stand in lanes."""
    svg = trajectories(population(), TIMEPOINTS, key="t1", title="T", notices=[])
    seen = words_of(svg)
    for lane in ("positive, no upper limit", "not evaluable", "not done"):
        assert seen[seen.index(lane) + 1 :][:2] == ["1", "1"]
    assert "after A: 1 quantified, 2 below a limit; after C: 1 quantified, 2 below a limit" in svg
    filled = [u for u in _marks(svg).iter(f"{SVG}use") if "fill: #d55e00" in (u.get("style") or "")]
    open_ones = [
        u for u in _marks(svg).iter(f"{SVG}use") if "fill-opacity: 0;" in (u.get("style") or "")
    ]
    assert len(filled) == 2
    assert len(open_ones) == 4


def test_a_level_of_zero_is_not_drawn() -> None:
    """The hand-off never has one; if it had, no place on a log axis is zero."""
    frame = population().assign(mrd_level_T1=0.0)
    svg = trajectories(frame, TIMEPOINTS, key="t1", title="T", notices=[])
    assert "after A: 0 quantified, 3 below a limit" in svg


def test_levels_of_two_trials_can_have_one_axis() -> None:
    low = population().iloc[1:]
    assert levels_of(population(), list(TIMEPOINTS)) == (1e-5, 1e-2)
    assert levels_of(population(0), list(TIMEPOINTS)) == (1e-4, 1e-2)
    told = {"key": "t1", "title": "T", "notices": []}
    assert "1e−2" not in words_of(trajectories(low, TIMEPOINTS, **told))
    assert "1e−2" in words_of(trajectories(low, TIMEPOINTS, **told, span=(1e-5, 1e-2)))


def test_bands_carry_the_number_of_patients() -> None:
    """4 positive (of them 1 negative later) and 2 negative of 6, one timepoint after the other."""
    frame = pd.DataFrame({
        "patient_id": list("abcdef"),
        "mrd_class_T1": ["positive"] * 4 + ["negative"] * 2,
        "mrd_class_T2": ["positive"] * 3 + ["negative"] * 2 + ["not_evaluable"],
    })  # fmt: skip
    svg = alluvial(frame, TIMEPOINTS, key="a1", title="A", notices=[])
    seen = words_of(svg)
    assert [text for text in seen if text.isdigit()] == ["3", "1", "1", "1"]
    for text in ("positive 4", "negative 2", "positive 3", "not evaluable 1", "after A", "after C"):
        assert text in seen


def test_a_class_outside_of_the_protocol_is_named() -> None:
    frame = pd.DataFrame({"patient_id": ["a"], "mrd_class_T1": [""]})
    seen = words_of(alluvial(frame, TIMEPOINTS, key="a1", title="A", notices=[]))
    assert "not in the protocol 1" in seen


@pytest.mark.parametrize("frame", [population(0), pd.DataFrame({"patient_id": ["a"]})])
def test_nothing_to_draw_is_refused(frame: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="no patients or no MRD classes to draw"):
        alluvial(frame, TIMEPOINTS, key="a1", title="A", notices=[])


def test_no_timepoints_no_trajectories() -> None:
    with pytest.raises(ValueError, match="no patients or no timepoints to draw"):
        trajectories(population(), {}, key="t1", title="T", notices=[])


def test_a_hazard_ratio_that_is_not_estimable_is_ne() -> None:
    effects = [
        Effect("a v b", NAN, NAN, NAN, "NE"),
        Effect("c v d", 0.5, 0.01, 88.0, "0.040", "9 / 2", "Adjusted"),
    ]
    seen = words_of(forest(effects, key="f1", title="LFS", notices=[]))
    assert seen.count("NE") == 3
    assert "0.50 (0.01–88.00)" in seen
    assert {"a v b", "c v d", "0.040", "LFS", "9 / 2", "Adjusted"} <= set(seen)


@pytest.mark.parametrize(
    ("effect", "first", "last"),
    [(Effect("x", 0.9, 0.8, 1.1), "0.5", "2"), (Effect("x", 3.0, 0.04, 2000.0), "0.05", "20"),
     (Effect("x", 50.0, 45.0, 80.0), "0.5", "50"), (Effect("x", 500.0, 0.9, 4e5), "0.5", "100"),
     (Effect("x", NAN, NAN, NAN), "0.5", "2"), (Effect("x", 1.2, NAN, NAN), "0.5", "2")],
)  # fmt: skip
def test_the_axis_of_a_forest_is_of_its_estimates(effect: Effect, first: str, last: str) -> None:
    """Intervals are followed to 0.05 and 20, estimates to 0.01 and 100."""
    seen = words_of(forest([effect], key="f1", title="F", notices=[]))
    ticks = [text for text in seen if re.fullmatch(r"[\d.]+", text)]
    assert (ticks[0], ticks[-1]) == (first, last)


def test_a_ratio_beyond_100_has_no_size_and_a_long_label_is_not_cut() -> None:
    label = "all trials: " + "MRD after C-1 (consolidation): positive v negative, " * 3
    seen = words_of(forest([Effect(label, 6.9, 0.04, 23456.0)], key="f1", title="F", notices=[]))
    assert "6.90 (0.04–>100)" in seen
    assert label.strip() in " ".join(seen)


@pytest.mark.parametrize("n", [0, ROWS + 1])
def test_a_forest_has_room_for_so_many(n: int) -> None:
    with pytest.raises(ValueError, match=f"1 to {ROWS} effects, got {n}"):
        forest([Effect("x", 1.0, 1.0, 1.0)] * n, key="f1", title="F", notices=[])


def test_the_flow_has_every_box_inside_the_picture() -> None:
    long = tuple(f"reason number {i} that is rather long to write in one line: {i}" for i in range(12))  # fmt: skip
    branches = [Branch((("OS from the start",), ("Analysed: 9",)), long)] * 3
    svg = flow(["Enrolled: 10", "A: 10"], branches, key="w1", title="W", notices=[NOTICE])
    root = fromstring(svg)
    width, height = float(root.get("width", 0)), float(root.get("height", 0))
    for box in root.iter(f"{SVG}rect"):
        x, y, w, h = (float(box.get(name, 0)) for name in ("x", "y", "width", "height"))
        assert x >= 0
        assert x + w <= width
        assert y + h <= height
    assert "Enrolled: 10" in words_of(svg)


def test_names_are_text_never_markup_and_never_mathematics() -> None:
    name = "<b>$x^2$</b>&_a"
    line = Line(name, TWO[0].rows)
    svgs = [
        curves([line], Panel("km1", name, name, name), notices=[name]),
        alluvial(population(), {"T1": name}, key="a1", title=name, notices=[name]),
        trajectories(population(), {"T1": name}, key="t1", title=name, notices=[name]),
        forest([Effect(name, 1, 1, 1)], key="f1", title=name, notices=[name]),
        flow([name], [Branch(((name,),))], key="w1", title=name, notices=[name]),
    ]
    for svg in svgs:
        assert "<b>" not in svg
        assert any("<b>$x^2$</b>" in text for text in words_of(svg))


@pytest.mark.parametrize("sign", ["\x00", "\x0b", "\n"])
def test_signs_that_xml_cannot_hold_are_left_out(sign: str) -> None:
    assert shortened(f"a{sign}b", 10) == "a b"
    words_of(curves([Line(f"a{sign}b", TWO[0].rows)], PANEL, notices=[f"c{sign}d"]))


def test_letters_that_the_font_lacks_are_left_to_the_browser() -> None:
    assert "試験" in words_of(curves([Line("試験", TWO[0].rows)], PANEL, notices=[]))


def test_long_names_are_shortened() -> None:
    assert shortened("x" * 30, 10) == "x" * 9 + "…"
