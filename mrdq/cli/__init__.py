"""``mrdq``: argument words to one stage to an exit code.

The only place that catches :class:`MrdqError`.  Results go to standard output, everything else
to standard error.  Exit 0 done, 1 a bug, 2 the input is wrong, 3 a check found a difference.
Heavy libraries are imported inside the verbs, so that ``mrdq --help`` answers at once.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mrdq import __version__
from mrdq.cli.recorded import finish, open_recorded, operator_option

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mrdq.errors import Problem
    from mrdq.study import Study

EXIT_INPUT, EXIT_DIFFERENCE, EXIT_INTERRUPTED = 2, 3, 130


def say(text: str) -> None:
    """A line for people, on standard error."""
    click.echo(text, err=True)


def show(problems: Iterable[Problem]) -> None:
    for problem in problems:
        say(f"{problem.level}: {problem}")


def several(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


_NEVER_WRITE = ("diff", "gate", "explain", "guidelines", "inspect", "published-check")


class _Verbs(click.Group):
    """Turns the user's errors into messages and exit code 2; anything else is a bug."""

    def list_commands(self, _: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        from mrdq.audit.job import jobs_begun
        from mrdq.errors import MrdqError

        before = jobs_begun()
        try:
            return super().invoke(ctx)
        except MrdqError as error:
            show(error.problems)
            count = len(error.problems)
            end = "; nothing was written."
            if ctx.invoked_subcommand in _NEVER_WRITE:
                end = "."
            elif jobs_begun() > before:
                end = "; what was written before stays: mrdq audit verify says how it stands."
            say(f"{several(count, 'problem')}{end}")
            ctx.exit(EXIT_INPUT)
        except KeyboardInterrupt:
            say("interrupted: what was begun is not finished; start it again")
            ctx.exit(EXIT_INTERRUPTED)


study_argument = click.argument("study", type=click.Path(path_type=Path, file_okay=False))
guideline_option = click.option(
    "--guideline",
    default="",
    metavar="ID",
    help="Call under this rule set instead of the study's own.",
)
results_option = click.option(
    "--results",
    default="",
    metavar="FOLDER",
    help="Write here instead of the study's results folder.",
)


def open_study(study: Path, guideline: str = "", results: str = "") -> tuple[Study, Any]:
    from mrdq.storage import Files
    from mrdq.study import load_study

    loaded = load_study(study, guideline=guideline, results=results)
    return loaded, Files(loaded.results)


@click.group(
    cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="mrdq")
def main() -> None:
    """From raw ASO-qPCR exports to explained MRD status.

    A study is a folder: exports, layouts and four sheets. Start with: mrdq init FOLDER
    """


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
def init(folder: Path) -> None:
    """Make a new study folder with commented sheets."""
    from mrdq.new_study import create

    for path in create(folder):
        click.echo(path)
    say(f"Fill the sheets in {folder / 'config'}, then: mrdq check {folder}")


@main.command()
@study_argument
@guideline_option
def check(study: Path, guideline: str) -> None:
    """Validate sheets, layouts, exports and rule sets; nothing is written."""
    from mrdq import pipeline

    loaded, _ = open_study(study, guideline)
    with progress_bar(len(loaded.runs), "reading") as tick:
        reading = pipeline.check(loaded, progress=tick)
    show(reading.problems.warnings)
    reading.problems.raise_if_any()
    for kept in pipeline.own_columns(loaded, reading):
        say(f"note: kept, not used: {kept}")
    for left in pipeline.not_read(reading):
        say(f"note: not read: {left}")
    for notice in loaded.notices:
        say(f"note: {notice}")
    if not len(loaded.runs):
        say(f"note: no runs yet: fill {loaded.runs.file}")
    counts = (
        (len(loaded.runs), "run"),
        (len(reading.wells), "well"),
        (len(loaded.samples), "sample"),
        (len(loaded.assays), "assay"),
    )
    warnings = several(len(reading.problems.warnings), "warning")
    click.echo(f"{', '.join(several(*count) for count in counts)}: no error, {warnings}")


@main.command()
@study_argument
@guideline_option
@results_option
@operator_option
def run(study: Path, guideline: str, results: str, operator: str) -> None:
    """Check everything, then read, call, combine and report; recorded and sealed."""
    from mrdq import stages

    recorder = open_recorded(study, operator=operator, guideline=guideline, results=results)
    loaded, files = recorder.study, recorder.files
    if guideline and not results:
        say(
            f"note: {files.folder} will hold the results under {guideline}; keep both with --results"
        )
    with progress_bar(len(loaded.runs), "reading") as tick:
        warnings, pages = stages.run(recorder, progress=tick, say=lambda text: say(f"{text} ..."))
    show(warnings)
    for notice in loaded.notices:
        say(f"note: {notice}")
    for page in pages:
        click.echo(page)
    say(f"Done. Look at {pages[0]}")
    finish(recorder)


@main.command()
@study_argument
@results_option
@click.option(
    "--batch", default="", metavar="NAME", help="Read one batch of runs into .mrdq/batches/NAME."
)
@click.option(
    "--gather", is_flag=True, help="Put the batches that were read together in the results."
)
@operator_option
def ingest(study: Path, results: str, batch: str, gather: bool, operator: str) -> None:
    """Read exports and layouts to wells.parquet and runs.tsv; a bad run is a row."""
    from mrdq import stages
    from mrdq.batches import batches
    from mrdq.plan import batch_folder

    recorder = open_recorded(study, operator=operator, results=results, batch=batch)
    loaded, wells = recorder.study, recorder.files.wells
    found = batches(loaded.runs.columns["run_id"], loaded.config.runs_per_job)
    if gather:
        stages.gather(recorder, list(found))
    else:
        if batch:
            wells = batch_folder(loaded, batch) / wells.name
            problems = stages.ingest_batch(recorder, batch, _runs_of(batch, found))
        else:
            problems = stages.ingest_all(recorder)
        show([*problems.warnings, *problems.errors])
    finish(recorder)
    click.echo(wells)


def _runs_of(batch: str, found: dict[str, list[str]]) -> list[str]:
    from mrdq.errors import refuse

    if batch not in found:
        refuse("--batch", f"one of {', '.join(found)}", found=batch)
    return found[batch]


@main.command()
@study_argument
@guideline_option
@results_option
@operator_option
def call(study: Path, guideline: str, results: str, operator: str) -> None:
    """Make curves, evidence and calls from wells.parquet."""
    from mrdq import stages

    recorder = open_recorded(study, operator=operator, guideline=guideline, results=results)
    stages.call(recorder)
    finish(recorder)
    click.echo(recorder.files.table("calls.tsv"))


@main.command()
@study_argument
@guideline_option
@results_option
@operator_option
def status(study: Path, guideline: str, results: str, operator: str) -> None:
    """Combine calls to status.tsv, survival.tsv and adtte.tsv."""
    from mrdq import stages

    recorder = open_recorded(study, operator=operator, guideline=guideline, results=results)
    stages.status(recorder)
    finish(recorder)
    click.echo(recorder.files.table("status.tsv"))


@main.command()
@study_argument
@guideline_option
@results_option
@operator_option
def report(study: Path, guideline: str, results: str, operator: str) -> None:
    """Write report/index.html from the results."""
    from mrdq import stages

    recorder = open_recorded(study, operator=operator, guideline=guideline, results=results)
    click.echo(stages.report(recorder))
    finish(recorder)


@main.command()
@study_argument
@results_option
@click.pass_context
def gate(ctx: click.Context, study: Path, results: str) -> None:
    """Fail (exit 2) if a run of the results could not be read."""
    from mrdq import pipeline

    _, files = open_study(study, results=results)
    failed = pipeline.failed_runs(files)
    if failed:
        say(f"The results are complete but for {len(failed)} runs that could not be read:")
        show(failed)
        ctx.exit(EXIT_INPUT)
    click.echo("every run was read")


@main.command()
@study_argument
@click.option("--run", "run_id", required=True, metavar="ID", help="The instrument run.")
@click.option("--target", required=True, metavar="NAME", help="The target.")
@click.option("--sample", required=True, metavar="ID", help="The sample.")
@guideline_option
@results_option
def explain(
    study: Path, run_id: str, target: str, sample: str, guideline: str, results: str
) -> None:
    """Explain one call in words and numbers that can be recomputed by hand."""
    from mrdq.explain import explain as explained

    loaded, files = open_study(study, guideline, results)
    click.echo(explained(loaded, files, run=run_id, target=target, sample=sample), nl=False)


@main.group()
def guidelines() -> None:
    """Rule sets: what there is, and every number with its source and grade."""


@guidelines.command("list")
@click.option(
    "--study",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Show the study's own too.",
)
def list_guidelines(study: Path | None) -> None:
    """One line per rule set."""
    from mrdq import definitions

    for name in definitions.names("guidelines", study):
        guideline = definitions.load_guideline(name, study)
        click.echo(f"{guideline.id}\t{guideline.version}\t{guideline.status}\t{guideline.title}")


@guidelines.command("show")
@click.argument("name")
@click.option(
    "--study",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A study with rule sets of its own.",
)
def show_guideline(name: str, study: Path | None) -> None:
    """Every parameter of a rule set: value, unit, bound, grade, source."""
    from mrdq import definitions

    guideline = definitions.load_guideline(name, study)
    click.echo(f"{guideline.id} {guideline.version} ({guideline.status}): {guideline.title}")
    click.echo(
        f"sha256 {guideline.hash}\nsource {guideline.source}\ncalls  {', '.join(guideline.calls)}"
    )
    if guideline.notice:
        click.echo(f"NOTE   {guideline.notice}")
    click.echo(
        "parameter\tvalue\tunit\tbound\tinclusive\tgrade\tsource\tlocator\tverified_by\tverified_on"
    )
    for p in guideline.parameters.values():
        click.echo("\t".join([p.name, f"{p.value:g}", p.unit, p.bound, str(p.inclusive).lower(), p.grade, p.source,
                              p.locator, p.verified_by, p.verified_on]))  # fmt: skip


def progress_bar(length: int, label: str) -> Any:
    """A progress bar on standard error; its ``tick`` takes (and ignores) the name of the item."""
    from contextlib import contextmanager

    @contextmanager
    def bar() -> Any:
        with click.progressbar(length=length, label=label, file=sys.stderr) as progress:
            yield lambda _: progress.update(1)

    return bar()


from mrdq.cli import (  # noqa: E402  (their verbs join)
    audit,
    audit_export,
    audit_replay,
    audit_sign,
    audit_verify,
    cohort,
    diff,
    exchange,
    protocol,
    published,
    simulate,
    validate,
)

__all__ = [
    "audit",
    "audit_export",
    "audit_replay",
    "audit_sign",
    "audit_verify",
    "cohort",
    "diff",
    "exchange",
    "main",
    "protocol",
    "published",
    "simulate",
    "validate",
]
