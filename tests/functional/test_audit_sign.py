"""Signatures of blocks: made and checked by OpenSSH, void as soon as what was signed has changed.

The oracle is ssh-keygen, called here by itself on what lies in ``audit/signatures``.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from small_study import RUN, accepted, copy, mrdq, set_cell

from mrdq.audit import job as job_module
from mrdq.audit import signatures, signing
from mrdq.audit.canonical import canonical
from mrdq.audit.chain import read_chain
from mrdq.audit.job import recorded
from mrdq.audit.seal import seal
from mrdq.audit.site import Site
from mrdq.audit.trail import Trail, write_once
from mrdq.errors import MrdqError

SITE = Site("bench", "analyst", "analyst A")
RESULTS = {
    "config/samples.tsv": "sample_id\nS1\n",
    "config/layouts/R1.tsv": "well\nA1\n",
    "results/calls.tsv": "call\nnegative\n",
    "results/status.tsv": "status\nnegative\n",
}
PAGE = "results/report/index.html"
STATEMENT, SIGNATURE = "audit/signatures/000002-1.json", "audit/signatures/000002-1.json.sig"


@pytest.fixture(scope="session")
def keys(ssh_keygen: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys of two people, and one with a passphrase."""
    folder = tmp_path_factory.mktemp("keys")
    for name, passphrase in (("own", ""), ("other", ""), ("locked", "open sesame")):
        words = ["-q", "-t", "ed25519", "-N", passphrase, "-C", name, "-f", str(folder / name)]
        subprocess.run([ssh_keygen, *words], check=True)
    return folder


CHANGED = RESULTS | {"results/calls.tsv": "changed"}


def job(root: Path, action: str, files: dict[str, str], *, removed: str = "") -> None:
    """A job that writes files, under seal."""
    with recorded(root, action, SITE) as one:
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
            one.writes(path)
        if removed:
            (root / removed).unlink()
            one.removes(removed)
    seal(root, SITE)


