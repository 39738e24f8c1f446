"""The verbs for files of others: look at exports, hand the wells on."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from shlex import quote

import click

from mrdq.cli import (
    EXIT_INPUT,
    main,
    results_option,
    say,
    several,
    show,
    study_argument,
)
from mrdq.cli.progress import told
from mrdq.cli.recorded import finish, open_recorded, operator_option
from mrdq.errors import MrdqError, refuse
from mrdq.input_file import InputFileError, read_input
from mrdq.progress import SILENT

_MANY = 20
"""Files of a list that are looked at without a word on how far it is."""


class _Inspect(click.Command):
    """Lists the formats below the options; they are read only when somebody asks for them."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        from mrdq.instruments import FORMATS

        with formatter.section("Formats"):
            formatter.write_dl([(key, reader.title) for key, reader in FORMATS.items()])


@main.command(cls=_Inspect)
@click.argument(
    "files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path)
)
@click.option(
    "--format", "form", default="", metavar="ID", help="Read it as this format, do not detect it."
)
@click.option(
    "--wells", "wells", is_flag=True, help="The rows of one file as tsv instead of the page."
)
@click.pass_context
def inspect(ctx: click.Context, files: tuple[Path, ...], form: str, wells: bool) -> None:
    """Show what a reader makes of one export: format, plate, and what was not read.

    Of several files, or of those in a folder, a list with one line for each.
    """
    _require_format(form)
    if len(files) == 1 and not files[0].is_dir():
        _show_one(files[0], form, wells=wells)
    elif wells:
        found = "a folder" if len(files) == 1 else several(len(files), "path")
        refuse("--wells", "one file", found, remedy="Name one file.")
    else:
        _list(ctx, [path for file in files for path in _files_of(file)], form)


def _require_format(form: str) -> None:
    from mrdq.instruments import FORMATS

    if form in ("", *FORMATS):
        return
    near = difflib.get_close_matches(form.casefold(), FORMATS, n=1, cutoff=0.45)
    meant = f", did you mean {near[0]}?" if near else ""
    refuse("--format", f"one of {', '.join(FORMATS)}{meant}", form)


def _show_one(file: Path, form: str, *, wells: bool) -> None:
    from mrdq.reports.inspect import inspected, read_alone, wells_table

    data = _bytes_of(file, str(file))
    if not wells:
        click.echo(inspected(data, str(file), format=form), nl=False)
        return
    export = read_alone(data, str(file), format=form)
    show(export.warnings)
    click.echo(wells_table(export), nl=False)


def _list(ctx: click.Context, files: list[Path], form: str) -> None:
    """A line for each file; exit code 2 where one was refused."""
    from mrdq.reports.inspect import LIST, tsv

    rows: list[list[str | float]] = []
    long = len(files) > _MANY
    with (
        told(None, "inspect") if long else nullcontext(SILENT) as progress,
        progress.step("reading files", total=len(files), unit="files") as tick,
    ):
        for file in files:
            rows.append(_row(file, form))
            tick(1)
    click.echo(tsv([LIST, *rows]), nl=False)
    n_refused = sum(row[-1] != "" for row in rows)
    if n_refused:
        say(
            f"{n_refused} of {several(len(files), 'file')} refused. The whole message: mrdq inspect FILE"
        )
        ctx.exit(EXIT_INPUT)


def _row(file: Path, form: str) -> list[str | float]:
    from mrdq.reports.inspect import read_alone, read_row, refused_row

    try:
        return read_row(str(file), read_alone(_bytes_of(file, file.name), file.name, format=form))
    except MrdqError as error:
        return refused_row(str(file), error)


def _files_of(path: Path) -> Iterable[Path]:
    """A file, or the files directly in a folder but for hidden ones, sorted."""
    if not path.is_dir():
        return [path]
    from mrdq.config import CONFIG_FILE

    if (path / CONFIG_FILE).exists():
        refuse(str(path), "files, or a folder of exports", "a study", remedy=f"This is a study: mrdq check {path}")  # fmt: skip
    try:
        there = sorted(path.iterdir())
    except OSError as error:
        refuse(str(path), f"a readable folder ({error.strerror})", remedy="Mend the path.")
    files = [one for one in there if not one.is_dir() and not one.name.startswith(".")]
    if not files:
        refuse(str(path), "a folder with exports", remedy="Mend the path.")
    if others := [one.name for one in there if one not in files]:
        say(f"note: {path}: not looked at: {', '.join(others)}")
    return files


