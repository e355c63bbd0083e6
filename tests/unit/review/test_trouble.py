"""What a coder reads when something fails: no path, no traceback; the manager gets everything."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillface.errors import InputError, StillfaceError, StorageError
from stillface.review.trouble import coder_line, details


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (StorageError("disk full", where="/mnt/x.jsonl", fix="make room"), "Disk full. Make room."),
        (InputError("human/infant/affect3 is locked"), "Human/infant/affect3 is locked."),
        (InputError("no film", where="C:/Users/Jane Doe/a.mp4"), "No film."),
        (InputError("cannot open /home/jane/study/media/a.mp4 now"), "Cannot open a.mp4 now."),
        (InputError(r"cannot open C:\Users\jane\a.mp4"), "Cannot open a.mp4."),
        (InputError(r"cannot open \\host\lab\a.mp4"), "Cannot open a.mp4."),
        (StillfaceError("infant/affect3 is signed off"), "Infant/affect3 is signed off."),
    ],
)  # fmt: skip
def test_a_coder_reads_what_is_wrong_and_no_path(error: StillfaceError, line: str) -> None:
    assert coder_line(error) == line


def test_a_surprise_is_no_traceback() -> None:
    assert "KeyError" not in coder_line(KeyError("/home/jane"))


def test_the_manager_gets_place_and_trace() -> None:
    try:
        raise InputError("bad", where=str(Path.home() / "study" / "session.yaml") + ":3")
    except InputError as error:
        text = details(error, "opening one")
    assert "session.yaml:3" in text
    assert "test_trouble.py" in text
    assert "doing: opening one" in text
    assert str(Path.home()) not in text
