"""Whatever a coder makes in a package comes back: checked in, it is as if it had been made at the lab."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stillface.domain.clock import NS_PER_S as S
from stillface.domain.provenance import Provenance
from stillface.domain.session import Episode
from stillface.domain.states import StateTrack
from stillface.errors import FieldError, InputError, StorageError, UsageError
from stillface.io.artefacts import save_state_track
from stillface.io.bundle import StudyFolder, open_study
from stillface.io.code_log_chain import read_log
from stillface.io.human_codes import LOG_KINDS, read_people
from stillface.io.sign_offs import sign_offs
from stillface.review.check_in import check_in
from stillface.review.checkouts import left_out_episodes
from stillface.review.commands import Command
from stillface.review.commands_edit import CommentOn, Delete, Erase, MoveEdge, Paint, Relabel, Split
from stillface.review.commands_live import CloseRunning, SetState, WatchedOn
from stillface.review.desk import Desk
from stillface.review.episode_log import EPISODES_DIR, episode_events
from stillface.review.episodes import EpisodeEditor
from stillface.review.lanes import LaneKey
from stillface.review.library import Library
from stillface.review.opening import open_desk
from stillface.review.package import BACK_FOLDERS, check_out, pack_back, unpack
from stillface.review.signoff import sign_off, unlock

from .pair_study import code, key_of, make_study
from .test_package import repacked

AWAY = "away-2222"
INFANT = key_of("AB")
BREACHES = LaneKey("caregiver", "sf_breach", "human:AB")
LANES = (INFANT, key_of("AB", "caregiver"), BREACHES)
EPISODES = ("PL", "SF", "RE")


@pytest.fixture(autouse=True)
def same_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which sure proposals are sampled is drawn by chance at each place; here the chance is the same."""
    monkeypatch.setattr("stillface.review.queue.secrets.randbits", lambda _: 7)


@pytest.fixture
def lab(tmp_path: Path) -> StudyFolder:
    """A study in which AB has coded and moved an episode at the lab, and the machine has proposed."""
    study = make_study(tmp_path / "lab")
    code(study, "AB", [(0, 50, "neu"), (200, 210, "pos")])
    edges = np.arange(0, 361, 20, dtype=np.int64) * S
    codes = (np.arange(18) % 3).astype(np.int16)
    track = StateTrack(
        study.scheme("affect3"), "infant", "auto:affect@1", edges, codes, np.linspace(0.3, 0.9, 18)
    )
    save_state_track(study.auto_dir("one") / "infant.affect3.h5", track, Provenance("code", {}, {}, "0"))
    with_episodes(study, "home-1111", lambda editor: editor.set_ended_by("RE", "caregiver"))
    return study


def with_episodes(
    study: StudyFolder, install: str, change: Callable[[EpisodeEditor], object], coder: str = "AB"
) -> None:
    desk = open_desk(study, "one", coder, install)
    try:
        change(EpisodeEditor(study, desk.document))
    finally:
        desk.document.close()


