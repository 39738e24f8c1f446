"""The printed curve against the standards: with a layout, without one, and which wells it names."""

from __future__ import annotations

import math
import os
import statistics
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mrdq.errors import WARNING, MrdqError, Problem
from mrdq.instruments import Export, read_export
from mrdq.instruments.printed_curves import Points, curve_warnings, of_export, of_plate

SHARED = Path(os.environ.get("MRDQ_SHARED", Path(__file__).resolve().parents[3] / "shared"))
REAL = SHARED / "real"

STANDARDS = {
    "A1": (1000.0, 22.113), "A2": (1000.0, 22.240), "A3": (100.0, 25.502), "A4": (100.0, 25.671),
    "A5": (10.0, 28.954), "A6": (10.0, 29.107), "A7": (1.0, 32.308), "A8": (1.0, 32.777),
}  # fmt: skip
HEADER = (
    "Well\tOmit\tSample Name\tTarget Name\tTask\tCT\tQuantity\tY-Intercept\tR(superscript 2)\tSlope"
)
SCREEN = "Ours is used: compare the standards with the instrument's own screen."

Layout = dict[str, list[Any]]


def fit(wells: dict[str, tuple[float, float]]) -> tuple[float, float, float]:
    """Slope, intercept and R² by the standard library: no code shared with mrdq."""
    x = [math.log10(quantity) for quantity, _ in wells.values()]
    y = [cq for _, cq in wells.values()]
    slope, intercept = statistics.linear_regression(x, y)
    return slope, intercept, statistics.correlation(x, y) ** 2


def printed(wells: dict[str, tuple[float, float]], digits: int = 3) -> tuple[str, str, str]:
    slope, intercept, r_squared = (f"{value:.{digits}f}" for value in fit(wells))
    return slope, intercept, r_squared


def but(*wells: str) -> dict[str, tuple[float, float]]:
    return {well: point for well, point in STANDARDS.items() if well not in wells}


def export_of(
    curve: tuple[str, str, str],
    wells: dict[str, tuple[float, float]] = STANDARDS,
    *,
    omit: Iterable[str] = (),
    task: str = "STANDARD",
    target: str = "T",
) -> Export:
    slope, intercept, r_squared = curve
    rows = [
        "\t".join([well, str(well in omit).lower(), "DX", target, task, f"{cq:.3f}", f"{quantity:.3f}",
                   intercept, r_squared, slope])
        for well, (quantity, cq) in wells.items()
    ]  # fmt: skip
    rows.append(
        f"B1\tfalse\tP1\t{target}\tUNKNOWN\t30.125\t4.000\t{intercept}\t{r_squared}\t{slope}"
    )
    text = "\n".join(["* Block Type = 96well", "[Results]", HEADER, *rows, ""])
    export = read_export(text.encode(), "run.txt")
    assert export.printed_curves[target] == tuple(
        float(cell) if cell else None for cell in (slope, intercept, r_squared)
    )
    return export


def plate(
    export: Export,
    *,
    target: str = "",
    unit: float = 1.0,
    dilutions: bool = False,
    exclude: Iterable[str] = (),
    no_standards: Iterable[str] = (),
    more: dict[str, float] | None = None,
    quantities: dict[str, float] | None = None,
) -> Layout:
    """The wells of a run as a layout gives them; ``more`` are standards that the export has not."""
    rows: Layout = {name: [] for name in ("well", "target", "role", "dilution", "quantity_ng", "cq", "cq_state")}  # fmt: skip
    for well, named, task, quantity, cq, state in zip(
        export.well, export.target, export.task, export.quantity, export.cq, export.cq_state, strict=True
    ):  # fmt: skip
        dose = (quantities or {}).get(well, (more or {}).get(well, quantity)) * unit
        standard = (task == "STANDARD" and well not in no_standards) or well in (more or {})
        left_out = well in exclude
        values = (
            well, target or named, "standard" if standard else "sample", dose if dilutions else None,
            None if dilutions else dose, math.nan if left_out else cq, "omitted" if left_out else state,
        )  # fmt: skip
        for column, value in zip(rows.values(), values, strict=True):
            column.append(value)
    return rows


