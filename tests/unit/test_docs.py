"""The documentation says all there is, says it truly, and every link and command in it works.

Each check names what is missing; the tests at the end show that each of them can fail.
"""

from __future__ import annotations

import importlib.util
import re
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest
import yaml

from mrdq import (
    archive,
    definitions,
    input_file,
    resources,
    tables,
    units,
    vocabulary,
    workbook,
)
from mrdq.adtte import ADTTE, PARAMETERS
from mrdq.cli import main
from mrdq.errors import Problems
from mrdq.evidence import CRITERIA
from mrdq.instruments import FORMATS, eds_setup, rdml_document
from mrdq.layout import LAYOUT_COLUMNS, read_layout
from mrdq.reports.inspect import inspected
from mrdq.simulate.scenarios import PATIENTS, RUNS
from mrdq.study import AMENDMENTS, COURSES, SHEETS
from mrdq.survival import survival_table

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

# Words that no vocabulary of the code lists, and that a reader has to be able to look up.
TERMS = (
    *("cq", "well", "reaction", "run", "plate", "assay", "target", "call", "status", "response"),
    *("sensitivity", "quantitative range", "MRD level", "normalisation factor", "blast fraction"),
    *("dilution", "background", "NTC", "standard", "control gene", "evidence", "criterion", "gate"),
    *("outcome", "flag", "rule set", "guideline", "protocol", "timepoint", "superseded", "unit"),
    *("subject", "batch", "export", "layout", "role", "state", "grade", "parameter", "provisional"),
)


def _generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATE = _generate()
PAGES: list[Path] = GENERATE.pages()


