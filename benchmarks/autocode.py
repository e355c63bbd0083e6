"""How fast two people are tracked in a film of 1280x720 at 30 fps, every frame, against a plain loop.

    python benchmarks/autocode.py --seconds 10 --pairs 2

A pair is the plain loop that a user would write (cv2.VideoCapture and FaceMesh with two faces, one
process) and the tracker with one and two workers, in turn. Everything runs in a fresh process on a film
of the given length and on one twice as long. CPU per frame is the difference of the two, so that loading
libraries and models cancels out; frames per second are those of the longer film, counted from the plain
loop's first result and from the end of the tracker's first look. The acceptance rule is fixed here and
printed with the numbers: CPU per frame at most 1.25 times the sum of the parts (decoding, two cuts,
detection's share, two meshes) measured in as many processes at a time, and at least 1.3 times the plain
loop's frames per second with two workers. ``steal`` is the share of the processors that the host took
away meanwhile; other work on the same machine shows in no figure, so run it alone.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from stillface.domain.recording import Region

RATE = Fraction(30)
SIZE_PX = (1280, 720)
REGIONS = {"infant": Region(0.0, 0.0, 0.5, 1.0), "caregiver": Region(0.5, 0.0, 0.5, 1.0)}
WORKERS = (1, 2)
MOST_OF_PARTS = 1.25
LEAST_SPEED_UP = 1.3
MOST_MB = 600
PART_FRAMES = 480
# Time for the processes that measure parts to load, so that they measure at the same time.
LOADING_S = 8.0
PART_SAMPLE = 24

Rgb = npt.NDArray[np.uint8]
Numbers = dict[str, float]


def draw(n_frames: int) -> Iterator[Rgb]:
    """Draw scikit-image's public-domain portrait twice, once mirrored; both sway and lean."""
    import cv2
    from skimage.data import astronaut

    portrait = cv2.resize(astronaut()[14:206, 98:354], (640, 480), interpolation=cv2.INTER_CUBIC)
    for k in range(n_frames):
        frame = np.full((SIZE_PX[1], SIZE_PX[0], 3), 120, dtype=np.uint8)
        for side, picture in enumerate((portrait, portrait[:, ::-1])):
            phase = k / 15 + 2 * side
            turn = cv2.getRotationMatrix2D((320, 240), 6 * np.sin(phase), 1.0)
            turn[:, 2] += (14 * np.sin(phase / 2), 10 * np.cos(phase / 3))
            moved = cv2.warpAffine(np.ascontiguousarray(picture), turn, (640, 480))
            frame[120:600, 640 * side : 640 * (side + 1)] = moved
        yield frame


def plain(film: Path) -> tuple[int, float]:
    """Run the loop that a user would write; give the number of faces and the time of the first result."""
    import cv2
    from mediapipe.python.solutions.face_mesh import FaceMesh

    faces, first = 0, 0.0
    capture = cv2.VideoCapture(str(film))
    with FaceMesh(max_num_faces=2, refine_landmarks=True) as mesh:
        while True:
            there, bgr = capture.read()
            if not there:
                return faces, first
            found = mesh.process(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)).multi_face_landmarks or ()
            for face in found:
                np.array([(point.x, point.y, point.z) for point in face.landmark], dtype=np.float32)
            faces += len(found)
            first = first or time.perf_counter()


def ours(film: Path, workers: int) -> tuple[int, float]:
    """Run the tracker; give the number of codable faces and the time after its first look."""
    from stillface.domain.clock import ClockMap
    from stillface.tracking.mediapipe_mesh import MediapipeMesh
    from stillface.video.source import VideoOpener

    told: list[float] = []
    with tempfile.TemporaryDirectory() as scratch:
        tracks = MediapipeMesh().track(
            VideoOpener((film,), threads=1),
            REGIONS,
            recording_id="film",
            clock_map=ClockMap(),
            workers=workers,
            scratch=Path(scratch),
            progress=lambda done, total: told.append(time.perf_counter()),
        )
    return sum(int(track.codable.sum()) for track in tracks.values()), told[0]


