"""Calls: software that judges the curves itself says which of its Cq are signals.

Such software may store a Cq for a curve that it calls negative: the call decides.
"""

from __future__ import annotations

import math
from dataclasses import replace

from mrdq.errors import Problems
from mrdq.instruments import words
from mrdq.instruments.columns import Column, CqColumn
from mrdq.vocabulary import DETERMINED, OMITTED, UNDETERMINED

_AGAIN = "Let the instrument's software analyse the run, and export it again."


def judged(cq: CqColumn, call: Column, family: str, problems: Problems) -> CqColumn:
    """The Cq column with its states by the calls; unchanged where the export has no calls.

    A positive call lets the Cq stand, a negative one makes it undetermined, an invalid one leaves
    it out; omitted rows stay so.  Problems: a call that is none of the family's, and a positive
    one without a Cq.
    """
    if not call.there:
        return cq
    known = words.call_states(family)
    values, states, overruled = list(cq.values), list(cq.states), []
    for index, word in enumerate(call.cells):
        if states[index] == OMITTED:
            continue
        said = known.get(words.plain(word), "")
        if not said:
            expected = f"one of the calls {', '.join(words.calls(family))}"
            problems.add(call.problem(index, expected, _AGAIN))
        elif said == DETERMINED and states[index] == UNDETERMINED:
            problems.add(call.problem(index, "a Cq beside a call that says there is one", _AGAIN))
        elif said in (UNDETERMINED, OMITTED):
            if not math.isnan(values[index]):
                overruled.append(f"{call.well[index]} ({word}, Cq {values[index]:g})")
            values[index], states[index] = math.nan, said
    notes = [f"Cq stored but not taken, for the call: {', '.join(overruled)}"] if overruled else []
    return replace(cq, values=values, states=states, notes=[*cq.notes, *notes])
