"""How our widgets look: style sheets in a theme's words, filled anew when light and dark are switched."""

from __future__ import annotations

from string import Template
from typing import Any

from qtpy.QtWidgets import QApplication, QWidget

from stillface.gui.palette import DARK, LIGHT, Theme
from stillface.review.install import keep_setting, setting

__all__ = ["DIALOG", "dress", "keep_theme", "kept_theme", "wear"]

# Qt keeps it with the widget: nobody here has to know which widgets there are, or when they go.
_SHEET = "stillface sheet"
_KEPT = "colours"

DIALOG = """
QDialog, QMessageBox, QWidget#panel {background: $background; color: $text;}
QDialog .QWidget {background: transparent;}
QLabel, QCheckBox, QGroupBox {color: $text;}
QLabel[faint="true"] {color: $faint;}
QLineEdit, QComboBox, QListWidget, QTableWidget, QSpinBox, QDoubleSpinBox, QPlainTextEdit {
  background: $lane; color: $text; border: 1px solid $faint; border-radius: 3px;
  selection-background-color: $accent; selection-color: $background;}
QLineEdit, QSpinBox, QDoubleSpinBox {padding: 4px;}
QComboBox {padding: 3px 6px;}
QComboBox QAbstractItemView {background: $lane; color: $text;}
QTableWidget, QListWidget {gridline-color: $background; outline: none;}
QTableWidget::item {padding: 3px 6px;}
QListWidget::item {padding: 5px 6px;}
QTableWidget::item:selected, QListWidget::item:selected {
  background: $accent; color: $background;}
QHeaderView::section {background: $background; color: $faint; border: none; padding: 5px;
  font-weight: bold;}
QTableCornerButton::section {background: $background; border: none;}
QPushButton {background: $lane; color: $text; border: 1px solid $faint;
  border-radius: 4px; padding: 6px 12px;}
QPushButton:hover, QPushButton:focus {border: 1px solid $accent;}
QPushButton:default {background: $accent; color: $background; font-weight: bold;}
QPushButton:disabled {color: $faint; background: $background;}
QDialogButtonBox {dialogbuttonbox-buttons-have-icons: 0;}
QCheckBox::indicator, QTableView::indicator {width: 13px; height: 13px; border-radius: 3px;
  background: $background; border: 1px solid $faint;}
QCheckBox::indicator:checked, QTableView::indicator:checked {
  background: $accent; border: 3px solid $background; outline: 1px solid $accent;}
QCheckBox::indicator:focus, QCheckBox::indicator:hover {border: 1px solid $accent;}
QProgressBar {background: $lane; color: $text; border: none; border-radius: 3px;
  text-align: center;}
QProgressBar::chunk {background: $band; border-radius: 3px;}
QScrollBar {background: $background; border: 0; margin: 0;}
QScrollBar:vertical {width: 11px;}
QScrollBar:horizontal {height: 11px;}
QScrollBar::handle {background: $faint; border: 0; border-radius: 3px; margin: 2px;}
QScrollBar::handle:vertical {min-height: 20px;}
QScrollBar::handle:horizontal {min-width: 20px;}
QScrollBar::add-line, QScrollBar::sub-line {width: 0; height: 0; border: 0;}
QScrollBar::add-page, QScrollBar::sub-page {background: transparent;}
"""
"""The style sheet of a dialog, in words."""


def dress(widget: QWidget, theme: Theme, sheet: str = DIALOG) -> None:
    """Give a widget a style sheet, and the same again in other colours whenever those are switched.

    Parameters
    ----------
    widget : QWidget
    theme : Theme
    sheet : str
        With ``$background``, ``$lane``, ``$text``, ``$faint``, ``$accent`` or ``$band`` for colours.
    """
    widget.setProperty(_SHEET, sheet)
    words = {name: getattr(theme, name) for name in ("background", "lane", "text", "faint", "accent")}
    widget.setStyleSheet(Template(sheet).substitute(words, band=theme.episode[0]))


def wear(theme: Theme) -> None:
    """Show everything that is ours in another theme: what has a ``theme`` and what was dressed.

    A widget that keeps a picture has ``redraw``. What is filled from a desk is so again when that changes.
    """
    widget: Any
    for widget in QApplication.allWidgets():
        if isinstance(getattr(widget, "theme", None), Theme):
            widget.theme = theme
            getattr(widget, "redraw", widget.update)()
        sheet = widget.property(_SHEET)
        if sheet:
            dress(widget, theme, sheet)


def kept_theme() -> Theme:
    """Give the theme that was chosen last on this computer; dark where none was."""
    return LIGHT if setting(_KEPT) == LIGHT.name else DARK


def keep_theme(theme: Theme) -> None:
    """Keep which theme was chosen; raises StorageError."""
    keep_setting(_KEPT, theme.name)
