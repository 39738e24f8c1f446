"""Signatures with the keys that people have: made and checked by ``ssh-keygen -Y`` of OpenSSH.

The form of a signature is that of OpenSSH's PROTOCOL.sshsig; mrdq's own are of the namespace ``mrdq``,
so that a signature of something else can never pass for one of these.
"""

from __future__ import annotations

import datetime as dt
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from mrdq.errors import refuse

PROGRAM = "ssh-keygen"
NAMESPACE = "mrdq"
INSTALL = "Install OpenSSH 8.2 or later (Debian and Ubuntu: openssh-client; Fedora: openssh)."
_CHATTER = ("Signing file ", "Write signature to ")
_KEY = re.compile(r" with \S+ key (SHA256:[A-Za-z0-9+/]+)")


class NotSignedError(ValueError):
    """A signature that is not one of these bytes, or not of this person; says what is wrong."""


def is_installed() -> bool:
    return shutil.which(PROGRAM) is not None


def require_installed() -> None:
    """Raises :class:`MrdqError` where there is no ssh-keygen."""
    if not is_installed():
        refuse(PROGRAM, "the program that makes and checks signatures", remedy=INSTALL)


def signed(data: bytes, key: Path, say: Callable[[str], None]) -> bytes:
    """A signature of ``data`` by ``key``: a private key, or the public half of one that the agent has.

    ssh-keygen itself asks for a passphrase or a touch; what it says goes to ``say``.  Raises
    :class:`MrdqError` if the key cannot sign.
    """
    require_installed()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "statement"
        file.write_bytes(data)
        words = [PROGRAM, "-Y", "sign", "-f", str(key.absolute()), "-n", NAMESPACE, str(file)]
        with subprocess.Popen(
            words, stderr=subprocess.PIPE, text=True, errors="replace"
        ) as process:
            heard = _heard(process, say)
        made = file.with_name("statement.sig")
        if process.returncode or not made.is_file():
            refuse(str(key), "a key of OpenSSH that can sign", "; ".join(heard),
                   remedy="Name the private key, or the public one of a key that the agent holds.")  # fmt: skip
        return made.read_bytes()


def _heard(process: subprocess.Popen[str], say: Callable[[str], None]) -> list[str]:
    """What the program says, passed on line by line: it may wait for somebody."""
    heard = []
    for line in process.stderr or ():
        text = line.strip()
        if text and not text.startswith(_CHATTER):
            heard.append(text)
            say(text)
    return heard


def key_of(data: bytes, signature: bytes) -> str:
    """Fingerprint of the key that signed ``data``.  Raises :class:`NotSignedError` if none did."""
    return _asked(["check-novalidate"], data, signature)


def key_for(name: str, time: str, signers: Path, *, data: bytes, signature: bytes) -> str:
    """Fingerprint of the key that signed ``data`` and that ``signers`` lists for ``name`` at ``time``.

    ``time`` in ISO 8601.  Raises :class:`NotSignedError`: another key, another name, or out of its days.
    """
    # ssh-keygen takes a time without a zone for one of this machine, in every version.
    then = dt.datetime.fromisoformat(time).astimezone().strftime("%Y%m%d%H%M%S")
    words = ["verify", f"-Overify-time={then}", "-f", str(signers.absolute()), "-I", name]
    return _asked(words, data, signature)


def _asked(words: list[str], data: bytes, signature: bytes) -> str:
    require_installed()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "signature"
        file.write_bytes(signature)
        command = [PROGRAM, "-Y", *words, "-n", NAMESPACE, "-s", str(file)]
        done = subprocess.run(command, input=data, capture_output=True, check=False)
    said = (done.stdout + done.stderr).decode("utf-8", "replace").strip()
    found = _KEY.search(said)
    if done.returncode or not found:
        raise NotSignedError("; ".join(said.splitlines()) or f"{PROGRAM} gave {done.returncode}")
    return found[1]
