"""A film as exact frames: one file, or the chapters of one recording."""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame

from stillface.domain.clock import FrameClock
from stillface.errors import FieldError, UsageError
from stillface.video.chapters import Join, join_clocks, measure_joins
from stillface.video.decode import Decoder
from stillface.video.index import VideoIndex
from stillface.video.index_cache import load_index
from stillface.video.picture import Picture

__all__ = ["VideoOpener", "VideoSource", "open_video"]

Rgb = npt.NDArray[np.uint8]

_KEPT_FRAMES = 64
_KEPT_BYTES = 128_000_000


def open_video(files: Sequence[Path], cache_dir: Path | None, *, threads: int = 0) -> VideoSource:
    """Open a film.

    Parameters
    ----------
    files : sequence of Path
        One file, or the chapters of one recording in order.
    cache_dir : Path, optional
        Folder that keeps the indexes of the files; without it they are built anew.
    threads : int
        Decoder threads; 0 for one per core.

    Returns
    -------
    VideoSource
        A context manager.

    Raises
    ------
    InputError
        A file is unfit, or the files are not chapters of one recording.
    StorageError
        The disk or share does not let us read.
    """
    if not files:
        raise UsageError("no video file to open", where="open_video", got=0, expected="at least one file")
    indexes = tuple(load_index(path, cache_dir) for path in files)
    return VideoSource(tuple(files), indexes, measure_joins(files, indexes), threads)


@dataclass(frozen=True)
class VideoOpener:
    """Opens a film anew each time it is called; can be pickled for worker processes.

    Parameters
    ----------
    files : tuple of Path
    cache_dir : Path, optional
    threads : int
        Decoder threads; 0 for one per core.
    """

    files: tuple[Path, ...]
    cache_dir: Path | None = None
    threads: int = 0

    def __call__(self) -> VideoSource:
        """Open the film (see :func:`open_video`)."""
        return open_video(self.files, self.cache_dir, threads=self.threads)


