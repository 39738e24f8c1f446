"""Writes the parts of the documentation that the code itself knows.

``python docs/generate.py`` rewrites every part that stands between a pair of markers;
``python docs/generate.py --check`` changes nothing, names the files that are stale and exits 1.
A part is marked by ``<!-- generated: NAME -->`` and ``<!-- end of NAME -->``.
"""

from __future__ import annotations

import argparse
import importlib
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import yaml

from mrdq import definitions, resources, tables, vocabulary
from mrdq.adtte import ADTTE
from mrdq.cli import main
from mrdq.cohort import tables as cohort_declarations
from mrdq.evidence import CRITERIA, QUANTIFIABLE, RUN_GATES, SAMPLE_GATES
from mrdq.instruments import FORMATS, Reader, run_files
from mrdq.instruments.columns import NO_SIGNAL, NO_SIGNAL_WARNED, REFUSED
from mrdq.instruments.table import Recipe
from mrdq.layout import LAYOUT_COLUMNS
from mrdq.study import AMENDMENTS, COURSES, SHEETS
from mrdq.survival import survival_table

ROOT = Path(__file__).resolve().parent.parent
_PART = re.compile(r"<!-- generated: ([a-z-]+) -->\n(.*?)<!-- end of \1 -->", re.DOTALL)
_OPENING = re.compile(r"<!-- (?:generated: |end of )([a-z-]+) -->")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; a bar inside a cell is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines
    )