def parts(film: Path, at: float) -> Numbers:
    """Measure CPU milliseconds per frame of every part on its own, as one worker does them."""
    import cv2

    from stillface.tracking.boxes import Crop
    from stillface.tracking.detect import FaceDetector
    from stillface.tracking.mesh import FaceMesher
    from stillface.tracking.params import TrackingParams
    from stillface.video.source import VideoOpener

    cv2.setNumThreads(0)
    params = TrackingParams()
    areas = [region.pixels(*SIZE_PX) for region in REGIONS.values()]
    detector, meshers = FaceDetector(params.min_score), [FaceMesher() for _ in areas]
    with VideoOpener((film,), threads=1)() as source:
        first = source.frame(0)
        faces = [detector.detect(first, area)[0] for area in areas]
        crops = [Crop.around(face.box_px, params.crop_faces) for face in faces]
        for mesher, crop in zip(meshers, crops, strict=True):
            mesher.find_afresh(crop.take(first), params.warm_up)
        time.sleep(max(at - time.time(), 0.0))
        n = min(PART_FRAMES, source.clock.n_frames)
        decode = _cpu_ms(lambda: sum(1 for _ in source.frames(0, n)), n)
        # A few frames over and over: keeping all of them would measure the memory instead.
        frames = [rgb for _, rgb in source.frames(0, PART_SAMPLE)]
    rounds = range(n // PART_SAMPLE)
    n = PART_SAMPLE * len(rounds)
    cutting = _cpu_ms(lambda: [_cut(crops, rgb) for _ in rounds for rgb in frames], n)
    detect = _cpu_ms(lambda: [detector.detect(rgb, area) for rgb in frames for area in areas], len(frames))
    cuts = [[crop.take(rgb) for crop in crops] for rgb in frames]
    pairs = [pair for _ in rounds for pair in cuts]
    mesh = _cpu_ms(lambda: [m.find(c) for pair in pairs for m, c in zip(meshers, pair, strict=True)], n)
    return {"decode": decode, "cuts": cutting, "detect": detect / params.detect_every, "meshes": mesh}


def _cut(crops: list[Any], rgb: Rgb) -> None:
    for crop in crops:
        crop.take(rgb)


def _cpu_ms(work: Callable[[], object], per: float) -> float:
    before = time.process_time()
    work()
    return 1000 * (time.process_time() - before) / per


def child(what: str, film: Path, workers: int, at: float) -> Numbers:
    """Do one thing in this process and tell what it cost."""
    if what == "parts":
        return parts(film, at)
    faces, start = plain(film) if what == "plain" else ours(film, workers)
    wall = time.perf_counter() - start
    own, below = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "wall_s": wall,
        "cpu_s": own.ru_utime + own.ru_stime + below.ru_utime + below.ru_stime,
        "peak_mb": (own if what == "plain" else below).ru_maxrss / 1024,
        "faces": faces,
    }


def started(what: str, film: Path, workers: int = 1, at: float = 0.0) -> Numbers:
    """Run ``child`` in a fresh process."""
    command = [sys.executable, __file__, "--child", what, "--film", str(film)]
    command += ["--workers", str(workers), "--at", str(at)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    numbers: Numbers = json.loads(done.stdout.splitlines()[-1])
    return numbers


def per_frame(what: str, short: Path, long: Path, n_frames: int, workers: int = 1) -> Numbers:
    """Give what each further frame costs, and the steal share while it was measured."""
    before = _processor_times()
    one, two = started(what, short, workers), started(what, long, workers)
    after = _processor_times()
    spent = after - before
    return {
        "fps": 2 * n_frames / two["wall_s"],
        "cpu_ms": 1000 * (two["cpu_s"] - one["cpu_s"]) / n_frames,
        "peak_mb": one["peak_mb"],
        "peak_mb_double": two["peak_mb"],
        "faces": two["faces"] / (2 * n_frames),
        "steal": float(spent[7] / max(spent[:8].sum(), 1)),
    }


def parts_at(workers: int, film: Path) -> Numbers:
    """Measure the parts in as many processes at a time; give the mean."""
    at = time.time() + LOADING_S
    with ThreadPoolExecutor(workers) as pool:
        measured = list(pool.map(lambda _: started("parts", film, at=at), range(workers)))
    return {name: float(np.mean([one[name] for one in measured])) for name in measured[0]}


def _processor_times() -> npt.NDArray[np.int64]:
    try:
        line = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0]
    except FileNotFoundError:
        return np.zeros(10, dtype=np.int64)
    return np.array(line.split()[1:], dtype=np.int64)


