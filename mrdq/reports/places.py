"""Where copies for others may be written: a place of their own, over nothing that is there."""

from __future__ import annotations

from pathlib import Path

from mrdq.errors import refuse


def found_at(path: Path) -> str:
    """What lies at a path, in words: ``a folder with 4 files``; "" for nothing, or an empty folder."""
    if not path.is_dir():
        return "a file" if path.exists() or path.is_symlink() else ""
    there = list(path.iterdir())
    folders = sum(one.is_dir() for one in there)
    counts = ((len(there) - folders, "file"), (folders, "folder"))
    told = [f"{count:,} {what}{'' if count == 1 else 's'}" for count, what in counts if count]
    return f"a folder with {' and '.join(told)}" if told else ""


def require_empty(to: Path) -> None:
    """Raise :class:`MrdqError` unless ``to`` is a folder that is new or holds nothing."""
    if found := found_at(to):
        refuse(f"--to {to}", "a new or empty folder", found, remedy="Nothing is overwritten: name another one.")  # fmt: skip


def require_no_input(to: Path, study: Path) -> None:
    """Raise :class:`MrdqError` if ``to`` lies where the study keeps what it was given, or its trail."""
    for name in ("audit", "config", "data", ".mrdq"):
        if to.resolve().is_relative_to((study / name).resolve()):
            refuse(f"--to {to}", "a place where no input of the study lies", f"a place in {name}/",
                   remedy="A copy could write over an export: name another one.")  # fmt: skip


def require_outside(to: Path, study: Path, why: str) -> None:
    """Raise :class:`MrdqError` if ``to`` is the folder ``study``, or lies in it."""
    if to.resolve().is_relative_to(study.resolve()):
        refuse(f"--to {to}", "a place outside of the study", "a place inside of it", remedy=f"{why}: name another one.")  # fmt: skip
