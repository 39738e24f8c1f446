"""The tables that come with the validation: what is expected, stated apart from the engine."""

from __future__ import annotations

import csv

from mrdq import resources

FOLDER = "validation"


def rows(name: str) -> list[dict[str, str]]:
    """The rows of ``resources/validation/NAME.tsv`` as text.

    Raises ``ValueError`` for a row that has not the header's number of cells.
    """
    text = resources.path(f"{FOLDER}/{name}.tsv").read_text(encoding="utf-8")
    header, *body = csv.reader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    return [dict(zip(header, cells, strict=True)) for cells in body]
