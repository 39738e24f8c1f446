"""What every verb that makes something of a study shares: who works, and the seal at its end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from mrdq.recording import Recorder

operator_option = click.option(
    "--operator",
    default="",
    envvar="MRDQ_OPERATOR",
    metavar="NAME",
    help="Who works, as the laboratory names them, for the audit trail [MRDQ_OPERATOR].",
)


def open_recorded(study: Path, *, operator: str = "", **asked: Any) -> Recorder:
    from mrdq import recording
    from mrdq.audit.site import here

    return recording.open_recorded(study, here(operator), **asked)


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