def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def schema(name: str) -> dict[str, Any]:
    content = resources.path(f"schemas/{name}.schema.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(content)


def undocumented(names: Iterable[str], page: str) -> list[str]:
    """The names that do not stand on the page as code."""
    return [name for name in names if f"`{name}`" not in page]


def section(page: str, heading: str) -> str:
    """The text below a heading, up to the next one of its level or a higher one."""
    found = re.search(rf"^(#+) {re.escape(heading)}$", page, re.MULTILINE)
    assert found, f"no heading {heading!r}"
    rest = page[found.end() :]
    end = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def by_hand(page: str) -> str:
    """A page without its generated parts: what a person wrote."""
    return re.sub(r"<!-- generated: (\S+) -->.*?<!-- end of \1 -->", "", page, flags=re.DOTALL)


def slugs(page: str) -> set[str]:
    """The anchors that GitHub gives to the headings of a page."""
    titles = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", page, flags=re.M | re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def broken_links(page: Path, content: str) -> list[str]:
    """Relative links of a page to a file or heading that is not there."""
    broken = []
    bare = re.sub(r"^```.*?^```", "", content, flags=re.MULTILINE | re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", bare):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        goal = (page.parent / file).resolve() if file else page
        there = goal.exists() and goal.is_relative_to(ROOT)
        if not there or (anchor and anchor not in slugs(goal.read_text(encoding="utf-8"))):
            broken.append(link)
    return broken


def shell_lines(content: str) -> list[str]:
    """The commands in the ``sh`` and ``console`` blocks of a page."""
    blocks = re.findall(r"^```(?:sh|console)\n(.*?)^```", content, re.MULTILINE | re.DOTALL)
    return [line.removeprefix("$ ").strip() for block in blocks for line in block.splitlines()]


def command_problem(line: str) -> str:
    """What is wrong with a line that calls mrdq; "" if nothing is."""
    words = shlex.split(line, comments=True)[1:]
    command: click.Command = main
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        if words[0] not in command.commands:
            if command.invoke_without_command:
                break
            return f"{line}: no verb {words[0]}"
        command = command.commands[words.pop(0)]
    options = {o: p for p in command.params if isinstance(p, click.Option) for o in p.opts}
    given, values = set(), 0
    while words:
        word = words.pop(0)
        if word in ("--help", "-h"):
            return ""
        if word == "--":
            values += len(words)
            break
        if not word.startswith("-"):
            values += 1
        elif word not in options:
            return f"{line}: no option {word}"
        else:
            given.add(options[word].name)
            if not options[word].is_flag:
                words = words[1:]
    arguments = [p for p in command.params if isinstance(p, click.Argument)]
    most = sum(p.nargs if p.nargs > 0 else 1000 for p in arguments)
    if not sum(p.required for p in arguments) <= values <= most:
        return f"{line}: {values} arguments"
    lacking = [o for o, p in options.items() if p.required and p.name not in given]
    return f"{line}: without {', '.join(lacking)}" if lacking else ""


def table_below(content: str, heading: str) -> list[list[str]]:
    """The rows of the first table of a section, without its head."""
    lines = [line for line in section(content, heading).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def config_keys(of: Mapping[str, Any]) -> list[str]:
    return list(of["properties"])


# --- what there is, is documented


def test_every_generated_part_is_current() -> None:
    stale = [page.relative_to(ROOT).as_posix() for page in GENERATE.stale_pages(write=False)]
    assert not stale, f"run: python docs/generate.py ({', '.join(stale)})"


def test_every_generated_part_is_used() -> None:
    together = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert [n for n in GENERATE.PARTS if f"<!-- generated: {n} -->" not in together] == []


@pytest.mark.parametrize(
    ("words", "command"), [*GENERATE.verbs(main, "mrdq")], ids=lambda v: str(v)
)
def test_every_verb_and_option_is_documented(words: str, command: click.Command) -> None:
    here = section(text("docs/commands.md"), words)
    assert command.help
    shown = [p for p in command.params if isinstance(p, click.Option) and not p.hidden]
    options = [o for p in shown for o in p.opts]
    assert [option for option in options if f"`{option}" not in here] == []
    silent = [p.name for p in command.params if isinstance(p, click.Option) and not p.help]
    assert silent == [], "options without a help text"


def test_the_options_of_mrdq_itself_are_documented() -> None:
    options = [o for p in main.params for o in p.opts] + ["--help"]
    assert [o for o in options if f"`mrdq {o}`" not in by_hand(text("docs/commands.md"))] == []


@pytest.mark.parametrize("table", tables.TABLES, ids=lambda table: table.name)
def test_every_table_and_column_is_documented(table: tables.Table) -> None:
    here = section(text("docs/tables.md"), table.name)
    assert undocumented(table.names, here) == []
    assert [column.name for column in table.columns if not column.doc] == []


def test_every_table_is_named_in_the_readme() -> None:
    assert (
        undocumented(
            [t.name for t in tables.TABLES] + ["survival.tsv", "adtte.tsv"], text("README.md")
        )
        == []
    )


@pytest.mark.parametrize("table", [survival_table(["<timepoint>"]), ADTTE], ids=lambda t: t.name)
def test_every_column_of_the_hand_off_is_documented(table: tables.Table) -> None:
    page = text("docs/hand-off.md")
    rows = {row[0]: row for row in table_below(page, table.name)}
    assert list(rows) == [f"`{name}`" for name in table.names]
    for column in table.columns:
        assert undocumented(column.words, rows[f"`{column.name}`"][3]) == []
    for word in (*vocabulary.STATUSES, *(parameter.code for parameter in PARAMETERS)):
        assert f"`{word}`" in by_hand(page), word


def test_every_criterion_is_explained_by_hand() -> None:
    here = section(text("docs/evidence.md"), "What each criterion says")
    assert [name for name in CRITERIA if f"**`{name}`**" not in here] == []


def test_every_outcome_is_explained() -> None:
    assert undocumented(vocabulary.OUTCOMES, by_hand(text("docs/evidence.md"))) == []


def test_every_flag_says_what_to_do() -> None:
    here = by_hand(section(text("docs/tables.md"), "Flags"))
    assert [flag for flag in vocabulary.FLAGS if f"- `{flag}`:" not in here] == []


def test_every_config_key_is_documented() -> None:
    page = text("config/README.md")
    keys = schema("config")
    assert undocumented(config_keys(keys), section(page, "config.yaml")) == []
    rules = keys["properties"]["layout_rules"]
    assert undocumented(config_keys(rules), section(page, "layout_rules")) == []
    cohort = keys["properties"]["cohort"]
    assert undocumented(config_keys(cohort), section(page, "cohort")) == []
    for word in rules["properties"]["standard_quantity"]["oneOf"][0]["enum"]:
        assert f"`{word}`" in section(page, "layout_rules"), word


@pytest.mark.parametrize(
    ("sheet", "columns"),
    [*SHEETS.items(), ("courses", COURSES), ("amendments", AMENDMENTS), ("layout", LAYOUT_COLUMNS)],
)
def test_every_sheet_column_is_documented(sheet: str, columns: Any) -> None:
    heading = "Layout" if sheet == "layout" else f"{sheet.capitalize()} sheet"
    rows = table_below(text("config/README.md"), heading)
    assert [f"`{c.name}`" for c in columns] == [row[0] for row in rows]
    needed = [row[0] for row in rows if row[1] == "yes"]
    assert needed == [f"`{c.name}`" for c in columns if c.required or c.header_required]


def test_every_parameter_of_a_rule_set_is_documented() -> None:
    page = text("docs/rule-sets.md")
    content = schema("guideline")
    names = config_keys(content["properties"]["parameters"])
    rows = {row[0]: row[1] for row in table_below(page, "Parameters")}
    assert [name for name in names if not rows.get(f"`{name}`")] == []
    assert undocumented(config_keys(content), section(page, "The file")) == []
    fields = content["$defs"]["parameter"]["properties"]
    assert undocumented(fields, section(page, "The file")) == []
    assert undocumented(fields["grade"]["enum"], section(page, "Grades")) == []
    assert undocumented(fields["bound"]["enum"], section(page, "The file")) == []


def test_every_rule_set_protocol_and_format_is_documented() -> None:
    names = definitions.names("guidelines") + definitions.names("protocols")
    assert undocumented(names, text("docs/rule-sets.md")) == []
    for page in ("README.md", "docs/exports.md"):
        assert undocumented(FORMATS, text(page)) == []


def test_every_format_is_described_by_hand() -> None:
    assert undocumented(FORMATS, by_hand(text("docs/export-formats.md"))) == []


def test_every_call_is_explained_in_the_readme() -> None:
    rows = [row[0] for row in table_below(text("README.md"), "How to read a call")]
    assert sorted(rows) == sorted(f"`{call}`" for call in vocabulary.CALLS)


def test_the_glossary_has_every_word() -> None:
    page = text("GLOSSARY.md")
    words = [*vocabulary.ROLES, *vocabulary.CQ_STATES, *vocabulary.KINDS, *vocabulary.OUTCOMES,
             *vocabulary.CALLS, *vocabulary.STATUSES, *vocabulary.RESPONSES]  # fmt: skip
    assert undocumented(words, page) == []
    assert undefined(TERMS, page) == []


def undefined(terms: Iterable[str], page: str) -> list[str]:
    """The terms that no paragraph of the glossary starts with."""
    found = set(re.findall(r"^\*\*([^*]+)\*\*", page, re.MULTILINE))
    return [term for term in terms if term not in found]


def test_every_rule_of_the_workflow_is_documented() -> None:
    rules = ROOT / "workflow" / "rules"
    found = [name for path in rules.glob("*.smk")
             for name in re.findall(r"^rule (\w+):", path.read_text(encoding="utf-8"), re.M)]  # fmt: skip
    assert found
    assert undocumented(found, text("docs/workflow.md")) == []


def test_every_decision_is_in_the_index() -> None:
    page = text("docs/index.md")
    names = sorted(path.name for path in (DOCS / "decisions").glob("*.md"))
    assert [name for name in names if f"(decisions/{name})" not in page] == []
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))


@pytest.mark.parametrize("path", sorted((DOCS / "decisions").glob("*.md")), ids=lambda p: p.name)
def test_a_decision_says_context_choice_and_consequence(path: Path) -> None:
    page = path.read_text(encoding="utf-8")
    assert page.startswith(f"# {int(path.name[:4])}. ")
    assert [w for w in ("Context", "Choice", "Consequence") if f"**{w}.**" not in page] == []


# --- what is documented, is so


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    assert broken_links(page, page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_command_on_a_page_exists(page: Path) -> None:
    lines = [c for c in shell_lines(page.read_text(encoding="utf-8")) if c.startswith("mrdq ")]
    assert [problem for line in lines if (problem := command_problem(line))] == []


def test_the_readme_runs_and_tests_by_make() -> None:
    assert {"make run", "make test"} <= set(shell_lines(text("README.md")))


def test_every_make_target_on_a_page_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))
    named = {line.split()[1] for page in PAGES for line in shell_lines(page.read_text(encoding="utf-8"))
             if line.startswith("make ")}  # fmt: skip
    assert named - targets == set()


