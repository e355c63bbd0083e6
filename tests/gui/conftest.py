"""A window on a study with two small films; needs a display (Xvfb will do)."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stillface.domain.clock import NS_PER_S as S
from stillface.domain.clock import ClockMap
from stillface.domain.provenance import Provenance
from stillface.domain.recording import WHOLE, VideoRecording
from stillface.domain.session import Episode, Session
from stillface.domain.states import StateTrack
from stillface.domain.study import Person, Study

RATE = Fraction(25)
N_FRAMES = 500


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    no_display = sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
    mark = pytest.mark.skip(reason="no display: run under xvfb-run -a")
    for item in items:
        if no_display and Path(__file__).parent in item.path.parents:
            item.add_marker(mark)


@pytest.fixture(autouse=True)
def _no_box_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a message box that no test answers fail the test instead of holding it up."""
    from stillface.gui.trouble import TroubleBox

    def unanswered(box: TroubleBox) -> int:
        pytest.fail(f"a message box that nobody answers: {box.text()}")

    monkeypatch.setattr(TroubleBox, "exec", unanswered)


def picture(frame: int) -> np.ndarray:
    """Draw a frame that carries its number as sixteen black or white blocks."""
    image = np.full((64, 128, 3), 60, np.uint8)
    for bit in range(16):
        row, column = divmod(bit, 8)
        image[row * 32 : row * 32 + 32, column * 16 : column * 16 + 16] = 255 if frame >> bit & 1 else 0
    return image


def number_in(image: np.ndarray) -> int:
    """Read the number that a picture carries."""
    return sum((int(image[bit // 8 * 32 + 16, bit % 8 * 16 + 8, 1]) > 128) << bit for bit in range(16))


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from stillface.video.encode import write_video

    folder = tmp_path_factory.mktemp("films")
    write_video(folder / "film.mp4", (picture(k) for k in range(N_FRAMES)), RATE, gop=25)
    return folder / "film.mp4"


@pytest.fixture
def study(tmp_path: Path, films: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    from stillface.io.artefacts import save_state_track
    from stillface.io.bundle import create_study

    monkeypatch.setenv("STILLFACE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NAPARI_CONFIG", str(tmp_path / "napari.yaml"))
    persons = {"infant": "p1", "caregiver": "p2"}
    schemes = dict.fromkeys(persons, ("affect3",))
    people = tuple(Person(person) for person in persons.values())
    folder = create_study(
        tmp_path / "study", Study("s", "ffsf_2_2_2", schemes=schemes, persons=people, coders=("AB", "CD"))
    )
    for name in ("a", "b"):
        (folder.root / "media" / f"{name}.mp4").write_bytes(films.read_bytes())
    videos = (
        VideoRecording("front", ("media/a.mp4",), {"infant": WHOLE}),
        VideoRecording("side", ("media/b.mp4",), {"caregiver": WHOLE}, ClockMap(200_000_000)),
    )
    episodes = (Episode("PL", 0, 10 * S), Episode("SF", 10 * S, 20 * S))
    folder.add_session(Session("one", "d1", folder.protocol(), episodes, persons=persons, recordings=videos))
    edges = np.arange(0, 31, dtype=np.int64) * 15 * (S // 25)
    track = StateTrack(
        folder.scheme("affect3"),
        "infant",
        "auto:affect@1",
        edges,
        np.arange(30) % 3,
        np.linspace(0.1, 0.7, 30),
    )
    save_state_track(folder.auto_dir("one") / "infant.affect3.h5", track, Provenance("code", {}, {}, "0"))
    return folder


@pytest.fixture
def open_window(qtbot: object, study: object) -> Iterator[Callable[..., object]]:
    from stillface.gui import session_window

    opened = []

    def open_(**settings: object) -> object:
        window = session_window.open_window(study, "one", "AB", **settings)  # type: ignore[arg-type]
        opened.append(window)
        qtbot.waitExposed(window.main)  # type: ignore[attr-defined]
        return window

    yield open_
    for window in opened:
        if not window.closed:
            window.desk.document.close(abandon=True)
            window.main.close()


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[list[str]], Any]]:
    """Begin a sitting as ``stillface-gui`` does with these arguments; give its window, None without one.

    What a test patches stays patched until the windows are closed.
    """
    from qtpy.QtWidgets import QApplication

    from stillface.gui import sitting
    from stillface.gui.launch import parse

    begun: list[Any] = []

    def open_(arguments: list[str]) -> Any:
        begun.append(sitting.begin(parse(arguments)))
        return begun[-1].window

    yield open_
    for found in begun:
        if found.window is not None:
            found.window.desk.document.close(abandon=True)
            found.quit()
    QApplication.processEvents()
