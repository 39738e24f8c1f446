"""The verbs ``mrdq audit sign``, ``signatures`` and ``selftest``."""

from __future__ import annotations

from pathlib import Path

import click

from mrdq.audit.signatures import MEANINGS
from mrdq.cli import EXIT_DIFFERENCE, say, several
from mrdq.cli.audit import audit, study_argument
from mrdq.cli.recorded import hold_study, told

signers_option = click.option(
    "--signers",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Which key is whose, as OpenSSH lists it, instead of config/allowed_signers of the study.",
)


@audit.command()
@study_argument
@click.option(
    "--key",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Your private key of OpenSSH, or the public one of a key that the agent holds.",
)
@click.option("--as", "signer", default="", metavar="NAME", envvar="MRDQ_OPERATOR",
              help="Who signs, as the laboratory names them [MRDQ_OPERATOR]; else the system's user.")  # fmt: skip
@click.option("--meaning", type=click.Choice(MEANINGS), default="reviewed", show_default=True,
              help="What the signature means.")  # fmt: skip
@click.option(
    "--block", type=click.IntRange(min=1), help="The block that is signed; else the head."
)
@signers_option
def sign(
    study: Path, key: Path, signer: str, meaning: str, block: int | None, signers: Path | None
) -> None:
    """Sign the results as they are under seal; any change of them makes the signature void."""
    from mrdq.audit.signing import sign
    from mrdq.audit.site import here

    hold_study(study)
    path, sealing = sign(
        study, here(signer), key=key, signer=signer, meaning=meaning, block=block or 0, signers=signers, say=say
    )  # fmt: skip
    told(sealing)
    click.echo(path)


@audit.command()
@study_argument
@signers_option
@click.pass_context
def signatures(ctx: click.Context, study: Path, signers: Path | None) -> None:
    """List the signatures: which hold, and which are void.

    Exit code 3 if one is bad (it does not fit what lies there, or its key is not that of its signer), or
    if mrdq audit verify finds another difference.
    """
    from mrdq.audit import ssh
    from mrdq.audit.chain import read_chain
    from mrdq.audit.signatures import read, told_of_unfinished
    from mrdq.audit.verify import beside_signatures, plain

    differ = beside_signatures(study)
    chain = read_chain(study)
    found = read(study, chain, signers)
    if found:
        ssh.require_installed()
    if differ:
        click.echo("the files are not as the trail has them: mrdq audit verify")
    for line in [*chain.problems, *map(str, found), *told_of_unfinished(study, chain)]:
        click.echo(plain(line))
    good = sum(one.holds for one in found)
    then = "were sealed, not as they are" if differ else "are"
    say(f"{several(len(found), 'signature')}, {good} of them good for the results as they {then}")
    if differ or any(one.problems for one in found):
        ctx.exit(EXIT_DIFFERENCE)


@audit.command()
@click.option(
    "--dir",
    "folder",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="A folder on the filesystem that is asked; nothing is left behind in it.",
)
@click.pass_context
def selftest(ctx: click.Context, folder: Path) -> None:
    """Try whether a filesystem can hold an audit trail: links, races, listings, renames, clock.

    Exit code 3 if it cannot.
    """
    from mrdq.audit.selftest import selftest

    findings = selftest(folder)
    for finding in findings:
        click.echo(finding)
    if not all(finding.ok for finding in findings):
        ctx.exit(EXIT_DIFFERENCE)
