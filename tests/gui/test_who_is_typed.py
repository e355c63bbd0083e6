"""Who one is: what is typed counts as typed, and nobody goes on as somebody else."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("napari", reason="the window needs the extra gui")
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QDialogButtonBox

from stillface.gui import sitting
from stillface.gui.launch import parse
from stillface.gui.palette import DARK
from stillface.gui.study_browser import StudyBrowser
from stillface.gui.who import WhoDialog
from stillface.review.install import last_coder, remember_coder


@pytest.fixture
def asks(study: Any, qtbot: Any) -> Any:
    """Show the question as it is shown to who sits down, with the focus where it is then."""

    def show() -> WhoDialog:
        who = WhoDialog(study, DARK)
        qtbot.addWidget(who)
        who.show()
        qtbot.waitExposed(who)
        return who

    return show


def keys(dialog: Any, text: str, *more: Any) -> None:
    for letter in text:
        QTest.keyClicks(dialog.focusWidget(), letter)
    for key in more:
        QTest.keyClick(dialog.focusWidget(), key)


def test_letters_go_to_the_field_and_never_search_the_list(asks: Any) -> None:
    who = asks()
    assert who.focusWidget() is who.names
    keys(who, "QCD", Qt.Key.Key_Return)
    assert (who.result(), who.other.text(), who.coder) == (0, "QCD", "QCD")
    assert who.hint.text() == "QCD is new here: begin as QCD?"
    assert who.names.selectedItems() == []
    keys(who, "", Qt.Key.Key_Return)
    assert (who.result(), who.coder) == (1, "QCD")


def test_who_is_suggested_gives_way_to_who_is_typed_and_back_by_an_arrow(asks: Any) -> None:
    remember_coder("s", "CD")
    who = asks()
    assert who.coder == "CD"
    keys(who, "EF")
    assert (who.coder, who.names.selectedItems()) == ("EF", [])
    who.names.setFocus()
    keys(who, "", Qt.Key.Key_Down)
    assert [item.text() for item in who.names.selectedItems()] == ["AB"]
    assert (who.other.text(), who.coder) == ("", "AB")
    keys(who, "", Qt.Key.Key_Return)
    assert (who.result(), who.coder) == (1, "AB")


def test_where_nobody_has_coded_yet_on_a_computer_return_opens_nothing(asks: Any) -> None:
    who = asks()
    assert who.names.selectedItems() == []
    assert not who.box.button(QDialogButtonBox.StandardButton.Ok).isEnabled()
    keys(who, "", Qt.Key.Key_Return)
    assert (who.result(), who.coder, who.isVisible()) == (0, "", True)


def test_initials_named_on_the_command_line_that_are_new_are_asked_about_once(
    study: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    answers = [Qt.Key.Key_Escape, Qt.Key.Key_Return]

    def ask(who: WhoDialog) -> int:
        qtbot.addWidget(who)
        who.show()
        qtbot.waitExposed(who)
        asked.append(who.hint.text())
        keys(who, "", answers.pop(0))
        return who.result()

    monkeypatch.setattr(WhoDialog, "exec", ask)
    monkeypatch.setattr(StudyBrowser, "exec", lambda _shown: 0)
    sitting.begin(parse([str(study.root), "--coder", "ZZ"]))
    assert last_coder("s") == ""
    sitting.begin(parse([str(study.root), "--coder", "ZZ"]))
    assert last_coder("s") == "ZZ"
    sitting.begin(parse([str(study.root), "--coder", "ZZ"]))
    sitting.begin(parse([str(study.root), "--coder", "AB"]))
    assert asked == ["ZZ is new here: begin as ZZ?"] * 2
