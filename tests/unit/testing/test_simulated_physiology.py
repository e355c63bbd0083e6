"""The simulated signals carry the rhythm that their truth declares."""

from pathlib import Path

import numpy as np
import pytest

from stillface.domain.clock import NS_PER_S
from stillface.errors import FieldError, UsageError
from stillface.testing.demo import DemoDyad
from stillface.testing.physiology import PROFILES, Rhythm, ecg_mv, pulse_beats, simulate, skin_conductance_us
from stillface.testing.script import EPISODES

ROLES = tuple(PROFILES)


def fitted_ln_variance(beats_s: np.ndarray, resp_hz: float) -> float:
    """Fit one sine of the breathing frequency to the intervals (ms) and give ln(A^2 / 2)."""
    ibi, middle = np.diff(beats_s) * 1000, (beats_s[1:] + beats_s[:-1]) / 2
    wave = 2 * np.pi * resp_hz * middle
    design = np.column_stack([np.ones_like(middle), np.sin(wave), np.cos(wave)])
    _, a, b = np.linalg.lstsq(design, ibi, rcond=None)[0]
    return float(np.log((a * a + b * b) / 2))


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("episode", EPISODES, ids=lambda e: e.id)
def test_beats_carry_the_declared_rate_and_rsa(role: str, episode) -> None:
    found = simulate(role)
    rhythm = found.rhythms[episode.id]
    beats = found.beats_ns
    inside = beats[(beats >= episode.onset_ns + NS_PER_S) & (beats < episode.offset_ns - NS_PER_S)] / NS_PER_S
    hr = 60 * (len(inside) - 1) / (inside[-1] - inside[0])
    # Counting over whole beats, not whole breaths, leaves a part of one breath.
    assert hr == pytest.approx(rhythm.hr_bpm, abs=0.6)
    heard = fitted_ln_variance(inside, rhythm.resp_hz)
    assert heard == pytest.approx(rhythm.beats_rsa_ln_ms2, abs=0.01)


def test_rsa_falls_in_the_still_face_and_rises_in_the_reunion() -> None:
    for profile in PROFILES.values():
        play, still, reunion = (r.rsa_ln_ms2 for r in profile.rhythms)
        assert still < reunion < play
        assert profile.rhythms[1].hr_bpm > profile.rhythms[2].hr_bpm > profile.rhythms[0].hr_bpm


def test_truth_by_hand() -> None:
    # A = 20 ms: ln(200) = 5.298 (SPEC 5.1).
    assert Rhythm(430.0, 20.0, 0.5).rsa_ln_ms2 == pytest.approx(5.298, abs=5e-4)
    # A = 0 is a metronome.
    assert Rhythm(500.0, 0.0, 0.5).hr_bpm == 120.0


def test_a_constant_interval_gives_evenly_spaced_beats() -> None:
    grid = np.arange(0, 100_000) / 10_000
    beats = pulse_beats(grid, np.full(grid.size, 400.0))
    np.testing.assert_allclose(np.diff(beats), 0.4, atol=1e-9)
    assert len(beats) == 25
    with pytest.raises(FieldError, match="ibi_ms"):
        pulse_beats(grid, np.zeros(grid.size))


def test_r_waves_peak_at_the_beats_for_both_rates_of_heart() -> None:
    for ibi in (0.4, 0.8):
        beats = np.arange(1.0, 9.0, ibi)
        times = np.arange(0, 10, 0.001)
        signal = ecg_mv(times, beats)
        for beat in beats:
            near = np.abs(times - beat) < 0.1
            assert times[near][signal[near].argmax()] == pytest.approx(beat, abs=0.0011)


@pytest.mark.parametrize("role", ROLES)
def test_outside_artefacts_the_largest_deflection_is_the_r_wave(role: str) -> None:
    found = simulate(role)
    session = found.clock_map.to_session(found.clock.time_ns(np.arange(found.clock.n_samples)))
    hits = []
    for beat in found.beats_ns[2:-2]:
        spoiled = any(a.onset_ns - 5e8 < beat < a.offset_ns + 5e8 for a in found.artefacts)
        if not spoiled:
            near = np.abs(session - beat) < 0.12 * NS_PER_S
            hits.append(abs(session[near][found.ecg_mv[near].argmax()] - beat))
    # A sample lasts 4 ms.
    assert np.quantile(hits, 0.99) <= 6e6


