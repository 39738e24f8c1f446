"""``mrdq audit verify``: whatever is done to a study under seal is told, and nothing else is."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import os
import platform
import random
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from mrdq.audit import verify as verifying
from mrdq.audit.canonical import canonical
from mrdq.audit.chain import block_name, read_chain
from mrdq.audit.files import state_of
from mrdq.audit.job import recorded
from mrdq.audit.kept import kept
from mrdq.audit.reading import read_trail
from mrdq.audit.record import file_name
from mrdq.audit.rows import differences as rows_that_differ
from mrdq.audit.seal import seal
from mrdq.audit.site import Site
from mrdq.audit.trail import Trail, names
from mrdq.audit.verify import Verdict, verify
from mrdq.audit.verify_made import source_of, stale
from mrdq.errors import MrdqError

HOST = platform.node()
START = dt.datetime(2024, 3, 1, 12, tzinfo=dt.UTC)
CALLS = "results/calls.tsv"
STATUS = "results/status.tsv"
WELLS = "results/wells.parquet"
PAGE = "results/report/index.html"
RUNS = "config/runs.tsv"


class Clock:
    """A clock that goes on by a second each time it is read, and can be set."""

    def __init__(self) -> None:
        self.stands = START

    def __call__(self) -> dt.datetime:
        self.stands += dt.timedelta(seconds=1)
        return self.stands


def a_site(clock: Callable[[], dt.datetime] | None = None) -> Site:
    return Site(HOST, "analyst", "operator A", now=clock or Clock())


def put(root: Path, path: str, text: str) -> Path:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text, encoding="utf-8")
    return root / path


def sheet(*rows: str) -> str:
    return "".join(row.replace(" ", "\t") + "\n" for row in rows)


def add_run(root: Path, number: int) -> None:
    """What people lay down: an export, a layout, a row of the sheet."""
    put(root, "config/config.yaml", "study: SIMULATED\nguideline: x\n")
    put(root, f"data/R{number}.txt", f"well cq\nA1 {number}\n")
    put(root, f"config/layouts/R{number}.tsv", sheet("well target role", f"A1 T{number} sample"))
    known = [f"R{n} data/R{n}.txt me" for n in range(1, number + 1)]
    put(root, RUNS, sheet("run_id export operator", *known))


def run(root: Path, site: Site, call: str = "negative") -> None:
    """What ``mrdq run`` does: results from inputs, sealed; then the page, sealed in the next block."""
    with recorded(root, "run", site) as job:
        job.reads("config/config.yaml", RUNS, keep=True)
        job.reads(*sorted((root / "config/layouts").iterdir()), keep=True)
        job.reads(*sorted((root / "data").iterdir()))
        known = [path.stem for path in sorted((root / "data").iterdir())]
        rows = [f"{name} T {name}-S P{name} {call} 3" for name in known]
        header = "run_id target sample_id patient_id call n_wells"
        job.writes(put(root, CALLS, sheet(header, *rows)), keep=True)
        status = [f"P{name} post-C1 {call}" for name in known]
        job.writes(put(root, STATUS, sheet("patient_id timepoint status", *status)), keep=True)
        job.writes(put(root, WELLS, f"no text {known}"))
    seal(root, site)
    with recorded(root, "report", site) as job:
        job.reads(CALLS, STATUS, WELLS)
        job.writes(put(root, PAGE, f"<p>{call} {read_chain(root).head}"))
    seal(root, site)


@pytest.fixture(scope="module", autouse=True)
def _no_waiting_for_the_disk() -> Iterator[None]:
    """Nothing here asks what outlives a power cut."""
    with mock.patch("os.fsync"):
        yield


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four blocks: a run and its page; a second run and the page made again."""
    root, site = tmp_path_factory.mktemp("master") / "study", a_site()
    add_run(root, 1)
    run(root, site)
    add_run(root, 2)
    run(root, site, "positive_quantifiable")
    return root


@pytest.fixture
def root(master: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(master, tmp_path / "study"))


def later() -> Site:
    """A site whose clock stands a day after all that was sealed."""
    clock = Clock()
    clock.stands += dt.timedelta(days=1)
    return a_site(clock)


def told(root: Path, head: str = "") -> list[str]:
    return list(verify(root, head).differences)


def only(root: Path, head: str = "") -> str:
    (text,) = told(root, head)
    return text


STALE = " made from another "


def beside(root: Path, head: str = "") -> list[str]:
    """What is told beside of results that are made from others than are there now."""
    return [text for text in told(root, head) if STALE not in text]


def block_path(root: Path, number: int) -> Path:
    return Trail(root).blocks / block_name(number)


def record_path(root: Path, action: str, place: int = 0) -> Path:
    found = [n for n in names(Trail(root).records) if f"-{action}-" in n]
    return Trail(root).records / found[place]


def rewrite(root: Path, number: int, edit: Callable[[dict[str, Any]], object]) -> None:
    """Forge a block and link all after it anew, as somebody would who knows how."""
    chain, previous = read_chain(root), ""
    for block in chain.blocks[number - 1 :]:
        content = json.loads(block_path(root, block.number).read_bytes())
        if block.number == number:
            edit(content)
        else:
            content["previous"] = previous
        data = canonical(content)
        block_path(root, block.number).write_bytes(data)
        previous = hashlib.sha256(data).hexdigest()


def time_of(root: Path, number: int) -> str:
    return read_chain(root).blocks[number - 1].sealed


# A study as it was left.


def test_an_untouched_study_differs_in_nothing(root: Path) -> None:
    chain = read_chain(root)
    verdict = verify(root)
    assert (verdict.differences, verdict.notes) == ((), ())
    assert verdict == Verdict((), (), chain.head, 4, 4, len(chain.files))
    assert set(chain.files) >= {CALLS, STATUS, WELLS, PAGE, RUNS, "data/R1.txt", "data/R2.txt"}


