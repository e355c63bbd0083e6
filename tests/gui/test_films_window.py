"""Films that are missing, damaged, replaced or slow: the window says what, and coding goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("napari", reason="the window needs the extra gui")
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from fixtures.videos import cut, moov_first
from stillface.domain.recording import Region
from stillface.errors import InputError, StorageError
from stillface.gui.film_stand_in import FilmStandIn
from stillface.gui.session_media import make_quick_copy, open_quick_copy
from stillface.pipeline.accept import accept_films
from stillface.video.encode import write_video
from stillface.video.proxy import ProxySource

from .conftest import RATE, number_in, picture
from .hands import FRAME, INFANT, bouts, press


def film(study: Any, name: str = "a") -> Path:
    return Path(study.root / "media" / f"{name}.mp4")


def overlay(window: Any) -> str:
    label = window.canvas.findChild(object, "film troubles")
    return str(label.text()) if label.isVisible() else ""


def numbers(window: Any) -> tuple[int, int]:
    """Give the number of the frame that should be on screen, and the one that the picture carries."""
    return window.films.shown["front"], number_in(window.films.picture("front"))


@pytest.fixture
def slow(study: Any) -> Any:
    """Give a study whose first film has one key frame in 20 s."""
    write_video(film(study), (picture(k) for k in range(500)), RATE, gop=500)
    return study


def test_a_quick_copy_is_in_use_at_once_and_nothing_moves(
    slow: Any, open_window: Callable[..., Any], qtbot: Any
) -> None:
    window = open_window()
    press(window, "S", *["Right"] * 137)
    head, before = window.desk.playhead, window.films._sources["front"]
    onset_ns, edges_ns, view = head.time_ns, before.clock.edges_ns, window.timeline.view
    said: list[str] = []
    window.desk.said.connect(said.append)
    QTest.mouseClick(window.signals.copy_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not window.signals.copy_button.isVisible(), timeout=60_000)
    assert said[-1] == "quick copies are made and in use; you are where you were"
    now = window.films._sources["front"]
    assert isinstance(now._source, ProxySource)
    assert (head.time_ns, window.timeline.view) == (onset_ns, view)
    assert np.array_equal(now.clock.edges_ns, edges_ns)
    assert numbers(window) == (137, 137)
    press(window, "Left", "Left", "Left")
    assert numbers(window) == (134, 134)
    head.seek(420 * FRAME)
    assert numbers(window) == (420, 420)
    press(window, "Home", "D")
    assert [code for *_, code in bouts(window, INFANT)] == ["pos"]


def test_a_quick_copy_is_taken_while_the_film_plays(
    slow: Any, open_window: Callable[..., Any], qtbot: Any
) -> None:
    window = open_window()
    session = window.desk.document.session
    make_quick_copy(slow, session, "front")
    press(window, "Space")
    qtbot.waitUntil(lambda: (window.films.shown["front"] or 0) > 3, timeout=10_000)
    window.films.swap("front", open_quick_copy(slow, session, "front"))
    at = window.films.shown["front"]
    qtbot.waitUntil(lambda: (window.films.shown["front"] or 0) > at + 3, timeout=10_000)
    press(window, "Space")
    shown, carried = numbers(window)
    assert shown == carried == window.desk.playhead.time_ns // FRAME


def test_a_copy_of_another_film_is_refused_and_the_film_stays(
    study: Any, open_window: Callable[..., Any], tmp_path: Path
) -> None:
    from stillface.video import open_video

    window = open_window()
    press(window, *["Right"] * 7)
    write_video(tmp_path / "other.mp4", (picture(0) for _ in range(40)), Fraction(25))
    before = window.films._sources["front"]
    with pytest.raises(InputError, match="not a copy of this film"):
        window.films.swap("front", open_video([tmp_path / "other.mp4"], None))
    assert window.films._sources["front"] is before
    press(window, "Right")
    assert numbers(window) == (8, 8)


def test_a_quick_copy_hides_what_the_film_hides(slow: Any) -> None:
    session = slow.load_session("one")
    make_quick_copy(slow, session, "front")
    with open_quick_copy(slow, session, "front", {"front": Region(0, 0, 0.5, 1)}) as masked:
        shown = masked.frame(0b1111_1111)
    assert shown[:, :64].max() > 200
    assert len(np.unique(shown[:, 64:])) == 1


def test_quick_copies_are_offered_made_in_the_background_and_can_be_stopped(
    open_window: Callable[..., Any], qtbot: Any
) -> None:
    window, made = open_window(), []

    def make(camera: str, said: Callable[[float], object]) -> None:
        for k in range(10):
            said(k / 10)
            time.sleep(0.02 if camera != "side" else 0)
        made.append(camera)

    said: list[str] = []
    window.desk.said.connect(said.append)
    used: list[str] = []
    window.signals.offer_copies(("front", "side"), make, used.append)
    button = window.signals.copy_button
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: button.text() == "Make quick copies", timeout=30_000)
    assert made == []
    assert said[-1] == "no quick copy: you stopped it"
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not button.isVisible(), timeout=30_000)
    assert made == used == ["front", "side"]
    assert "in use" in said[-1]


def test_a_copy_that_cannot_be_used_at_once_is_used_from_the_next_opening_on(
    open_window: Callable[..., Any], qtbot: Any
) -> None:
    def use(_camera: str) -> None:
        raise StorageError("the share is gone")

    window = open_window()
    said: list[str] = []
    window.desk.said.connect(said.append)
    window.signals.offer_copies(("front",), lambda _camera, _said: None, use)
    QTest.mouseClick(window.signals.copy_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not window.signals.copy_button.isVisible(), timeout=30_000)
    assert said[-1] == "quick copies are made and used from the next opening on (the share is gone)"


def gone(study: Any) -> None:
    film(study, "b").unlink()


def cut_short(study: Any) -> None:
    whole = moov_first(film(study, "b"), study.root / "media" / "first.mp4")
    film(study, "b").unlink()
    cut(whole, film(study, "b"), 0.6)


def no_film(study: Any) -> None:
    film(study, "b").write_text("not a film at all")


@pytest.mark.parametrize(
    ("harm", "what"), [(gone, "this file is not in the study"), (cut_short, "cut short"), (no_film, "")]
)
def test_with_one_film_missing_or_unfit_the_other_is_coded_from(
    study: Any, open_window: Callable[..., Any], harm: Callable[[Any], None], what: str
) -> None:
    harm(study)
    window = open_window()
    assert overlay(window).startswith("no picture of side: ")
    assert what in overlay(window)
    assert "\n" not in overlay(window)
    assert str(study.root) not in overlay(window)
    press(window, "S", *["Right"] * 20, "D", *["Right"] * 10, "Return")
    assert bouts(window, INFANT) == [(0, 20, "neu"), (20, 30, "pos")]
    assert numbers(window) == (30, 30)


def test_without_any_film_codes_are_still_seen_and_made(study: Any, open_window: Callable[..., Any]) -> None:
    film(study).unlink()
    film(study, "b").unlink()
    window = open_window()
    assert overlay(window).splitlines() == [
        "no picture of front: this file is not in the study",
        "no picture of side: this file is not in the study",
    ]
    press(window, "S", *["Right"] * 25, "Return", "Space")
    QTest.qWait(100)
    press(window, "Space")
    assert bouts(window, INFANT) == [(0, 25, "neu")]
    (stand_in,) = window.canvas.findChildren(FilmStandIn)
    assert stand_in.isVisible()
    assert not window._canvas.canvas.native.isVisible()
    window.desk.playhead.seek(10 * FRAME)
    assert stand_in.head() == "No film   PL   0:00.400"
    assert stand_in.lines()[0][:2] == ("infant: Affect in three levels (you)", "S   Neutral")
    window.desk.playhead.seek(30 * FRAME)
    assert stand_in.lines()[0][1] == ""
    press(window, "D", "Right")
    assert stand_in.lines()[0][1] == "D   Positive"
    press(window, "Return")
    assert stand_in.lines()[0][1] == ""
    assert window.main.close()


def test_a_film_replaced_by_another_is_told_of_once_something_was_coded(
    study: Any, open_window: Callable[..., Any]
) -> None:
    window = open_window()
    assert overlay(window) == ""
    window.main.close()
    write_video(film(study), (picture(k) for k in range(450)), RATE)
    # Nobody has coded: which film it is has no consequence yet.
    window = open_window()
    assert overlay(window) == ""
    press(window, "S", *["Right"] * 10, "Return")
    window.main.close()
    write_video(film(study), (picture(k) for k in range(400)), RATE)
    window = open_window()
    assert overlay(window) == (
        "front is another film than the one that was coded: 450 frames in 18.0 s then, 400 in 16.0 s now; "
        "ask your lab manager before you code on (meant to be? stillface verify STUDY --accept-film one)"
    )
    press(window, "Home", "D")
    assert [code for *_, code in bouts(window, INFANT)] == ["pos"]
    window.main.close()
    write_video(film(study), (picture(499 - k) for k in range(450)), RATE)
    # Other pictures at the same times: codes lie where they lay, as after converting the film.
    window = open_window()
    assert overlay(window) == ""
    window.main.close()
    write_video(film(study), (picture(k) for k in range(400)), RATE)
    done = {one.camera: one.warning for one in accept_films(study, "one", who="MK", why="cut anew")}
    assert done["front"] == "AB coded front on another film: 450 frames in 18.0 s then, 400 in 16.0 s now"
    assert set(done.values()) == {done["front"], ""}
    assert overlay(open_window()) == ""


def test_a_damaged_stretch_is_blank_and_said_and_coding_goes_on(
    study: Any, open_window: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, qtbot: Any
) -> None:
    window = open_window()
    source = window.films._sources["front"]._source
    whole = source.frame

    def damaged(index: int) -> Any:
        if 20 <= index < 60:
            raise InputError("a frame of the film is damaged", where="a.mp4")
        return whole(index)

    monkeypatch.setattr(source, "frame", damaged)
    said: list[str] = []
    window.desk.said.connect(said.append)
    press(window, *["Right"] * 25)
    assert "no picture: front: a frame of the film is damaged" in said
    assert len(np.unique(window.films.picture("front"))) == 1
    press(window, "D")
    assert bouts(window, INFANT) == [(25, 26, "pos")]
    # Playing through it: blank in it, pictures again behind it.
    press(window, "Left", *["Left"] * 10)
    assert len(np.unique(window.films.picture("front"))) > 1
    window.desk.playhead.set_speed(0.5)
    press(window, "Space")
    qtbot.waitUntil(lambda: len(np.unique(window.films.picture("front"))) == 1, timeout=10_000)
    assert window.desk.playhead.time_ns >= 20 * FRAME
    qtbot.waitUntil(lambda: (window.films.shown["front"] or 0) > 65, timeout=20_000)
    press(window, "Space")
    assert window.films.trouble == ""
    assert numbers(window)[0] == numbers(window)[1]
