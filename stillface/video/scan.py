"""Building a film's index by reading its packets, and proving it on what is decoded."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import TypedDict

import av
import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.video.stream import VideoStream

from stillface.video.container import (
    MAX_DURATION_S,
    MAX_RATE_HZ,
    damaged,
    open_container,
    sample_aspect,
    video_stream,
)
from stillface.video.decode import decode_from_key
from stillface.video.index import VideoIndex
from stillface.video.picture import orientation_of

__all__ = ["scan"]

# Enough to see through the reordering of any codec, and little to decode.
_PROOF_FRAMES = 32
# Matroska rounds its duration to its own unit; a track may end a little before the file says.
_SLACK_S = Fraction(1, 4)


class _Tags(TypedDict):
    codec: str
    container: str
    creation_time: str
    timecode: str


@dataclass
class _Packets:
    """What the packets of the picture say, in the order of the file, from the first key frame on."""

    pts: list[int] = field(default_factory=list)
    durations: list[int] = field(default_factory=list)
    keys: list[bool] = field(default_factory=list)
    n_hidden: int = 0
    n_read: int = 0
    begun: bool = False
    stamped: bool = True
    cut_at: int | None = None
    end_s: Fraction = Fraction(0)


@dataclass
class _Seen:
    """What one decoded frame says about itself; the picture is not kept."""

    pts: int
    duration: int
    size_px: tuple[int, int]
    orientation: str
    interlaced: bool


@dataclass
class _Shown:
    """The frames that are shown, in display order."""

    pts: npt.NDArray[np.int64]
    key_frames: npt.NDArray[np.int64]
    last_duration: int
    n_hidden: int


def scan(path: Path) -> VideoIndex:
    """Read which frames a film has and when each is shown.

    The stamps of the packets are proved on the first frames that the decoder gives; where they do
    not agree (stamps missing, fields stored singly, a file that begins between two key frames)
    the whole film is decoded once and the frames' own stamps are taken.

    Parameters
    ----------
    path : Path

    Returns
    -------
    VideoIndex

    Raises
    ------
    InputError
        Not a film, cut short, damaged, or with an absurd header or time stamps.
    StorageError
        The disk or share does not let us read it.
    """
    with open_container(path) as container:
        stream = video_stream(container, path)
        time_base = Fraction(stream.time_base or 0)
        tags = _Tags(
            codec=stream.codec_context.name,
            container=container.format.name,
            creation_time=_tag(container, "creation_time"),
            timecode=_tag(container, "timecode"),
        )
        aspect = sample_aspect(stream, path)
        begins_s = _sound_begins_s(container)
        packets = _read_packets(container, stream, path)
        _refuse_cut(container, stream, packets, path)
    opening = _decode(path, _PROOF_FRAMES)
    if not opening:
        raise damaged(path, "no frame can be decoded", got=f"{len(packets.pts)} stored frames")
    shown = _prove(packets, opening, path)
    _refuse_absurd_rate(shown.pts, time_base, path)
    return VideoIndex(
        pts=shown.pts,
        time_base=time_base,
        # A player starts where the first picture or sound is, whatever stamp that has.
        origin_s=min([int(shown.pts[0]) * time_base, *begins_s]),
        sample_aspect=aspect,
        last_duration=shown.last_duration,
        key_frames=shown.key_frames,
        stored_size_px=opening[0].size_px,
        orientation=opening[0].orientation,
        interlaced=any(frame.interlaced for frame in opening),
        n_hidden=shown.n_hidden,
        **tags,
    )


def _tag(container: InputContainer, name: str) -> str:
    for source in (container, *container.streams):
        if value := source.metadata.get(name):
            return str(value)
    return ""


def _sound_begins_s(container: InputContainer) -> list[Fraction]:
    return [
        Fraction(stream.start_time * stream.time_base)
        for stream in container.streams.audio
        if stream.start_time is not None and stream.time_base is not None
    ]


def _read_packets(container: InputContainer, stream: VideoStream, path: Path) -> _Packets:
    packets = _Packets()
    last_dts: int | None = None
    # Whether a Matroska file is whole shows only in the end of its longest track.
    streams = list(container.streams) if "matroska" in container.format.name else [stream]
    try:
        for packet in container.demux(streams):
            if packet.size == 0:
                # An AVI stores a dropped frame as an empty one; the last packet of all is no frame.
                packets.n_read += packet.dts is not None and packet.stream_index == stream.index
                continue
            if packet.pts is not None and packet.time_base is not None:
                end = (packet.pts + (packet.duration or 0)) * Fraction(packet.time_base)
                packets.end_s = max(packets.end_s, end)
            if packet.stream_index != stream.index:
                continue
            packets.n_read += 1
            if packet.is_corrupt:
                packets.cut_at = packets.n_read
            if packet.dts is not None:
                if last_dts is not None and packet.dts < last_dts:
                    raise damaged(
                        path,
                        f"time stamps go back at stored frame {packets.n_read}",
                        got=f"{packet.dts} after {last_dts}",
                        expected="each later than the one before",
                    )
                last_dts = packet.dts
            _keep(packets, packet.pts, packet.duration, packet.is_keyframe, packet.is_discard)
    except av.FFmpegError as error:
        raise damaged(path, f"unreadable after {packets.n_read} frames", got=error.strerror) from error
    return packets


def _keep(packets: _Packets, pts: int | None, duration: int | None, key: bool, discard: bool) -> None:
    """Keep one packet; before the first key frame nothing can be decoded."""
    packets.begun = packets.begun or key
    if discard or not packets.begun:
        packets.n_hidden += 1
    elif pts is None:
        packets.stamped = False
    else:
        packets.pts.append(pts)
        packets.durations.append(duration or 0)
        packets.keys.append(key)


def _refuse_cut(container: InputContainer, stream: VideoStream, packets: _Packets, path: Path) -> None:
    """Refuse a file that holds less than it says it does."""
    name = container.format.name
    expected: str | None = None
    if "mov" in name:
        size = path.stat().st_size
        beyond = sum(entry.pos + entry.size > size for entry in stream.index_entries)
        if beyond:
            expected = f"{len(stream.index_entries)} as its table says"
    elif name == "avi" and packets.n_read < stream.frames:
        expected = f"{stream.frames} as its header says"
    elif "matroska" in name and container.duration:
        claimed_s = Fraction(container.duration, av.time_base)
        if packets.end_s < claimed_s - _SLACK_S:
            expected = f"{float(claimed_s):.2f} s as its header says, it ends at {float(packets.end_s):.2f} s"
    if expected is None and packets.cut_at is not None and not name.startswith("mpeg"):
        expected = f"a whole frame {packets.cut_at}"
    if expected is not None:
        raise damaged(
            path, "the video is cut short", got=f"{packets.n_read} stored frames", expected=expected
        )


def _decode(path: Path, at_most: int | None = None) -> list[_Seen]:
    """Decode from the film's beginning and keep what the frames say."""
    seen: list[_Seen] = []
    with open_container(path) as container:
        stream = video_stream(container, path)
        for frame in islice(decode_from_key(container, stream, path), at_most):
            if frame.pts is None:
                raise damaged(path, f"frame {len(seen)} carries no time stamp", expected="one for each frame")
            seen.append(
                _Seen(
                    pts=frame.pts,
                    duration=frame.duration or 0,
                    size_px=(frame.width, frame.height),
                    orientation=orientation_of(frame, path),
                    interlaced=frame.interlaced_frame,
                )
            )
    return seen


