"""What surrounds coding in the window: marks on the films, episodes, ratings, habits, tour, coming back."""

from __future__ import annotations

import threading
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import QByteArray, QObject, QTimer
from qtpy.QtWidgets import QMenu

from stillface.domain.faces import FaceTrack
from stillface.errors import InputError, StorageError
from stillface.gui.episode_dialog import EpisodeDialog
from stillface.gui.habits_dialog import HabitsDialog
from stillface.gui.my_keys import offer_keys
from stillface.gui.overlays import Overlays
from stillface.gui.rating_dialog import RatingDialog
from stillface.gui.tour import Tour
from stillface.gui.tour_steps import mark_toured, tour_steps
from stillface.gui.window import CodingWindow
from stillface.io.bundle import StudyFolder
from stillface.review.episodes import EpisodeEditor
from stillface.review.face_marks import MARKS
from stillface.review.face_tracks import load_face_tracks
from stillface.review.install import keep_setting, setting
from stillface.review.place import Place, load_place, place_of, save_place, take_place

__all__ = ["SessionTools"]

_DOCKS_VERSION = 2
_POLL_MS = 100
_PLACE_MS = 5_000
_GEOMETRY = "window"


class SessionTools(QObject):
    """Adds itself to a window: a menu, keys, timers.

    Parameters
    ----------
    window : CodingWindow
    study : StudyFolder
    blind : bool
        No marks on the films: they are a machine's.
    only_role : str
        Marks of this role's face only.

    Attributes
    ----------
    overlays : Overlays or None
        None until the tracks are read, and where there are none.
    episodes : EpisodeEditor
    """

    def __init__(
        self, window: CodingWindow, study: StudyFolder, *, blind: bool = False, only_role: str = ""
    ) -> None:
        super().__init__(window)
        self.window, self._study, self._only_role = window, study, only_role
        self.blind = blind
        self.overlays: Overlays | None = None
        self.marks: dict[str, bool] = dict.fromkeys(MARKS, True)
        self.episodes = EpisodeEditor(study, window.desk.document)
        self.episodes.changed.connect(window.timeline.redraw)
        window.timeline.episodes = self.episodes
        self.episode_dialog: EpisodeDialog | None = None
        self.rating_dialog: RatingDialog | None = None
        self.tour: Tour | None = None
        self._read: tuple[tuple[tuple[FaceTrack, npt.NDArray[np.bool_]], ...], tuple[str, ...]] | None = None
        self._come_back()
        self._make_menu()
        window.own_actions["marks"] = self.toggle_marks
        window.ending.connect(self._end)
        self._keeper = self._every(_PLACE_MS, self.keep_place)
        self._poll = self._every(_POLL_MS, self._collect)
        if blind:
            self._poll.stop()
        else:
            threading.Thread(target=self._load, name="face tracks", daemon=True).start()

    def _every(self, interval_ms: int, act: Callable[[], object]) -> QTimer:
        timer = QTimer(self)
        timer.setInterval(interval_ms)
        timer.timeout.connect(act)
        timer.start()
        return timer

    def _make_menu(self) -> None:
        self.window.own_actions.update(
            {"episodes": self.show_episodes, "ratings": self.show_ratings, "tour": self.show_tour}
        )
        self.window.menu.offer("How I code…", "", self.ask_habits, first=True)
        offer_keys(self.window)
        self.mark_actions: dict[str, Any] = {}
        if self.blind:
            return
        marks = QMenu("Marks on the picture", self.window.main)
        self.window.menus.view.addMenu(marks)
        for name, label in MARKS.items():
            action: Any = marks.addAction(label)
            action.setCheckable(True)
            action.setChecked(self.marks[name])
            action.toggled.connect(lambda on, name=name: self.set_mark(name, on))
            self.mark_actions[name] = action

    def set_mark(self, name: str, on: bool) -> None:
        """Draw or hide one kind of mark."""
        self.marks[name] = on
        if self.overlays is not None:
            self.overlays.set_shown(name, on)

    def toggle_marks(self) -> None:
        """Hide every mark, or show them all."""
        if self.blind:
            self.window.desk.said.emit("you code blind: there are no marks")
            return
        on = not any(self.marks.values())
        for action in self.mark_actions.values():
            action.setChecked(on)

    def _load(self) -> None:
        session = self.window.desk.document.session
        self._read = load_face_tracks(self._study, session.session_id, self._only_role)

    def _collect(self) -> None:
        """Draw the marks once the tracks are read: reading them must not hold the window up."""
        if self._read is None:
            return
        self._poll.stop()
        (tracks, troubles), self._read = self._read, None
        for trouble in troubles:
            self.window.desk.said.emit(trouble)
        if not tracks:
            return
        self.overlays = Overlays(self.window.viewer, self.window.films, tracks, self.marks)
        for recording in self.overlays.left_out:
            self.window.desk.said.emit(f"no marks on {recording}: the film has changed since it was tracked")
        self.window.desk.playhead.moved.connect(lambda _time: self._draw())
        self.window.desk.playhead.played.connect(self._draw)
        self._draw()

    def _draw(self) -> None:
        if self.overlays is not None and not self.window.closed:
            self.overlays.show()

    def show_episodes(self) -> None:
        """Open the episodes beside the window."""
        if self.episode_dialog is None or not self.episode_dialog.isVisible():
            self.episode_dialog = EpisodeDialog(
                self.window.desk, self.episodes, self.window.theme, self.window.main
            )
        self.episode_dialog.show()
        self.episode_dialog.raise_()

    def show_ratings(self) -> None:
        """Open the rating forms beside the window."""
        self.rating_dialog = RatingDialog(self.window.desk, self.window.theme, self.window.main)
        self.rating_dialog.show()

    def ask_habits(self) -> None:
        """Ask how one likes to code."""
        dialog = HabitsDialog(self.window.desk.habits, self.window.theme, self.window.main)
        if dialog.exec() == HabitsDialog.DialogCode.Accepted:
            self.window.attempt(lambda: self.window.desk.set_habits(dialog.habits))

    def show_tour(self) -> None:
        """Walk around the window."""
        if self.tour is not None:
            self.tour.finish()
        window = self.window
        self.tour = tour = Tour(tour_steps(window), window.theme, window.main, window.canvas, self._toured)
        # As long as it is shown its keys come before what they mean otherwise.
        window.first_keys.update({"Return": tour.go_on, "Esc": tour.finish})

    def _toured(self) -> None:
        self.tour = None
        self.window.first_keys.clear()
        mark_toured()

    def _names(self) -> tuple[str, str, str]:
        document = self.window.desk.document
        return self._study.study.study_id, document.session.session_id, document.coder

    def _come_back(self) -> None:
        # How large the window is belongs to the screen it is on, whatever the session.
        self.window.main.restoreGeometry(QByteArray.fromBase64(setting(_GEOMETRY).encode()))
        try:
            place = load_place(*self._names())
        except InputError as error:
            self.window.desk.said.emit(error.what)
            return
        if place is not None:
            self._take(place)

    def _take(self, place: Place) -> None:
        self.marks.update({name: on for name, on in place.marks.items() if name in MARKS})
        if place.docks:
            state = QByteArray(b64decode(place.docks, validate=False))
            self.window.main.restoreState(state, _DOCKS_VERSION)
        take_place(self.window.desk, place)
        self.window.timeline.return_to(place.view_onset_ns, place.ns_per_px)

    def keep_place(self) -> None:
        """Note where the coder is; what cannot be noted is no reason to disturb them."""
        docks = b64encode(bytes(self.window.main.saveState(_DOCKS_VERSION).data())).decode("ascii")
        place = place_of(self.window.desk, self.window.timeline.view, self.marks, docks)
        try:
            save_place(*self._names(), place)
        except StorageError as error:
            self.window.note(f"where you are could not be noted: {error.what}")

    def _end(self) -> None:
        for timer in (self._keeper, self._poll):
            timer.stop()
        self.keep_place()
        geometry = bytes(self.window.main.saveGeometry().toBase64().data()).decode("ascii")
        try:
            keep_setting(_GEOMETRY, geometry)
        except StorageError as error:
            self.window.note(f"how large the window is could not be noted: {error.what}")
        for dialog in (self.episode_dialog, self.rating_dialog):
            if dialog is not None:
                dialog.close()
