"""The session on which the window's speed is measured: two films, a heart, and codes by the thousand."""

from __future__ import annotations

from collections.abc import Iterator
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

__all__ = ["RATE", "code_much", "make_study", "pictures"]

RATE = 25
_DISTINCT_S = 10


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


def write_film(path: Path, minutes: float, height: int) -> None:
    """Write a film: ten seconds are encoded, then their packets follow each other again and again."""
    import av

    from stillface.video.encode import write_video

    n_once, n_frames = _DISTINCT_S * RATE, round(minutes * 60 * RATE)
    once = path.with_name("once.mp4")
    write_video(once, pictures(min(n_once, n_frames), height), Fraction(RATE), gop=50, preset="ultrafast")
    with av.open(str(once)) as source, av.open(str(path), "w") as target:
        film = source.streams.video[0]
        copy = target.add_stream_from_template(film)
        per_frame = round(1 / (RATE * film.time_base))
        for turn in range(-(-n_frames // n_once)):
            source.seek(0, stream=film)
            for number, packet in enumerate(p for p in source.demux(film) if p.size):
                if turn * n_once + number >= n_frames:
                    break
                packet.stream = copy
                packet.pts += turn * n_once * per_frame
                packet.dts += turn * n_once * per_frame
                target.mux(packet)
    once.unlink()


def make_study(root: Path, minutes: float, height: int) -> object:
    """Make the study, or take it from an earlier run."""
    from stillface.io.bundle import create_study, open_study

    if (root / "study.yaml").exists():
        return open_study(root)
    persons = {"infant": "p1", "caregiver": "p2"}
    schemes = {"infant": ("affect3", "gaze"), "caregiver": ("affect3", "gaze")}
    people = tuple(Person(person) for person in persons.values())
    folder = create_study(root, Study("s", "ffsf_2_2_2", schemes=schemes, persons=people, coders=("AB",)))
    write_film(root / "media" / "a.mp4", minutes, height)
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
    folder.add_session(
        Session("one", "d1", folder.protocol(), episodes, persons=persons, recordings=recordings)
    )
    _add_heart(folder, round(minutes * 60))
    return folder


def _add_heart(folder: object, n_s: int) -> None:
    from stillface.io.artefacts import save_beats, save_signal
    from stillface.testing.physiology import ecg_mv, pulse_beats

    grid_s = np.arange(n_s * 500) / 500
    beats_s = pulse_beats(grid_s, 430 + 15 * np.sin(2 * np.pi * 0.6 * grid_s))
    clock = SampleClock(0, Fraction(500), grid_s.size)
    signal = Signal("ecg", "infant", "mV", ecg_mv(grid_s, beats_s), np.ones(grid_s.size, np.bool_), clock)
    times = np.rint(beats_s * S).astype(np.int64)
    beats = BeatSeries("infant", times, np.zeros(times.size, np.uint8), signal.span_ns, "auto:ecg_vote@1")
    made = Provenance("benchmark", {}, {}, "0")
    save_signal(folder.signals_dir("one") / "heart.h5", signal, made)
    save_beats(folder.signals_dir("one") / "heart.beats.h5", beats, made)


def code_much(window: object, n_active: int, n_other: int) -> None:
    """Put bouts into the active lane, and some into the other ones, by one command."""
    from stillface.io.code_log_record import Edit, LoggedBout

    document = window.desk.document
    edges = window.desk.grid.edges_ns
    edits = []
    for key, lane in document.lanes.items():
        if key.kind != "human" or key.scheme_id == "sf_breach":
            continue
        codes = [code.id for code in lane.scheme.codes if not code.gap]
        n_bouts = n_active if key == document.active else n_other
        # The last tenth stays free for the keys that are timed.
        cuts = np.unique(np.linspace(0, edges.size * 9 // 10, n_bouts + 1).astype(int))
        for k, (a, b) in enumerate(zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True)):
            bout = LoggedBout(key.tier, int(edges[a]), int(edges[b]), codes[k % len(codes)])
            edits.append(Edit("add", bout=bout))
    document.log_edits("human", edits)
