"""OQ-e: input that is wrong, damaged or hostile is refused in words, and nothing is written."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mrdq import pipeline
from mrdq.errors import MrdqError
from mrdq.study import load_study
from mrdq.validation.checks import SIMULATED, Check, judged
from mrdq.validation.example import write

TEXT_EXPORT, WORKBOOK, TABLE = "data/SIM-R01.txt", "data/SIM-R03.xlsx", "data/SIM-R16.csv"
RDML_BOMB = """\
<?xml version="1.0"?>
<!DOCTYPE rdml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<rdml version="1.2" xmlns="http://www.rdml.org"><sample id="&b;"/></rdml>
"""


@dataclass(frozen=True)
class Wrong:
    """What is done to the study, and the words that have to stand in the refusal."""

    what: str
    spoil: Callable[[Path], object]
    words: tuple[str, ...]


def _replace(name: str, old: str, new: str, *, most: int = 1) -> Callable[[Path], object]:
    def spoil(study: Path) -> None:
        path = study / name
        text = path.read_text(encoding="utf-8")
        if old not in text:
            raise ValueError(f"{name} holds no {old}")
        path.write_text(text.replace(old, new, most), encoding="utf-8")

    return spoil


def _cut(name: str) -> Callable[[Path], object]:
    def spoil(study: Path) -> None:
        data = (study / name).read_bytes()
        (study / name).write_bytes(data[: len(data) // 2])

    return spoil


def _write(name: str, data: bytes) -> Callable[[Path], object]:
    return lambda study: (study / name).write_bytes(data)


WRONG: Mapping[str, Wrong] = {
    "thousands": Wrong("an amount of DNA with a comma that may be decimal or of thousands",
                       _replace("config/assays.tsv", "600 ng", "1,600 ng"), ("config/assays.tsv", "1,600 ng")),
    "no_unit": Wrong("an amount of DNA without a unit", _replace("config/assays.tsv", "600 ng", "600"),
                     ("config/assays.tsv", "600")),
    "patient": Wrong("a sample of another patient than its assay",
                     _replace("config/samples.tsv", "SIM-001-A1\tSIM-001", "SIM-001-A1\tSIM-002"), ("SIM-001-A1",)),
    "twice": Wrong("two runs of one name", _replace("config/runs.tsv", "SIM-R02\t", "SIM-R01\t"),
                   ("config/runs.tsv", "SIM-R01")),
    "key": Wrong("a key of the config that there is not", _replace("config/config.yaml", "control_gene:", "control_genes:"),
                 ("config/config.yaml", "control_genes")),
    "rule_set": Wrong("a rule set that there is not", _replace("config/config.yaml", "euromrd-2007-therapy-reduction", "euromrd-2006"),
                      ("config/config.yaml", "euromrd-2006")),
    "role": Wrong("a role of a well that there is not", _replace("config/layouts/SIM-R01.tsv", "\tntc\t", "\tntx\t"),
                  ("config/layouts/SIM-R01.tsv", "ntx")),
    "outside": Wrong("an export outside of the study", _replace("config/runs.tsv", TEXT_EXPORT, "../../secret.txt"),
                     ("config/runs.tsv", "secret.txt")),
    "cq_word": Wrong("an unknown word where a Cq should be", _replace(TABLE, "Undetermined", "perhaps"), (TABLE, "perhaps")),
    "cut_workbook": Wrong("a workbook of which half is missing", _cut(WORKBOOK), (WORKBOOK,)),
    "empty": Wrong("an export without a byte", _write(TEXT_EXPORT, b""), (TEXT_EXPORT,)),
    "noise": Wrong("an export of arbitrary bytes", _write(TEXT_EXPORT, bytes(range(256)) * 64), (TEXT_EXPORT,)),
    "xml_bomb": Wrong("an XML document whose entities grow", _write(TEXT_EXPORT, RDML_BOMB.encode()), (TEXT_EXPORT,)),
}  # fmt: skip


def checks(work: Path) -> Iterator[Check]:
    """Each on a copy of the example study."""
    whole = write(work / "whole")
    yield _refused("none", "the example study as it is", "not refused", (), whole)
    for name, wrong in WRONG.items():
        study = work / name
        shutil.copytree(whole, study)
        wrong.spoil(study)
        named = " and ".join(f'"{word}"' for word in wrong.words)
        yield _refused(name, wrong.what, f"refused, naming {named}", wrong.words, study)


def _refused(name: str, what: str, expected: str, words: tuple[str, ...], study: Path) -> Check:
    try:
        pipeline.check(load_study(study)).problems.raise_if_any()
        told = "not refused"
        met = not words
    except MrdqError as error:
        told = f"refused: {error.problems[0]}".replace("\n", " ").replace("\t", " ")[:300]
        met = bool(words) and any(all(word in str(p) for word in words) for p in error.problems)
    if (study / "results").exists():
        met, told = False, f"results were written; {told}"
    return judged(f"OQ-e-{name}", what, expected, told, passed=met, data=SIMULATED)