def test_verify_writes_nothing(root: Path) -> None:
    def everything() -> dict[str, tuple[int, bytes]]:
        return {
            str(path): (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
            for path in sorted(root.rglob("*"))
        }

    put(root, CALLS, "other")
    before = everything()
    verify(root, read_chain(root).head.hash)
    assert everything() == before


def test_a_clean_study_is_verified_without_pandas(root: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from mrdq.audit.verify import verify\n"
        f"assert not verify(Path({str(root)!r})).differences\n"
        "assert not {'pandas', 'numpy', 'pyarrow'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_folder_without_a_trail_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        MrdqError, match=r"audit: found nothing, expected an audit trail\. Run the study"
    ):
        verify(tmp_path)


# Files of the study.


def test_a_changed_table_is_told_by_its_rows(root: Path) -> None:
    text = (root / CALLS).read_text(encoding="utf-8")
    put(root, CALLS, text.replace("positive_quantifiable\t3", "negative\t4", 1))
    assert only(root).startswith(
        f"results/calls.tsv changed after block 3 of {time_of(root, 3)}: 1 row differs: run R1 target T "
        "sample R1-S: call positive_quantifiable → negative, n_wells 3 → 4 ("
    )


def test_a_changed_file_of_which_nothing_is_kept_is_told_by_its_hashes(root: Path) -> None:
    then = state_of(root, WELLS)
    put(root, WELLS, "x")
    digest = hashlib.sha256(b"x").hexdigest()[:12]
    assert then is not None
    assert only(root) == (
        f"results/wells.parquet changed after block 3 of {time_of(root, 3)}: {then.size} bytes, "
        f"SHA-256 {then.sha256[:12]} → 1 bytes, SHA-256 {digest}"
    )


@pytest.mark.parametrize(
    "path", [RUNS, "config/config.yaml", "config/layouts/R1.tsv", "data/R1.txt"]
)
def test_an_input_that_was_edited_since_is_a_difference(root: Path, path: str) -> None:
    put(root, path, (root / path).read_text(encoding="utf-8").replace("e", "3"))
    assert only(root).startswith(f"{path} changed after block ")


def test_a_table_that_is_none_any_more_says_so(root: Path) -> None:
    (root / CALLS).write_bytes(b"run_id\tcall\nR1\n")
    assert "it cannot be read as a table: row 2 has 1 cells, and the header 2" in only(root)


def test_a_missing_file_is_told(root: Path) -> None:
    (root / CALLS).unlink()
    assert only(root) == f"results/calls.tsv is missing after block 3 of {time_of(root, 3)}"


def test_a_folder_that_is_gone_is_told_in_one_line(root: Path) -> None:
    shutil.rmtree(root / "results")
    assert only(root) == (
        f"results/ is missing after block 3 of {time_of(root, 3)}, with the 4 files results/calls.tsv, "
        "results/report/index.html, results/status.tsv, and 1 more"
    )


def test_a_folder_in_place_of_a_file_is_told(root: Path) -> None:
    (root / CALLS).unlink()
    (root / CALLS).mkdir()
    assert only(root).endswith(": it is no file that can be read")


@pytest.mark.parametrize("path", ["results/x.tsv", "results/report/x.html", "results/new/.hidden"])
def test_a_file_among_the_results_that_no_record_explains_is_told(root: Path, path: str) -> None:
    put(root, path, "")
    assert only(root) == f"{path} stands in no record"


def test_people_may_lay_files_beside_the_inputs(root: Path) -> None:
    for path in ("config/notes.txt", "data/R9.txt", "letter.pdf", "logs/call.log"):
        put(root, path, "")
    assert told(root) == []


def test_a_link_to_a_foreign_folder_is_told_and_not_followed(root: Path, tmp_path: Path) -> None:
    put(tmp_path, "elsewhere/x", "")
    (root / "results/link").symlink_to(tmp_path / "elsewhere")
    assert only(root) == "results/link stands in no record"


def test_results_behind_a_link_are_results(root: Path, tmp_path: Path) -> None:
    (root / "results").rename(tmp_path / "disk")
    (root / "results").symlink_to(tmp_path / "disk")
    (tmp_path / "disk/report").rename(tmp_path / "pages")
    (tmp_path / "disk/report").symlink_to(tmp_path / "pages")
    assert told(root) == []
    put(tmp_path, "pages/x.html", "")
    assert only(root) == "results/report/x.html stands in no record"


def test_what_steers_a_terminal_is_shown_and_not_obeyed(root: Path) -> None:
    put(root, "results/\x1b[2K\nno difference", "")
    assert only(root) == "results/\\x1b[2K\\nno difference stands in no record"


# The folder audit/.


def test_a_changed_record_is_told(root: Path) -> None:
    path = record_path(root, "run")
    path.write_bytes(path.read_bytes().replace(b"analyst", b"analysT"))
    assert told(root) == [
        f"audit/records/{path.name} changed after block 1 of {time_of(root, 1)}: its bytes are not those it is named after"
    ]


def test_a_missing_record_is_told(root: Path) -> None:
    path = record_path(root, "report", 1)
    path.unlink()
    assert (
        only(root)
        == f"audit/records/{path.name} is missing; it stands in block 4 of {time_of(root, 4)}"
    )


def test_a_record_under_another_name_is_none(root: Path) -> None:
    path = record_path(root, "run")
    other = path.name.replace("20240301", "20240302")
    shutil.copy(path, path.with_name(other))
    assert (
        only(root)
        == f"audit/records/{other} stands in no block and is no record: it has the bytes of another record"
    )


def test_a_block_that_is_missing_or_changed_is_told(root: Path) -> None:
    data = block_path(root, 2).read_bytes()
    block_path(root, 2).write_bytes(data[:-2])
    assert told(root)[0].startswith("block 2 is not as it was written: ")
    block_path(root, 2).unlink()
    assert told(root)[0] == "block 2 is missing"


def test_a_block_that_was_altered_breaks_the_chain(root: Path) -> None:
    data = block_path(root, 2).read_bytes()
    block_path(root, 2).write_bytes(data.replace(b"operator A", b"operator B"))
    assert told(root)[0].startswith("block 3 does not follow on block 2: ")


def test_two_blocks_that_were_exchanged_are_told(root: Path) -> None:
    two, three = block_path(root, 2).read_bytes(), block_path(root, 3).read_bytes()
    block_path(root, 2).write_bytes(three)
    block_path(root, 3).write_bytes(two)
    assert told(root)[0] == "block 2 is not as it was written: it says that it is block 3"


@pytest.mark.parametrize(
    "path", ["audit/x", "audit/.x", "audit/records/x.txt", "audit/records/.x.json", "audit/kept/x",
             "audit/signatures/x", "audit/blocks/.000005.json", "audit/new/x"],
)  # fmt: skip
def test_whatever_else_lies_in_the_trail_is_told(root: Path, path: str) -> None:
    put(root, path, "")
    assert only(root) == f"{path} does not belong to the trail"


def test_a_zip_that_no_block_names_is_told(root: Path) -> None:
    put(root, "audit/kept/000005-01234567.zip", "")
    assert only(root).startswith(
        "audit/kept/000005-01234567.zip stands in no block: it was left by a sealing"
    )


def gone_process() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        return process.pid


@pytest.mark.parametrize("folder", ["audit/records", "audit/pending", "results"])
def test_what_a_killed_process_left_is_named_as_such(root: Path, folder: str) -> None:
    process = gone_process()
    put(root, f"{folder}/.calls.tsv.{HOST}.{process}.tmp", "half")
    assert only(root) == (
        f"{folder}/.calls.tsv.{HOST}.{process}.tmp was left by process {process}, which was killed: "
        "what it wrote has to be made again"
    )


def test_what_another_machine_may_be_writing_is_told(root: Path) -> None:
    put(root, "audit/records/.0.elsewhere.12.tmp", "half")
    assert only(root) == (
        "audit/records/.0.elsewhere.12.tmp was left by process 12 of another machine: delete it if nothing runs there"
    )


def test_what_is_just_being_written_is_a_note(root: Path) -> None:
    name = f"audit/records/.0.{HOST}.{os.getpid()}.tmp"
    put(root, name, "half")
    verdict = verify(root)
    assert verdict.differences == ()
    assert verdict.notes == (f"{name} is being written by process {os.getpid()}",)


# Blocks that somebody made who knows how: what they say is held against the records and files.


def test_a_manifest_that_is_not_what_the_records_say_is_told(root: Path) -> None:
    put(root, PAGE, "another page")
    state = state_of(root, PAGE)
    assert state is not None
    rewrite(root, 4, lambda content: content["changed"].__setitem__(0, state.as_json()))
    assert f"the manifest of block 4 does not say of {PAGE} what its records say" in told(root)


def test_a_root_that_is_not_that_of_the_records_is_told(root: Path) -> None:
    rewrite(root, 2, lambda content: content.update(records_root="0" * 64))
    assert (
        only(root) == f"the Merkle root of block 2 of {time_of(root, 2)} is not that of its records"
    )


def test_a_record_taken_out_of_a_block_is_told(root: Path) -> None:
    rewrite(root, 4, lambda content: content["records"].clear())
    assert f"the Merkle root of block 4 of {time_of(root, 4)} is not that of its records" in told(
        root
    )


def test_a_record_sealed_twice_is_told(root: Path) -> None:
    first = dict(read_chain(root).blocks[0].records)
    rewrite(root, 4, lambda content: content["records"].update(first))
    assert f"audit/records/{next(iter(first))} stands in 2 blocks" in told(root)


def test_another_record_under_a_sealed_name_is_told(root: Path) -> None:
    name = next(iter(read_chain(root).blocks[3].records))
    rewrite(root, 4, lambda content: content["records"].update({name: "0" * 64}))
    assert (
        f"audit/records/{name} changed after block 4 of {time_of(root, 4)}: it is another record"
        in told(root)
    )


@pytest.mark.parametrize("key", ["files_root", "n_files"])
def test_a_head_that_does_not_speak_of_its_files_is_told(root: Path, key: str) -> None:
    rewrite(root, 4, lambda content: content.update({key: 1 if key == "n_files" else "0" * 64}))
    assert only(root).startswith(
        "the head, block 4, does not speak of the files that the blocks name"
    )


def zip_of(root: Path, number: int, entries: dict[str, bytes]) -> None:
    """Put another zip in place of the one that a block keeps, and have the block name it."""
    sink = BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    data = sink.getvalue()

    def edit(content: dict[str, Any]) -> None:
        state = next(s for s in content["changed"] if s["path"].startswith("audit/kept/"))
        state.update(size=len(data), sha256=hashlib.sha256(data).hexdigest())
        (root / state["path"]).write_bytes(data)

    rewrite(root, number, edit)


def test_kept_bytes_that_are_not_those_of_the_manifest_are_told(root: Path) -> None:
    block = read_chain(root).blocks[2]
    path = next(state.path for state in block.changed if state.path.startswith("audit/kept/"))
    as_it_was = {name: kept(read_chain(root), name, 3) or b"" for name in block.content["kept"]}
    zip_of(root, 3, as_it_was | {CALLS: b"forged"})
    assert f"results/calls.tsv in {path} is not what the manifest of block 3 says" in told(root)
    zip_of(root, 3, {name: data for name, data in as_it_was.items() if name != CALLS})
    assert f"{path} does not hold the files that block 3 keeps" in told(root)
    rewrite(root, 3, lambda content: content["kept"].clear())
    assert "block 3 names files that it keeps and no zip of them, or the reverse" in told(root)


def test_a_chain_that_was_written_anew_is_seen_with_the_head_only(root: Path) -> None:
    head = read_chain(root).head.hash
    rewrite(root, 1, lambda content: content.update(operator="operator B"))
    assert told(root) == []
    assert (
        only(root, head)
        == f"head {head} is not in this trail: the chain was written anew, its last blocks were "
        "taken away, or it is another study's"
    )


# The head.


def test_a_head_kept_elsewhere_is_found(root: Path) -> None:
    chain = read_chain(root)
    last, first = chain.blocks[3], chain.blocks[0]
    assert verify(root, last.hash).notes == (
        f"head {last.hash} is that of block 4 of {last.sealed}, the last",
    )
    verdict = verify(root, first.hash[:12].upper())
    assert verdict.differences == ()
    assert verdict.notes == (
        f"head {first.hash[:12]} is that of block 1 of {first.sealed}; 3 blocks follow on it",
    )


def test_a_last_block_cut_off_is_seen_with_the_head(root: Path) -> None:
    head = read_chain(root).head.hash
    block_path(root, 4).unlink()
    assert told(root) == []  # as if the page had just been made and not been sealed yet
    of_head, of_page = verify(root, head).differences
    assert of_head.startswith(f"head {head} is not in this trail")
    assert of_page.endswith("; no head speaks of it")


@pytest.mark.parametrize("head", ["abc", "0" * 11, "0" * 65, "x" * 64])
def test_a_head_that_is_none_is_refused(root: Path, head: str) -> None:
    with pytest.raises(MrdqError, match=r"--head: found .* expected 12 to 64 hexadecimal digits"):
        verify(root, head)


# Clocks.


def test_a_clock_set_back_is_a_note_where_the_block_says_so(root: Path) -> None:
    run(root, a_site())
    verdict = verify(root)
    assert verdict.differences == ()
    assert verdict.notes == ()  # by seconds: as two machines may differ
    clock = Clock()
    clock.stands -= dt.timedelta(hours=1)
    run(root, a_site(clock))
    verdict = verify(root)
    assert verdict.differences == ()
    assert len(verdict.notes) == 2
    assert verdict.notes[0].startswith("block 7: the clock stood at 2024-03-01T11:00:")


def test_a_time_that_was_changed_is_told(root: Path) -> None:
    rewrite(root, 2, lambda content: content.update(sealed="2023-01-01T00:00:00.000000Z"))
    assert only(root).startswith(
        "block 2 was sealed at 2023-01-01T00:00:00.000000Z, and speaks of what was recorded at"
    )
    rewrite(root, 2, lambda content: content.update(sealed="2025-01-01T00:00:00.000000Z"))
    assert [text[:24] for text in told(root)] == [
        "block 3 was sealed at 20",
        "block 4 was sealed at 20",
    ]


def test_a_clock_set_back_during_a_job_is_said_by_its_block(tmp_path: Path) -> None:
    clock = Clock()
    with recorded(tmp_path, "call", a_site(clock)):
        clock.stands -= dt.timedelta(hours=1)
    seal(tmp_path, a_site(clock))
    verdict = verify(tmp_path)
    assert verdict.differences == ()
    assert len(verdict.notes) == 1


# Jobs.


def test_a_job_that_read_other_bytes_than_were_made_is_told_until_all_is_made_again(
    root: Path,
) -> None:
    site = later()
    put(root, CALLS, sheet("run_id call", "R1 negative"))
    with recorded(root, "report", site) as job:
        job.reads(CALLS)
        job.writes(put(root, PAGE, "<p>negative"))
    words = "read other bytes of results/calls.tsv than the run of 2024-03-01T12:00:"
    assert words in only(root)
    seal(root, site)
    assert words in only(root)
    with recorded(root, "run", site) as job:
        job.writes(put(root, CALLS, "run_id\tcall\n"), root / STATUS)
    seal(root, site)
    assert words in only(root)  # the page rests on the changed table still
    with recorded(root, "report", site) as job:
        job.reads(CALLS)
        job.writes(put(root, PAGE, "<p>nothing"))
    seal(root, site)
    verdict = verify(root)
    assert verdict.differences == ()
    assert len(verdict.notes) == 1
    assert words in verdict.notes[0]
    assert verdict.notes[0].endswith("; nothing rests on it any more")


def test_jobs_of_machines_whose_clocks_differ_do_not_disagree(root: Path) -> None:
    ahead, behind = later(), later()
    ahead.now.stands += dt.timedelta(seconds=30)  # type: ignore[attr-defined]
    with recorded(root, "run", ahead) as job:
        job.writes(put(root, CALLS, "run_id\tcall\nR1\tnegative\n"))
    with recorded(root, "report", behind) as job:
        job.reads(CALLS)
        job.writes(put(root, PAGE, "<p>negative"))
    seal(root, ahead)
    assert beside(root) == []


def test_two_jobs_of_one_block_that_disagree_over_a_sheet_are_told(root: Path) -> None:
    site = later()
    with recorded(root, "amend", site) as job:
        job.writes(put(root, RUNS, "run_id\nR1\n"))
    put(root, RUNS, "run_id\nR2\n")
    with recorded(root, "call", site) as job:
        job.reads(RUNS)
        job.writes(put(root, CALLS, "run_id\tcall\n"))
    seal(root, site)
    disagree, changed = sorted(beside(root), key=lambda text: text.startswith(RUNS))
    assert "read other bytes of config/runs.tsv than the amend of" in disagree
    assert changed.startswith(f"{RUNS} changed after block")


def test_what_a_job_made_stands_above_what_a_longer_one_had_read_before(root: Path) -> None:
    """A page that is begun before the calls are made again, and ends after them, read the old ones."""
    site = later()
    with recorded(root, "report", site) as longer:
        longer.reads(CALLS)
        with recorded(root, "call", site) as job:
            job.writes(put(root, CALLS, "run_id\tcall\nR9\tnegative\n"))
    assert beside(root) == []
    seal(root, site)
    assert beside(root) == []


# Results that were made from other results.


def stage(root: Path, site: Site, action: str, *, reads: str = "", **writes: str) -> None:
    """A job of one stage: it reads and writes results by their names in the folder ``results/``."""
    with recorded(root, action, site) as job:
        job.reads(*reads.split())
        for name, text in writes.items():
            job.writes(
                put(
                    root,
                    {"wells": WELLS, "calls": CALLS, "status": STATUS, "page": PAGE}[name],
                    text,
                )
            )


def test_what_a_failed_run_left_half_made_is_told_until_a_run_goes_through(root: Path) -> None:
    site = later()
    with contextlib.suppress(OSError), recorded(root, "run", site) as job:
        job.writes(put(root, WELLS, "other wells"))
        raise OSError("disk")
    words = (
        "results/calls.tsv was made from another results/wells.parquet than the one that the run of "
        f"2024-03-02T12:00:01.000000Z by operator A (user analyst) on {HOST} made, which failed: "
        "run again; delete what is not wanted any more"
    )
    assert only(root) == words
    seal(root, site)
    assert only(root) == words
    assert stale(read_trail(root)) == stale(read_trail(root), "results") == [words]
    assert stale(read_trail(root), "results-other") == []
    run(root, site)
    assert told(root) == []


def test_wells_put_back_as_they_were_leave_the_calls_good(root: Path) -> None:
    """What counts is what a table was made from, not when."""
    site, data = later(), (root / WELLS).read_text(encoding="utf-8")
    stage(root, site, "ingest", wells="other wells")
    assert STALE in only(root)
    stage(root, site, "ingest", wells=data)
    assert told(root) == []


def test_single_stages_in_their_order_are_told_until_the_last(root: Path) -> None:
    site, found = later(), []
    stage(root, site, "ingest", wells="1")
    found += told(root)
    stage(root, site, "call", reads=WELLS, calls="run_id\tcall\n")
    found += told(root)
    stage(root, site, "status", reads=CALLS, status="patient_id\tstatus\n")
    found += told(root)
    # The page carries the block that it shows: that it is an older one is a note.
    found += [text for text in verify(root).notes if "was made from" in text]
    stage(root, site, "report", reads=STATUS, page="<p>")
    assert [text.partition(" was made from another ")[0] for text in found] == [CALLS, STATUS, PAGE]
    assert told(root) == []
    assert not [text for text in verify(root).notes if "was made from" in text]


def test_a_job_of_a_machine_ahead_of_time_made_the_same_calls_from_other_wells(root: Path) -> None:
    """The later of two records with one state of the calls had the older wells before it."""
    ahead, site = later(), later()
    ahead.now.stands += dt.timedelta(hours=1)  # type: ignore[attr-defined]
    stage(root, ahead, "call", reads=WELLS, calls="run_id\tcall\n")
    stage(root, site, "ingest", wells="1")
    stage(root, site, "call", reads=WELLS, calls="run_id\tcall\n")
    stage(root, ahead, "status", reads=CALLS, status="patient_id\tstatus\n")
    stage(root, ahead, "report", reads=STATUS, page="<p>")
    assert stale(read_trail(root)) == []


def test_a_trial_in_another_folder_and_copies_are_not_held_against_the_results(root: Path) -> None:
    site = later()
    with recorded(root, "run", site) as job:
        job.writes(
            *(
                put(root, f"trial/{name}", "1")
                for name in ("wells.parquet", "calls.tsv", "status.tsv")
            )
        )
    for text in "12":
        with recorded(root, "export", site) as job:
            names = ("wells.parquet", "calls.tsv") if text == "1" else ("wells.parquet",)
            job.writes(*(put(root, f"copies/{name}", text) for name in names))
    assert told(root) == []


def test_results_that_are_not_wanted_any_more_are_not_told(root: Path) -> None:
    site, table = later(), "results/cohort/population.tsv"
    survival = put(root, "results/survival.tsv", "1")
    with recorded(root, "run", site) as job:
        job.writes(survival, put(root, table, "1"), put(root, "results/report/cohort.html", "1"))
    survival.write_text("2", encoding="utf-8")
    with recorded(root, "status", site) as job:
        job.reads(CALLS)
        job.writes(survival)
    words = f"{table}, results/report/cohort.html were made from another results/survival.tsv than "
    assert [text for text in verify(root).notes if text.startswith(words)]
    assert told(root) == []
    for path in (table, "results/report/cohort.html"):
        (root / path).unlink()
    with recorded(root, "status", site) as job:
        job.removes(table, "results/report/cohort.html")
    assert told(root) == []
    assert not [text for text in verify(root).notes if "made from another" in text]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("results/calls.tsv", WELLS), ("a/b/status.tsv", "a/b/calls.tsv"), ("results/report/index.html", STATUS),
        ("results/cohort/x.tsv", "results/survival.tsv"), ("results/report/x.html", ""), ("calls.tsv", ""),
        ("cohort/x.tsv", ""), (WELLS, ""), ("config/runs.tsv", ""),
    ],
)  # fmt: skip
def test_what_a_result_is_made_from(path: str, source: str) -> None:
    assert source_of(path) == source


