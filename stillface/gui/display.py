"""Whether windows can be shown: asked before Qt, which ends the whole program where they cannot."""

from __future__ import annotations

import ctypes
import os
import re
import socket
import sys
from importlib.util import find_spec
from pathlib import Path

from stillface.errors import MissingExtraError, StillfaceError, UsageError

__all__ = ["need_display", "need_packages"]

_PACKAGES = ("qtpy", "napari")
_BINDINGS = ("PySide6", "PyQt6")
_DESKTOP = "start it on a desktop; over ssh use ssh -X; in a script put xvfb-run -a before the command"
_LIBRARY = re.compile(r"(lib[\w.+-]+?)\.so\.(\d+)")


def need_packages() -> None:
    """Raise MissingExtraError where napari or a Qt is not installed."""
    for package in _PACKAGES:
        if find_spec(package) is None:
            raise MissingExtraError(package, "gui", needed_for="the window")
    if not any(find_spec(binding) for binding in _BINDINGS):
        raise MissingExtraError(_BINDINGS[0], "gui", needed_for="the window")


def need_display() -> None:
    """Raise UsageError where Qt would find no screen, no answer from it, or not the libraries it needs."""
    if not sys.platform.startswith("linux"):
        return
    asked = os.environ.get("QT_QPA_PLATFORM", "")
    names = [part.partition(":")[0] for part in asked.split(";") if part] or ["xcb", "wayland"]
    troubles = [_trouble_with(name) for name in names]
    found = [trouble for trouble in troubles if trouble is not None]
    if len(found) == len(troubles):
        # What was tried at all says more than a display that nobody spoke of.
        raise next((trouble for trouble in found if trouble.got is not None), found[0])


def _trouble_with(platform: str) -> StillfaceError | None:
    """Tell why Qt could not show windows through one of its platform plugins; None where it could."""
    variable = {"xcb": "DISPLAY", "wayland": "WAYLAND_DISPLAY"}.get(platform.partition("-")[0])
    display = os.environ.get(variable, "") if variable else ""
    if variable and not display:
        return UsageError("there is no display to show a window on", fix=_DESKTOP)
    folder = _plugins()
    if folder is not None:
        plugin = folder / f"libq{platform}.so"
        if not plugin.is_file():
            return UsageError(
                "Qt has no such platform", got=platform, fix="take QT_QPA_PLATFORM out of the environment"
            )
        try:
            ctypes.CDLL(str(plugin))
        except OSError as error:
            return _missing(str(error))
    try:
        answers = {"DISPLAY": _x_answers, "WAYLAND_DISPLAY": _wayland_answers}.get(variable or "", _yes)()
    except OSError as error:
        return _missing(str(error))
    if answers:
        return None
    return UsageError("the display does not answer", got=f"{variable}={display}", fix=_DESKTOP)


def _missing(said: str) -> StillfaceError:
    """Name the Debian package of a library, by Debian's own rule for such names."""
    found = _LIBRARY.search(said)
    fix = "install the library that is named"
    if found is not None:
        name, version = found.group(1).lower(), found.group(2)
        package = name + ("-" if name[-1].isdigit() else "") + version
        fix += f"; on Debian and Ubuntu: sudo apt-get install {package}"
    return UsageError("Qt cannot show windows here: a library of the system is missing", got=said, fix=fix)


def _plugins() -> Path | None:
    """Give the folder of Qt's platform plugins; None where this Qt keeps them elsewhere."""
    spec = find_spec("PySide6")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "Qt" / "plugins" / "platforms"
    return folder if folder.is_dir() else None


def _x_answers() -> bool:
    xcb = ctypes.CDLL("libxcb.so.1")
    xcb.xcb_connect.restype = ctypes.c_void_p
    connection = ctypes.c_void_p(xcb.xcb_connect(None, None))
    failed = xcb.xcb_connection_has_error(connection)
    xcb.xcb_disconnect(connection)
    return not failed


def _wayland_answers() -> bool:
    # Not by its library: that would write lines of its own to the terminal.
    place = Path(os.environ.get("XDG_RUNTIME_DIR", ""), os.environ["WAYLAND_DISPLAY"])
    with socket.socket(socket.AF_UNIX) as asking:
        return place.is_absolute() and asking.connect_ex(str(place)) == 0


def _yes() -> bool:
    return True
