"""IQ: is what is installed what was shipped, and is this machine one on which it can work?"""

from __future__ import annotations

import base64
import csv
import datetime as dt
import hashlib
import json
import locale
import math
import platform
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import numpy as np
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

import mrdq
from mrdq import __version__, provenance
from mrdq.audit.selftest import selftest
from mrdq.validation.checks import NOT_APPLICABLE, Check, check, judged, unmet

PACKAGE = Path(mrdq.__file__).resolve().parent
NAME_TO_WRITE = "ß-µ-é.txt"


def checks(folder: Path, now: dt.datetime) -> Iterator[Check]:
    """Software, machine, and the folder that the results are written to."""
    yield from software()
    yield from files()
    yield from distributions()
    yield from floating_point()
    yield from text(folder)
    yield from filesystem(folder)
    yield from clock(now)


def software() -> Iterator[Check]:
    """The version as the metadata says, and the hash of code and resources."""
    yield check("IQ-version", "mrdq: the version of the code and of the installed distribution",
                __version__, metadata.version("mrdq"))  # fmt: skip
    told = provenance.software()
    yield judged("IQ-code", "mrdq: version and hash of the code", f"mrdq {__version__} and a hash",
                 told, passed=told.startswith(f"mrdq {__version__} "))  # fmt: skip
    wanted, found = str(metadata.metadata("mrdq")["Requires-Python"]), platform.python_version()
    yield judged("IQ-python", f"Python ({platform.python_implementation()})", wanted, found,
                 passed=SpecifierSet(wanted).contains(found, prereleases=True))  # fmt: skip


