"""The conformance suites pass good parts and name the promise that a bad part breaks."""

import csv
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from stillface.domain.clock import NS_PER_S, FrameClock, SampleClock
from stillface.domain.faces import FaceTrack
from stillface.domain.protocol import EpisodeSpec, Protocol, Role
from stillface.domain.recording import Signal, SignalRecording
from stillface.domain.results import Measurement, Status
from stillface.domain.session import Session
from stillface.domain.states import StateTrack
from stillface.errors import InputError
from stillface.testing.conformance import (
    NotConforming,
    check_coder,
    check_exporter,
    check_measure,
    check_reader,
    check_tracker,
)
from stillface.testing.faces import scripted_face_track
from stillface.testing.script import EPISODES, truth_track
from stillface.testing.strategies import AFFECT, GAZE

ECG = SignalRecording("ecg", "signals.csv", "ecg", "infant", column="ecg_mv", rate_hz=Fraction(10))


class SideCoder:
    """Codes away where the head is turned by more than 10 degrees."""

    name = "side@1.0"
    scheme_id = "gaze"
    proposes = ("partner", "away")
    params = MappingProxyType({"turned_deg": 10.0})
    blank = "usc"
    source = "auto:side@1.0"

    def code(self, face, scheme, episodes, *, partner_toward):
        away = np.abs(face.yaw_deg) > self.params["turned_deg"]
        codes = np.where(away, scheme.index("away"), scheme.index("partner"))
        codes[~face.codable] = scheme.index(self.blank)
        edges, sure = face.clock.edges_ns, np.full(codes.size, 0.5, np.float32)
        return StateTrack(scheme, face.role, self.source, edges, codes, sure).merged()


class Guessing(SideCoder):
    blank = "partner"


class Mislabelled(SideCoder):
    source = "human:AB"


class Unversioned(SideCoder):
    name = "side"


