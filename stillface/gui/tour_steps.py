"""What the guided tour says, and whether it was taken on this computer."""

from __future__ import annotations

from qtpy.QtWidgets import QPushButton

from stillface.gui.tour import TourStep
from stillface.gui.window import CodingWindow
from stillface.review.install import keep_setting, setting

__all__ = ["first_time", "mark_toured", "tour_steps"]

_TOURED = "toured"


def first_time() -> bool:
    """Tell whether nobody has seen the tour on this computer."""
    return not setting(_TOURED)


def mark_toured() -> None:
    """Note that the tour was seen; raises StorageError."""
    keep_setting(_TOURED, "yes")


def tour_steps(window: CodingWindow) -> tuple[TourStep, ...]:
    """Give the steps for a window, keys as its keymap has them."""

    def key(action: str) -> str:
        keys = window.desk.keymap.keys(action)
        return f"<b>{keys[0]}</b>" if keys else "a key of your choice"

    def code_button() -> QPushButton | None:
        buttons = window.panel.findChildren(QPushButton)
        return next((button for button in buttons if button.objectName().startswith("code ")), None)

    return (
        TourStep(
            f"<b>The films.</b> {key('play_pause')} plays and pauses, {key('step_back')} and "
            f"{key('step_on')} go one frame, {key('slower')} and {key('faster')} change the speed. "
            "Every camera shows its own frame of the same moment.",
            lambda: window.canvas,
        ),
        TourStep(
            "<b>What you code now</b>: whom, and under which scheme. "
            f"{key('lane_up')} and {key('lane_down')} change it.",
            lambda: window.panel.lane_label,
        ),
        TourStep(
            "<b>Codes.</b> The letter is the key. It says: from here on it is this. The state before ends. "
            f"{key('uncodable')} is always unscorable, {key('end_state')} ends a state. Try it, then take it "
            f"back with {key('undo')}.",
            code_button,
        ),
        TourStep(
            "<b>The timeline.</b> Click to go there, drag an edge to move it, drag with Shift to select a "
            "stretch and paint it with a key. The wheel zooms. Hatched lanes are a machine's: proposals.",
            lambda: window.timeline,
        ),
        TourStep(
            f"<b>Review.</b> {key('review_mode')} goes through what the machine proposes, doubtful first: "
            f"{key('accept')} accepts, {key('reject')} rejects, another code's key relabels.",
            lambda: window.queue,
        ),
        TourStep(
            "<b>Saved.</b> Every key press is on the disk before the next one. If this turns red, go on: "
            f"click it to save elsewhere. {key('save')} says it in words.",
            lambda: window.panel.light,
        ),
        TourStep(
            f"<b>Every key</b> is on {key('help')} and in the menus. {key('finished')} asks what is still "
            f"open. {key('tour')} shows this tour again.",
            lambda: window.main.menuBar(),
        ),
    )
