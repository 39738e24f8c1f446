"""The verbs for files of others: look at an export, hand the wells on."""

from __future__ import annotations

from pathlib import Path

import click

from mrdq.cli import main, open_study, progress_bar, results_option, study_argument


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--format", "form", default="", metavar="ID", help="Read it as this format, do not detect it."
)
def inspect(file: Path, form: str) -> None:
    """Show what a reader makes of one export: format, plate, and what was not read."""
    from mrdq.errors import refuse
    from mrdq.input_file import InputFileError, read_input
    from mrdq.reports.inspect import inspected

    try:
        data = read_input(file)
    except InputFileError as error:
        refuse(str(file), error.expected, error.found, remedy=error.remedy)
    click.echo(inspected(data, str(file), format=form), nl=False)


@main.group()
def export() -> None:
    """Hand results on to other programs."""


@export.command("rdml")
@study_argument
@results_option
@click.option(
    "--run", "runs", multiple=True, metavar="ID", help="Only this run; may be given several times."
)
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write here instead of the folder rdml of the results.",
)
def export_rdml(study: Path, results: str, runs: tuple[str, ...], folder: Path | None) -> None:
    """Write the wells of each run as an RDML 1.3 file."""
    from mrdq.reports.exports import rdml_files

    loaded, files = open_study(study, results=results)
    with progress_bar(len(runs) or len(loaded.runs), "writing") as tick:
        written = rdml_files(
            loaded, files, folder or files.folder / "rdml", runs=runs, progress=tick
        )
    for path in written:
        click.echo(path)
