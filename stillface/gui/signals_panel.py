"""The dock under the timeline: signals, what was corrected and whether it is saved, and waveforms."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from stillface.audio.waveform import Waveform
from stillface.domain.clock import ClockMap
from stillface.errors import StillfaceError
from stillface.gui.dress import dress
from stillface.gui.palette import Theme
from stillface.gui.physio_plot import PhysioPlot
from stillface.gui.timeline_widget import TimelineWidget
from stillface.review.beats import BeatDesk
from stillface.review.desk import Desk
from stillface.review.physiology import Physiology

__all__ = ["MakeWaveform", "SignalsPanel"]

MakeWaveform = Callable[[], Waveform]

_LEGEND = "▽ beat   ▼ judged by you   ? doubtful   E ectopic   X extra"
_POLL_MS = 100


class SignalsPanel(QWidget):
    """Signals of a session with a line about them.

    Parameters
    ----------
    desk : Desk
    timeline : TimelineWidget
    physiology : Physiology
    theme : Theme
    sounds : mapping of str to (callable, ClockMap)
        By camera: makes its waveform, in a thread of its own.

    Attributes
    ----------
    plot : PhysioPlot
    """

    def __init__(
        self,
        desk: Desk,
        timeline: TimelineWidget,
        physiology: Physiology,
        theme: Theme,
        sounds: Mapping[str, tuple[MakeWaveform, ClockMap]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.desk, self.theme, self._why = desk, theme, physiology.why
        self.plot = PhysioPlot(desk, timeline, physiology, theme, tuple(sounds))
        self.line, self.status = QLabel(), QPushButton()
        dress(self.line, theme, "color: $faint;")
        self._lay_out()
        self._sounds = dict(sounds)
        self._made: dict[str, Waveform | None] = {}
        self._poll = QTimer(self)
        self._poll.setInterval(_POLL_MS)
        self._poll.timeout.connect(self._collect)
        if self._sounds:
            threading.Thread(target=self._make, name="waveforms", daemon=True).start()
            self._poll.start()
        self._leave = (
            []
            if self.beats is None
            else [
                self.beats.changed.connect(self.show_state),
                self.beats.said.connect(desk.said.emit),
            ]
        )
        self.show_state()
        for notice in () if self.beats is None else self.beats.notices:
            desk.said.emit(notice)

    def _lay_out(self) -> None:
        self.status.setFlat(True)
        self.status.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.status.setAccessibleName("Whether your corrections are saved")
        self.status.clicked.connect(self._retry)
        top = QHBoxLayout()
        top.addWidget(self.line)
        top.addStretch(1)
        top.addWidget(self.status)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 2)
        whole.setSpacing(1)
        whole.addLayout(top)
        whole.addWidget(self.plot, 1)

    @property
    def beats(self) -> BeatDesk | None:
        """The desk for beats, or None where the session has none."""
        return self.plot.beats

    def show_state(self) -> None:
        """Tell what was corrected, and whether it is saved."""
        beats = self.beats
        self.status.setVisible(beats is not None)
        if beats is None:
            self.line.setText("  " + self._why)
            return
        now = beats.now(beats.active.id).corrected
        counts = (
            ("added", now.n_added),
            ("removed", now.n_removed),
            ("moved", now.n_moved),
            ("confirmed", now.n_confirmed),
            ("bad stretch" if len(now.bad) == 1 else "bad stretches", len(now.bad)),
        )
        done = ", ".join(f"{n} {name}" for name, n in counts if n) or "nothing corrected"
        self.line.setText(f"  {beats.active.signal.role} beats: {done}      {_LEGEND}")
        good = beats.status == "saved"
        self.status.setText(beats.status)
        self.status.setToolTip("Every correction is on the disk" if good else "Try again to save")
        colours = "background: $background; color: $text;" if good else "background: #D55E00; color: #000000;"
        dress(self.status, self.theme, f"{colours} border: none; padding: 2px 8px; font-weight: bold;")

    def close_signals(self, *, abandon: bool = False) -> None:
        """End the sitting at the beats; raises StorageError and stays open while something is unsaved."""
        if self.beats is not None:
            self.beats.close(abandon=abandon)
        self._poll.stop()
        self.plot.close_signals()
        for leave in self._leave:
            leave()

    def _retry(self) -> None:
        if self.beats is not None and self.beats.status != "saved":
            try:
                self.beats.retry()
            except StillfaceError as error:
                self.desk.said.emit(error.what)

    def _make(self) -> None:
        """Make the waveforms one after the other, away from the window's thread."""
        for camera, (make, _) in tuple(self._sounds.items()):
            try:
                self._made[camera] = make()
            except StillfaceError:
                self._made[camera] = None

    def _collect(self) -> None:
        for camera in [camera for camera in self._made if camera in self._sounds]:
            _, clock_map = self._sounds.pop(camera)
            waveform = self._made[camera]
            if waveform is None:
                self.desk.said.emit(f"{camera}: the sound cannot be read")
            else:
                self.plot.set_waveform(camera, waveform, clock_map)
        if not self._sounds:
            self._poll.stop()
