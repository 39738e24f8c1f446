"""The verbs of ``mrdq audit``: who did what, and whether it is untouched."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import Any

import click

from mrdq.cli import EXIT_INPUT, main, say, several
from mrdq.cli import show as show_problems
from mrdq.cli.recorded import open_recorded, operator_option, told

_NEVER_WRITE = ("verify", "show", "trace", "signatures", "replay")


class _Verbs(click.Group):
    """Of verbs that only read, nobody asks whether anything was written."""

    def invoke(self, ctx: click.Context) -> Any:
        from mrdq.errors import MrdqError, count

        try:
            return super().invoke(ctx)
        except MrdqError as error:
            if ctx.invoked_subcommand not in _NEVER_WRITE:
                raise
            show_problems(error.problems)
            say(f"{several(count(error.problems), 'problem')}.")
            ctx.exit(EXIT_INPUT)


def _there(_: click.Context, __: click.Parameter, folder: Path) -> Path:
    """The folder.  Raises :class:`MrdqError` if there is none."""
    from mrdq.errors import refuse

    if not folder.is_dir():
        refuse(str(folder), "the folder of a study", remedy=f"There is no folder {folder}: mend its name.")  # fmt: skip
    return folder


study_argument = click.argument(
    "study", type=click.Path(path_type=Path, file_okay=False), default=".", callback=_there
)
"""The study, by default the current folder; it has to be there."""


@main.group(cls=_Verbs)
def audit() -> None:
    """The audit trail: verify, show, trace, sign, make again, export."""


@audit.command("seal")
@study_argument
@click.option("--note", default="", hidden=True, help="Note in .mrdq/NAME that it was done.")
@operator_option
def seal_records(study: Path, note: str, operator: str) -> None:
    """Seal the records that no block holds; mrdq run and the workflow do it at their end."""
    from mrdq import recording
    from mrdq.audit.reading import require_trail
    from mrdq.errors import refuse

    if note and (PurePath(note).name != note or note == ".." or not note.isprintable()):
        refuse("--note", "a name without folders", found=note)
    recorder = open_recorded(study, operator=operator)
    require_trail(study)
    sealing = recording.note_seal(recorder, note) if note else recorder.seal()
    told(sealing)
    click.echo(sealing.head)
