"""The verb ``mrdq published-check``."""

from __future__ import annotations

from pathlib import Path

import click

from mrdq.cli import EXIT_DIFFERENCE, main
from mrdq.errors import refuse
from mrdq.input_file import InputFileError, read_input


@main.command("published-check")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--tsv", is_flag=True, help="A row per figure and remark, tab-separated, instead.")
@click.pass_context
def published_check(ctx: click.Context, file: Path, tsv: bool) -> None:
    """Check the printed figures of a table or an abstract for what can be checked.

    Rounding is taken into account. Exit code 3 if a figure cannot be right as printed, or is an oddity.
    """
    from mrdq.published.check import check, report, table
    from mrdq.published.read import read

    try:
        data = read_input(file)
    except InputFileError as error:
        refuse(str(file), error.expected, error.found, remedy=error.remedy)
    checked = check(read(data, str(file)))
    click.echo(table(checked) if tsv else report(checked), nl=False)
    if checked.findings or checked.oddities:
        ctx.exit(EXIT_DIFFERENCE)
