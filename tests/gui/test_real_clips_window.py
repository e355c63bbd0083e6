"""Real clips in the window: the right frame everywhere, and the sound that goes with it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("napari", reason="the window needs the extra gui")

from stillface.domain.clock import NS_PER_S as S
from stillface.gui import session_window
from stillface.review.check_in import check_in
from stillface.review.package import check_out, pack_back, study_at

from .hands import press
from .real_clips import CLIPS, MAPS, Truth, decode, picture_of, study_of

pytestmark = pytest.mark.real

N_PLACES = 60
N_SOUNDS = 15
CARD_RATE_HZ = 48_000
# A block of compressed sound, 21 ms: stamps are not finer than that.
BLOCK = 1024


@pytest.fixture(params=CLIPS)
def clip(request: pytest.FixtureRequest, shared_data: Path) -> Path:
    return shared_data / "video" / str(request.param)


@pytest.fixture
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STILLFACE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NAPARI_CONFIG", str(tmp_path / "napari.yaml"))


@pytest.fixture
def window(clip: Path, tmp_path: Path, homes: None, qtbot: Any) -> Iterator[Any]:
    opened = session_window.open_window(study_of(clip, tmp_path / "study"), "one", "AB")
    qtbot.waitExposed(opened.main)
    yield opened
    opened.desk.document.close(abandon=True)
    opened.main.close()


def check(window: Any, truth: Truth) -> None:
    """Hold every camera's picture to the frame whose stamps hold the playhead."""
    time_ns = window.desk.playhead.time_ns
    for camera, clock_map in MAPS.items():
        expected = truth.frame_at(clock_map, time_ns)
        shown = window.films.shown[camera]
        if expected < 0:
            assert shown is None
            continue
        assert shown == expected or (shown is None and expected == len(truth.pictures) - 1)
        if shown is not None:
            assert picture_of(window.films.picture(camera)) == truth.pictures[expected]


def test_stepping_and_leaping_land_on_the_right_frame_everywhere(window: Any, clip: Path) -> None:
    truth, head, walk = decode(clip), window.desk.playhead, random.Random(clip.name)  # noqa: S311
    low_ns, high_ns = window.desk.grid.span_ns
    seen = set()
    check(window, truth)
    for _ in range(N_PLACES):
        before = truth.frame_at(MAPS["front"], head.time_ns)
        move = walk.choice(("Right", "Left", "leap", "leap", "second"))
        if move == "leap":
            head.seek(walk.randrange(low_ns, high_ns))
        elif move == "second":
            head.jump(walk.choice((-1, 1)))
        else:
            n = walk.randrange(1, 6)
            press(window, *[move] * n)
            expected = before + n * (1 if move == "Right" else -1)
            assert window.films.shown["front"] == min(max(expected, 0), len(truth.pictures) - 1)
        check(window, truth)
        seen.add(window.films.shown["front"])
    assert len(seen) >= 40


def test_every_frame_is_reached_once_by_stepping_on_and_back(window: Any, clip: Path) -> None:
    truth = decode(clip)
    n = min(len(truth.pictures), 60)
    for frames, key in ((range(1, n), "Right"), (range(n - 2, -1, -1), "Left")):
        for frame in frames:
            press(window, key)
            assert window.films.shown["front"] == frame
            assert picture_of(window.films.picture("front")) == truth.pictures[frame]


class Card:
    """A sound card that is turned by hand."""

    def __init__(self, rate_hz: int, fill: Any) -> None:
        assert rate_hz == CARD_RATE_HZ
        self.fill = fill

    def stop(self) -> None:
        """Nothing sounds."""


def loud_places_s(truth: Truth) -> list[float]:
    """Give where the next blocks are loud: silence would prove nothing."""
    places_s = np.arange(1.0, float(truth.onsets_s[-1]) - 0.5, 0.01)
    starts = (places_s * truth.rate_hz).astype(int)
    levels = [float(np.sqrt(np.mean(truth.sound[k : k + 4 * BLOCK] ** 2))) for k in starts]
    quiet = np.median(levels)
    return [float(s) for s, level in zip(places_s, levels, strict=True) if level > quiet]


