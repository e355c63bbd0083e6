"""What this computer remembers: its own name in the logs, and who coded last."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillface.errors import FieldError, StorageError
from stillface.review.install import install_id, last_coder, remember_coder, settings_dir


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STILLFACE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_the_name_is_made_once_and_says_nothing(home: Path) -> None:
    name = install_id()
    assert install_id() == name
    assert name.isalnum()
    (home / "install").unlink()
    assert install_id() != name


def test_a_name_that_was_meddled_with_is_refused(home: Path) -> None:
    home.mkdir()
    (home / "install").write_text("../../x")
    with pytest.raises(FieldError):
        install_id()


def test_a_settings_folder_that_cannot_be_made_is_told(home: Path) -> None:
    home.write_text("a file")
    with pytest.raises(StorageError, match="settings of this computer"):
        install_id()


def test_who_coded_last_is_kept_by_study(home: Path) -> None:
    assert last_coder("lab-1") == ""
    remember_coder("lab-1", "AB")
    remember_coder("lab-2", "CD")
    remember_coder("lab-1", "EF")
    assert (last_coder("lab-1"), last_coder("lab-2")) == ("EF", "CD")
    with pytest.raises(FieldError):
        remember_coder("lab-1", "A/B")


@pytest.mark.parametrize("content", [b"", b"[1]", b"\xff", b'{"lab-1": 3}'])
def test_a_broken_memory_only_means_being_asked(home: Path, content: bytes) -> None:
    home.mkdir()
    (home / "coders.json").write_bytes(content)
    assert last_coder("lab-1") == ""
    remember_coder("lab-1", "AB")
    assert last_coder("lab-1") == "AB"


def test_the_folder_follows_the_system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("STILLFACE_HOME")
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert settings_dir() == tmp_path / "stillface"
