"""The verb ``mrdq diff``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mrdq.cli import EXIT_DIFFERENCE, main, say
from mrdq.errors import refuse

if TYPE_CHECKING:
    from mrdq.comparison.compared import Compared


@main.command()
@click.argument("a", type=click.Path(path_type=Path))
@click.argument("b", type=click.Path(path_type=Path), required=False)
@click.option(
    "--guideline",
    default="",
    metavar="ID",
    help="Compare the study A with itself under this rule set; nothing of it is changed.",
)
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Also write diff.tsv, diff.txt and diff.html there.",
)
@click.pass_context
def diff(ctx: click.Context, a: Path, b: Path | None, guideline: str, to: Path | None) -> None:
    """Compare two results (study or results folders), or one study under two rule sets.

    Calls, levels, statuses, responses and next steps, grouped by the criterion that decided. Exit code
    3 if anything differs.
    """
    if (b is None) == (guideline == ""):
        refuse("mrdq diff", "two folders, or one study and --guideline ID",
               found=f"{a} {b} --guideline {guideline}" if b else str(a))  # fmt: skip
    from mrdq import comparison_stage as stage

    if to is not None:
        stage.refuse_place(to, [a] if b is None else [a, b])
    compared = stage.folders(a, b) if b else stage.rule_sets(a, guideline, say=lambda s: say(f"{s} ..."))  # fmt: skip
    _show(compared, to)
    if len(compared.found.differences):
        ctx.exit(EXIT_DIFFERENCE)


def _show(compared: Compared, to: Path | None) -> None:
    from mrdq import storage
    from mrdq.comparison.tables import DIFFERENCES
    from mrdq.reports import diff_page, diff_text

    if to is None:
        click.echo(diff_text.text(compared, rest="see diff.tsv (--to FOLDER writes it)"), nl=False)
        return
    text = diff_text.text(compared, rest="see diff.tsv")
    storage.write_table(to / "diff.tsv", compared.found.differences, DIFFERENCES)
    storage.write_bytes(to / "diff.txt", text.encode())
    page = diff_page.write(compared, to)
    click.echo(text, nl=False)
    say(f"Look at {page}")
