"""From a study's folder to a desk: what is shown to whom, and what stays apart on the disk."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from stillface.domain.clock import NS_PER_S as S
from stillface.domain.clock import ClockMap
from stillface.domain.provenance import Provenance
from stillface.domain.recording import WHOLE, VideoRecording
from stillface.domain.scheme import CodingScheme
from stillface.domain.session import Episode, Session
from stillface.domain.states import StateTrack
from stillface.domain.study import Person, Study
from stillface.errors import InputError
from stillface.io.artefacts import save_state_track
from stillface.io.bundle import StudyFolder, create_study
from stillface.io.human_codes import read_people
from stillface.review.films import Films, cameras_of
from stillface.review.lanes import LaneKey
from stillface.review.opening import grid_of, open_desk, open_document
from stillface.review.playhead import Playhead
from stillface.video.encode import write_video

INFANT = LaneKey("infant", "affect3", "human:AB")
INSTALL = "aaaa-1111"


def make_study(root: Path, *, videos: tuple[VideoRecording, ...] = (), episodes: bool = True) -> StudyFolder:
    persons = {"infant": "p1", "caregiver": "p2"}
    study = Study(
        "s", "ffsf_2_2_2", schemes=dict.fromkeys(persons, ("affect3",)),
        persons=tuple(Person(person) for person in persons.values()), coders=("AB", "CD"),
    )  # fmt: skip
    folder = create_study(root, study)
    for video in videos:
        frames = (np.full((48, 64, 3), k * 5, np.uint8) for k in range(50))
        write_video(root / video.files[0], frames, Fraction(25))
    times = (Episode("PL", 0, 1 * S), Episode("SF", 1 * S, 2 * S)) if episodes else ()
    folder.add_session(Session("one", "d1", folder.protocol(), times, persons=persons, recordings=videos))
    return folder


def add_proposals(folder: StudyFolder, scheme: CodingScheme) -> None:
    track = StateTrack(
        scheme, "infant", "auto:affect@1", np.array([0, S, 2 * S]), np.array([0, 2]), np.array([0.4, 0.9])
    )
    provenance = Provenance("code", {}, {}, "0")
    save_state_track(folder.auto_dir("one") / "infant.affect3.h5", track, provenance)


def test_a_sitting_is_there_again_and_reviewed_codes_lie_apart(tmp_path: Path) -> None:
    folder = make_study(tmp_path / "study")
    add_proposals(folder, folder.scheme("affect3"))
    desk = open_desk(folder, "one", "AB", INSTALL)
    desk.key("S")
    desk.key("F7")
    desk.key("Return")
    desk.document.close()
    logs = [
        p.relative_to(folder.codes_dir("one")).as_posix() for p in folder.codes_dir("one").rglob("*.jsonl")
    ]
    assert sorted(logs) == [f"AB.{INSTALL}.jsonl", f"auto_reviewed/AB.{INSTALL}.jsonl"]
    # What was reviewed here is what the measures find.
    found = read_people(folder.codes_dir("one"), folder.scheme).tracks
    assert sorted(track.source for track in found) == ["auto_reviewed:AB", "human:AB"]
    again = open_desk(folder, "one", "AB", INSTALL)
    assert [b.code for b in again.document.lane(INFANT).bouts] == ["neu"]
    assert again.queue is not None
    assert again.queue.progress().n_decided == 1
    again.document.close()


def test_looking_leaves_no_trace(tmp_path: Path) -> None:
    folder = make_study(tmp_path / "study")
    open_desk(folder, "one", "AB", INSTALL).document.close()
    assert not list(folder.codes_dir("one").rglob("*.jsonl"))


def test_blind_coders_see_neither_machine_nor_each_other(tmp_path: Path) -> None:
    folder = make_study(tmp_path / "study")
    add_proposals(folder, folder.scheme("affect3"))
    desk = open_desk(folder, "one", "CD", "cccc-3333")
    desk.key("D")
    desk.document.close()
    blind = open_desk(folder, "one", "AB", INSTALL, blind=True)
    assert blind.queue is None
    assert {key.source for key in blind.document.lanes} == {"human:AB"}
    blind.document.close()
    seeing = open_document(folder, "one", "AB", INSTALL, with_others=True)
    assert LaneKey("infant", "affect3", "human:CD") in seeing.lanes
    assert not seeing.lane(LaneKey("infant", "affect3", "human:CD")).editable
    seeing.close()


def test_two_cameras_lie_on_the_session_clock(tmp_path: Path) -> None:
    videos = (
        VideoRecording("front", ("media/a.mp4",), {"infant": WHOLE}),
        VideoRecording("side", ("media/b.mp4",), {"caregiver": WHOLE}, ClockMap(500_000_000)),
    )
    folder = make_study(tmp_path / "study", videos=videos)
    desk = open_desk(folder, "one", "AB", INSTALL)
    desk.playhead.seek(S)
    assert desk.playhead.frames() == {"front": 25, "side": 12}
    desk.playhead.step(1)
    assert desk.playhead.frames() == {"front": 26, "side": 13}
    desk.document.close()


def test_a_session_with_nothing_in_it_is_refused(tmp_path: Path) -> None:
    folder = make_study(tmp_path / "study", episodes=False)
    with pytest.raises(InputError, match="neither film nor episodes"):
        open_desk(folder, "one", "AB", INSTALL)


@pytest.mark.real
def test_stepping_lands_on_the_right_frame_of_real_variable_rate_films(
    shared_data: Path, tmp_path: Path
) -> None:
    from stillface.video import open_video

    folder = make_study(tmp_path / "study")
    for film in sorted((shared_data / "video").glob("babyjokes_*.mp4")):
        (folder.root / "media" / "film.mp4").write_bytes(film.read_bytes())
        video = VideoRecording("v", ("media/film.mp4",), {"infant": WHOLE}, ClockMap(123_456_789, 40.0))
        session = Session("one", "d1", folder.protocol(), (), recordings=(video,))
        cameras = cameras_of(folder, session)
        head = Playhead(grid_of(session, Films(cameras)), cameras, lambda: 0)
        with open_video([film], None) as source:
            assert source.clock.n_frames == cameras[0].clock.n_frames
        for frame in range(cameras[0].clock.n_frames - 1):
            assert head.frames() == {"v": frame}
            head.step(1)


def test_one_person_only_leaves_no_lane_of_the_partner(tmp_path: Path) -> None:
    folder = make_study(tmp_path / "study")
    add_proposals(folder, folder.scheme("affect3"))
    both = open_desk(folder, "one", "AB", INSTALL)
    for _ in folder.study.schemes:
        both.key("S")
        both.key("Down")
    assert {key.role for key in both.document.lanes if both.document.lane(key).bouts} == {
        "infant",
        "caregiver",
    }
    both.document.close()
    one = open_desk(folder, "one", "AB", INSTALL, only_role="caregiver")
    assert {key.role for key in one.document.lanes} == {"caregiver"}
    assert one.queue is None
    one.document.close()
