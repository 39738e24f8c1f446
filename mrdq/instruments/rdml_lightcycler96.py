"""What the LightCycler 96 keeps beside its RDML document: calls, exclusions, standards.

The instrument stores a Cq for every curve, plausible ones too where its software says that there
was no signal.  The call of ``calculated_data.xml`` decides: a positive one makes the Cq stand, a
negative one is undetermined, an invalid one (a curve that the software would not judge) is left
out, for it is no Cq and no absence either.  An analysis that contradicts call or Cq is refused.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from mrdq.instruments import words
from mrdq.instruments.rdml_document import text_of
from mrdq.vocabulary import DETERMINED

ROOTS = ("rocheLC96AppExtension", "rocheLC96CalculatedData", "rocheLC96ModuleData")
FAMILY = "lightcycler_96"
"""Key of the calls in ``aliases.yaml``."""

Curve = tuple[str, str, str]
"""Run id, reaction id and target id."""

_AGAIN = "Save the run again from the LightCycler 96 software, with its analysis, or export its result table."
_ROUNDED = 0.005 + 1e-9  # cycles: an analysis prints two decimals


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What the software says of each curve.

    ``calls`` are its words, in the order met; ``cqs`` those of its analyses [cycles, as text];
    ``quantities`` what the user gave for standards.
    """

    calls: Mapping[Curve, list[str]] = field(default_factory=dict)
    cqs: Mapping[Curve, list[str]] = field(default_factory=dict)
    excluded: frozenset[Curve] = frozenset()
    quantities: Mapping[Curve, str] = field(default_factory=dict)

    def call(self, curve: Curve) -> str:
        return (self.calls.get(curve) or [""])[0]


def read_verdicts(members: Iterable[Element]) -> Verdicts:
    """The verdicts of the members' documents, each of which is looked at once."""
    curve_of: dict[str, Curve] = {}
    calls: defaultdict[Curve, list[str]] = defaultdict(list)
    cqs: defaultdict[Curve, list[str]] = defaultdict(list)
    excluded, quantities = set(), {}
    analyses: list[tuple[str, list[str], list[str], bool]] = []
    for member in members:
        for curve, graph in _graphs(member):
            said = graph.attrib
            curve_of[said.get("id", "")] = curve
            calls[curve] += _texts(graph, "call")
            if given := said.get("geneConcentration", ""):
                quantities[curve] = given
            if said.get("isExcluded") == "true":
                excluded.add(curve)
        analyses += [
            (text_of(source, "graphId"), _texts(source, "call"), _texts(source, "cq"),
             text_of(source, "excluded") == "true")
            for source in member.iter() if source.tag.endswith("QuantDataSource")
        ]  # fmt: skip
    for graph_id, said_calls, said_cqs, left_out in analyses:
        analysed = curve_of.get(graph_id)
        if analysed is None:
            continue
        calls[analysed] += said_calls
        cqs[analysed] += said_cqs
        if left_out:
            excluded.add(analysed)
    return Verdicts(calls, cqs, frozenset(excluded), quantities)


def state_of(verdicts: Verdicts, curve: Curve) -> str:
    """State by the call; ``""`` where there is none, or a word that is not known."""
    return words.call_states(FAMILY).get(words.plain(verdicts.call(curve)), "")


def complaints(verdicts: Verdicts, curve: Curve, cq: float) -> Iterator[tuple[str, str, str]]:
    """What is wrong with a curve: expected, found, remedy.

    Wrong are no call, an unknown one, or an analysis that says something else than the call or
    the stored ``cq`` [cycles].
    """
    said = verdicts.calls.get(curve) or []
    state = state_of(verdicts, curve)
    if not state:
        known = ", ".join(words.calls(FAMILY))
        expected = (
            f"a call of the LightCycler 96 software ({known}): the stored Cq alone does not say "
            "whether there was a signal"
        )
        yield expected, " and ".join(dict.fromkeys(said)), _AGAIN
    elif len(set(said)) > 1:
        remedy = f"A call was edited, or analyses differ: make them agree. {_AGAIN}"
        yield "one call in all analyses", " and ".join(dict.fromkeys(said)), remedy
    elif state == DETERMINED and math.isnan(cq):
        yield "a Cq, for the call is positive", "", _AGAIN
    for text in verdicts.cqs.get(curve, ()):
        if not _same(text, cq):
            yield "the same Cq in the analysis and in the run", f"{text} and {cq:g}", _AGAIN


def _same(text: str, cq: float) -> bool:
    try:
        return abs(float(text) - cq) <= _ROUNDED
    except ValueError:
        return False


def _graphs(member: Element) -> Iterator[tuple[Curve, Element]]:
    for run in member.findall("experiment/run"):
        name = run.get("id", "")
        for react in run.findall("react"):
            identity = react.get("id", "")
            for graph in react.findall("factGraph"):
                yield (name, identity, graph.get("targetId", "")), graph


def _texts(element: Element, name: str) -> list[str]:
    return [found.text or "" for found in element.findall(name)]
