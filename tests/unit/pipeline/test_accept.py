"""Raw files changed on purpose: who, when, why and both hashes are kept; codes of another film are told."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stillface.cli.main import run
from stillface.errors import StorageError, UsageError
from stillface.io.bundle import StudyFolder, open_study
from stillface.io.code_log import CodeLog
from stillface.io.code_log_record import LoggedBout
from stillface.io.known_films import KnownFilms
from stillface.pipeline import accept
from stillface.pipeline.accept import accept_files, accept_films
from stillface.pipeline.checks import check_study
from stillface.pipeline.declare import VisitWords
from stillface.pipeline.raw_files import hash_of, recorded_raw
from stillface.pipeline.verify import verify_study
from stillface.pipeline.visits import add_visit
from stillface.review.films import open_films

FILM = "media/a.mp4"
BEFORE = {"frames": 9000, "length_s": 360.0, "stamps": "of the film that was coded"}


@pytest.fixture
def study(folder: StudyFolder, words: VisitWords) -> StudyFolder:
    add_visit(folder, words, Path())
    return open_study(folder.root)


@pytest.fixture
def replaced(study: StudyFolder) -> tuple[StudyFolder, str]:
    """A session that AB coded on another film than the one that lies there now, and that film's hash."""
    log = CodeLog.open(study.log_path("S01", "AB", "aaaa"), coder="AB", install="aaaa", app_version="0")
    log.append("add", bout=LoggedBout("infant/affect3", 0, 10**9, "neu"))
    log.close()
    was = hash_of(study.root / FILM)
    (study.root / FILM).write_bytes((study.root / FILM).read_bytes() + b"\0\0\0\x0cfreeNEW!")
    camera = study.load_session("S01").videos[0].id
    known = KnownFilms(study.session_dir("S01") / "index")
    known.note(camera, BEFORE)
    known.save()
    return study, was


def register(study: StudyFolder) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (study.logs_dir / "accepted.jsonl").read_text().splitlines()]


def troubles(study: StudyFolder) -> tuple[str, ...]:
    return open_films(study, study.load_session("S01")).troubles


def notes(study: StudyFolder) -> list[str]:
    return [f.line for f in check_study(study).findings if "another film" in f.line]


def test_a_replaced_film_is_told_with_the_command_and_accepted_by_it(
    replaced: tuple[StudyFolder, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    study, was = replaced
    (trouble,) = troubles(study)
    assert "stillface verify STUDY --accept-film S01" in trouble
    assert troubles(study) == (trouble,)
    words = ["--accept-film", "S01", "--who", "MK", "--why", "blacks were crushed"]
    monkeypatch.setattr(sys, "argv", ["stillface", "verify", str(study.root), *words])
    with pytest.raises(SystemExit) as end:
        run()
    told = " ".join(capsys.readouterr().err.split())
    assert not end.value.code
    now = hash_of(study.root / FILM)
    assert f"{FILM}: accepted as it is, in S01, by MK" in told
    assert was in told
    assert now in told
    assert "warning: S01: AB coded" in told
    (line,) = register(study)
    assert (line["sha256_was"], line["sha256_now"]) == (was, now)
    assert (line["who"], line["why"], line["coders"]) == ("MK", "blacks were crushed", ["AB"])
    assert line["film_was"] == BEFORE
    assert line["film_now"]["frames"] > 0
    assert line["t"].endswith("Z")
    assert troubles(study) == ()
    assert verify_study(study).findings == []
    (note,) = notes(study)
    assert "AB coded" in note
    assert "9000 frames in 360.0 s then" in note
    assert "(accepted by MK on" in note
    assert note.endswith("blacks were crushed)")


def test_accepting_by_file_is_the_same(replaced: tuple[StudyFolder, str]) -> None:
    study, _ = replaced
    (by_file,) = accept_files(study, [FILM], who="MK", why="cut")
    assert by_file.warning
    assert troubles(study) == ()


def test_a_film_with_other_pictures_at_the_same_times_warns_of_nothing(
    replaced: tuple[StudyFolder, str],
) -> None:
    study, _ = replaced
    accept_films(study, "S01", who="MK", why="first")
    (study.root / FILM).write_bytes((study.root / FILM).read_bytes() + b"\0\0\0\x0cfreeTWO!")
    (again,) = accept_films(study, "S01", who="JK", why="converted")
    assert again.warning == ""
    assert [line["who"] for line in register(study)] == ["MK", "JK"]
    # What was coded on the first film is still coded on it.
    assert len(notes(study)) == 1


def test_without_a_reason_nothing_is_accepted(replaced: tuple[StudyFolder, str]) -> None:
    study, was = replaced
    with pytest.raises(UsageError, match="needs a reason"):
        accept_films(study, "S01", who="MK", why="  ")
    assert recorded_raw(study, "S01")[FILM] == was
    assert not (study.logs_dir / "accepted.jsonl").exists()
    assert troubles(study)


def test_nothing_is_accepted_that_could_not_be_logged(
    replaced: tuple[StudyFolder, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    study, was = replaced

    def refused(*_: object) -> None:
        raise StorageError("the disk is full")

    monkeypatch.setattr(accept, "write_atomic", refused)
    with pytest.raises(StorageError, match="full"):
        accept_films(study, "S01", who="MK", why="cut")
    assert recorded_raw(study, "S01")[FILM] == was
    assert troubles(study)


def test_a_film_that_cannot_be_opened_is_said_to_be(replaced: tuple[StudyFolder, str]) -> None:
    study, _ = replaced
    (study.root / FILM).write_bytes(b"no film")
    (done,) = accept_films(study, "S01", who="MK", why="a place holder")
    assert done.warning.endswith("it cannot be opened now")
    assert "no picture of" in troubles(study)[0]


def test_a_session_without_films_and_a_damaged_list(replaced: tuple[StudyFolder, str]) -> None:
    study, _ = replaced
    (study.logs_dir / "accepted.jsonl").write_text("{broken\n")
    lines = [f.line for f in check_study(study).findings if f.severity == "problem"]
    assert any("accepted.jsonl, the list of accepted files, cannot be read" in line for line in lines)
    study.update_session("S01", lambda session: replace(session, recordings=session.channels))
    with pytest.raises(UsageError, match="has no film"):
        accept_films(study, "S01", who="MK", why="x")
