"""How one lane looks: bouts with colour and letter, machine lanes hatched; each lane's picture is kept."""

from __future__ import annotations

from dataclasses import dataclass

from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QBrush, QColor, QFont, QPainter, QPixmap, QPolygonF

from stillface.gui.palette import Theme, code_colour, code_letter, text_on
from stillface.review.lanes import Lane, LaneKey
from stillface.review.timeline import Strip, View, strips

__all__ = ["LanePictures", "Stretch", "font_of"]

Stretch = tuple[int, int]

_LETTER_FROM_PX = 11
_LABEL_FROM_PX = 90


@dataclass(frozen=True)
class _Shown:
    """Everything that a lane's picture depends on; a lane that was edited is another object."""

    lane: Lane
    view: View
    height_px: float
    ratio: float
    theme: Theme
    only_ns: tuple[Stretch, ...] | None


class LanePictures:
    """Pictures of lanes, painted anew only where what they show has changed.

    Attributes
    ----------
    n_painted : int
        Lanes painted so far.
    """

    def __init__(self) -> None:
        self.n_painted = 0
        self._kept: dict[LaneKey, tuple[_Shown, QPixmap]] = {}

    def picture(
        self,
        lane: Lane,
        view: View,
        height_px: float,
        ratio: float,
        theme: Theme,
        only_ns: tuple[Stretch, ...] | None = None,
    ) -> QPixmap:
        """Give the picture of a lane, as wide as the view.

        Parameters
        ----------
        lane : Lane
        view : View
        height_px : float
        ratio : float
            Device pixels per pixel.
        theme : Theme
        only_ns : tuple of (int, int), optional
            The only stretches in which it is coded.
        """
        shown = _Shown(lane, view, height_px, ratio, theme, only_ns)
        kept = self._kept.get(lane.key)
        if kept is not None and kept[0] == shown:
            return kept[1]
        picture = QPixmap(max(round(view.width_px * ratio), 1), max(round(height_px * ratio), 1))
        picture.setDevicePixelRatio(ratio)
        painter = QPainter(picture)
        _LaneArtist(painter, shown).paint()
        painter.end()
        self.n_painted += 1
        self._kept[lane.key] = (shown, picture)
        return picture

    def forget(self, key: LaneKey | None = None) -> None:
        """Paint a lane, or every lane, anew when it is asked for."""
        if key is None:
            self._kept.clear()
        else:
            self._kept.pop(key, None)


class _LaneArtist:
    """Paints one lane at the painter's origin."""

    def __init__(self, painter: QPainter, shown: _Shown) -> None:
        self.painter, self.lane, self.view, self.theme = painter, shown.lane, shown.view, shown.theme
        self.height_px, self.only_ns = shown.height_px, shown.only_ns
        self.area = QRectF(0, 0, shown.view.width_px, shown.height_px)
        # Asked for once a code, not once a bout: a lane may hold thousands.
        scheme = shown.lane.scheme
        self.colours = {code: code_colour(scheme, code) for code in scheme.code_ids}
        self.gaps = {code for code, gap in zip(scheme.code_ids, scheme.gap_mask, strict=True) if gap}
        self.font = font_of(painter, 9 if shown.height_px >= 18 else 8, bold=True)

    def paint(self) -> None:
        self.painter.fillRect(self.area, QColor(self.theme.background))
        for onset_ns, offset_ns in ((None, None),) if self.only_ns is None else self.only_ns:
            left = 0.0 if onset_ns is None else self.view.x_of(onset_ns)
            right = self.area.width() if offset_ns is None else self.view.x_of(offset_ns)
            self.painter.fillRect(QRectF(left, 0, right - left, self.height_px), QColor(self.theme.lane))
        for strip in strips(self.lane, self.view):
            if self.lane.is_point:
                self._point(strip)
            else:
                self._bout(strip)

    def _bout(self, strip: Strip) -> None:
        painter, colour = self.painter, self.colours[strip.code]
        box = QRectF(strip.x_px, 0, max(strip.width_px, 1), self.height_px)
        machine = self.lane.key.kind == "auto"
        if machine:
            fill = QColor(colour)
            fill.setAlpha(90)
            painter.fillRect(box, fill)
            painter.fillRect(box, QBrush(colour, Qt.BrushStyle.BDiagPattern))
        else:
            painter.fillRect(box, colour)
        if strip.code in self.gaps:
            painter.fillRect(box, QBrush(QColor(self.theme.background), Qt.BrushStyle.DiagCrossPattern))
        if strip.bout is None:
            return
        if machine and strip.bout.confidence is not None:
            bar = 3 * strip.bout.confidence
            painter.fillRect(QRectF(box.x(), box.bottom() - bar, box.width(), bar), QColor(self.theme.text))
        if strip.width_px > 2:
            painter.setPen(QColor(self.theme.background))
            painter.drawLine(box.topLeft(), box.bottomLeft())
        if strip.width_px >= _LETTER_FROM_PX:
            self._letters(strip, box, QColor(self.theme.text) if machine else text_on(colour))
        if strip.bout.comment:
            self._comment_mark(box)

    def _comment_mark(self, box: QRectF) -> None:
        corner = QPolygonF([box.topRight(), box.topRight() - QPointF(7, 0), box.topRight() + QPointF(0, 7)])
        self.painter.setPen(Qt.PenStyle.NoPen)
        self.painter.setBrush(QColor(self.theme.text))
        self.painter.drawPolygon(corner)

    def _letters(self, strip: Strip, box: QRectF, colour: QColor) -> None:
        held = self.lane.scheme.codes[self.lane.scheme.index(strip.code)]
        letter = code_letter(self.lane.scheme, strip.code)
        seen = box.intersected(self.area)
        long = seen.width() >= _LABEL_FROM_PX and self.height_px >= 16
        text = f"{letter}  {held.label}" if long and held.label else letter
        self.painter.setFont(self.font)
        self.painter.setPen(colour)
        self.painter.drawText(seen.adjusted(3, 0, -2, 0), Qt.AlignmentFlag.AlignVCenter, text)

    def _point(self, strip: Strip) -> None:
        painter = self.painter
        x, middle, half = strip.x_px, self.height_px / 2, self.height_px / 3
        painter.setPen(QColor(self.theme.text))
        painter.setBrush(self.colours[strip.code])
        corners = [QPointF(x, middle - half), QPointF(x + half, middle), QPointF(x, middle + half)]
        painter.drawPolygon(QPolygonF([*corners, QPointF(x - half, middle)]))
        painter.setFont(font_of(painter, 8, bold=True))
        painter.drawText(QPointF(x + half + 2, middle + 4), code_letter(self.lane.scheme, strip.code))


def font_of(painter: QPainter, points: int, *, bold: bool = False) -> QFont:
    """Give the painter's font in a size."""
    font = painter.font()
    font.setPointSize(points)
    font.setBold(bold)
    return font
