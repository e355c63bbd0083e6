"""The window: napari's canvas with films, docks around it, keys, and the timer that lets time run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QObject, Qt, QTimer
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QApplication, QMainWindow, QWidget

from stillface.contracts.frame_source import FrameSource
from stillface.errors import StillfaceError, UsageError
from stillface.gui.asking import ask_code, ask_comment, ask_time
from stillface.gui.bare_window import bare, first_size
from stillface.gui.binding import FilmLayers
from stillface.gui.cheat_sheet import CheatSheet
from stillface.gui.close_guard import CloseGuard
from stillface.gui.coding_panel import CodingPanel
from stillface.gui.compare_panel import ComparePanel
from stillface.gui.docks import Docks
from stillface.gui.dress import keep_theme, wear
from stillface.gui.film_view import FilmView
from stillface.gui.keys import key_name, takes_text
from stillface.gui.menus import Menus
from stillface.gui.napari_fence import NapariFence
from stillface.gui.palette import DARK, LIGHT, Theme
from stillface.gui.queue_panel import QueuePanel
from stillface.gui.roles import SignalsRole
from stillface.gui.session_menu import SessionMenu
from stillface.gui.sign_off import SignOffButton
from stillface.gui.timeline_widget import TimelineWidget
from stillface.review.code_finder import CodeFinder
from stillface.review.desk import Desk, actions_of
from stillface.review.keymap_profiles import ACTIONS
from stillface.review.not_here import belongs_to_coding, refuse_coding
from stillface.review.signals import Signal

if TYPE_CHECKING:
    import napari  # type: ignore[import-untyped]

__all__ = ["CodingWindow"]

_TICK_MS = 15
_NOTE_MS = 8_000
_QUEUE = "Review queue"
_CONTEXTS = {action.id: action.context for action in ACTIONS}
_FIT_MS = 60
_KEY_EVENTS = (QEvent.Type.KeyPress, QEvent.Type.KeyRelease, QEvent.Type.ShortcutOverride)


class CodingWindow(QObject):
    """One session on screen.

    Parameters
    ----------
    desk : Desk
    sources : mapping of str to FrameSource
        Open films by camera id.
    light : bool
        Light instead of dark colours.
    show : bool
        Whether the window appears at once.

    Attributes
    ----------
    viewer : napari.Viewer
    timeline : TimelineWidget
    panel : CodingPanel
    queue : QueuePanel or None
    films : FilmLayers
    signals : SignalsRole or None
        Sound and signals; whoever opens the window adds it.
    tools : object
        Marks, episodes, ratings, tour: whoever opens the window adds them, and they add what they do.
    compare : ComparePanel or None
        Where two coders are compared.
    guard : CloseGuard
    own_actions : dict of str to callable
        What other parts of the window do for an action of the keymap.
    ending : Signal
        Called without arguments before the window closes for good.
    gone : Signal
        Called without arguments when the window has closed.
    first_keys : dict of str to callable
        What is shown for a while does by key; these come before all others.
    more_keys : dict of str to (label, callable)
        What a panel on the right does by key.
    menu : SessionMenu
    menus : Menus
        The others.
    docks : Docks
    film_view : FilmView
    closed : bool
        Whether the sitting has ended.
    """

    def __init__(
        self, desk: Desk, sources: Mapping[str, FrameSource], *, light: bool = False, show: bool = True
    ) -> None:
        super().__init__()
        self.desk = desk
        self.theme: Theme = LIGHT if light else DARK
        self.first_keys: dict[str, Callable[[], object]] = {}
        self.more_keys: dict[str, tuple[str, Callable[[], object]]] = {}
        self.own_actions: dict[str, Callable[[], object]] = {}
        self.ending: Signal[[]] = Signal()
        self.gone: Signal[[]] = Signal()
        self.sheet: CheatSheet | None = None
        self.signals: SignalsRole | None = None
        self.tools: object = None
        self.compare: ComparePanel | None = None
        self.closed = False
        self._trouble = ""
        self._open_films(sources)
        self._make_parts()
        self._listen()
        if show:
            self.main.resize(first_size(self.main))
            self.main.show()
        self._show_time(desk.playhead.time_ns)
        for notice in desk.document.notices:
            desk.said.emit(notice)

    def _open_films(self, sources: Mapping[str, FrameSource]) -> None:
        import napari

        document, playhead = self.desk.document, self.desk.playhead
        blind = ", blind" if document.blind else ""
        title = f"stillface: {document.session.session_id}, coder {document.coder}{blind}"
        self.viewer: napari.Viewer = napari.Viewer(title=title, show=False)
        self.viewer.theme = self.theme.name
        self.main: QMainWindow = bare(self.viewer)
        self._canvas = self.viewer.window._qt_viewer
        cameras = {camera.id: camera for camera in playhead.cameras if camera.id in sources}
        self.films = FilmLayers(self.viewer, cameras, sources)
        self.film_view = FilmView(self.viewer, self.films, self._canvas.canvas.native)

    def _make_parts(self) -> None:
        """Make our panels and menus, and put them in place."""
        desk = self.desk
        self.guard, self.finder = CloseGuard(self), CodeFinder(desk)
        self.timeline = TimelineWidget(desk, self.theme)
        self.panel = CodingPanel(desk, self.theme, self.press, self.guard.ask_folder)
        sign_off = SignOffButton(desk)
        self.panel.add_tool(sign_off)
        self.menu = SessionMenu(self, sign_off)
        self.menus = Menus(self)
        self.queue = QueuePanel(desk, self.theme, self.menus.do) if desk.queue is not None else None
        self.menus.add_help("Copy details for the lab manager", self.menu.copy_details)
        self.menus.view.addSeparator()
        self.docks = Docks(self.main, self.theme)
        self.docks.added = self.menus.view.addAction
        self.docks.add_fixed(self.timeline, "Timeline", "bottom")
        self.docks.add_fixed(self.panel, "Coding", "top")
        if self.queue is not None:
            self.docks.add_right(self.queue, _QUEUE)

    def _listen(self) -> None:
        """Let keys, time and the window's size come here."""
        self._fence = NapariFence(self.main, self._canvas)
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._tick)
        # The canvas learns its new size after the event: the pictures are fitted a moment later.
        self._fit = QTimer(self)
        self._fit.setSingleShot(True)
        self._fit.setInterval(_FIT_MS)
        self._fit.timeout.connect(self.film_view.fit)
        self.desk.playhead.moved.connect(self._show_time)
        self.desk.playhead.played.connect(self._run_or_rest)
        application = QApplication.instance()
        if application is not None:
            application.installEventFilter(self)

    def press(self, key: str) -> bool:
        """Do what a key means; what cannot be done is said, never raised.

        Returns
        -------
        bool
            Whether the key means anything here.
        """
        meant = self.meaning(key)
        if meant is not None:
            self.attempt(meant)
        return meant is not None

    def meaning(self, key: str) -> Callable[[], object] | None:
        """Give what a key does here; None for nothing."""
        if key in self.first_keys:
            return self.first_keys[key]
        if key in self.more_keys:
            return self.more_keys[key][1]
        if belongs_to_coding(self.desk, key):
            return partial(refuse_coding, self.desk)
        if self.desk.code_of(key) is not None:
            return partial(self.desk.key, key)
        action = self.desk.keymap.action(key, self.desk.mode)
        return None if action is None else self.doing(action.id)

    def doing(self, id_: str) -> Callable[[], object] | None:
        """Give what an action of the keymap does here and now; None for nothing."""
        if _CONTEXTS[id_] not in ("always", self.desk.mode) or not self.offers(id_):
            return None
        return self._own().get(id_) or actions_of(self.desk).get(id_)

    def offers(self, id_: str) -> bool:
        """Tell whether this window can ever do an action."""
        # Without proposals F7 says why there is no review; to settle two codings none is ever wanted.
        reviews = _CONTEXTS[id_] == "review" or (self.compare is not None and id_ == "review_mode")
        if reviews and self.desk.queue is None:
            return False
        return id_ in self._own() or id_ in actions_of(self.desk)

    def attempt(self, act: Callable[[], object]) -> object:
        """Do something; what cannot be done is said, never raised. Gives what it gave, None if refused."""
        try:
            return act()
        except StillfaceError as error:
            self.desk.said.emit(error.what + (f"; {error.fix}" if error.fix else ""))
            return None

    @property
    def canvas(self) -> QWidget:
        """Where the films are."""
        widget: QWidget = self._canvas
        return widget

    def _own(self) -> dict[str, Callable[[], object]]:
        """Give what only a window can do."""
        return {
            "zoom_in": lambda: self.timeline.zoom(1.5),
            "zoom_out": lambda: self.timeline.zoom(1 / 1.5),
            "zoom_all": self.timeline.zoom_all,
            "go_to_time": partial(ask_time, self.main, self.desk),
            "comment": partial(ask_comment, self.main, self.desk),
            "find_code": partial(ask_code, self.main, self.finder),
            "find_next": lambda: self.finder.go(1),
            "find_previous": lambda: self.finder.go(-1),
            "signals": lambda: self.need_signals().toggle(),
            "mute": lambda: self.need_signals().mute(),
            "film_fit": self.film_view.fit,
            "review_mode": self.review,
            "colours": self.switch_colours,
            **self.own_actions,
        }

    def need_signals(self) -> SignalsRole:
        """Give sound and signals, or refuse where the window was opened without."""
        if self.signals is None:
            raise UsageError("no signals here")
        return self.signals

    def review(self) -> None:
        """Go to the review queue or back to coding; a panel that was put away comes back first."""
        desk = self.desk
        if desk.mode == "review" and self.docks.show(_QUEUE):
            return
        desk.review(desk.mode != "review")
        if desk.mode == "review":
            self.docks.show(_QUEUE)

    def switch_colours(self) -> None:
        """Go from dark to light colours or back, for good; raises StorageError where that cannot be kept."""
        self.theme = self.docks.theme = DARK if self.theme is LIGHT else LIGHT
        self.viewer.theme = self.theme.name
        wear(self.theme)
        # Whoever fills from the desk fills again.
        self.desk.changed.emit()
        keep_theme(self.theme)

    def note(self, text: str) -> None:
        """Show a remark at the foot of the window for a while."""
        foot = self.main.statusBar()
        if foot is not None:
            foot.showMessage(text, _NOTE_MS)

    def show_keys(self) -> None:
        """Show the cheat sheet over the window."""
        self.sheet = CheatSheet(self.desk, self.key_groups(), self.theme, self.main)

    def key_groups(self) -> dict[str, tuple[tuple[str, str], ...]]:
        """Give every key that does something in this window: by heading, what it does and its names."""
        can = {id_ for id_ in {*actions_of(self.desk), *self._own()} if self.offers(id_)}
        if self.signals is not None:
            can |= {action.id for action in ACTIONS if action.context == "beats"}
        groups = self.desk.keymap.sheet(can, self.more_keys)
        more = tuple((label, key) for key, (label, _) in self.more_keys.items())
        return {**({"Compare": more} if more else {}), **groups}

    def _run_or_rest(self) -> None:
        if self.desk.playhead.playing:
            if not self._timer.isActive():
                self.films.begin_play()
            self._timer.start()
        else:
            self._timer.stop()
            self._show_time(self.desk.playhead.time_ns)
            self.films.rest()
            # Faster than the film was taken, frames are left out on purpose.
            if abs(self.desk.playhead.speed) <= 1 and self.films.much_skipped:
                self.note("This computer was too slow to show every frame in play. Stepping shows them all.")

    def _tick(self) -> None:
        self.desk.playhead.tick()

    def _show_time(self, time_ns: int) -> None:
        self.films.show(time_ns, playing=self.desk.playhead.playing)
        before, self._trouble = self._trouble, self.films.trouble
        # Said once, so that it does not talk over what keys did.
        if self._trouble and self._trouble != before:
            self.desk.said.emit(f"no picture: {self._trouble}")

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802  # Qt's name
        """Take keys before napari's own shortcuts do, and keep the window from closing on unsaved work."""
        if event is None or watched is None:
            return False
        kind = event.type()
        if kind == QEvent.Type.Close and watched is self.main:
            if self._may_close():
                return False
            event.ignore()
            return True
        if kind == QEvent.Type.Resize and watched is self._canvas:
            self._fit.start()
        if kind == QEvent.Type.Resize and watched is self.main and self.sheet is not None:
            self.sheet.setGeometry(self.main.rect())
        if kind not in _KEY_EVENTS or not self._takes_keys(watched):
            return False
        key = key_name(event) if isinstance(event, QKeyEvent) else ""
        again = isinstance(event, QKeyEvent) and event.isAutoRepeat()
        if kind == QEvent.Type.KeyRelease:
            return not again and self.attempt(lambda: self.desk.release(key)) is True
        if self.sheet is not None and self.sheet.isVisible():
            if kind == QEvent.Type.KeyPress and key:
                self.sheet.close()
            return True
        if key not in self.first_keys and self.signals is not None and self.signals.takes(key):
            event.accept()
            return kind == QEvent.Type.ShortcutOverride or self.signals.press(key)
        if not key or self.meaning(key) is None:
            return self._fence.keeps(watched, event, key)
        if kind == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        if again and self.desk.code_of(key) is not None:
            # A key that is held is pressed once: the keyboard's repeats would switch the code off again.
            return True
        return self.press(key)

    def _takes_keys(self, receiver: QObject) -> bool:
        """Tell whether a key is meant for the desk: not for a text field, a dialog or another window."""
        if not isinstance(receiver, QWidget) or receiver.window() is not self.main:
            return False
        return not takes_text(receiver)

    def _may_close(self) -> bool:
        try:
            return self.try_close()
        except BaseException as error:  # noqa: BLE001  # raised from a Qt event it would let the window close
            QTimer.singleShot(0, partial(_raise, error))
            return False

    def try_close(self) -> bool:
        """End the sitting; on unsaved work ask, and tell whether the window may close."""
        self.desk.playhead.pause()
        if self.desk.mode == "coding":
            # What was shown as coded, up to where the coder stepped, is there again next time.
            self.attempt(self.desk.note_watched)
        if not self.guard.save_all():
            return False
        if self.signals is not None:
            self.signals.close(abandon=self.guard.leaving)
        self.closed = True
        self.ending.emit()
        self._timer.stop()
        self._fit.stop()
        application = QApplication.instance()
        if application is not None:
            application.removeEventFilter(self)
        self.films.close()
        # Without its layers napari neither asks once more, after everything was closed, nor keeps the films.
        self.viewer.close()
        QTimer.singleShot(0, self.gone.emit)
        return True

    def focus(self) -> None:
        """Give the keys to the timeline."""
        self.timeline.setFocus(Qt.FocusReason.OtherFocusReason)


def _raise(error: BaseException) -> None:
    raise error
