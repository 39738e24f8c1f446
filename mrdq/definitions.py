"""Rule sets and protocols from their YAML files: shipped with mrdq, or the study's own."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from mrdq import resources
from mrdq import vocabulary as words
from mrdq.errors import MrdqError, Problem, refuse
from mrdq.guideline import Guideline, Parameter
from mrdq.input_file import InputFileError, read_input
from mrdq.protocol import (
    DEFAULT_POSITIVE,
    Course,
    FollowUp,
    Grounds,
    Protocol,
    Timepoint,
    contradictions,
)

_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _UniqueKeyLoader(_SafeLoader):  # type: ignore[misc]
    """YAML in which a key given twice is an error (YAML itself lets the last one win)."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [key.value for key, _ in node.value]
        for key, _ in node.value:
            if keys.count(key.value) > 1:
                raise yaml.MarkedYAMLError(
                    problem=f"key {key.value} given twice", problem_mark=key.start_mark
                )
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep=deep)
        return mapping

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep=deep)
        except (
            ValueError,
            AttributeError,
            TypeError,
        ) as error:  # a tag that does not fit its value
            raise yaml.MarkedYAMLError(problem=str(error), problem_mark=node.start_mark) from error


_UniqueKeyLoader.yaml_implicit_resolvers = {
    # A date stays text, and 1e-4 is a number, as everyone but YAML 1.1 reads it.
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _SafeLoader.yaml_implicit_resolvers.items()
}
_UniqueKeyLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"),
    list("-+0123456789"),
)


def read_yaml(path: Path, shown: str, schema: str) -> dict[str, Any]:
    """A YAML file that fits ``resources/schemas/<schema>.schema.yaml``.

    Raises :class:`MrdqError` with every place that does not fit.
    """
    try:
        content = yaml.load(read_input(path).decode("utf-8-sig"), Loader=_UniqueKeyLoader)
    except InputFileError as error:
        refuse(shown, error.expected, error.found, remedy=error.remedy)
    except UnicodeDecodeError as error:
        refuse(shown, "a readable text file in UTF-8", found=str(error))
    except yaml.MarkedYAMLError as error:
        row = error.problem_mark.line + 1 if error.problem_mark else None
        refuse(shown, "valid YAML", found=error.problem or "", row=row, remedy="Mend the line.")
    except (yaml.YAMLError, RecursionError) as error:
        refuse(shown, "valid YAML", found=str(error).partition("\n")[0])
    problems = _schema_problems(content, shown, schema) + _not_finite(content, shown, "")
    if problems:
        raise MrdqError(problems)
    return dict(content)


def _schema_problems(content: Any, shown: str, schema: str) -> list[Problem]:
    problems = []
    for error in sorted(
        _validator(schema).iter_errors(content), key=lambda e: (list(map(str, e.path)), e.message)
    ):
        place = ".".join(str(part) for part in error.path)
        if error.validator == "additionalProperties":
            known = ", ".join(error.schema.get("properties", {}))
            unknown = sorted(set(error.instance) - set(error.schema.get("properties", {})))
            problems += [
                Problem(shown, f"one of the keys {known}", found=str(key), column=f"{place}.{key}".strip("."),
                        remedy="Mend or remove the key.")
                for key in unknown
            ]  # fmt: skip
        elif error.validator == "required":
            missing = [key for key in error.validator_value if key not in error.instance]
            problems += [
                Problem(shown, f"the key {key}", column=place, remedy="Add it.") for key in missing
            ]
        else:
            meaning = error.schema.get("description", "") if isinstance(error.schema, dict) else ""
            problems.append(Problem(shown, f"{meaning or place} ({error.message})", found=str(error.instance)[:80],
                                    column=place))  # fmt: skip
    return list(dict.fromkeys(problems))


def _not_finite(content: Any, shown: str, place: str) -> list[Problem]:
    """YAML knows .nan and .inf; no threshold is one."""
    if isinstance(content, float) and not math.isfinite(content):
        return [Problem(shown, "a number", str(content), column=place)]
    if not isinstance(content, dict | list):
        return []
    items = content.items() if isinstance(content, dict) else enumerate(content)
    return [
        p for key, value in items for p in _not_finite(value, shown, f"{place}.{key}".strip("."))
    ]


_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@cache
def _validator(schema: str) -> Any:
    import jsonschema

    text = resources.path(f"schemas/{schema}.schema.yaml").read_text(encoding="utf-8")
    return jsonschema.Draft202012Validator(yaml.load(text, Loader=_SafeLoader))


