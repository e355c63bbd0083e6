"""The whole tracker on several processes: same result for any number, resumed, and honest when it fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from tracking_films import DyingOpener, NpyOpener, TornOpener

from stillface.contracts.tracker import Tracker
from stillface.domain.clock import ClockMap
from stillface.domain.faces import FaceTrack
from stillface.domain.recording import Region
from stillface.errors import FieldError, InputError, MissingExtraError, StillfaceError, UsageError
from stillface.tracking import mediapipe_mesh
from stillface.tracking.mediapipe_mesh import MediapipeMesh
from stillface.tracking.params import TrackingParams

Rgb = npt.NDArray[np.uint8]
REGIONS = {"infant": Region(0.0, 0.0, 0.5, 1.0), "caregiver": Region(0.5, 0.0, 0.5, 1.0)}
SMALL_CHUNKS = TrackingParams(chunk_frames=20)


@dataclass
class Run:
    """One finished run."""

    tracks: dict[str, FaceTrack]
    scratch: Path
    progress: list[tuple[int, int]]


@pytest.fixture(scope="module")
def film(dyad_frames: Rgb, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "dyad.npy"
    np.save(path, dyad_frames)
    return path


def _run(opener: object, scratch: Path, workers: int) -> Run:
    progress: list[tuple[int, int]] = []
    tracks = MediapipeMesh(SMALL_CHUNKS).track(
        opener,  # type: ignore[arg-type]
        REGIONS,
        recording_id="film",
        clock_map=ClockMap(offset_ns=5_000_000_000),
        workers=workers,
        scratch=scratch,
        progress=lambda done, total: progress.append((done, total)),
    )
    return Run(tracks, scratch, progress)


@pytest.fixture(scope="module")
def by_one(film: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return _run(NpyOpener(film), tmp_path_factory.mktemp("one"), 1)


def _same(a: dict[str, FaceTrack], b: dict[str, FaceTrack]) -> bool:
    return a.keys() == b.keys() and all(
        np.array_equal(getattr(a[role], name), getattr(b[role], name))
        for role in a
        for name in FaceTrack.array_names()
    )


def test_both_faces_are_tracked_and_the_one_that_left_is_said_to_be_gone(by_one: Run) -> None:
    infant, caregiver = by_one.tracks["infant"], by_one.tracks["caregiver"]
    assert infant.coverage == 1
    assert not caregiver.codable[40:50].any()
    assert caregiver.codable[:40].all()
    assert caregiver.codable[52:].all(), "found again within three frames"
    assert not caregiver.landmarks_px[40:50].any()
    assert infant.landmarks_px[..., 0].max() < 320 < caregiver.landmarks_px[caregiver.codable][..., 0].min()
    assert np.median(np.abs(infant.yaw_deg)) < 12
    assert infant.source.startswith("mediapipe_mesh@2+mp0.10")
    assert infant.clock.edges_ns[0] == 5_000_000_000, "on the session clock"


def test_the_mesh_follows_the_sway_without_lagging(by_one: Run) -> None:
    """Faces were moved by 8 sin(k / 6) px; the mesh moves with them, seams of chunks included."""
    nose = by_one.tracks["infant"].landmarks_px[:, 1, 0].astype(np.float64)
    k = np.arange(80)
    truth = np.round(8 * np.sin(k / 6))
    assert np.abs((nose - nose.mean()) - (truth - truth.mean())).max() < 2.5


@pytest.mark.parametrize("workers", [2, 3])
def test_the_result_does_not_depend_on_the_number_of_workers(
    by_one: Run, film: Path, tmp_path: Path, workers: int
) -> None:
    assert _same(_run(NpyOpener(film), tmp_path, workers).tracks, by_one.tracks)


def test_progress_is_told_after_every_chunk(by_one: Run) -> None:
    assert by_one.progress == [(0, 80), (20, 80), (40, 80), (60, 80), (80, 80)]


def test_finished_chunks_are_used_again_and_only_missing_or_torn_ones_made(
    by_one: Run, film: Path, tmp_path: Path
) -> None:
    for file in by_one.scratch.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    files = sorted(tmp_path.iterdir())
    assert len(files) == 4, "nothing but chunks is left"
    files[1].unlink()
    files[2].write_bytes(files[2].read_bytes()[:1000])
    kept = {file: file.stat().st_mtime_ns for file in (files[0], files[3])}

    again = _run(NpyOpener(film), tmp_path, 1)

    assert again.progress[0] == (40, 80)
    assert {file: file.stat().st_mtime_ns for file in kept} == kept
    assert _same(again.tracks, by_one.tracks)


def test_chunks_of_another_film_are_not_mistaken_for_this_ones(
    by_one: Run, dyad_frames: Rgb, tmp_path: Path
) -> None:
    """Same length, same size, same times, other pictures."""
    np.save(tmp_path / "other.npy", dyad_frames[:, :, ::-1])
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    for file in by_one.scratch.iterdir():
        (scratch / file.name).write_bytes(file.read_bytes())
    other = _run(NpyOpener(tmp_path / "other.npy"), scratch, 2)
    assert other.progress[0] == (0, 80)
    assert not other.tracks["infant"].codable[40:50].any()


def test_a_worker_that_dies_once_is_replaced(by_one: Run, film: Path, tmp_path: Path) -> None:
    run = _run(DyingOpener(film, at_frame=45, flag=tmp_path / "died"), tmp_path / "scratch", 1)
    assert (tmp_path / "died").exists()
    assert _same(run.tracks, by_one.tracks)


def test_a_worker_that_dies_again_is_reported_and_finished_chunks_are_kept(
    film: Path, tmp_path: Path
) -> None:
    with pytest.raises(StillfaceError, match=r"ended by the system.*fewer workers.*finished chunks are kept"):
        _run(DyingOpener(film, at_frame=45, flag=None), tmp_path, 1)
    assert len(list(tmp_path.glob("chunk-*.npz"))) == 2


def test_what_the_film_raises_in_a_worker_reaches_the_caller(film: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"dyad.npy:31: torn.*got half a frame") as caught:
        _run(TornOpener(film, at_frame=31), tmp_path, 2)
    assert caught.value.exit_code == 3


def test_ctrl_c_keeps_finished_chunks_and_leaves_no_process_behind(film: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).parent / "tracking_films.py"), str(film), str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("20 "):
            # As a terminal does it: the signal goes to the whole group.
            os.killpg(process.pid, signal.SIGINT)
            break
    _, errors = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "KeyboardInterrupt" in errors
    assert "BrokenProcessPool" not in errors
    assert 1 <= len(list(tmp_path.glob("chunk-*.npz"))) < 16
    assert not list(tmp_path.glob(".*.tmp"))
    _nobody_left(process.pid)


def test_workers_end_when_the_first_process_is_killed(film: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).parent / "tracking_films.py"), str(film), str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.kill()
    process.communicate(timeout=60)
    _nobody_left(process.pid)


def _nobody_left(group: int) -> None:
    """Wait until the process group is empty; fail after a minute."""
    for _ in range(600):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    os.killpg(group, signal.SIGKILL)
    pytest.fail("a worker process was left behind")


def test_bad_calls_are_refused_before_anything_starts(tmp_path: Path) -> None:
    def call(regions: dict[str, Region], workers: int) -> None:
        MediapipeMesh().track(
            NpyOpener(tmp_path / "absent.npy"),
            regions,
            recording_id="film",
            clock_map=ClockMap(),
            workers=workers,
            scratch=tmp_path / "scratch",
        )

    with pytest.raises(UsageError, match="nobody to track"):
        call({}, 1)
    with pytest.raises(UsageError, match="too few workers: got 0"):
        call(REGIONS, 0)
    with pytest.raises(FieldError, match="same region"):
        call({"infant": REGIONS["infant"], "caregiver": REGIONS["infant"]}, 1)
    assert not (tmp_path / "scratch").exists()


def test_it_fulfils_the_contract() -> None:
    assert isinstance(MediapipeMesh(), Tracker)


def test_without_mediapipe_the_line_names_the_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(mediapipe_mesh, "version", absent)
    with pytest.raises(MissingExtraError, match=r'face tracking needs.*pip install "stillface\[track\]"'):
        MediapipeMesh()


def test_a_mediapipe_without_models_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mediapipe_mesh, "version", lambda name: "1.2.0")
    monkeypatch.setattr(mediapipe_mesh, "_MODEL", "modules/face_landmark/absent.tflite")
    with pytest.raises(UsageError, match=r"no face mesh in its wheel: got 1.2.0, expected 0.10.21"):
        MediapipeMesh()


def test_making_a_tracker_loads_no_heavy_library(repo: Path) -> None:
    code = (
        "import sys, stillface.tracking.mediapipe_mesh as m; m.MediapipeMesh();"
        "print([n for n in ('mediapipe', 'cv2', 'scipy', 'av') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=repo)
    assert done.stdout.strip() == "[]"
