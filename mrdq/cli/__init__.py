"""``mrdq``: argument words to one stage to an exit code.

The only place that catches :class:`MrdqError`.  Results go to standard output, everything else
to standard error.  Exit 0 done, 1 a bug, 2 the input is wrong, 3 a check found a difference.
Heavy libraries are imported inside the verbs, so that ``mrdq --help`` answers at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mrdq import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mrdq.errors import Problem
    from mrdq.study import Study

EXIT_INPUT, EXIT_DIFFERENCE, EXIT_INTERRUPTED = 2, 3, 130


def say(text: str) -> None:
    """A line for people, on standard error."""
    click.echo(text, err=True)


def show(problems: Iterable[Problem]) -> None:
    for problem in problems:
        say(f"{problem.level}: {problem}")


def several(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


_NEVER_WRITE = ("diff", "gate", "explain", "guidelines", "inspect", "published-check", "submit")


class _Verbs(click.Group):
    """Turns the user's errors into messages and exit code 2; anything else is a bug."""

    def list_commands(self, _: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        from mrdq.audit.job import jobs_begun
        from mrdq.errors import MrdqError, count

        before = jobs_begun()
        try:
            return super().invoke(ctx)
        except MrdqError as error:
            show(error.problems)
            problems = count(error.problems)
            end = "; nothing was written."
            if ctx.invoked_subcommand in _NEVER_WRITE:
                end = "."
            elif jobs_begun() > before:
                end = "; what was written before stays: mrdq audit verify says how it stands."
            say(f"{several(problems, 'problem')}{end}")
            ctx.exit(EXIT_INPUT)
        except KeyboardInterrupt:
            say("interrupted: what was begun is not finished; start it again")
            ctx.exit(EXIT_INTERRUPTED)


study_argument = click.argument("study", type=click.Path(path_type=Path, file_okay=False))
guideline_option = click.option(
    "--guideline",
    default="",
    metavar="ID",
    help="Call under this rule set instead of the study's own.",
)
results_option = click.option(
    "--results",
    default="",
    metavar="FOLDER",
    help="Write here instead of the study's results folder.",
)


def open_study(study: Path, guideline: str = "", results: str = "") -> tuple[Study, Any]:
    from mrdq.storage import Files
    from mrdq.study import load_study

    loaded = load_study(study, guideline=guideline, results=results)
    return loaded, Files(loaded.results)


@click.group(
    cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="mrdq")
def main() -> None:
    """From raw ASO-qPCR exports to explained MRD status.

    A study is a folder: exports, layouts and four sheets. Start with: mrdq init FOLDER
    """


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
def init(folder: Path) -> None:
    """Make a new study folder with commented sheets."""
    from mrdq.new_study import create

    for path in create(folder):
        click.echo(path)
    say(f"Fill the sheets in {folder / 'config'}, then: mrdq check {folder}")


from mrdq.cli import stages  # noqa: E402  (its verbs come next)


@main.command()
@study_argument
@click.option("--run", "run_id", required=True, metavar="ID", help="The instrument run.")
@click.option("--target", required=True, metavar="NAME", help="The target.")
@click.option("--sample", required=True, metavar="ID", help="The sample.")
@guideline_option
@results_option
def explain(
    study: Path, run_id: str, target: str, sample: str, guideline: str, results: str
) -> None:
    """Explain one call in words and numbers that can be recomputed by hand."""
    from mrdq.explain import explain as explained

    loaded, files = open_study(study, guideline, results)
    click.echo(explained(loaded, files, run=run_id, target=target, sample=sample), nl=False)


@main.group()
def guidelines() -> None:
    """Rule sets: what there is, and every number with its source and grade."""


@guidelines.command("list")
@click.option(
    "--study",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Show the study's own too.",
)
def list_guidelines(study: Path | None) -> None:
    """One line per rule set."""
    from mrdq import definitions

    for name in definitions.names("guidelines", study):
        guideline = definitions.load_guideline(name, study)
        click.echo(f"{guideline.id}\t{guideline.version}\t{guideline.status}\t{guideline.title}")


@guidelines.command("show")
@click.argument("name")
@click.option(
    "--study",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A study with rule sets of its own.",
)
def show_guideline(name: str, study: Path | None) -> None:
    """Every parameter of a rule set: value, unit, bound, grade, source."""
    from mrdq import definitions

    guideline = definitions.load_guideline(name, study)
    click.echo(f"{guideline.id} {guideline.version} ({guideline.status}): {guideline.title}")
    click.echo(
        f"sha256 {guideline.hash}\nsource {guideline.source}\ncalls  {', '.join(guideline.calls)}"
    )
    if guideline.notice:
        click.echo(f"NOTE   {guideline.notice}")
    click.echo(
        "parameter\tvalue\tunit\tbound\tinclusive\tgrade\tsource\tlocator\tverified_by\tverified_on"
    )
    for p in guideline.parameters.values():
        click.echo("\t".join([p.name, f"{p.value:g}", p.unit, p.bound, str(p.inclusive).lower(), p.grade, p.source,
                              p.locator, p.verified_by, p.verified_on]))  # fmt: skip


from mrdq.cli import (  # noqa: E402  (their verbs join)
    audit,
    audit_export,
    audit_replay,
    audit_sign,
    audit_verify,
    cache,
    cohort,
    diff,
    exchange,
    protocol,
    published,
    simulate,
    submit,
    validate,
)

__all__ = [
    "audit",
    "audit_export",
    "audit_replay",
    "audit_sign",
    "audit_verify",
    "cache",
    "cohort",
    "diff",
    "exchange",
    "main",
    "protocol",
    "published",
    "simulate",
    "stages",
    "submit",
    "validate",
]