def code(words: Sequence[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def readers() -> list[tuple[str, Reader]]:
    """The families of exports by the name of their maker; what has none stands last."""
    return sorted(FORMATS.items(), key=lambda entry: entry[1].title)


def formats() -> str:
    """Every family of exports that is read."""
    rows = [
        [reader.title, reader.description, reader.evidence, f"`{key}`"] for key, reader in readers()
    ]
    return table(["instruments", "what is read", "tried on", "`format`"], rows)


def run_files_refused() -> str:
    """Files that are no export, by what is to be done instead."""
    whats: dict[str, list[str]] = {}
    for known in vars(run_files).values():
        if isinstance(known, run_files.Unreadable):
            whats.setdefault(known.remedy, []).append(known.what)
    rows = [["; ".join(what), remedy] for remedy, what in whats.items()]
    return table(["what was given", "what to do"], rows)


def task_words() -> str:
    """The vendors' words of a task column, by role."""
    roles: dict[str, list[str]] = _aliases()["roles"]
    return table(
        ["role", "words of the task column"], [[f"`{r}`", code(w)] for r, w in roles.items()]
    )


_EMPTY_CQ = {
    REFUSED: "refused",
    NO_SIGNAL: "no signal",
    NO_SIGNAL_WARNED: "no signal, with a warning",
}
_NO_CELLS = "there are no cells: [how](#the-number-of-cycles)"


def no_signal_words() -> str:
    """The words of a Cq cell that mean: ran, no signal; and what an empty cell means."""
    found: dict[str, list[str]] = _aliases()["undetermined"]
    rows = []
    for key, reader in readers():
        words = {word: None for part in _parts(key, found) for word in found[part]}
        rows.append([reader.title, code(list(words)) or "none", _empty_cq(key), f"`{key}`"])
    return table(["instruments", "words for no signal", "an empty Cq cell", "`format`"], rows)


def _parts(key: str, content: Mapping[str, Any]) -> list[str]:
    """A family's own sections of the aliases: its table, and those that stand beside it."""
    return [
        name for name in content if name == key or (name.startswith(f"{key}_") and name not in FORMATS)
    ]  # fmt: skip


def _empty_cq(key: str) -> str:
    """What an empty Cq cell means by the recipes of the family's reader."""
    held = vars(importlib.import_module(FORMATS[key].detect.__module__)).values()
    every = [one for value in held for one in (value if isinstance(value, tuple) else (value,))]
    meant = {_EMPTY_CQ[recipe.blank] for recipe in every if isinstance(recipe, Recipe)}
    return ", ".join(sorted(meant)) or _NO_CELLS


def instrument_calls() -> str:
    """The words by which an instrument judges a curve, and what a well then is."""
    states: dict[str, dict[str, list[str]]] = _aliases()["calls"]
    rows = [
        [f"`{key}`", code(words), "as the Cq cell says" if state == "open" else f"`{state}`"]
        for key, of_state in states.items()
        for state, words in of_state.items()
    ]
    return table(["`format`", "the instrument's word", "the well is"], rows)


def quality_flags() -> str:
    """Columns whose content becomes a flag, and the words there that say nothing."""
    unremarkable: dict[str, list[str]] = _aliases()["unremarkable"]
    rows = [
        [f"`{header}`", f"`{flag}=…`", code(unremarkable.get(flag, []))]
        for header, flag in _aliases()["quality_columns"].items()
    ]
    return table(["column of the export", "flag", "makes no flag"], rows)


def export_headers() -> str:
    """The headers that each reader knows, by our column."""
    headers: dict[str, dict[str, list[str]]] = _aliases()["columns"]
    parts = []
    for key, reader in readers():
        for name in _parts(key, headers):
            rows = [[column, code(spelled)] for column, spelled in headers[name].items()]
            heading = reader.title + (f": `{name}`" if name != key else "")
            parts.append(f"### {heading}\n\n" + table(["column", "headers of the export"], rows))
    return "\n\n".join(parts)


def _aliases() -> dict[str, Any]:
    text = resources.path("instruments/aliases.yaml").read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    return content


def output_tables() -> str:
    """Every table that leaves mrdq, with every column."""
    return _dictionary(tables.TABLES)


def hand_off() -> str:
    """Both tables of the hand-off to survival analysis."""
    return _dictionary((survival_table(["<timepoint>"]), ADTTE))


def cohort_tables() -> str:
    """The tables of a cohort."""
    return _dictionary(cohort_declarations.TABLES, heading="###")


def _dictionary(declared: Sequence[tables.Table], *, heading: str = "##") -> str:
    parts = []
    for one in declared:
        rows = [
            [f"`{c.name}`", c.kind, "" if c.unit in ("", "1") else c.unit, c.doc + _of(c.words)]
            for c in one.columns
        ]
        head = f"{heading} {one.name}\n\nHolds {one.doc}. One row per {code(one.key)}.\n\n"
        parts.append(head + table(["column", "kind", "unit", "meaning"], rows))
    return "\n\n".join(parts)


def _of(words: Sequence[str]) -> str:
    return f": {code(words)}" if words else ""


def flags() -> str:
    """Every flag of a call or status."""
    return table(["flag", "meaning"], [[f"`{k}`", v] for k, v in vocabulary.FLAGS.items()])


def criteria() -> str:
    """Every criterion, what it asks, and what becomes of a call that fails it."""
    rows = []
    for name, (unit, asks) in CRITERIA.items():
        subject = "run and target" if name in RUN_GATES else "sample"
        rows.append([f"`{name}`", subject, asks, "" if unit == "1" else unit, _use(name)])
    return table(["criterion", "judged per", "value", "unit", "use"], rows)


def _use(name: str) -> str:
    if name in RUN_GATES + SAMPLE_GATES:
        return "gate: a failure makes the call `not_evaluable`"
    if name in QUANTIFIABLE:
        return "a positive that does not pass is not quantifiable"
    if name == "positive_wells":
        return "separates positive from `negative`"
    return "separates the two calls below the range (`euromrd-2024`)"


def rule_sets() -> str:
    """The shipped rule sets."""
    rows = []
    for name in definitions.names("guidelines"):
        rules = definitions.load_guideline(name)
        said = rules.version, rules.status, rules.title, code(rules.calls), rules.grades
        rows.append([f"`{rules.id}`", *said])
    return table(
        ["id", "version", "status", "title", "calls it may issue", "grades of its parameters"], rows
    )


def parameters() -> str:
    """Every parameter of a rule set, with its value and grade in each shipped one."""
    names = definitions.names("guidelines")
    loaded = [definitions.load_guideline(name) for name in names]
    schema = yaml.safe_load(
        resources.path("schemas/guideline.schema.yaml").read_text(encoding="utf-8")
    )
    rows = []
    for name in schema["properties"]["parameters"]["properties"]:
        having = [rules[name] for rules in loaded if name in rules.parameters]
        rows.append(
            [f"`{name}`", *_meaning(having), *(_value(rules.get(name)) for rules in loaded)]
        )
    return table(["parameter", "meaning", "unit", "bound", *(f"`{name}`" for name in names)], rows)


def _meaning(having: Sequence[Any]) -> list[str]:
    """Meaning, unit and bound; of notes that differ by the rule set, the one that says least of it."""
    if not having:
        asks = "A Cq above it is read as undetermined. No shipped rule set has one."
        return [asks, "cycle", "maximum"]
    note = min((parameter.note for parameter in having), key=len)
    return [note, "" if having[0].unit == "1" else having[0].unit, having[0].bound]


def _value(parameter: Any) -> str:
    return f"{parameter.value:g} ({parameter.grade})" if parameter else "none"


def protocols() -> str:
    """The shipped protocols and what follows at each timepoint."""
    rows = []
    for name in definitions.names("protocols"):
        protocol = definitions.load_protocol(name)
        rows += [
            [f"`{name}`", f"`{at.id}`", code(at.positive_statuses), f"{at.positive_from_level:g}",
             at.below_level if at.positive_from_level else "", at.grade, at.next_positive,
             at.next_negative, at.next_repeat]
            for at in protocol.timepoints
        ] or [[f"`{name}`", "none", *[""] * 7]]  # fmt: skip
    counts = "counts as positive", "from level", "a lower level is", "grade"
    return table(["protocol", "timepoint", *counts, "positive", "negative", "else"], rows)


def sheets() -> str:
    """What the program itself says of each column of the sheets, in a line."""
    parts = []
    further = {"courses": COURSES, "amendments": AMENDMENTS, "layout": LAYOUT_COLUMNS}
    for sheet, columns in (SHEETS | further).items():
        rows = [[f"`{c.name}`", _need(c), c.doc] for c in columns]
        parts.append(
            f"### The columns of {_named(sheet)}\n\n" + table(["column", "required", "holds"], rows)
        )
    return "\n\n".join(parts)


def _named(sheet: str) -> str:
    return "a layout" if sheet == "layout" else f"the {sheet} sheet"


def _need(column: Any) -> str:
    if column.required:
        return "yes"
    return "column yes, cell no" if column.header_required else ""


def commands() -> str:
    """Every verb with its arguments and options."""
    return "\n\n".join(_command(words, command) for words, command in verbs(main, "mrdq"))


def verbs(command: click.Command, words: str) -> Iterator[tuple[str, click.Command]]:
    """Every command below ``command``, groups first, with the words that call it."""
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield f"{words} {name}", below
            yield from verbs(below, f"{words} {name}")


def _command(words: str, command: click.Command) -> str:
    given = [p for p in command.params if isinstance(p, click.Argument)]
    arguments = [p.make_metavar(click.Context(command)) for p in given]
    if isinstance(command, click.Group) and not command.invoke_without_command:
        arguments.append("VERB")
    options = [p for p in command.params if isinstance(p, click.Option) and not p.hidden]
    parts = [
        f"## {words}",
        " ".join((command.help or "").split()),
        f"`{' '.join([words, *arguments])}`",
    ]
    if options:
        rows = [
            [f"`{' '.join([*o.opts, _metavar(o)]).strip()}`", (o.help or "") + _default(o)]
            for o in options
        ]
        parts.append(table(["option", "meaning"], rows))
    return "\n\n".join(parts)


def _metavar(option: click.Option) -> str:
    return "" if option.is_flag else option.metavar or option.type.name.upper()


def _default(option: click.Option) -> str:
    if option.required:
        return " Required."
    named = option.show_default if isinstance(option.show_default, str) else option.default
    return f" Default {named}." if option.show_default else ""


PARTS: dict[str, Callable[[], str]] = {
    "formats": formats,
    "run-files": run_files_refused,
    "instrument-calls": instrument_calls,
    "quality-flags": quality_flags,
    "task-words": task_words,
    "no-signal-words": no_signal_words,
    "export-headers": export_headers,
    "tables": output_tables,
    "hand-off": hand_off,
    "cohort-tables": cohort_tables,
    "flags": flags,
    "criteria": criteria,
    "rule-sets": rule_sets,
    "parameters": parameters,
    "protocols": protocols,
    "sheets": sheets,
    "commands": commands,
}


def pages() -> list[Path]:
    """The documentation pages that may hold generated parts."""
    return sorted(
        [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "config" / "README.md"]
    )


def renewed(text: str) -> str:
    """A page with every generated part made anew; raises ``ValueError`` for a marker gone wrong."""
    parts = [match[1] for match in _PART.finditer(text)]
    marked = _OPENING.findall(text)
    if sorted(marked) != sorted(2 * parts):
        raise ValueError(f"markers without their pair among {sorted(set(marked))}")
    strange = sorted(set(parts) - set(PARTS))
    if strange:
        raise ValueError(f"no part is called {', '.join(strange)}")
    return _PART.sub(_renewed_part, text)


def _renewed_part(match: re.Match[str]) -> str:
    name = match[1]
    return f"<!-- generated: {name} -->\n\n{PARTS[name]()}\n\n<!-- end of {name} -->"


def stale_pages(*, write: bool) -> list[Path]:
    """The pages whose generated parts are not what the code says; ``write`` mends them."""
    stale = []
    for page in pages():
        text = page.read_text(encoding="utf-8")
        new = renewed(text)
        if new != text:
            stale.append(page)
            if write:
                page.write_text(new, encoding="utf-8")
    return stale


def run(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if stale")
    check: bool = parser.parse_args(arguments).check
    stale = stale_pages(write=not check)
    for page in stale:
        sys.stdout.write(f"{'stale' if check else 'rewritten'}: {page.relative_to(ROOT)}\n")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(run())