class Hand:
    """A coder who does what a seed says; what is refused is passed over, as a person would."""

    def __init__(self, seed: int, desk: Desk, editor: EpisodeEditor) -> None:
        self.dice = random.Random(seed)  # noqa: S311  # the same on every run
        self.desk, self.editor = desk, editor
        self.document = desk.document

    def act(self) -> None:
        name = self.dice.choices(
            ("paint", "live", "mend", "remark", "undo", "sign", "judge", "episode", "watch"),
            (6, 5, 6, 3, 4, 1, 6, 5, 2),
        )[0]
        try:
            getattr(self, name)()
        except (UsageError, FieldError, StorageError):
            # Nothing to undo, a signed lane, an overlap: the same is refused at either place.
            return

    def moment(self) -> int:
        return self.dice.randrange(0, 9000) * S // 25

    def lane(self) -> LaneKey:
        return self.dice.choice(LANES)

    def code_of(self, key: LaneKey) -> str:
        return self.dice.choice([c.id for c in self.document.lane(key).scheme.codes])

    def paint(self) -> None:
        key, (low, high) = self.lane(), sorted((self.moment(), self.moment()))
        self.document.do(Paint(key, low, high, self.code_of(key)))

    def live(self) -> None:
        key, at = self.lane(), self.moment()
        self.document.do(self.dice.choice((SetState(key, at, self.code_of(key)), WatchedOn(key, at))))
        if self.dice.random() < 0.5:
            self.document.do(CloseRunning(key, at + 3 * S))

    def bout(self, key: LaneKey) -> str:
        bouts = self.document.lane(key).bouts
        if not bouts:
            raise UsageError("no bout")
        return self.dice.choice(bouts).id

    def mend(self) -> None:
        key = self.lane()
        id_, at = self.bout(key), self.moment()
        commands: tuple[Command, ...] = (
            MoveEdge(key, id_, self.dice.choice(("onset", "offset")), at),
            Split(key, id_, at),
            Relabel(key, id_, self.code_of(key)),
            Delete(key, id_),
            Erase(key, at, at + 2 * S),
        )
        self.document.do(self.dice.choice(commands))

    def remark(self) -> None:
        key = self.lane()
        self.document.do(CommentOn(key, self.bout(key), f"unsure {self.dice.randrange(99)}"))

    def undo(self) -> None:
        if self.document.lane(key := self.lane()).editable:
            self.document.activate(key)
        self.dice.choice((self.document.undo, self.document.undo, self.document.redo))()

    def sign(self) -> None:
        key = self.lane()
        if key.tier in self.document.locked_tiers(key.kind):
            unlock(self.document, key, "seen again")
        else:
            sign_off(self.document, key, accept_open=True)

    def judge(self) -> None:
        queue = self.desk.need_queue()
        queue.go(self.dice.randrange(len(queue.items)))
        if self.dice.random() < 0.3:
            queue.nudge("offset", -3)
        self.dice.choice((queue.accept, queue.reject, queue.cant_tell, lambda: queue.relabel("pos")))()

    def watch(self) -> None:
        self.document.note("human", f"watched {self.dice.randrange(99)}")

    def episode(self) -> None:
        editor, name, at = self.editor, self.dice.choice(EPISODES), self.moment()
        acts: tuple[Callable[[], object], ...] = (
            lambda: editor.move_edge(name, "onset", at),
            lambda: editor.move_edge(name, "offset", at),
            lambda: editor.set_ended_by(name, self.dice.choice(("time", "stop_rule", "caregiver"))),
            lambda: len(editor.episodes) > 1 and editor.remove(name),
            lambda: editor.place(name, at),
            editor.undo,
            editor.undo,
            editor.redo,
        )
        self.dice.choice(acts)()


def work(study: StudyFolder, seed: int, n_acts: int = 40) -> None:
    desk = open_desk(study, "one", "AB", AWAY)
    hand = Hand(seed, desk, EpisodeEditor(study, desk.document))
    for _ in range(n_acts):
        hand.act()
    desk.document.close()


def everything(study: StudyFolder) -> dict[str, Any]:
    """Give all that is to be read of a session, without the times of day."""
    study = open_study(study.root)
    codes = study.codes_dir("one")
    found = read_people(codes, study.scheme)
    logs = {
        f"{folder}/{path.name}": [
            (r.op, r.left, r.id, r.bout, r.was, r.ref, r.text, r.why) for r in read_log(path)[0]
        ]
        for folder in (*LOG_KINDS.values(), EPISODES_DIR)
        for path in sorted((codes / folder).glob("*.jsonl"))
    }
    signed = {
        kind: {
            tier: (last.signed, last.why, last.print)
            for tier, last in sign_offs(
                [read_log(path)[0] for path in sorted((codes / folder).glob("AB.*.jsonl"))]
            ).items()
        }
        for kind, folder in LOG_KINDS.items()
    }
    return {
        "episodes": study.load_session("one").episodes,
        "history": [(e.who, e.install, e.what, e.change) for e in episode_events(study, "one")],
        "tracks": [
            (t.role, t.scheme.id, t.source, t.edges_ns.tolist(), t.codes.tolist()) for t in found.tracks
        ],
        "points": [
            (p.role, p.scheme.id, p.source, p.times_ns.tolist(), p.codes.tolist()) for p in found.points
        ],
        "remarks": found.remarks,
        "signed": signed,
        "logs": logs,
        "tracks in the browser": [
            (t.coder, t.role, t.scheme_id, t.kind, t.state, t.coded_share, t.problem)
            for t in Library(study, "M", manager=True).entry("one").tracks
        ],
    }


