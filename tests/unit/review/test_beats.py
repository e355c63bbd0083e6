"""Correcting beats: what the log holds, what stands after it, and RSA at once."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from stillface.domain.clock import NS_PER_S as S
from stillface.domain.clock import ClockMap, SampleClock
from stillface.domain.events import BEAT_FLAGS, BeatSeries
from stillface.domain.recording import Signal, SignalRecording
from stillface.domain.session import Episode
from stillface.errors import InputError, StorageError, UsageError
from stillface.io.code_log import CodeLog
from stillface.io.human_beats import (
    BEATS_DIR,
    beats_tier,
    correct_beats,
    corrected_by_people,
    read_beat_edits,
)
from stillface.physio.params import HeartParams
from stillface.review.beats import BeatChannel, BeatDesk
from stillface.review.stores import Store
from stillface.testing.physiology import ecg_mv, pulse_beats

MAP = ClockMap(3 * S, 120.0, "marks", 2, 0.1)
RECORDING = SignalRecording("infant_ecg", "physio/infant.csv", "ecg", "infant")
PARAMS = HeartParams.for_role("infant")
LENGTH_S = 240
EPISODES = (Episode("PL", 5 * S, 125 * S), Episode("SF", 125 * S, 240 * S))
OK, DOUBTFUL = BEAT_FLAGS.index("ok"), BEAT_FLAGS.index("doubtful")


@pytest.fixture(scope="module")
def truth() -> tuple[Signal, np.ndarray]:
    """Give an ECG on a clock with offset and drift, and its true beats on the session clock."""
    grid_s = np.arange(LENGTH_S * 500) / 500
    ibi_ms = 430 + 15 * np.sin(2 * np.pi * 0.6 * grid_s)
    beats_s = pulse_beats(grid_s, ibi_ms)
    clock = SampleClock(0, Fraction(500), grid_s.size)
    values = ecg_mv(grid_s, beats_s)
    signal = Signal("ecg", "infant", "mV", values, np.ones(grid_s.size, np.bool_), clock, MAP)
    return signal, MAP.to_session(np.rint(beats_s * S).astype(np.int64))


def machine(
    truth: tuple[Signal, np.ndarray], *, without: int | None = None, extra: int | None = None
) -> BeatSeries:
    times = truth[1] if without is None else np.delete(truth[1], without)
    times = times if extra is None else np.sort(np.append(times, extra))
    return BeatSeries("infant", times, np.zeros(times.size, np.uint8), truth[0].span_ns, "auto:ecg_vote@1")


def store_in(folder: Path, coder: str = "AB", install: str = "home") -> Store:
    path = folder / BEATS_DIR / f"{coder}.{install}.jsonl"
    path.parent.mkdir(exist_ok=True)
    return Store(CodeLog.open(path, coder=coder, install=install, app_version="1"))


def desk_on(truth: tuple[Signal, np.ndarray], series: BeatSeries, folder: Path, **who: str) -> BeatDesk:
    channel = BeatChannel(RECORDING, truth[0], series, PARAMS)
    return BeatDesk([channel], EPISODES, store_in(folder, **who))


def rsa(desk: BeatDesk, episode: int = 0) -> float | None:
    return next(
        v.value for v in desk.now("infant_ecg").summaries[episode].values if v.measure == "rsa_ln_ms2"
    )


def test_a_missed_beat_is_added_on_the_peak_and_rsa_is_as_if_it_had_been_found(
    truth: tuple[Signal, np.ndarray], tmp_path: Path
) -> None:
    whole = desk_on(truth, machine(truth), tmp_path, install="else")
    right, missed = rsa(whole), 100
    desk = desk_on(truth, machine(truth, without=missed), tmp_path)
    assert rsa(desk) != right
    at_ns = desk.add(int(truth[1][missed]) + 22_000_000)
    assert abs(at_ns - int(truth[1][missed])) < 1_500_000
    assert right is not None
    assert rsa(desk) == pytest.approx(right, abs=0.01)
    assert desk.beats.source == "auto_reviewed:AB"
    corrected = desk.now("infant_ecg").corrected
    assert (corrected.n_added, corrected.n_removed, corrected.n_moved, corrected.n_confirmed) == (1, 0, 0, 0)


def test_what_is_no_beat_is_removed_and_comes_back_by_undo_after_reopening(
    truth: tuple[Signal, np.ndarray], tmp_path: Path
) -> None:
    wrong = int(truth[1][50]) + 200_000_000
    raw = machine(truth, extra=wrong)
    desk = desk_on(truth, raw, tmp_path)
    assert desk.choose(wrong + 5_000_000, reach_ns=20_000_000)
    desk.remove()
    assert np.array_equal(desk.beats.times_ns, truth[1])
    assert wrong in raw.times_ns
    desk.close()
    again = desk_on(truth, raw, tmp_path)
    assert np.array_equal(again.beats.times_ns, truth[1])
    again.undo()
    assert np.array_equal(again.beats.times_ns, raw.times_ns)
    assert again.beats.source == "auto:ecg_vote@1"
    again.redo()
    assert np.array_equal(again.beats.times_ns, truth[1])
    with pytest.raises(UsageError, match="nothing to redo"):
        again.redo()


def test_a_beat_is_moved_twice_and_the_machines_place_stays_on_record(
    truth: tuple[Signal, np.ndarray], tmp_path: Path
) -> None:
    place = int(truth[1][70])
    off = machine(truth, without=70, extra=place + 90_000_000)
    desk = desk_on(truth, off, tmp_path)
    desk.choose(place + 90_000_000, 1)
    desk.move_to(place + 60_000_000)
    assert desk.chosen_ns == place + 60_000_000
    moved = desk.move_to(place + 10_000_000, to_peak=True)
    assert abs(moved - place) < 1_500_000
    assert desk.beats.times_ns.size == truth[1].size
    corrected = desk.now("infant_ecg").corrected
    assert (corrected.n_added, corrected.n_removed, corrected.n_moved, corrected.n_confirmed) == (0, 0, 1, 0)
    desk.undo()
    desk.undo()
    assert np.array_equal(desk.beats.times_ns, off.times_ns)


def test_a_beat_may_be_moved_by_less_than_what_makes_two_beats_one(
    truth: tuple[Signal, np.ndarray], tmp_path: Path
) -> None:
    desk = desk_on(truth, machine(truth), tmp_path)
    place = int(truth[1][30])
    desk.choose(place, 1)
    desk.move_to(place + 20_000_000)
    assert place + 20_000_000 in desk.beats.times_ns
    assert place not in desk.beats.times_ns
    desk.remove()
    assert desk.beats.times_ns.size == truth[1].size - 1


def test_a_confirmed_beat_is_ok_and_removing_it_does_not_bring_the_machines_back(
    truth: tuple[Signal, np.ndarray], tmp_path: Path
) -> None:
    series = machine(truth)
    flags = np.array(series.flags)
    flags[[40, 90]] = DOUBTFUL
    series = BeatSeries("infant", series.times_ns, flags, series.observed_ns, series.source)
    desk = desk_on(truth, series, tmp_path)
    assert desk.step(1, 0, doubtful=True) == int(truth[1][40])
    desk.confirm()
    assert desk.beats.flags[40] == OK
    assert desk.step(1, 0, doubtful=True) == int(truth[1][90])
    assert desk.step(1, 0, doubtful=True) is None
    desk.choose(int(truth[1][40]), 1)
    with pytest.raises(UsageError, match="judged this beat already"):
        desk.confirm()
    desk.remove()
    assert int(truth[1][40]) not in desk.beats.times_ns


def test_a_bad_stretch_takes_its_intervals_out_and_can_be_taken_back(
    truth: tuple[Signal, np.ndarray], tmp_path: Path
) -> None:
    desk = desk_on(truth, machine(truth), tmp_path)
    clean = desk.now("infant_ecg").ibi.clean_ns(10 * S, 60 * S)
    desk.mark_bad(20 * S, 28 * S)
    ibi = desk.now("infant_ecg").ibi
    assert ibi.clean_ns(20 * S, 28 * S) == 0
    assert clean - ibi.clean_ns(10 * S, 60 * S) >= 8 * S
    assert desk.missing("infant_ecg").total_ns == 8 * S
    assert desk.now("infant_ecg").corrected.n_changes(25 * S, 30 * S) == 1
    with pytest.raises(UsageError, match="no stretch is marked here"):
        desk.unmark_bad(40 * S)
    desk.unmark_bad(21 * S)
    assert desk.now("infant_ecg").ibi.clean_ns(10 * S, 60 * S) == clean


def test_what_cannot_be_done_is_refused_and_leaves_no_trace(
    truth: tuple[Signal, np.ndarray], tmp_path: Path
) -> None:
    desk = desk_on(truth, machine(truth), tmp_path)
    with pytest.raises(UsageError, match="there is a beat already"):
        desk.add(int(truth[1][10]) + 15_000_000)
    with pytest.raises(UsageError, match="does not reach"):
        desk.add(0)
    with pytest.raises(UsageError, match="no beat is chosen"):
        desk.remove()
    desk.choose(int(truth[1][10]), 1)
    with pytest.raises(UsageError, match="another beat"):
        desk.move_to(int(truth[1][11]))
    with pytest.raises(UsageError, match="nothing to undo"):
        desk.undo()
    assert not (tmp_path / BEATS_DIR / "AB.home.jsonl").exists()


def test_a_new_fit_of_the_clocks_moves_corrections_with_the_signal(
    truth: tuple[Signal, np.ndarray], tmp_path: Path
) -> None:
    desk = desk_on(truth, machine(truth, without=100), tmp_path)
    desk.add(int(truth[1][100]))
    desk.choose(int(truth[1][20]), 1)
    desk.remove()
    desk.mark_bad(30 * S, 31 * S)
    (person,) = read_beat_edits(tmp_path, beats_tier(RECORDING))
    fitted = ClockMap(5 * S, -80.0, "marks", 3, 0.1)
    again = fitted.to_session(MAP.to_local(machine(truth, without=100).times_ns))
    raw = BeatSeries("infant", again, np.zeros(again.size, np.uint8), (0, 300 * S), "auto:ecg_vote@1")
    moved = correct_beats(raw, person.entries, fitted, "AB")
    expected = np.delete(fitted.to_session(MAP.to_local(truth[1])), 20)
    assert np.abs(moved.beats.times_ns - expected).max() < 1_500_000
    assert abs(int(moved.bad.onsets_ns[0]) - int(fitted.to_session(MAP.to_local(30 * S)))) <= 2


def test_two_people_are_never_mixed_and_one_has_to_be_chosen(
    truth: tuple[Signal, np.ndarray], tmp_path: Path
) -> None:
    raw = machine(truth)
    for coder in ("AB", "CD"):
        desk = desk_on(truth, raw, tmp_path, coder=coder)
        desk.choose(int(truth[1][9 if coder == "AB" else 12]), 1)
        desk.remove()
        desk.close()
    with pytest.raises(InputError, match="several people corrected"):
        corrected_by_people(tmp_path, RECORDING, raw, MAP)
    chosen = corrected_by_people(tmp_path, RECORDING, raw, MAP, coders=("CD",)).beats
    assert chosen.source == "auto_reviewed:CD"
    assert np.array_equal(chosen.times_ns, np.delete(truth[1], 12))
    with pytest.raises(InputError, match="several people corrected"):
        corrected_by_people(tmp_path, RECORDING, raw, MAP, coders=("EF",))


def test_on_a_full_disk_the_correction_stands_and_is_said_not_to_be_saved(
    truth: tuple[Signal, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = desk_on(truth, machine(truth), tmp_path)
    said: list[str] = []
    desk.said.connect(said.append)
    desk.choose(int(truth[1][9]), 1)

    def full(_data: bytes) -> None:
        raise StorageError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(desk._store.log._keeper._file, "append", full)
        desk.remove()
        assert desk.status == "NOT SAVED"
        assert "NOT SAVED" in said[-1]
        with pytest.raises(StorageError):
            desk.close()
    assert int(truth[1][9]) not in desk.beats.times_ns
    desk.retry()
    assert desk.status == "saved"
    desk.close()
    assert read_beat_edits(tmp_path, beats_tier(RECORDING))[0].coder == "AB"


def test_a_correction_leaves_the_other_heart_alone(truth: tuple[Signal, np.ndarray], tmp_path: Path) -> None:
    other = SignalRecording("caregiver_ecg", "physio/caregiver.csv", "ecg", "caregiver")
    channels = [
        BeatChannel(RECORDING, truth[0], machine(truth), PARAMS),
        BeatChannel(other, truth[0], machine(truth), HeartParams.for_role("caregiver")),
    ]
    desk = BeatDesk(channels, EPISODES, store_in(tmp_path))
    mine, theirs = desk.now("infant_ecg"), desk.now("caregiver_ecg")
    desk.choose(int(truth[1][9]), 1)
    desk.remove()
    assert desk.now("infant_ecg") is not mine
    assert desk.now("caregiver_ecg") is theirs
    desk.activate("caregiver_ecg")
    assert desk.chosen_ns is None
    desk.choose(int(truth[1][9]), 1)
    desk.remove()
    assert desk.now("caregiver_ecg").corrected.n_removed == 1
    # Undo goes by what was done last, whichever heart keys go to.
    desk.activate("infant_ecg")
    desk.undo()
    assert desk.now("caregiver_ecg").corrected.n_removed == 0
    assert desk.now("infant_ecg").corrected.n_removed == 1
