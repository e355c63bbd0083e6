"""Where ``stillface-gui`` starts: light, so that what is missing can be said before any window is tried."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from stillface.errors import StillfaceError
from stillface.gui.display import need_display, need_packages
from stillface.review.keymap_profiles import PROFILES

__all__ = ["main", "parse"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Start the window; give the process's exit status."""
    options = parse(arguments)
    try:
        need_packages()
        need_display()
    except StillfaceError as error:
        return _refused(error)

    from qtpy.QtGui import QGuiApplication
    from qtpy.QtWidgets import QApplication

    from stillface.gui.sitting import begin
    from stillface.gui.trouble import catch_surprises, show_trouble

    application = QApplication.instance() or QApplication(sys.argv[:1])
    catch_surprises()
    try:
        sitting = begin(options)
    except StillfaceError as error:
        # A coder sees what is wrong and what to do, never a path; the terminal gets the whole line.
        status = _refused(error)
        if QGuiApplication.platformName() not in ("offscreen", "minimal"):
            show_trouble(error, "opening a study")
        return status
    if sitting is None:
        return 0
    # Between a window and the browser nothing is on screen for a moment: that is not the end.
    QApplication.setQuitOnLastWindowClosed(False)
    sitting.ended.connect(QApplication.quit)
    status = int(application.exec())
    if sitting.goodbye:
        print(sitting.goodbye)
    return status


def _refused(error: StillfaceError) -> int:
    print(f"stillface-gui: {error}", file=sys.stderr)
    return error.exit_code


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read what was asked for on the command line."""
    parser = argparse.ArgumentParser(prog="stillface-gui", description="Code and review a session.")
    parser.add_argument("study", nargs="?", help="the study's folder, or a package checked out of one")
    parser.add_argument("session", nargs="?", help="the session's id")
    parser.add_argument("--coder", help="who you are")
    parser.add_argument("--keys", choices=sorted(PROFILES), help="profile of keys")
    parser.add_argument("--blind", action="store_true", help="show nothing of the machine's")
    parser.add_argument("--light", action="store_true", help="light colours, from now on")
    return parser.parse_args(arguments)