def _show(name: str, numbers: Numbers) -> None:
    print(
        f"  {name:<10} {numbers['fps']:6.1f} fps  {numbers['cpu_ms']:5.1f} ms CPU/frame  "
        f"{numbers['faces']:.2f} faces/frame  "
        f"peak {numbers['peak_mb']:.0f} MB, double length {numbers['peak_mb_double']:.0f} MB  "
        f"steal {100 * numbers['steal']:.0f} %",
        flush=True,
    )


def _verdict(name: str, value: float, goal: float, *, at_most: bool) -> None:
    met = value <= goal if at_most else value >= goal
    sign = "<=" if at_most else ">="
    print(f"  {name}: {value:.2f} (goal {sign} {goal}) {'met' if met else 'NOT met'}")


def compare(seconds: float, pairs: int) -> None:
    """Measure all pairs and print them."""
    from stillface.video.encode import write_video

    n_frames = round(seconds * RATE)
    plain_runs: list[Numbers] = []
    our_runs: dict[int, list[Numbers]] = {workers: [] for workers in WORKERS}
    part_sums: dict[int, list[float]] = {workers: [] for workers in WORKERS}
    with tempfile.TemporaryDirectory() as folder:
        short, long = Path(folder) / "short.mp4", Path(folder) / "long.mp4"
        write_video(short, draw(n_frames), RATE)
        write_video(long, draw(2 * n_frames), RATE)
        frames = f"{n_frames} and {2 * n_frames} frames"
        print(f"{SIZE_PX[0]}x{SIZE_PX[1]} at {RATE} fps, {frames}, {os.cpu_count()} cores")
        for pair in range(1, pairs + 1):
            print(f"pair {pair}")
            plain_runs.append(per_frame("plain", short, long, n_frames))
            _show("plain loop", plain_runs[-1])
            for workers in WORKERS:
                our_runs[workers].append(per_frame("ours", short, long, n_frames, workers))
                _show(f"{workers} worker" + "s" * (workers > 1), our_runs[workers][-1])
                measured = parts_at(workers, short)
                part_sums[workers].append(sum(measured.values()))
                print(f"    parts  {_listed(measured)} = {part_sums[workers][-1]:.1f} ms")

    def median(runs: list[Numbers], name: str) -> float:
        return float(np.median([run[name] for run in runs]))

    print("medians over pairs")
    for workers in WORKERS:
        ratio = median(our_runs[workers], "cpu_ms") / float(np.median(part_sums[workers]))
        _verdict(f"CPU over parts, {workers} at a time", ratio, MOST_OF_PARTS, at_most=True)
    speed_up = median(our_runs[2], "fps") / median(plain_runs, "fps")
    _verdict("frames per second over the plain loop, 2 workers", speed_up, LEAST_SPEED_UP, at_most=False)
    peak = max(run["peak_mb_double"] for runs in our_runs.values() for run in runs)
    _verdict("peak MB of a worker, double length", peak, MOST_MB, at_most=True)


def _listed(numbers: Numbers) -> str:
    return " + ".join(f"{name} {value:.1f}" for name, value in numbers.items())


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0, help="length of the shorter film")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--child", choices=("plain", "ours", "parts"), help=argparse.SUPPRESS)
    parser.add_argument("--film", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--workers", type=int, default=1, help=argparse.SUPPRESS)
    parser.add_argument("--at", type=float, default=0.0, help=argparse.SUPPRESS)
    given: Any = parser.parse_args()
    if given.child:
        print(json.dumps(child(given.child, given.film, given.workers, given.at)))
    else:
        compare(given.seconds, given.pairs)


if __name__ == "__main__":
    main()
