"""Colours and letters of codes: from the scheme, never colour alone, readable in light and dark."""

from __future__ import annotations

from dataclasses import dataclass

from qtpy.QtGui import QColor

from stillface.domain.scheme import CodingScheme

__all__ = ["DARK", "HEART", "LIGHT", "Theme", "code_colour", "code_letter", "text_on"]

# Okabe and Ito's colours, told apart by people with any colour vision.
_CYCLE = ("#0072B2", "#E69F00", "#56B4E9", "#CC79A7", "#009E73", "#D55E00", "#F0E442", "#999999")


@dataclass(frozen=True)
class Theme:
    """Colours of everything that is not a code."""

    name: str
    background: str
    lane: str
    text: str
    faint: str
    episode: tuple[str, str]
    playhead: str
    accent: str
    selection: str


DARK = Theme(
    "dark",
    "#20242b",
    "#2c323c",
    "#e8eaed",
    "#969fae",
    ("#3a4a63", "#4b4560"),
    "#ffffff",
    "#7fb3ff",
    "#7fb3ff",
)
LIGHT = Theme(
    "light",
    "#f4f5f7",
    "#e6e8ec",
    "#1c1f24",
    "#59616e",
    ("#c9d6ea", "#d9d1e6"),
    "#000000",
    "#1f5fbf",
    "#1f5fbf",
)


# Where keys go to heart beats: neither that of coding nor that of the review.
HEART = "#e07a9b"


def code_colour(scheme: CodingScheme, code: str) -> QColor:
    """Give a code's own colour, or one of the cycle."""
    index = scheme.index(code)
    return QColor(scheme.codes[index].colour or _CYCLE[index % len(_CYCLE)])


def code_letter(scheme: CodingScheme, code: str) -> str:
    """Give the letter that stands for a code beside its colour: its key, else its first letter."""
    held = scheme.codes[scheme.index(code)]
    return (held.key or held.label[:1] or held.id[:1]).upper()


def text_on(colour: QColor) -> QColor:
    """Give black or white, whichever reads better on a colour."""
    luminance = 0.299 * colour.red() + 0.587 * colour.green() + 0.114 * colour.blue()
    return QColor("#111111") if luminance > 140 else QColor("#ffffff")