@dataclass(frozen=True, slots=True)
class Named:
    """Where an id was written (file, row, column), for the message if there is no such file."""

    file: str
    column: str
    row: int | None = None


def find(kind: str, name: str, study: Path | None, named: Named | None = None) -> tuple[Path, str]:
    """The file of rule set or protocol ``name`` (``kind``: ``guidelines`` or ``protocols``).

    The study's own (``<study>/<kind>/`` or ``<study>/config/<kind>/``) come before the shipped.
    Raises :class:`MrdqError` with the place where the id was ``named``.
    """
    if _ID.fullmatch(name):
        for folder in _own_folders(kind, study):
            path = folder / f"{name}.yaml"
            if study and path.is_file():
                return path, path.relative_to(study).as_posix()
        shipped = resources.path(kind) / f"{name}.yaml"
        if shipped.is_file():
            return shipped, f"{kind}/{name}.yaml"
    where = named or Named(f"{kind}/{name}.yaml", "id")
    known = names(kind, study)
    meant = nearest(name, known)
    refuse(where.file, f"one of {', '.join(known)}", found=name, row=where.row, column=where.column,
           remedy=(f"Did you mean {meant}? " if meant else "")
           + f"Mend the id, or put its file into the study's folder {kind}/.")  # fmt: skip


def nearest(name: str, known: list[str]) -> str:
    """The one of ``known`` that ``name`` is most likely a typing mistake for; "" if none is near."""
    folded = {one.casefold(): one for one in known}
    near = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.75)
    return folded[near[0]] if near else ""


def names(kind: str, study: Path | None = None) -> list[str]:
    """Ids of the rule sets or protocols shipped with mrdq, and of the study's own."""
    folders = [resources.path(kind), *_own_folders(kind, study)]
    return sorted({path.stem for folder in folders for path in folder.glob("*.yaml")})


def _own_folders(kind: str, study: Path | None) -> list[Path]:
    return [study / kind, study / "config" / kind] if study else []


def load_guideline(name: str, study: Path | None = None, named: Named | None = None) -> Guideline:
    """Read rule set ``name`` and resolve what it extends.  Raises :class:`MrdqError`."""
    content, shown = _resolved(name, study, (), named)
    content.setdefault("calls", [])
    raw = content.get("parameters", {})
    problems = [
        Problem(shown, "a value with unit, bound, grade and source", column=f"parameters.{key}",
                found=", ".join(sorted(fields)), remedy="Fill the missing fields.")
        for key, fields in raw.items() if not {"value", "unit", "bound", "grade", "source"} <= set(fields)
    ]  # fmt: skip
    optional = {"maximum_cq", "low_positive_wells_minimum"}
    wanted = (
        set(_validator("guideline").schema["properties"]["parameters"]["properties"]) - optional
    )
    problems += [
        Problem(
            shown,
            f"the parameter {key}",
            column="parameters",
            remedy="Add it, or extend a rule set that has it.",
        )
        for key in sorted(wanted - set(raw))
    ]
    if not content["calls"]:
        problems.append(Problem(shown, "the calls it may issue", column="calls"))
    if ("low_positive_below_range" in content["calls"]) != ("low_positive_wells_minimum" in raw):
        problems.append(Problem(shown, "the parameter low_positive_wells_minimum if, and only if, the call "
                                "low_positive_below_range is issued", column="calls"))  # fmt: skip
    if problems:
        raise MrdqError(problems)
    parameters = {key: Parameter(name=key, **raw[key]) for key in sorted(raw)}
    return Guideline(content["id"], content["version"], content["title"], content["status"],
                     content.get("source", ""), tuple(content["calls"]), parameters)  # fmt: skip