def there_and_back(lab: StudyFolder, tmp_path: Path, name: str = "trip") -> tuple[StudyFolder, Path]:
    check_out(lab, "one", "AB", tmp_path / f"{name}.zip", with_auto=True)
    return unpack(tmp_path / f"{name}.zip", tmp_path / name), tmp_path / f"{name}-back.zip"


@pytest.mark.parametrize("seed", range(12))
def test_work_in_a_package_is_worth_the_same_as_work_at_the_lab(
    lab: StudyFolder, tmp_path: Path, seed: int
) -> None:
    shutil.copytree(lab.root, tmp_path / "twin")
    twin = open_study(tmp_path / "twin")
    away, back = there_and_back(lab, tmp_path)
    work(away, seed)
    work(twin, seed)
    pack_back(away, back)
    came = check_in(lab, back)
    assert came.left_out == ()
    assert everything(lab) == everything(twin)
    # And a second trip from the same folder brings what came after, once.
    work(away, seed + 1000, 15)
    work(twin, seed + 1000, 15)
    back.unlink()
    pack_back(away, back)
    check_in(lab, back)
    assert everything(lab) == everything(twin)
    before = everything(lab)
    assert check_in(lab, back).n_records == 0
    assert everything(lab) == before


def test_the_seeds_reach_every_kind_of_work(lab: StudyFolder) -> None:
    for seed in range(12):
        work(lab, seed)
    found = everything(lab)
    assert {e[2] for e in found["history"]} == {"changed", "taken back", "brought back"}
    assert any(lane[0] for lane in found["signed"]["human"].values())
    ops = [r for log in found["logs"].values() for r in log]
    assert {r[0] for r in ops} >= {"add", "set", "del", "undo", "status", "note"}
    tiers = {r[3].tier for r in ops if r[3] is not None}
    assert {"infant/review:affect3", "caregiver/sf_breach", "session/episodes"} <= tiers
    assert found["remarks"]
    assert {name.partition("/")[0] for name in found["logs"]} == set(BACK_FOLDERS)


def moved(side: str, seconds: int) -> Callable[[EpisodeEditor], object]:
    return lambda editor: editor.move_edge("PL", side, seconds * S)  # type: ignore[arg-type]


def test_an_episode_that_both_changed_stays_as_at_the_lab_and_is_told(
    lab: StudyFolder, tmp_path: Path
) -> None:
    away, back = there_and_back(lab, tmp_path)
    with_episodes(away, AWAY, moved("onset", 2))
    with_episodes(lab, "desk-3333", moved("onset", 5), "CD")
    pack_back(away, back)
    came = check_in(lab, back)
    told = (
        "AB: PL was 0:02.000 to 2:00.000 for AB and is 0:05.000 to 2:00.000 here: not taken over, set it by "
        "hand if AB is right"
    )
    assert (came.n_episodes, came.left_out) == (0, (told,))
    assert lab.load_session("one").episode("PL") == Episode("PL", 5 * S, 120 * S)
    # What AB did is in the history all the same, and the browser tells of it until somebody sets it.
    assert "AB" in {e.who for e in episode_events(lab, "one") if e.change.episode_id == "PL"}
    assert told in Library(lab, "M", manager=True).entry("one").warnings
    assert told in Library(lab, "AB").entry("one").warnings
    assert told not in Library(lab, "CD").entry("one").warnings
    assert check_in(lab, back).left_out == ()
    assert [left.text for left in left_out_episodes(lab)["one"]] == [told]
    with_episodes(lab, "desk-3333", moved("onset", 6), "CD")
    assert told not in Library(lab, "M", manager=True).entry("one").warnings


def test_the_same_change_at_both_places_is_none(lab: StudyFolder, tmp_path: Path) -> None:
    away, back = there_and_back(lab, tmp_path)
    for study, install in ((away, AWAY), (lab, "desk-3333")):
        with_episodes(study, install, moved("onset", 2))
    pack_back(away, back)
    came = check_in(lab, back)
    assert (came.n_episodes, came.left_out) == (0, ())
    assert came.n_records