def test_a_sheet_that_a_job_wrote_may_be_edited_by_people_afterwards(root: Path) -> None:
    site = later()
    with recorded(root, "amend", site) as job:
        job.writes(put(root, RUNS, "run_id\nR1\n"))
    seal(root, site)
    put(root, RUNS, "run_id\nR1\nR2\n")
    run(root, site)
    assert told(root) == []


def begun(root: Path, **changed: object) -> str:
    """The announcement of a job that has begun, as a killed one leaves it."""
    with recorded(root, "call", later()) as job:
        (path,) = Trail(root).pending.iterdir()
        content = json.loads(path.read_bytes())
        data = path.read_bytes()
        path.write_bytes(data)
    record_path(root, "call").unlink()
    assert content["id"] == job.id
    path.write_bytes(canonical(content | changed))
    return path.name


def test_a_job_that_was_killed_is_told(root: Path) -> None:
    process = gone_process()
    begun(root, process=process, rule="call")
    assert only(root) == (
        "the call (call) begun at 2024-03-02T12:00:01.000000Z by operator A (user analyst) on "
        f"{HOST} has not ended: its process {process} is gone; the next sealing records that"
    )
    seal(root, later())
    assert told(root) == []


def test_a_job_of_another_machine_that_has_not_ended_is_told(root: Path) -> None:
    begun(root, host="elsewhere", process=12)
    assert only(root).endswith(
        "on elsewhere has not ended: whether its process 12 lives is known on elsewhere only"
    )


