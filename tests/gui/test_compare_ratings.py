"""Two coders' ratings in the window: how far they agree stands above the list, with reasons."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("napari", reason="the window needs the extra gui")

from stillface.gui import session_window
from stillface.gui.compare_panel import ComparePanel
from stillface.review.install import install_id
from stillface.review.lanes import LaneKey
from stillface.review.opening import open_document
from stillface.review.ratings import Rate, rating_units
from tests.lab_schemes import use_schemes

Open = Callable[[dict[str, list[str]]], ComparePanel]


@pytest.fixture
def compared(study: Any, qtbot: Any) -> Iterator[Open]:
    shown: list[Any] = []

    def open_pair(values: dict[str, list[str]]) -> ComparePanel:
        folder = use_schemes(study, infant=("affect3", "distress"), caregiver=("affect3",))
        for coder, mine in values.items():
            document = open_document(folder, "one", coder, install_id(), with_auto=False)
            units = rating_units(document.session, document.grid)["episode"]
            for unit, value in zip(units, mine, strict=False):
                document.do(Rate(LaneKey("infant", "distress", f"human:{coder}"), unit, value))
            document.close()
        shown.append(session_window.open_pair(folder, "one", ("infant", "distress", "AB", "CD"), "EF"))
        qtbot.waitExposed(shown[0].main)
        (panel,) = shown[0].main.findChildren(ComparePanel)
        return panel

    yield open_pair
    for window in shown:
        if not window.closed:
            window.desk.document.close(abandon=True)
            window.main.close()


def test_weighted_kappa_and_icc_stand_above_the_list(compared: Open) -> None:
    panel = compared({"AB": ["none", "much"], "CD": ["some", "much"]})
    text = panel.agreement.text()
    # One of two units a step apart: chance alone gives 4 / 2 steps, squared 6 / 2; MSR 9/4, MSC and MSE 1/4.
    assert "<b>1</b> of 2 units alike" in text
    assert "weighted kappa <b>0.67</b> quadratic, 0.50 linear" in text
    assert "ICC(2,1) 0.80, ICC(3,1) 0.80" in text
    assert panel.episodes.text() == ""


def test_what_is_undefined_says_why(compared: Open) -> None:
    panel = compared({"AB": ["some"], "CD": ["some"]})
    assert "ICC(2,1) \u2013, ICC(3,1) \u2013" in panel.agreement.text()
    assert "fewer than two rated units" in panel.episodes.text()
    assert "both used one and the same code throughout" in panel.episodes.text()
