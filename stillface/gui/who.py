"""Who are you? The first question, since every code carries its coder's name."""

from __future__ import annotations

from qtpy.QtWidgets import QCheckBox, QComboBox, QFormLayout, QWidget

from stillface.gui.coder_dialog import CoderDialog, known_coders
from stillface.gui.palette import Theme
from stillface.io.bundle import StudyFolder
from stillface.review.install import last_coder
from stillface.review.keymap_profiles import PROFILES
from stillface.review.package import coder_of_package

__all__ = ["WhoDialog", "known_here"]

_WORDS = ("{0} is new here: begin as {0}?", "Begin as {}")


def known_here(study: StudyFolder) -> tuple[str, ...]:
    """Give who may begin without being asked about: a package's owner only, else who coded or began here."""
    owner, last = coder_of_package(study), last_coder(study.study.study_id)
    # Who began here last and coded nothing, as a manager does, has no log.
    return (owner,) if owner else tuple(dict.fromkeys((*known_coders(study), *([last] if last else []))))


class WhoDialog(CoderDialog):
    """Choose one's initials among the study's coders, or type them.

    A package checked out for one coder offers that one only.

    Parameters
    ----------
    study : StudyFolder
    theme : Theme
    keys : str
        Profile of keys that is suggested.
    named : str
        Who was named already without being known here: asked about at once.
    """

    def __init__(
        self,
        study: StudyFolder,
        theme: Theme,
        keys: str = "stillface",
        named: str = "",
        parent: QWidget | None = None,
    ) -> None:
        owner, last = coder_of_package(study), last_coder(study.study.study_id)
        title = study.study.title or study.study.study_id
        told = f"<br>This package is for {owner}." if owner else ""
        known = known_here(study)
        super().__init__(
            known,
            theme,
            f"<h2 style='margin:0'>Who are you?</h2>{title}{told}",
            ("somebody else: initials" if known else "type your initials", *_WORDS),
            suggested=owner or last,
            parent=parent,
        )
        self.setWindowTitle("stillface: who are you?")
        self.resize(420, 430 if known else 260)
        self.other.setVisible(not owner)
        self.manager = QCheckBox("I manage this study: show everybody's work")
        self.manager.setToolTip("Coders stay blind: leave this off when you code.")
        self.manager.setVisible(not owner)
        self.keys = QComboBox()
        self.keys.addItems(list(PROFILES))
        self.keys.setCurrentText(keys)
        self.keys.setAccessibleName("Keys as in")
        self.middle.addWidget(self.manager)
        form = QFormLayout()
        form.addRow("Keys as in", self.keys)
        self.middle.addLayout(form)
        if named:
            self.other.setText(named)
            self.other.setFocus()
            self.accept()
