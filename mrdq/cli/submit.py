"""The verb ``mrdq submit``."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mrdq.cli import main, say, several, study_argument
from mrdq.cli.recorded import operator_option
from mrdq.errors import refuse

if TYPE_CHECKING:
    from mrdq.submission import Request


def _say_where(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    from mrdq import resources

    if asked:
        click.echo(resources.snakefile())
        ctx.exit()


@main.command()
@study_argument
@click.argument("sbatch", nargs=-1, type=click.UNPROCESSED)
@click.option("--partition", default="", metavar="NAME", help="Partition; SLURM's own default.")
@click.option("--account", default="", metavar="NAME", help="Account; SLURM's own default.")
@click.option(
    "--cores",
    type=click.IntRange(min=1),
    default=4,
    show_default=True,
    metavar="N",
    help="Cores to ask for, of one node.",
)
@click.option("--memory", default="", metavar="SIZE", help="Memory, as 8G; by the number of runs.")
@click.option(
    "--time",
    default="",
    metavar="TIME",
    help="Most time, in minutes, or as 2:00:00 or 1-12; by the number of runs.",
)
@operator_option
@click.option("--print", "only_print", is_flag=True, help="Show the script, and do nothing.")
@click.option("--dry-run", is_flag=True, help="Ask SLURM whether and when it would start the job.")
@click.option(
    "--snakefile",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_say_where,
    help="Say where the workflow lies, for snakemake itself, and do nothing.",
)
def submit(
    study: Path, sbatch: tuple[str, ...], partition: str, account: str, cores: int, memory: str,
    time: str, operator: str, only_print: bool, dry_run: bool,
) -> None:  # fmt: skip
    """Run the whole workflow of a study as one job of SLURM, on the cores of one node.

    Memory and time are predicted from the number of runs. Options of sbatch that are not here stand at
    the end, behind two dashes. What was done before is not done again: a job that was stopped goes on
    when it is submitted again.
    """
    from mrdq import submission
    from mrdq.plan import load_plan

    plan = load_plan(study)
    usual = submission.predicted(plan, cores)
    asked = replace(
        usual, memory=memory or usual.memory, time=time or usual.time, partition=partition, account=account
    )  # fmt: skip
    options = submission.require(asked).options(study.resolve().name)
    script = submission.script(
        str(study.resolve()), _snakemake(), options=options, variables=_variables(operator)
    )
    if only_print:
        click.echo(script, nl=False)
        return
    job = _sbatch(study, script, [*options, *sbatch, *(["--test-only"] if dry_run else [])])
    say(f"asked for {_words(asked)}, for {several(len(plan.study.runs), 'run')}")
    if dry_run:
        return
    _say_how_to_go_on(study, job)
    click.echo(job)


def _snakemake() -> list[str]:
    from mrdq import resources

    return [sys.executable, "-m", "snakemake", "--snakefile", str(resources.snakefile())]


def _variables(operator: str) -> dict[str, str]:
    """The environment in which the job finds what this process is."""
    found = shutil.which("mrdq", path=str(Path(sys.executable).parent)) or shutil.which("mrdq")
    path = {"PATH": str(Path(found).parent)} if found else {}
    return path | ({"MRDQ_OPERATOR": operator} if operator else {})


def _sbatch(study: Path, script: str, options: list[str]) -> str:
    """Hand the script over; the number of the job, "" for none.  Raises :class:`MrdqError`."""
    from mrdq import storage
    from mrdq.plan import STATE

    command = shutil.which("sbatch")
    if command is None:
        refuse("mrdq submit", "SLURM's command sbatch",
               remedy="Submit from a computer that has it; for another scheduler, --print shows the script.")  # fmt: skip
    path = study.resolve() / STATE / "submit.sh"
    storage.write_bytes(path, script.encode())
    (study / "logs").mkdir(
        exist_ok=True
    )  # where it is missing, SLURM starts no job and says nothing
    done = subprocess.run([command, "--parsable", *options, str(path)], cwd=study, capture_output=True, text=True)  # fmt: skip
    told = done.stderr.strip()
    if done.returncode:
        refuse("sbatch", "a job that SLURM accepts", told or f"exit code {done.returncode}",
               remedy="Ask for something else: mrdq submit --help; what there is: sinfo.")  # fmt: skip
    if told:
        say(told)
    return done.stdout.strip().partition(";")[0]  # number;cluster


def _words(asked: Request) -> str:
    """What was asked for, with the options that say otherwise."""
    time = f"{asked.time} minutes" if asked.time.isdigit() else asked.time
    return (f"{several(asked.cores, 'core')} (--cores), {asked.memory} of memory (--memory) and "
            f"{time} at most (--time)")  # fmt: skip


def _say_how_to_go_on(study: Path, job: str) -> None:
    from mrdq.submission import LOG

    say(f"submitted as job {job}")
    say(f"  log     tail -f {study / LOG.replace('%j', job)}")
    say(f"  state   squeue --job {job}")
    say(f"  cancel  scancel {job}")
    say("If it is stopped, submit the study again: it goes on where it was.")
