"""Signing off a track from the window, and unlocking it with a reason."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QInputDialog, QMenu, QMessageBox, QPushButton, QWidget

from stillface.errors import StillfaceError
from stillface.review.desk import Desk
from stillface.review.lanes import LaneKey
from stillface.review.signoff import open_points, sign_off, unlock

__all__ = ["SignOffButton"]

_LISTED = 6


class SignOffButton(QPushButton):
    """A menu of the coder's own tracks: sign off what is done, unlock what is signed.

    Parameters
    ----------
    desk : Desk

    Attributes
    ----------
    tracks : QMenu
        One line for each of the coder's tracks.
    """

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__("Sign off", parent)
        self.desk = desk
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setToolTip("Say that a track is done: it is locked then. Unlocking needs a reason.")
        self.setAccessibleName("Sign off a track")
        self.tracks = QMenu(self)
        self.tracks.aboutToShow.connect(self.fill)
        self.setMenu(self.tracks)

    def own_tracks(self) -> tuple[LaneKey, ...]:
        """Give the coder's own lanes, as they lie on the timeline."""
        document = self.desk.document
        return tuple(
            key
            for key in self.desk.shown_lanes()
            if key.kind != "auto" and key.source == f"{key.kind}:{document.coder}"
        )

    def fill(self) -> None:
        """List the tracks as they stand now."""
        self.tracks.clear()
        for key in self.own_tracks():
            signed = key.tier in self.desk.document.locked_tiers(key.kind)
            kind = {"human": "", "auto_reviewed": ", reviewed", "consensus": ", agreed"}[key.kind]
            name = f"{key.role} {key.scheme_id}{kind}"
            label = f"\u2713 {name}: unlock\u2026" if signed else f"{name}: sign off\u2026"
            action = self.tracks.addAction(label)
            if action is not None:
                action.triggered.connect(partial(self.ask_unlock if signed else self.ask, key))

    def ask(self, key: LaneKey, _checked: bool = False) -> None:
        """Show what is open and sign off if that is wanted."""
        self.desk.playhead.pause()
        still_open = open_points(self.desk.document, key)
        box = QMessageBox(self.window())
        box.setWindowTitle("stillface")
        box.setText(f"Sign off {key.role} {key.scheme_id}?")
        if still_open:
            lines = [finding.text for finding in still_open[:_LISTED]]
            if len(still_open) > _LISTED:
                lines.append(f"and {len(still_open) - _LISTED} more")
            box.setInformativeText("Still open:\n" + "\n".join(lines))
        else:
            box.setInformativeText("Nothing is open. The track will be locked.")
        # One key each: the letter that is underlined.
        label = "&Sign off as it is" if still_open else "&Sign off"
        sign = box.addButton(label, QMessageBox.ButtonRole.AcceptRole)
        look = box.addButton("&Look at the first", QMessageBox.ButtonRole.ActionRole) if still_open else None
        stay = box.addButton("&Go on coding", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(stay if still_open else sign)
        box.setEscapeButton(stay)
        box.exec()
        if box.clickedButton() is sign:
            self._try(lambda: sign_off(self.desk.document, key, accept_open=bool(still_open)), "signed off")
        elif look is not None and box.clickedButton() is look:
            # An episode that was not set has no place to go to.
            first = next((f for f in still_open if f.offset_ns > f.onset_ns), still_open[0])
            self.desk.playhead.seek(first.onset_ns)
            if self.desk.document.lane(key).scheme.type == "rating":
                with_key = next(iter(self.desk.keymap.keys("ratings")), "Code > Ratings")
                self.desk.said.emit(f"{first.text}; {with_key} opens its form")

    def ask_unlock(self, key: LaneKey, _checked: bool = False) -> None:
        """Ask for the reason and unlock."""
        why, ok = QInputDialog.getText(
            self.window(), "stillface", f"Why unlock {key.role} {key.scheme_id}? The reason is kept."
        )
        if ok:
            self._try(lambda: unlock(self.desk.document, key, why), "unlocked")

    def _try(self, action: Callable[[], object], told: str) -> None:
        try:
            action()
        except StillfaceError as error:
            told = error.what + (f"; {error.fix}" if error.fix else "")
        self.desk.said.emit(told)
        self.desk.changed.emit()