def test_a_job_at_work_is_a_note(root: Path) -> None:
    begun(root)
    verdict = verify(root)
    assert verdict.differences == ()
    assert len(verdict.notes) == 1
    assert verdict.notes[0].endswith(f"has not ended: its process {os.getpid()} is at work")


def test_an_announcement_that_was_torn_is_told(root: Path) -> None:
    put(root, "audit/pending/0.json", '{"half')
    assert only(root) == "audit/pending/0.json is no announcement of a job: it was torn, or changed"


def test_an_announcement_of_a_job_that_has_ended_is_a_note(root: Path) -> None:
    name = begun(root)
    content = json.loads((Trail(root).pending / name).read_bytes())
    kept_record = json.loads(record_path(root, "report").read_bytes())
    record, data = file_name(kept_record | content | {"inputs": [], "outputs": []})
    (Trail(root).records / record).write_bytes(data)
    verdict = verify(root)
    assert verdict.differences == ()
    assert verdict.notes == (
        "1 record is not sealed yet: call of 2024-03-02T12:00:01.000000Z",
        f"audit/pending/{name} is left of a job that has ended: the next sealing removes it",
    )


# Records that are not sealed yet.


def test_files_as_an_unsealed_record_says_are_no_differences(root: Path) -> None:
    site = later()
    put(root, RUNS, "run_id\nR1\n")
    with recorded(root, "call", site) as job:
        job.reads(RUNS)
        job.writes(put(root, CALLS, "run_id\tcall\n"), put(root, "results/new.tsv", "x"))
        job.removes(WELLS)
    (root / WELLS).unlink()
    verdict = verify(root)
    assert beside(root) == []
    assert verdict.notes == ("1 record is not sealed yet: call of 2024-03-02T12:00:01.000000Z",)
    job_words = "the call of 2024-03-02T12:00:01.000000Z by operator A (user analyst) on"
    put(root, CALLS, "run_id\tcall\nR1\tnegative\n")
    put(root, WELLS, "back")
    (root / "results/new.tsv").unlink()
    made_again, missing, changed = sorted(
        beside(root), key=lambda text: "new.tsv" in text or 2 * (CALLS in text)
    )
    assert made_again.startswith(f"{WELLS} is there again: {job_words}")
    assert missing.startswith(f"results/new.tsv is missing after {job_words}")
    assert changed.startswith(f"{CALLS} changed after {job_words}")


