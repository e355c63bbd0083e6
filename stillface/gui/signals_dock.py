"""What a session gives beside pictures and codes: sound at once, signals when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget

from stillface.audio.sound import Sound
from stillface.domain.clock import ClockMap
from stillface.gui.player_sound import SoundBar, SoundPlayer
from stillface.gui.quick_copy import MakeCopy, QuickCopyButton
from stillface.gui.signals_panel import MakeWaveform, SignalsPanel
from stillface.gui.window import CodingWindow
from stillface.review.physiology import Physiology

__all__ = ["SignalsDock"]

_SIGNALS_PX = 225


class SignalsDock:
    """Sound and signals of one window.

    Parameters
    ----------
    window : CodingWindow
    open_physiology : callable
        Opens signals and the person's log of corrections; called when signals are first asked for.
    sounds : mapping of str to (Sound, ClockMap)
        By camera.
    waveforms : mapping of str to callable
        Makes a camera's waveform.

    Attributes
    ----------
    player : SoundPlayer
    panel : SignalsPanel or None
        None until signals are asked for.
    copy_button : QuickCopyButton or None
        None where no film needs a quick copy.
    """

    def __init__(
        self,
        window: CodingWindow,
        open_physiology: Callable[[], Physiology],
        sounds: Mapping[str, tuple[Sound, ClockMap]],
        waveforms: Mapping[str, MakeWaveform],
    ) -> None:
        self._window, self._open = window, open_physiology
        self._waveforms = {id_: (make, sounds[id_][1]) for id_, make in waveforms.items()}
        self.player = SoundPlayer(window.desk.playhead, sounds)
        self.bar = SoundBar(self.player, window.theme)
        line = window.main.statusBar()
        if line is not None:
            line.addPermanentWidget(self.bar)
        self.copy_button: QuickCopyButton | None = None
        self.panel: SignalsPanel | None = None
        self._dock: QDockWidget | None = None

    def offer_copies(self, films: Sequence[str], make: MakeCopy, use: Callable[[str], object]) -> None:
        """Offer quick copies of films in which stepping back has to wait."""
        self.copy_button = QuickCopyButton(films, make, use, self._window.desk.said.emit)
        self._window.menu.offer("Quick copies of the films", "", self.copy_button.click, first=True)
        line = self._window.main.statusBar()
        if line is not None:
            line.addPermanentWidget(self.copy_button)

    def toggle(self) -> None:
        """Show the signals and give them the keys; once more hides them.

        Raises
        ------
        StillfaceError
            Signals or the log cannot be read.
        """
        if self.panel is None or self._dock is None:
            window = self._window
            self.panel = SignalsPanel(
                window.desk, window.timeline, self._open(), window.theme, self._waveforms
            )
            plot = self.panel.plot
            plot.took_keys.connect(lambda role: window.panel.show_heart(role, self.press, plot))
            height_px = min(_SIGNALS_PX, self.panel.sizeHint().height())
            self._dock = window.docks.add_below(self.panel, "Signals", "Timeline", height_px)
            self.panel.plot.setFocus(Qt.FocusReason.OtherFocusReason)
        elif self._dock.isVisible() and self.panel.plot.has_keys:
            self._dock.hide()
            self._window.focus()
        else:
            self._dock.show()
            self.panel.plot.setFocus(Qt.FocusReason.OtherFocusReason)
        self.panel.plot.tell_keys()

    def mute(self) -> None:
        """Be silent, or not."""
        self.player.mute(not self.player.muted)

    def takes(self, key: str) -> bool:
        """Tell whether a key goes to the heart beats now."""
        return self.panel is not None and self.panel.plot.has_keys and self.panel.plot.knows(key)

    def press(self, key: str) -> bool:
        """Do what a key means among heart beats."""
        return self.panel is not None and self.panel.plot.key(key)

    def save(self) -> None:
        """Bring corrections that are only in memory to the disk; raises StorageError."""
        beats = None if self.panel is None else self.panel.beats
        if beats is not None and beats.status != "saved":
            beats.retry()
            if beats.trouble is not None:
                raise beats.trouble

    def close(self, *, abandon: bool = False) -> None:
        """End the sitting at the beats; raises StorageError and stays open while something is unsaved."""
        if self.panel is not None:
            self.panel.close_signals(abandon=abandon)
        self.player.close()
        if self.copy_button is not None:
            self.copy_button.stop()
