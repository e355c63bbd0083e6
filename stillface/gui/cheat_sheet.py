"""The keys at a glance, on ``?``."""

from __future__ import annotations

from collections.abc import Mapping

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeyEvent, QMouseEvent
from qtpy.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from stillface.gui.palette import Theme
from stillface.review.desk import Desk
from stillface.review.keymap import key_of_code

__all__ = ["CheatSheet"]

_COLUMNS = (("Play", "Window"), ("Code", "Lane", "Mend"), ("Review", "Heart beats"))


class CheatSheet(QWidget):
    """Covers the window until a key or a click.

    Parameters
    ----------
    desk : Desk
    groups : mapping of str to tuple of (what, keys)
        By heading, what every key does.
    theme : Theme
    parent : QWidget
        What is covered.
    """

    def __init__(
        self, desk: Desk, groups: Mapping[str, tuple[tuple[str, str], ...]], theme: Theme, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setStyleSheet(f"CheatSheet {{background: {theme.background};}} QLabel {{color: {theme.text};}}")
        self.setAccessibleName("Keys")
        whole = QVBoxLayout(self)
        whole.setContentsMargins(28, 20, 28, 20)
        title = QLabel(
            f"<span style='font-size:18px'><b>Keys</b></span> &nbsp; profile {desk.keymap.profile}"
            " &nbsp; any key closes"
        )
        whole.addWidget(title)
        grid = QGridLayout()
        grid.setHorizontalSpacing(36)
        for column, headings in enumerate(_COLUMNS):
            cells = "".join(_table(heading, groups.get(heading, ()), theme) for heading in headings)
            if column == 2:
                cells = _codes(desk, theme) + cells
            label = QLabel(cells)
            label.setTextFormat(Qt.TextFormat.RichText)
            label.setAlignment(Qt.AlignmentFlag.AlignTop)
            grid.addWidget(label, 0, column)
        whole.addLayout(grid)
        whole.addStretch(1)
        self.setGeometry(parent.rect())
        self.show()
        self.raise_()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # type: ignore[override]  # noqa: N802  # Qt's name
        """Close on any key."""
        self.close()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # type: ignore[override]  # noqa: N802  # Qt's name
        """Close on a click."""
        self.close()


def _table(title: str, lines: tuple[tuple[str, str], ...], theme: Theme) -> str:
    rows = "".join(
        f"<tr><td style='padding:1px 14px 1px 0'><b>{_escaped(keys)}</b></td><td>{_escaped(what)}</td></tr>"
        for what, keys in lines
    )
    return f"<p style='color:{theme.accent};margin:8px 0 2px 0'><b>{title}</b></p><table>{rows}</table>"


def _codes(desk: Desk, theme: Theme) -> str:
    if desk.document.active is None:
        return ""
    lane = desk.active_lane
    lines = tuple((code.label or code.id, key_of_code(code.key)) for code in lane.scheme.codes if code.key)
    return _table(f"Codes: {lane.scheme.title or lane.scheme.id}", lines, theme)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
