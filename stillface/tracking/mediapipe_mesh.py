"""The tracker that works offline: MediaPipe with the models that ship in its wheel."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from stillface.contracts.frame_source import OpenSource
from stillface.contracts.registry import missing_extra
from stillface.contracts.tracker import Progress
from stillface.domain.clock import ClockMap, FrameClock
from stillface.domain.faces import FaceTrack
from stillface.domain.recording import Region
from stillface.errors import StorageError, UsageError
from stillface.tracking.identity import refuse_shared_regions
from stillface.tracking.jobs import ChunkFile, Job, read_chunk, run_chunks
from stillface.tracking.params import TrackingParams

__all__ = ["VERSION", "MediapipeMesh"]

VERSION = "2"
"""Raised with every change that gives other numbers."""

_MODEL = "modules/face_landmark/face_landmark_with_attention.tflite"


class MediapipeMesh:
    """Face detection, identity by region, and a mesh with irises for every person and frame.

    Parameters
    ----------
    params : TrackingParams, optional

    Raises
    ------
    MissingExtraError
        mediapipe or OpenCV is not installed.
    UsageError
        A mediapipe whose wheel has no models.
    """

    def __init__(self, params: TrackingParams | None = None) -> None:
        self.params = params or TrackingParams()
        self.name = f"mediapipe_mesh@{VERSION}+mp{_mediapipe_version()}"

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
        """Track every role of one film; the result is the same for any number of workers.

        Parameters
        ----------
        open_source : OpenSource
            Opens the film; it and its name must survive pickling.
        regions : mapping of role to Region
            Where in the picture each person is to be found; no two the same.
        recording_id : str
            Kept in the tracks.
        clock_map : ClockMap
            From the film's time to session time.
        workers : int
            Processes to use, each with about 300 MB.
        scratch : Path
            Finished chunks are kept here and used again; the caller clears it.
        progress : Progress, optional
            Told at the start and after every finished chunk.

        Returns
        -------
        dict of role to FaceTrack

        Raises
        ------
        UsageError
            No region, or fewer than one worker.
        FieldError
            Two people share one region.
        StorageError
            A chunk could not be written or read back.
        StillfaceError
            Worker processes were ended by the system.
        """
        if not regions:
            raise UsageError("nobody to track", where=recording_id, got=0, expected="at least one region")
        if workers < 1:
            raise UsageError("too few workers", got=workers, expected="at least 1")
        refuse_shared_regions(regions)
        job = Job(open_source, dict(regions), self.params, self.name)
        files = run_chunks(job, workers, scratch, progress)
        with open_source() as source:
            clock = FrameClock(clock_map.to_session(source.clock.edges_ns))
        return {role: self._joined(files, role, recording_id, clock) for role in regions}

    def _joined(self, files: list[ChunkFile], role: str, recording_id: str, clock: FrameClock) -> FaceTrack:
        """Put one person's chunks together, one in memory at a time."""
        whole = FaceTrack.blank(clock.n_frames)
        for file in files:
            chunk = read_chunk(file, [role])
            if chunk is None:
                raise StorageError(
                    "a finished chunk cannot be read back",
                    where=file.path.name,
                    fix="run again: only this chunk is tracked anew",
                )
            frames = slice(file.start, file.stop)
            for name, array in whole.items():
                array[frames] = chunk[role][name]
        return FaceTrack(role=role, recording_id=recording_id, clock=clock, source=self.name, **whole)


def _mediapipe_version() -> str:
    try:
        found = version("mediapipe")
        spec = find_spec("mediapipe")
        if find_spec("cv2") is None:
            raise ModuleNotFoundError(name="cv2")
    except ModuleNotFoundError as error:
        raise missing_extra(error, needed_for="face tracking") from error
    if spec is None or spec.origin is None or not (Path(spec.origin).parent / _MODEL).is_file():
        raise UsageError(
            "this mediapipe has no face mesh in its wheel",
            where="mediapipe",
            got=found,
            expected="0.10.21",
            fix='run: pip install "stillface[track]"',
        )
    return found
