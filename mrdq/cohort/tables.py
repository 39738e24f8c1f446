"""The tables of a cohort: every column declared once; percentages run from 0 to 100.

A cell of kind ``estimate`` is a number or ``NE``, not estimable; ``docs/cohort.md`` is printed
from here.
"""

from __future__ import annotations

from mrdq import vocabulary as words
from mrdq.survival import DEATH as DEATH
from mrdq.survival import ENDPOINTS as ENDPOINTS
from mrdq.survival import RELAPSE as RELAPSE
from mrdq.tables import COUNT, REAL, TEXT, Column, Table

ESTIMATE = "estimate"
NE = "NE"
"""Not estimable: the data hold no answer (nobody followed so long, nothing happened)."""

FROM_START, LANDMARK = "from_start", "landmark"
ANALYSES = (FROM_START, LANDMARK)
NO_CENSORING, AT_TRANSPLANT = "none", "transplant"
CENSORINGS = (NO_CENSORING, AT_TRANSPLANT)
CAUSES = (RELAPSE, DEATH)
ALL = "all"
"""In place of a trial: all of them together; in place of a group or stratum: everyone."""
EVALUABLE, ENROLLED = "evaluable", "enrolled"
DENOMINATORS = (EVALUABLE, ENROLLED)
COUNTED_AS = (words.NEGATIVE, words.POSITIVE, "interval")

_UNIT = {"low": "lower limit of the 95 % interval", "high": "upper limit of the 95 % interval"}


def _text(name: str, doc: str, vocabulary: tuple[str, ...] = ()) -> Column:
    return Column(name, TEXT, doc, words=vocabulary)


def _count(name: str, doc: str) -> Column:
    return Column(name, COUNT, doc)


def _real(name: str, doc: str, unit: str = "") -> Column:
    return Column(name, REAL, doc, unit)


def _estimate(name: str, doc: str = "", unit: str = "") -> Column:
    return Column(name, ESTIMATE, doc or _UNIT[name], unit)


_ANALYSIS = _text("analysis", "from the start of treatment, or from the landmark", ANALYSES)
_ENDPOINT = _text("endpoint", "endpoint", ENDPOINTS)
_CENSORING = _text("censoring", "whether patients are censored at transplantation", CENSORINGS)
_TRIAL = _text("trial", f"trial, or {ALL}")
_GROUP = _text("group", f"what the strata are of: {ALL}, age_group, mrd_<timepoint>")
_STRATUM = _text("stratum", f"stratum of the group, or {ALL}")
_TIMEPOINT = _text("timepoint", "timepoint of the protocol")
_N = _count("n", "patients analysed")
_EVENTS = _count("n_events", "events among them")
_WHO = (_ANALYSIS, _ENDPOINT, _CENSORING, _TRIAL, _GROUP, _STRATUM)
_P = _estimate("p", "two-sided p value")

