"""The verb ``mrdq validate``."""

from __future__ import annotations

from pathlib import Path

import click

from mrdq.cli import EXIT_DIFFERENCE, main, say, several
from mrdq.cli.recorded import operator_option, told


@main.command()
@click.option(
    "--to",
    "folder",
    default=None,
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="A new or empty folder for the report [mrdq-validation-<date>].",
)
@operator_option
@click.pass_context
def validate(ctx: click.Context, folder: Path | None, operator: str) -> None:
    """Qualify this installation on this machine, offline, and write a sealed report.

    Installation, operational and performance qualification from data that come with mrdq. It takes
    about half a minute. Exit code 3 if a check failed.
    """
    from mrdq.audit.site import here
    from mrdq.validation import pack

    site = here(operator)
    made = pack.make(folder or Path(f"mrdq-validation-{site.time[:10]}"), site, say=lambda text: say(f"{text} ..."))  # fmt: skip
    for check in made.failed:
        click.echo(f"FAILED {check.id}: {check.what}: expected {check.expected}; found {check.found}")  # fmt: skip
    passed = sum(check.outcome == "passed" for check in made.checks)
    click.echo(f"{several(passed, 'check')} passed, {len(made.failed)} failed")
    click.echo(made.report)
    told(made.sealing)
    if made.failed:
        ctx.exit(EXIT_DIFFERENCE)