def _bytes_of(file: Path, name: str) -> bytes:
    try:
        return read_input(file)
    except InputFileError as error:
        refuse(name, error.expected, error.found, remedy=error.remedy)


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
@click.option(
    "--without-sheet-data",
    "bare",
    is_flag=True,
    help="Leave out patients, timepoints, materials, dates and instruments of the sheets; ids stay.",
)
@operator_option
def export_rdml(
    study: Path, results: str, runs: tuple[str, ...], folder: Path | None, bare: bool, operator: str
) -> None:
    """Write the wells of each run as an RDML 1.3 file."""
    from mrdq.reports.exports import not_written, rdml_files
    from mrdq.reports.places import require_no_input

    asked = {"format": "rdml", "runs": list(runs), "sheet_data": not bare}
    recorder = open_recorded(study, operator=operator, results=results, **asked)
    loaded, files = recorder.study, recorder.files
    into = folder or files.folder / "rdml"
    require_no_input(into, loaded.root)
    with (
        told(loaded.root, "export") as progress,
        progress.step("writing runs", total=len(runs) or len(loaded.runs), unit="runs") as tick,
        recorder.stage("export", runs=runs) as job,
    ):
        written = rdml_files(
            loaded, files, into, runs=runs, sheet_data=not bare, progress=lambda _: tick(1)
        )
        job.writes(*written)
    for run, reason in ({} if runs else not_written(loaded, files)).items():
        say(f"not written: {run}, {reason}")
    if written and not bare:
        say("note: the files hold patient ids, timepoints and dates, as far as the sheets do. "
            "To leave them out: --without-sheet-data")  # fmt: skip
    for path in written:
        click.echo(path)
    finish(recorder)


@export.command("rocrate")
@study_argument
@click.option(
    "--to",
    required=True,
    metavar="FOLDER|FILE.zip",
    type=click.Path(path_type=Path),
    help="A new folder, or a new zip if the name ends in .zip; outside of the study.",
)
@click.option(
    "--license",
    "license_",
    default="",
    metavar="TEXT|URL",
    help="Under what others may use it; without, the crate says that no licence is stated.",
)
@click.option(
    "--without-data",
    "bare",
    is_flag=True,
    help="Describe the study without its files: hashes, times, software and who worked.",
)
@operator_option
def export_rocrate(study: Path, to: Path, license_: str, bare: bool, operator: str) -> None:
    """Write the study as a Workflow Run RO-Crate, for an archive or a journal."""
    from mrdq.audit.job import recorded
    from mrdq.audit.reading import read_trail
    from mrdq.reports.audit_tables import require_records, sealed_records
    from mrdq.reports.rocrate_export import Export, require_run, write_crate
    from mrdq.reports.rocrate_files import METADATA, require_free, workflow_folder

    asked = {"format": "rocrate", "with_data": not bare, "license": license_}
    recorder = open_recorded(study, operator=operator, **asked)
    loaded, root = recorder.study, recorder.study.root
    require_free(to, root)
    recorder.seal()
    reading = read_trail(root)
    require_records(reading)
    crate = Export(reading, sealed_records(reading), loaded.config.study, loaded.notices, recorder.site.now(),
                   workflow_folder(), license_, not bare)  # fmt: skip
    require_run(crate)
    with recorded(root, "export", recorder.site, asked) as job:
        write_crate(crate, to)
        job.seal = crate.head.as_json()
        job.writes((to / METADATA if to.is_dir() else to).absolute())
    if bare:
        say("note: no file of the study is in it. Names of people who worked, ids of rule sets and the "
            "name of the study are.")  # fmt: skip
    else:
        say("note: the crate holds all data of the study: patient ids, dates, outcomes, and names of people "
            "who worked. To leave them out: --without-data")  # fmt: skip
    if not license_:
        say("note: the crate says that no licence is stated. To state one: --license")
    click.echo(to)
    _tell_heads(str(crate.head), crate.head.hash, study=study, to=to, bare=bare)
    if not recorder.site.rule:
        say("the study itself has a new head, with this export recorded in it; the crate does not hold that block:")  # fmt: skip
    finish(recorder)


def _tell_heads(shown: str, digest: str, *, study: Path, to: Path, bare: bool) -> None:
    """The head that the crate is checked by, which is not that of the study after the export."""
    if bare:
        check = f"it holds none of its files, so check the study with: mrdq audit verify {quote(str(study))}"  # fmt: skip
    elif to.suffix == ".zip":
        check = "unpack it, and check it with: mrdq audit verify CRATE"
    else:
        check = f"check it with: mrdq audit verify {quote(str(to))}"
    say(f"the crate {'tells of' if bare else 'holds'} the study at {shown}; {check} --head {digest}")  # fmt: skip