def test_artefacts_are_where_they_are_declared_and_nowhere_else() -> None:
    for role in ROLES:
        found = simulate(role)
        session = found.clock_map.to_session(found.clock.time_ns(np.arange(found.clock.n_samples)))
        clean = ecg_mv(session / NS_PER_S, np.concatenate([found.beats_ns / NS_PER_S]))
        residue = np.abs(found.ecg_mv - clean)
        declared = np.zeros(session.size, bool)
        for a in found.artefacts:
            inside = (session >= a.onset_ns) & (session < a.offset_ns)
            assert residue[inside].max() > 0.5, a
            declared |= inside
        settled = (session > session[0] + 5e8) & (session < session[-1] - 5e8)
        assert residue[settled & ~declared].max() < 0.35


@pytest.mark.parametrize("role", ROLES)
def test_sync_marks_give_back_offset_and_drift(role: str) -> None:
    found = simulate(role)
    assert len(found.sync_marks) >= 3
    device = np.array([m.device_ns for m in found.sync_marks], float)
    session = np.array([m.session_ns for m in found.sync_marks], float)
    slope, offset = np.polyfit(device, session, 1)
    # Marks are read to the millisecond, over 114 s.
    assert (slope - 1) * 1e6 == pytest.approx(found.clock_map.drift_ppm, abs=9)
    assert offset == pytest.approx(found.clock_map.offset_ns, abs=1e6)
    assert np.abs(session - slope * device - offset).max() < 1e6


@pytest.mark.parametrize("role", ROLES)
def test_the_recording_covers_the_session(role: str) -> None:
    found = simulate(role)
    ends = found.clock_map.to_session(np.array([found.clock.start_ns, found.clock.end_ns]))
    assert ends[0] < 0
    assert ends[1] > 120 * NS_PER_S


def test_a_response_reaches_its_amplitude_after_its_onset() -> None:
    times = np.arange(0, 30, 0.01)
    curve = skin_conductance_us(times, np.array([5.0]), np.array([0.3]))
    assert curve.max() == pytest.approx(0.3, abs=1e-4)
    assert np.all(curve[times <= 5.0] == 0)
    assert 5.5 < times[curve.argmax()] < 8.0


@pytest.mark.parametrize("role", ROLES)
def test_declared_responses_stand_out_of_the_skin_conductance(role: str) -> None:
    found = simulate(role)
    session_s = found.clock_map.to_session(found.clock.time_ns(np.arange(found.clock.n_samples))) / NS_PER_S
    for onset_ns, amplitude in found.scrs:
        onset = onset_ns / NS_PER_S
        before = found.eda_us[(session_s > onset - 0.3) & (session_s < onset)].mean()
        peak = found.eda_us[(session_s > onset) & (session_s < onset + 2.5)].max()
        assert peak - before > 0.6 * amplitude


def test_files_hold_device_time_and_the_marks(tmp_path: Path) -> None:
    found = DemoDyad().physio("infant")
    found.write_csv(tmp_path / "infant.csv")
    found.write_sync_csv(tmp_path / "sync.csv")
    table = np.genfromtxt(tmp_path / "infant.csv", delimiter=",", names=True)
    assert table.dtype.names == ("time_s", "ecg_mv", "eda_us")
    np.testing.assert_allclose(np.diff(table["time_s"]), 0.004, atol=1e-9)
    np.testing.assert_allclose(table["ecg_mv"], found.ecg_mv, atol=5.1e-5)
    marks = np.genfromtxt(tmp_path / "sync.csv", delimiter=",", names=True)
    np.testing.assert_allclose(
        marks["session_s"] * 1e9, [m.session_ns for m in found.sync_marks], rtol=0, atol=0.5
    )


def test_an_unknown_role_is_refused() -> None:
    with pytest.raises(UsageError, match="infant or caregiver"):
        simulate("father")
