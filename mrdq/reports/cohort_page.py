"""The pages of a study's cohort: what they say of its rule sets, its protocols and the software."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from mrdq.cohort.samples import Settings
from mrdq.protocol import Grounds, Protocol, Timepoint
from mrdq.reports import against_page, cohort_sections
from mrdq.reports.cohort_sections import About, Assumption
from mrdq.reports.cohort_words import mrd_name
from mrdq.study import Study

_SOFTWARE = ("mrdq", "numpy", "pandas", "scipy", "statsmodels", "matplotlib")
_AGAINST_WORDS = "Compared are estimates from the start of treatment, not censored at transplantation, and MRD rates of all enrolled."


def write(study: Study, tables: Mapping[str, pd.DataFrame], population: pd.DataFrame, settings: Settings,
          folder: Path, *, sources: Iterable[str] = (), seal: Sequence[str] = ()) -> list[Path]:  # fmt: skip
    """Write ``cohort.html``, and ``published.html`` if there is the table ``against``.

    The arguments are those of :func:`mrdq.reports.cohort_sections.write_page`; ``sources``: where
    the published figures are from, in words (repeated ones are said once); ``seal``: what is said of
    the seal of the results.  Returns the pages.
    """
    about = about_study(study, settings, seal=seal)
    pages = [cohort_sections.write_page(tables, population, about=about, folder=folder)]
    if "against" in tables:
        said = [*_not_of_patients(study), *_sources(sources), _AGAINST_WORDS]
        beside = against_page.About(study.config.study, study.notices, words=said, labels=about.labels,
                                    ours=_ours(study), seal=seal)  # fmt: skip
        pages.append(against_page.write(tables["against"], about=beside, folder=folder))
    return pages


def _kind(study: Study) -> str:
    """``SYNTHETIC`` or ``SIMULATED`` if the study's notice says so."""
    notice = study.config.notice.upper()
    return next((word for word in ("SYNTHETIC", "SIMULATED") if word in notice), "")


def _ours(study: Study) -> str:
    """The head of our column; what is not of real patients is labelled in every table."""
    kind = _kind(study)
    return f"ours ({kind.lower()} patients)" if kind else "ours"


def _not_of_patients(study: Study) -> Iterator[str]:
    """What agreement with published figures means where the patients are made up."""
    kind = _kind(study)
    if "mrdq simulate trial" in study.config.notice:
        yield (
            f"The patients are {kind or 'SYNTHETIC'}: they were searched for until their summary prints like the published "
            "one. Agreement shows the software's arithmetic; it is not a replication, and says nothing of real patients."
        )
    elif kind:
        yield f"The patients are {kind}: neither agreement nor difference says anything of real patients."  # fmt: skip


def _sources(sources: Iterable[str]) -> Iterator[str]:
    told = "; ".join(dict.fromkeys(source for source in sources if source))
    if told:
        yield f"Where the published figures are from: {told}."


def _short_notices(study: Study) -> Iterator[str]:
    """What the figures say: the page says the whole."""
    if study.config.notice:
        yield study.config.notice
    if any(guideline.notice for guideline in study.guidelines.values()):
        yield "rule set not confirmed"


def about_study(study: Study, settings: Settings, *, seal: Sequence[str] = ()) -> About:
    """What the page says of a study beside its tables."""
    protocols = [study.protocols[name] for name in sorted(study.protocols)]
    labels = {t.id: t.label for protocol in protocols for t in protocol.timepoints if t.label}
    return About(
        study=study.config.study, settings=settings, notices=study.notices, labels=labels,
        short_notices=[*_short_notices(study)], software={name: version(name) for name in _SOFTWARE},
        definitions=[*_rule_sets(study), *(_protocol(protocol) for protocol in protocols)],
        assumptions=[one for protocol in protocols for one in _assumptions(protocol, labels)], seal=seal,
    )  # fmt: skip


def _rule_sets(study: Study) -> Iterator[str]:
    for _, guideline in sorted(study.guidelines.items()):
        yield (
            f"MRD was called under the rule set {guideline.id} {guideline.version} ({guideline.status}; parameters: "
            f"{guideline.grades}; SHA-256 {guideline.hash[:16]})."
        )


def _protocol(protocol: Protocol) -> str:
    return f"Protocol {protocol.id} {protocol.version} ({protocol.title}): the material that decides is {protocol.material}."


def _assumptions(protocol: Protocol, labels: Mapping[str, str]) -> Iterator[Assumption]:
    """What counts as positive at each timepoint, and where the landmark lies."""
    for timepoint in protocol.timepoints:
        statement = f"{protocol.id}: MRD-positive, {mrd_name(timepoint.id, labels)}"
        grounds = Grounds(timepoint.grade, timepoint.source, timepoint.note)
        yield _assumption(statement, _positive(timepoint), grounds)
    if protocol.landmark_day is not None:
        value = f"day {protocol.landmark_day}, for {protocol.landmark_timepoint}"
        yield _assumption(f"{protocol.id}: landmark", value, protocol.landmark_grounds)


def _positive(timepoint: Timepoint) -> str:
    said = ", ".join(status.replace("_", " ") for status in timepoint.positive_statuses)
    level = timepoint.positive_from_level
    return said + (f"; a quantified level from {level:g}" if level > 0 else "")


def _assumption(statement: str, value: str, grounds: Grounds) -> Assumption:
    source = "; ".join(part for part in (grounds.source, grounds.note) if part)
    return Assumption(statement, value, grounds.grade, source)