FLOW = Table("flow.tsv", "who was analysed, and how many were left out and why", ("analysis", "trial", "step"), (
    _text("analysis", "the analysis, in words"), _TRIAL,
    _text("step", "enrolled, left out with the reason, or analysed"), _count("n", "patients"),
))  # fmt: skip
EXCLUDED = Table("excluded.tsv", "every patient left out of an analysis", ("analysis", "patient_id"), (
    _text("analysis", "the analysis, in words"), _text("patient_id", "patient"), _TRIAL,
    _text("reason", "the first reason that applies"),
))  # fmt: skip
TABLE_ONE = Table("table1.tsv", "the patients at a glance, by trial", ("characteristic", "level", "trial"), (
    _text("characteristic", "what is described"), _text("level", "its level; empty for a number"), _TRIAL,
    _count("n", "patients with that level, or with a known value"), _count("total", "patients enrolled"),
    _real("percent", "n of total", "%"), _real("median", "median of a number"),
    _real("minimum", "lowest"), _real("maximum", "highest"),
))  # fmt: skip
MRD_RATES = Table("mrd_rates.tsv", "MRD by trial and timepoint", ("timepoint", "trial", "result", "denominator"), (
    _TIMEPOINT, _TRIAL, _text("result", "what the protocol counts the result as", words.MRD_CLASSES),
    _text("denominator", "evaluable patients, or all enrolled (the published one)", DENOMINATORS),
    _count("n", "patients with that result"), _count("total", "the denominator"),
    _estimate("percent", "n of total", "%"),
    _estimate("wilson_low", "lower limit of Wilson's 95 % interval", "%"), _estimate("wilson_high", "upper limit", "%"),
    _estimate("exact_low", "lower limit of the 95 % interval of Clopper and Pearson", "%"),
    _estimate("exact_high", "upper limit", "%"),
    _count("n_insensitive", "negatives without the sensitivity that a complete response asks for (1e-4)"),
))  # fmt: skip
MRD_TESTS = Table("mrd_tests.tsv", "MRD compared between trials", ("timepoint", "result", "denominator", "test"), (
    _TIMEPOINT, _text("result", "the result whose share is compared with everything else of the denominator", words.MRD_CLASSES[:3]),
    _text("denominator", "of whom", DENOMINATORS),
    _text("test", "Pearson's χ², the same with Yates' correction, Fisher's exact test", ("pearson", "yates", "fisher")),
    _estimate("statistic", "χ², or the odds ratio for Fisher's"), _count("df", "degrees of freedom"), _P,
    _text("note", "why a cell is NE"),
))  # fmt: skip
ESTIMATES = Table("estimates.tsv", "Kaplan-Meier estimates at fixed times", ("analysis", "endpoint", "censoring", "trial", "group", "stratum", "day"), (
    *_WHO, _count("months", "time from the start of treatment"), _count("day", "the same in days (30.4375 a month)"),
    _N, _count("n_events", "events up to that day"), _count("at_risk", "patients followed to that day or longer"),
    _estimate("estimate", "share without the event", "%"), _estimate("low", unit="%"), _estimate("high", unit="%"),
    _real("bound", "one-sided 97.5 % lower bound where nothing happened", "%"), _text("note", "why a cell is NE"),
    _count("last_day", "longest follow-up"), _real("last_estimate", "share at the end of the follow-up", "%"),
    _real("last_low", "its lower limit", "%"), _real("last_high", "its upper limit", "%"),
))  # fmt: skip
CURVES = Table("curves.tsv", "the steps of the Kaplan-Meier curves", ("analysis", "endpoint", "censoring", "trial", "group", "stratum", "day"), (
    *_WHO, _count("day", "day from the start of treatment"), _count("at_risk", "patients at risk just before"),
    _count("n_events", "events on that day"), _count("n_censored", "patients last seen on that day"),
    _estimate("estimate", "share without the event after that day", "%"), _estimate("low", unit="%"), _estimate("high", unit="%"),
))  # fmt: skip
TESTS = Table("tests.tsv", "survival and incidence compared", ("analysis", "endpoint", "censoring", "comparison", "trial", "group", "stratum", "test", "strata"), (
    _ANALYSIS, _text("endpoint", "endpoint, or the cause whose incidence is compared", (*ENDPOINTS, *CAUSES)), _CENSORING,
    _text("comparison", "what is compared: trial, age_group or mrd_<timepoint>"), _TRIAL, _GROUP, _STRATUM,
    _text("test", "the test", ("logrank", "logrank_stratified", "gray")), _text("strata", "what a stratified test is stratified by"),
    _N, _EVENTS, _estimate("statistic", "χ²"), _count("df", "degrees of freedom"), _P, _text("note", "why a cell is NE"),
))  # fmt: skip
COX = Table("cox.tsv", "hazard ratios", ("analysis", "endpoint", "censoring", "trial", "model", "covariate", "level", "method"), (
    _ANALYSIS, _ENDPOINT, _CENSORING, _TRIAL, _text("model", "the covariates of the model"), _text("covariate", "covariate"),
    _text("level", "level that is compared; empty for a number"), _text("reference", "with which it is compared"),
    _text("method", "partial likelihood with Efron's ties, or with Firth's penalty", ("efron", "firth")), _N, _EVENTS,
    _estimate("hazard_ratio", "hazard ratio"), _estimate("low"), _estimate("high"), _P,
    _estimate("ph_statistic", "χ² of the check of proportional hazards"), _estimate("ph_p", "its p value"),
    _text("note", "why a cell is NE"),
))  # fmt: skip
COMPETING = Table("competing.tsv", "cumulative incidence with competing risks (Aalen-Johansen)", ("analysis", "cause", "trial", "group", "stratum", "day"), (
    _ANALYSIS, _text("cause", "relapse, or death without relapse", CAUSES), _TRIAL, _GROUP, _STRATUM,
    _count("months", "time from the start of treatment"), _count("day", "the same in days"), _N,
    _count("n_events", "events of that cause up to that day"), _count("at_risk", "patients followed to that day or longer"),
    _estimate("estimate", "cumulative incidence", "%"), _estimate("low", unit="%"), _estimate("high", unit="%"),
    _text("note", "why a cell is NE"), _count("last_day", "longest follow-up"),
    _real("last_estimate", "incidence at the end of the follow-up", "%"),
))  # fmt: skip
COMPETING_CURVES = Table("competing_curves.tsv", "the steps of the cumulative incidences", ("analysis", "cause", "trial", "group", "stratum", "day"), (
    _ANALYSIS, _text("cause", "relapse, or death without relapse", CAUSES), _TRIAL, _GROUP, _STRATUM,
    _count("day", "day from the start of treatment"), _count("at_risk", "patients at risk just before"),
    _count("n_events", "events of that cause on that day"), _count("n_censored", "patients last seen on that day"),
    _estimate("estimate", "cumulative incidence after that day", "%"), _estimate("low", unit="%"), _estimate("high", unit="%"),
))  # fmt: skip
FOLLOW_UP = Table("follow_up.tsv", "median follow-up by reverse Kaplan-Meier", ("endpoint", "trial"), (
    _ENDPOINT, _TRIAL, _N, _estimate("median_days", "median follow-up", "day"),
    _estimate("low", unit="day"), _estimate("high", unit="day"),
))  # fmt: skip
SENSITIVITY = Table("sensitivity.tsv", "what another way to count would have given", ("conclusion", "trial", "timepoint", "cutoff", "below_range", "not_evaluable"), (
    _text("conclusion", "the conclusion, in words"), _TRIAL, _TIMEPOINT,
    _text("cutoff", "level from which a result is positive; protocol = as the protocol counts, any = whatever is positive"),
    _text("below_range", "how positives below the range are counted", ("protocol", *COUNTED_AS)),
    _text("not_evaluable", "how results that are not evaluable are counted", ("protocol", *COUNTED_AS)),
    _count("n", "patients that could be counted"), _count("n_positive", "counted as MRD-positive"),
    _estimate("value", "share of MRD-negative (%), odds ratio of two trials, or Peto's hazard ratio from the log-rank test"), _estimate("low"), _estimate("high"), _P,
    _estimate("base_value", "the value as the protocol counts"), _estimate("base_p", "the p value as the protocol counts"),
    _text("changes", "yes: p crosses 0.05, a significant ratio turns round, or the share leaves the base's interval", ("yes",)),
))  # fmt: skip
AGAINST = Table("against.tsv", "published figures beside ours", ("endpoint", "trial", "timepoint", "group", "stratum", "months", "what"), (
    _text("endpoint", "endpoint; empty for MRD"), _TRIAL, _text("timepoint", "timepoint of an MRD rate"), _GROUP, _STRATUM,
    _text("months", "months of an estimate"), _text("what", "the cell", ("estimate", "low", "high", "p", "percent")),
    _text("as_printed", "as it was printed"), _real("published", "the number that ours is compared with"),
    _estimate("ours", "ours"), _real("difference", "ours - published"),
    _text("within", "whether they agree", ("true", "false")),
    _text("how", "what ours is compared with: the figure as printed, its repaired limit; or that ours is the end of the curve",
          ("as printed", "repaired limit", "end of the curve")), _text("note", "what to know about the cell"),
))  # fmt: skip
TABLES = (FLOW, EXCLUDED, TABLE_ONE, MRD_RATES, MRD_TESTS, ESTIMATES, CURVES, TESTS, COX, COMPETING, COMPETING_CURVES,
          FOLLOW_UP, SENSITIVITY, AGAINST)  # fmt: skip
BY_NAME = {table.name.removesuffix(".tsv"): table for table in TABLES}
