"""Every verb but the checks: new folders, rule sets, explanations, and how fast help answers."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from pathlib import Path

import pytest
from small_study import accepted, copy, mrdq, set_key, table, tree

import mrdq as package
from mrdq.definitions import names
from mrdq.errors import Problems
from mrdq.layout import read_layout

REDUCTION = "euromrd-2007-therapy-reduction"


def test_new_folder_is_a_study_once_it_is_filled(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    made = mrdq("init", folder)
    assert made.code == 0
    assert {Path(line) for line in made.out.splitlines()} == {
        folder / name
        for name in ("README.md", "config/config.yaml", "config/layouts/EXAMPLE-layout.tsv",
                     *(f"config/{sheet}.tsv" for sheet in ("runs", "samples", "assays", "patients", "amendments")))
    }  # fmt: skip
    assert all(Path(line).is_file() for line in made.out.splitlines())
    assert (folder / "data").is_dir()
    for column in ("run_id", "dna_per_well", "exclude", "relapse_on"):
        assert f"`{column}`" in (folder / "README.md").read_text()


def test_new_folder_shows_a_layout_that_can_be_read(tmp_path: Path) -> None:
    mrdq("init", tmp_path / "new")
    problems = Problems()
    layout = read_layout(tmp_path / "new", "config/layouts/EXAMPLE-layout.tsv", problems)
    assert problems.errors == []
    assert layout.columns["role"] == ["standard", "sample", "background", "ntc"]
    assert all(name.startswith("EXAMPLE-") for name in layout.columns["target"])
    guide = (tmp_path / "new/README.md").read_text()
    assert "- `target` (the column is required, a cell may be empty)" in guide
    assert "tube 10 is B2" in guide


@pytest.mark.parametrize("verb", ["check", "run"])
def test_new_folder_without_a_row(tmp_path: Path, verb: str) -> None:
    mrdq("init", tmp_path / "new")
    outcome = mrdq(verb, tmp_path / "new")
    assert outcome.code in (0, 2)
    assert bool(outcome.problems) == (outcome.code == 2)


@pytest.mark.parametrize(
    "name", ["ä b", 'the "new" one', "it's", "a: b", "#1", "{x}", "a\\b", "%s"]
)
def test_new_folder_with_any_name(tmp_path: Path, name: str) -> None:
    assert mrdq("init", tmp_path / name).code == 0
    outcome = mrdq("check", tmp_path / name)
    assert not [problem for problem in outcome.problems if "config.yaml" in problem]


def test_new_folder_takes_the_rows_of_a_study(study: Path, tmp_path: Path) -> None:
    mrdq("init", tmp_path / "new")
    for path in [
        *(study / "config").glob("*.tsv"),
        *(study / "config/layouts").iterdir(),
        *(study / "data").iterdir(),
    ]:
        (tmp_path / "new" / path.relative_to(study)).write_bytes(path.read_bytes())
    accepted(tmp_path / "new")
    accepted(study)
    assert (tmp_path / "new/results/calls.tsv").read_bytes() == (
        study / "results/calls.tsv"
    ).read_bytes()


@pytest.mark.parametrize("verb", ["init", "simulate"])
def test_folder_with_something_in_it_is_left_alone(tmp_path: Path, verb: str) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    outcome = mrdq(verb, tmp_path)
    assert outcome.code == 2
    assert outcome.problems == [
        f"error: {tmp_path}: found nothing, expected a new or empty folder. Name another one; nothing is overwritten."
    ]
    assert tree(tmp_path) == {"mine.txt": b"mine"}


@pytest.mark.parametrize("verb", ["init", "simulate"])
def test_file_in_the_place_of_a_folder(tmp_path: Path, verb: str) -> None:
    (tmp_path / "mine").write_text("mine")
    assert mrdq(verb, tmp_path / "mine").code == 2
    assert mrdq(verb, tmp_path / "mine" / "below").code == 2
    assert (tmp_path / "mine").read_text() == "mine"


@pytest.mark.parametrize(
    "words", [["--runs", "-1"], ["--seed", "-1"], ["--runs", "many"], ["--runs", "1.5"]]
)
def test_simulation_of_nothing_sensible(tmp_path: Path, words: list[str]) -> None:
    assert mrdq("simulate", tmp_path / "new", *words).code == 2
    assert not (tmp_path / "new").exists()


def test_simulated_archive_runs(tmp_path: Path) -> None:
    assert mrdq("simulate", tmp_path / "new", "--runs", "2", "--seed", "3").code == 0
    accepted(tmp_path / "new")
    assert len(table(tmp_path / "new/results/runs.tsv")) == 2


def test_list_of_rule_sets() -> None:
    outcome = mrdq("guidelines", "list")
    assert outcome.code == 0
    lines = [line.split("\t") for line in outcome.out.splitlines()]
    assert [line[0] for line in lines] == names("guidelines")
    assert {line[0]: line[2] for line in lines}["euromrd-2024"] == "provisional"
    assert all(len(line) == 4 for line in lines)


@pytest.mark.parametrize("name", names("guidelines"))
def test_rule_set_with_every_number(name: str) -> None:
    outcome = mrdq("guidelines", "show", name)
    assert outcome.code == 0
    head, _, body = outcome.out.partition("parameter\t")
    assert head.startswith(f"{name} ")
    assert ("PROVISIONAL" in head) == (name == "euromrd-2024")
    rows = [line.split("\t") for line in body.splitlines()[1:]]
    assert len(rows) >= 22
    assert all(
        len(row) == 10 and math.isfinite(float(row[1])) and row[2] and row[5] and row[6]
        for row in rows
    )


def test_rule_sets_of_a_study(study: Path) -> None:
    (study / "guidelines").mkdir()
    (study / "guidelines/lab.yaml").write_text(
        f'id: lab\nversion: "7"\ntitle: ours\nstatus: final\nextends: {REDUCTION}\n'
    )
    assert "lab\t7\tfinal\tours" in mrdq("guidelines", "list", "--study", study).out.splitlines()
    assert mrdq("guidelines", "show", "lab", "--study", study).out.startswith(
        "lab 7 (final): ours\n"
    )
    assert mrdq("guidelines", "show", "lab").code == 2


@pytest.mark.parametrize("name", ["none", "", "../protocols/generic", "/etc/passwd", "x" * 400])
def test_rule_set_that_is_not_there(name: str) -> None:
    outcome = mrdq("guidelines", "show", name)
    assert outcome.code == 2
    assert REDUCTION in outcome.problems[0]


def test_calls_under_another_rule_set(study: Path) -> None:
    accepted(study)
    assert mrdq("run", study, "--guideline", "euromrd-2024", "--results", study / "other").code == 0
    assert {row["guideline"] for row in table(study / "other/calls.tsv")} == {"euromrd-2024"}
    assert {row["guideline"] for row in table(study / "results/calls.tsv")} == {REDUCTION}
    unknown = mrdq("run", study, "--guideline", "none", "--results", study / "third")
    assert unknown.code == 2
    assert not (study / "third").exists()


@pytest.fixture(scope="module")
def done(example_master: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    study = copy(example_master, tmp_path_factory.mktemp("explain") / "study")
    accepted(study)
    return study


def explain(study: Path, row: dict[str, str], **other: str) -> tuple[int, str, list[str]]:
    key = {"run": row["run_id"], "target": row["target"], "sample": row["sample_id"]} | other
    outcome = mrdq(
        "explain", study, *(word for name, value in key.items() for word in (f"--{name}", value))
    )
    return outcome.code, outcome.out, outcome.problems


NUMBER = r"(-?[\d.]+(?:e[+-]?\d+)?)"


def numbers(pattern: str, text: str) -> list[float]:
    match = re.search(pattern.replace("#", NUMBER), text)
    assert match, f"{pattern} is not in:\n{text}"
    return [float(group) for group in match.groups()]


def wells_of(line: str, text: str) -> list[float]:
    match = re.search(rf"   {re.escape(line)}: (.*)", text)
    assert match
    found = [word.split(" ", 1)[1] for word in match[1].split(", ")]
    return [float(word) for word in found if re.fullmatch(NUMBER, word)]


def test_levels_can_be_recomputed_from_the_words(done: Path) -> None:
    """From the Cq as printed to the level as printed, by hand, to six digits."""
    assays = {row["target"]: row for row in table(done / "config/assays.tsv")}
    seen = 0
    for row in table(done / "results/calls.tsv"):
        code, text, _ = explain(done, row)
        assert code == 0
        assert text.splitlines()[1].startswith(f"call: {row['call']}")
        if not row["mrd_level"]:
            assert "5. Level" not in text
            continue
        seen += 1
        intercept, slope = numbers(r"wells: Cq = # \+ \(#\) × log10\(dilution\)", text)
        cq = wells_of("wells", text)
        mean = sum(cq) / len(cq)
        gene_intercept, gene_slope = numbers(r"its curve: Cq = # \+ \(#\) × log10\(ng\)", text)
        gene = wells_of(f"ALB in run {row['control_gene_run']}", text)
        amount = 10 ** ((sum(gene) / len(gene) - gene_intercept) / gene_slope)
        [nominal] = numbers(r"F = # ng / ", text)
        blasts = float(assays[row["target"]]["blast_fraction"] or 1)
        level = 10 ** ((mean - intercept) / slope) * nominal / amount * blasts
        [shown] = numbers(r"blast fraction [\d.]+ = #", text)
        assert level == pytest.approx(shown, rel=1e-6)
        assert shown == pytest.approx(float(row["mrd_level"]), rel=1e-7)
        m, i, s, raw = numbers(r"10\^\(\(# - #\) / #\) = #", text)
        factor, fraction, result = numbers(r"× F # × blast fraction # = #", text)
        assert 10 ** ((m - i) / s) == pytest.approx(raw, rel=1e-6)
        assert raw * factor * fraction == pytest.approx(result, rel=1e-6)
    assert seen >= 8


@pytest.mark.parametrize("option", ["run", "target", "sample"])
def test_explanation_of_what_is_not_there(done: Path, option: str) -> None:
    calls = table(done / "results/calls.tsv")
    column = {"run": "run_id", "target": "target", "sample": "sample_id"}[option]
    code, text, problems = explain(done, calls[0], **{option: "none"})
    assert (code, text) == (2, "")
    [problem] = problems
    assert problem.startswith(f'error: calls.tsv, column {column}: found "none", expected one of ')
    assert calls[0][column] in problem


def test_explanation_of_a_pair_that_was_not_measured(done: Path) -> None:
    calls = table(done / "results/calls.tsv")
    code, _, problems = explain(done, calls[0], run=calls[-1]["run_id"])
    assert code == 2
    assert f"--run {calls[0]['run_id']} --target {calls[0]['target']}" in problems[0]


def test_explanation_before_there_are_results(study: Path) -> None:
    outcome = mrdq("explain", study, "--run", "a", "--target", "b", "--sample", "c")
    assert outcome.code == 2
    assert "expected the table calls.tsv. Run the step that makes it first" in outcome.problems[0]


def test_explanation_after_the_sheets_changed(study: Path) -> None:
    """The results are older than the sheets: say so."""
    accepted(study)
    row = table(study / "results/calls.tsv")[0]
    for name in ("assays", "layouts/SIM-000001"):
        path = study / f"config/{name}.tsv"
        path.write_text(path.read_text().replace(row["target"], "renamed"))
    assert explain(study, row)[0] == 2
    set_key(study, "guideline", "euromrd-2024")
    assert explain(study, row)[0] == 2


def test_version() -> None:
    outcome = mrdq("--version")
    assert (outcome.code, outcome.out) == (0, f"mrdq, version {package.__version__}\n")


HEAVY = """\
import sys
import mrdq.cli
sys.argv[1:] = {!r}
try:
    mrdq.cli.main()