def test_changes_of_other_episodes_come_together_unless_they_do_not_fit(
    lab: StudyFolder, tmp_path: Path
) -> None:
    away, back = there_and_back(lab, tmp_path)
    with_episodes(away, AWAY, moved("onset", 2))
    with_episodes(lab, "desk-3333", lambda editor: editor.remove("RE"))
    pack_back(away, back)
    assert check_in(lab, back).n_episodes == 1
    assert [(e.id, e.onset_ns // S) for e in lab.load_session("one").episodes] == [("PL", 2), ("SF", 120)]


def test_changes_that_do_not_fit_what_the_lab_set_beside_them_are_left_out_together(
    lab: StudyFolder, tmp_path: Path
) -> None:
    with_episodes(lab, "desk-3333", lambda editor: editor.remove("SF"))
    away, back = there_and_back(lab, tmp_path)
    with_episodes(away, AWAY, lambda editor: editor.move_edge("PL", "offset", 200 * S))
    with_episodes(away, AWAY, lambda editor: editor.set_ended_by("RE", "time"))
    with_episodes(lab, "desk-3333", lambda editor: editor.place("SF", 121 * S))
    before = lab.load_session("one").episodes
    pack_back(away, back)
    came = check_in(lab, back)
    assert came.n_episodes == 0
    assert [line.split()[1] for line in came.left_out] == ["PL", "RE"]
    assert lab.load_session("one").episodes == before


def test_a_crash_after_the_file_and_before_its_log_is_mended_by_checking_in_again(
    lab: StudyFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away, back = there_and_back(lab, tmp_path)
    with_episodes(away, AWAY, moved("onset", 2))
    pack_back(away, back)

    def refused(*_: object, **__: object) -> None:
        raise StorageError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("stillface.review.check_in.write_atomic", refused)
        with pytest.raises(StorageError, match="full"):
            check_in(lab, back)
    assert not (lab.codes_dir("one") / EPISODES_DIR / f"AB.{AWAY}.jsonl").exists()
    came = check_in(lab, back)
    assert (came.n_episodes, came.left_out) == (0, ())
    assert came.n_records
    assert lab.load_session("one").episode("PL") == Episode("PL", 2 * S, 120 * S)
    assert (lab.codes_dir("one") / EPISODES_DIR / f"AB.{AWAY}.jsonl").exists()


def test_a_log_of_episodes_made_up_of_something_else_is_refused(lab: StudyFolder, tmp_path: Path) -> None:
    away, back = there_and_back(lab, tmp_path)
    code(away, "AB", [(60, 70, "pos")], install=AWAY)
    pack_back(away, back)
    story = away.log_path("one", "AB", AWAY).read_bytes()

    def change(content: dict[str, bytes]) -> None:
        content[f"sessions/one/codes/{EPISODES_DIR}/AB.{AWAY}.jsonl"] = story

    bad = repacked(back, tmp_path / "bad.zip", change, forge=True)
    with pytest.raises(InputError, match="not a change of an episode"):
        check_in(lab, bad)
    assert not lab.log_path("one", "AB", AWAY).exists()
    assert lab.load_session("one").episode("PL") == Episode("PL", 0, 120 * S)


def test_no_physiology_travels_and_so_no_corrections_of_beats(lab: StudyFolder, tmp_path: Path) -> None:
    folder = lab.codes_dir("one") / "beats"
    folder.mkdir()
    shutil.copy(lab.log_path("one", "AB", "home-1111"), folder / "AB.home-1111.jsonl")
    away, _ = there_and_back(lab, tmp_path)
    assert not (away.codes_dir("one") / "beats").exists()
    assert away.load_session("one").channels == ()


def test_what_was_made_on_another_computer_is_gone_as_soon_as_it_is_deleted(lab: StudyFolder) -> None:
    desk = open_desk(lab, "one", "AB", AWAY)
    document = desk.document

    def codes() -> list[str]:
        return [bout.code for bout in document.lane(INFANT).bouts]

    document.do(Delete(INFANT, document.lane(INFANT).bouts[1].id))
    assert codes() == ["neu"]
    document.activate(INFANT)
    document.undo()
    assert codes() == ["neu", "pos"]
    document.redo()
    assert codes() == ["neu"]
    document.do(Paint(INFANT, 190 * S, 220 * S, "neg"))
    document.close()
    tracks = read_people(lab.codes_dir("one"), lab.scheme).tracks
    assert [t.edges_ns.tolist() for t in tracks] == [[0, 50 * S, 190 * S, 220 * S]]
