"""Ten thousand damages of a sealed study, and none that verify does not see with the head at hand."""

from __future__ import annotations

import datetime as dt
import platform
import random
import shutil
import subprocess
import time
import traceback
from collections import Counter
from pathlib import Path

import pytest
from damages import WAYS, Damage, Tree, damage, kind_of
from ordeals import change_inputs, completed, load_everything, shared_out, size, tell
from tiny import write_tiny

from mrdq.audit import ssh
from mrdq.audit.chain import read_chain
from mrdq.audit.job import recorded
from mrdq.audit.seal import seal
from mrdq.audit.site import Site
from mrdq.audit.verify import verify
from mrdq.errors import MrdqError

DAMAGES = size("DAMAGES", 10_000)
SEED = 20_070_401


def sealed_study(root: Path) -> bool:
    """A study that was run twice, with another sheet the second time, and signed where ssh-keygen is."""
    load_everything()
    write_tiny(root)
    completed("run", root)
    change_inputs(root)
    completed("run", root)
    if not shutil.which("ssh-keygen"):
        return False
    key = root.parent / "key"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "key", "-f", str(key)], check=True
    )
    public = key.with_suffix(".pub").read_text().split()[:2]
    (root / "config/allowed_signers").write_text(f"operator-A {' '.join(public)}\n")
    completed("audit", "sign", root, "--key", key, "--as", "operator-A")
    return True


def under_seal(root: Path) -> Tree:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*"))
            if path.is_file() and not {".mrdq", "logs"} & set(path.parts)}  # fmt: skip


class Spoiled:
    """A study with a damage for as long as it is looked at."""

    def __init__(self, root: Path, files: Tree, spoilt: Damage):
        self.root, self.files, self.spoilt = root, files, spoilt

    def __enter__(self) -> None:
        for path, data in self.spoilt.after.items():
            _put(self.root / path, data)

    def __exit__(self, *_: object) -> None:
        for path in self.spoilt.after:
            _put(self.root / path, self.files.get(path))


def _put(path: Path, data: bytes | None) -> None:
    if data is None:
        path.unlink()
    else:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)


@pytest.mark.parametrize("with_keys", [False, True], ids=["every way", "keys are looked at"])
def test_every_damage_is_seen_with_the_head_at_hand(
    place: Path, monkeypatch: pytest.MonkeyPatch, with_keys: bool
) -> None:
    """Most of them without ssh-keygen, which takes most of the time and only adds to what is seen."""
    root = place / "study"
    signed = sealed_study(root)
    if with_keys and not signed:
        pytest.skip("there is no ssh-keygen")
    if not with_keys:
        monkeypatch.setattr(ssh, "is_installed", lambda: False)
    head, files = verify(root).head.hash, under_seal(root)
    assert verify(root, head).differences == ()
    count = DAMAGES // 50 if with_keys else DAMAGES
    chunks = [
        (root if n == 0 else shutil.copytree(root, place / f"study-{n}"), n) for n in range(2)
    ]
    last = max(path for path in files if kind_of(path) == "block")

    def work(chunk: tuple[Path, int]) -> list[tuple[str, str, str, float]]:
        at, n = chunk
        chance, found = random.Random(SEED + n), []
        for _ in range(count // 2):
            spoilt = damage(files, chance)
            with Spoiled(at, files, spoilt):
                start = time.perf_counter()
                seen = _seen(at, head, spoilt, last)
                found.append((spoilt.what, spoilt.kind, seen, time.perf_counter() - start))
        assert under_seal(at) == files
        assert verify(at, head).differences == ()
        return found

    found = [one for part in shared_out(work, chunks) for one in part]
    missed = [(what, seen) for what, _, seen, _ in found if not seen.startswith("by ")]
    assert missed == [], f"{len(missed)} not seen"
    if not with_keys and DAMAGES >= 2000:
        assert {what.partition(":")[0] for what, *_ in found} == {way.__name__ for way in WAYS}
        assert {kind_of(path) for path in files} <= {kind for _, kind, _, _ in found}
    tell(
        f"{len(found)} damages, all seen; {1000 * sum(t for *_, t in found) / len(found):.1f} ms each to verify"
    )
    tell(f"by kind of file: {dict(Counter(kind for _, kind, _, _ in found))}")
    tell(f"by way: {dict(Counter(what.partition(':')[0] for what, *_ in found))}")
    tell(
        f"without the head unseen: {Counter(seen for _, _, seen, _ in found)['by the head alone']}, all of the last block"
    )


def _seen(root: Path, head: str, spoilt: Damage, last: str) -> str:
    """How a damage was seen: only one of the last block needs the head."""
    try:
        told = verify(root, head).differences
    except Exception:  # noqa: BLE001  (told with the others)
        return traceback.format_exc(limit=-3)
    if told and all(text.startswith("head ") for text in told):
        return "by the head alone" if last in spoilt.after else "not without the head"
    return "by what the trail says" if told else ""


def test_files_that_were_replaced_by_what_is_no_file(place: Path) -> None:
    """A folder, a pipe, a link that leads nowhere or round, for every file under seal."""
    root = place / "study"
    sealed_study(root)
    head, files = verify(root).head.hash, under_seal(root)
    for path, data in files.items():
        for way in ("folder", "pipe", "broken", "round"):
            at = root / path
            at.unlink()
            if way == "folder":
                at.mkdir()
            elif way == "pipe":
                subprocess.run(["mkfifo", str(at)], check=True)
            else:
                at.symlink_to("nowhere" if way == "broken" else at.name)
            assert verify(root, head).differences, (path, way)
            at.rmdir() if way == "folder" else at.unlink()
            at.write_bytes(data)
    assert verify(root, head).differences == ()


@pytest.mark.parametrize(
    "folder", ["records", "blocks", "kept", "signatures", "", "../results", "../data", "../config"]
)
def test_whole_folders_that_are_gone(place: Path, folder: str) -> None:
    root = place / "study"
    if not sealed_study(root) and folder == "signatures":
        pytest.skip("there is no ssh-keygen")
    head = verify(root).head.hash
    shutil.rmtree((root / "audit" / folder).resolve())
    if folder:
        assert verify(root, head).differences
        return
    with pytest.raises(MrdqError, match="expected an audit trail"):
        verify(root, head)


def test_a_system_clock_that_is_set_back_is_told(tmp_path: Path) -> None:
    """By an injected clock: the block says it, and verify repeats it."""
    times = [dt.datetime(2024, 3, 1, 12, n, tzinfo=dt.UTC) for n in range(3)]
    times += [dt.datetime(2023, 3, 1, 12, n, tzinfo=dt.UTC) for n in range(3)]
    site = Site(platform.node(), "analyst", now=lambda: times.pop(0))
    for _ in range(2):
        with recorded(tmp_path, "call", site):
            pass
        seal(tmp_path, site)
    assert "before 2024-03-01T12:02:00.000000Z" in str(
        read_chain(tmp_path).blocks[1].content["clock"]
    )
    verdict = verify(tmp_path)
    assert any("the clock stood at" in note for note in verdict.notes)