except SystemExit:
    pass
print(sorted(set(sys.modules) & {{"pandas", "numpy", "scipy", "pyarrow", "snakemake", "pint"}}))
"""


@pytest.mark.parametrize(
    "words", [["--help"], ["--version"], ["run", "--help"], ["guidelines", "list"]]
)
def test_light_verbs_import_nothing_heavy(words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HEAVY.format(words)], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
    assert len(done.stdout.splitlines()) > 1


def test_verbs_help_themselves() -> None:
    outcome = mrdq("--help")
    verbs = [
        line.split()[0]
        for line in outcome.out.partition("Commands:")[2].splitlines()
        if line.strip()
    ]
    assert {"init", "check", "run", "explain", "guidelines", "simulate"} <= set(verbs)
    for verb in verbs:
        assert mrdq(verb, "--help").out.startswith("Usage: ")


def test_results_and_messages_go_to_their_own_channels(study: Path) -> None:
    outcome = accepted(study)
    assert outcome.out == f"{study / 'results' / 'report' / 'index.html'}\n"
    assert "note: " in outcome.err


def test_gate_does_not_say_that_nothing_was_written(study: Path) -> None:
    """A run that fails later leaves complete results: the last line may not deny them."""
    (study / "data/SIM-000002.csv").write_text("nothing")
    for words in (["ingest"], ["call"], ["status"], ["report"]):
        assert mrdq(*words, study).code == 0
    outcome = mrdq("gate", study)
    assert outcome.code == 2
    assert "SIM-000002" in outcome.problems[0]
    assert "nothing was written" not in outcome.err


def test_failed_run_is_a_row_and_the_others_go_on(study: Path) -> None:
    (study / "data/SIM-000002.csv").write_text("nothing")
    assert mrdq("ingest", study).code == 0
    runs = table(study / "results/runs.tsv")
    assert [row["state"] for row in runs] == ["read", "failed"]
    assert "data/SIM-000002.csv" in runs[1]["message"]
    assert runs[1]["export_sha256"]


def test_every_run_fails(study: Path) -> None:
    for path in (study / "data").iterdir():
        path.write_text("nothing")
    for words in (["ingest"], ["call"], ["status"], ["report"]):
        assert mrdq(*words, study).code == 0
    assert {row["status"] for row in table(study / "results/status.tsv")} == {"not_done"}
    assert table(study / "results/calls.tsv") == []


def test_stages_one_by_one_are_the_whole_run(study: Path, tmp_path: Path) -> None:
    other = copy(study, tmp_path / "other")
    accepted(study)
    for verb in ("ingest", "call", "status", "report"):
        assert mrdq(verb, other).code == 0
    assert tree(other / "results") == tree(study / "results")
    assert mrdq("gate", other).code == 0


def test_unknown_batch(study: Path) -> None:
    outcome = mrdq("ingest", study, "--batch", "b2")
    assert outcome.code == 2
    assert outcome.problems == ['error: --batch: found "b2", expected one of b']