def told(export: Export, wells: Layout | None = None) -> list[Problem]:
    ours = of_export(export) if wells is None else of_plate(export, wells)
    found = curve_warnings(export, "run.txt", ours)
    assert {problem.level for problem in found} <= {WARNING}
    assert {problem.file for problem in found} <= {"run.txt"}
    return found


def warning(export: Export, wells: Layout | None = None) -> str:
    (problem,) = told(export, wells)
    return str(problem)


def test_least_squares() -> None:
    points = of_export(export_of(printed(STANDARDS)))["T"]
    assert list(points.points) == list(STANDARDS)
    assert points.fit() == pytest.approx(fit(STANDARDS), rel=1e-12)
    assert points.without(["A1", "A8"]).fit() == pytest.approx(fit(but("A1", "A8")), rel=1e-12)


@pytest.mark.parametrize(
    "points", [{}, {"A1": (1.0, 20.0)}, {"A1": (1.0, 20.0), "A2": (1.0, 21.0)},
               {"A1": (1.0, 20.0), "A2": (2.0, 20.0)}],
)  # fmt: skip
def test_points_that_make_no_curve(points: dict[str, tuple[float, float]]) -> None:
    assert Points(points).fit() is None


def test_only_determined_standards_with_a_quantity_count() -> None:
    export = export_of(printed(but("A3")), omit=["A3"])
    assert "A3" not in of_export(export)["T"].points
    assert "B1" not in of_export(export)["T"].points
    assert of_export(export_of(printed(STANDARDS), task="UNKNOWN")) == {}


@pytest.mark.parametrize("digits", [2, 3, 4, 7])
@pytest.mark.parametrize("omit", [(), ("A4",), ("A1", "A8")])
def test_a_curve_of_all_wells_that_are_not_omitted(digits: int, omit: tuple[str, ...]) -> None:
    export = export_of(printed(but(*omit), digits), omit=omit)
    assert told(export) == []
    assert told(export, plate(export)) == []


def test_a_layout_in_another_unit_and_under_another_name() -> None:
    """Quantities of the export are its own: the slope and R² are held, and no intercept."""
    export = export_of(printed(STANDARDS))
    assert told(export, plate(export, unit=6.6e-3)) == []
    assert told(export, plate(export, unit=1e-4, dilutions=True)) == []
    assert told(export, plate(export, target="SIM-000001-IG", unit=1e-4, dilutions=True)) == []


def test_a_well_with_two_targets_is_named_by_both() -> None:
    one, other = export_of(printed(STANDARDS)), export_of(printed(STANDARDS), target="U")
    joined = {
        name: [*getattr(one, name), *getattr(other, name)]
        for name in ("well", "target", "task", "quantity", "cq", "cq_state")
    }
    both = Export("x", "", "", "", "", joined["well"], joined["target"], [], joined["task"], [], joined["quantity"],
                  joined["cq"], joined["cq_state"], [], [], one.printed_curves | other.printed_curves, [])  # fmt: skip
    assert told(both, plate(both)) == []
    ours = of_plate(both, plate(one, target="another"))
    assert set(ours) == {"another"}  # nobody can tell which of the two it is


def test_no_printed_curve_or_no_slope() -> None:
    assert told(export_of(("", "", "0.5"))) == []
    assert told(export_of(("", "12.0", "0.5"))) == []
    other = export_of(printed(STANDARDS))
    bare = replace(other, printed_curves={})
    assert curve_warnings(bare, "run.txt", {}) == []


def test_wells_omitted_by_the_instrument_that_the_export_does_not_name() -> None:
    message = warning(export_of(printed(but("A8"))))
    ours = fit(STANDARDS)[0]
    assert message == (
        f'run.txt, column target T: found "slope {ours:.3f} of 8 wells", expected the curve that the instrument '
        f"printed, slope {fit(but('A8'))[0]:.3f}, it seems of 7 wells. Without A8 the Cq give it: left out in the "
        f"software, unsaid by the export? {SCREEN}"
    )


