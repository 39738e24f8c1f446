"""The verb ``mrdq simulate``: the example study, an archive of any size, or a synthetic trial."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mrdq.cli import main, say, several

_folder = click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
_seed = click.option(
    "--seed",
    default=2024,
    type=click.IntRange(min=0),
    show_default=True,
    help="Seed of the random numbers.",
)


class _FolderOrVerb(click.Group):
    """A command of its own, unless its first word is one of its verbs."""

    allow_extra_args = False
    allow_interspersed_args = True

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> click.Context:
        verb = self.commands.get(args[0]) if args else None
        if verb is None:
            return super().make_context(info_name, args, parent, **extra)
        return verb.make_context(f"{info_name} {args[0]}", args[1:], parent, **extra)


@main.group(cls=_FolderOrVerb, invoke_without_command=True, subcommand_metavar="")
@_folder
@_seed
@click.option(
    "--runs",
    default=0,
    type=click.IntRange(min=0),
    metavar="N",
    help="Make an archive of N runs instead of the example study.",
)
def simulate(folder: Path, seed: int, runs: int) -> None:
    """Make a study of SIMULATED data: the example, or an archive of any size.

    A synthetic trial of 258 patients: mrdq simulate trial FOLDER (a folder that is called trial:
    ./trial).
    """
    from mrdq.new_study import require_new
    from mrdq.simulate import write_archive, write_example

    require_new(folder)
    if runs:
        write_archive(folder, runs=runs, seed=seed)
    else:
        write_example(folder, seed=seed)
    click.echo(folder)
    say(f"SIMULATED data. Next: mrdq run {folder}")


@simulate.command()
@_folder
@_seed
@click.option(
    "--cohort",
    "table",
    default=None,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Take the patients of this table instead of those that come with mrdq.",
)
@click.option(
    "--run", "go_on", is_flag=True, help="Run the study with its cohort analysis afterwards."
)
@click.pass_context
def trial(ctx: click.Context, folder: Path, seed: int, table: Path | None, *, go_on: bool) -> None:
    """Make a study of a SYNTHETIC trial: plates whose calls give the MRD of a table of outcomes."""
    from mrdq.new_study import require_new
    from mrdq.simulate import read_cohort, write_trial

    require_new(folder)
    cohort = read_cohort(table)
    write_trial(folder, cohort, seed=seed, published=table is None)
    click.echo(folder)
    after = "" if go_on else f" Next: mrdq run {folder}"
    say(f"SYNTHETIC data, {several(len(cohort), 'patient')}.{after}")
    if go_on:
        ctx.invoke(main.commands["run"], study=folder)