def test_no_head_speaks_of_what_is_not_sealed(root: Path) -> None:
    """A record that fits changed files is easily written; with the head at hand it explains nothing."""
    head = read_chain(root).head.hash
    with recorded(root, "call", later()) as job:
        job.writes(put(root, CALLS, "run_id\tcall\n"))
    assert beside(root) == []
    (told,) = beside(root, head)
    assert told.startswith("1 record is not sealed yet: call of ")
    assert told.endswith("; no head speaks of it")


def test_results_put_back_as_they_were_sealed_are_not_what_a_later_job_made(root: Path) -> None:
    data = (root / CALLS).read_bytes()
    with recorded(root, "call", later()) as job:
        job.writes(put(root, CALLS, "run_id\tcall\n"))
    (root / CALLS).write_bytes(data)
    (told,) = beside(root)
    assert told.startswith(f"{CALLS} changed after the call of ")


def test_many_unsealed_records_are_counted(root: Path) -> None:
    site = later()
    for _ in range(7):
        with recorded(root, "explain", site):
            pass
    assert verify(root).notes[0].startswith("7 records are not sealed yet: explain of ")
    assert verify(root).notes[0].endswith(" and 2 more")


def test_a_trail_that_is_not_sealed_at_all_can_be_verified(tmp_path: Path) -> None:
    with recorded(tmp_path, "call", a_site()) as job:
        job.writes(put(tmp_path, CALLS, "x"))
    verdict = verify(tmp_path)
    assert (verdict.differences, verdict.blocks, verdict.files) == ((), 0, 1)
    put(tmp_path, CALLS, "y")
    assert only(tmp_path).startswith(f"{CALLS} changed after the call of ")


