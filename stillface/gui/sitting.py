"""A sitting: who are you, which session, its window, and back to the study's sessions until one leaves."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from qtpy.QtCore import QObject, QTimer
from qtpy.QtWidgets import QDialog, QFileDialog

from stillface.errors import InputError, StillfaceError
from stillface.gui.coder_dialog import initials_fault
from stillface.gui.dress import keep_theme, kept_theme
from stillface.gui.first_start import make_tour_study, wants_tour
from stillface.gui.palette import LIGHT, Theme
from stillface.gui.session_window import open_pair, open_window
from stillface.gui.study_browser import StudyBrowser
from stillface.gui.tour_steps import first_time
from stillface.gui.trouble import show_trouble
from stillface.gui.who import WhoDialog, known_here
from stillface.gui.window import CodingWindow
from stillface.io.bundle import StudyFolder
from stillface.review.desk import Desk
from stillface.review.install import remember_coder
from stillface.review.lanes import LaneKey
from stillface.review.library import Choice, Library
from stillface.review.package import MANIFEST, refuse_stranger, study_at
from stillface.review.signals import Signal
from stillface.review.tour_study import CODER, SESSION_ID

__all__ = ["Sitting", "begin"]

_LIVE: set[Sitting] = set()


class Sitting(QObject):
    """One person at one study, from the browser to a window and back.

    Parameters
    ----------
    open_ : callable
        Opens the window of a choice; raises StillfaceError.
    make_browser : callable
        Makes the study browser when it is first wanted.

    Attributes
    ----------
    window : CodingWindow or None
        None while the browser is on screen.
    ended : Signal
        Called without arguments when neither window nor browser is left.
    goodbye : str
        What the terminal says at the end, if a session was open.
    """

    def __init__(
        self, open_: Callable[[Choice], CodingWindow], make_browser: Callable[[], StudyBrowser]
    ) -> None:
        super().__init__()
        self._open, self._make_browser = open_, make_browser
        self._browser: StudyBrowser | None = None
        self._goes_back = self._failed = False
        self._last = ""
        self.window: CodingWindow | None = None
        self.ended: Signal[[]] = Signal()
        self.goodbye = ""
        # Nobody else holds a sitting: without a reference it would be collected between two windows.
        _LIVE.add(self)

    def open(self, choice: Choice, *, goes_back: bool) -> CodingWindow:
        """Open a window; when it is closed, the browser comes back or the sitting ends.

        Raises
        ------
        StillfaceError
            As the opener.
        """
        window = self._open(choice)
        self.window, self._goes_back, self._last = window, goes_back, choice.session_id
        window.gone.connect(self._left)
        window.menu.offer("Back to the study", "back_to_study", self.back)
        window.menu.offer("Quit", "quit", self.quit)
        return window

    def back(self) -> None:
        """Close the window, and show the study's sessions."""
        self._close(goes_back=True)

    def quit(self) -> None:
        """Close the window and end the sitting."""
        self._close(goes_back=False)

    def _close(self, *, goes_back: bool) -> None:
        before, self._goes_back = self._goes_back, goes_back
        if self.window is not None and not self.window.main.close():
            self._goes_back = before

    def _left(self) -> None:
        self.window = None
        if not self._goes_back:
            self.end()
            return
        try:
            self.browse()
        except BaseException:
            # The person is told by whoever catches it, and gets the browser once more; what fails again
            # would fail for ever.
            QTimer.singleShot(0, self.end if self._failed else self._left)
            self._failed = True
            raise

    def browse(self) -> CodingWindow | None:
        """Let a session be chosen and open it; None, and the sitting ends, where the browser is closed."""
        if self._browser is None:
            self._browser = self._make_browser()
        if self._last:
            self._browser.come_back(self._last)
        while self._browser.exec() == QDialog.DialogCode.Accepted and self._browser.choice is not None:
            try:
                return self.open(self._browser.choice, goes_back=True)
            except StillfaceError as error:
                show_trouble(error, "opening a session", self._browser)
        self.end()
        return None

    def end(self) -> None:
        """Let go of everything."""
        _LIVE.discard(self)
        if self._browser is not None:
            self._browser.deleteLater()
            self._browser = None
        self.ended.emit()


