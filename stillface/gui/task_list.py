"""What waits for somebody: what they were given, or, where nobody was given anything, what is not begun."""

from __future__ import annotations

from collections.abc import Mapping

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QListWidget, QListWidgetItem, QWidget

from stillface.review.library import SIGNS, Library, SessionEntry, Task

__all__ = ["Given", "TaskList"]

Given = tuple[str, str, str]
"""Session, role and scheme; role and scheme are empty where nobody was given anything."""

_LISTED = 100


class TaskList(QListWidget):
    """The viewer's queue.

    Parameters
    ----------
    library : Library
    """

    def __init__(self, library: Library, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._library = library
        # A long line is read whole: it is wrapped, not scrolled to its end.
        self.setWordWrap(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setResizeMode(QListWidget.ResizeMode.Adjust)
        # Qt breaks lines as if there were no padding beside them, and cuts off what that leaves over.
        self.setStyleSheet("QListWidget {padding: 0 6px;} QListWidget::item {padding: 5px 0;}")
        self.setAccessibleName("Your queue")

    def fill(self, entries: Mapping[str, SessionEntry]) -> None:
        """Show what waits as it stands in these sessions."""
        self.clear()
        for task in self._library.tasks():
            a = task.assignment
            self._add(_told(task), (a.session_id, a.role, a.scheme_id), task.state)
        if self._library.is_assigned:
            if not self.count():
                self._say("all that you were given is signed off")
            return
        free = [e for e in entries.values() if e.not_begun and self._library.given_to_nobody(e.session_id)]
        if not free:
            self._say("nothing is waiting for you")
            return
        self._say("Nothing was given to anybody here. Not begun:")
        for entry in sorted(free, key=lambda entry: entry.session_id)[:_LISTED]:
            streams = [f"{stream.role} {stream.scheme_id}" for stream in entry.not_begun]
            told = ", ".join(streams) if len(streams) < len(entry.streams) else "all of it"
            self._add(
                f"{SIGNS[entry.state()]} {entry.session_id}: {told}",
                (entry.session_id, "", ""),
                "\n".join(streams),
            )
        if len(free) > _LISTED:
            self._say(f"and {len(free) - _LISTED} more sessions")

    def _add(self, text: str, given: Given, told: str) -> None:
        item = QListWidgetItem(text)
        item.setData(Qt.ItemDataRole.UserRole, given)
        item.setToolTip(told)
        self.addItem(item)

    def _say(self, text: str) -> None:
        item = QListWidgetItem(text)
        item.setFlags(Qt.ItemFlag.NoItemFlags)
        self.addItem(item)


def _told(task: Task) -> str:
    a = task.assignment
    second = ", second coding" if a.pass_no == 2 else ""
    share = f" {100 * task.coded_share:.0f} %" if task.state == "in progress" else ""
    return f"{SIGNS[task.state]} {a.session_id}: {a.role} {a.scheme_id}{second}{share}"
