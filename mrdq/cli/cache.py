"""The verbs ``mrdq cache``: what of a study is kept so that it is not made again."""

from __future__ import annotations

from pathlib import Path

import click

from mrdq.cli import main, open_study, study_argument


@main.group()
def cache() -> None:
    """What is kept under .mrdq so that it is not made again; it may be deleted at any time."""


@cache.command("show")
@study_argument
def show_cache(study: Path) -> None:
    """Say what is kept, how much of it the study uses, and the room it takes."""
    from mrdq.kept import kinds

    loaded, _ = open_study(study)
    click.echo("kind\tentries\tused\tfiles\tbytes")
    for kind in kinds(loaded):
        click.echo("\t".join(map(str, (kind.name, kind.entries, kind.used, kind.files, kind.size))))


@cache.command("prune")
@study_argument
def prune_cache(study: Path) -> None:
    """Drop what the study does not use any more, and put the rest together in fewer files.

    Others may work on the study meanwhile.
    """
    from mrdq.kept import prune

    loaded, _ = open_study(study)
    for name, dropped in prune(loaded).items():
        click.echo(f"{name}: {dropped} dropped")
