"""The verb ``mrdq audit replay``."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mrdq.cli import EXIT_DIFFERENCE, say, several
from mrdq.cli.audit import audit, study_argument

if TYPE_CHECKING:
    from mrdq.replay.replay import Replay


@audit.command()
@study_argument
@click.option("--block", type=click.IntRange(min=1), help="The results as of this block; else the last ones.")  # fmt: skip
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Keep the clean study folder here.",
)
@click.option(
    "--export-from",
    "exports",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="FOLDER",
    help="Look for inputs that are not in the study here too, by their SHA-256; can be repeated.",
)
@click.pass_context
def replay(
    ctx: click.Context, study: Path, block: int | None, to: Path | None, exports: tuple[Path, ...]
) -> None:
    """Make results again from the recorded inputs, rule sets and parameters, and compare bytes.

    Nothing is written into the study. Exit code 3 if anything differs, or an input is not there any more.
    """
    from mrdq.audit.site import here
    from mrdq.replay.replay import ReplayError, replay, require_place

    with tempfile.TemporaryDirectory(prefix="mrdq-replay-") as folder:
        if to is not None:
            require_place(to, study)
        place = Path(folder) / "study" if to is None else to
        try:
            found = replay(study, place, here(), block=block, exports=exports, say=lambda s: say(f"{s} ..."))  # fmt: skip
        except ReplayError as error:
            for line in error.told:
                click.echo(line)
            say("The results were not made again.")
            ctx.exit(EXIT_DIFFERENCE)
    _show(found)
    if to is not None:
        say(f"The clean folder is kept: {to}")
    if found.differences:
        ctx.exit(EXIT_DIFFERENCE)


def _show(found: Replay) -> None:
    for line in found.notes:
        say(f"note: {line}")
    for line in [*found.versions, *found.differences]:
        click.echo(line)
    if found.why:
        click.echo(found.why, nl=False)
    same = f"{several(len(found.same), 'file')} made again with the same bytes"
    if found.alike:
        same += f", {len(found.alike)} with the same content"
    if found.differences:
        click.echo(f"{found.title}: {several(len(found.differences), 'difference')}, {same}")
    else:
        click.echo(f"{found.title}: identical, {same}")
