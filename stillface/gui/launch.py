"""``stillface-gui``: who are you, which session, and the window."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QApplication, QDialog, QFileDialog

from stillface.domain.session import Session
from stillface.errors import InputError, StillfaceError
from stillface.gui.first_start import make_tour_study, wants_tour
from stillface.gui.palette import DARK, LIGHT, Theme
from stillface.gui.session_media import SessionMedia, make_quick_copy, open_media, waveform_makers
from stillface.gui.study_browser import StudyBrowser
from stillface.gui.tour_steps import first_time
from stillface.gui.trouble import catch_surprises, show_trouble
from stillface.gui.who import WhoDialog
from stillface.io.bundle import StudyFolder
from stillface.review.install import install_id, remember_coder
from stillface.review.keymap import Keymap
from stillface.review.keymap_profiles import PROFILES
from stillface.review.library import Choice, Library
from stillface.review.opening import open_desk
from stillface.review.opening_pair import open_comparison
from stillface.review.package import study_at
from stillface.review.physiology import Physiology, open_physiology
from stillface.review.role_mask import cameras_showing_both, visible_regions
from stillface.review.tour_study import CODER, SESSION_ID

if TYPE_CHECKING:
    from stillface.gui.window import CodingWindow

__all__ = ["choose_and_open", "main", "open_pair", "open_window"]


def open_window(
    study: StudyFolder,
    session_id: str,
    coder: str,
    *,
    keys: str = "stillface",
    blind: bool = False,
    only_role: str = "",
    light: bool = False,
) -> CodingWindow:
    """Open the window on one session; with ``only_role`` nothing of the partner is there.

    Returns
    -------
    CodingWindow

    Raises
    ------
    StillfaceError
        Study, session or films cannot be opened.
    """
    from stillface.gui.session_tools import SessionTools
    from stillface.gui.window import CodingWindow

    desk = open_desk(
        study, session_id, coder, install_id(), keymap=Keymap(keys), blind=blind, only_role=only_role
    )
    with ExitStack() as undo:
        undo.callback(desk.document.close)
        media = _media(study, desk.document.session, only_role)
        window = CodingWindow(desk, media.films, light=light)
        _with_signals(window, study, media, coder, blind=blind, only_role=only_role)
        window.tools = SessionTools(window, study, blind=blind, only_role=only_role)
        undo.pop_all()
    both = cameras_showing_both(desk.document.session, only_role) if only_role else ()
    if both:
        desk.said.emit(f"the partner is in the picture of {', '.join(both)} too: no mask can hide them")
    window.focus()
    return window


def open_pair(
    study: StudyFolder,
    session_id: str,
    pair: tuple[str, str, str, str],
    resolver: str,
    *,
    keys: str = "stillface",
    light: bool = False,
) -> CodingWindow:
    """Open the window on two coders' differences.

    Parameters
    ----------
    pair : (role, scheme_id, first coder, second coder)
    resolver : str
        Who settles.

    Raises
    ------
    StillfaceError
        As :func:`stillface.review.opening_pair.open_comparison`.
    """
    from stillface.gui.compare_panel import ComparePanel
    from stillface.gui.window import CodingWindow

    role, scheme_id, first, second = pair
    desk, comparison = open_comparison(
        study, session_id, role, scheme_id, (first, second), resolver, install_id(), keymap=Keymap(keys)
    )
    with ExitStack() as undo:
        undo.callback(desk.document.close)
        media = _media(study, desk.document.session, role)
        window = CodingWindow(desk, media.films, light=light)
        _with_signals(window, study, media, resolver, only_role=role)
        undo.pop_all()
    panel = ComparePanel(desk, comparison, window.theme)
    window.add_right(panel, "Compare")
    window.more_keys.update(panel.keys)
    window.focus()
    return window


def _media(study: StudyFolder, session: Session, only_role: str = "") -> SessionMedia:
    return open_media(study, session, visible_regions(session, only_role) if only_role else None)


def _with_signals(
    window: CodingWindow,
    study: StudyFolder,
    media: SessionMedia,
    coder: str,
    *,
    blind: bool = False,
    only_role: str = "",
) -> None:
    """Add sound and signals to a window."""
    from stillface.gui.signals_dock import SignalsDock

    session = window.desk.document.session

    def physiology() -> Physiology:
        # A heart that races tells what the face may not show: who codes blind sees the sound only.
        if blind:
            return Physiology(why="signals are hidden from who codes blind")
        return open_physiology(study, session, coder, install_id(), only_role=only_role)

    waveforms = waveform_makers(study, session.session_id, media)
    window.signals = SignalsDock(window, physiology, media.sounds, waveforms)
    # The partner's voice would tell what the mask hides.
    window.signals.player.mute(bool(only_role))
    if media.slow:
        window.signals.offer_copies(media.slow, partial(make_quick_copy, study, session))


def main(arguments: Sequence[str] | None = None) -> int:
    """Start the window; give the process's exit status."""
    options = _parser().parse_args(arguments)
    application = QApplication.instance() or QApplication(sys.argv[:1])
    try:
        window = _open(options)
    except StillfaceError as error:
        # A coder sees what is wrong and what to do, never a path; the terminal gets the whole line.
        print(f"stillface-gui: {error}", file=sys.stderr)
        if options.session is None:
            show_trouble(error, "opening a study")
        return error.exit_code
    if window is None:
        return 0
    catch_surprises(window.main)
    status = application.exec()
    return int(status)


def choose_and_open(arguments: Sequence[str] = ()) -> CodingWindow | None:
    """Open the window as the command line would; raises StillfaceError, gives None where cancelled."""
    return _open(_parser().parse_args(arguments))


def _open(options: argparse.Namespace) -> CodingWindow | None:
    if not options.study and first_time() and wants_tour():
        window = open_window(make_tour_study(), SESSION_ID, CODER, light=options.light)
        window.need_tools().show_tour()
        return window
    folder = options.study or QFileDialog.getExistingDirectory(None, "Open a study")
    if not folder:
        return None
    study = study_at(Path(folder))
    theme = LIGHT if options.light else DARK
    coder, manager, keys = options.coder, False, options.keys or "stillface"
    if not coder:
        who = WhoDialog(study.study, theme, keys)
        if who.exec() != QDialog.DialogCode.Accepted:
            return None
        coder, manager, keys = who.coder, who.manager.isChecked(), who.keys.currentText()
        remember_coder(study.study.study_id, coder)
    choice = Choice(options.session or "", blind=options.blind)
    if not choice.session_id:
        picked = _browse(Library(study, coder, manager=manager), theme)
        if picked is None:
            return None
        choice = picked
    if choice.pair is not None:
        return open_pair(study, choice.session_id, choice.pair, coder, keys=keys, light=options.light)
    return open_window(
        study,
        choice.session_id,
        coder,
        keys=keys,
        blind=choice.blind or options.blind,
        only_role=choice.role,
        light=options.light,
    )


def _browse(library: Library, theme: Theme) -> Choice | None:
    if not library.session_ids:
        raise InputError("the study has no session yet", fix="add one with stillface add")
    browser = StudyBrowser(library, theme)
    browser.exec()
    return browser.choice


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="stillface-gui", description="Code and review a session.")
    parser.add_argument("study", nargs="?", help="the study's folder, or a package checked out of one")
    parser.add_argument("session", nargs="?", help="the session's id")
    parser.add_argument("--coder", help="who you are")
    parser.add_argument("--keys", choices=sorted(PROFILES), help="profile of keys")
    parser.add_argument("--blind", action="store_true", help="show nothing of the machine's")
    parser.add_argument("--light", action="store_true", help="light colours")
    return parser
