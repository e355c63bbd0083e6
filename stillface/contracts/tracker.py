"""Tracker: from frames to one face track per person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol, runtime_checkable

from stillface.contracts.frame_source import OpenSource
from stillface.domain.clock import ClockMap
from stillface.domain.faces import FaceTrack
from stillface.domain.recording import Region

__all__ = ["Progress", "Tracker"]

Progress = Callable[[int, int], None]
"""Called with (frames done, frames in all)."""


@runtime_checkable
class Tracker(Protocol):
    """Finds and follows faces; the result must not depend on the number of workers."""

    name: str
    """``<name>@<version>``: becomes the track's source."""

    def track(
        self,
        open_source: OpenSource,
        regions: Mapping[str, Region],
        *,
        recording_id: str,
        clock_map: ClockMap,
        workers: int,
        scratch: Path,
        progress: Progress | None = None,
    ) -> dict[str, FaceTrack]:
        """Track every role of one film.

        Parameters
        ----------
        open_source : OpenSource
            Opens the film; called once in each worker process.
        regions : mapping of role to Region
            Where in the picture each person is to be found.
        recording_id : str
            Kept in the tracks.
        clock_map : ClockMap
            From the film's time to session time.
        workers : int
            Processes to use.
        scratch : Path
            Folder for finished chunks: an interrupted run goes on from them.
        progress : Progress, optional
            Told after every finished chunk.
        """
        ...
