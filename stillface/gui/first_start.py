"""The first start on a computer: a tour of two minutes on the built-in dyad, or straight to a study."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QMessageBox, QProgressDialog

from stillface.gui.dress import dress
from stillface.gui.palette import Theme
from stillface.io.bundle import StudyFolder
from stillface.review.tour_study import tour_study

__all__ = ["make_tour_study", "wants_tour"]


def wants_tour(theme: Theme) -> bool:
    """Ask whether to be shown around."""
    box = QMessageBox()
    dress(box, theme)
    box.setWindowTitle("stillface")
    box.setText("New here?")
    box.setInformativeText(
        "Two minutes show you around, on two animated stand-ins. Nothing leaves this computer."
    )
    tour = box.addButton("Show me around", QMessageBox.ButtonRole.AcceptRole)
    box.addButton("Open a study", QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(tour)
    box.exec()
    return box.clickedButton() is tour


def make_tour_study() -> StudyFolder:
    """Draw the tour's film with a bar to look at; raises as :func:`tour_study`."""
    bar = QProgressDialog("Drawing the stand-ins, some seconds, this once only…", "", 0, 100)
    bar.setWindowTitle("stillface")
    bar.setCancelButton(None)
    bar.setWindowModality(Qt.WindowModality.ApplicationModal)
    bar.setMinimumDuration(300)

    def tell(done: int, total: int) -> None:
        bar.setMaximum(total)
        bar.setValue(done)
        QApplication.processEvents()

    try:
        return tour_study(tell)
    finally:
        bar.close()
