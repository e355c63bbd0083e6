"""Decoding a film from a key frame on, so that every frame is exactly the one asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from stillface.video.container import damaged, open_container, video_stream
from stillface.video.index import VideoIndex

__all__ = ["Decoder", "decode_from_key"]


def decode_from_key(
    container: InputContainer,
    stream: VideoStream,
    path: Path,
    *,
    not_after: int | None = None,
    threads: int = 0,
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

    Raises
    ------
    InputError
        A frame is damaged.
    """
    context = stream.codec_context
    if not context.is_open:
        context.thread_type = "AUTO"
        context.thread_count = threads
    began = False
    n_given = 0
    try:
        for packet in container.demux(stream):
            if not began:
                if not packet.is_keyframe:
                    continue
                if not_after is not None and (packet.pts is None or packet.pts > not_after):
                    return
                began = True
            for frame in packet.decode():
                if frame.is_corrupt:
                    raise damaged(path, "a frame is damaged", got=_place(frame, n_given))
                n_given += 1
                yield frame
    except av.FFmpegError as error:
        raise damaged(
            path, "the film cannot be decoded further", got=f"{error.strerror} after {n_given} frames"
        ) from error


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
        position = self._index.key_before(start)
        back = 1
        while True:
            frames = self._numbered(int(self._index.key_frames[position]))
            if (first := next(frames, None)) is not None:
                yield first
                yield from frames
                return
            if position == 0:
                raise damaged(self._path, f"frame {start} cannot be reached", got="no key frame before it")
            # Some containers land behind the mark, some key frames only begin to refresh the
            # picture: an earlier beginning costs time, never exactness.
            position, back = max(0, position - back), back * 2

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
            return decode_from_key(self._container, self._stream, self._path, threads=self._threads)
        pts = int(self._index.pts[key])
        try:
            self._container.seek(pts, stream=self._stream, backward=True)
        except av.FFmpegError:
            return iter(())
        return decode_from_key(
            self._container, self._stream, self._path, not_after=pts, threads=self._threads
        )
