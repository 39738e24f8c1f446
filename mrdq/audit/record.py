"""Records: what one job read, made and rested on, as an immutable file."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mrdq.audit.canonical import canonical, parsed
from mrdq.audit.files import FileState

SCHEMA = "mrdq-record-1"
DONE, FAILED, UNFINISHED = "done", "failed", "unfinished"
STATES = (DONE, FAILED, UNFINISHED)
BEGUN = {
    "schema", "id", "action", "started", "host", "user", "operator", "rule", "job", "cluster",
    "parameters", "process", "process_start",
}  # fmt: skip
"""Keys of the announcement of a job that has begun."""
KEYS = BEGUN | {
    "ended", "state", "message", "inputs", "outputs", "removed", "runs", "keep", "definitions",
    "seal", "said", "software",
}  # fmt: skip
_DICTS = {"parameters", "seal", "software"}
_LISTS = {"inputs", "outputs", "removed", "runs", "keep", "definitions", "said"}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Record:
    """One record as read.

    ``content`` has the keys ``schema id action state message started ended host user operator rule job
    cluster inputs outputs removed runs keep definitions parameters seal said software``; ``name`` is the name of its
    file, which ends in the first 16 digits of the SHA-256 of its bytes.
    """

    name: str
    sha256: str
    content: Mapping[str, Any]

    def __getattr__(self, key: str) -> Any:
        try:
            return self.content[key]
        except KeyError:
            raise AttributeError(key) from None

    def files(self, key: str) -> list[FileState]:
        """The states of ``inputs`` or ``outputs``."""
        return [FileState(**state) for state in self.content[key]]


def file_name(content: Mapping[str, Any]) -> tuple[str, bytes]:
    """The name of a record's file, and its bytes."""
    data = canonical(content)
    return _name(content, hashlib.sha256(data).hexdigest()), data


def _name(content: Mapping[str, Any], digest: str) -> str:
    time = str(content["started"]).partition(".")[0].replace("-", "").replace(":", "")
    return f"{time}Z-{content['action']}-{digest[:16]}.json"


def read_record(name: str, data: bytes) -> Record:
    """A record from the bytes of its file; ``ValueError`` says what is wrong with it."""
    digest = hashlib.sha256(data).hexdigest()
    if name.rpartition("-")[2] != f"{digest[:16]}.json":
        raise ValueError("its bytes are not those it is named after")
    content = parsed(data)
    if not is_record(content):
        raise ValueError(f"it is no record of the form {SCHEMA}")
    if name != _name(content, digest):
        raise ValueError("it has the bytes of another record")
    return Record(name, digest, content)


def is_record(content: Any) -> bool:
    """Whether what a file holds is of the form of a record, so that it can be read without care."""
    if not has_keys(content, KEYS) or not all(map(is_time, (content["started"], content["ended"]))):
        return False
    paths = [*content["removed"], *content["runs"], *content["keep"]]
    states = [*content["inputs"], *content["outputs"]]
    return (
        content["state"] in STATES
        and all(isinstance(p, str) for p in paths)
        and all(map(is_state, states))
    )


def is_begun(content: Any) -> bool:
    """Whether what a file holds is of the form of the announcement of a job."""
    return has_keys(content, BEGUN) and is_time(content["started"])


def has_keys(content: Any, keys: set[str]) -> bool:
    """Whether ``content`` has just these keys, and values of their kinds; its action is a word."""
    return (
        isinstance(content, dict) and set(content) == keys and content["schema"] == SCHEMA
        and all(isinstance(content[key], _kind(key)) for key in keys)
        and re.fullmatch(r"[^/\0]+", content["action"]) is not None
    )  # fmt: skip


def _kind(key: str) -> type:
    return dict if key in _DICTS else list if key in _LISTS else int if key == "process" else str


def is_time(text: Any) -> bool:
    """Whether ``text`` is a time as records and blocks hold it: UTC, to the microsecond."""
    try:
        return bool(_TIME.fullmatch(text) and dt.datetime.fromisoformat(text))
    except (TypeError, ValueError):
        return False


def is_state(state: Any) -> bool:
    """Whether ``state`` is a file's path, size and SHA-256."""
    return (
        isinstance(state, dict) and set(state) == {"path", "size", "sha256"}
        and isinstance(state["path"], str) and isinstance(state["sha256"], str) and type(state["size"]) is int
    )  # fmt: skip


def in_order(records: Sequence[Record]) -> list[Record]:
    """Records in the order in which the jobs ended."""
    return sorted(records, key=lambda record: (record.content["ended"], record.name))
