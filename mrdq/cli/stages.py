"""The verbs that check a study and make its results, stage by stage."""

from __future__ import annotations

from pathlib import Path

import click

from mrdq.cli import (
    EXIT_INPUT,
    guideline_option,
    main,
    open_study,
    results_option,
    say,
    several,
    show,
    study_argument,
)
from mrdq.cli.progress import told
from mrdq.cli.recorded import cores_option, finish, open_recorded, operator_option, wait_option


@main.command()
@study_argument
@guideline_option
@cores_option
def check(study: Path, guideline: str, cores: int) -> None:
    """Validate sheets, layouts, exports and rule sets; nothing is written."""
    from mrdq import pipeline
    from mrdq.errors import count

    loaded, _ = open_study(study, guideline)
    with told(None, "check") as progress:
        reading = pipeline.check(loaded, progress=progress, cores=cores)
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
        (int(reading.runs["n_wells"].sum()), "well"),
        (len(loaded.samples), "sample"),
        (len(loaded.assays), "assay"),
    )
    warnings = several(count(reading.problems.warnings), "warning")
    click.echo(f"{', '.join(several(*one) for one in counts)}: no error, {warnings}")


@main.command()
@study_argument
@guideline_option
@results_option
@cores_option
@operator_option
@wait_option
def run(
    study: Path, guideline: str, results: str, cores: int, operator: str, wait: int
) -> None:  # fmt: skip
    """Check everything, then read, call, combine and report; recorded and sealed."""
    from mrdq import stages

    recorder = open_recorded(
        study, operator=operator, wait=wait, guideline=guideline, results=results
    )
    loaded, files = recorder.study, recorder.files
    if guideline and not results:
        say(
            f"note: {files.folder} will hold the results under {guideline}; keep both with --results"
        )
    with told(loaded.root, "run") as progress:
        warnings, pages = stages.run(recorder, progress=progress, cores=cores, say=progress.say)
        for warning in warnings:
            progress.say(f"{warning.level}: {warning}")
        for notice in loaded.notices:
            progress.say(f"note: {notice}")
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
@cores_option
@operator_option
def ingest(study: Path, results: str, batch: str, gather: bool, cores: int, operator: str) -> None:
    """Read exports and layouts to wells.parquet and runs.tsv; a bad run is a row."""
    from mrdq import stages
    from mrdq.basis import batch_folder
    from mrdq.batches import batches

    recorder = open_recorded(study, operator=operator, results=results, batch=batch)
    loaded, wells = recorder.study, recorder.files.wells
    found = batches(loaded.runs.columns["run_id"], loaded.config.runs_per_job)
    with told(loaded.root, "ingest") as progress:
        if gather:
            stages.gather(recorder, list(found), progress=progress)
        else:
            if batch:
                wells = batch_folder(loaded, batch) / wells.name
                runs = _runs_of(batch, found)
                problems = stages.ingest_batch(
                    recorder, batch, runs, progress=progress, cores=cores
                )
            else:
                problems = stages.ingest_all(recorder, progress=progress, cores=cores)
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
@cores_option
@operator_option
def call(study: Path, guideline: str, results: str, cores: int, operator: str) -> None:
    """Make curves, evidence and calls from wells.parquet."""
    from mrdq import stages

    recorder = open_recorded(study, operator=operator, guideline=guideline, results=results)
    with told(recorder.study.root, "call") as progress:
        stages.call(recorder, progress=progress, cores=cores)
    finish(recorder)
    click.echo(recorder.files.table("calls.tsv"))


@main.command()
@study_argument
@guideline_option
@results_option
@cores_option
@operator_option
def status(study: Path, guideline: str, results: str, cores: int, operator: str) -> None:
    """Combine calls to status.tsv, survival.tsv and adtte.tsv."""
    from mrdq import stages

    recorder = open_recorded(study, operator=operator, guideline=guideline, results=results)
    with told(recorder.study.root, "status") as progress:
        stages.status(recorder, progress=progress, cores=cores)
    finish(recorder)
    click.echo(recorder.files.table("status.tsv"))


@main.command()
@study_argument
@guideline_option
@results_option
@click.option(
    "--patient",
    "patients",
    multiple=True,
    metavar="ID",
    help="Write the page of this patient instead (may be repeated).",
)
@cores_option
@operator_option
def report(
    study: Path, guideline: str, results: str, patients: tuple[str, ...], cores: int, operator: str
) -> None:
    """Write report/index.html from the results, or the pages of patients to report/patients."""
    from mrdq import stages

    asked = {"patients": sorted(set(patients))} if patients else {}
    recorder = open_recorded(
        study, operator=operator, guideline=guideline, results=results, **asked
    )
    with told(recorder.study.root, "report") as progress:
        if patients:
            pages = stages.patient_pages(recorder, patients, progress=progress)
        else:
            pages = [stages.report(recorder, progress=progress, cores=cores)]
    for page in pages:
        click.echo(page)
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
