"""Two coders' events settled in the window by real keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("napari", reason="the window needs the extra gui")
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from stillface.domain.clock import NS_PER_S as S
from stillface.gui import session_window
from stillface.gui.compare_panel import ComparePanel
from stillface.review.commands_live import AddPoint
from stillface.review.install import install_id
from stillface.review.lanes import LaneKey
from stillface.review.opening import open_document
from tests.lab_schemes import use_schemes

CODED = {"AB": [(2, "bid"), (6, "bid"), (12, "touch")], "CD": [(2.4, "bid"), (6.2, "touch"), (15, "bid")]}


@pytest.fixture
def window(study: Any, qtbot: Any) -> Iterator[Any]:
    study = use_schemes(study, infant=("affect3", "bids"), caregiver=("affect3",))
    for coder, events in CODED.items():
        document = open_document(study, "one", coder, install_id(), with_auto=False)
        for time_s, code in events:
            document.do(AddPoint(LaneKey("infant", "bids", f"human:{coder}"), round(time_s * S), code))
        document.close()
    shown = session_window.open_pair(study, "one", ("infant", "bids", "AB", "CD"), "EF")
    qtbot.waitExposed(shown.main)
    yield shown
    if not shown.closed:
        shown.desk.document.close(abandon=True)
        shown.main.close()


def test_events_are_kept_refused_and_called_otherwise_by_keys(window: Any, qtbot: Any) -> None:
    (panel,) = window.main.findChildren(ComparePanel)

    def press(key: Any) -> None:
        QTest.keyClick(window.timeline, key)
        QApplication.processEvents()

    def settled() -> list[str]:
        return [panel.list.item(row, 3).text() for row in range(panel.list.rowCount())]

    assert settled() == ["", "", ""]
    assert "1 of 4 events alike" in panel.agreement.text()
    assert panel.first_button.isEnabled()
    press(Qt.Key.Key_F3)
    qtbot.waitUntil(lambda: panel.comparison.place == 1, timeout=30_000)
    assert "no event" in panel.second_button.text()
    press(Qt.Key.Key_F3)
    qtbot.waitUntil(lambda: panel.comparison.place == 2, timeout=30_000)
    press(Qt.Key.Key_T)
    qtbot.waitUntil(lambda: settled() == ["✓ touch", "✓ no event", "✓ touch"], timeout=30_000)
    lane = window.desk.document.lane(LaneKey("infant", "bids", "consensus:EF"))
    assert [(b.onset_ns / S, b.code) for b in lane.bouts] == [(6.2, "touch"), (15, "touch")]
    QTest.keyClick(window.timeline, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert settled() == ["✓ touch", "✓ no event", ""]
