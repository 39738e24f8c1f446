"""Where the shipped definitions lie: guidelines, protocols, vendors' words."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).resolve().parent


def path(name: str) -> Path:
    """Path of the shipped file ``name``, e.g. ``instruments/aliases.yaml``.

    An installed wheel carries the files inside the package; an editable checkout has them at
    the top of the repository.  The file need not exist: a folder may be asked for as well.
    """
    packaged = _HERE / "resources"
    return (packaged if packaged.is_dir() else _HERE.parent / "resources") / name


def snakefile() -> Path:
    """The workflow, for ``snakemake --snakefile``; its profiles lie beside it in ``profiles/``."""
    packaged = _HERE / "workflow" / "Snakefile"
    return packaged if packaged.is_file() else _HERE.parent / "Snakefile"
