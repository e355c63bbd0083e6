"""Decoding a film from a key frame on, so that every frame is exactly the one asked for.

A decoder hides damage: it fills what is missing with what it has, and marks the frame late or not
at all. Reading is therefore strict, where any deviation from the codec's rules is an error, unless
the film as a whole deviates, as some cameras' do: then it is careful. Its threads share one frame,
so that marks are in time, and a frame that may lean on one decoded after it is given only when that
one is known to be whole.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from types import TracebackType

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from stillface.errors import InputError
from stillface.video.container import damaged, open_container, video_stream
from stillface.video.index import VideoIndex

__all__ = ["Decoder", "decode_from_key"]

# H.264 and H.265 allow no frame to be shown more than 16 frames before one it leans on.
_MAX_REORDERED = 16
# So many frames tell whether a film keeps to its codec's rules.
_N_TRIED = 12
# A key frame that only begins to refresh the picture is an error to a strict reader; three earlier
# beginnings, each twice as far back, pass over it.
_N_EARLIER = 3


def decode_from_key(
    container: InputContainer,
    stream: VideoStream,
    path: Path,
    *,
    not_after: int | None = None,
    threads: int = 0,
    strict: bool = False,
) -> Iterator[VideoFrame]:
    """Decode from the next key frame to the end of the film, in display order.

    Parameters
    ----------
    container, stream : open container and its picture
    path : Path
        Named in errors.
    not_after : int, optional
        Give nothing when the next key frame has a later stamp than this: the seek went too far.
    threads : int
        Decoder threads; 0 for one per core.
    strict : bool
        Read several frames at once and end at any deviation from the codec's rules, also one that
        does no harm to the picture; otherwise read one frame at a time and end at damage.

    Raises
    ------
    InputError
        A frame is damaged.
    """
    context = stream.codec_context
    if not context.is_open:
        context.thread_type = "AUTO" if strict else "SLICE"
        context.thread_count = threads
        if strict:
            context.options = {"err_detect": "explode"}
    held: deque[VideoFrame] = deque()
    n_decoded = 0
    try:
        for frame in _decoded(container, stream, not_after):
            if frame.is_corrupt:
                raise damaged(path, "a frame is damaged", got=_place(frame, n_decoded))
            n_decoded += 1
            held.append(frame)
            if strict or len(held) > _MAX_REORDERED:
                yield held.popleft()
    except av.FFmpegError as error:
        raise damaged(
            path, "the film cannot be decoded further", got=f"{error.strerror} after {n_decoded} frames"
        ) from error
    yield from held


def _decoded(container: InputContainer, stream: VideoStream, not_after: int | None) -> Iterator[VideoFrame]:
    began = False
    for packet in container.demux(stream):
        if not began:
            if not packet.is_keyframe:
                continue
            if not_after is not None and (packet.pts is None or packet.pts > not_after):
                return
            began = True
        yield from packet.decode()


def _place(frame: VideoFrame, n_given: int) -> str:
    return f"damage {n_given} frames on" if frame.time is None else f"damage at {frame.time:.3f} s"


class Decoder:
    """One open film file; a context manager.

    Parameters
    ----------
    path : Path
    index : VideoIndex
        Of that file.
    threads : int
        Decoder threads; 0 for one per core.
    """

    def __init__(self, path: Path, index: VideoIndex, threads: int = 0) -> None:
        self._path = path
        self._index = index
        self._threads = threads
        self._strict = True
        self._container: InputContainer | None = None
        self._stream: VideoStream | None = None

    def __enter__(self) -> Decoder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; a later call opens it again."""
        if self._container is not None:
            self._container.close()
        self._container = self._stream = None

    def run(self, start: int) -> Iterator[tuple[int, VideoFrame]]:
        """Decode to the end of the film from a key frame at or before ``start``.

        Yields
        ------
        int, VideoFrame
            Frame number and frame, without a hole, from a key frame at or before ``start`` on.

        Raises
        ------
        InputError
            A frame is damaged or missing.
        """
        position, back = self._index.key_before(start), 1
        following: int | None = None
        n_failed = 0
        while True:
            try:
                for number, frame in self._numbered(int(self._index.key_frames[position])):
                    if following is None or number >= following:
                        yield number, frame
                        following = number + 1
                if following is not None:
                    return
                if position == 0:
                    raise damaged(
                        self._path, f"frame {start} cannot be reached", got="no key frame before it"
                    )
            except InputError:
                self.close()
                if self._strict and not self._keeps_rules():
                    self._strict = False
                    continue
                n_failed += 1
                if position == 0 or n_failed > _N_EARLIER:
                    raise
            # Some containers land behind the mark, some key frames only begin to refresh the
            # picture: an earlier beginning costs time, never exactness.
            position, back = max(0, position - back), back * 2

    def _keeps_rules(self) -> bool:
        """Tell whether a strict reading gets on anywhere: at the beginning, half-way or near the end."""
        keys = self._index.key_frames
        for position in sorted({0, len(keys) // 2, len(keys) - 1}):
            try:
                if sum(1 for _ in islice(self._from(int(keys[position])), _N_TRIED)):
                    return True
            except InputError:
                continue
            finally:
                self.close()
        return False

    def _numbered(self, key: int) -> Iterator[tuple[int, VideoFrame]]:
        """Decode from one key frame; nothing when that cannot be had exactly."""
        expected = key
        for frame in self._from(key):
            number = None if frame.pts is None else self._index.frame_of(frame.pts)
            if number is None and expected > key:
                raise damaged(self._path, "a frame the index does not know", got=_place(frame, expected))
            if number is None or number < key:
                continue
            if number != expected:
                if expected == key:
                    return
                raise damaged(self._path, f"frame {expected} is missing", got=f"frame {number} after it")
            if (frame.width, frame.height) != self._index.stored_size_px:
                raise damaged(
                    self._path,
                    f"the picture changes size at frame {number}",
                    got=f"{frame.width} x {frame.height}",
                    expected="{} x {}".format(*self._index.stored_size_px),
                )
            yield number, frame
            expected += 1
        if key < expected < self._index.n_frames:
            raise damaged(
                self._path,
                "the film ends early",
                got=f"{expected} frames",
                expected=f"{self._index.n_frames}",
            )

    def _from(self, key: int) -> Iterator[VideoFrame]:
        if key == 0:
            # The beginning needs no seek, which some containers do not offer or do badly.
            self.close()
        if self._container is None or self._stream is None:
            self._container = open_container(self._path)
            self._stream = video_stream(self._container, self._path)
        if key == 0:
            return decode_from_key(
                self._container, self._stream, self._path, threads=self._threads, strict=self._strict
            )
        pts = int(self._index.pts[key])
        try:
            self._container.seek(pts, stream=self._stream, backward=True)
        except av.FFmpegError:
            return iter(())
        return decode_from_key(
            self._container,
            self._stream,
            self._path,
            not_after=pts,
            threads=self._threads,
            strict=self._strict,
        )