def test_a_study_that_is_sealed_while_it_is_verified_is_read_again(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, reads = later(), []

    def slow(folder: Path) -> object:
        reading = read_trail(folder)
        if not reads:
            run(root, site, "not_evaluable")
        reads.append(reading)
        return reading

    monkeypatch.setattr(verifying, "read_trail", slow)
    assert told(root) == []
    assert len(reads) == 2


# Nothing but what is done to a study is told.


def steps(root: Path, chance: random.Random, site: Site) -> Iterator[Path]:
    """A study's life: whatever people and mrdq do to it, in any order; the folder after each step."""
    runs = 1
    add_run(root, runs)
    run(root, site)
    for step in chance.choices(
        ["run", "add", "edit", "clear", "touch", "move", "copy", "job"], k=6
    ):
        if step == "add":
            runs += 1
            add_run(root, runs)
        if step == "edit":
            put(root, "config/config.yaml", f"study: SIMULATED {chance.random()}\n")
        if step == "clear":
            shutil.rmtree(root / "results")
        if step in ("run", "add", "edit", "clear"):
            run(root, site, chance.choice(["negative", "positive_quantifiable"]))
        if step == "job":
            with recorded(root, "explain", site) as job:
                job.reads(CALLS)
            if chance.random() < 0.5:
                seal(root, site)
        if step == "touch":
            for path in root.rglob("*"):
                path.touch()
        if step in ("move", "copy"):
            other = root.with_name(f"{root.name}'{len(root.name)}")
            root = Path(shutil.copytree(root, other)) if step == "copy" else root.rename(other)
        yield root


@pytest.mark.parametrize("seed", range(12))
def test_nothing_is_told_of_a_study_that_people_work_with(seed: int, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for root in steps(tmp_path / "deep/study", random.Random(seed), a_site()):
        assert told(root) == []
        chain = read_chain(root)
        assert bool(told(root, chain.head.hash)) == bool(chain.unsealed_names())


# Whatever is done to bytes is told, with the head at hand.


def kinds(root: Path) -> dict[str, Path]:
    """A file of each kind."""
    zips = sorted((root / "audit/kept").iterdir())
    return {
        "config": root / "config/config.yaml", "sheet": root / RUNS, "layout": root / "config/layouts/R2.tsv",
        "export": root / "data/R1.txt", "calls": root / CALLS, "status": root / STATUS, "parquet": root / WELLS,
        "page": root / PAGE, "first record": record_path(root, "run"), "last record": record_path(root, "report", 1),
        "first block": block_path(root, 1), "last block": block_path(root, 4), "first zip": zips[0], "last zip": zips[-1],
    }  # fmt: skip


KINDS = ("config", "sheet", "layout", "export", "calls", "status", "parquet", "page", "first record",
         "last record", "first block", "last block", "first zip", "last zip")  # fmt: skip


def damaged(data: bytes, chance: random.Random) -> Iterator[bytes]:
    """One byte flipped at the start, the end and in between; cut, grown, two bytes exchanged."""
    for place in (0, len(data) - 1, *(chance.randrange(len(data)) for _ in range(5))):
        yield data[:place] + bytes([data[place] ^ (1 << chance.randrange(8))]) + data[place + 1 :]
    yield data[:-1]
    yield data[: chance.randrange(len(data))]
    yield data + b"\n"
    place = next(n for n in range(len(data) - 1) if data[n] != data[n + 1])
    yield data[:place] + bytes([data[place + 1], data[place]]) + data[place + 2 :]


@pytest.mark.parametrize("kind", KINDS)
def test_damage_to_a_file_of_any_kind_is_told(root: Path, kind: str) -> None:
    head, path = read_chain(root).head.hash, kinds(root)[kind]
    data = path.read_bytes()
    for changed in damaged(data, random.Random(kind)):
        assert changed != data
        path.write_bytes(changed)
        assert told(root, head), (kind, changed)
    path.unlink()
    assert told(root, head)
    path.write_bytes(data)
    assert told(root, head) == []


@pytest.mark.parametrize("kind", KINDS)
def test_files_that_are_exchanged_are_told(root: Path, kind: str) -> None:
    head, found = read_chain(root).head.hash, kinds(root)
    for other in found.values():
        one, two = found[kind].read_bytes(), other.read_bytes()
        if one != two:
            found[kind].write_bytes(two)
            other.write_bytes(one)
            assert told(root, head), (kind, other)
            found[kind].write_bytes(one)
            other.write_bytes(two)
    assert told(root, head) == []


# Rows.


def rows(path: str, before: str, after: str) -> str:
    return rows_that_differ(
        path, sheet(*before.split("; ")).encode(), sheet(*after.split("; ")).encode()
    )


@pytest.mark.parametrize(
    ("path", "before", "after", "words"),
    [
        ("status.tsv", "patient_id timepoint status; P3 post-C1 negative", "patient_id timepoint status; P3 post-C1 ",
         "1 row differs: patient P3 timepoint post-C1: status negative → empty"),
        ("a.tsv", "run_id x; R1 1; R2 2", "run_id x; R2 2; R3 3",
         "2 rows differ: run R1: the row is gone; run R3: the row is new"),
        ("a.tsv", "run_id x; R1 1", "run_id y; R1 1", "the column x is gone; the column y is new"),
        ("a.tsv", "run_id x; R1 1; R2 2", "run_id x; R2 2; R1 1",
         "the cells are the same, the order of rows, spaces, quotes or line ends are not"),
        ("a.csv", "lot,x; L1,1", "lot,x; L1,2", "1 row differs: lot L1: x 1 → 2"),
        ("a.tsv", "n x; 1 1; 1 2", "n x; 1 1; 1 3", '2 lines differ: gone "1\t2"; new "1\t3"'),
        ("a.yaml", "a: 1; b: 2", "a: 1; b: 3", '2 lines differ: gone "b:\t2"; new "b:\t3"'),
        ("a.yaml", "a; b", "b; a", "the order or the ends of its lines"),
        ("a.tsv", "run_id x; R1 1", "run_id x x; R1 1 1",
         "it cannot be read as a table: two columns have the same name"),
        ("a.tsv", "run_id x; R1 1", "run_id x; R1", "it cannot be read as a table: row 2 has 1 cells, and the header 2"),
    ],
)  # fmt: skip
def test_rows_that_differ_are_told_by_their_keys(
    path: str, before: str, after: str, words: str
) -> None:
    assert rows(path, before, after) == words


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (b"", "it cannot be read as a table: it is empty"),
        (b"run_id\tx\nR1\t\xff\n", "it cannot be read as a table: it is no text in UTF-8"),
        (b'run_id\tx\nR1\t"a"b\n', "it cannot be read as a table: '\t' expected after '\"'"),
        (b"\xef\xbb\xbfrun_id\tx\r\nR1\t1\r\n",
         "the cells are the same, the order of rows, spaces, quotes or line ends are not"),
        ("run_id\tx\nR1\t2\n".encode("utf-16"), "1 row differs: run R1: x 1 → 2"),
    ],
)  # fmt: skip
def test_tables_of_any_bytes_are_told(after: bytes, words: str) -> None:
    assert rows_that_differ("a.tsv", b"run_id\tx\nR1\t1\n", after) == words


