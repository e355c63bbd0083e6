"""From a decoded frame to the picture as shown: rgb, upright, square pixels, one field at a time."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av.filter
import numpy as np
import numpy.typing as npt
from av.sidedata.sidedata import SideData
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from stillface.video.container import damaged
from stillface.video.index import VideoIndex

__all__ = ["Picture", "orientation_of"]

Rgb = npt.NDArray[np.uint8]

# Signs of the display matrix (a, b, c, d), which sends (x, y) to (a x + c y, b x + d y), y down.
_BY_SIGNS = {
    (1, 0, 0, 1): "",
    (-1, 0, 0, 1): "hflip",
    (1, 0, 0, -1): "vflip",
    (-1, 0, 0, -1): "hflip,vflip",
    (0, 1, -1, 0): "transpose=clock",
    (0, -1, 1, 0): "transpose=cclock",
    (0, -1, -1, 0): "transpose=clock_flip",
    (0, 1, 1, 0): "transpose=cclock_flip",
}


def orientation_of(frame: VideoFrame, path: Path) -> str:
    """Give the filters that turn a stored picture upright, by the camera's display matrix.

    Raises
    ------
    InputError
        The matrix is not made of quarter turns and mirrors.
    """
    data = frame.side_data.get("DISPLAYMATRIX")
    if not isinstance(data, SideData):
        return ""
    matrix = np.frombuffer(bytes(data), dtype=np.int32)
    signs = tuple(int(np.sign(matrix[k])) for k in (0, 1, 3, 4))
    if signs not in _BY_SIGNS:
        raise damaged(
            path,
            "the picture is turned by an odd angle",
            got=f"{frame.rotation} degrees",
            expected="quarter turns",
        )
    return _BY_SIGNS[signs]


class Picture:
    """Turns the frames of one film into rgb arrays.

    Each picture depends on its own frame only, never on a neighbour, so it is the same wherever
    decoding began. Of an interlaced frame the upper field is shown, its missing lines filled in:
    weaving two moments into one picture would put combs on every moving face.

    Parameters
    ----------
    index : VideoIndex
    """

    def __init__(self, index: VideoIndex) -> None:
        self._index = index
        self._reformatter = VideoReformatter()
        self._graphs: dict[tuple[str, bool], av.filter.Graph] = {}
        self._plain = not index.orientation and index.size_px == index.stored_size_px

    def rgb(self, frame: VideoFrame) -> Rgb:
        """Give the picture as shown; shape (height, width, 3), uint8."""
        if self._plain and not frame.interlaced_frame:
            # One thread: the decoder's own threads already keep the cores busy.
            shown = self._reformatter.reformat(frame, format="rgb24", threads=1)
        else:
            graph = self._graph(frame)
            graph.vpush(frame)
            shown = graph.vpull()
        # Rows may come padded; trackers want one block.
        return np.ascontiguousarray(shown.to_ndarray(), dtype=np.uint8)

    def _graph(self, frame: VideoFrame) -> av.filter.Graph:
        key = (frame.format.name, frame.interlaced_frame)
        if key not in self._graphs:
            width, height = self._index.size_px
            chain: list[tuple[str, str]] = [("field", "type=top")] if frame.interlaced_frame else []
            for step in filter(None, self._index.orientation.split(",")):
                name, _, setting = step.partition("=")
                chain.append((name, setting))
            chain += [("scale", f"{width}:{height}:flags=bilinear"), ("format", "rgb24")]
            self._graphs[key] = _build(frame, chain)
        return self._graphs[key]


def _build(frame: VideoFrame, chain: list[tuple[str, str]]) -> av.filter.Graph:
    graph = av.filter.Graph()
    last = graph.add_buffer(
        width=frame.width,
        height=frame.height,
        format=frame.format,
        time_base=Fraction(frame.time_base or 1),
    )
    for name, settings in chain:
        step = graph.add(name, settings)
        last.link_to(step)
        last = step
    sink = graph.add("buffersink")
    last.link_to(sink)
    graph.configure()
    return graph
