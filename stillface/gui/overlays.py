"""What the tracker saw, drawn over the films; each mark can be hidden, and a blind coder has none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from stillface.domain.faces import FaceTrack
from stillface.gui.binding import FilmLayers
from stillface.review.face_marks import MARKS, FaceMarks, marks_of

if TYPE_CHECKING:
    import napari  # type: ignore[import-untyped]

__all__ = ["Overlays"]

_COLOURS = {"box": "#56B4E9", "mesh": "#F0E442", "gaze": "#ffffff"}
# Right, down, forward; the forward one is also the thickest line on screen.
_AXES = ("#D55E00", "#009E73", "#CC79A7")
_WIDTHS_PX = {"box": 1.5, "mesh": 1.0, "gaze": 3.0, "axes": 2.5}
_ABOVE_FILMS = 1_000


class Overlays:
    """Lines over the films, as nodes of the canvas's scene: a layer per mark would cost a step its speed.

    Parameters
    ----------
    viewer : napari.Viewer
    films : FilmLayers
    tracks : iterable of (FaceTrack, array of bool)
        With the frames in which irises mean something. Of any recording; those whose film is not
        shown, or has another number of frames, are left out.
    shown : mapping of str to bool, optional
        Which marks are drawn at first.

    Attributes
    ----------
    left_out : tuple of str
        Recordings whose track does not fit the film on screen.
    """

    def __init__(
        self,
        viewer: napari.Viewer,
        films: FilmLayers,
        tracks: Iterable[tuple[FaceTrack, npt.NDArray[np.bool_]]],
        shown: Mapping[str, bool] | None = None,
    ) -> None:
        from vispy.scene.visuals import Line, Text  # type: ignore[import-untyped]

        self._films = films
        tracks = tuple(tracks)
        self._gaze_known = {(track.recording_id, track.role): known for track, known in tracks}
        held = [track for track, _ in tracks if films.n_frames(track.recording_id) is not None]
        self._tracks = tuple(t for t in held if films.n_frames(t.recording_id) == t.clock.n_frames)
        self.left_out = tuple(sorted({t.recording_id for t in held} - {t.recording_id for t in self._tracks}))
        self.shown = dict.fromkeys(MARKS, True) | dict(shown or {})
        scene = viewer.window._qt_viewer.canvas.view.scene
        self._lines: dict[str, Any] = {}
        for name, width in _WIDTHS_PX.items():
            line = Line(method="gl", width=width, antialias=True, parent=scene)
            line.set_gl_state("translucent", depth_test=False)
            line.order, line.visible = _ABOVE_FILMS, False
            self._lines[name] = line
        self._text = Text(color="#ffffff", font_size=9, anchor_x="left", anchor_y="top", parent=scene)
        self._text.order, self._text.visible = _ABOVE_FILMS + 1, False
        self.drawn: dict[str, int] = {}
        self._now: tuple[tuple[str, int | None], ...] = ()

    def __bool__(self) -> bool:
        return bool(self._tracks)

    def set_shown(self, name: str, on: bool) -> None:
        """Draw or hide one kind of mark."""
        self.shown[name] = on
        self._now = ()
        self.show()

    def show(self) -> None:
        """Draw the marks of the frames that the films show."""
        now = tuple(self._films.shown.items())
        if not self._tracks or now == self._now:
            return
        self._now = now
        marks = [(track, found) for track in self._tracks if (found := self._marks(track)) is not None]
        for name, line in self._lines.items():
            self._draw(name, line, marks)
        self._write(marks)

    def _marks(self, track: FaceTrack) -> FaceMarks | None:
        frame = self._films.shown.get(track.recording_id)
        if frame is None:
            return None
        known = self._gaze_known[track.recording_id, track.role]
        return marks_of(track, frame, with_gaze=bool(known[frame]))

    def _draw(self, name: str, line: Any, marks: list[tuple[FaceTrack, FaceMarks]]) -> None:
        parts = [
            self._films.on_canvas(track.recording_id, found.segments_px[name].reshape(-1, 2))
            for track, found in marks
            if self.shown[name] and name in found.segments_px
        ]
        self.drawn[name] = sum(len(part) // 2 for part in parts)
        line.visible = bool(parts)
        if not parts:
            return
        places = np.concatenate(parts)
        colour: Any = _COLOURS.get(name)
        if name == "axes":
            from vispy.color import ColorArray  # type: ignore[import-untyped]

            colour = np.tile(np.repeat(ColorArray(list(_AXES)).rgba, 2, axis=0), (len(parts), 1))
        line.set_data(pos=places, color=colour, connect="segments")

    def _write(self, marks: list[tuple[FaceTrack, FaceMarks]]) -> None:
        on = self.shown["score"] and bool(marks)
        self.drawn["score"] = len(marks) if on else 0
        self._text.visible = on
        if on:
            self._text.text = [found.text for _, found in marks]
            self._text.pos = np.concatenate(
                [
                    self._films.on_canvas(track.recording_id, np.array([found.text_px], dtype=np.float32))
                    for track, found in marks
                ]
            )