def test_a_text_that_is_none_is_told() -> None:
    assert rows_that_differ("a.yaml", b"a", b"\xff") == "it is no text in UTF-8"


def test_rows_stand_in_lines_of_their_own_that_no_name_can_feign(root: Path) -> None:
    text = (root / CALLS).read_text(encoding="utf-8")
    put(root, CALLS, text.replace("positive_quantifiable", '"no\ncall\x1ed"'))
    first, *more = only(root).split("\n")
    assert first.startswith(f"{CALLS} changed after block 3 of {time_of(root, 3)}: 2 rows differ (")
    assert more == [
        f"  run {run} target T sample {run}-S: call positive_quantifiable → no\\ncall\\x1ed"
        for run in ("R1", "R2")
    ]


@pytest.mark.parametrize(
    "name", [".DS_Store", "Thumbs.db", "desktop.ini", ".~lock.calls.tsv#", "~$results.xlsx", "._calls.tsv"]
)  # fmt: skip
def test_what_systems_and_office_programs_leave_is_a_note(root: Path, name: str) -> None:
    put(root, f"results/report/{name}", "")
    verdict = verify(root)
    assert verdict.differences == ()
    assert verdict.notes == (
        f"results/report/{name} was left by an operating system or an office program",
    )
    put(root, f"audit/{name}", "")
    assert only(root) == f"audit/{name} does not belong to the trail"


