"""How dialogs look: the colours of the window, in light and dark."""

from __future__ import annotations

from stillface.gui.palette import Theme

__all__ = ["dialog_sheet"]


def dialog_sheet(theme: Theme) -> str:
    """Give the style sheet of a dialog."""
    return f"""
QDialog, QMessageBox, QWidget#panel {{background: {theme.background}; color: {theme.text};}}
QDialog .QWidget {{background: transparent;}}
QLabel, QCheckBox, QGroupBox {{color: {theme.text};}}
QLabel[faint="true"] {{color: {theme.faint};}}
QLineEdit, QComboBox, QListWidget, QTableWidget, QSpinBox, QDoubleSpinBox, QPlainTextEdit {{
  background: {theme.lane}; color: {theme.text}; border: 1px solid {theme.faint}; border-radius: 3px;
  selection-background-color: {theme.accent}; selection-color: {theme.background};}}
QLineEdit, QSpinBox, QDoubleSpinBox {{padding: 4px;}}
QComboBox {{padding: 3px 6px;}}
QComboBox QAbstractItemView {{background: {theme.lane}; color: {theme.text};}}
QTableWidget, QListWidget {{gridline-color: {theme.background}; outline: none;}}
QTableWidget::item {{padding: 3px 6px;}}
QListWidget::item {{padding: 5px 6px;}}
QTableWidget::item:selected, QListWidget::item:selected {{
  background: {theme.accent}; color: {theme.background};}}
QHeaderView::section {{background: {theme.background}; color: {theme.faint}; border: none; padding: 5px;
  font-weight: bold;}}
QTableCornerButton::section {{background: {theme.background}; border: none;}}
QPushButton {{background: {theme.lane}; color: {theme.text}; border: 1px solid {theme.faint};
  border-radius: 4px; padding: 6px 12px;}}
QPushButton:hover, QPushButton:focus {{border: 1px solid {theme.accent};}}
QPushButton:default {{background: {theme.accent}; color: {theme.background}; font-weight: bold;}}
QPushButton:disabled {{color: {theme.faint}; background: {theme.background};}}
QDialogButtonBox {{dialogbuttonbox-buttons-have-icons: 0;}}
QCheckBox::indicator, QTableView::indicator {{width: 13px; height: 13px; border-radius: 3px;
  background: {theme.background}; border: 1px solid {theme.faint};}}
QCheckBox::indicator:checked, QTableView::indicator:checked {{
  background: {theme.accent}; border: 3px solid {theme.background}; outline: 1px solid {theme.accent};}}
QCheckBox::indicator:focus, QCheckBox::indicator:hover {{border: 1px solid {theme.accent};}}
QProgressBar {{background: {theme.lane}; color: {theme.text}; border: none; border-radius: 3px;
  text-align: center;}}
QProgressBar::chunk {{background: {theme.episode[0]}; border-radius: 3px;}}
"""
