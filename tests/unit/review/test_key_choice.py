"""A coder's own keys: conflicts are refused, what was chosen is there in the next sitting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stillface.errors import InputError, UsageError
from stillface.review.key_choice import KeyChoice, keep_keys, kept_keys
from stillface.review.keymap import Keymap
from stillface.review.keymap_profiles import PROFILES


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STILLFACE_HOME", str(tmp_path))
    return tmp_path


def test_a_free_key_replaces_or_joins_those_there_are(kit: Any) -> None:
    choice = KeyChoice(Keymap(), [kit.affect])
    choice.give("split", "Ctrl+F2")
    choice.give("merge", "Ctrl+F3", also=True)
    assert choice.keymap.keys("split") == ("Ctrl+F2",)
    assert choice.keymap.keys("merge") == ("Ctrl+M", "Ctrl+F3")
    choice.reset("split")
    assert choice.keymap.keys("split") == ("Ctrl+K",)
    choice.reset_all()
    assert choice.keymap == Keymap()


def test_a_key_that_means_something_else_is_refused_and_can_be_taken_from_there(kit: Any) -> None:
    choice = KeyChoice(Keymap(), [kit.affect])
    with pytest.raises(UsageError, match=r"Ctrl\+M would mean .*Cut the bout here.*Join with the next bout"):
        choice.give("split", "Ctrl+M")
    assert choice.keymap == Keymap()
    choice.move("split", "Ctrl+M")
    assert (choice.keymap.keys("split"), choice.keymap.keys("merge")) == (("Ctrl+M",), ())
    with pytest.raises(UsageError, match=r"Ctrl\+M"):
        choice.reset("merge")
    # Among beats and while coding one key may mean two things: never both at once.
    choice.give("beat_add", "Ctrl+M")


def test_a_key_of_a_code_is_refused_either_way(kit: Any) -> None:
    choice = KeyChoice(Keymap(), [kit.affect])
    for change in (choice.give, choice.move):
        with pytest.raises(UsageError, match="D would mean Cut the bout here and affect3: Positive"):
            change("split", "D")
    choice.give("beat_add", "D")


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_own_keys_are_kept_for_each_profile_and_each_coder(profile: str) -> None:
    keep_keys("AB", Keymap(profile).with_key("split", "F2"))
    keep_keys("AB", Keymap("boris" if profile != "boris" else "elan").with_key("merge", "F2"))
    assert kept_keys("AB", profile) == Keymap(profile).with_key("split", "F2")
    assert kept_keys("CD", profile) == Keymap(profile)


@pytest.mark.parametrize("broken", ["{", "[1]", '{"stillface": {"no_such_action": ["F2"]}}', "\0"])
def test_keys_that_cannot_be_read_are_told_and_can_be_chosen_anew(home: Path, broken: str) -> None:
    keep_keys("AB", Keymap().with_key("split", "F2"))
    (file,) = (home / "keys").iterdir()
    file.write_text(broken, encoding="utf-8")
    with pytest.raises(InputError, match="your own keys could not be read"):
        kept_keys("AB", "stillface")
    keep_keys("AB", Keymap().with_key("split", "F2"))
    assert kept_keys("AB", "stillface").keys("split") == ("F2",)
