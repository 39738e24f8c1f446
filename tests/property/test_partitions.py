"""What is made of a study does not depend on how its patients are dealt out, nor on what was kept."""

from __future__ import annotations

import io
import os
import platform
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from shared_plates import (
    NAMES,
    Plates,
    amended,
    plates,
    study_of,
    wells_of,
    whole,
    without,
    write_wells,
)

from mrdq import calling, partition, partition_made, partition_pieces
from mrdq.amended_study import amendments
from mrdq.amendments import level_problems, well_problems, wells_are_amended_by
from mrdq.errors import MrdqError
from mrdq.partition_pieces import pieces, prune
from mrdq.sheets import Sheet
from mrdq.storage import Files
from mrdq.study import Study

ALL = 10**6
SEEDS = (300, 301, 303, 305)


@pytest.fixture(autouse=True)
def size(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    def set_size(patients: int) -> None:
        monkeypatch.setattr(partition, "PATIENTS", patients)

    set_size(2)
    return set_size


def random_study(seed: int, root: Path, parts: int = 3) -> tuple[Study, Plates]:
    """One with an odd seed has amendments."""
    found = plates(seed, parts)
    study = study_of(found, root, seed)
    return (amended(study, found, seed) if seed % 2 else study), found


def made(study: Study, wells: pd.DataFrame, *, rows: int = 50, cores: int = 1) -> dict[str, bytes]:
    """The tables of a study, made by partitions."""
    files = Files(study.results)
    write_wells(files.wells, wells, rows)
    calling.call(study, files, cores=cores)
    calling.status(study, files, cores=cores)
    return {name: files.table(name).read_bytes() for name in NAMES}


def assert_same(found: dict[str, bytes], expected: dict[str, bytes]) -> None:
    for name in NAMES:
        assert found[name].decode().splitlines() == expected[name].decode().splitlines(), name
    assert found == expected


@pytest.mark.parametrize("seed", SEEDS)
def test_any_partitions_make_the_bytes_of_the_whole(
    tmp_path: Path, size: Callable[[int], None], seed: int
) -> None:
    study, found = random_study(seed, tmp_path)
    wells = wells_of(study, found)
    expected = whole(study, wells)
    for patients in (1, ALL):
        size(patients)
        own = replace(study, root=tmp_path / str(patients), results=tmp_path / str(patients) / "results")  # fmt: skip
        assert_same(made(own, wells, rows=random.Random(seed).choice((7, 40, ALL))), expected)


def test_the_random_studies_hold_what_they_are_for(tmp_path: Path) -> None:
    """Plates of several patients, control genes of other runs, several rule sets that differ there,
    repeated runs, amendments: else the laws above would show nothing."""
    seen = dict.fromkeys(("patients on a plate", "other run", "joined rules", "parted rules", "superseded", "amended"), 0)  # fmt: skip
    for seed in SEEDS:
        study, found = random_study(seed, tmp_path)
        wells = wells_of(study, found)
        made_whole = whole(study, wells)
        calls, curves = (
            pd.read_csv(io.BytesIO(made_whole[name]), sep="\t", dtype=str, keep_default_na=False)
            for name in ("calls.tsv", "curves.tsv")
        )
        genes = curves[curves["kind"] == "control_gene"]
        seen["patients on a plate"] += calls.groupby("run_id")["patient_id"].nunique().max() > 1
        seen["other run"] += calls["flags"].str.contains("control_gene_other_run").any()
        seen["joined rules"] += genes["guideline"].str.contains(";").any()
        seen["parted rules"] += genes.duplicated(["run_id", "target"]).any()
        seen["superseded"] += (calls["superseded"] == "true").any()
        seen["amended"] += (calls["amended"] == "true").any()
    assert min(seen.values()) >= 1, seen


def test_cores_change_nothing(tmp_path: Path) -> None:
    study, found = random_study(301, tmp_path, 2)
    wells = wells_of(study, found)
    assert_same(made(study, wells, cores=2), whole(study, wells))


def with_column(study: Study, sheet: str, column: str, change: Callable[[Any], Any]) -> Study:
    whole_: Sheet = getattr(study, sheet)
    values = [change(value) for value in whole_.columns[column]]
    return replace(study, **{sheet: replace(whole_, columns={**whole_.columns, column: values})})  # type: ignore[arg-type]


def states(study: Study, found: Plates) -> Iterator[Study]:
    """The study as it may have been, or may become."""
    runs = study.runs.columns["run_id"]
    yield without(study, "runs", set(runs[:1]))
    yield with_column(study, "assays", "dna_per_well", lambda ng: ng and ng / 7)
    yield with_column(
        study, "runs", "performed_on", lambda day: "2023-01-01" if day else "2024-02-02"
    )
    yield with_column(study, "runs", "plate", lambda text: f"{text}!")
    yield with_column(study, "samples", "material", lambda text: {"BM": "PB"}.get(text, "BM"))
    yield with_column(study, "samples", "timepoint", lambda text: {"FU-1": "FU-3"}.get(text, text))
    yield amended(study, found, 1)
    yield amended(study, found, 2, count=1)
    yield amended(study, found, 2, count=0)
    yield replace(study, protocol_of={p: sorted(study.protocols)[0] for p in study.protocol_of})
    yield replace(study, config=replace(study.config, control_gene_required=not study.config.control_gene_required))  # fmt: skip


@pytest.mark.parametrize("seed", [302])
def test_whatever_was_kept_the_result_is_as_made_anew(tmp_path: Path, seed: int, size: Callable[[int], None]) -> None:  # fmt: skip
    study, found = random_study(seed, tmp_path, 2)
    for number, state in enumerate([study, *states(study, found), study]):
        size(1 + number % 3)
        wells = wells_of(state, found)
        assert_same(made(state, wells), whole(state, wells))


@pytest.fixture
def works(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The pieces of work that are done."""
    done: list[str] = []

    def counted(name: str, do: Callable[..., Any]) -> Callable[..., Any]:
        def work(*given: Any) -> Any:
            done.append(name)
            return do(*given)

        return work

    for name in ("calls", "statuses"):
        monkeypatch.setattr(partition_made, name, counted(name, getattr(partition_made, name)))
    return done


def test_a_new_run_makes_its_patient_again_and_nobody_else(
    tmp_path: Path, works: list[str]
) -> None:
    """And nothing new makes nothing again."""
    study, found = random_study(300, tmp_path)
    patient = found.samples[0]["patient_id"]
    mine = {well["run_id"] for well in found.wells if well["sample_id"].startswith(patient[:2])}
    sample = found.samples[0]["sample_id"]
    target = next(a["target"] for a in found.assays if a["patient_id"] == patient)
    assert mine
    one = next(well for well in found.wells if well["sample_id"] == sample and well["target"] == target)  # fmt: skip
    more = replace(
        study, runs=replace(study.runs, columns={name: [*values, "new" if name == "run_id" else ""] for name, values in study.runs.columns.items()},
                            row=[*study.runs.row, 99]),
    )  # fmt: skip
    with_new = replace(found, wells=[*found.wells, {**one, "run_id": "new"}])
    made(study, wells_of(study, found))
    works.clear()
    made(study, wells_of(study, found))
    assert works == []
    wells = wells_of(more, with_new)
    assert_same(made(more, wells), whole(more, wells))
    assert works == ["calls", "statuses"]


def test_an_amendment_makes_those_again_whom_it_reaches(tmp_path: Path, works: list[str], size: Callable[[int], None]) -> None:  # fmt: skip
    """Although every row of CALLS and STATUS says which amendments there are."""
    study, found = random_study(300, tmp_path)
    size(1)
    made(study, wells_of(study, found))
    run = study.runs.columns["run_id"][0]
    reached = {well["target"] for well in found.wells if well["run_id"] == run}
    patients = {a["patient_id"] for a in found.assays if a["target"] in reached} - {""}
    everybody = len(study.protocol_of)
    assert 0 < len(patients) < everybody
    works.clear()
    row = {
        "what": "omit",
        "run_id": run,
        "who": "operator A",
        "when": "2024-03-01",
        "why": "reason",
    }
    sheet = study.amendments
    columns = {name: [row.get(name, "")] for name in sheet.columns}
    later = replace(study, amendments=replace(sheet, columns=columns, row=[2]))
    wells = wells_of(later, found)
    assert_same(made(later, wells), whole(later, wells))
    assert works.count("calls") == len(patients)
    assert works.count("statuses") <= len(patients)


@pytest.mark.parametrize("spoil", [lambda data: data[:-9], lambda data: b"", lambda data: data[:-3] + b"abc", lambda data: b"x" * len(data)])  # fmt: skip
def test_a_damaged_piece_is_made_again(tmp_path: Path, works: list[str], spoil: Callable[[bytes], bytes]) -> None:  # fmt: skip
    study, found = random_study(300, tmp_path, 1)
    wells = wells_of(study, found)
    expected = made(study, wells)
    works.clear()
    piece = min((tmp_path / ".mrdq/pieces").rglob("*.piece"))
    piece.write_bytes(spoil(piece.read_bytes()))
    assert_same(made(study, wells), expected)
    assert works == ["calls"]


def test_pieces_of_no_partition_are_removed(tmp_path: Path, size: Callable[[int], None]) -> None:
    """And of each partition the last two are kept, of which ``prune`` leaves one."""
    study, found = random_study(300, tmp_path, 2)
    for number in range(3):
        state = with_column(study, "runs", "plate", lambda text, number=number: f"{text}{number}")
        made(state, wells_of(state, found))
    folder = tmp_path / ".mrdq/pieces/call"
    names = [path.name.partition("-")[0] for path in folder.iterdir()]
    assert {names.count(name) for name in names} == {2}
    used, others = pieces(study)
    assert prune(study) == len(others) == len(names) // 2
    assert pieces(study) == (used, [])
    size(ALL)
    made(study, wells_of(study, found))
    assert [path.name.partition("-")[0] for path in folder.iterdir()] == ["b"]


def test_a_study_that_keeps_nothing_is_called_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """A folder that cannot be written, as when somebody compares rule sets of another's study."""
    study, found = random_study(300, tmp_path, 1)
    wells = wells_of(study, found)
    (tmp_path / ".mrdq").write_text("a file")
    assert_same(made(study, wells), whole(study, wells))


def test_results_elsewhere_leave_nothing_in_the_study(tmp_path: Path) -> None:
    """A comparison of rule sets calls another's study."""
    study, found = random_study(300, tmp_path / "study", 1)
    wells, files = wells_of(study, found), Files(tmp_path / "elsewhere")
    write_wells(files.wells, wells, ALL)
    calling.call(study, files)
    calling.status(study, files)
    assert {path.name for path in tmp_path.iterdir()} == {"elsewhere"}
    assert {path.name for path in files.folder.iterdir()} == {"wells.parquet", *NAMES}


def test_what_a_killed_process_left_between_is_removed(tmp_path: Path) -> None:
    study, found = random_study(300, tmp_path, 1)
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    left = [tmp_path / ".mrdq/between" / f"{host}.{process}" for host, process in
            ((platform.node(), child), (platform.node(), os.getppid()), (f"not-{platform.node()}", child))]  # fmt: skip
    for folder in left:
        folder.mkdir(parents=True)
    made(study, wells_of(study, found))
    assert [folder.exists() for folder in left] == [False, True, True]
    assert sorted(left[0].parent.iterdir()) == sorted(left[1:])


def test_problems_of_people_are_those_of_the_whole(tmp_path: Path) -> None:
    """A call that asks for a level that nobody measured, of several partitions, in the order of the
    sheet; and nothing is written."""
    study, found = random_study(300, tmp_path)
    kind = study.assay("kind")
    subjects = {(w["run_id"], w["target"], w["sample_id"]) for w in found.wells
                if w["role"] == "sample" and kind[w["target"]] == "mrd"}  # fmt: skip
    told = {"who": "operator A", "when": "2024-03-01", "why": "reason", "what": "call", "call": "positive_quantifiable"}  # fmt: skip
    rows = [dict(zip(("run_id", "target", "sample_id"), one, strict=True)) | told for one in sorted(subjects)]  # fmt: skip
    random.Random(1).shuffle(rows)
    columns = {name: [row.get(name, "") for row in rows] for name in study.amendments.columns}
    asked = replace(study, amendments=replace(study.amendments, columns=columns, row=list(range(2, 2 + len(rows)))))  # fmt: skip
    wells = wells_of(asked, found)
    tables = partition_made.analyse_amended(wells, partition_made.definitions(asked), amendments(asked))  # fmt: skip
    expected = [*well_problems(wells, amendments(asked), asked.amendments.file),
                *level_problems(tables.calls, amendments(asked), asked.amendments.file)]  # fmt: skip
    assert len(expected) > 3
    with pytest.raises(MrdqError) as caught:
        made(asked, wells)
    assert caught.value.problems == expected
    assert [path.name for path in asked.results.iterdir()] == ["wells.parquet"]


def test_samples_of_another_patient_than_when_they_were_read(tmp_path: Path) -> None:
    study, found = random_study(300, tmp_path)
    wells = wells_of(study, found)
    made(study, wells)
    first, other = sorted(study.protocol_of)[0], sorted(study.protocol_of)[-1]
    moved = with_column(study, "samples", "patient_id", lambda name: other if name == first else name)  # fmt: skip
    with pytest.raises(MrdqError, match=f"expected a sample of patient {first}, whose clone .* is. The sheets were changed"):  # fmt: skip
        calling.call(moved, Files(study.results))
    with pytest.raises(MrdqError, match=f"now {other} at .*expected calls of the samples that the sheet has now"):  # fmt: skip
        calling.status(moved, Files(study.results))
    gone = without(study, "samples", {study.samples.columns["sample_id"][0]})
    with pytest.raises(MrdqError, match="not in the samples sheet"):
        calling.call(gone, Files(study.results))
    with pytest.raises(MrdqError, match="not in the samples sheet"):
        calling.status(gone, Files(study.results))


def test_wells_that_another_sheet_amended(tmp_path: Path) -> None:
    """The sheet may have lost the row that amended a run, or a row of the same run, or any row."""
    study, found = random_study(300, tmp_path, 1)
    sheets = [amended(study, found, seed, count) for seed, count in ((1, 0), (1, 1), (1, 3), (2, 2))]  # fmt: skip
    refused = 0
    for then in sheets:
        wells = wells_of(then, found)
        write_wells(study.results / "wells.parquet", wells, 30)
        for now in sheets:
            if wells_are_amended_by(wells, amendments(now)):
                calling.call(now, Files(study.results))
                continue
            with pytest.raises(
                MrdqError, match="wells as the amendments sheet leaves them out now"
            ):
                calling.call(now, Files(study.results))
            refused += 1
    assert refused > 8


def test_wells_out_of_order_are_refused(tmp_path: Path) -> None:
    study, found = random_study(300, tmp_path)
    wells = wells_of(study, found)
    with pytest.raises(MrdqError, match="expected the wells in the order of their runs"):
        made(study, wells.iloc[::-1].reset_index(drop=True), rows=10)


def test_rows_that_two_partitions_make_are_a_bug(tmp_path: Path) -> None:
    table = pd.DataFrame({"run_id": ["a", "b"], "target": ["x", "x"], "n": [1.0, 2.0]})
    piece = partition_pieces.packed({"t.tsv": partition_pieces.blocks(table, ["run_id", "target"])})
    paths = [tmp_path / "1", tmp_path / "2"]
    for path in paths:
        path.write_bytes(piece)
    with pytest.raises(ValueError, match="rows of a x are made twice"):
        partition_pieces.put_together(paths, lambda _, chunks: print(*chunks), "")