def begin(options: argparse.Namespace) -> Sitting | None:
    """Open what was asked for, asking for what was not; None where that was cancelled.

    Raises
    ------
    StillfaceError
        The study, or a session that was named, cannot be opened.
    """
    if options.light:
        keep_theme(LIGHT)
    theme = kept_theme()
    if not options.study and first_time() and wants_tour(theme):
        return _tour()
    folder = options.study or QFileDialog.getExistingDirectory(None, "Open a study")
    if not folder:
        return None
    study = study_at(Path(folder))
    # What cannot be opened is told before anybody is asked who they are.
    if options.session:
        _need_session(study, options.session)
    elif not study.sessions():
        raise InputError("the study has no session yet", fix="add one with stillface add")
    who = _who(study, options, theme)
    if who is None:
        return None
    remember_coder(study.study.study_id, who.coder)
    library = Library(study, who.coder, manager=who.manager)
    sitting = Sitting(
        lambda choice: _open(library, choice, who.keys, blind=options.blind),
        lambda: StudyBrowser(library, kept_theme()),
    )
    sitting.goodbye = _goodbye(study)
    if options.session:
        return _or_end(sitting, lambda: sitting.open(Choice(options.session), goes_back=False))
    return _or_end(sitting, sitting.browse)


@dataclass(frozen=True)
class _Who:
    """Who sits here, and which keys they have in their hands."""

    coder: str
    manager: bool
    keys: str


def _who(study: StudyFolder, options: argparse.Namespace, theme: Theme) -> _Who | None:
    """Give who was named, or ask, as about a stranger who was named; None where that was cancelled."""
    keys = options.keys or "stillface"
    if options.coder:
        refuse_stranger(study, options.coder)
        # Initials that cannot name a log are refused where they would be kept.
        if options.coder in known_here(study) or initials_fault(options.coder):
            return _Who(options.coder, False, keys)
    asked = WhoDialog(study, theme, keys, options.coder or "")
    if asked.exec() != QDialog.DialogCode.Accepted:
        return None
    return _Who(asked.coder, asked.manager.isChecked(), asked.keys.currentText())


def _open(library: Library, choice: Choice, keys: str, *, blind: bool) -> CodingWindow:
    study, coder = library.study, library.viewer
    if choice.pair is not None:
        return open_pair(study, choice.session_id, choice.pair, coder, keys=keys, light=_light())
    window = open_window(
        study,
        choice.session_id,
        coder,
        keys=keys,
        blind=choice.blind or blind,
        only_role=choice.role,
        light=_light(),
    )
    _to_lane(window.desk, choice, library)
    return window


def _goodbye(study: StudyFolder) -> str:
    """Say where the codes are and what brings them into the results; a package goes back to the lab."""
    if (study.root / MANIFEST).is_file():
        return f"Your codes are in {study.root}; pack them up for the lab in the study's window."
    return (
        f"Your codes are in {study.root / 'sessions'}; stillface run {study.root} brings them into "
        "tables and report."
    )


def _need_session(study: StudyFolder, session_id: str) -> None:
    """Refuse a session that is not there, in words that a window can show, or one that cannot be read."""
    there = study.sessions()
    if session_id not in there:
        near = get_close_matches(session_id, there, n=1)
        raise InputError(
            f"the study has no session {session_id}",
            where=study.root.name,
            expected=", ".join(there[:12]),
            fix=f"perhaps {near[0]} is meant" if near else "open the study without a session and choose one",
        )
    study.load_session(session_id)


def _to_lane(desk: Desk, choice: Choice, library: Library) -> None:
    """Begin in the lane that was asked for, or in the first that was given, unless one given is active."""
    wanted = [(t.assignment.role, t.assignment.scheme_id) for t in library.tasks(choice.session_id)]
    active = desk.document.active
    if choice.lane is not None:
        wanted = [choice.lane]
    elif active is not None and (active.role, active.scheme_id) in wanted:
        return
    keys = (LaneKey(role, scheme_id, f"human:{library.viewer}") for role, scheme_id in wanted)
    for key in keys:
        if key in desk.document.lanes and desk.document.lane(key).editable:
            desk.document.activate(key)
            return


def _or_end(sitting: Sitting, first: Callable[[], CodingWindow | None]) -> Sitting | None:
    try:
        return sitting if first() is not None else None
    except BaseException:
        sitting.end()
        raise


def _light() -> bool:
    return kept_theme() is LIGHT


def _tour() -> Sitting:
    study = make_tour_study()
    library = Library(study, CODER)
    sitting = Sitting(
        lambda choice: open_window(study, choice.session_id, CODER, light=_light()),
        lambda: StudyBrowser(library, kept_theme()),
    )
    sitting.open(Choice(SESSION_ID), goes_back=False).own_actions["tour"]()
    return sitting
