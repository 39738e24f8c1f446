"""The trail for an inspector: ``mrdq audit export``."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from mrdq.cli import EXIT_DIFFERENCE, say, several
from mrdq.cli.audit import audit, study_argument
from mrdq.cli.recorded import finish, open_recorded, operator_option

if TYPE_CHECKING:
    from mrdq.recording import Recorder
    from mrdq.reports.audit_tables import Wanted


@audit.command("export")
@study_argument
@click.option(
    "--to",
    "folder",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Write here.",
)
@click.option("--patient", default="", metavar="ID", help="Only what is about this patient.")
@click.option(
    "--since", default="", metavar="DAY", help="Only jobs that ended on this day (UTC) or later."
)
@click.option(
    "--until", default="", metavar="DAY", help="Only jobs that began on this day (UTC) or before."
)
@operator_option
@click.pass_context
def export_trail(
    ctx: click.Context,
    study: Path,
    folder: Path,
    patient: str,
    since: str,
    until: str,
    operator: str,
) -> None:
    """Write the audit trail as tables (csv) and as a PDF.

    The trail is checked as mrdq audit verify does; the PDF says what came of it, and a difference is
    exit code 3, with everything written.
    """
    from mrdq.audit.job import recorded
    from mrdq.audit.reading import read_trail, who
    from mrdq.audit.verify import verify
    from mrdq.reports.audit_pdf import Cover, audit_pdf, verdict_lines
    from mrdq.reports.audit_tables import COLUMNS, csv_bytes, sealed_records, tables_of
    from mrdq.reports.places import require_empty, require_outside
    from mrdq.storage import write_bytes

    asked = {"format": "csv and PDF", "patient": patient, "since": since, "until": until}
    recorder = open_recorded(study, operator=operator, **asked)
    loaded, root, site = recorder.study, recorder.study.root, recorder.site
    require_outside(folder, root, "An export inside would be part of the study")
    require_empty(folder)
    wanted = _wanted(recorder, patient, since, until)
    recorder.seal()
    verdict = verify(root)
    reading = read_trail(root)
    tables = tables_of(reading.chain, sealed_records(reading), wanted, loaded.amendments)
    cover = Cover(loaded.config.study, reading.chain.head, wanted.period, patient, site.now(),
                  who(site.as_json()), loaded.notices, verdict_lines(verdict, rows=not patient))  # fmt: skip
    files = {f"{name}.csv": csv_bytes(columns, tables[name]) for name, columns in COLUMNS.items()}
    files["audit.pdf"] = audit_pdf(cover, tables)
    with recorded(root, "export", site, asked) as job:
        for name, data in files.items():
            write_bytes(folder / name, data)
        job.seal = cover.head.as_json()
        job.writes(*(folder.absolute() / name for name in files))
    for name in files:
        click.echo(folder / name)
    say(
        "note: the files hold ids of runs, names of files and of people who worked, and the amendments."
    )
    say(
        f"the files tell of the study at {cover.head}; "
        f"check it with: mrdq audit verify {quote(str(study))} --head {cover.head.hash}"
    )
    if not site.rule:
        say("the study itself has a new head, with this export recorded in it:")
    finish(recorder)
    if verdict.differences:
        say(
            f"{several(len(verdict.differences), 'difference')} from the trail: audit.pdf has them, and mrdq audit verify"
        )
        ctx.exit(EXIT_DIFFERENCE)


def _wanted(recorder: Recorder, patient: str, since: str, until: str) -> Wanted:
    from mrdq.errors import refuse
    from mrdq.reports.audit_tables import Wanted, about_patient, day
    from mrdq.storage import read_wells

    first, last = day(since, "--since"), day(until, "--until")
    if first and last and first > last:
        refuse("--until", f"a day that is not before --since {first}", until)
    if not patient:
        return Wanted(first, last)
    study = recorder.study
    wells = read_wells([recorder.files.wells])
    about = about_patient(patient, study.samples, study.runs, wells)
    return Wanted(first, last, patient, about)
