"""The window's speed on a ten-minute session of two films, a heart and 5,000 bouts.

    xvfb-run -a python benchmarks/gui.py [--minutes 10] [--height 720] [--folder DIR]

Prints what the window promises beside what was measured. The step is told as a ratio to napari's own step
through two bare stacks of pictures of that size, on the same machine and screen: walls differ, ratios less.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from stillface.domain.clock import NS_PER_S as S
from stillface.domain.clock import SampleClock
from stillface.domain.events import BeatSeries
from stillface.domain.provenance import Provenance
from stillface.domain.recording import WHOLE, Signal, SignalRecording, VideoRecording
from stillface.domain.session import Episode, Session
from stillface.domain.study import Person, Study

RATE = 25
N_BOUTS = 5_000
N_STEPS = 150
BARE_FRAMES = 25


def p95_ms(times_s: list[float]) -> float:
    """Give the 95th percentile in milliseconds."""
    return float(np.percentile(times_s, 95)) * 1000


def p50_ms(times_s: list[float]) -> float:
    """Give the median in milliseconds."""
    return float(np.median(times_s)) * 1000


def memory_mb() -> float:
    """Give the process's resident memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def pictures(n: int, height: int) -> Iterator[np.ndarray]:
    """Give pictures that move a little, as a film of a seated person does."""
    rng = np.random.default_rng(1)
    width = height * 16 // 9
    wide = np.kron(
        rng.integers(0, 255, (height // 40 + 2, width // 40 + 4, 3), np.uint8), np.ones((40, 40, 1), np.uint8)
    )
    for k in range(n):
        shift = round(20 + 15 * np.sin(k / 20))
        yield np.ascontiguousarray(wide[shift : shift + height, shift : shift + width])


def make_study(root: Path, minutes: float, height: int) -> object:
    """Make the study, or take it from an earlier run."""
    from stillface.io.artefacts import save_beats, save_signal
    from stillface.io.bundle import create_study, open_study
    from stillface.testing.physiology import ecg_mv, pulse_beats
    from stillface.video.encode import write_video

    if (root / "study.yaml").exists():
        return open_study(root)
    persons = {"infant": "p1", "caregiver": "p2"}
    schemes = {"infant": ("affect3", "gaze"), "caregiver": ("affect3", "gaze")}
    people = tuple(Person(person) for person in persons.values())
    folder = create_study(root, Study("s", "ffsf_2_2_2", schemes=schemes, persons=people, coders=("AB",)))
    n_frames = round(minutes * 60 * RATE)
    write_video(
        root / "media" / "a.mp4", pictures(n_frames, height), Fraction(RATE), gop=50, preset="ultrafast"
    )
    (root / "media" / "b.mp4").write_bytes((root / "media" / "a.mp4").read_bytes())
    (root / "physio" / "heart.csv").write_text("0\n")
    recordings = (
        VideoRecording("front", ("media/a.mp4",), {"infant": WHOLE}),
        VideoRecording("side", ("media/b.mp4",), {"caregiver": WHOLE}),
        SignalRecording("heart", "physio/heart.csv", "ecg", "infant"),
    )
    end = round(minutes * 60) * S
    episodes = tuple(
        Episode(name, k * end // 3, (k + 1) * end // 3) for k, name in enumerate(("PL", "SF", "RE"))
    )
    session = Session("one", "d1", folder.protocol(), episodes, persons=persons, recordings=recordings)
    folder.add_session(session)
    grid_s = np.arange(round(minutes * 60) * 500) / 500
    beats_s = pulse_beats(grid_s, 430 + 15 * np.sin(2 * np.pi * 0.6 * grid_s))
    clock = SampleClock(0, Fraction(500), grid_s.size)
    signal = Signal("ecg", "infant", "mV", ecg_mv(grid_s, beats_s), np.ones(grid_s.size, np.bool_), clock)
    times = np.rint(beats_s * S).astype(np.int64)
    beats = BeatSeries("infant", times, np.zeros(times.size, np.uint8), signal.span_ns, "auto:ecg_vote@1")
    made = Provenance("benchmark", {}, {}, "0")
    save_signal(folder.signals_dir("one") / "heart.h5", signal, made)
    save_beats(folder.signals_dir("one") / "heart.beats.h5", beats, made)
    return folder


def code_much(window: object) -> None:
    """Put 5,000 bouts into the active lane by one command."""
    from stillface.io.code_log import Edit
    from stillface.io.code_log_record import LoggedBout

    document = window.desk.document
    edges = window.desk.grid.edges_ns
    # The last tenth stays free for the keys that are timed.
    cuts = np.unique(np.linspace(0, edges.size * 9 // 10, N_BOUTS + 1).astype(int))
    codes = ("neg", "neu", "pos")
    tier = document.active.tier
    bouts = (
        LoggedBout(tier, int(edges[a]), int(edges[b]), codes[k % 3])
        for k, (a, b) in enumerate(zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True))
    )
    document.log_edits("human", [Edit("add", bout=bout) for bout in bouts])


def timed(action: Callable[[], object], settle: Callable[[], object]) -> tuple[float, float]:
    """Give the seconds until an action returned, and until everything was painted."""
    began = time.perf_counter()
    action()
    done = time.perf_counter()
    settle()
    return done - began, time.perf_counter() - began


def bare_step_s(height: int, settle: Callable[[], object]) -> tuple[list[float], float]:
    """Step through two bare stacks in napari; give the seconds of each step, and of napari's start."""
    import napari

    began = time.perf_counter()
    viewer = napari.Viewer(show=True)
    settle()
    start_s = time.perf_counter() - began
    stack = np.stack(list(pictures(BARE_FRAMES, height)))
    for k in range(2):
        viewer.add_image(stack, rgb=True, translate=(0, k * stack.shape[2]))
    viewer.window.resize(1280, 800)
    viewer.reset_view()
    settle()
    steps = [
        timed(lambda k=k: viewer.dims.set_current_step(0, k % BARE_FRAMES), settle)[1] for k in range(N_STEPS)
    ]
    viewer.close()
    return steps, start_s


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--height", type=int, default=720)
    parser.add_argument("--folder", type=Path, default=None, help="kept for the next run")
    options = parser.parse_args()
    home = tempfile.TemporaryDirectory()
    os.environ["STILLFACE_HOME"] = home.name
    os.environ["NAPARI_CONFIG"] = str(Path(home.name) / "napari.yaml")
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest
    from qtpy.QtWidgets import QApplication

    application = QApplication([])
    root = options.folder or Path(home.name) / "study"
    study = make_study(root, options.minutes, options.height)

    def settle() -> None:
        for _ in range(3):
            application.processEvents()

    bare, start_s = bare_step_s(options.height, settle)

    from stillface.gui.launch import open_window

    # Indexes and the waveform are caches: the first opening makes them.
    for number in range(2):
        began = time.perf_counter()
        window = open_window(study, "one", f"A{number}{time.time_ns() % 10**8}")
        settle()
        open_s = time.perf_counter() - began
        if number == 0:
            window.main.close()
            settle()
    code_much(window)
    QTest.keyClick(window.timeline, Qt.Key.Key_F9)
    QTest.qWait(1500)
    window.timeline.setFocus()
    head, key = window.desk.playhead, QTest.keyClick
    steps = [timed(lambda: key(window.timeline, Qt.Key.Key_Right), settle)[1] for _ in range(N_STEPS)]
    head.seek(int(window.desk.grid.edges_ns[window.desk.grid.edges_ns.size * 92 // 100]))
    settle()
    coded = []
    for k in range(60):
        coded.append(timed(lambda k=k: key(window.timeline, (Qt.Key.Key_A, Qt.Key.Key_D)[k % 2]), settle))
        key(window.timeline, Qt.Key.Key_Right)
        settle()
    view = window.timeline.view
    zooms = []
    for k in range(80):
        shown = window.timeline.view
        target = (
            shown.zoomed(1.3 if k % 20 < 10 else 1 / 1.3, view.span_ns[1] // 2) if k % 2 else shown.panned(60)
        )
        zooms.append(timed(lambda target=target: window.timeline.show_view(target), settle)[1])
    heart = window.signals.panel.plot.beats
    mended = []
    for k in range(40):
        heart.choose(int(heart.beats.times_ns[30 + 5 * k]), 1)
        mended.append(timed(heart.remove, settle))
    head.seek(0)
    head.play()
    QTest.qWait(4000)
    first_mb = memory_mb()
    QTest.qWait(8000)
    last_mb, skipped = memory_mb(), window.films.n_skipped
    head.pause()
    played_s = head.time_ns / S
    window.main.close()
    settle()
    # Other work on the machine comes and goes: napari's own step is taken before and after.
    bare += bare_step_s(options.height, settle)[0]
    lines = (
        ("step with films and signals, median, p95", f"{p50_ms(steps):.0f}, {p95_ms(steps):.0f} ms", ""),
        ("  bare napari step, median, p95", f"{p50_ms(bare):.0f}, {p95_ms(bare):.0f} ms", ""),
        ("  ratio of medians", f"{p50_ms(steps) / p50_ms(bare):.2f}", ""),
        ("  ratio of p95", f"{p95_ms(steps) / p95_ms(bare):.2f}", "at most 1.5"),
        ("key press to durable code, p95", f"{p95_ms([a for a, _ in coded]):.0f} ms", "under 20 ms"),
        ("key press to painted, p95", f"{p95_ms([b for _, b in coded]):.0f} ms", "under 60 ms"),
        ("zoom and pan of timeline and signals, p95", f"{p95_ms(zooms):.0f} ms", "under 33 ms"),
        (
            "corrected beat to new RSA painted, p95",
            f"{p95_ms([b for _, b in mended]):.0f} ms",
            "under 100 ms",
        ),
        ("opening", f"{open_s:.2f} s", ""),
        ("  beyond napari's own start", f"{open_s - start_s:.2f} s", "under 2 s"),
        ("memory after 4 s of play", f"{first_mb:.0f} MB", "under 1500 MB"),
        ("  after 8 s more", f"{last_mb:.0f} MB", "flat"),
        ("frames passed over in play", f"{skipped} of {round(played_s * RATE)}", ""),
    )
    load = ", ".join(f"{part:.1f}" for part in os.getloadavg())
    print(f"{options.minutes:g} min, two films of {options.height} lines, {N_BOUTS} bouts; load {load}")
    for name, value, promise in lines:
        print(f"{name:44} {value:>14}   {promise}")


if __name__ == "__main__":
    main()
