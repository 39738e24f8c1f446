"""What every verb that makes something of a study shares: who works, and the seal at its end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from mrdq.recording import Recorder


def _all_cores() -> int:
    from mrdq.parallel import available

    return available()


cores_option = click.option(
    "--cores",
    type=click.IntRange(min=1),
    default=_all_cores,
    show_default="all that this process may use",
    metavar="N",
    help="Work on up to N cores of this computer; the results are the same.",
)
operator_option = click.option(
    "--operator",
    default="",
    envvar="MRDQ_OPERATOR",
    metavar="NAME",
    help="Who works, as the laboratory names them, for the audit trail [MRDQ_OPERATOR].",
)
wait_option = click.option(
    "--wait",
    type=click.IntRange(min=0),
    default=0,
    metavar="SECONDS",
    help="Wait so long if somebody else works on the study; without, that is refused at once.",
)


def open_recorded(study: Path, *, operator: str = "", wait: Any = 0, **asked: Any) -> Recorder:
    """The study to work on, held until the verb ends (``wait``: seconds to wait for who holds it)."""
    from mrdq import recording
    from mrdq.audit.site import here

    hold_study(study, wait=wait)
    return recording.open_recorded(study, here(operator), **asked)


def hold_study(study: Path, *, wait: float = 0) -> None:
    """Hold a study until the verb ends.  A job of Snakemake works under the lock of the Snakemake that
    started it.  Raises :class:`MrdqError` if somebody else works on the study."""
    from mrdq.audit.site import here
    from mrdq.study_lock import locked

    if not here().rule:
        context = click.get_current_context()
        context.with_resource(locked(study, _verb(context), wait=wait, say=_say))


def _verb(context: click.Context) -> str:
    words = context.command_path.removeprefix(context.find_root().command_path)
    return f"mrdq{words}"


def _say(text: str) -> None:
    click.echo(text, err=True)


def finish(recorder: Recorder) -> None:
    """Seal what a person did; the jobs of Snakemake are sealed by its rules."""
    if not recorder.site.rule:
        sealing = recorder.seal()
        told(replace(sealing, told=tuple(recorder.told)))


def told(sealing: Any) -> None:
    """The head, which is worth being kept elsewhere."""
    for line in sealing.told:
        click.echo(f"note: {line}", err=True)
    click.echo(
        f"audit trail: {sealing.head} (keep this line elsewhere: mail, LIMS, paper)", err=True
    )
