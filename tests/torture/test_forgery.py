"""Who writes the whole chain anew is seen by a head that was kept elsewhere, and without one is not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ordeals import change_inputs, completed, load_everything
from tiny import write_tiny

from mrdq.audit.canonical import canonical
from mrdq.audit.chain import block_name, read_chain
from mrdq.audit.files import FileState, files_root, state_of
from mrdq.audit.record import file_name
from mrdq.audit.seal import records_root
from mrdq.audit.trail import Trail
from mrdq.audit.verify import verify

Content = dict[str, Any]


@pytest.fixture
def study(place: Path) -> Path:
    root = place / "study"
    load_everything()
    write_tiny(root)
    completed("run", root)
    change_inputs(root)
    completed("run", root)
    return root


class Forger:
    """Rewrites a trail from its first block on: ``edit`` changes records, and every name, root and
    hash that follows from it is made anew, in pages too."""

    def __init__(self, root: Path, edit: Callable[[Content], None]):
        self.root, self.edit, self.trail = root, edit, Trail(root)
        self.anew: dict[str, str] = {}
        self.files: dict[str, FileState] = {}

    def rewrite(self) -> None:
        previous = "0" * 64
        for block in read_chain(self.root).blocks:
            content = dict(block.content)
            content["records"] = dict(self._record(name) for name in block.records)
            content["changed"] = [self._renewed(state) for state in content["changed"]]
            self.files |= {state["path"]: FileState(**state) for state in content["changed"]}
            for path in content["removed"]:
                del self.files[path]
            content |= {
                "previous": previous, "records_root": records_root(self.root, content["records"]),
                "files_root": files_root(self.files), "n_files": len(self.files),
            }  # fmt: skip
            path = self.trail.blocks / block_name(block.number)
            path.write_bytes(canonical(content))
            state = state_of(self.root, path.relative_to(self.root).as_posix())
            assert state is not None
            previous = self.anew[block.hash] = state.sha256

    def _renewed(self, state: Content) -> Content:
        now = state_of(self.root, state["path"])
        return now.as_json() if now and self.anew.get(state["sha256"]) == now.sha256 else state

    def _record(self, name: str) -> tuple[str, str]:
        path = self.trail.records / name
        content = json.loads(path.read_bytes())
        for state in content["outputs"]:
            self._page(self.root / state["path"], state)
        content = json.loads(self._in_new_words(json.dumps(content)))
        content["outputs"] = [self._renewed(state) for state in content["outputs"]]
        self.edit(content)
        path.unlink()
        name, data = file_name(content)
        (self.trail.records / name).write_bytes(data)
        digest = state_of(self.root, f"audit/records/{name}")
        assert digest is not None
        return name, digest.sha256

    def _page(self, page: Path, state: Content) -> None:
        """A page carries the head of the block that it shows.  An earlier page is not there any more."""
        if page.suffix == ".html" and state_of(self.root, state["path"]) == FileState(**state):
            page.write_text(self._in_new_words(page.read_text()))
            now = state_of(self.root, state["path"])
            assert now is not None
            self.anew[state["sha256"]] = now.sha256

    def _in_new_words(self, text: str) -> str:
        for old, new in self.anew.items():
            text = text.replace(old, new)
        return text


def another_operator(content: Content) -> None:
    content["operator"] = "somebody else"


def another_user_in_the_first_block(content: Content) -> None:
    if content["action"] == "run" and not content["seal"]:
        content["user"] = "somebody"


@pytest.mark.parametrize("edit", [another_operator, another_user_in_the_first_block])
def test_a_chain_that_is_written_anew_is_seen_by_a_head(
    study: Path, edit: Callable[[Content], None]
) -> None:
    heads = [block.hash for block in read_chain(study).blocks]
    Forger(study, edit).rewrite()
    # The limit: a forger who makes every name, root and hash anew leaves a trail without a fault.
    assert verify(study).differences == ()
    # A head that was kept elsewhere tells, each of them.
    for head in heads:
        told = verify(study, head).differences
        assert told == (
            f"head {head} is not in this trail: the chain was written anew, its last blocks were taken away, or it is another study's",
        )


def test_a_forger_who_stops_half_way_is_seen(study: Path) -> None:
    """Block 2 and what follows stay: they name the hash of the first block as it was."""
    forged = shutil.copytree(study, study.with_name("forged"))
    Forger(forged, another_operator).rewrite()
    for n in (2, 3, 4):
        for number in range(1, n):
            shutil.copy(forged / "audit/blocks" / block_name(number), study / "audit/blocks")
        for path in (forged / "audit/records").iterdir():
            shutil.copy(path, study / "audit/records")
        told = verify(study).differences
        assert any(f"block {n} does not follow on block {n - 1}" in text for text in told), told


def test_another_result_under_a_whole_new_trail_is_seen_by_a_head(study: Path) -> None:
    """The simplest forgery: delete the trail, change an export, and run again."""
    head = verify(study).head.hash
    shutil.rmtree(study / "audit")
    export = study / "data/SIM-000001.csv"
    export.write_text(export.read_text().replace("32.", "35."))
    completed("run", study)
    assert verify(study).differences == ()
    assert len(verify(study, head).differences) == 1


def test_a_study_set_back_to_an_earlier_block_is_seen_by_the_last_head(place: Path) -> None:
    root = place / "study"
    load_everything()
    write_tiny(root)
    completed("run", root)
    earlier = shutil.copytree(root, place / "earlier")
    change_inputs(root)
    completed("run", root)
    head = verify(root).head.hash
    assert verify(earlier).differences == ()
    assert len(verify(earlier, head).differences) == 1


def test_another_result_with_a_record_that_says_so_is_seen_by_a_head(study: Path) -> None:
    """A result is changed, and a well-formed record laid beside it of a job that made it so."""
    head = verify(study).head.hash
    (path,) = [p for p in (study / "audit/records").iterdir() if p.name in _records_of(study, 3)]
    calls = study / "results/calls.tsv"
    calls.write_text(calls.read_text().replace("positive_quantifiable", "negative"))
    content = json.loads(path.read_bytes())
    states = [state_of(study, state["path"]) for state in content["outputs"]]
    content |= {"id": "f" * 32, "outputs": [state.as_json() for state in states if state]}
    name, data = file_name(content)
    (path.parent / name).write_bytes(data)
    # The limit: without a head it is a job that nobody has sealed yet, which is told in a note.
    verdict = verify(study)
    assert verdict.differences == ()
    assert any("1 record is not sealed yet" in note for note in verdict.notes)
    assert any("1 record is not sealed yet" in text for text in verify(study, head).differences)


def _records_of(study: Path, number: int) -> list[str]:
    return list(read_chain(study).blocks[number - 1].records)