def _prove(packets: _Packets, opening: list[_Seen], path: Path) -> _Shown:
    """Give the frames that are shown: the packets' where the decoder agrees, else the decoder's."""
    order = np.argsort(np.array(packets.pts, dtype=np.int64), kind="stable")
    pts = np.array(packets.pts, dtype=np.int64)[order]
    keys = np.array(packets.keys, dtype=np.bool_)[order]
    durations = np.array(packets.durations, dtype=np.int64)[order]
    n_hidden = packets.n_hidden
    if not packets.stamped or [frame.pts for frame in opening] != pts[: len(opening)].tolist():
        seen = _decode(path)
        key_pts = pts[keys]
        pts = np.array([frame.pts for frame in seen], dtype=np.int64)
        durations = np.array([frame.duration for frame in seen], dtype=np.int64)
        # Without stamps on the packets a seek cannot be proved: decoding then begins at the start.
        keys = np.isin(pts, key_pts) if packets.stamped else np.zeros(pts.size, dtype=np.bool_)
        if packets.stamped:
            n_hidden += int(np.isin(np.array(packets.pts), pts, invert=True).sum())
    backward = np.flatnonzero(np.diff(pts) <= 0)
    if backward.size:
        k = int(backward[0])
        raise damaged(
            path,
            f"the time stamp of frame {k + 1} is not later than that of frame {k}",
            got=f"{pts[k + 1]} after {pts[k]}",
            expected="stamps that increase",
        )
    keys[0] = True
    return _Shown(pts, np.flatnonzero(keys), int(durations[-1]), n_hidden)


def _refuse_absurd_rate(pts: npt.NDArray[np.int64], time_base: Fraction, path: Path) -> None:
    span_s = int(pts[-1] - pts[0]) * time_base
    if span_s > MAX_DURATION_S:
        raise damaged(
            path,
            "absurd duration between the first and last time stamp",
            got=f"{float(span_s) / 3600:.0f} h",
            expected=f"up to {MAX_DURATION_S // 3600} h",
        )
    if pts.size > 1 and span_s / (pts.size - 1) * MAX_RATE_HZ < 1:
        raise damaged(
            path,
            "absurd frame rate by its time stamps",
            got=f"{float((pts.size - 1) / span_s):g} frames/s",
            expected=f"up to {MAX_RATE_HZ}",
        )