@pytest.mark.parametrize("name", [".DS_Store.tsv", "lock#", "~results.xlsx", "my desktop.ini"])
def test_names_that_are_only_like_those_are_told(root: Path, name: str) -> None:
    put(root, f"results/{name}", "")
    assert only(root) == f"results/{name} stands in no record"


@pytest.mark.parametrize(
    "form",
    ["block 3, head {}", "audit trail: block 3, head {} (keep this line elsewhere: mail, LIMS, paper)",
     " Block 3, head {:.14}… ", "block 3, head {:.14}...", "{:.12}…"],
)  # fmt: skip
def test_a_head_may_be_pasted_as_it_was_printed(root: Path, form: str) -> None:
    block = read_chain(root).blocks[2]
    verdict = verify(root, form.format(block.hash))
    assert verdict.differences == ()
    assert "is that of block 3" in verdict.notes[0]
    assert verify(root, form.format(block.hash).replace("3,", "2,", 1)).differences == (
        ()
        if "," not in form
        else (f"head {verdict.notes[0].split()[1]} is that of block 3, and not of block 2",)
    )


@pytest.mark.parametrize("form", ["head {}", "block 3 {}", "x{}", "{}0", "block 3, head {:.11}"])
def test_what_is_no_printed_head_is_refused(root: Path, form: str) -> None:
    with pytest.raises(MrdqError, match="expected 12 to 64 hexadecimal digits"):
        verify(root, form.format(read_chain(root).head.hash))


def test_ten_rows_are_told_and_the_rest_counted() -> None:
    before = "run_id x; " + "; ".join(f"R{n} 1" for n in range(30))
    text = rows("a.tsv", before, before.replace(" 1", " 2"))
    assert text.startswith("30 rows differ: run R0: x 1 → 2; ")
    assert text.endswith("; and 20 more")
    assert text.count("→") == 10


# What blocks keep.


def test_kept_bytes_are_those_of_the_block(root: Path) -> None:
    chain = read_chain(root)
    first, second = kept(chain, CALLS, 1), kept(chain, CALLS, 3)
    assert first is not None
    assert b"negative" in first
    assert (kept(chain, CALLS, 2), kept(chain, CALLS, 4)) == (first, second)
    assert second == (root / CALLS).read_bytes()
    assert kept(chain, "config/layouts/R1.tsv", 4) == (root / "config/layouts/R1.tsv").read_bytes()


def test_nothing_is_kept_of_what_is_large_unknown_removed_or_damaged(root: Path) -> None:
    chain = read_chain(root)
    assert kept(chain, WELLS, 4) is None
    assert kept(chain, "config/layouts/R2.tsv", 2) is None
    assert kept(chain, "nothing", 4) is None
    site = later()
    with recorded(root, "run", site) as job:
        job.removes(CALLS)
    (root / CALLS).unlink()
    seal(root, site)
    assert kept(read_chain(root), CALLS, 5) is None
    assert kept(read_chain(root), CALLS, 4) is not None
    for path in (root / "audit/kept").iterdir():
        path.write_bytes(path.read_bytes()[:-1])
    assert kept(read_chain(root), CALLS, 4) is None


def test_a_file_whose_name_is_no_text_is_sealed_and_not_kept(root: Path) -> None:
    site, path = later(), os.fsdecode(b"config/x\xff.yaml")
    with recorded(root, "call", site) as job:
        job.reads(put(root, path, "a: 1\n"), keep=True)
    seal(root, site)
    assert told(root) == []
    assert kept(read_chain(root), path, 5) is None
    put(root, path, "a: 2\n")
    assert only(root).startswith("config/x\\udcff.yaml changed after block 5")
