"""Partner-independent coding: a coder sees one person only, in the pictures as in the lanes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import TracebackType

import numpy as np
import numpy.typing as npt

from stillface.contracts.frame_source import FrameSource
from stillface.domain.clock import FrameClock
from stillface.domain.recording import Region
from stillface.domain.session import Session
from stillface.errors import FieldError

__all__ = ["MaskedSource", "cameras_showing_both", "visible_regions"]

Rgb = npt.NDArray[np.uint8]

_BLANK = 24


def visible_regions(session: Session, role: str) -> Mapping[str, Region]:
    """Give what may be seen of each film, by camera id; films without that person are left out.

    Raises
    ------
    FieldError
        A role that the protocol does not have.
    """
    if role not in session.protocol.role_ids:
        raise FieldError(
            "no such role", where="visible_regions", got=role, expected=", ".join(session.protocol.role_ids)
        )
    return {video.id: video.regions[role] for video in session.videos if role in video.regions}


def cameras_showing_both(session: Session, role: str) -> tuple[str, ...]:
    """Name the films in which somebody else's region reaches into this person's: no mask hides them."""
    own = visible_regions(session, role)
    return tuple(
        video.id
        for video in session.videos
        if video.id in own
        and any(_overlap(own[video.id], region) for other, region in video.regions.items() if other != role)
    )


def _overlap(one: Region, other: Region) -> bool:
    apart_x = one.x + one.width <= other.x + 1e-9 or other.x + other.width <= one.x + 1e-9
    apart_y = one.y + one.height <= other.y + 1e-9 or other.y + other.height <= one.y + 1e-9
    return not (apart_x or apart_y)


class MaskedSource:
    """A film of which only one region is seen; it keeps its size, so that places in it stay the same.

    Parameters
    ----------
    source : FrameSource
        Closed with this one.
    region : Region
    """

    def __init__(self, source: FrameSource, region: Region) -> None:
        self._source = source
        self._left, self._top, self._right, self._bottom = region.pixels(*source.size_px)

    @property
    def clock(self) -> FrameClock:
        """The film's own."""
        return self._source.clock

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height of the film."""
        return self._source.size_px

    def _masked(self, picture: Rgb) -> Rgb:
        seen = np.full_like(picture, _BLANK)
        place = (slice(self._top, self._bottom), slice(self._left, self._right))
        seen[place] = picture[place]
        return seen

    def frames(self, start: int, stop: int) -> Iterator[tuple[int, Rgb]]:
        """Decode in order."""
        for index, picture in self._source.frames(start, stop):
            yield index, self._masked(picture)

    def frame(self, index: int) -> Rgb:
        """Decode one frame exactly."""
        return self._masked(self._source.frame(index))

    def chunk_starts(self, min_frames: int) -> tuple[int, ...]:
        """Give where decoding can begin cheaply."""
        return self._source.chunk_starts(min_frames)

    def __enter__(self) -> MaskedSource:
        self._source.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._source.__exit__(kind, error, trace)