def test_the_readme_counts_the_example_right() -> None:
    assert f"{len(PATIENTS)} patients and {len(RUNS)} runs" in " ".join(text("README.md").split())


@pytest.mark.parametrize(
    ("heading", "parse"), [("Dilutions", units.dilution), ("Amounts of DNA", units.nanograms)]
)
def test_dilutions_and_amounts_are_read_as_the_page_says(heading: str, parse: Any) -> None:
    for written, read in table_below(text("docs/study-folder.md"), heading):
        for value in re.findall(r"`([^`]+)`", written):
            if read.startswith("refused"):
                with pytest.raises(units.UnitError):
                    parse(value)
            else:
                said = 1.0 if read == "undiluted" else float(read.split()[0])
                assert parse(value) == pytest.approx(said, rel=1e-12), value


def test_the_plate_map_on_the_page_is_one(tmp_path: Path) -> None:
    block = re.search(r"```\n(role\t.*?)```", text("config/README.md"), re.DOTALL)
    assert block
    (tmp_path / "map.tsv").write_text(block[1], encoding="utf-8")
    problems = Problems()
    layout = read_layout(tmp_path, "map.tsv", problems)
    assert problems.errors == []
    assert layout.columns["role"] == ["standard", "standard", "ntc", "sample", "sample", "sample"]
    assert layout.columns["dilution"][:2] == [0.1, 0.01]


