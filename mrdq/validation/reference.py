"""A second reading of the contract: slow, scalar, and written to be read beside it.

Plain Python on lists of dicts, one function per definition of the contract's section 4, then
the gates, the calls (section 4), the evidence (5) and the patient status (6).  It shares no
code and no idea with the package's engine: where both give the same result for thousands of
random studies, both read the contract alike.

Nothing is rounded.  A missing value is ``None``.  The interval of a level is not defined
here (the contract names what it carries, not its formula): ``mrd_level_low`` and
``mrd_level_high`` stay ``None``.
"""

from __future__ import annotations

from mrdq.validation.reference_calls import (
    call_of,
    evidence_of_controls,
    evidence_of_curve,
)
from mrdq.validation.reference_curve import (
    Curve,
    efficiency,
    is_accepted,
    step_per_tenfold,
    value_on_curve,
)
from mrdq.validation.reference_sample import (
    Index,
    is_above_curve,
    level_before_blasts,
    mrd_level,
)
from mrdq.validation.reference_status import status_of, supersede
from mrdq.validation.reference_study import (
    CALL_COLUMNS,
    CURVE_COLUMNS,
    EUROMRD_2024,
    EVIDENCE_COLUMNS,
    GATES,
    RULE_SETS,
    STATUS_COLUMNS,
    THERAPY_INTENSIFICATION,
    THERAPY_REDUCTION,
    Protocol,
    Result,
    Row,
    Rules,
    Study,
)

__all__ = [
    "CALL_COLUMNS",
    "CURVE_COLUMNS",
    "EUROMRD_2024",
    "EVIDENCE_COLUMNS",
    "GATES",
    "RULE_SETS",
    "STATUS_COLUMNS",
    "THERAPY_INTENSIFICATION",
    "THERAPY_REDUCTION",
    "Curve",
    "Protocol",
    "Result",
    "Rules",
    "Study",
    "analyse",
    "efficiency",
    "is_above_curve",
    "level_before_blasts",
    "mrd_level",
    "step_per_tenfold",
    "value_on_curve",
]


def curve_row(curve: Curve, rules: Rules) -> Row:
    values = (
        curve.run_id,
        curve.target,
        curve.kind,
        curve.n_dilutions,
        curve.n_wells,
        curve.slope,
        curve.intercept,
        curve.r_squared,
        efficiency(curve.slope),
        curve.residual_sd,
        curve.background,
        curve.quantitative_range,
        curve.sensitivity,
        is_accepted(curve, rules),
    )
    return dict(zip(CURVE_COLUMNS, values, strict=True))


def analyse(study: Study) -> Result:
    """Wells and sheets in, the contract's tables out, sorted by their keys."""
    index, rules = Index(study), study.rules
    curves, calls, evidence = [], [], []
    for key in sorted(index.curves):
        curve = index.curves[key]
        curves.append(curve_row(curve, rules))
        evidence += evidence_of_curve(curve, rules)
        if curve.kind == "mrd":
            evidence += evidence_of_controls(curve, index.blocks[key], rules)
    for subject in index.subjects():
        row, rows = call_of(subject, index)
        calls.append(row)
        evidence += rows
    supersede(calls, study.runs)

    by_timepoint: dict[tuple[str, str], list[Row]] = {
        (sample["patient_id"], sample["timepoint"]): [] for sample in study.samples
    }
    for call in calls:
        by_timepoint[call["patient_id"], call["timepoint"]].append(call)
    status = [status_of(*key, by_timepoint[key], index) for key in sorted(by_timepoint)]
    evidence.sort(
        key=lambda row: (row["run_id"], row["target"], row["sample_id"] or "", row["criterion"])
    )
    return Result(curves, calls, evidence, status)
