"""The file of a patient's page: an id may hold anything, a file name may not."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable
from urllib.parse import quote

LONGEST = 150
"""Bytes of a name without its ending; file systems take 255, and a temporary name is longer."""


def page_names(patients: Iterable[str]) -> Callable[[str], str]:
    """The file name of each patient's page, each another one also where capitals do not count.

    Plain ids are their own names.  Other bytes than letters, digits, ``_ . -`` are percent-encoded (RFC
    3986), and so are a dot in the first place and, where ids differ by nothing but capitals, the capitals.
    A name that would be too long is cut, and ends with ``~`` and sixteen digits of the id's SHA-256.
    """
    alike = Counter(patient.casefold() for patient in set(patients))
    return lambda patient: _name(patient, has_twins=alike[patient.casefold()] > 1)


def _name(patient: str, *, has_twins: bool) -> str:
    name = quote(patient, safe="", errors="surrogatepass").replace("~", "%7E")
    if name.startswith("."):
        name = f"%2E{name[1:]}"
    if has_twins:
        name = re.sub("%..|[A-Z]", lambda found: found[0] if "%" in found[0] else f"%{ord(found[0]):X}", name)  # fmt: skip
    if len(name) > LONGEST:
        digest = hashlib.sha256(patient.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        name = f"{name[: LONGEST - len(digest) - 1]}~{digest}"
    return f"{name}.html"
