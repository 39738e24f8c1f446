"""Which test a p value is said to be of: only an unnamed one is held against counts."""

from __future__ import annotations

import re

_OF_RATES = (
    r"\bCMH\b|\bCochran|\bMantel|\bHaenszel|\bstratif|\badjust|\bMcNemar|\bpaired\b|\bmatched[- ]pairs?\b|\bpropensity"
    r"|\btrend\b(?!\s+(?:to|towards?)\b)|\bArmitage|\bnon-?\s?inferior|\bequivalence\b|\bmultivaria|\bregression\b|\blogistic"
    r"|\blikelihood|\bWald\b|\bmid-?p\b|\bBarnard|\bBoschloo|\bunconditional\b|\bpermutation|\bbootstrap|\bBayes|\bposterior\b"
    r"|\binteraction\b|\bheterogeneity\b|\bmeta-?anal|\bGEE\b|\bgenerali[sz]ed\b|\bmixed[- ](?:effects?|model)|\bcluster"
    r"|\bweighted\b|\bIPTW\b|\bBonferroni|\bHolm\b|\bHochberg|\bmultiplicity|\bmultiple (?:tests|testing|comparisons)"
    r"|\bfalse discovery|\bFDR\b|\bFarrington|\bMiettinen|\bNewcombe"
)
_OF_OTHERS = (
    r"\blog[- ]?rank|\bGray\b|\bCox\b|\bproportional hazards|\bBreslow|\bGehan|\bTarone|\bPeto\b|\bFine[- ](?:and[- ])?Gray"
    r"|\bWilcoxon|\bMann[- ]|\bKruskal|\bANOVA\b|\bt[- ]test|\bStudent|\bF[- ]test|\bSpearman|\bcorrelat|\bKendall|\bJonckheere"
)  # fmt: skip
_OTHER = re.compile(f"{_OF_RATES}|{_OF_OTHERS}", re.I)
_RATES = re.compile(_OF_RATES, re.I)
_ONE_SIDED = re.compile(r"\b(?:one|1)[- ]?(?:sided|tailed)", re.I)
_COMPARES = re.compile(r"\bcompar|\btest(?:s|ed|ing)?\b|\bp\b|\bp[- ]?values?\b", re.I)
_CHI_SQUARE = re.compile(
    r"\bchi\b|\bchi-?sq|χ|\bpearson(?!.*correlat)|\byates|\blog[- ]?rank|\bGray|\bCMH\b|\bMantel|\bWald|\blikelihood|\bLRT\b"
    r"|\bscore\b|\bKruskal|\bMcNemar|\bBreslow|\bCochran", re.I
)  # fmt: skip
_TEST_NAME = re.compile(r"log[- ]?rank|fisher|pearson|yates|\bchi|χ|\bCMH\b|McNemar|\bgray'?s? test|wilcoxon|mann[- ]", re.I)  # fmt: skip
_ABOUT_P = re.compile(r"adjusted|stratified|sided|tailed|nominal|varia|\braw\b|exact|test|log[- ]?rank|fisher|pearson|yates|chi|χ|CMH|McNemar|gray|wilcoxon|mann", re.I)  # fmt: skip
_P_VALUE = re.compile(r"\bp[- ]?values?\b", re.I)
_STARTS_WITH_P = re.compile(r"p(?:$|\s*[(\[,:*]|[\s-]+(?:for|by|of|from|using|trend|adj|corr|\w*adjusted|\w*stratified|log|fisher|chi|χ))", re.I)  # fmt: skip
_ENDS_WITH_P = re.compile(r"(?<![\w-])\(?p\)?$", re.I)
_NO_P_COLUMN = re.compile(r"\bn\s*=|%|\bCIs?\b|\bratio|\b[as]?HR\b|\bOR\b|\bRR\b|hazard")


def other_test(text: str) -> str:
    """The words that name a test other than Pearson's, Yates' and Fisher's; "" for none."""
    found = _OTHER.search(_words(text))
    return _whole_word(found) if found else ""


def other_test_elsewhere(sentence: str) -> str:
    """The other test that a sentence on methods says rates are compared by; "" for none."""
    found = _RATES.search(sentence)
    return _whole_word(found) if found and _COMPARES.search(sentence) else ""


def is_one_sided(text: str) -> bool:
    return _ONE_SIDED.search(_words(text)) is not None


def has_chi_square(text: str) -> bool:
    """Whether the statistic of the test with this name is a χ²."""
    return _CHI_SQUARE.search(_words(text)) is not None


def is_p_label(label: str) -> bool:
    """Whether a column or row of this name holds p values."""
    label = label.strip()
    if _NO_P_COLUMN.search(label):
        return False
    if any(words.search(label) for words in (_P_VALUE, _TEST_NAME)) or _STARTS_WITH_P.match(label):
        return True
    last = _ENDS_WITH_P.search(label)
    return last is not None and _ABOUT_P.search(label) is not None


def _words(text: str) -> str:
    return text.replace("_", " ")


def _whole_word(found: re.Match[str]) -> str:
    """The match and the rest of its word: ``stratif`` is ``stratified``."""
    rest = re.match(r"[\w-]*", found.string[found.end() :])
    return (found[0] + (rest[0] if rest else "")).strip("- ")
