"""The verbs ``mrdq audit verify``, ``show`` and ``trace``: they read, and write nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mrdq.cli import EXIT_DIFFERENCE, say, several
from mrdq.cli.audit import audit, study_argument


@audit.command()
@study_argument
@click.option(
    "--head",
    default="",
    metavar="HASH",
    help="A head that was kept elsewhere, or its whole line: it has to be in the chain.",
)
@click.pass_context
def verify(ctx: click.Context, study: Path, head: str) -> None:
    """Exit 0 if everything is as it was sealed, else 3 with every difference in words.

    Without a head that was kept elsewhere, a chain that was written anew from its start cannot be told.
    """
    from mrdq.audit.chain import read_chain
    from mrdq.audit.signatures import told
    from mrdq.audit.verify import plain
    from mrdq.audit.verify import verify as verified

    verdict = verified(study, head)
    for note in verdict.notes:
        say(f"note: {note}")
    for difference in verdict.differences:
        click.echo(difference)
    for line in map(plain, told(study, read_chain(study))):
        if line not in verdict.differences:
            click.echo(line)
    counts = ((verdict.blocks, "block"), (verdict.records, "record"), (verdict.files, "file"))
    found = (
        several(len(verdict.differences), "difference") if verdict.differences else "no difference"
    )
    click.echo(f"{found} in {', '.join(several(*count) for count in counts)}; {verdict.head}")
    if verdict.differences:
        ctx.exit(EXIT_DIFFERENCE)


@audit.command()
@study_argument
@click.option("--patient", default="", metavar="ID", help="Jobs about a patient, and what changed.")
@click.option("--run", default="", metavar="ID", help="Jobs about an instrument run.")
@click.option("--user", default="", metavar="NAME", help="Jobs of a user or operator.")
@click.option("--since", default="", metavar="DATE", help="Jobs of this day (UTC) and later.")
@click.option("--until", default="", metavar="DATE", help="Jobs of this day (UTC) and earlier.")
@click.option("--block", type=click.IntRange(min=1), metavar="N", help="Jobs that a block holds.")
@click.option("--action", default="", metavar="NAME", help="Jobs of one kind, such as run.")
@click.option("--tsv", is_flag=True, help="Tab-separated and uncut, for programs.")
def show(study: Path, tsv: bool, block: int | None, **asked: Any) -> None:
    """Who did what: one line per job, and what each block changed of the inputs.

    With --patient what it changed of their rows.
    """
    from mrdq.audit import show as shown
    from mrdq.audit.verify import plain

    lines, notes = shown.show(study, shown.Asked(block=block or 0, whole=tsv, **asked))
    for note in notes:
        say(f"note: {plain(note)}")
    text = shown.as_tsv(lines) if tsv else shown.as_text(lines)
    click.echo(text if tsv else "".join(f"{plain(line)}\n" for line in text.splitlines()), nl=False)
    if not lines:
        say("no job is of this kind")


@audit.command()
@study_argument
@click.option("--patient", required=True, metavar="ID", help="The patient.")
@click.option("--timepoint", required=True, metavar="ID", help="The timepoint.")
@click.option("--results", default="", metavar="FOLDER", help="Another folder of results.")
@click.pass_context
def trace(ctx: click.Context, study: Path, patient: str, timepoint: str, results: str) -> None:
    """One status back to the wells, exports, rules and jobs it came from, with every hash whole.

    Exit 3 if a file on the way is not as the trail says.
    """
    from mrdq.audit.trace import trace as traced
    from mrdq.audit.verify import plain

    text, differences = traced(study, patient, timepoint, results=results)
    count = several(len(differences), "difference")
    first = [f"NOT as the audit trail has it: {count}, told at the end", ""] if differences else []
    for line in [*first, *text.splitlines(), *(f"DIFFERS: {one}" for one in differences)]:
        click.echo(plain(line))
    if differences:
        ctx.exit(EXIT_DIFFERENCE)