def test_the_rule_set_on_the_page_is_one(tmp_path: Path) -> None:
    block = re.search(r"```yaml\n(id: my-laboratory.*?)```", text("docs/rule-sets.md"), re.DOTALL)
    assert block
    (tmp_path / "guidelines").mkdir()
    (tmp_path / "guidelines" / "my-laboratory.yaml").write_text(block[1], encoding="utf-8")
    own = definitions.load_guideline("my-laboratory", tmp_path)
    parent = definitions.load_guideline("euromrd-2007-therapy-reduction")
    assert own["control_gene_delta_cq_maximum"].value == 1.0
    assert own["curve_slope_minimum"].value == parent["curve_slope_minimum"].value
    confirmed = [p.name for p in own.parameters.values() if p.confirmed]
    assert confirmed == ["control_gene_delta_cq_maximum", "curve_slope_minimum"]


def test_the_limits_on_the_page_are_those_of_the_code() -> None:
    rows = dict(table_below(text("docs/exports.md"), "Limits"))
    assert rows["a file"] == f"{input_file.LIMIT // 10**6} MB"
    assert rows["a member of an archive that is read, unpacked"] == f"{archive.LIMIT // 10**6} MB"
    assert rows["members of an archive"] == f"{archive.MEMBERS:,}"
    assert rows["cells of the rectangle that a sheet of an `.xlsx` spans"] == f"{workbook.CELLS:,}"
    points = rows["an RDML document without its fluorescence points"]
    assert points == f"{rdml_document.LIMIT // 10**6} million characters"
    assert rows["an XML member of an `.eds`"] == f"{eds_setup.XML_LIMIT // 10**6} MB"


def test_the_inspected_file_on_the_page_is_one() -> None:
    block = re.search(r"\$ mrdq inspect (\S+)\n(.*?)```", text("docs/commands.md"), re.DOTALL)
    assert block
    shown = inspected((ROOT / block[1]).read_bytes(), block[1]).splitlines()
    for line in block[2].splitlines():
        start = line.removesuffix("...").rstrip()
        assert any(known.startswith(start) for known in shown), line


def test_the_numbers_of_the_method_are_those_of_the_rule_set() -> None:
    page = " ".join(text("docs/method.md").split()).replace("−", "-")
    rules = definitions.load_guideline("euromrd-2007-therapy-reduction")
    strict = definitions.load_guideline("euromrd-2007-therapy-intensification")
    said = {
        "background_wells_minimum": "Fewer than {:g} background wells",
        "standard_wells_minimum": "at least {:g} wells and all of them are determined",
        "standard_delta_cq_maximum": "Δ(d) ≤ {:.1f}",
        "standard_background_distance_minimum": "m(d) ≤ B - {:.1f}",
        "standard_step_minimum": "step is between {:.1f}",
        "standard_step_maximum": "and {:.1f} cycles per log10",
        "standard_step_fold": "at least {:g}-fold more concentrated",
        "curve_points_minimum": "accepted with at least {:g} dilutions",
        "curve_slope_minimum": "a slope from {:.1f}",
        "curve_slope_maximum": "to {:.1f}, and R²",
        "curve_r_squared_minimum": "R² ≥ {:g}",
        "sensitivity_background_distance_minimum": "Cq ≤ B - {:.1f} and Cq ≤ a",
        "sensitivity_intercept_distance_maximum": "Cq ≤ a + {:g}",
        "positive_background_distance_minimum": "δ = {:.1f} for therapy reduction",
        "positive_sensitivity_distance_maximum": "Cq ≤ M + {:.1f}",
        "control_gene_delta_cq_maximum": "all are determined, if Δ ≤ {:.1f}",
        "sample_wells_minimum": "quantifiable if it has at least {:g} wells",
        "sample_delta_cq_maximum": "all of them determined, Δ ≤ {:.1f}, and its level",
    }
    assert [n for n, words in said.items() if words.format(rules[n].value) not in page] == []
    assert (
        f"amount is at least {rules['control_gene_amount_minimum'].value:.0%}".replace("%", " %")
        in page
    )
    assert (
        f"and {strict['positive_background_distance_minimum'].value:.1f} for therapy intens" in page
    )


