"""What the parts of the window need of each other, so that none has to know the window itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from qtpy.QtWidgets import QMainWindow

from stillface.gui.binding import FilmLayers
from stillface.gui.signals_panel import SignalsPanel
from stillface.review.desk import Desk

if TYPE_CHECKING:
    import napari  # type: ignore[import-untyped]

__all__ = ["SignalsRole", "WindowRole"]


class SignalsRole(Protocol):
    """Sound and signals: whoever opens a window may add them."""

    @property
    def panel(self) -> SignalsPanel | None:
        """Give the signals, once they were asked for."""

    def toggle(self) -> None:
        """Show the signals and give them the keys, or hide them."""

    def mute(self) -> None:
        """Be silent, or not."""

    def takes(self, key: str) -> bool:
        """Tell whether a key goes to the heart beats now."""

    def press(self, key: str) -> bool:
        """Do what a key means among heart beats."""

    def save(self) -> None:
        """Bring corrections to the disk; raises StorageError."""

    def close(self, *, abandon: bool = False) -> None:
        """End the sitting at the beats; raises StorageError."""


class WindowRole(Protocol):
    """The window, as those of its parts see it that it makes itself."""

    desk: Desk
    main: QMainWindow
    viewer: napari.Viewer
    films: FilmLayers
    own_actions: dict[str, Callable[[], object]]

    @property
    def signals(self) -> SignalsRole | None:
        """Give sound and signals, where they were added."""

    def attempt(self, act: Callable[[], object]) -> object:
        """Do something; what cannot be done is said, never raised."""

    def doing(self, id_: str) -> Callable[[], object] | None:
        """Give what an action of the keymap does here and now; None for nothing."""

    def offers(self, id_: str) -> bool:
        """Tell whether this window can ever do an action."""

    def show_keys(self) -> None:
        """Show every key that does something."""
