"""Still-face breaches: offered where the protocol imposes a state, coded by keys, found in the tables."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from stillface.domain.clock import NS_PER_S as S
from stillface.domain.session import Episode, Session
from stillface.domain.study import Person, Study
from stillface.errors import UsageError
from stillface.io.bundle import StudyFolder, create_study
from stillface.io.protocol_yaml import load_protocol
from stillface.pipeline.plan import RunOptions, make_plan
from stillface.pipeline.run import SilentObserver, run_plan
from stillface.review.desk import Desk
from stillface.review.lanes import LaneKey
from stillface.review.opening import open_desk
from stillface.review.progress import read_progress

BREACHES = LaneKey("caregiver", "sf_breach", "human:AB")
AFFECT = LaneKey("infant", "affect3", "human:AB")
INSTALL = "aaaa-1111"
EPISODES = (Episode("PL", 0, 10 * S), Episode("SF", 10 * S, 20 * S), Episode("RE", 20 * S, 30 * S))


def make_study(
    root: Path, protocol: str = "ffsf_2_2_2", episodes: tuple[Episode, ...] = EPISODES
) -> StudyFolder:
    roles = load_protocol(protocol).role_ids
    persons = {role: f"p{k}" for k, role in enumerate(roles)}
    study = Study(
        "s", protocol, schemes=dict.fromkeys(persons, ("affect3",)),
        persons=tuple(Person(person) for person in persons.values()), coders=("AB",),
    )  # fmt: skip
    folder = create_study(root, study)
    folder.add_session(Session("one", "d1", folder.protocol(), episodes, persons=persons))
    return folder


def keys(desk: Desk, text: str) -> None:
    """Press keys; a number means that many seconds on, frame by frame."""
    for word in text.split():
        if word.isdigit():
            for _ in range(int(word) * 25):
                desk.key("Right")
        else:
            desk.key(word)


def bouts(desk: Desk) -> list[tuple[float, float, str]]:
    return [(b.onset_ns / S, b.end_ns / S, b.code) for b in desk.document.lane(BREACHES).bouts]


def test_f3_goes_to_the_still_face_and_back_and_codes_end_with_the_episode(tmp_path: Path) -> None:
    desk = open_desk(make_study(tmp_path / "study"), "one", "AB", INSTALL)
    said: list[str] = []
    desk.said.connect(said.append)
    desk.playhead.seek(3 * S)
    keys(desk, "F3")
    assert desk.document.active == BREACHES
    assert desk.playhead.time_ns == 10 * S
    assert "nothing is left out because of them" in said[-1]
    keys(desk, "A 4 S 1 A")
    # On into the reunion: there is no still face any more that could be breached.
    keys(desk, "7")
    desk.note_watched()
    assert bouts(desk) == [(10, 14, "none"), (14, 15, "smile"), (15, 20, "none")]
    with pytest.raises(UsageError, match="breaches are coded in SF only"):
        desk.key("S")
    keys(desk, "F3")
    assert desk.document.active == AFFECT
    desk.document.close()


def test_breaches_reach_the_measures_and_nothing_is_left_out_because_of_them(tmp_path: Path) -> None:
    folder = make_study(tmp_path / "study")
    desk = open_desk(folder, "one", "AB", INSTALL)
    keys(desk, "F3 A 4 S 1 D 1 A 2 F 1 A 1 Return")
    desk.document.close()
    (progress,) = read_progress(folder, folder.load_session("one"))
    assert (progress.scheme_id, progress.state) == ("sf_breach", "coded")
    done = run_plan(folder, make_plan(folder, RunOptions(workers=1)), SilentObserver())
    assert not done.failures
    with (folder.root / "exports" / "measures_long.csv").open(encoding="utf-8") as file:
        rows = {
            row["measure"]: row
            for row in csv.DictReader(file)
            if row["scheme_id"] == "sf_breach" and row["measure"] in ("breach_pct", "n_breach")
        }
    # A smile that goes over into a word is one breach; the touch is another: 3 s of 10.
    assert float(rows["breach_pct"]["value"]) == pytest.approx(30)
    assert float(rows["n_breach"]["value"]) == 2
    for row in rows.values():
        assert (row["episode_id"], row["role"], row["coder_id"]) == ("SF", "caregiver", "AB")
        assert (row["status"], row["flags"]) == ("OK", "breached")


@pytest.mark.parametrize(
    ("protocol", "scheme"),
    [
        ("sf_touch", "sf_breach_touch_allowed"),
        ("sf_device", "sf_breach_device"),
        ("parent_child_freeplay", None),
    ],
)
def test_the_protocol_decides_which_lane_is_offered(
    tmp_path: Path, protocol: str, scheme: str | None
) -> None:
    folder = make_study(tmp_path / "study", protocol, ())
    imposing = [e for e in folder.protocol().episodes if e.fidelity_scheme is not None]
    first = imposing[0] if imposing else folder.protocol().episodes[0]
    session = folder.load_session("one")
    folder.save_session(Session(
        "one", "d1", session.protocol, (Episode(first.id, 0, 10 * S),), persons=session.persons,
    ))  # fmt: skip
    desk = open_desk(folder, "one", "AB", INSTALL)
    offered = [key.scheme_id for key in desk.shown_lanes() if key.scheme_id != "affect3"]
    assert offered == ([] if scheme is None else [scheme])
    if scheme is None:
        with pytest.raises(UsageError, match="no episode is set"):
            desk.key("F3")
    desk.document.close()


def test_a_lane_that_is_only_offered_is_missing_to_nobody(tmp_path: Path) -> None:
    desk = open_desk(make_study(tmp_path / "study"), "one", "AB", INSTALL)
    assert BREACHES in desk.shown_lanes()
    assert not [finding for finding in desk.findings() if finding.lane == BREACHES]
    keys(desk, "F3 A 2 Return")
    (hole,) = [finding for finding in desk.findings() if finding.lane == BREACHES]
    assert hole.text == "in SF: 8.00 s not coded"
    desk.document.close()


def test_without_a_still_face_episode_there_is_no_lane(tmp_path: Path) -> None:
    desk = open_desk(make_study(tmp_path / "study", episodes=EPISODES[:1]), "one", "AB", INSTALL)
    assert BREACHES not in desk.shown_lanes()
    desk.document.close()
