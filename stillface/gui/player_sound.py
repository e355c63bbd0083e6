"""The film's sound beside its pictures: at normal speed, from one camera, or silent with the reason said."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QSlider, QWidget

from stillface.audio.feed import SoundFeed
from stillface.audio.sound import Sound
from stillface.domain.clock import NS_PER_S, ClockMap
from stillface.gui.dress import dress
from stillface.gui.palette import Theme
from stillface.review.playhead import Playhead
from stillface.review.signals import Signal

__all__ = ["NoDeviceError", "SoundBar", "SoundPlayer"]

Fill = Callable[[npt.NDArray[np.float32], float], None]


class NoDeviceError(Exception):
    """There is nothing to play sound with."""


class Stream(Protocol):
    """An open sound card."""

    def stop(self) -> None:
        """Be silent, and let go of the card."""


def open_stream(rate_hz: int, fill: Fill) -> Stream:
    """Open the computer's sound card; raises NoDeviceError.

    ``fill`` is called from another thread with the samples to be set, and the seconds until they are heard.
    """
    try:
        import sounddevice  # type: ignore[import-untyped]
    except ImportError as error:
        raise NoDeviceError("silent: sound needs the package sounddevice") from error
    except OSError as error:
        raise NoDeviceError("silent: this computer has no sound library (PortAudio)") from error

    def give(out: npt.NDArray[np.float32], _n: int, times: Any, _status: object) -> None:
        fill(out[:, 0], max(times.outputBufferDacTime - times.currentTime, 0.0))

    try:
        stream = sounddevice.OutputStream(samplerate=rate_hz, channels=1, dtype="float32", callback=give)
        stream.start()
    except (sounddevice.PortAudioError, ValueError) as error:
        raise NoDeviceError("silent: no sound device on this computer") from error

    class Card:
        def stop(self) -> None:
            stream.abort()
            stream.close()

    return Card()


class SoundPlayer:
    """Lets the sound follow the playhead.

    Parameters
    ----------
    playhead : Playhead
    sounds : mapping of str to (Sound, ClockMap)
        By camera; only cameras that have sound.
    open_card : callable
        Opens a sound card; replaced in tests.
    now_ns : callable
        The playhead's own monotonic clock.

    Attributes
    ----------
    camera : str
        Whose sound is heard; empty where no film has any.
    volume : float
        0 to 1.
    muted : bool
    changed : Signal
        Called when what is heard, or why nothing is, changes.
    """

    def __init__(
        self,
        playhead: Playhead,
        sounds: Mapping[str, tuple[Sound, ClockMap]],
        open_card: Callable[[int, Fill], Stream] = open_stream,
        now_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._head, self._sounds, self._open = playhead, dict(sounds), open_card
        self._now_ns = now_ns
        self._feeds: dict[str, SoundFeed] = {}
        self._stream: Stream | None = None
        self._anchor = (playhead.time_ns, now_ns())
        self._no_device = ""
        self.camera = next(iter(self._sounds), "")
        self.volume, self.muted = 0.8, False
        self.changed: Signal[[]] = Signal()
        self._leave = (playhead.moved.connect(self._note), playhead.played.connect(self.follow))

    @property
    def cameras(self) -> tuple[str, ...]:
        """Cameras whose films have sound."""
        return tuple(self._sounds)

    @property
    def sounding(self) -> bool:
        """Whether sound goes to the card now."""
        return self._stream is not None

    @property
    def silent_because(self) -> str:
        """Why nothing would be heard while playing; empty where sound is heard."""
        if not self._sounds:
            return "no sound in the film"
        if self._no_device:
            return self._no_device
        if self.muted:
            return "muted"
        if self._head.playing and self._head.speed != 1.0:
            return f"silent at {self._head.speed:g}x"
        feed = self._feeds.get(self.camera)
        return "" if feed is None else feed.trouble

    def choose(self, camera: str) -> None:
        """Hear another camera."""
        self.camera = camera
        self._stop()
        self.follow()

    def mute(self, on: bool) -> None:
        """Be silent, or not."""
        self.muted = on
        self.follow()

    def follow(self) -> None:
        """Begin, go on or stop as the playhead does."""
        self._note(self._head.time_ns)
        if self._head.playing and self._head.speed == 1.0 and not self.muted and self._sounds:
            if self._stream is None and not self._no_device:
                self._start()
        else:
            self._stop()
        self.changed.emit()

    def close(self) -> None:
        """Stop and let go of everything."""
        for leave in self._leave:
            leave()
        self._stop()
        for feed in self._feeds.values():
            feed.close()
        self._feeds.clear()

    def film_ns(self, wait_s: float = 0.0) -> int:
        """Give the film's time that is due in some seconds, by the chosen camera's clock."""
        time_ns, at_ns = self._anchor
        session_ns = time_ns + self._now_ns() - at_ns + round(wait_s * NS_PER_S)
        return int(self._sounds[self.camera][1].to_local(session_ns))

    def _note(self, time_ns: int) -> None:
        self._anchor = (time_ns, self._now_ns())
        if self._stream is not None:
            self._feeds[self.camera].aim(self.film_ns())

    def _start(self) -> None:
        sound = self._sounds[self.camera][0]
        feed = self._feeds.setdefault(self.camera, SoundFeed(sound))
        feed.begin(self.film_ns())

        def fill(out: npt.NDArray[np.float32], wait_s: float) -> None:
            out[:] = feed.take(out.size, self.film_ns(wait_s)) * self.volume

        try:
            self._stream = self._open(sound.rate_hz, fill)
        except NoDeviceError as error:
            self._no_device = str(error)

    def _stop(self) -> None:
        if self._stream is not None:
            self._stream.stop()
            self._stream = None


class SoundBar(QWidget):
    """Which camera is heard, how loud, and why not.

    Parameters
    ----------
    player : SoundPlayer
    theme : Theme
    """

    def __init__(self, player: SoundPlayer, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.player = player
        self.camera, self.mute, self.volume = QComboBox(), QPushButton("Mute"), QSlider()
        self.why = QLabel()
        dress(self.why, theme, "color: $faint;")
        self.camera.addItems(list(player.cameras))
        self.camera.setAccessibleName("Which camera's sound")
        self.camera.setToolTip("Which camera's sound is heard")
        self.camera.currentTextChanged.connect(player.choose)
        self.mute.setCheckable(True)
        self.mute.setAccessibleName("Mute")
        self.mute.setToolTip("Mute the sound (Ctrl+Shift+M)")
        self.mute.toggled.connect(player.mute)
        self.volume.setOrientation(Qt.Orientation.Horizontal)
        self.volume.setRange(0, 100)
        self.volume.setValue(round(player.volume * 100))
        self.volume.setFixedWidth(90)
        self.volume.setAccessibleName("Volume")
        self.volume.setToolTip("Volume")
        self.volume.valueChanged.connect(self._set_volume)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        name = QLabel("Sound")
        row.addWidget(name)
        name.setVisible(bool(player.cameras))
        for widget in (self.camera, self.mute, self.volume):
            # Keys belong to coding: these are for the mouse, and for Tab in a screen reader.
            widget.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            row.addWidget(widget)
            widget.setVisible(bool(player.cameras))
        row.addWidget(self.why)
        player.changed.connect(self.show_state)
        self.show_state()

    def show_state(self) -> None:
        """Say why nothing is heard, where nothing is."""
        self.why.setText(self.player.silent_because)
        if self.mute.isChecked() != self.player.muted:
            self.mute.setChecked(self.player.muted)

    def _set_volume(self, percent: int) -> None:
        self.player.volume = percent / 100
