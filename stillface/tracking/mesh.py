"""One face's mesh with irises, from a cut around the face."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from stillface.domain.faces import N_LANDMARKS
from stillface.tracking.native import quiet_start

__all__ = ["FaceMesher"]

Rgb = npt.NDArray[np.uint8]
# A serialised landmark: list tag, length, then three tagged float32.
_POINT = np.dtype(
    [("list", "u1"), ("size", "u1")]
    + [part for axis in "xyz" for part in ((f"tag_{axis}", "u1"), (axis, "<f4"))]
)
_BLACK = np.zeros((64, 64, 3), dtype=np.uint8)
_PLAIN_POINT = (0x0A, 15, 0x0D, 0x15, 0x1D)


class FaceMesher:
    """MediaPipe's FaceMesh following one face; it remembers where the face was in the last picture."""

    def __init__(self) -> None:
        self._graph: Any = None
        self._remembers = False

    def find(self, cut: Rgb) -> npt.NDArray[np.float32] | None:
        """Give the mesh as shares of the cut's side, shape (478, 3), or None where it sees no face."""
        if self._graph is None:
            with quiet_start():
                return self._read(self._started().process(cut))
        return self._read(self._graph.process(cut))

    def find_afresh(self, cut: Rgb, times: int) -> npt.NDArray[np.float32] | None:
        """Forget the last picture, then show a new one so often that the mesh settles on it."""
        self._forget()
        points = None
        for _ in range(times):
            points = self.find(cut)
            if points is None:
                break
        return points

    def _forget(self) -> None:
        """Lose the face by showing a black picture, which costs a tenth of starting the graph anew."""
        if self._remembers and self.find(_BLACK) is not None:
            with quiet_start():
                self._graph.reset()
                # The models load during the first picture.
                self._graph.process(_BLACK)
            self._remembers = False

    def _started(self) -> Any:
        from mediapipe.python.solutions.face_mesh import FaceMesh

        # Without refined landmarks there is no iris and closed eyes read as half open.
        self._graph = FaceMesh(max_num_faces=1, refine_landmarks=True)
        return self._graph

    def _read(self, result: Any) -> npt.NDArray[np.float32] | None:
        faces = result.multi_face_landmarks
        self._remembers = bool(faces)
        return _points(faces[0]) if faces else None

    def close(self) -> None:
        """Close the graph."""
        if self._graph is not None:
            self._graph.close()
            self._graph = None
            self._remembers = False


def _points(face: Any) -> npt.NDArray[np.float32]:
    """Read a landmark list; from its bytes, because a Python loop costs nine times as much."""
    data: bytes = face.SerializeToString()
    if len(data) == N_LANDMARKS * _POINT.itemsize:
        raw = np.frombuffer(data, dtype=_POINT)
        tags = np.stack([raw[name] for name in ("list", "size", "tag_x", "tag_y", "tag_z")], axis=1)
        if bool(np.all(tags == np.array(_PLAIN_POINT, dtype=np.uint8))):
            return np.asarray(np.stack([raw["x"], raw["y"], raw["z"]], axis=1), dtype=np.float32)
    return np.array([(point.x, point.y, point.z) for point in face.landmark], dtype=np.float32)
