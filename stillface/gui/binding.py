"""Films in napari's canvas: the only place where session time meets layers.

Each camera is one two-dimensional layer whose picture is replaced: about a third quicker than a slider over
a stack of frames, and what is shown is the frame at the playhead by its own time stamp in every camera.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import QTimer

from stillface.contracts.frame_source import FrameSource
from stillface.errors import InputError, StorageError
from stillface.gui.readahead import ReadAhead
from stillface.io.errands import NoAnswerError
from stillface.review.cameras import Camera

if TYPE_CHECKING:
    import napari  # type: ignore[import-untyped]
    from napari.layers import Image  # type: ignore[import-untyped]

__all__ = ["FilmLayers"]

_GAP_SHARE = 0.02
_BLANK = 24
_MARGIN = 0.01
_HITCH = 25
_SKIPPED_SHARE = 0.2
_AGAIN_MS = 500


class FilmLayers:
    """Films side by side, at one height.

    Parameters
    ----------
    viewer : napari.Viewer
    cameras : mapping of str to Camera
        By id, in the order from left to right.
    sources : mapping of str to FrameSource
        Open films of the same ids.

    Attributes
    ----------
    n_skipped : int
        Frames of the first camera that were passed over since playing began.
    """

    def __init__(
        self, viewer: napari.Viewer, cameras: Mapping[str, Camera], sources: Mapping[str, FrameSource]
    ) -> None:
        self._cameras, self._sources = dict(cameras), dict(sources)
        self._shown: dict[str, int | None] = {}
        self._layers: dict[str, Image] = {}
        self._places: dict[str, tuple[float, float]] = {}
        self._time_ns = 0
        self.n_skipped = self._n_played = 0
        self._troubles: dict[str, str] = {}
        self._unanswered: set[str] = set()
        self._again = QTimer()
        self._again.setSingleShot(True)
        self._again.setInterval(_AGAIN_MS)
        self._again.timeout.connect(lambda: self.show(self._time_ns))
        height = max((source.size_px[1] for source in self._sources.values()), default=0)
        x = 0.0
        for id_, source in self._sources.items():
            width_px, height_px = source.size_px
            scale = height / height_px
            self._layers[id_] = viewer.add_image(
                _blank(source.size_px),
                name=id_,
                rgb=True,
                scale=(scale, scale),
                translate=(0, x),
                interpolation2d="linear",
            )
            self._places[id_] = (scale, x)
            x += width_px * scale * (1 + _GAP_SHARE)
        self._viewer = viewer
        self.fit()

    def fit(self) -> None:
        """Let the pictures fill the canvas."""
        if self._layers:
            self._viewer.reset_view(margin=_MARGIN)

    @property
    def trouble(self) -> str:
        """Why a picture is missing; empty where none is."""
        return "; ".join(f"{id_}: {text}" for id_, text in self._troubles.items())

    @property
    def shown(self) -> Mapping[str, int | None]:
        """Number of the frame in each layer; None where the camera did not run."""
        return dict(self._shown)

    def picture(self, camera_id: str) -> npt.NDArray[np.uint8]:
        """Give the picture that a layer shows; shape (height, width, 3)."""
        return np.asarray(self._layers[camera_id].data)

    def n_frames(self, camera_id: str) -> int | None:
        """Give the number of frames of a film, or None where it is not shown."""
        camera = self._cameras.get(camera_id)
        return None if camera is None else camera.clock.n_frames

    def on_canvas(self, camera_id: str, places_px: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Turn places in a film's picture into places on the canvas; shape (n, 2), x before y."""
        scale, left = self._places[camera_id]
        return np.asarray(places_px * scale + np.array([left, 0.0]), dtype=np.float32)

    def begin_play(self) -> None:
        """Count anew how many frames are passed over."""
        self.n_skipped = self._n_played = 0

    @property
    def much_skipped(self) -> bool:
        """Whether more than a fifth of the frames were passed over since playing began, not just a hitch."""
        return self.n_skipped > max(_HITCH, (self.n_skipped + self._n_played) * _SKIPPED_SHARE)

    def show(self, time_ns: int, *, playing: bool = False) -> None:
        """Show every camera's frame at a session time; in play what is decoded by then, without waiting."""
        backward, self._time_ns = time_ns < self._time_ns, time_ns
        for k, (id_, camera) in enumerate(self._cameras.items()):
            frame, before = camera.frame_at(time_ns), self._shown.get(id_, -1)
            if frame == before:
                continue
            source, shown = self._sources[id_], before if before is not None and before >= 0 else None
            if playing and frame is not None and isinstance(source, ReadAhead):
                # After a leap there is nothing to go on from.
                near = shown if shown is not None and (frame - shown) * (-1 if backward else 1) > 0 else None
                found = source.at_hand(frame, near, backward=backward)
                self._note(id_, source.trouble)
                if found is None:
                    if source.trouble and shown is not None:
                        # The last picture must not pass for what is here.
                        self._layers[id_].data, self._shown[id_] = _blank(source.size_px), None
                    continue
                frame, picture = found
            else:
                picture = self._picture(id_, frame)
            if k == 0 and playing and frame is not None and shown is not None:
                self.n_skipped += max(abs(frame - shown) - 1, 0)
                self._n_played += 1
            self._layers[id_].data = picture
            self._shown[id_] = None if id_ in self._unanswered else frame
        if self._unanswered and not playing:
            self._again.start()
        else:
            self._again.stop()

    def swap(self, id_: str, source: FrameSource) -> None:
        """Show a film from another source of the same frames, at the place where it stands.

        Parameters
        ----------
        id_ : str
        source : FrameSource
            Owned from here on, and closed where it is refused.

        Raises
        ------
        InputError, StorageError
            Its frames are not at the same times, or the one at the playhead cannot be decoded; the film
            stays as it was.
        """
        before = self._sources[id_]
        frame = self._cameras[id_].frame_at(self._time_ns)
        try:
            if not np.array_equal(source.clock.edges_ns, before.clock.edges_ns):
                raise InputError("not a copy of this film", where=id_)
            picture = _blank(source.size_px) if frame is None else source.frame(frame)
        except (InputError, StorageError):
            source.__exit__(None, None, None)
            raise
        self._sources[id_] = source
        self._layers[id_].data, self._shown[id_] = picture, frame
        before.__exit__(None, None, None)

    def rest(self) -> None:
        """Let go of what was read ahead."""
        for source in self._sources.values():
            if isinstance(source, ReadAhead):
                source.rest()

    def _picture(self, id_: str, frame: int | None) -> npt.NDArray[np.uint8]:
        source = self._sources[id_]
        self._unanswered.discard(id_)
        if frame is None:
            self._note(id_, "")
            return _blank(source.size_px)
        try:
            picture = source.frame(frame)
        except (InputError, StorageError) as error:
            if isinstance(error, NoAnswerError):
                # The picture may come yet, and is shown then without another key.
                self._unanswered.add(id_)
            self._note(id_, error.what)
            return _blank(source.size_px)
        self._note(id_, "")
        return picture

    def _note(self, id_: str, trouble: str) -> None:
        if trouble:
            self._troubles[id_] = trouble
        else:
            self._troubles.pop(id_, None)

    def close(self) -> None:
        """Close the films."""
        self._again.stop()
        for source in self._sources.values():
            source.__exit__(None, None, None)


def _blank(size_px: tuple[int, int]) -> npt.NDArray[np.uint8]:
    return np.full((size_px[1], size_px[0], 3), _BLANK, dtype=np.uint8)
