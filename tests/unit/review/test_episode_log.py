"""Changes of episodes: who, when, from what to what; taken back in a later sitting; never over another's."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from stillface.domain.clock import NS_PER_S as S
from stillface.domain.session import Episode
from stillface.errors import StorageError, UsageError
from stillface.io.bundle import StudyFolder, open_study
from stillface.io.code_log_chain import read_log
from stillface.pipeline.verify import verify_study
from stillface.review.cameras import FrameGrid
from stillface.review.episode_log import EPISODES_DIR, episode_events
from stillface.review.episodes import EpisodeEditor
from stillface.review.opening import open_document
from tests.unit.review.pair_study import make_study


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    return make_study(tmp_path / "study")


@contextmanager
def sitting(study: StudyFolder, coder: str = "AB") -> Iterator[EpisodeEditor]:
    folder = open_study(study.root)
    document = open_document(folder, "one", coder, "home-1111", FrameGrid.even((0, 500 * S), S // 25))
    yield EpisodeEditor(folder, document)
    document.close()


def stored(study: StudyFolder) -> dict[str, tuple[int, int, str]]:
    episodes = open_study(study.root).load_session("one").episodes
    return {e.id: (e.onset_ns // S, e.offset_ns // S, e.ended_by) for e in episodes}


def test_undo_and_redo_go_on_in_a_later_sitting(study: StudyFolder) -> None:
    before = stored(study)
    with sitting(study) as editor:
        editor.move_edge("RE", "offset", 350 * S)
        editor.set_ended_by("RE", "caregiver")
        editor.remove("PL")
    with sitting(study) as editor:
        assert (editor.can_undo, editor.can_redo) == (True, False)
        editor.undo()
        editor.undo()
        assert stored(study) == {**before, "RE": (240, 350, "time")}
    with sitting(study) as editor:
        editor.redo()
        editor.redo()
        assert not editor.can_redo
        assert stored(study) == {"SF": (120, 240, "time"), "RE": (240, 350, "caregiver")}
        for _ in range(3):
            editor.undo()
    assert stored(study) == before
    with sitting(study) as editor:
        assert not editor.can_undo
        with pytest.raises(UsageError, match="nothing to undo"):
            editor.undo()


def test_looking_leaves_no_log(study: StudyFolder) -> None:
    with sitting(study) as editor:
        assert not editor.can_undo
    assert not (study.codes_dir("one") / EPISODES_DIR).exists()


def test_who_changed_what_from_what_to_what(study: StudyFolder) -> None:
    with sitting(study, "AB") as editor:
        editor.set_ended_by("SF", "stop_rule")
    with sitting(study, "CD") as editor:
        editor.move_edge("SF", "offset", 200 * S)
        editor.undo()
    events = episode_events(study, "one")
    told = [(e.who, e.what, e.change.episode_id) for e in events]
    # RE touches SF there and follows.
    assert told == [
        ("AB", "changed", "SF"),
        ("CD", "changed", "SF"),
        ("CD", "changed", "RE"),
        ("CD", "taken back", "RE"),
        ("CD", "taken back", "SF"),
    ]
    assert events[0].change.before == Episode("SF", 120 * S, 240 * S)
    assert events[0].change.after == Episode("SF", 120 * S, 240 * S, "stop_rule")
    assert all(event.t.endswith("Z") for event in events)
    summary = verify_study(study)
    assert (summary.checked["logs"], summary.findings) == (2, [])


def test_the_second_of_two_at_once_is_told_and_sees_the_new_state(study: StudyFolder) -> None:
    with sitting(study, "AB") as first, sitting(study, "CD") as second:
        told: list[int] = []
        second.changed.connect(lambda: told.append(1))
        first.set_ended_by("PL", "technical")
        with pytest.raises(UsageError, match="changed the episodes meanwhile") as refused:
            second.move_edge("RE", "offset", 300 * S)
        # A coder is not to learn who else codes here.
        assert "AB" not in str(refused.value)
        assert told == [1]
        assert second.episodes == first.episodes
        assert stored(study)["PL"] == (0, 120, "technical")
        second.move_edge("RE", "offset", 300 * S)
        assert stored(study)["RE"] == (240, 300, "time")
        assert first.refresh()
        assert not first.refresh()


def test_what_somebody_changed_since_is_not_taken_back(study: StudyFolder) -> None:
    with sitting(study, "AB") as first:
        first.set_ended_by("PL", "technical")
    with sitting(study, "CD") as second:
        second.set_ended_by("PL", "caregiver")
    with sitting(study, "AB") as first:
        with pytest.raises(UsageError, match="PL was changed since"):
            first.undo()
        assert stored(study)["PL"] == (0, 120, "caregiver")
    with sitting(study, "CD") as second:
        second.undo()
    with sitting(study, "AB") as first:
        first.undo()
    assert stored(study)["PL"] == (0, 120, "time")


def refusing(*_: Any, **__: Any) -> None:
    raise StorageError("the disk is full", where="session.yaml")


@pytest.mark.parametrize("step", ["write_session", "append_group"])
def test_a_full_disk_changes_neither_file_nor_history(
    study: StudyFolder, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    target = "stillface.io.bundle.write_session"
    if step == "append_group":
        target = "stillface.io.code_log.CodeLog.append_group"
    with sitting(study) as editor:
        editor.set_ended_by("PL", "technical")
        before = stored(study)
        with monkeypatch.context() as patch:
            patch.setattr(target, refusing)
            with pytest.raises(StorageError, match="full"):
                editor.set_ended_by("SF", "technical")
        assert stored(study) == before
        assert editor.episodes[1].ended_by == "time"
        editor.undo()
        assert stored(study)["PL"] == (0, 120, "time")
    records, problem = read_log(study.codes_dir("one") / EPISODES_DIR / "AB.home-1111.jsonl")
    assert problem is None
    withdrawn = [r.why for r in records if r.why]
    assert withdrawn == (["could not be brought to session.yaml"] if step == "write_session" else [])


def _killed(root: Path, place: str) -> None:
    """Change an episode and die at a place of the change."""
    study = open_study(root)

    def die(*_: Any, **__: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    import stillface.io.bundle as bundle
    from stillface.review.episode_log import EpisodeLog

    with sitting(study) as editor:
        editor.set_ended_by("PL", "technical")
        if place == "before the file":
            bundle.write_session = die  # type: ignore[assignment]
        else:
            EpisodeLog.reached = die  # type: ignore[method-assign]
        editor.set_ended_by("SF", "caregiver")


def run_and_die(act: Callable[..., None], *arguments: Any) -> None:
    child = multiprocessing.get_context("fork").Process(target=act, args=arguments)
    child.start()
    child.join(30)
    assert child.exitcode == -signal.SIGKILL


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a forked process")
@pytest.mark.parametrize("place", ["before the file", "after the file"])
def test_killed_between_log_and_file(study: StudyFolder, place: str) -> None:
    run_and_die(_killed, study.root, place)
    came = place == "after the file"
    assert stored(study)["SF"] == (120, 240, "caregiver" if came else "time")
    with sitting(study) as editor:
        editor.set_ended_by("RE", "experimenter")
        editor.undo()
        if came:
            editor.undo()
        assert stored(study)["SF"] == (120, 240, "time")
        assert stored(study)["PL"] == (0, 120, "technical")
        editor.undo()
    assert stored(study)["PL"] == (0, 120, "time")


def _one_of_many(root: Path, coder: str, n: int) -> None:
    """Shorten the reunion second by second, looking anew whenever somebody was first."""
    with sitting(open_study(root), coder) as editor:
        done = 0
        while done < n:
            try:
                editor.move_edge("RE", "offset", editor.episodes[-1].offset_ns - S)
                done += 1
            except UsageError:
                continue


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_nobody_overwrites_anybody(study: StudyFolder) -> None:
    context = multiprocessing.get_context("fork")
    people = [context.Process(target=_one_of_many, args=(study.root, who, 15)) for who in ("AB", "CD")]
    for person in people:
        person.start()
    for person in people:
        person.join(60)
    assert [person.exitcode for person in people] == [0, 0]
    # Thirty changes of one second each: none is lost.
    assert stored(study)["RE"] == (240, 330, "time")
    assert sum(event.what == "changed" for event in episode_events(study, "one")) == 30