def test_a_coder_that_keeps_its_promises_passes() -> None:
    proposal = check_coder(SideCoder(), GAZE)
    truth = truth_track("infant", GAZE)
    times = np.arange(0, 120 * NS_PER_S, NS_PER_S // 10)
    found, meant = (t.codes[np.searchsorted(t.edges_ns, times, "right") - 1] for t in (proposal, truth))
    open_eyes = meant != GAZE.index("closed")
    assert (found == meant)[open_eyes].mean() > 0.97


@pytest.mark.parametrize(
    ("coder", "promise"),
    [
        (Guessing, "no face was seen"),
        (Mislabelled, "auto:<name>"),
        (Unversioned, "mesh@1.0"),
        (dict, "Coder"),
    ],
)
def test_a_coder_that_breaks_a_promise_is_named(coder, promise: str) -> None:
    with pytest.raises(NotConforming, match=promise):
        check_coder(coder(), GAZE)


class TinyReader:
    """Reads a column of a CSV at the declared rate."""

    suffixes = (".csv",)

    def read(self, path: Path, recording: SignalRecording) -> Signal:
        with path.open(newline="") as stream:
            rows = list(csv.DictReader(stream))
        if recording.column not in rows[0]:
            self.refuse(path, recording)
        values = np.array([float(row.get(recording.column, 0)) for row in rows])
        clock = SampleClock(0, recording.rate_hz, values.size)
        return Signal(recording.signal, recording.role, "mV", values, np.ones(values.size, bool), clock)

    def refuse(self, path: Path, recording: SignalRecording) -> None:
        raise InputError("no such column", where=str(path), got=recording.column)


class Lenient(TinyReader):
    def refuse(self, path: Path, recording: SignalRecording) -> None:
        """Go on with zeros."""


class Vague(TinyReader):
    def refuse(self, path: Path, recording: SignalRecording) -> None:
        raise InputError("bad file")


class Swapping(TinyReader):
    def read(self, path: Path, recording: SignalRecording) -> Signal:
        return replace(super().read(path, recording), role="caregiver")


class Meddling(TinyReader):
    def read(self, path: Path, recording: SignalRecording) -> Signal:
        path.write_bytes(path.read_bytes() + b"0,0\n")
        return super().read(path, recording)


@pytest.fixture
def signal_file(tmp_path: Path) -> Path:
    path = tmp_path / "signals.csv"
    path.write_text("ecg_mv,eda_us\n" + "".join(f"{k},5\n" for k in range(20)))
    return path


def test_a_good_reader_passes(signal_file: Path) -> None:
    assert check_reader(TinyReader(), signal_file, ECG).values.tolist() == list(range(20))


@pytest.mark.parametrize(
    ("reader", "promise"),
    [
        (Lenient, "InputError for a column"),
        (Vague, "names the file"),
        (Swapping, "signal and role"),
        (Meddling, "the same twice"),
    ],
)
def test_a_bad_reader_is_named(reader, promise: str, signal_file: Path) -> None:
    with pytest.raises(NotConforming, match=promise):
        check_reader(reader(), signal_file, ECG)


def session() -> Session:
    episodes = tuple(EpisodeSpec(e.id, "interaction", 40.0) for e in EPISODES)
    roles = (Role("infant", focal=True), Role("caregiver"))
    protocol = Protocol("short", roles, (("infant", "caregiver"),), episodes)
    return Session("S1", "D1", protocol, EPISODES)


class PctTime:
    """Share of time in each code."""

    name = "share"

    def segments(self, track: StateTrack) -> StateTrack:
        return track.merged()

    def __call__(self, session, tracks, rules):
        for track in map(self.segments, tracks):
            for episode in session.episodes:
                part = track.clip(episode.onset_ns, episode.offset_ns)
                for index, code in enumerate(track.scheme.codes):
                    yield self.row(session, episode, part, index, code.id)

    def row(self, session, episode, part, index, code) -> Measurement:
        held = int(part.durations_ns[part.codes == index].sum())
        seen = part.scorable_ns
        return Measurement(
            session.dyad_id, session.session_id, "short", episode.id, part.role, part.scheme.id,
            part.coder_id, "pct_time", code, "", *self.value(held, seen, part), None,
            seen / NS_PER_S, 1.0, self.status(seen),
        )  # fmt: skip

    def value(self, held: int, seen: int, part: StateTrack) -> tuple[float | None, str]:
        return (100 * held / seen if seen else None), "%"

    def status(self, seen: int) -> Status:
        return Status.OK if seen else Status.MISS_UNSCORABLE


class CountsPieces(PctTime):
    """Takes every touching piece for a bout of its own."""

    def segments(self, track: StateTrack) -> StateTrack:
        return track

    def value(self, held: int, seen: int, part: StateTrack) -> tuple[float | None, str]:
        return (float(part.codes.size) if seen else None), ""


class ClockBound(PctTime):
    def value(self, held: int, seen: int, part: StateTrack) -> tuple[float | None, str]:
        return (part.onset_ns / NS_PER_S if seen else None), "s"


class ZeroForMissing(PctTime):
    def value(self, held: int, seen: int, part: StateTrack) -> tuple[float | None, str]:
        return (100 * held / seen if seen else 0.0), "%"

    def status(self, seen: int) -> Status:
        return Status.OK


class Stray(PctTime):
    def row(self, session, episode, part, index, code) -> Measurement:
        return replace(super().row(session, episode, part, index, code), session_id="S2")


class Twice(PctTime):
    def __call__(self, session, tracks, rules):
        yield from super().__call__(session, tracks, rules)
        yield from super().__call__(session, tracks, rules)


TRACKS = tuple(truth_track(role, AFFECT) for role in ("infant", "caregiver"))


def test_a_good_measure_passes() -> None:
    rows = check_measure(PctTime(), session(), TRACKS, ())
    infant = [r for r in rows if r.role == "infant" and r.episode_id == "SF"]
    assert sum(r.value or 0.0 for r in infant) == pytest.approx(100)


@pytest.mark.parametrize(
    ("measure", "promise"),
    [
        (Stray, "rows of the session"),
        (Twice, "each row once"),
        (CountsPieces, "splitting bouts"),
        (ClockBound, "shifting all times"),
        (ZeroForMissing, "uncoded time"),
    ],
)
def test_a_bad_measure_is_named(measure, promise: str) -> None:
    with pytest.raises(NotConforming, match=promise):
        check_measure(measure(), session(), TRACKS, ())


class ListExporter:
    name = "list"
    suffix = ".txt"
    runs = 0

    def export(self, rows, out: Path) -> tuple[Path, ...]:
        path = out / f"rows{self.suffix}"
        path.write_text("\n".join(f"{r.measure} {r.value}" for r in rows) + self.stamp())
        return (path,)

    def stamp(self) -> str:
        return ""


class Stamped(ListExporter):
    def stamp(self) -> str:
        self.runs += 1
        return f"\nrun {self.runs}"


class Littering(ListExporter):
    def export(self, rows, out: Path) -> tuple[Path, ...]:
        (out / "rows.tmp").write_text("left over")
        return super().export(rows, out)


def test_exporters(tmp_path: Path) -> None:
    rows = list(PctTime()(session(), TRACKS, ()))
    (made,) = check_exporter(ListExporter(), rows, tmp_path / "good")
    assert made.read_text().startswith("pct_time")
    with pytest.raises(NotConforming, match="same bytes"):
        check_exporter(Stamped(), rows, tmp_path / "stamped")
    with pytest.raises(NotConforming, match="exactly the named files"):
        check_exporter(Littering(), rows, tmp_path / "littering")


class Oracle:
    """Knows the script; `offset_px` and `differ` make it break promises."""

    name = "oracle@1.0"
    offset_px = 0.0
    by_workers = False

    def track(self, open_source, regions, *, recording_id, clock_map, workers, scratch, progress=None):
        with open_source() as film:
            n = film.clock.n_frames
            edges = clock_map.to_session(film.clock.edges_ns)
        drawn = scripted_face_track("infant", n_frames=n, jitter_px=0.0)
        arrays = {name: np.array(getattr(drawn, name)) for name in FaceTrack.array_names()}
        arrays["landmarks_px"] += self.offset_px + (workers - 1) * self.by_workers
        progress(n, n)
        track = FaceTrack("infant", recording_id, FrameClock(edges), source=self.name, **arrays)
        return {"infant": track}


class Beside(Oracle):
    offset_px = 40.0


class WorkerBound(Oracle):
    by_workers = True


def test_trackers(tmp_path: Path) -> None:
    assert check_tracker(Oracle(), tmp_path / "good", n_frames=12).coverage == 1.0
    with pytest.raises(NotConforming, match="within 12 px"):
        check_tracker(Beside(), tmp_path / "beside", n_frames=12)
    with pytest.raises(NotConforming, match="landmarks_px the same for 1 and 2 workers"):
        check_tracker(WorkerBound(), tmp_path / "bound", n_frames=12)
