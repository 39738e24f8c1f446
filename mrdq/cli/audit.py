"""The verbs of ``mrdq audit``: who did what, and whether it is untouched."""

from __future__ import annotations

from pathlib import Path

import click

from mrdq.cli import main, study_argument
from mrdq.cli.recorded import open_recorded, operator_option, told


@main.group()
def audit() -> None:
    """The audit trail: verify, show, trace, sign, make again, export."""


@audit.command("seal")
@study_argument
@click.option("--note", default="", metavar="NAME", help="Note in .mrdq/NAME that it was done.")
@operator_option
def seal_records(study: Path, note: str, operator: str) -> None:
    """Seal the records that no block holds; mrdq run and the workflow do it at their end."""
    from mrdq import recording

    recorder = open_recorded(study, operator=operator)
    sealing = recording.note_seal(recorder, note) if note else recorder.seal()
    told(sealing)
    click.echo(sealing.head)