def files() -> Iterator[Check]:
    """Every file of the package as the wheel's RECORD has it, and none beside them."""
    what = "every installed file of mrdq, against the RECORD of its wheel"
    distribution = metadata.distribution("mrdq")
    recorded = {
        Path(str(file.locate())).resolve(): file for file in distribution.files or () if file.hash
    }
    inside = [path for path in recorded if path.is_relative_to(PACKAGE)]
    if not inside:
        expected = "an installed wheel; an editable install has no RECORD of its files"
        told = f"editable install of {_origin(distribution)}: the code is that of a checkout ({provenance.software()})"
        yield Check("IQ-files", what, expected, told, NOT_APPLICABLE)
        return
    lines = []
    for path, file in recorded.items():
        if not path.is_file():
            lines.append(f"{file} is missing")
        elif file.hash and _digest(path, file.hash.mode) != file.hash.value:
            lines.append(f"{file} was changed")
    present = (p for p in PACKAGE.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    lines += [f"{path.relative_to(PACKAGE.parent).as_posix()} was added" for path in sorted(present) if path not in recorded]  # fmt: skip
    yield unmet("IQ-files", what, f"{len(recorded)} files present and unchanged, none added", lines)


def _digest(path: Path, algorithm: str) -> str:
    """A file's hash as RECORD writes it: base64 without padding (PEP 376, PEP 427)."""
    digest = hashlib.new(algorithm, path.read_bytes()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _origin(distribution: metadata.Distribution) -> str:
    """The folder of an editable install (PEP 610), without the path above it."""
    direct = json.loads(distribution.read_text("direct_url.json") or "{}")
    return str(direct.get("url", "an unknown place")).rstrip("/").rpartition("/")[2]


def distributions() -> Iterator[Check]:
    """Every required distribution, present and within its bounds."""
    for line in metadata.requires("mrdq") or ():
        needed = Requirement(line)
        if needed.marker and not needed.marker.evaluate({"extra": ""}):
            continue
        wanted = str(needed.specifier) or "any version"
        try:
            found = metadata.version(needed.name)
            passed = needed.specifier.contains(found, prereleases=True)
        except metadata.PackageNotFoundError:
            found, passed = "not installed", False
        yield judged(f"IQ-requires-{needed.name}", f"the distribution {needed.name}", wanted, found, passed=passed)  # fmt: skip


def floating_point() -> Iterator[Check]:
    """IEEE 754 binary64 in Python and numpy, and sums that are known to the last bit."""
    info, finfo = sys.float_info, np.finfo(np.float64)
    for name, radix, digits, largest in (
        ("Python", info.radix, info.mant_dig, info.max_exp),
        ("numpy", 2, finfo.nmant + 1, int(finfo.maxexp)),
    ):  # fmt: skip
        yield check(f"IQ-float-{name}", f"floating point of {name}: base, digits, largest exponent",
                    "2, 53, 1024", f"{radix}, {digits}, {largest}")  # fmt: skip
    values = np.array([0.1, 0.2, 0.3, 0.4])
    known = {
        "0.1 + 0.2": (0.1 + 0.2, "0.30000000000000004"),
        "30.1 - 28.6": (30.1 - 28.6, "1.5"),
        "the exact sum of ten times 0.1": (math.fsum([0.1] * 10), "1.0"),
        "1 + 2^-53, rounded to even": (1.0 + 2.0**-53, "1.0"),
        "the smallest number, 2^-1074": (math.ldexp(1.0, -1074), "5e-324"),
        "numpy: the sum of 0.1, 0.2, 0.3, 0.4": (float(values.sum()), "1.0"),
    }
    for number, (what, (value, expected)) in enumerate(known.items(), 1):
        yield check(f"IQ-sum-{number}", what, expected, repr(value))
    # Logarithms and powers may differ in the last bit between processors.
    near = {
        "log10 of 1e-5": (math.log10(1e-5), -5.0),
        "numpy: log10 of 1e-5": (float(np.log10(1e-5)), -5.0),
        "numpy: 10 to the power of -0.5": (float(10.0 ** np.float64(-0.5)), 0.31622776601683794),
    }
    for number, (what, (value, wanted)) in enumerate(near.items(), 1):
        yield judged(f"IQ-power-{number}", what, f"{wanted!r}, but for the last bits", repr(value),
                     passed=math.isclose(value, wanted, rel_tol=4e-16, abs_tol=0.0))  # fmt: skip


def filesystem(folder: Path) -> Iterator[Check]:
    """What an audit trail needs of the filesystem (``mrdq audit selftest``)."""
    for number, finding in enumerate(selftest(folder), 1):
        yield judged(f"IQ-filesystem-{number}", f"the filesystem of the folder: {finding.what}",
                     "fit for an audit trail", finding.told, passed=finding.ok)  # fmt: skip


def text(folder: Path) -> Iterator[Check]:
    """Names and text that are not ASCII, and numbers with a dot."""
    found = f"{sys.getfilesystemencoding()} (locale: {locale.getlocale()[0] or 'C'}, preferred: {locale.getpreferredencoding(False)})"
    yield judged("IQ-encoding", "the encoding of file names", "utf-8", found,
                 passed=sys.getfilesystemencoding().lower() in ("utf-8", "utf8"))  # fmt: skip
    path = folder / NAME_TO_WRITE
    try:
        path.write_bytes("Ä\tµ\n".encode())
        listed = NAME_TO_WRITE in {entry.name for entry in folder.iterdir()}
        told = (
            "written, listed and read"
            if listed and path.read_bytes() == "Ä\tµ\n".encode()
            else "lost"
        )
    except (OSError, UnicodeError) as error:
        told = str(error)
    finally:
        path.unlink(missing_ok=True)
    yield check(
        "IQ-names", f"a file called {NAME_TO_WRITE} in the folder", "written, listed and read", told
    )
    row = next(csv.reader([f"{1234.5:.12g}\t{1e-5:.12g}"], delimiter="\t"))
    yield check(
        "IQ-numbers", "numbers as text, whatever the locale", "1234.5, 1e-05", ", ".join(row)
    )


def clock(now: dt.datetime) -> Iterator[Check]:
    """The clock: it knows UTC, and is not behind what lies on this machine."""
    newest = max(path.stat().st_mtime for path in PACKAGE.rglob("*.py"))
    installed = dt.datetime.fromtimestamp(newest, dt.UTC)
    offset = now.utcoffset()
    passed = offset == dt.timedelta(0) and now + dt.timedelta(minutes=5) >= installed
    yield judged("IQ-clock", "the clock, in UTC, against the newest file of the installed package",
                 f"not before {installed:%Y-%m-%dT%H:%M:%SZ}", f"{now:%Y-%m-%dT%H:%M:%SZ}", passed=passed)  # fmt: skip
