"""One session in a window: coding and review, or two coders side by side."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial

from stillface.domain.recording import Region
from stillface.domain.session import Session
from stillface.errors import InputError
from stillface.gui.compare_panel import ComparePanel
from stillface.gui.compare_tools import add_compare
from stillface.gui.film_note import FilmNote
from stillface.gui.film_stand_in import FilmStandIn
from stillface.gui.session_media import (
    SessionMedia,
    make_quick_copy,
    open_media,
    open_quick_copy,
    waveform_makers,
)
from stillface.gui.session_tools import SessionTools
from stillface.gui.signals_dock import SignalsDock
from stillface.gui.window import CodingWindow
from stillface.io.bundle import StudyFolder
from stillface.review.install import install_id
from stillface.review.key_choice import kept_keys
from stillface.review.keymap import Keymap
from stillface.review.opening import open_desk
from stillface.review.opening_pair import open_comparison
from stillface.review.physiology import Physiology, open_physiology
from stillface.review.role_mask import cameras_showing_both, visible_regions

__all__ = ["open_pair", "open_window"]


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
    keymap, trouble = _keys_of(coder, keys)
    desk = open_desk(study, session_id, coder, install_id(), keymap=keymap, blind=blind, only_role=only_role)
    with ExitStack() as undo:
        undo.callback(desk.document.close)
        media = _media(study, desk.document.session, only_role)
        window = CodingWindow(desk, media.films, light=light)
        # What must be coded blind is opened blind, whatever was asked for.
        _with_signals(window, study, media, coder, blind=desk.document.blind, only_role=only_role)
        window.tools = SessionTools(window, study, blind=desk.document.blind, only_role=only_role)
        undo.pop_all()
    both = cameras_showing_both(desk.document.session, only_role) if only_role else ()
    if both:
        desk.said.emit(f"the partner is in the picture of {', '.join(both)} too: no mask can hide them")
    if trouble:
        desk.said.emit(trouble)
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
    role, scheme_id, first, second = pair
    keymap, trouble = _keys_of(resolver, keys)
    desk, comparison = open_comparison(
        study, session_id, role, scheme_id, (first, second), resolver, install_id(), keymap=keymap
    )
    with ExitStack() as undo:
        undo.callback(desk.document.close)
        media = _media(study, desk.document.session, role)
        window = CodingWindow(desk, media.films, light=light)
        _with_signals(window, study, media, resolver, only_role=role)
        undo.pop_all()
    add_compare(window, ComparePanel(desk, comparison, window.theme))
    if trouble:
        desk.said.emit(trouble)
    window.focus()
    return window


def _keys_of(coder: str, profile: str) -> tuple[Keymap, str]:
    """Give a coder's keys, and what is wrong with them: that keeps nobody from coding."""
    try:
        return kept_keys(coder, profile), ""
    except InputError as error:
        return Keymap(profile), f"{error.what}: the profile {profile} counts as it is"


def _media(study: StudyFolder, session: Session, only_role: str = "") -> SessionMedia:
    return open_media(study, session, _seen(session, only_role))


def _seen(session: Session, only_role: str) -> Mapping[str, Region] | None:
    return visible_regions(session, only_role) if only_role else None


def _with_signals(
    window: CodingWindow,
    study: StudyFolder,
    media: SessionMedia,
    coder: str,
    *,
    blind: bool = False,
    only_role: str = "",
) -> None:
    """Add sound and signals to a window, and what is wrong with the films."""
    session = window.desk.document.session
    if not media.films:
        FilmStandIn(window.desk, window.theme, window.canvas)
    FilmNote(window.desk.film_troubles, window.theme, window.canvas)
    for trouble in window.desk.film_troubles:
        window.desk.said.emit(trouble)

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
        seen = _seen(session, only_role)

        def use(camera: str) -> None:
            copy = open_quick_copy(study, session, camera, seen)
            if copy is None:
                raise InputError("the copy does not fit the film", where=camera)
            window.films.swap(camera, copy)

        window.signals.offer_copies(media.slow, partial(make_quick_copy, study, session), use)
