"""The keys at a glance, on ``?``."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations, pairwise

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeyEvent, QMouseEvent
from qtpy.QtWidgets import QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from stillface.gui.dress import dress
from stillface.gui.palette import Theme
from stillface.review.desk import Desk
from stillface.review.keymap import key_of_code

__all__ = ["CheatSheet"]

_N_COLUMNS = 4
_COLUMN_PX = 300
_ORDER = ("Compare", "Play", "Lane", "Code", "Mend", "Review", "Heart beats", "Window")
# A heading and the space above it count as lines, too.
_HEAD_LINES = 2

Lines = tuple[tuple[str, str], ...]


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

    def __init__(self, desk: Desk, groups: Mapping[str, Lines], theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        dress(
            self,
            theme,
            "CheatSheet, QScrollArea, QWidget#keys {background: $background; border: none;}"
            "QLabel {color: $text;}",
        )
        self.setAccessibleName("Keys")
        self.groups = {**_codes(desk), **{name: groups[name] for name in _ORDER if name in groups}}
        # A heading that nobody thought of here is shown all the same.
        self.groups.update(groups)
        title = QLabel(
            f"<span style='font-size:18px'><b>Keys</b></span> &nbsp; profile {desk.keymap.profile}"
            " &nbsp; any key closes"
        )
        board = QWidget()
        board.setObjectName("keys")
        row = QHBoxLayout(board)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(18)
        for column in _columns(self.groups, max(parent.width() // _COLUMN_PX, 1)):
            label = QLabel("".join(_table(name, self.groups[name], theme) for name in column))
            label.setTextFormat(Qt.TextFormat.RichText)
            label.setAlignment(Qt.AlignmentFlag.AlignTop)
            label.setWordWrap(True)
            row.addWidget(label, 1)
        area = QScrollArea()
        area.setWidget(board)
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(20, 14, 20, 14)
        whole.addWidget(title)
        whole.addWidget(area, 1)
        self.setGeometry(parent.rect())
        self.show()
        self.raise_()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # type: ignore[override]  # noqa: N802  # Qt's name
        """Close on any key."""
        self.close()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # type: ignore[override]  # noqa: N802  # Qt's name
        """Close on a click."""
        self.close()


def _columns(groups: Mapping[str, Lines], n_at_most: int) -> list[list[str]]:
    """Cut the headings, in their order, into columns of which the longest is as short as can be."""
    names, sizes = list(groups), [len(lines) + _HEAD_LINES for lines in groups.values()]
    n_cuts = min(_N_COLUMNS, n_at_most, len(names)) - 1
    ways = ((0, *cuts, len(names)) for cuts in combinations(range(1, len(names)), n_cuts))
    best = min(ways, key=lambda way: max(sum(sizes[a:b]) for a, b in pairwise(way)))
    return [names[a:b] for a, b in pairwise(best)]


def _table(title: str, lines: Lines, theme: Theme) -> str:
    head = f"<p style='color:{theme.accent};margin:8px 0 2px 0'><b>{_escaped(title)}</b></p>"
    rows = "".join(
        f"<tr><td style='padding:1px 10px 1px 0'><b>{_escaped(keys).replace('  ', ' &middot; ')}</b></td>"
        f"<td>{_escaped(what)}</td></tr>"
        for what, keys in lines
    )
    return f"{head}<table>{rows}</table>"


def _codes(desk: Desk) -> dict[str, Lines]:
    lane = desk.scheme_lane()
    if lane is None:
        return {}
    lines = tuple((code.label or code.id, key_of_code(code.key)) for code in lane.scheme.codes if code.key)
    return {f"Codes: {lane.scheme.title or lane.scheme.id}": lines} if lines else {}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
