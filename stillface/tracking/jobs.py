"""Chunks on several processes: the grid, the finished files, and what happens when a worker dies.

Each process opens the film and loads the models once. A finished chunk is a file in the scratch
folder, so an interrupted run goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import pickle
import signal
import threading
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from itertools import pairwise
from multiprocessing.synchronize import Event
from pathlib import Path

import numpy as np
import numpy.typing as npt

from stillface.contracts.frame_source import FrameSource, OpenSource
from stillface.contracts.tracker import Progress
from stillface.domain.faces import FaceTrack
from stillface.domain.recording import Region
from stillface.errors import StillfaceError, StorageError
from stillface.tracking.chunk_track import Arrays, ChunkTracker, Stopped
from stillface.tracking.params import TrackingParams
from stillface.tracking.survey import Survey, survey

__all__ = ["ChunkFile", "Job", "chunk_grid", "read_chunk", "run_chunks"]

# Chunks reach this many times the asked length where a film has few key frames.
_LONGEST = 10
# Libraries that would start a thread per core in every worker.
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTEROP_THREADS")


@dataclass(frozen=True)
class Job:
    """All that a worker must know of a film.

    Parameters
    ----------
    open_source : OpenSource
    regions : mapping of role to Region
    params : TrackingParams
    tracker : str
        Name and version: another one makes other results.
    """

    open_source: OpenSource
    regions: Mapping[str, Region]
    params: TrackingParams
    tracker: str


@dataclass(frozen=True)
class ChunkFile:
    """Where the chunk from frame ``start`` to before ``stop`` is or will be kept."""

    start: int
    stop: int
    path: Path

    @property
    def n_frames(self) -> int:
        """Frames in the chunk."""
        return self.stop - self.start


def chunk_grid(source: FrameSource, min_frames: int) -> list[tuple[int, int]]:
    """Part a film into ``(start, stop)``; it depends on the film only, not on the workers.

    Chunks begin where decoding begins cheaply. A film that has hardly any such place is parted all
    the same, so that memory stays flat and work can be shared; its frames are then decoded more than once.
    """
    starts = source.chunk_starts(min_frames)
    stops = (*starts[1:], source.clock.n_frames)
    grid = []
    for start, stop in zip(starts, stops, strict=True):
        pieces = -(-(stop - start) // (_LONGEST * min_frames))
        borders = [start + k * (stop - start) // pieces for k in range(pieces + 1)]
        grid += list(pairwise(borders))
    return grid


def run_chunks(job: Job, workers: int, scratch: Path, progress: Progress | None) -> list[ChunkFile]:
    """Track all chunks that are not yet finished; give the files of all of them in order.

    Raises
    ------
    StillfaceError
        A worker died twice, or what the film or the tracker raised.
    KeyboardInterrupt
        Finished chunks are kept.
    """
    with job.open_source() as source:
        grid = chunk_grid(source, job.params.chunk_frames)
        borders = hashlib.sha256(source.clock.edges_ns.tobytes()).hexdigest()
        size = source.size_px
    scratch.mkdir(parents=True, exist_ok=True)

    def attempt() -> list[ChunkFile]:
        with _Pool(job, min(workers, len(grid))) as pool:
            seen = pool.survey()
            key = _key(job, size, borders, seen)
            files = [ChunkFile(a, b, scratch / f"chunk-{key}-{a:08d}-{b:08d}.npz") for a, b in grid]
            pool.finish(files, seen, progress)
            return files

    # A worker can fall to a passing shortage of memory: once more, with what is finished kept.
    with suppress(BrokenProcessPool):
        return attempt()
    try:
        return attempt()
    except BrokenProcessPool as error:
        raise StillfaceError(
            "a tracking process was ended by the system, and so was its successor",
            fix="free memory or use fewer workers, then run again: finished chunks are kept",
        ) from error


def read_chunk(file: ChunkFile, roles: Iterable[str]) -> dict[str, Arrays] | None:
    """Read these people's part of a finished chunk; None where there is none or it is torn."""
    chunk: dict[str, Arrays] = {}
    try:
        # Opened here: np.load leaves a torn file open.
        with file.path.open("rb") as handle, np.load(handle, allow_pickle=False) as stored:
            for role in roles:
                chunk[role] = {name: stored[f"{role}.{name}"] for name in FaceTrack.array_names()}
    except (FileNotFoundError, zipfile.BadZipFile, EOFError, ValueError, KeyError):
        return None
    lengths = {len(array) for arrays in chunk.values() for array in arrays.values()}
    return chunk if lengths == {file.n_frames} else None


