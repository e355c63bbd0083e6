"""A quick copy of a film whose key frames are far apart, for stepping and jumping without waiting.

The copy has a key frame every few frames, and frame for frame the original's size, numbers and time stamps.
It is for looking only: tracking and measuring take the original.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt

from stillface.contracts.frame_source import FrameSource
from stillface.domain.clock import FrameClock
from stillface.errors import InputError, StillfaceError
from stillface.video.encode import write_video
from stillface.video.index import VideoIndex
from stillface.video.source import VideoSource, open_video

__all__ = ["ProxySource", "is_worth_a_proxy", "make_proxy", "open_proxy"]

Rgb = npt.NDArray[np.uint8]

_LONG_GOP = 60
_GOP = 6
_CRF = 20
# Only a rate for the file: frames go by number.
_RATE = Fraction(25)


def is_worth_a_proxy(indexes: Sequence[VideoIndex]) -> bool:
    """Tell whether a film's key frames lie so far apart that stepping back has to wait."""
    return any(int(np.diff(np.append(i.key_frames, i.n_frames)).max()) > _LONG_GOP for i in indexes)


def make_proxy(source: VideoSource, path: Path, *, said: Callable[[float], object] | None = None) -> None:
    """Write the quick copy of a film; takes about as long as playing it at four times its speed.

    Parameters
    ----------
    source : VideoSource
        The original; not to be used by another thread meanwhile.
    path : Path
        ``*.mp4``; put in place when it is whole.
    said : callable, optional
        Called now and then with the share that is done; what it raises ends the work.

    Raises
    ------
    InputError
        A frame of the original is damaged.
    StorageError
        The disk or share does not let us write.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _note(path).unlink(missing_ok=True)
    write_video(path, _even(source, said), _RATE, gop=_GOP, crf=_CRF)
    _note(path).write_text(json.dumps(_facts(source)), encoding="utf-8")


def open_proxy(original: VideoSource, path: Path) -> ProxySource | None:
    """Open a film's quick copy, or give None where there is none or it is of another film.

    Parameters
    ----------
    original : VideoSource
        Gives the time stamps; its pictures are not decoded.
    path : Path
    """
    try:
        facts = json.loads(_note(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if facts != _facts(original):
        return None
    try:
        copy = open_video([path], None)
    except StillfaceError:
        return None
    if copy.clock.n_frames != original.clock.n_frames:
        return None
    return ProxySource(original, copy)


class ProxySource:
    """The pictures of a quick copy under the original's frame numbers and times; a FrameSource.

    Parameters
    ----------
    original : VideoSource
        Closed with this.
    copy : FrameSource
        As many frames as the original.
    """

    def __init__(self, original: VideoSource, copy: FrameSource) -> None:
        if copy.clock.n_frames != original.clock.n_frames:
            raise InputError(
                "not a copy of this film", got=copy.clock.n_frames, expected=original.clock.n_frames
            )
        self.original, self._copy = original, copy

    @property
    def clock(self) -> FrameClock:
        """The original's clock."""
        return self.original.clock

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height of the copy."""
        return self._copy.size_px

    def frame(self, index: int) -> Rgb:
        """Give a frame of the copy by the original's number."""
        return self._copy.frame(index)

    def frames(self, start: int, stop: int) -> Iterator[tuple[int, Rgb]]:
        """Decode in order."""
        return self._copy.frames(start, stop)

    def chunk_starts(self, min_frames: int) -> tuple[int, ...]:
        """Give frames where decoding can begin cheaply."""
        return self._copy.chunk_starts(min_frames)

    def __enter__(self) -> ProxySource:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._copy.__exit__(kind, error, trace)
        self.original.__exit__(kind, error, trace)


def _even(source: VideoSource, said: Callable[[float], object] | None) -> Iterator[Rgb]:
    """Give every frame, both sides even: this kind of film has no odd ones."""
    width, height = source.size_px
    size = max(2, width // 2 * 2), max(2, height // 2 * 2)
    n_frames = source.clock.n_frames
    for number, rgb in source.frames(0, n_frames):
        if said is not None and number % 25 == 0:
            said(number / n_frames)
        yield np.ascontiguousarray(rgb[: size[1], : size[0]])


def _note(path: Path) -> Path:
    return path.with_suffix(".json")


def _facts(source: VideoSource) -> dict[str, object]:
    """Say which film a copy is of: its frames' stamps, and its files' sizes."""
    stamps = hashlib.sha256(np.ascontiguousarray(source.clock.edges_ns).tobytes()).hexdigest()
    return {"version": 1, "stamps": stamps, "sizes": [path.stat().st_size for path in source.files]}