def test_the_worked_example_of_the_method_can_be_recomputed() -> None:
    page = section(text("docs/method.md"), "A worked example")
    raw = 10 ** ((30.925 - 22.4455) / -3.4394)
    amount = 10 ** ((24.083 - 33.5376) / -3.42862)
    factor = 600 / amount
    for number in (
        f"{raw:.6f}",
        f"{amount:.1f} ng",
        f"{factor:.4f}",
        f"{raw * factor:.2e}".replace("e-0", "e-"),
    ):
        assert f"= {number}" in page, number


# --- each check can fail


def test_a_missing_name_is_named() -> None:
    page = text("config/README.md").replace("`runs_per_job`", "")
    assert undocumented(config_keys(schema("config")), section(page, "config.yaml")) == [
        "runs_per_job"
    ]
    assert undefined(["cq", "gate"], text("GLOSSARY.md").replace("**gate**", "gate")) == ["gate"]


def test_a_link_to_nowhere_is_named() -> None:
    page = ROOT / "README.md"
    content = (
        "[a](docs/none.md) [b](docs/method.md#no-heading) [c](docs/method.md) [d](https://x.org)"
    )
    assert broken_links(page, content) == ["docs/none.md", "docs/method.md#no-heading"]
    assert broken_links(page, "[out](../outside.md)") == ["../outside.md"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("mrdq check my-study", ""),
        ("mrdq --help", ""),
        ("mrdq simulate my-study --runs 3", ""),
        ("mrdq simulate trial my-study --run", ""),
        ("mrdq simulate trial", "0 arguments"),
        ("mrdq fly my-study", "no verb fly"),
        ("mrdq guidelines hide", "no verb hide"),
        ("mrdq run my-study --fast", "no option --fast"),
        ("mrdq check", "0 arguments"),
        ("mrdq check a b", "2 arguments"),
        ("mrdq explain my-study --run R --target T", "without --sample"),
    ],
)
def test_a_command_that_does_not_exist_is_named(line: str, problem: str) -> None:
    assert command_problem(line).removeprefix(f"{line}: ") == problem


def test_a_stale_part_is_renewed_and_a_broken_marker_refused() -> None:
    stale = "<!-- generated: flags -->\n\nold\n\n<!-- end of flags -->"
    assert "`signal_seen`" in GENERATE.renewed(stale)
    assert GENERATE.renewed(GENERATE.renewed(stale)) == GENERATE.renewed(stale)
    with pytest.raises(ValueError, match="without their pair"):
        GENERATE.renewed("<!-- generated: flags -->")
    with pytest.raises(ValueError, match="no part is called nothing"):
        GENERATE.renewed("<!-- generated: nothing -->\n<!-- end of nothing -->")


def test_check_exits_1_and_changes_nothing_where_a_page_is_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- generated: flags -->\n<!-- end of flags -->\n", encoding="utf-8")
    monkeypatch.setattr(GENERATE, "ROOT", tmp_path)
    monkeypatch.setattr(GENERATE, "pages", lambda: [page])
    assert GENERATE.run(["--check"]) == 1
    assert "signal_seen" not in page.read_text(encoding="utf-8")
    assert GENERATE.run([]) == 0
    assert "signal_seen" in page.read_text(encoding="utf-8")
    assert GENERATE.run(["--check"]) == 0
    assert capsys.readouterr().out == "stale: page.md\nrewritten: page.md\n"