def _key(job: Job, size_px: tuple[int, int], borders: str, seen: Survey) -> str:
    content = {
        "tracker": job.tracker,
        "params": asdict(job.params),
        "regions": {role: asdict(region) for role, region in sorted(job.regions.items())},
        "size_px": size_px,
        "borders": borders,
        "pixels": seen.digest,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


class _Pool:
    """The worker processes of one run."""

    def __init__(self, job: Job, workers: int) -> None:
        self._job = job
        self._workers = workers
        self._context = multiprocessing.get_context("spawn")

    def __enter__(self) -> _Pool:
        self._threads = _one_thread_each()
        self._threads.__enter__()
        self._stop = self._context.Event()
        self._pool = ProcessPoolExecutor(
            self._workers, self._context, _begin, (pickle.dumps(self._job), self._stop)
        )
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._threads.__exit__(None, None, None)

    def survey(self) -> Survey:
        """Look the film over, in a worker; the others load their models meanwhile."""
        looked = self._pool.submit(_survey)
        for _ in range(self._workers - 1):
            # What fails here fails again in the first chunk, and is told from there.
            self._pool.submit(_load)
        return looked.result()

    def finish(self, files: list[ChunkFile], seen: Survey, progress: Progress | None) -> None:
        """Track what is missing, telling after each chunk."""
        total = sum(file.n_frames for file in files)
        missing = [file for file in files if read_chunk(file, self._job.regions) is None]
        done = total - sum(file.n_frames for file in missing)
        if progress is not None:
            progress(done, total)
        running: dict[Future[None], ChunkFile] = {
            self._pool.submit(_track_chunk, file, seen): file for file in missing
        }
        while running:
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                future.result()
                done += running.pop(future).n_frames
            if progress is not None:
                progress(done, total)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Set what worker processes inherit when they start; nothing of it stays here."""
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


class _Worker:
    """What a worker process keeps between its tasks."""

    def __init__(self, job: Job, stop: Event) -> None:
        self.stop = stop
        self.source = job.open_source().__enter__()
        self.tracker = ChunkTracker(job.regions, job.params)
        self.regions = job.regions


_setup: tuple[bytes, Event] | None = None
_worker: _Worker | None = None


def _begin(job: bytes, stop: Event) -> None:
    """Start a worker process; the film is opened by its first task, so that errors reach the caller."""
    global _setup
    _setup = (job, stop)
    # Ctrl-C goes to all processes of the terminal: the first one decides and tells the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import cv2

    cv2.setNumThreads(0)


def _end_with_parent() -> None:
    """End this process when the one that started it is gone, however it went."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _this_worker() -> _Worker:
    global _worker
    if _worker is None:
        if _setup is None:
            raise StillfaceError("not a tracking process", fix="call MediapipeMesh().track instead")
        job, stop = _setup
        _worker = _Worker(pickle.loads(job), stop)  # noqa: S301 - our own bytes, from our own parent
    return _worker


def _load() -> None:
    """Open the film and import the models' library ahead of the first chunk."""
    _this_worker()
    import mediapipe.python.solutions.face_mesh  # noqa: F401


def _survey() -> Survey:
    worker = _this_worker()
    return survey(worker.source, worker.regions, worker.tracker.detector)


def _track_chunk(file: ChunkFile, seen: Survey) -> None:
    worker = _this_worker()
    # The one that asked to stop waits for nothing of this chunk.
    with suppress(Stopped):
        chunk = worker.tracker.track(worker.source, file.start, file.stop, seen.usual_px, worker.stop.is_set)
        _save(file, chunk)


def _save(file: ChunkFile, chunk: Mapping[str, Mapping[str, npt.NDArray[np.generic]]]) -> None:
    arrays = {f"{role}.{name}": array for role, fields in chunk.items() for name, array in fields.items()}
    temp = file.path.with_name(f".{file.path.name}.{os.getpid()}.tmp")
    try:
        with temp.open("wb") as handle:
            np.savez(handle, **arrays)
            handle.flush()
            os.fsync(handle.fileno())
        temp.replace(file.path)
    except OSError as error:
        with suppress(OSError):
            temp.unlink()
        raise StorageError(
            "a finished chunk could not be saved",
            where=file.path.name,
            got=error.strerror,
            fix="free some space, then run again: finished chunks are kept",
        ) from error