def best_place(heard: np.ndarray, sound: np.ndarray, first: int) -> tuple[int, float]:
    """Give by how many samples what is heard is late, and its correlation with the film's sound there.

    A decoder that begins in the middle fills noise-like bands with noise of its own: equal it need not be.
    """
    found = []
    for late in range(-2 * BLOCK, 2 * BLOCK + 1):
        part = sound[first - late : first - late + heard.size]
        found.append((float(np.corrcoef(heard, part)[0, 1]) if part.any() and heard.any() else 0.0, late))
    likeness, late = max(found)
    return late, likeness


def test_what_the_sound_card_gets_is_the_film_s_own_sound_at_the_playhead(
    window: Any, clip: Path, qtbot: Any
) -> None:
    truth = decode(clip)
    if truth.sound is None:
        assert window.signals.player.silent_because == "no sound in the film"
        return
    for camera in MAPS:
        listen(window, truth, camera, random.Random(clip.name), qtbot)  # noqa: S311


def listen(window: Any, truth: Truth, camera: str, walk: random.Random, qtbot: Any) -> None:
    """Hold what a camera's sound card is handed to the clip's sound, at places where it is loud."""
    head, player = window.desk.playhead, window.signals.player
    cards: list[Card] = []
    now = [0]
    head._now_ns = player._now_ns = lambda: now[0]
    player._open = lambda rate_hz, fill: cards.append(Card(rate_hz, fill)) or cards[-1]
    player.choose(camera)
    clock_map = MAPS[camera]
    loud = loud_places_s(truth)
    for _ in range(N_SOUNDS):
        played_ns, wait_s = walk.randrange(S // 2), walk.choice((0.0, 0.04, 0.1))
        local_ns = round((walk.choice(loud) - wait_s) * S) - played_ns
        head.seek(int(clock_map.to_session(local_ns)))
        head.play()
        now[0] += played_ns
        head.tick()
        qtbot.waitUntil(lambda w=wait_s: player._feeds[camera].ready(player.film_ns(w + 0.1)), timeout=20_000)
        qtbot.waitUntil(lambda w=wait_s: player._feeds[camera].ready(player.film_ns(w)), timeout=20_000)
        heard = np.zeros(4 * BLOCK, np.float32)
        cards[-1].fill(heard, wait_s)
        # The film's time of the moment at which it is heard, in exact fractions.
        due_ns = head.time_ns + round(wait_s * S)
        local_s = Fraction(due_ns - clock_map.offset_ns, S) / (1 + Fraction(clock_map.drift_ppm) / 10**6)
        late, likeness = best_place(heard / player.volume, truth.sound, int(local_s * truth.rate_hz))
        assert abs(late) <= BLOCK, f"{late} samples late at {float(local_s):.3f} s"
        assert likeness > 0.95, f"another sound at {float(local_s):.3f} s"
        head.pause()


def test_a_package_with_a_real_film_is_coded_elsewhere_and_checked_in(
    shared_data: Path, tmp_path: Path, homes: None, monkeypatch: pytest.MonkeyPatch, qtbot: Any
) -> None:
    path = shared_data / "video" / CLIPS[0]
    lab, truth = study_of(path, tmp_path / "lab"), decode(path)
    check_out(lab, "one", "AB", tmp_path / "stick.zip")
    monkeypatch.setenv("STILLFACE_HOME", str(tmp_path / "laptop-home"))
    (tmp_path / "laptop").mkdir()
    (tmp_path / "stick.zip").rename(tmp_path / "laptop" / "stick.zip")
    away = study_at(tmp_path / "laptop" / "stick.zip")
    window = session_window.open_window(away, "one", "AB")
    qtbot.waitExposed(window.main)
    press(window, "S", *["Right"] * 40, "D", *["Right"] * 20, "Return")
    check(window, truth)
    edges = window.desk.grid.edges_ns
    window.main.close()
    pack_back(away, tmp_path / "back.zip")
    result = check_in(lab, tmp_path / "back.zip")
    assert (result.coder, result.n_conflicts) == ("AB", 0)
    monkeypatch.setenv("STILLFACE_HOME", str(tmp_path / "home"))
    again = session_window.open_window(lab, "one", "AB")
    (lane,) = [lane for lane in again.desk.document.lanes.values() if lane.bouts]
    assert [(b.onset_ns, b.end_ns, b.code) for b in lane.bouts] == [
        (int(edges[0]), int(edges[40]), "neu"),
        (int(edges[40]), int(edges[60]), "pos"),
    ]
    again.main.close()
