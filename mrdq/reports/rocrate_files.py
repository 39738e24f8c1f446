"""The files of a crate: which of a study go in, and how they are written, all of them or none."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from uuid import uuid4

from mrdq.audit.chain import Chain
from mrdq.audit.files import FileState, path_in, read_regular
from mrdq.audit.reading import Reading
from mrdq.audit.trail import Trail, names
from mrdq.errors import Problem, Problems, refuse
from mrdq.reports.audit_tables import SealedRecord
from mrdq.reports.places import found_at, require_outside

METADATA = "ro-crate-metadata.json"
README = "README.md"
WORKFLOW = "workflow/Snakefile"
SCRIPT = "workflow/run.sh"
"""The workflow of an installation that has no Snakefile: the one command."""
DEFINITIONS = "definitions"
TIME = (1980, 1, 1, 0, 0, 0)
"""Of every file in a zip: the same crate is the same bytes."""
ENCODINGS: Mapping[str, str] = {
    ".csv": "text/csv", ".tsv": "text/tab-separated-values", ".txt": "text/plain", ".md": "text/markdown",
    ".html": "text/html", ".json": "application/json", ".yaml": "application/yaml", ".pdf": "application/pdf",
    ".parquet": "application/vnd.apache.parquet", ".zip": "application/zip", ".xml": "application/xml",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".svg": "image/svg+xml",
    ".xls": "application/vnd.ms-excel", ".png": "image/png", ".smk": "text/plain", ".sh": "application/x-sh",
    ".rdml": "application/zip", ".eds": "application/zip", ".sig": "application/x-pem-file",
}  # fmt: skip
"""Ending of a file -> its media type."""

Put = Callable[[str, bytes], None]


@dataclass(frozen=True, slots=True)
class Content:
    """What becomes a file of the crate: its bytes, or where they lie.

    ``sha256``: what they have to be, "" where nobody has said; ``sealed``: by which words that is known.
    """

    source: Path | bytes
    sha256: str = ""
    sealed: str = ""


def study_files(reading: Reading) -> dict[str, Content]:
    """Everything under seal, and the trail itself, by the path that it has in study and crate."""
    chain = reading.chain
    found = {
        path: Content(chain.root / path, sealed.state.sha256, f"block {sealed.block} sealed it")
        for path, sealed in chain.files.items()
    }
    found |= dict(_trail_files(chain))
    return dict(sorted(found.items()))


def _trail_files(chain: Chain) -> Iterator[tuple[str, Content]]:
    trail = Trail(chain.root)
    for block in chain.blocks:
        path = trail.blocks / f"{block.number:06d}.json"
        yield path_in(chain.root, path), Content(path, block.hash, "the chain has it")
        for name, digest in block.records.items():
            path = trail.records / name
            yield (
                path_in(chain.root, path),
                Content(path, digest, f"block {block.number} sealed it"),
            )
    for name in names(trail.signatures, ""):
        yield path_in(chain.root, trail.signatures / name), Content(trail.signatures / name)


def definition_files(records: list[SealedRecord]) -> dict[str, Content]:
    """Texts of the shipped rule sets and protocols that records name; the laboratory's own are
    files of the study."""
    found: dict[str, Content] = {}
    for one in records:
        for definition in one.record.definitions:
            for file in definition.get("files", ()):
                if not file["own"]:
                    found[definition_path(file)] = Content(file["text"].encode())
    return dict(sorted(found.items()))


def definition_path(file: Mapping[str, str]) -> str:
    path = PurePosixPath(file["file"])
    return f"{DEFINITIONS}/{path.stem}-{file['sha256'][:8]}{path.suffix}"


def workflow_files(folder: Path | None) -> dict[str, Content]:
    """The Snakefile and its rules, or, where they are not installed, the command as a script."""
    if folder is None:
        return {SCRIPT: Content(b"#!/bin/sh\n# Reads, calls, combines, reports and seals the study in this folder.\nmrdq run .\n")}  # fmt: skip
    there = sorted(path for path in folder.rglob("*") if path.is_file())
    return {f"workflow/{path.relative_to(folder).as_posix()}": Content(path) for path in there}


def workflow_folder() -> Path | None:
    """Where the rules of Snakemake lie: inside the package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "workflow", package.parent / "workflow"):
        if (folder / "Snakefile").is_file():
            return folder
    return None


def require_free(to: Path, root: Path) -> None:
    """Refuse to write a crate into the study, or over anything."""
    require_outside(to, root, "A crate inside would be part of the next one")
    found = found_at(to) or ("an empty folder" if to.is_dir() and to.suffix == ".zip" else "")
    if found:
        refuse(f"--to {to}", "a name that is free, or an empty folder", found, remedy="Nothing is overwritten: name another one.")  # fmt: skip


@contextlib.contextmanager
def opened(to: Path) -> Iterator[Put]:
    """A folder, or a zip if its name ends so, that has its name only once everything is in it."""
    temporary = to.with_name(f".{to.name}.{uuid4().hex}.tmp")
    try:
        temporary.parent.mkdir(parents=True, exist_ok=True)
        if to.suffix == ".zip":
            with zipfile.ZipFile(temporary, "w") as archive:
                yield partial(_into_zip, archive)
        else:
            temporary.mkdir()
            yield partial(_into_folder, temporary)
            if to.is_dir():
                to.rmdir()
        temporary.rename(to)
    except OSError as error:
        refuse(str(to), "a place that can be written", found=error.strerror or str(error),
               remedy="Free space or mend the rights, and export again.")  # fmt: skip
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
        with contextlib.suppress(OSError):
            temporary.unlink()


def _into_zip(archive: zipfile.ZipFile, path: str, data: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(path, TIME), data, zipfile.ZIP_DEFLATED, 6)


def _into_folder(folder: Path, path: str, data: bytes) -> None:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(data)


def put_all(files: Mapping[str, Content], put: Put) -> dict[str, FileState]:
    """Write every file, and return what was written.

    Raises :class:`MrdqError` naming each that is not there, or not as it was sealed: a crate has to
    hold the bytes that the results came from.
    """
    written: dict[str, FileState] = {}
    problems = Problems()
    for path, content in files.items():
        data, wrong = _read(content)
        if wrong:
            problems.add(Problem(path, f"the file as {content.sealed or 'the study has it'}", wrong,
                                 remedy="mrdq audit verify tells what changed. Put it back, or run the study again; "
                                 "--without-data needs no files."))  # fmt: skip
        elif not problems.errors:
            put(path, data)
            written[path] = FileState(path, len(data), hashlib.sha256(data).hexdigest())
    problems.raise_if_any()
    return written


def _read(content: Content) -> tuple[bytes, str]:
    """The bytes, and what is wrong with them."""
    try:
        data = content.source if isinstance(content.source, bytes) else read_regular(content.source)
    except OSError as error:
        return b"", error.strerror or str(error)
    same = content.sha256 in ("", hashlib.sha256(data).hexdigest())
    return data, "" if same else "other bytes"