@pytest.fixture(scope="session")
def _trail(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("trail") / "study"
    job(root, "run", RESULTS)
    job(root, "report", {PAGE: "block 1"})
    return root


@pytest.fixture(scope="session")
def _signed(_trail: Path, keys: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = copy(_trail, tmp_path_factory.mktemp("signed") / "study")
    sign(root, keys / "own")
    return root


@pytest.fixture
def trail(_trail: Path, tmp_path: Path) -> Path:
    """Results in block 1, their page in block 2."""
    return copy(_trail, tmp_path / "study")


@pytest.fixture
def signed(_signed: Path, tmp_path: Path) -> Path:
    """The same, signed, with the signature in block 3."""
    return copy(_signed, tmp_path / "study")


def sign(root: Path, key: Path, *words: str) -> str:
    outcome = mrdq("audit", "sign", root, "--key", key, *(words or ("--as", "analyst A")))
    assert outcome.code == 0, outcome.err
    return outcome.out.strip()


def listed(root: Path, *words: object, code: int = 0) -> list[str]:
    outcome = mrdq("audit", "signatures", root, *words)
    assert outcome.code == code, outcome
    return outcome.out.splitlines()


def fingerprint(keys: Path, name: str) -> str:
    words = ["ssh-keygen", "-l", "-f", str(keys / f"{name}.pub")]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()[1]


def signers(path: Path, keys: Path, **names: str) -> Path:
    """A list of signers: names of keys -> who has them, with options."""
    lines = [f"{who} {(keys / f'{key}.pub').read_text()}" for key, who in names.items()]
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(lines), encoding="utf-8")
    return path


def refused(root: Path, key: Path, *words: str) -> str:
    """Signing is refused, and nothing is signed."""
    before = sorted(Trail(root).signatures.glob("*"))
    outcome = mrdq("audit", "sign", root, "--key", key, *words)
    assert outcome.code == 2, outcome
    assert sorted(Trail(root).signatures.glob("*")) == before
    return outcome.err


# --- what is signed


def test_openssh_itself_finds_the_signature_good(signed: Path, keys: Path, tmp_path: Path) -> None:
    allowed = signers(tmp_path / "allowed", keys, own='"analyst A"')
    words = ["-f", allowed, "-I", "analyst A", "-n", "mrdq", "-s", signed / SIGNATURE]
    done = subprocess.run(
        ["ssh-keygen", "-Y", "verify", *words], input=(signed / STATEMENT).read_bytes(), check=False, capture_output=True
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert fingerprint(keys, "own") in done.stdout.decode()


def test_the_statement_says_what_is_signed_by_whom_when_and_why(trail: Path, keys: Path) -> None:
    block = (trail / "audit/blocks/000002.json").read_bytes()
    path = sign(trail, keys / "own", "--as", "analyst A", "--meaning", "approved")
    assert path == str(trail / STATEMENT)
    said = json.loads((trail / STATEMENT).read_bytes())
    assert (said["block"], said["head"]) == (2, hashlib.sha256(block).hexdigest())
    assert (said["signer"], said["meaning"]) == ("analyst A", "approved")
    content = json.loads(block)
    assert said["covers"] == {key: content[key] for key in ("files_root", "n_files", "sealed")}
    assert content["sealed"] < said["signed"]


def test_signing_is_recorded_and_sealed(signed: Path) -> None:
    chain = read_chain(signed)
    assert chain.head.number == 3
    assert chain.unsealed_names() == []
    assert {chain.files[path].block for path in (STATEMENT, SIGNATURE)} == {3}
    [name] = chain.blocks[2].records
    record = json.loads((signed / "audit/records" / name).read_bytes())
    assert (record["action"], record["state"], record["operator"]) == ("sign", "done", "analyst A")
    assert [file["path"] for file in record["outputs"]] == [STATEMENT, SIGNATURE]
    assert record["seal"] == {"block": 2, "head": chain.blocks[1].hash}


def test_the_head_after_signing_is_told(trail: Path, keys: Path) -> None:
    outcome = mrdq("audit", "sign", trail, "--key", keys / "own")
    assert f"audit trail: {read_chain(trail).head}" in outcome.err


@pytest.mark.parametrize("meaning", signatures.MEANINGS)
def test_every_meaning_is_listed(trail: Path, keys: Path, meaning: str) -> None:
    sign(trail, keys / "own", "--as", "analyst A", "--meaning", meaning)
    [line] = listed(trail)
    time = json.loads((trail / STATEMENT).read_bytes())["signed"]
    assert line.startswith(
        f"signed by analyst A ({meaning}) at {time[:10]} {time[11:16]} UTC, block 2: holds"
    )


def test_who_signs_is_the_operator_or_else_the_systems_user(
    trail: Path, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MRDQ_OPERATOR", raising=False)
    sign(trail, keys / "own", "--meaning", "authored")
    monkeypatch.setenv("MRDQ_OPERATOR", "analyst B")
    sign(trail, keys / "own", "--meaning", "reviewed")
    user, operator = signatures.read(trail, read_chain(trail))
    assert user.signer == json.loads((trail / "audit/blocks/000003.json").read_bytes())["user"]
    assert operator.signer == "analyst B"


def test_signatures_of_one_block_are_numbered(trail: Path, keys: Path) -> None:
    sign(trail, keys / "own", "--as", "analyst A", "--block", "2")
    path = sign(trail, keys / "other", "--as", "analyst B", "--block", "2")
    assert path.endswith("000002-2.json")
    assert [s.signer for s in signatures.current(trail, read_chain(trail))] == ["analyst A", "analyst B"]  # fmt: skip


def test_signatures_made_at_once_take_a_number_each(trail: Path) -> None:
    def one(n: int) -> str:
        written: list[Path] = []
        signing._write(trail, 2, b"statement %d" % n, b"signature %d" % n, written)
        signature, statement = written
        assert statement.read_bytes() == b"statement %d" % n
        assert signature.read_bytes() == b"signature %d" % n
        return statement.name

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(one, range(40)))) == 40
    assert len(list(Trail(trail).signatures.iterdir())) == 80


def test_a_key_with_a_passphrase_signs_when_it_is_given(
    trail: Path, keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _answer(tmp_path, monkeypatch, "open sesame")
    sign(trail, keys / "locked", "--as", "analyst A")
    assert signatures.read(trail, read_chain(trail))[0].key == fingerprint(keys, "locked")


def test_a_key_of_the_agent_signs_by_its_public_half(
    trail: Path, keys: Path, tmp_path: Path, agent: None
) -> None:
    shutil.copy(keys / "own.pub", tmp_path / "only.pub")
    sign(trail, tmp_path / "only.pub", "--as", "analyst A")
    assert signatures.read(trail, read_chain(trail))[0].key == fingerprint(keys, "own")


@pytest.fixture
def agent(keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    socket = tmp_path / "agent"
    with subprocess.Popen(
        ["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()  # it listens
        monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
        subprocess.run(["ssh-add", "-q", str(keys / "own")], check=True)
        yield
        process.terminate()


def _answer(folder: Path, monkeypatch: pytest.MonkeyPatch, passphrase: str) -> None:
    """Answer ssh-keygen's question for a passphrase."""
    script = folder / "answer"
    script.write_text(f"#!/bin/sh\necho '{passphrase}'\n")
    script.chmod(0o700)
    monkeypatch.setenv("SSH_ASKPASS", str(script))
    monkeypatch.setenv("SSH_ASKPASS_REQUIRE", "force")


# --- void


@pytest.mark.parametrize(
    "path",
    [
        "results/calls.tsv", "results/wells.parquet", "results/cohort/estimates.tsv", "config/samples.tsv",
        "config/layouts/R1.tsv", "config/guidelines/own.yaml", "config/amendments.tsv", "data/R1.eds", "report/sheet.tsv",
        "config/report/book.xlsx",
    ],
)  # fmt: skip
def test_a_change_of_what_was_signed_makes_it_void(signed: Path, path: str) -> None:
    job(signed, "amend", {path: "changed", "results/status.tsv": "changed"})
    block = json.loads((signed / "audit/blocks/000004.json").read_bytes())
    names = ", ".join(sorted({path, "results/status.tsv"}))
    [line] = listed(signed)
    assert f"block 2: VOID since block 4 of {block['sealed'][:10]}: {names} changed" in line
    assert signatures.current(signed, read_chain(signed)) == []
    assert signatures.check(signed, read_chain(signed)) == []


@pytest.mark.parametrize(
    ("action", "path"),
    [
        ("report", PAGE), ("report", "results/report/patients/P1.html"), ("report", "results/report/results.xlsx"),
        ("export", "out/trail.csv"), ("export", "results/rdml/R1.rdml"), ("sign", "audit/signatures/000002-9.json.sig"),
    ],
)  # fmt: skip
def test_pages_exports_and_other_signatures_leave_it_good(
    signed: Path, action: str, path: str
) -> None:
    job(signed, action, {path: "new"})
    assert [s.name for s in signatures.current(signed, read_chain(signed))] == ["000002-1.json"]
    assert ": holds" in listed(signed)[0]


def test_a_result_that_an_export_overwrote_and_a_job_made_counts(signed: Path) -> None:
    with recorded(signed, "export", SITE) as one:
        one.writes("results/calls.tsv")
    job(signed, "call", CHANGED)
    assert "VOID since block 4" in listed(signed)[0]


def test_removing_a_result_makes_it_void(signed: Path) -> None:
    job(signed, "run", {}, removed="config/layouts/R1.tsv")
    assert "VOID since block 4" in listed(signed)[0]
    assert "config/layouts/R1.tsv changed" in listed(signed)[0]


def test_the_first_change_counts_and_changing_back_mends_nothing(signed: Path) -> None:
    job(signed, "call", {"results/calls.tsv": "changed"})
    job(signed, "call", {"results/calls.tsv": RESULTS["results/calls.tsv"]})
    assert "VOID since block 4" in listed(signed)[0]


def test_many_changes_are_counted_and_not_listed(signed: Path) -> None:
    job(signed, "run", {f"results/t{n}.tsv": "x" for n in range(9)})
    assert "results/t5.tsv and 3 more changed" in listed(signed)[0]


def test_a_new_signature_holds_beside_a_void_one(signed: Path, keys: Path) -> None:
    job(signed, "call", CHANGED)
    sign(signed, keys / "own")
    old, new = signatures.read(signed, read_chain(signed))
    assert (old.holds, new.holds, new.block) == (False, True, 4)


# --- bad


def _flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "the statement changed": (
        lambda root: (root / STATEMENT).write_bytes((root / STATEMENT).read_bytes().replace(b"reviewed", b"approved")),
        "000002-1.json changed after block 3",
    ),
    "the statement is torn": (lambda root: (root / STATEMENT).write_bytes(b'{"block":2'), "changed after block 3"),
    "the statement is gone": (lambda root: (root / STATEMENT).unlink(), "000002-1.json is missing"),
    "the signature changed": (lambda root: _flip(root / SIGNATURE, 200), "000002-1.json.sig changed after block 3"),
    "the signature is gone": (lambda root: (root / SIGNATURE).unlink(), "000002-1.json.sig is missing"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_signature_that_changed_under_seal_is_bad(signed: Path, name: str) -> None:
    spoil, words = BAD[name]
    spoil(signed)
    [line] = listed(signed, code=3)
    assert line.startswith(f"{STATEMENT}: BAD: ")
    assert words in line
    assert signatures.current(signed, read_chain(signed)) == []


def _place(root: Path, keys: Path, content: bytes, name: str = "000002-7.json") -> None:
    """Put a statement of somebody's own making beside the others, signed by a real key."""
    path = Trail(root).signatures / name
    write_once(path, content)
    words = ["-f", str(keys / "other"), "-n", "mrdq", str(path)]
    subprocess.run(["ssh-keygen", "-q", "-Y", "sign", *words], check=True, capture_output=True)


def _said(root: Path, **other: object) -> bytes:
    return canonical(json.loads((root / STATEMENT).read_bytes()) | other)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"head": "ab" * 32}, "it signs another block 2, of the head abababababababab; that of the block is"),
        ({"covers": {"files_root": "", "n_files": 0, "sealed": ""}}, "it signs another block 2"),
        ({"block": 9}, "it signs block 9, which is not there"),
        ({"block": 1}, "it signs another block 1"),
        ({"block": True}, "a value of another type"),
        ({"signer": 5}, "a value of another type"),
        ({"signer": "A\x1b[2J"}, "a name or a meaning that no signature has"),
        ({"meaning": "seen"}, "a name or a meaning that no signature has"),
        ({"signed": "yesterday"}, "a time that is not as records have it"),
        ({"signed": "2024-03-01T10:00:00"}, "a time that is not as records have it"),
        ({"more": ""}, "not of the form mrdq-signature-1"),
    ],
)  # fmt: skip
def test_a_statement_that_does_not_fit_is_bad_however_well_it_is_signed(
    signed: Path, keys: Path, other: dict[str, object], words: str
) -> None:
    _place(signed, keys, _said(signed, **other))
    good, bad = signatures.read(signed, read_chain(signed))
    assert good.holds
    assert words in "; ".join(bad.problems)
    assert signatures.check(signed, read_chain(signed)) == [str(bad)]
    assert listed(signed, code=3)[1] == str(bad)


def test_a_statement_under_another_number_is_bad(signed: Path, keys: Path) -> None:
    _place(signed, keys, _said(signed), name="000001-1.json")
    assert "it signs block 2" in listed(signed, code=3)[0]


def test_what_is_no_statement_at_all_is_bad(signed: Path, keys: Path) -> None:
    _place(signed, keys, b"[" * 5000)
    assert "it is no statement" in listed(signed, code=3)[1]


def test_a_signature_of_another_statement_is_bad(signed: Path, keys: Path) -> None:
    content = _said(signed, signer="analyst B")
    write_once(Trail(signed).signatures / "000002-7.json", content)
    shutil.copy(signed / SIGNATURE, Trail(signed).signatures / "000002-7.json.sig")
    [good, bad] = signatures.read(signed, read_chain(signed))
    assert good.holds
    assert "its signature is not of its statement" in str(bad)


def test_a_signature_for_another_purpose_is_bad(signed: Path, keys: Path) -> None:
    path = Trail(signed).signatures / "000002-7.json"
    write_once(path, _said(signed))
    words = ["-f", str(keys / "own"), "-n", "git", str(path)]
    subprocess.run(["ssh-keygen", "-q", "-Y", "sign", *words], check=True, capture_output=True)
    assert "its signature is not of its statement" in listed(signed, code=3)[1]


def test_a_block_that_was_made_again_has_no_signature(signed: Path, keys: Path) -> None:
    """The whole chain written anew, the same files in it: the old statement names another head."""
    kept = {path: (signed / path).read_bytes() for path in (STATEMENT, SIGNATURE)}
    shutil.rmtree(signed / "audit")
    job(signed, "run", RESULTS)
    job(signed, "report", {PAGE: "block 1"})
    for path, data in kept.items():
        write_once(signed / path, data)
    assert read_chain(signed).problems == ()
    assert "it signs another block 2" in listed(signed, code=3)[0]


def test_a_trail_that_does_not_verify_is_not_signed(signed: Path, keys: Path) -> None:
    [record] = (signed / "audit/records").glob("*-run-*")
    record.unlink()
    said = refused(signed, keys / "own")
    assert "expected a study that is as its audit trail says" in said
    assert record.name in said


def test_results_that_are_recorded_and_not_sealed_are_not_signed(trail: Path, keys: Path) -> None:
    with recorded(trail, "call", SITE) as one:
        (trail / "results/calls.tsv").write_text("call\npositive\n", encoding="utf-8")
        one.writes("results/calls.tsv")
    assert "expected the file as block 1 sealed it" in refused(trail, keys / "own")


def test_a_broken_chain_is_told_and_not_signed(signed: Path, keys: Path) -> None:
    _flip(signed / "audit/blocks/000001.json", 40)
    assert listed(signed, code=3)[1].startswith("block 2 does not follow on block 1")
    assert "an unbroken audit trail" in refused(signed, keys / "own")


# --- whose key it is


def test_without_a_list_the_name_is_the_signers_own_word(signed: Path, keys: Path) -> None:
    key = fingerprint(keys, "own")
    assert listed(signed)[0].endswith(
        f": holds; the key {key} is not in config/allowed_signers: the name is the signer's own word"
    )
    assert signatures.told(signed, read_chain(signed)) == listed(signed)


def test_a_key_on_the_list_is_told(trail: Path, keys: Path) -> None:
    signers(
        trail / signatures.SIGNERS, keys, own='"analyst A" namespaces="mrdq",valid-after="20010101"'
    )
    sign(trail, keys / "own")
    assert listed(trail)[0].endswith(f": holds; key {fingerprint(keys, 'own')}")
    assert signatures.SIGNERS in read_chain(trail).files


def test_a_key_that_is_listed_for_another_purpose_cannot_sign(trail: Path, keys: Path) -> None:
    signers(trail / signatures.SIGNERS, keys, own='"analyst A" namespaces="git"')
    assert "a line that gives analyst A the key" in refused(
        trail, keys / "own", "--as", "analyst A"
    )


def test_a_comma_in_a_name_is_a_question_mark_on_the_list(trail: Path, keys: Path) -> None:
    signers(trail / signatures.SIGNERS, keys, own='"A? analyst"')
    sign(trail, keys / "own", "--as", "A, analyst")
    assert ": holds; key" in listed(trail)[0]


def test_another_list_can_be_asked(signed: Path, keys: Path, tmp_path: Path) -> None:
    good = signers(tmp_path / "good", keys, own='"analyst A"')
    bad = signers(tmp_path / "bad", keys, other='"analyst A"')
    assert listed(signed, "--signers", good)[0].endswith(f"key {fingerprint(keys, 'own')}")
    assert f"{bad} does not list the key" in listed(signed, "--signers", bad, code=3)[0]


def test_a_name_with_another_key_on_the_list_cannot_be_signed_with(trail: Path, keys: Path) -> None:
    signers(trail / signatures.SIGNERS, keys, own='"analyst A"', other='"analyst B"')
    said = refused(trail, keys / "own", "--as", "analyst B")
    assert f'config/allowed_signers: found "{fingerprint(keys, "own")}"' in said
    assert "expected a line that gives analyst B the key that signs" in said


def test_a_list_that_comes_later_makes_a_foreign_name_bad(signed: Path, keys: Path) -> None:
    signers(signed / signatures.SIGNERS, keys, other='"analyst A"')
    [line] = listed(signed, code=3)
    assert (
        f"config/allowed_signers does not list the key {fingerprint(keys, 'own')} for analyst A"
        in line
    )


def test_a_key_that_was_valid_when_it_signed_stays_good(trail: Path, keys: Path) -> None:
    then = dt.datetime(2020, 6, 1, 12, tzinfo=dt.UTC)
    site = dataclasses.replace(SITE, now=lambda: then)
    signing.sign(trail, site, key=keys / "own", meaning="reviewed", say=lambda _: None)
    path = trail / signatures.SIGNERS
    signers(path, keys, own='"analyst A" valid-before="20200603"')
    assert ": holds" in listed(trail)[0]
    signers(path, keys, own='"analyst A" valid-before="20200530"')
    assert "expired" in listed(trail, code=3)[0]
    signers(path, keys, own='"analyst A" valid-after="20200603"')
    assert "not yet valid" in listed(trail, code=3)[0]


def test_a_time_that_is_not_that_of_its_seal_is_told(signed: Path, keys: Path) -> None:
    name = "000002-7.json"
    _place(signed, keys, _said(signed, signed="2024-03-01T10:00:00.000000Z"), name)
    assert "another time" not in listed(signed)[1]
    files = [f"audit/signatures/{name}", f"audit/signatures/{name}.sig"]
    job(signed, "sign", {path: (signed / path).read_text() for path in files})
    assert "block 2: holds" in listed(signed)[1]
    assert ", another time than it says" in listed(signed)[1]
    assert "another time" not in listed(signed)[0]


def test_a_new_colleague_on_the_list_can_sign_at_once(trail: Path, keys: Path) -> None:
    """The list is under seal since the first signature, and has changed: that alone is no obstacle."""
    path = signers(trail / signatures.SIGNERS, keys, own='"analyst A"')
    sign(trail, keys / "own")
    signers(path, keys, own='"analyst A"', other='"analyst B"')
    sign(trail, keys / "other", "--as", "analyst B")
    chain = read_chain(trail)
    assert [s.holds for s in signatures.read(trail, chain)] == [True, True]
    assert (
        chain.files[signatures.SIGNERS].state.sha256
        == hashlib.sha256(path.read_bytes()).hexdigest()
    )


# --- what cannot be signed


def test_a_changed_file_cannot_be_signed(trail: Path, keys: Path) -> None:
    (trail / "results/calls.tsv").write_text("call\npositive\n", encoding="utf-8")
    (trail / "config/samples.tsv").unlink()
    said = refused(trail, keys / "own")
    assert (
        'config/samples.tsv: found "no such file", expected the file as block 1 sealed it' in said
    )
    assert 'results/calls.tsv: found "other bytes", expected the file as block 1 sealed it' in said
    assert read_chain(trail).head.number == 2


def test_results_that_are_past_cannot_be_signed(trail: Path, keys: Path) -> None:
    job(trail, "call", CHANGED)
    said = refused(trail, keys / "own", "--block", "2")
    assert "A signature of it would be VOID since block 3" in said
    assert "Sign the head, block 3" in said


def test_a_block_that_is_not_there_cannot_be_signed(
    trail: Path, keys: Path, tmp_path: Path
) -> None:
    assert "a block from 1 to 2" in refused(trail, keys / "own", "--block", "9")
    (tmp_path / "empty").mkdir()
    assert "a block that is sealed" in refused(tmp_path / "empty", keys / "own")
    assert not list((tmp_path / "empty").iterdir())


@pytest.mark.parametrize("name", [" ", "two\nlines", "\x1b[1mbold"])
def test_a_name_that_is_none_cannot_sign(trail: Path, keys: Path, name: str) -> None:
    assert "the name of who signs, on one line" in refused(trail, keys / "own", "--as", name)


def test_a_key_that_is_not_there(trail: Path, keys: Path) -> None:
    assert "the file of a key" in refused(trail, keys / "none")


def test_a_key_that_cannot_sign_leaves_a_record_of_the_try(
    trail: Path, keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _answer(tmp_path, monkeypatch, "wrong")
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    (tmp_path / "junk").write_text("no key\n")
    said = refused(trail, keys / "locked", "--as", "analyst A")
    assert "incorrect passphrase" in said
    assert "expected a key of OpenSSH that can sign" in said
    assert "a key of OpenSSH that can sign" in refused(trail, tmp_path / "junk")
    tries = [record.content for record in read_chain(trail).unsealed()]
    assert [(one["action"], one["state"]) for one in tries] == [("sign", "failed")] * 2
    assert tries[0]["parameters"]["signer"] == "analyst A"


def test_without_openssh_it_is_said_what_to_install(
    signed: Path, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    assert "ssh-keygen: found nothing" in refused(signed, keys / "own")
    assert "openssh-client" in mrdq("audit", "signatures", signed).err
    assert mrdq("audit", "signatures", signed).code == 2
    chain = read_chain(signed)
    [told] = signatures.told(signed, chain)
    assert told.endswith("its key was not checked: ssh-keygen is not installed")
    assert signatures.check(signed, chain) == []


def test_no_signature_at_all(trail: Path) -> None:
    assert listed(trail) == []


# --- whole or not at all


def test_a_statement_that_cannot_be_written_leaves_no_signature(
    trail: Path, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> bool:
        if path.suffix == ".json":
            raise MrdqError([])
        return write_once(path, data)

    monkeypatch.setattr(signing, "write_once", full)
    refused(trail, keys / "own")
    monkeypatch.undo()
    assert sign(trail, keys / "own").endswith("000002-1.json")


def test_a_name_that_another_takes_is_left_to_him(
    trail: Path, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken(path: Path, data: bytes) -> bool:
        others = ("000002-1.json.sig", "000002-2.json")
        return path.name not in others and write_once(path, data)

    monkeypatch.setattr(signing, "write_once", taken)
    assert sign(trail, keys / "own").endswith("000002-3.json")
    names = sorted(path.name for path in Trail(trail).signatures.iterdir())
    assert names == ["000002-3.json", "000002-3.json.sig"]


def test_a_signature_that_cannot_be_recorded_is_not_left(
    trail: Path, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> bool:
        if path.parent.name == "records":
            raise MrdqError([])
        return write_once(path, data)

    monkeypatch.setattr(job_module, "write_once", full)
    refused(trail, keys / "own")


@pytest.mark.parametrize("ends", [[".sig"], [".sig", ""]])
def test_signing_that_was_stopped_is_told_and_cleared_away(
    signed: Path, keys: Path, ends: list[str]
) -> None:
    """Killed between its files, or between them and the record."""
    left = [f"audit/signatures/000002-2.json{end}" for end in ends]
    for end, path in zip(ends, left, strict=True):
        shutil.copy(signed / f"{STATEMENT}{end}", signed / path)
    assert [s.name for s in signatures.current(signed, read_chain(signed))] == ["000002-1.json"]
    told = listed(signed)[-len(left) :]
    assert sorted(told) == sorted(
        f"{path} stands in no record: signing was interrupted, or goes on just now" for path in left
    )
    outcome = mrdq("audit", "sign", signed, "--key", keys / "own", "--block", 2)
    assert outcome.code == 0
    for path in left:
        assert (
            f"note: {path} was left by signing that was interrupted, and is removed" in outcome.err
        )
    assert outcome.out.strip().endswith("000002-2.json")
    assert all(line.startswith("signed by") for line in listed(signed))
    assert mrdq("audit", "verify", signed).code == 0


def test_a_damaged_record_is_not_taken_for_the_end_of_signing(signed: Path, keys: Path) -> None:
    (signed / "audit/records/20240301T100000Z-sign-0123456789abcdef.json").write_text("{")
    shutil.copy(signed / SIGNATURE, Trail(signed).signatures / "000002-2.json.sig")
    assert "000002-2.json.sig stands in no record" in listed(signed, code=3)[2]


def test_a_pipe_in_place_of_a_statement_stops_nobody(signed: Path) -> None:
    (signed / STATEMENT).unlink()
    os.mkfifo(signed / STATEMENT)
    assert "000002-1.json is missing" in listed(signed, code=3)[0]


def test_somebody_who_is_just_signing_is_let_be(signed: Path, keys: Path) -> None:
    left = Trail(signed).signatures / "000002-2.json.sig"
    with recorded(signed, "sign", SITE):
        shutil.copy(signed / SIGNATURE, left)
        assert "000002-2.json.sig" in refused(signed, keys / "own")
        left.unlink()


def test_a_signature_that_is_not_sealed_yet_says_so(trail: Path, keys: Path) -> None:
    before = read_chain(trail)
    sign(trail, keys / "own")
    [found] = signatures.read(trail, before)
    assert found.holds
    assert "not under seal yet" in found.notes
    assert "not under seal yet" not in signatures.read(trail, read_chain(trail))[0].notes


# --- a study


def test_a_study_that_is_run_signed_moved_and_run_again(
    study: Path, keys: Path, tmp_path: Path
) -> None:
    accepted(study)
    sign(study, keys / "own")
    accepted(study)
    assert ": holds" in listed(study)[0]
    moved = study.rename(tmp_path / "elsewhere")
    assert ": holds" in listed(moved)[0]
    set_cell(moved / f"config/layouts/{RUN}.tsv", 2, "exclude", "bubble")
    assert f"config/layouts/{RUN}.tsv: found" in refused(moved, keys / "own")
    accepted(moved)
    [line] = listed(moved)
    assert "VOID since block" in line
    assert f"config/layouts/{RUN}.tsv, results/calls.tsv" in line


def test_a_signature_is_a_value(signed: Path) -> None:
    [found] = signatures.read(signed, read_chain(signed))
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.signer = "analyst B"  # type: ignore[misc]


# --- beside files that are not as they were sealed


def test_holds_never_stands_alone_over_files_that_were_changed(signed: Path) -> None:
    first = listed(signed)
    for name in ("results/calls.tsv", "config/layouts/R1.tsv"):
        data = (signed / name).read_bytes()
        (signed / name).write_bytes(data + b"x")
        outcome = mrdq("audit", "signatures", signed)
        assert outcome.code == 3
        assert outcome.out.splitlines() == [
            "the files are not as the trail has them: mrdq audit verify", *first
        ]  # fmt: skip
        assert outcome.err == (
            "1 signature, 1 of them good for the results as they were sealed, not as they are\n"
        )
        (signed / name).write_bytes(data)
    assert listed(signed) == first


def test_results_that_a_failed_run_left_half_made_are_not_signed(trail: Path, keys: Path) -> None:
    with contextlib.suppress(OSError), recorded(trail, "run", SITE) as one:
        (trail / "results/calls.tsv").write_text("half", encoding="utf-8")
        one.writes("results/calls.tsv")
        raise OSError("disk")
    seal(trail, SITE)
    assert "made, which failed: run again" in refused(trail, keys / "own")


@pytest.mark.parametrize("verb", ["verify", "show", "signatures", "seal"])
def test_what_is_no_folder_and_what_has_no_trail_is_refused(tmp_path: Path, verb: str) -> None:
    outcome = mrdq("audit", verb, tmp_path / "none")
    assert outcome.code == 2
    (problem,) = outcome.problems
    assert problem == (
        f"error: {tmp_path / 'none'}: found nothing, expected the folder of a study. "
        f"There is no folder {tmp_path / 'none'}: mend its name."
    )
    outcome = mrdq("audit", verb, tmp_path)
    assert outcome.code == 2
    assert "Run the study (mrdq run)" in outcome.err or "config.yaml" in outcome.err
    assert not list(tmp_path.iterdir())


def test_verbs_that_only_read_speak_of_no_writing(tmp_path: Path) -> None:
    for verb in ("verify", "show", "signatures"):
        assert mrdq("audit", verb, tmp_path).err.endswith("\n1 problem.\n")
    assert mrdq("audit", "seal", tmp_path).err.endswith("; nothing was written.\n")