def test_several_wells_omitted_unsaid() -> None:
    message = warning(export_of(printed(but("A7", "A8"), 7)))
    assert "of 8 wells" in message
    assert "of 6 wells" in message
    assert "Without A7, A8 the Cq give it: left out in the software, unsaid" in message


def test_where_several_omissions_would_do_none_is_named() -> None:
    """Wells of the same quantity and Cq cannot be told apart."""
    twins = STANDARDS | {"A7": STANDARDS["A8"]}
    without = {well: point for well, point in twins.items() if well != "A8"}
    message = warning(export_of(printed(without), twins))
    assert "The Cq of the export do not give the printed curve: was the export edited?" in message
    assert "of 7 wells" not in message


@pytest.mark.parametrize("well", STANDARDS)
def test_one_cq_changed(well: str) -> None:
    quantity, cq = STANDARDS[well]
    assert len(told(export_of(printed(STANDARDS), STANDARDS | {well: (quantity, cq + 0.3)}))) == 1


@pytest.mark.parametrize("well", ["A1", "A8"])
def test_one_quantity_changed(well: str) -> None:
    quantity, cq = STANDARDS[well]
    message = warning(export_of(printed(STANDARDS), STANDARDS | {well: (quantity * 2, cq)}))
    assert "was the export edited?" in message


def test_the_intercept_and_r_squared_are_held_too() -> None:
    """All quantities ten times as large: the slope is the same."""
    slope, intercept, r_squared = printed(STANDARDS)
    tenfold = {well: (10 * quantity, cq) for well, (quantity, cq) in STANDARDS.items()}
    assert "was the export edited?" in warning(export_of((slope, intercept, r_squared), tenfold))
    assert len(told(export_of((slope, intercept, "0.900")))) == 1
    assert told(export_of((slope, "", ""))) == []
    assert told(export_of((slope, intercept, ""))) == []


def test_zeros_that_were_printed_at_the_end_are_lost() -> None:
    """-3.400 is kept as -3.4: the intercept tells how many digits there were."""
    slope, intercept, r_squared = printed(STANDARDS)
    assert not slope.endswith("0")
    assert len(told(export_of((f"{float(slope):.1f}00", intercept, r_squared)))) == 1


def test_a_curve_without_standards_in_the_export() -> None:
    """The software lets a curve be taken over from another run."""
    export = export_of(printed(STANDARDS), task="UNKNOWN")
    message = warning(export)
    assert 'found "no slope of 0 wells"' in message
    assert "names no standards with a quantity and a Cq for this target" in message
    assert "the curve may be of another run" in message
    assert "edited" not in message


def test_standards_that_only_the_layout_knows() -> None:
    """The instrument's curve has no well that is a sample for it."""
    wells = STANDARDS | {"A9": (1.0, 33.9)}
    export = export_of(printed(STANDARDS), STANDARDS)
    export.well.append("A9"), export.target.append("T"), export.task.append("UNKNOWN")
    export.quantity.append(math.nan), export.cq.append(33.9), export.cq_state.append("determined")
    message = warning(export, plate(export, more={"A9": 1.0}))
    assert f'found "slope {fit(wells)[0]:.3f} of 9 wells"' in message
    assert f"printed, slope {fit(STANDARDS)[0]:.3f} of 8 wells." in message
    assert f". Standards of the layout and not of the export: A9. {SCREEN}" in message


@pytest.mark.parametrize("how", ["exclude", "no_standards"])
def test_standards_that_the_layout_leaves_out(how: str) -> None:
    export = export_of(printed(STANDARDS))
    message = warning(export, plate(export, **{how: ["A7", "A8"]}))  # type: ignore[arg-type]
    assert f'found "slope {fit(but("A7", "A8"))[0]:.3f} of 6 wells"' in message
    assert f"slope {fit(STANDARDS)[0]:.3f} of 8 wells." in message
    assert f". Left out by the layout, or no standards there: A7, A8. {SCREEN}" in message


