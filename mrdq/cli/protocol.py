"""The verbs ``mrdq protocol``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mrdq.cli import EXIT_DIFFERENCE, main, open_study, say, several, show
from mrdq.errors import MrdqError, Problems

if TYPE_CHECKING:
    from mrdq.protocol import Protocol
    from mrdq.protocol_check import Finding
    from mrdq.storage import Files
    from mrdq.study import Study


study_option = click.option(
    "--study",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Show the study's own too.",
)


@main.group()
def protocol() -> None:
    """Trial protocols: what there is, what each says, and who was treated otherwise."""


@protocol.command("list")
@study_option
def list_protocols(study: Path | None) -> None:
    """One line per protocol: id, version, timepoints, landmark day, title."""
    for one in _all(study):
        timepoints = ", ".join(at.id for at in one.timepoints)
        click.echo("\t".join([one.id, one.version, timepoints, str(one.landmark_day or ""), one.title]))  # fmt: skip


@protocol.command("show")
@click.argument("name")
@study_option
def show_protocol(name: str, study: Path | None) -> None:
    """Every statement of a protocol with its grade, source and note."""
    from mrdq import definitions
    from mrdq.reports.protocol_words import statements

    one = definitions.load_protocol(name, study)
    click.echo(f"{one.id} {one.version}: {one.title}")
    click.echo("place\tstatement\tgrade\tsource\tnote")
    for said in statements(one):
        grounds = said.grounds
        click.echo("\t".join([said.place, said.says, grounds.grade, grounds.source, grounds.note]))


@protocol.command("check")
@click.argument("study", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write each protocol as a picture (ID.svg), and all of them as protocols.html, here.",
)
@click.pass_context
def check_protocols(ctx: click.Context, study: Path | None, folder: Path | None) -> None:
    """Validate and draw every protocol; with a study, list who was treated otherwise.

    The study is one with a courses sheet. Exit code 3 where a patient's courses differ.
    """
    from mrdq import definitions
    from mrdq.protocol import doubts
    from mrdq.reports.protocol_diagram import as_text

    loaded, protocols = _load(study)
    click.echo("\n".join(as_text(one) for one in protocols), nl=False)
    for one in protocols:
        show(doubts(one, definitions.find("protocols", one.id, study)[1]))
    if folder:
        _draw(protocols, folder)
    if loaded and _compare(*loaded):
        ctx.exit(EXIT_DIFFERENCE)


def _load(study: Path | None) -> tuple[tuple[Study, Files] | None, list[Protocol]]:
    """The study, if one is named, and every protocol; raises :class:`MrdqError` with all problems."""
    problems, loaded = Problems(), None
    protocols: list[Protocol] = []
    try:
        loaded = open_study(study) if study else None
    except MrdqError as error:
        problems.extend(error.problems)
    try:
        protocols = _all(study)
    except MrdqError as error:
        problems.extend(problem for problem in error.problems if problem not in problems.errors)
    problems.raise_if_any()
    return loaded, protocols


def _all(study: Path | None) -> list[Protocol]:
    """Every shipped protocol and the study's own; raises :class:`MrdqError` with all problems."""
    from mrdq import definitions

    problems, found = Problems(), []
    for name in definitions.names("protocols", study):
        try:
            found.append(definitions.load_protocol(name, study))
        except MrdqError as error:
            problems.extend(error.problems)
    problems.raise_if_any()
    return found


def _draw(protocols: list[Protocol], folder: Path) -> None:
    from mrdq.reports.protocol_diagram import as_page, as_svg
    from mrdq.storage import write_bytes

    files = {f"{one.id}.svg": as_svg(one) for one in protocols}
    for name, text in {**files, "protocols.html": as_page(protocols)}.items():
        write_bytes(folder / name, text.encode())
        say(f"written: {folder / name}")


def _compare(study: Study, files: Files) -> bool:
    """List what differs; whether anything does."""
    from mrdq.protocol_check import compare, treatments

    if "courses" not in study.config.sheets:
        say("note: the study has no courses sheet (the key courses of config.yaml): no patient was compared")  # fmt: skip
        return False
    patients = treatments(study, _classes(study, files))
    found = [
        finding
        for patient in patients
        for finding in compare(study.protocols[study.protocol_of[patient.patient_id]], patient)
    ]
    click.echo("\npatient_id\tfinding\tcourse\tdetail\texplained_by")
    for one in found:
        click.echo("\t".join([one.patient_id, one.what, one.course, one.detail, one.explained]))
    _summarise(len(patients), found)
    return any(one.differs for one in found)


def _summarise(n_patients: int, found: list[Finding]) -> None:
    from mrdq.protocol_check import NO_COURSES, NOT_COMPARED

    differ = {one.patient_id for one in found if one.differs}
    unknown = {one.patient_id for one in found if one.detail == NO_COURSES}
    partly = {one.patient_id for one in found if one.what == NOT_COMPARED} - unknown
    named = {one.patient_id for one in found if one.explained} - differ
    say(f"{several(n_patients, 'patient')}: {len(differ)} treated otherwise than the protocol asks for, "
        f"{len(named)} with courses not given for a reason that explains it, {len(partly)} not compared in full, "
        f"{len(unknown)} not compared at all ({NO_COURSES})")  # fmt: skip


def _classes(study: Study, files: Files) -> dict[str, dict[str, str]] | None:
    from mrdq.protocol_check import mrd_classes
    from mrdq.storage import read_table
    from mrdq.tables import STATUS

    path = files.table("status.tsv")
    if not path.is_file():
        say(f"note: {path} is not there: only what comes before the first decision was compared")
        return None
    return mrd_classes(study, read_table(path, STATUS), str(path))
