"""Installation qualification: what is changed, missing or too old on a machine is told in words."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import os
from importlib import metadata
from pathlib import Path

import pytest

from mrdq import provenance
from mrdq.audit.selftest import Finding
from mrdq.errors import MrdqError
from mrdq.validation import installation
from mrdq.validation.checks import FAILED, NOT_APPLICABLE, PASSED, Check, section

NOW = dt.datetime.now(dt.UTC)


def by_id(checks: object) -> dict[str, Check]:
    return {check.id: check for check in checks}


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed wheel of four files, with the RECORD that pip would write (PEP 376)."""
    site = tmp_path / "site"
    files = {"mrdq/__init__.py": b"", "mrdq/curve.py": b"x = 1\n", "mrdq/resources/a.yaml": b"a: 1\n",
             "mrdq-0.1.dist-info/METADATA": b"Metadata-Version: 2.4\nName: mrdq\nVersion: 0.1\n"}  # fmt: skip
    lines = []
    for name, data in files.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_bytes(data)
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(data)}")
    lines.append("mrdq-0.1.dist-info/RECORD,,")
    lines.append("mrdq/__pycache__/curve.cpython-311.pyc,,")
    (site / "mrdq-0.1.dist-info/RECORD").write_text("\n".join(lines) + "\n")
    distribution = metadata.PathDistribution(site / "mrdq-0.1.dist-info")
    monkeypatch.setattr(metadata, "distribution", lambda _: distribution)
    monkeypatch.setattr(installation, "PACKAGE", (site / "mrdq").resolve())
    return site


def test_this_installation_passes(tmp_path: Path) -> None:
    steps = (installation.software(), installation.distributions(), installation.floating_point(),
             installation.text(tmp_path), installation.clock(NOW))  # fmt: skip
    checks = [check for step in steps for check in step]
    assert [check for check in checks if check.outcome != PASSED] == []
    assert list(tmp_path.iterdir()) == []
    assert by_id(checks)["IQ-code"].found == provenance.software()


def test_an_untouched_wheel_passes(wheel: Path) -> None:
    (check,) = installation.files()
    assert (check.outcome, check.found) == (PASSED, "4 files present and unchanged, none added")
    cache = wheel / "mrdq/__pycache__"
    cache.mkdir()
    (cache / "curve.cpython-311.pyc").write_bytes(b"made by Python")
    assert [check.outcome for check in installation.files()] == [PASSED]


def test_changed_missing_and_added_files_are_named(wheel: Path) -> None:
    (wheel / "mrdq/curve.py").write_bytes(b"x = 2\n")
    (wheel / "mrdq/resources/a.yaml").unlink()
    (wheel / "mrdq/extra.py").write_bytes(b"")
    (check,) = installation.files()
    assert check.outcome == FAILED
    assert check.found == "mrdq/curve.py was changed; mrdq/resources/a.yaml is missing; mrdq/extra.py was added"  # fmt: skip


def test_an_editable_install_is_told_and_is_no_failure(
    wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (wheel / "mrdq-0.1.dist-info/direct_url.json").write_text('{"url": "file:///a/b/checkout"}')
    monkeypatch.setattr(installation, "PACKAGE", wheel / "elsewhere")
    (check,) = installation.files()
    assert check.outcome == NOT_APPLICABLE
    assert "editable install of checkout: " in check.found


def test_a_distribution_that_is_missing_or_too_old_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = metadata.version

    def version(name: str) -> str:
        if name == "pyarrow":
            raise metadata.PackageNotFoundError(name)
        return "1.0" if name == "numpy" else real(name)

    monkeypatch.setattr(metadata, "version", version)
    found = by_id(installation.distributions())
    assert found["IQ-requires-pyarrow"].outcome == FAILED
    assert found["IQ-requires-pyarrow"].found == "not installed"
    assert found["IQ-requires-numpy"].outcome == FAILED
    assert found["IQ-requires-numpy"].found == "1.0"
    assert found["IQ-requires-click"].outcome == PASSED


def test_what_only_an_extra_needs_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    needed = ["click>=8", 'nothing-like-it>=1; extra == "dev"', 'too-old; python_version < "3"']
    monkeypatch.setattr(metadata, "requires", lambda _: needed)
    assert list(by_id(installation.distributions())) == ["IQ-requires-click"]


def test_another_version_of_the_code_or_of_python_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", lambda _: "0.0.1")
    monkeypatch.setattr(installation.platform, "python_version", lambda: "3.9.18")
    found = by_id(installation.software())
    assert found["IQ-version"].outcome == FAILED
    assert found["IQ-python"].outcome == FAILED
    assert found["IQ-python"].found == "3.9.18"


def test_arithmetic_that_is_not_exact_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation.math, "fsum", lambda _: 0.9999999999999999)
    found = by_id(installation.floating_point())
    assert found["IQ-sum-3"].outcome == FAILED
    assert found["IQ-sum-3"].found == "0.9999999999999999"


def test_names_that_the_folder_cannot_hold_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installation.sys, "getfilesystemencoding", lambda: "ascii")
    found = by_id(installation.text(tmp_path / "not there"))
    assert found["IQ-encoding"].outcome == FAILED
    assert found["IQ-names"].outcome == FAILED
    assert "No such file" in found["IQ-names"].found


@pytest.mark.parametrize(
    "now",
    [
        dt.datetime(1970, 1, 2, tzinfo=dt.UTC),
        dt.datetime(2100, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1))),
    ],
)
def test_a_clock_that_is_behind_or_not_in_utc_is_told(now: dt.datetime) -> None:
    (check,) = installation.clock(now)
    assert check.outcome == FAILED
    assert check.expected.startswith("not before 20")


def test_a_filesystem_that_is_not_fit_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    findings = [Finding("a hard link", False, "there are none"), Finding("fsync", True, "done")]
    monkeypatch.setattr(installation, "selftest", lambda _: findings)
    link, fsync = installation.filesystem(tmp_path)
    assert (link.outcome, link.found, fsync.outcome) == (FAILED, "there are none", PASSED)


@pytest.mark.skipif(not Path("/proc/version").exists(), reason="a folder that takes no file")
def test_a_folder_that_takes_no_file_ends_the_section_in_words() -> None:
    def run() -> object:
        return installation.filesystem(Path("/proc"))

    (check,) = section("IQ", "the machine", run)
    assert check.outcome == FAILED
    assert MrdqError.__name__ in check.found
    assert os.sep in check.found
