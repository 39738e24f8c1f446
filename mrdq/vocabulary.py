"""The words of the tables: the only spelling of a role, state, outcome, call or status.

Sources of the words: contract sections 1, 3, 5 and 6; meanings in ``GLOSSARY.md``.
"""

from __future__ import annotations

STANDARD, SAMPLE, BACKGROUND, NTC, EMPTY = "standard", "sample", "background", "ntc", "empty"
ROLES = (STANDARD, SAMPLE, BACKGROUND, NTC, EMPTY)

DETERMINED, UNDETERMINED, OMITTED = "determined", "undetermined", "omitted"
CQ_STATES = (DETERMINED, UNDETERMINED, OMITTED)

MRD, CONTROL_GENE = "mrd", "control_gene"
KINDS = (MRD, CONTROL_GENE)

LOCI = ("IGH", "IGK", "IGL", "TRB", "TRG", "TRD")

PASS, FAIL, NOT_APPLICABLE, NOT_EVALUABLE = "pass", "fail", "not_applicable", "not_evaluable"
OUTCOMES = (PASS, FAIL, NOT_APPLICABLE, NOT_EVALUABLE)

POSITIVE_QUANTIFIABLE = "positive_quantifiable"
POSITIVE_NOT_QUANTIFIABLE = "positive_not_quantifiable"
LOW_POSITIVE_BELOW_RANGE = "low_positive_below_range"
UNCERTAIN_SIGNIFICANCE = "uncertain_significance"
NEGATIVE = "negative"
NOT_DONE = "not_done"

# The rank by which the calls of one timepoint are combined: lower decides (contract section 6).
CALL_RANK = {
    POSITIVE_QUANTIFIABLE: 0,
    POSITIVE_NOT_QUANTIFIABLE: 1,
    LOW_POSITIVE_BELOW_RANGE: 1,
    UNCERTAIN_SIGNIFICANCE: 2,
    NEGATIVE: 3,
    NOT_EVALUABLE: 4,
}
CALLS = tuple(CALL_RANK)
STATUSES = (*CALLS, NOT_DONE)

# Detected, and not quantified.
BELOW_RANGE = (POSITIVE_NOT_QUANTIFIABLE, LOW_POSITIVE_BELOW_RANGE, UNCERTAIN_SIGNIFICANCE)

COMPLETE, INTERMEDIATE, FAILURE = "complete", "intermediate", "failure"
RESPONSES = (COMPLETE, INTERMEDIATE, FAILURE, NOT_EVALUABLE)

REPEAT = "repeat"

# Columns that narrow an omission of the amendments sheet; without any it is of the whole run.
NARROWED_BY = ("target", "well", "sample_id")

# What a row of the amendments sheet does: leaves wells out, or changes one call.
OMIT, CALL = "omit", "call"
AMENDMENTS = (OMIT, CALL)

# What a protocol makes of a status: positive, negative, or neither of the two.
POSITIVE, UNDECIDED = "positive", "undecided"
MRD_CLASSES = (POSITIVE, NEGATIVE, UNDECIDED, NOT_EVALUABLE, NOT_DONE)

AMENDED = "amended"

# What a person should look at: flag -> what it means.  Docs and reports are made from this.
FLAGS = {
    "signal_seen": "not evaluable, yet a well of the sample gave a signal that would count as positive",
    "above_curve": "the level lies above the highest standard: quantifiable by extrapolation",
    "discordant_runs": "evaluable runs of this sample and target differ between positive and negative: review",
    "control_gene_ntc_signal": "a no-template control of the control gene gave a signal",
    "control_gene_other_run": "the amount of DNA was measured in another run than the MRD target",
    "no_sensitivity": "no dilution met the definition of sensitivity; a negative here proves nothing",
    "wells_omitted": "wells of this sample were left out, by the instrument, the layout or an amendment",
    "other_material": "other materials were examined at this timepoint and did not decide",
    "discordant_targets": "evaluable targets of this timepoint differ between positive and negative",
    AMENDED: "a person left wells out or changed a call that this rests on: see the amendments",
}
