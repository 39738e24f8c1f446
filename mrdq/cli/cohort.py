"""The verb ``mrdq cohort``."""

from __future__ import annotations

from pathlib import Path

import click

from mrdq.cli import main, results_option, say, study_argument
from mrdq.cli.progress import told
from mrdq.cli.recorded import finish, open_recorded, operator_option


@main.command()
@study_argument
@results_option
@operator_option
def cohort(study: Path, results: str, operator: str) -> None:
    """Analyse the patients of a study: MRD rates, survival, competing risks, tables and a page.

    Reads survival.tsv of the results; mrdq run makes it. The statistics take seconds to load.
    """
    say("loading the statistics ...")
    from mrdq import cohort_stage, stages  # noqa: F401  (the statistics load while it says so)

    recorder = open_recorded(study, operator=operator, results=results)
    with told(recorder.study.root, "cohort") as progress, progress.step("analysing"):
        pages = stages.cohort(recorder, say=progress.say)
    for page in pages:
        click.echo(page)
    finish(recorder)
