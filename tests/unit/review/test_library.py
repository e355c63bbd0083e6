"""The study at a glance: states from the logs, what coders may see, and the work dealt out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stillface.domain.clock import NS_PER_S as S
from stillface.domain.provenance import Provenance
from stillface.domain.recording import Region, VideoRecording
from stillface.domain.session import Session
from stillface.domain.states import StateTrack
from stillface.errors import FieldError, InputError, UsageError
from stillface.io.artefacts import save_state_track
from stillface.review.assignments import (
    ASSIGNMENTS_FILE,
    Assignment,
    deal,
    read_assignments,
    write_assignments,
)
from stillface.review.library import Library
from stillface.review.opening import open_desk, open_document
from stillface.review.package import check_out
from stillface.review.role_mask import MaskedSource, cameras_showing_both, visible_regions
from stillface.review.signoff import unlock

from .pair_study import HOME, code, key_of, make_study

WHOLE = [(0, 360, "neu")]


@pytest.fixture
def folder(tmp_path: Path) -> Any:
    return make_study(tmp_path / "study", ("one", "two", "three"), ("AB", "CD", "EF", "GH"))


def state(folder: Any, session: str = "one", coder: str = "AB") -> str:
    return Library(folder, "boss", manager=True).entry(session).state(coder)


def test_a_track_goes_from_not_started_to_signed_off(folder: Any) -> None:
    assert state(folder) == "not started"
    code(folder, "AB", [(0, 90, "neu"), (90, 180, "usc")])
    entry = Library(folder, "boss", manager=True).entry("one")
    assert entry.state() == "in progress"
    assert (entry.tracks[0].coded_share, entry.tracks[0].scorable_share) == (0.5, 0.25)
    code(folder, "AB", [(180, 360, "pos")])
    assert state(folder) == "coded"
    code(folder, "AB", [], signed=True)
    assert state(folder) == "signed off"


def test_a_change_after_the_sign_off_is_seen_and_the_same_again_is_not(folder: Any) -> None:
    code(folder, "AB", WHOLE, signed=True)
    code(folder, "AB", [(0, 10, "neu")], session="two")
    document = open_document(folder, "one", "AB", HOME)
    unlock(document, key_of("AB"), "look again")
    document.close()
    assert state(folder) == "coded"
    code(folder, "AB", [], signed=True)
    # Another computer of the same coder, which never saw the sign-off.
    path = folder.log_path("one", "AB", HOME)
    kept = path.read_bytes()
    path.unlink()
    code(folder, "AB", [(300, 310, "pos")], install="other-1")
    path.write_bytes(kept)
    assert state(folder) == "changed since sign-off"


def test_a_damaged_log_is_told_and_the_rest_of_the_study_is_there(folder: Any) -> None:
    code(folder, "AB", [(0, 10, "neu"), (10, 20, "neg"), (20, 30, "pos")])
    path = folder.log_path("one", "AB", HOME)
    path.write_bytes(path.read_bytes().replace(b'"neg"', b'"pos"', 1))
    (folder.session_dir("two") / "session.yaml").write_text("schema_version: [")
    library = Library(folder, "boss", manager=True)
    assert library.entry("one").state() == "damaged"
    assert any("record" in line for line in library.entry("one").warnings)
    assert library.entry("two").problem
    assert str(folder.root) not in library.entry("two").problem
    assert library.entry("three").problem == ""


def test_a_coder_sees_nothing_of_the_second_coder(folder: Any) -> None:
    folder.update_reliability(lambda plan: replace(plan, seed=1, sessions=("one",)))
    write_assignments(
        folder,
        [Assignment("one", "infant", "affect3", "AB"), Assignment("one", "infant", "affect3", "CD", 2)],
    )
    code(folder, "AB", WHOLE)
    code(folder, "CD", [(0, 360, "usc")], signed=True)
    code(folder, "CD", [(0, 360, "neu")], role="caregiver")
    boss = Library(folder, "boss", manager=True).entry("one")
    assert (boss.double, boss.group) == (True, "preterm")
    assert boss.coders == ("AB", "CD")
    assert sum(line.startswith("CD: ") for line in boss.warnings) == 2
    mine = Library(folder, "CD").entry("one")
    assert (mine.double, mine.coders) == (False, ("CD",))
    assert [a.pass_no for a in mine.assignments] == [0]
    theirs = Library(folder, "AB").entry("one")
    assert "CD" not in repr(theirs)
    assert theirs.group == ""
    # A session that is coded once looks no different.
    other = Library(folder, "AB").entry("two")
    assert (other.double, theirs.double) == (False, False)


def test_warnings_name_what_is_thin(folder: Any) -> None:
    code(folder, "AB", [(0, 100, "neu"), (100, 360, "usc")])
    edges = np.array([0, 90, 360], dtype=np.int64) * S
    track = StateTrack(
        folder.scheme("affect3"), "caregiver", "auto:affect@1", edges,
        np.array([1, folder.scheme("affect3").index("usc")]), np.array([0.5, 0.5]),
    )  # fmt: skip
    save_state_track(folder.auto_dir("one") / "c.h5", track, Provenance("code", {}, {}, "0"))
    warnings = Library(folder, "AB").entry("one").warnings
    assert "AB: infant affect3 is scorable for 28 % of the time" in warnings
    assert "the machine could see caregiver affect3 for 25 % of the time" in warnings


def test_the_queue_is_the_table_without_what_is_signed(folder: Any) -> None:
    rows = [
        Assignment("two", "infant", "affect3", "AB"),
        Assignment("one", "infant", "affect3", "AB", 2),
        Assignment("one", "caregiver", "affect3", "CD"),
        Assignment("three", "infant", "affect3", "AB"),
    ]
    write_assignments(folder, rows)
    code(folder, "AB", [(0, 36, "neu")], session="one")
    code(folder, "AB", WHOLE, session="two", signed=True)
    tasks = Library(folder, "AB").tasks()
    assert [(t.assignment.session_id, t.assignment.pass_no, t.state, t.coded_share) for t in tasks] == [
        ("one", 0, "in progress", 0.1),
        ("three", 0, "not started", 0.0),
    ]


def test_the_coded_share_is_time_over_every_lane_that_is_to_be_coded(folder: Any) -> None:
    boss, mine = Library(folder, "boss", manager=True), Library(folder, "AB")
    assert mine.entry("one").coded_share is None
    code(folder, "AB", [(0, 180, "neu")])
    # Half of one lane of two; the other is not begun.
    assert (mine.entry("one").coded_share, boss.entry("one").coded_share) == (0.25, 0.25)
    assert [s.role for s in mine.entry("one").not_begun] == ["caregiver"]
    # Two people on the same stretch are no more of it, nobody having been given anything.
    code(folder, "CD", [(90, 270, "neu")])
    assert (mine.entry("one").coded_share, boss.entry("one").coded_share) == (0.25, 0.375)
    code(folder, "AB", [(0, 360, "usc")], role="caregiver")
    assert mine.entry("one").coded_share == 0.75


def test_who_was_given_work_has_a_share_of_that_alone(folder: Any) -> None:
    rows = [
        Assignment("one", "infant", "affect3", "AB"),
        Assignment("one", "infant", "affect3", "CD", 2),
        Assignment("one", "caregiver", "affect3", "EF"),
    ]
    write_assignments(folder, rows)
    code(folder, "AB", WHOLE)
    code(folder, "EF", [(0, 180, "neu")], role="caregiver")
    entries = {name: Library(folder, name).entry("one") for name in ("AB", "CD", "EF")}
    assert {name: entry.coded_share for name, entry in entries.items()} == {"AB": 1, "CD": None, "EF": 0.5}
    assert {name: entry.state() for name, entry in entries.items()} == {
        "AB": "coded", "CD": "not started", "EF": "in progress",
    }  # fmt: skip
    assert "CD" not in repr(entries["AB"])
    assert Library(folder, "boss", manager=True).entry("one").coded_share == 0.5


def test_a_lane_given_to_a_second_person_keeps_what_the_first_coded(folder: Any) -> None:
    code(folder, "AB", WHOLE, signed=True)
    boss = Library(folder, "boss", manager=True)
    assert boss.entry("one").coded_share == 0.5
    rows = [Assignment("one", role, "affect3", "CD") for role in ("infant", "caregiver")]
    write_assignments(folder, rows)
    boss.refresh()
    assert boss.entry("one").coded_share == 0.5
    # Where two are to code it, one person's work is half of it, however often it is coded.
    write_assignments(folder, [*rows, Assignment("one", "infant", "affect3", "EF", 2)])
    boss.refresh()
    assert boss.entry("one").coded_share == pytest.approx(1 / 3)
    assert Library(folder, "CD").entry("one").coded_share is None


def test_one_coder_on_both_roles_is_flagged_when_one_is_reviewed(folder: Any) -> None:
    edges = np.array([0, 90, 360], dtype=np.int64) * S
    scheme = folder.scheme("affect3")
    auto = StateTrack(scheme, "caregiver", "auto:affect@1", edges, np.array([0, 1]), np.array([0.5, 0.5]))
    save_state_track(folder.auto_dir("one") / "c.h5", auto, Provenance("code", {}, {}, "0"))
    code(folder, "AB", WHOLE)
    assert not [w for w in Library(folder, "AB").entry("one").warnings if "one person" in w]
    desk = open_desk(folder, "one", "AB", HOME)
    desk.need_queue().accept()
    desk.document.close()
    told = "AB: caregiver and infant by one person, not blind to the partner"
    assert told in Library(folder, "AB").entry("one").warnings


def test_filters(folder: Any) -> None:
    write_assignments(folder, [Assignment("two", "infant", "affect3", "AB")])
    code(folder, "AB", [(0, 10, "usc")], session="three")
    code(folder, "CD", WHOLE, session="one", signed=True)
    boss = Library(folder, "boss", manager=True)
    assert boss.entry("one").state() == "in progress"
    code(folder, "EF", WHOLE, session="one", role="caregiver", signed=True)

    def found(**settings: Any) -> list[str]:
        return [entry.session_id for entry in boss.entries(**settings)]

    assert found() == ["one", "three", "two"]
    assert found(text="TW") == ["two"]
    assert found(text="cd") == ["one"]
    assert found(states=["signed off"]) == ["one"]
    assert found(states=["not started", "in progress"]) == ["three", "two"]
    assert [e.session_id for e in Library(folder, "AB").entries(only_mine=True)] == ["three", "two"]
    assert boss.entries(only_warned=True) == ()


def test_only_what_changed_is_read_again(folder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library(folder, "boss", manager=True)
    library.entries()
    read: list[str] = []
    load = folder.load_session
    monkeypatch.setattr(folder, "load_session", lambda name: read.append(name) or load(name))
    library.entries()
    assert read == []
    code(folder, "AB", [(0, 10, "neu")], session="two")
    read.clear()
    assert [e.state() for e in library.entries()] == ["not started", "not started", "in progress"]
    assert read == ["two"]


def test_a_session_on_the_road_is_marked(folder: Any, tmp_path: Path) -> None:
    check_out(folder, "one", "AB", tmp_path / "out.zip")
    assert Library(folder, "boss", manager=True).entry("one").checked_out == ("AB",)
    assert Library(folder, "CD").entry("one").checked_out == ()


def test_work_is_dealt_evenly_and_nobody_gets_both_people(folder: Any) -> None:
    folder.update_reliability(lambda plan: replace(plan, seed=1, sessions=("two",)))
    dealt = deal(folder, ("AB", "CD", "EF", "GH"))
    assert len(dealt) == 8
    loads = [sum(a.coder == coder for a in dealt) for coder in ("AB", "CD", "EF", "GH")]
    assert loads == [2, 2, 2, 2]
    for session in folder.sessions():
        coders = [a.coder for a in dealt if a.session_id == session]
        assert len(set(coders)) == len(coders)
    assert deal(folder, ("AB", "CD", "EF", "GH"), already=dealt) == dealt
    write_assignments(folder, dealt)
    assert read_assignments(folder) == dealt


def test_two_coders_share_a_double_session_and_that_is_told(folder: Any) -> None:
    folder.update_reliability(lambda plan: replace(plan, seed=1, sessions=("two",)))
    dealt = [a for a in deal(folder, ("AB", "CD")) if a.session_id == "two"]
    for role in ("infant", "caregiver"):
        assert {a.coder for a in dealt if a.role == role} == {"AB", "CD"}
    write_assignments(folder, dealt)
    warnings = Library(folder, "boss", manager=True).entry("two").warnings
    assert "AB: caregiver and infant by one person, not blind to the partner" in warnings
    with pytest.raises(UsageError, match="two coders"):
        deal(folder, ("AB",))
    with pytest.raises(UsageError, match="nobody"):
        deal(folder, ())


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("ten,infant,affect3,AB,1", "no such session"),
        ("one,father,affect3,AB,1", "no such role"),
        ("one,infant,affect3,AB,3", "no such pass"),
        ("one,infant,affect3,A B,1", "not initials"),
        ("one,infant,affect3,,1", "empty cell"),
        ("one,infant,affect3,AB,1\none,infant,affect3,AB,2", "one person twice"),
    ],
)
def test_a_bad_table_names_its_line(folder: Any, row: str, told: str) -> None:
    path = folder.root / ASSIGNMENTS_FILE
    path.write_text(f"session_id,role,scheme_id,coder,pass\n{row}\n")
    with pytest.raises(InputError, match=rf"{ASSIGNMENTS_FILE}:[23].*{told}"):
        read_assignments(folder)
    library = Library(folder, "AB")
    assert told in library.trouble
    assert len(library.entries()) == 3


HALVES = {"infant": Region(0, 0, 0.5, 1), "caregiver": Region(0.5, 0, 0.5, 1)}


def filmed(folder: Any, *videos: VideoRecording) -> Session:
    return replace(folder.load_session("one"), recordings=videos)


def test_the_mask_shows_one_person_only(folder: Any) -> None:
    session = filmed(
        folder,
        VideoRecording("split", ("media/a.mp4",), HALVES),
        VideoRecording("face", ("media/b.mp4",), {"caregiver": Region(0, 0, 1, 1)}),
        VideoRecording("wide", ("media/c.mp4",), dict.fromkeys(HALVES, Region(0, 0, 1, 1))),
    )
    assert visible_regions(session, "infant") == {"split": HALVES["infant"], "wide": Region(0, 0, 1, 1)}
    assert cameras_showing_both(session, "infant") == ("wide",)
    assert cameras_showing_both(session, "caregiver") == ("wide",)
    with pytest.raises(FieldError, match="no such role"):
        visible_regions(session, "father")


class Film:
    """Ten pictures whose left half is 1 and right half 2."""

    clock = None
    size_px = (9, 4)
    closed = False

    def frame(self, index: int) -> np.ndarray:
        picture = np.full((4, 9, 3), 2, np.uint8)
        picture[:, :4] = 1
        picture[0, 0] = index
        return picture

    def frames(self, start: int, stop: int) -> Any:
        yield from ((k, self.frame(k)) for k in range(start, stop))

    def chunk_starts(self, min_frames: int) -> tuple[int, ...]:
        return (0, min_frames)

    def __enter__(self) -> Film:
        return self

    def __exit__(self, *_: object) -> None:
        self.closed = True


def test_a_masked_film_holds_nothing_of_the_rest() -> None:
    film = Film()
    with MaskedSource(film, HALVES["caregiver"]) as own:
        assert own.size_px == (9, 4)
        picture = own.frame(7)
        assert (picture[:, :4] == 24).all()
        assert (picture[:, 4:] == 2).all()
        assert (own.frame(7)[:, 4:] == film.frame(7)[:, 4:]).all()
        assert [(k, int(p[0, 0, 0])) for k, p in own.frames(2, 4)] == [(2, 24), (3, 24)]
        assert own.chunk_starts(5) == (0, 5)
    assert film.closed