def _resolved(
    name: str, study: Path | None, seen: tuple[str, ...], named: Named | None
) -> tuple[dict[str, Any], str]:
    path, shown = find("guidelines", name, study, named)
    content = read_yaml(path, shown, "guideline")
    if content["id"] != name:
        refuse(shown, f"the id {name}, as the file is named", found=content["id"], column="id")
    if name in seen:
        refuse(
            shown,
            "rule sets that do not extend each other in a circle",
            found=" > ".join([*seen, name]),
        )
    if "extends" not in content:
        return content, shown
    parent, _ = _resolved(content.pop("extends"), study, (*seen, name), Named(shown, "extends"))
    merged = {**parent, **content, "parameters": dict(parent.get("parameters", {}))}
    for key, fields in content.get("parameters", {}).items():
        inherited = parent.get("parameters", {}).get(key, {})
        changed = [
            name
            for name in ("value", "unit", "bound", "inclusive")
            if inherited and name in fields and fields[name] != inherited.get(name)
        ]
        if changed:
            # Another number is not what the parent's source and confirmation speak of.
            if not {"grade", "source"} <= set(fields):
                refuse(shown, f"grade and source beside a changed {changed[0]}", column=f"parameters.{key}",
                       found=str(fields[changed[0]]), remedy="Say where the number comes from.")  # fmt: skip
            dropped = ("locator", "note", "verified_by", "verified_on")
            inherited = {k: v for k, v in inherited.items() if k not in dropped}
        merged["parameters"][key] = {**inherited, **fields}
    return merged, shown


def load_protocol(name: str, study: Path | None = None, named: Named | None = None) -> Protocol:
    """Read protocol ``name``.  Raises :class:`MrdqError` with all that is wrong with it."""
    path, shown = find("protocols", name, study, named)
    content = read_yaml(path, shown, "protocol")
    if content["id"] != name:
        refuse(shown, f"the id {name}, as the file is named", found=content["id"], column="id")
    protocol = _protocol(content)
    problems = contradictions(protocol, shown)
    if problems:
        raise MrdqError(problems)
    return protocol


def _protocol(content: dict[str, Any]) -> Protocol:
    timepoints = tuple(_timepoint(t) for t in content["timepoints"])
    response = content["response"]
    intrathecal, within = content.get("intrathecal", {}), content.get("next_course_within", {})
    return Protocol(
        id=content["id"], version=content["version"], title=content["title"], timepoints=timepoints,
        complete_sensitivity_maximum=float(response["complete_sensitivity_maximum"]),
        failure_level_minimum=float(response["failure_level_minimum"]),
        material=content.get("material", "BM"), by_id={t.id: t for t in timepoints},
        landmark_day=_whole(content.get("landmark_day")), landmark_timepoint=content.get("landmark_timepoint", ""),
        courses=tuple(Course(c["id"], c.get("label", c["id"]), _grounds(c)) for c in content.get("courses", [])),
        intrathecal_doses=_whole(intrathecal.get("doses")), next_course_within_days=_whole(within.get("days")),
        on_relapse=_follow_up(content.get("on_relapse")),
        material_grounds=_grounds(content.get("material_grounds", {})),
        landmark_grounds=_grounds(content.get("landmark_grounds", {})),
        intrathecal_grounds=_grounds(intrathecal), next_course_grounds=_grounds(within),
        response_grounds=_grounds(response),
    )  # fmt: skip


def _whole(number: float | None) -> int | None:
    """A whole number as such: YAML may write it 120.0."""
    return None if number is None else int(number)


def _timepoint(content: dict[str, Any]) -> Timepoint:
    steps, follows = content["next_step"], content.get("follows", {})
    said = content.get("next_step_grounds")
    counts = _grounds(content)
    return Timepoint(
        id=content["id"], label=content.get("label", content["id"]), after=content.get("after", ""),
        positive_statuses=tuple(content.get("positive_statuses", DEFAULT_POSITIVE)),
        positive_from_level=float(content.get("positive_from_level", 0)),
        below_level=content.get("below_level", words.NEGATIVE),
        grade=counts.grade, source=counts.source, note=counts.note,
        next_positive=steps["positive"], next_negative=steps["negative"],
        next_repeat=steps.get("repeat", words.REPEAT),
        next_step_grounds=_grounds(said) if said else None,
        when_grounds=_grounds(content.get("when_grounds", {})),
        if_positive=_follow_up(follows.get("positive")), if_negative=_follow_up(follows.get("negative")),
    )  # fmt: skip


def _follow_up(content: dict[str, Any] | None) -> FollowUp | None:
    if content is None:
        return None
    lists = {key: tuple(content.get(key, ())) for key in ("courses", "optional", "left_out")}
    return FollowUp(**lists, recommended=content.get("recommended", ""), otherwise=content.get("otherwise", ""),
                    otherwise_for=content.get("otherwise_for", ""), grounds=_grounds(content))  # fmt: skip


def _grounds(content: dict[str, Any]) -> Grounds:
    return Grounds(content.get("grade", "unverified"), content.get("source", ""), content.get("note", ""))  # fmt: skip