class VideoSource:
    """The frames of a film by number, in display order; see :func:`open_video`.

    One thread at a time may use it; another thread or process opens its own.

    Parameters
    ----------
    files : tuple of Path
    indexes : tuple of VideoIndex
        One for each file.
    joins : tuple of Join
        One less than the files.
    threads : int
        Decoder threads; 0 for one per core.
    """

    def __init__(
        self,
        files: tuple[Path, ...],
        indexes: tuple[VideoIndex, ...],
        joins: tuple[Join, ...],
        threads: int = 0,
    ) -> None:
        self.files = files
        self.indexes = indexes
        self.joins = joins
        self._threads = threads
        self._clock = join_clocks(indexes, joins)
        # First frame of each chapter in the film, and in its own file.
        self._begins = (0, *(join.frame for join in joins))
        self._skips = (0, *(join.n_repeated for join in joins))
        self._pictures = tuple(Picture(index) for index in indexes)
        self._kept = _KeptFrames()
        self._seeker: _Seeker | None = None

    @property
    def clock(self) -> FrameClock:
        """When each frame begins and ends, in the film's own time."""
        return self._clock

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height as shown: upright, square pixels."""
        return self.indexes[0].size_px

    @property
    def interlaced(self) -> bool:
        """Whether frames hold two fields; then the upper one is shown, its missing lines filled in."""
        return any(index.interlaced for index in self.indexes)

    def __enter__(self) -> VideoSource:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the files and forget kept frames; a later call opens them again."""
        if self._seeker is not None:
            self._seeker.decoder.close()
        self._seeker = None
        self._kept.clear()

    def frames(self, start: int, stop: int) -> Iterator[tuple[int, Rgb]]:
        """Decode ``start`` to ``stop`` in order.

        Parameters
        ----------
        start, stop : int
            First frame, and the frame after the last.

        Yields
        ------
        int, array of uint8, shape (height, width, 3)
            Frame number and rgb; the same pixels wherever decoding began.

        Raises
        ------
        FieldError
            Frames that the film does not have.
        InputError
            A frame is damaged or missing.
        """
        if not 0 <= start <= stop <= self.clock.n_frames:
            raise FieldError(
                "no such frames",
                where="VideoSource.frames",
                got=f"{start} to {stop}",
                expected=f"within 0 to {self.clock.n_frames}",
            )
        return self._frames(start, stop)

    def _frames(self, start: int, stop: int) -> Iterator[tuple[int, Rgb]]:
        while start < stop:
            chapter, local = self._locate(start)
            end = min(stop, self._end(chapter))
            shift = start - local
            with Decoder(self.files[chapter], self.indexes[chapter], self._threads) as decoder:
                for number, frame in decoder.run(local):
                    if number >= local:
                        yield number + shift, self._pictures[chapter].rgb(frame)
                    if number + shift == end - 1:
                        break
            start = end

    def frame(self, index: int) -> Rgb:
        """Decode one frame exactly.

        Frames passed on the way are kept (undeveloped, a bounded number), so that stepping back is
        cheap even where key frames are far apart.

        Parameters
        ----------
        index : int

        Returns
        -------
        array of uint8, shape (height, width, 3)

        Raises
        ------
        FieldError
            No such frame.
        InputError
            The frame is damaged or missing.
        """
        self.clock.onset_ns(index)
        chapter, local = self._locate(index)
        frame = self._kept.get(index)
        if frame is None:
            frame = self._decode(chapter, local, index - local)
        return self._pictures[chapter].rgb(frame)

    def _decode(self, chapter: int, local: int, shift: int) -> VideoFrame:
        if self._seeker is None or self._seeker.chapter != chapter:
            if self._seeker is not None:
                self._seeker.decoder.close()
            decoder = Decoder(self.files[chapter], self.indexes[chapter], self._threads)
            self._seeker = _Seeker(chapter, decoder)
        try:
            for number, frame in self._seeker.onward(local, self.indexes[chapter]):
                self._kept.put(number + shift, frame)
                if number == local:
                    return frame
        except BaseException:
            # A decoder that stopped half-way must not be taken for one that can go on.
            self.close()
            raise
        raise FieldError("no such frame", where="VideoSource.frame", got=local + shift)

    def chunk_starts(self, min_frames: int) -> tuple[int, ...]:
        """Give frames, 0 first, where decoding can begin cheaply, at least ``min_frames`` apart.

        The grid depends on the film only. Every chapter's own key frames count.
        """
        if min_frames < 1:
            raise FieldError("not positive", where="VideoSource.min_frames", got=min_frames, expected=">= 1")
        starts = [0]
        for begin, skip, index in zip(self._begins, self._skips, self.indexes, strict=True):
            for key in index.key_frames.tolist():
                if key >= skip and key - skip + begin - starts[-1] >= min_frames:
                    starts.append(key - skip + begin)
        return tuple(starts)

    def _locate(self, frame: int) -> tuple[int, int]:
        """Give the chapter that holds a frame, and the frame's number in its file."""
        chapter = bisect_right(self._begins, frame) - 1
        return chapter, frame - self._begins[chapter] + self._skips[chapter]

    def _end(self, chapter: int) -> int:
        """Give the frame after a chapter's last."""
        if chapter + 1 < len(self._begins):
            return self._begins[chapter + 1]
        return self.clock.n_frames


class _Seeker:
    """A decoder that stands somewhere in a chapter and goes on from there when that is shorter."""

    def __init__(self, chapter: int, decoder: Decoder) -> None:
        self.chapter = chapter
        self.decoder = decoder
        self._running: Iterator[tuple[int, VideoFrame]] | None = None
        self._next = 0

    def onward(self, local: int, index: VideoIndex) -> Iterator[tuple[int, VideoFrame]]:
        """Decode up to ``local``, from where the decoder stands or from a key frame."""
        key = int(index.key_frames[index.key_before(local)])
        if self._running is None or not key <= self._next <= local:
            self._running = self.decoder.run(local)
        for number, frame in self._running:
            self._next = number + 1
            yield number, frame


class _KeptFrames:
    """The frames decoded last, in the decoder's own format: smaller than rgb, and no work to keep."""

    def __init__(self) -> None:
        self._frames: OrderedDict[int, tuple[VideoFrame, int]] = OrderedDict()
        self._n_bytes = 0

    def get(self, number: int) -> VideoFrame | None:
        """Give a kept frame and count it as used last."""
        if number not in self._frames:
            return None
        self._frames.move_to_end(number)
        return self._frames[number][0]

    def put(self, number: int, frame: VideoFrame) -> None:
        """Keep a frame, letting go of those used longest ago."""
        if number in self._frames:
            return
        n_bytes = sum(plane.buffer_size for plane in frame.planes)
        self._frames[number] = (frame, n_bytes)
        self._n_bytes += n_bytes
        while len(self._frames) > 1 and (len(self._frames) > _KEPT_FRAMES or self._n_bytes > _KEPT_BYTES):
            _, (_, let_go) = self._frames.popitem(last=False)
            self._n_bytes -= let_go

    def clear(self) -> None:
        """Let go of all."""
        self._frames.clear()
        self._n_bytes = 0
