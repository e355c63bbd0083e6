"""Episodes set, dragged, checked and kept; stop rules propose, a person confirms."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stillface.domain.clock import NS_PER_S as S
from stillface.domain.protocol import StopRule
from stillface.domain.scheme import Code, CodingScheme
from stillface.domain.session import Episode, Session
from stillface.domain.study import Person, Study
from stillface.errors import FieldError, StorageError, UsageError
from stillface.io.bundle import StudyFolder, create_study, open_study
from stillface.io.errands import NoAnswerError
from stillface.review.cameras import FrameGrid
from stillface.review.episodes import EpisodeEditor, stop_suggestions
from stillface.review.lanes import Lane, LaneBout, LaneKey
from stillface.review.opening import open_document

PERSONS = {"infant": "p1", "caregiver": "p2"}


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    schemes = dict.fromkeys(PERSONS, ("affect3",))
    people = tuple(Person(person) for person in PERSONS.values())
    folder = create_study(tmp_path / "s", Study("s", "ffsf_2_2_2", schemes=schemes, persons=people))
    episodes = (Episode("PL", 0, 120 * S), Episode("SF", 120 * S, 240 * S))
    folder.add_session(Session("one", "d", folder.protocol(), episodes, persons=PERSONS))
    return folder


@pytest.fixture
def editor(study: StudyFolder) -> Iterator[EpisodeEditor]:
    grid = FrameGrid.even((0, 400 * S), S // 25)
    document = open_document(study, "one", "AB", "aaaa-1111", grid)
    yield EpisodeEditor(study, document)
    document.close()


def stored(study: StudyFolder) -> list[tuple[str, int, int, str]]:
    """Give what a new reader of the folder finds."""
    session = open_study(study.root).load_session("one")
    return [(e.id, e.onset_ns // S, e.offset_ns // S, e.ended_by) for e in session.episodes]


def test_an_episode_is_placed_as_long_as_planned(editor: EpisodeEditor, study: StudyFolder) -> None:
    told = []
    editor.changed.connect(lambda: told.append(1))
    assert editor.problems() == ("episode RE was not run",)
    editor.place("RE", 250 * S + 7)
    assert stored(study)[2] == ("RE", 250, 370, "time")
    assert editor.problems() == ()
    assert told == [1]


def test_where_an_episode_is_no_other_can_be_placed(editor: EpisodeEditor) -> None:
    with pytest.raises(UsageError, match="SF is here"):
        editor.place("RE", 130 * S)
    with pytest.raises(UsageError, match="there already"):
        editor.place("SF", 300 * S)


def test_a_shared_edge_moves_both_and_stays_between_them(editor: EpisodeEditor, study: StudyFolder) -> None:
    editor.move_edge("SF", "onset", 100 * S + 3_000_000)
    assert stored(study) == [("PL", 0, 100, "time"), ("SF", 100, 240, "time")]
    editor.move_edge("PL", "offset", 999 * S)
    first, second = editor.episodes
    assert first.offset_ns == second.onset_ns == 240 * S - S // 25
    editor.undo()
    editor.undo()
    assert stored(study) == [("PL", 0, 120, "time"), ("SF", 120, 240, "time")]
    assert not editor.can_undo


def test_an_edge_that_touches_nothing_stops_at_its_neighbour(editor: EpisodeEditor) -> None:
    editor.place("RE", 300 * S)
    editor.move_edge("RE", "onset", 10 * S)
    assert editor.episodes[2].onset_ns == 240 * S


def test_how_it_ended_and_a_duration_out_of_tolerance(editor: EpisodeEditor, study: StudyFolder) -> None:
    editor.set_ended_by("SF", "caregiver")
    editor.move_edge("SF", "offset", 180 * S)
    assert stored(study)[1] == ("SF", 120, 180, "caregiver")
    assert any("SF lasted 60 s, planned 120 s" in line for line in editor.problems())


def test_order_against_the_protocol_is_said(editor: EpisodeEditor) -> None:
    editor.remove("PL")
    editor.place("PL", 260 * S)
    assert editor.problems()[0] == "PL comes after SF; the protocol has it before"


def test_overlap_and_refusals_change_nothing(
    editor: EpisodeEditor, study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stored(study)
    with pytest.raises(FieldError, match="overlap"):
        editor.set("SF", 60 * S, 200 * S)
    with pytest.raises(UsageError, match="not run"):
        editor.remove("RE")

    def full(*_: Any, **__: Any) -> None:
        raise StorageError("the disk is full", where="session.yaml")

    monkeypatch.setattr(study, "save_session", full)
    with pytest.raises(StorageError):
        editor.move_edge("SF", "offset", 200 * S)
    monkeypatch.undo()
    assert stored(study) == before
    assert [(e.onset_ns, e.offset_ns) for e in editor.episodes] == [(0, 120 * S), (120 * S, 240 * S)]
    assert not editor.can_undo


def test_what_another_program_changed_meanwhile_is_kept(editor: EpisodeEditor, study: StudyFolder) -> None:
    from dataclasses import replace

    now = study.load_session("one")
    study.save_session(replace(now, covariates={"fussy": "yes"}))
    editor.set_ended_by("PL", "experimenter")
    assert study.load_session("one").covariates == {"fussy": "yes"}


SCHEME = CodingScheme("icep", (Code("i_pro"), Code("i_neu")))
RULE = StopRule(("i_pro",), 20.0, 1.0, "hard")


def lane(*bouts: tuple[float, float], kind: str = "human") -> Lane:
    held = tuple(LaneBout(str(k), round(a * S), round(b * S), "i_pro") for k, (a, b) in enumerate(bouts))
    return Lane(LaneKey("infant", "icep", f"{kind}:AB"), SCHEME, held)


SF = (Episode("SF", 0, 100 * S),)


def test_a_stop_rule_is_met_over_gaps_within_tolerance() -> None:
    (found,) = stop_suggestions(RULE, lane((10, 20), (20.9, 40)), SF)
    assert (found.episode_id, found.met_ns) == ("SF", 30 * S)
    assert "coded" in found.text
    assert "hard, only you can tell" in found.text
    assert "machine" in stop_suggestions(RULE, lane((10, 40), kind="auto"), SF)[0].text


@pytest.mark.parametrize(
    ("bouts", "episode"),
    [
        (((10, 20), (21.1, 35)), SF),
        (((10, 29.9),), SF),
        (((80, 100),), SF),
        (((10, 40),), (Episode("SF", 0, 100 * S, "stop_rule"),)),
        (((10, 40),), (Episode("SF", 15 * S, 34 * S),)),
    ],
    ids=["gap too long", "too short", "met at the end", "confirmed already", "outside the episode"],
)
def test_a_stop_rule_that_was_not_met(bouts: Any, episode: Any) -> None:
    assert stop_suggestions(RULE, lane(*bouts), episode) == ()


def test_a_confirmed_suggestion_ends_the_episode(study: StudyFolder) -> None:
    study.update_study(lambda now: now)
    grid = FrameGrid.even((0, 400 * S), S // 25)
    document = open_document(study, "one", "AB", "aaaa-1111", grid)
    editor = EpisodeEditor(study, document)
    rule = document.session.protocol.stop_rules[0]
    held = LaneBout("1", 130 * S, 180 * S, rule.codes[0])
    found = stop_suggestions(rule, Lane(LaneKey("infant", "x", "human:AB"), _scheme(rule), (held,)), SF2)
    editor.confirm_stop(found[0])
    assert stored(study)[1] == ("SF", 120, 150, "stop_rule")
    document.close()


SF2 = (Episode("SF", 120 * S, 240 * S),)


def _scheme(rule: StopRule) -> CodingScheme:
    return CodingScheme("x", tuple(Code(code) for code in rule.codes))


def test_a_share_that_does_not_answer_holds_nobody_up_and_what_arrives_late_is_taken_over(
    editor: EpisodeEditor, study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, answers = StudyFolder.save_session, threading.Event()

    def silent(*given: Any, **named: Any) -> Any:
        assert answers.wait(60)
        return real(*given, **named)

    monkeypatch.setattr(StudyFolder, "save_session", silent)
    editor._wait_s = 0.05
    for _ in range(2):
        with pytest.raises(NoAnswerError, match="does not answer"):
            editor.place("RE", 250 * S)
    assert [episode.id for episode in editor.episodes] == ["PL", "SF"]
    editor._wait_s = 60
    answers.set()
    assert editor._asked is not None
    editor._asked.result(60)
    # It arrived, once; the next change finds it and is refused until it was seen.
    assert [line[0] for line in stored(study)] == ["PL", "SF", "RE"]
    with pytest.raises(UsageError, match="changed the episodes meanwhile"):
        editor.place("RE", 300 * S)
    assert editor.episodes[2].onset_ns == 250 * S
    editor.undo()
    assert [line[0] for line in stored(study)] == ["PL", "SF"]
    assert not editor.can_undo
