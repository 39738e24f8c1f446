"""The verb ``mrdq cohort``."""

from __future__ import annotations

from pathlib import Path

import click

from mrdq.cli import main, open_study, results_option, say, study_argument


@main.command()
@study_argument
@results_option
def cohort(study: Path, results: str) -> None:
    """Analyse the patients of a study: MRD rates, survival, competing risks, tables and a page.

    Reads survival.tsv of the results; mrdq run makes it. The statistics take seconds to load.
    """
    say("loading the statistics ...")
    from mrdq import cohort_stage

    loaded, files = open_study(study, results=results)
    say("analysing ...")
    for page in cohort_stage.cohort(loaded, files, say=say):
        click.echo(page)