def test_a_layout_without_any_standard() -> None:
    export = export_of(printed(STANDARDS))
    message = warning(export, plate(export, no_standards=list(STANDARDS)))
    assert 'found "no slope of 0 wells"' in message
    assert "no standards there: A1, A2, A3, A4, A5, A6, A7, A8." in message


@pytest.mark.parametrize("unit", [1.0, 1e-4])
def test_another_quantity_in_the_layout(unit: float) -> None:
    export = export_of(printed(STANDARDS))
    message = warning(export, plate(export, unit=unit, quantities={"A7": 2.0, "A8": 2.0}))
    assert "of 8 wells" in message
    assert f". Another quantity in the export: A7, A8. {SCREEN}" in message


def test_everything_at_once() -> None:
    export = export_of(printed(STANDARDS))
    wells = plate(export, exclude=["A1"], more={"B1": 5.0}, quantities={"A8": 2.0})
    message = warning(export, wells)
    assert "Standards of the layout and not of the export: B1. Left out by the layout" in message
    assert "no standards there: A1. Another quantity in the export: A8. Ours" in message


def test_an_edited_export_is_told_before_the_layout() -> None:
    wells = STANDARDS | {
        "A7": (1.0, 33.3),
        "A1": (1000.0, 22.5),
        "A5": (10.0, 28.0),
        "A4": (100.0, 26.4),
    }
    export = export_of(printed(STANDARDS), wells)
    assert "was the export edited?" in warning(export, plate(export, exclude=["A8"]))


def test_a_layout_that_leaves_out_what_the_instrument_left_out_unsaid() -> None:
    export = export_of(printed(but("A8")))
    assert told(export, plate(export, exclude=["A8"])) == []


def test_one_warning_for_each_target() -> None:
    one = export_of(printed(but("A8")))
    curves = one.printed_curves | {"U": (-3.3, 38.0, 0.99), "V": (None, None, None)}
    both = replace(one, printed_curves=curves)
    assert [problem.column for problem in told(both)] == ["target T", "target U"]


def real_files() -> list[str]:
    if not REAL.is_dir():
        return []
    return sorted(path.relative_to(REAL).as_posix() for path in REAL.glob("*/*"))


@pytest.mark.skipif(
    not REAL.is_dir(), reason=f"real instrument exports are absent: {REAL} (set MRDQ_SHARED)"
)
@pytest.mark.parametrize("name", real_files())
def test_what_an_instrument_wrote_gives_no_warning(name: str) -> None:
    """Each means, deviations and curves are the software's own: any warning would be a false alarm."""
    try:
        export = read_export((REAL / name).read_bytes(), name)
    except MrdqError:
        pytest.skip("a file that no reader takes")
    assert curve_warnings(export, name, of_export(export)) == []
    assert [warning for warning in export.warnings if "printed" in warning.expected] == []


@pytest.mark.skipif(
    not REAL.is_dir(), reason=f"real instrument exports are absent: {REAL} (set MRDQ_SHARED)"
)
def test_a_standard_of_a_real_export_that_was_left_out_unsaid() -> None:
    """The printed curve has all standards; take one away that moves it, and its absence shows."""
    name = "ab_quantstudio_txt/allotropy__appbio_quantstudio_example04.txt"
    export = read_export((REAL / name).read_bytes(), name)
    (target,) = export.printed_curves
    points = of_export(export)[target]
    slope, *_ = export.printed_curves[target]
    moving = [w for w in points.points if abs(points.without([w]).fit()[0] - slope) > 0.003]
    assert len(moving) > 5
    for well in moving:
        (problem,) = curve_warnings(export, name, {target: points.without([well])})
        assert f"no standards there: {well}." in problem.remedy
        assert f"of {len(points.points)} wells" in problem.expected
        assert f"of {len(points.points) - 1} wells" in problem.found
