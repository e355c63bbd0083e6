"""Simulated ECG and skin conductance of the built-in dyad, with every beat and response known.

Beats come from an integral pulse model: a beat falls whenever the integral of 1 / IBI(t)
passes a whole number, with IBI(t) = mean + amplitude * sin(2 pi f t). The amplitude is then
known from outside, and so is what the beats themselves lose of it by sampling once a beat.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from stillface.domain.clock import NS_PER_S, ClockMap, SampleClock, ns_to_s
from stillface.domain.recording import SyncMark
from stillface.errors import FieldError, UsageError
from stillface.io.durable import write_atomic
from stillface.testing.script import DURATION_S, EPISODES

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = [
    "PROFILES",
    "RATE_HZ",
    "Artefact",
    "PhysiologyProfile",
    "Rhythm",
    "SimulatedPhysiology",
    "ecg_mv",
    "pulse_beats",
    "simulate",
    "skin_conductance_us",
]

RATE_HZ = Fraction(250)
_GRID_HZ = 10_000
_LEAD_S = 15.0  # hearts beat before the session begins, and the devices were switched on earlier
_TAIL_S = 4.0
_BLEND_S = 1.0  # a change of rhythm between episodes takes this long
_MARKS_S = (3.0, 37.0, 81.0, 117.0)
_MARK_RESOLUTION_NS = 1_000_000  # a trigger input that is read at 1 kHz

# Waves of a beat: centre after R and width in ms at an IBI of 800 ms, height in mV.
_WAVES = (
    ("P", -165.0, 22.0, 0.12),
    ("Q", -26.0, 8.0, -0.10),
    ("R", 0.0, 10.0, 1.00),
    ("S", 26.0, 9.0, -0.22),
    ("T", 270.0, 42.0, 0.28),
)
_SCR_RISE_S, _SCR_DECAY_S = 0.75, 2.6


@dataclass(frozen=True, slots=True)
class Rhythm:
    """The heart's rhythm in one episode.

    Parameters
    ----------
    ibi_ms : float
        Mean interval between beats.
    rsa_ms : float
        Amplitude of its respiratory swing.
    resp_hz : float
        Breathing frequency.
    """

    ibi_ms: float
    rsa_ms: float
    resp_hz: float

    @property
    def hr_bpm(self) -> float:
        """60000 / mean IBI, time-weighted: beats per minute as counted."""
        # The mean of 1 / IBI(t) over a breath, in closed form, is 1 / sqrt(mean^2 - amplitude^2).
        return float(60_000.0 / np.sqrt(self.ibi_ms**2 - self.rsa_ms**2))

    @property
    def rsa_ln_ms2(self) -> float:
        """Natural log of the variance of the swing: ln(A^2 / 2)."""
        return float(np.log(self.rsa_ms**2 / 2.0))

    @property
    def pulse_loss_ln(self) -> float:
        """What intervals lose of it by averaging over one beat, 2 ln sinc(f IBI): never above 0."""
        return float(2.0 * np.log(np.sinc(self.resp_hz * self.ibi_ms / 1000.0)))

    @property
    def beats_rsa_ln_ms2(self) -> float:
        """What the beats carry of it: an analysis finds this plus 2 ln of its own filter's gain."""
        return self.rsa_ln_ms2 + self.pulse_loss_ln


@dataclass(frozen=True, slots=True)
class Artefact:
    """A stretch of session time where the ECG cannot be trusted, declared in the truth.

    Parameters
    ----------
    kind : {'movement', 'lead_off', 'low_r'}
        Noise larger than the beats; a flat line; small R waves that are easily missed.
    """

    kind: str
    onset_ns: int
    offset_ns: int


@dataclass(frozen=True, slots=True)
class PhysiologyProfile:
    """Everything that the simulation of one person is made from.

    Parameters
    ----------
    rhythms : tuple of Rhythm
        One for each of the three episodes.
    clock_map : ClockMap
        True offset and drift of the device.
    artefacts : tuple of (str, float, float)
        Kind, onset and offset in s of session time.
    scl_us : tuple of float
        Level under the responses at the middle of each episode; it falls slowly, as at rest.
    scrs : tuple of (float, float)
        Onset in s of session time and amplitude in uS of each skin conductance response.
    seed : int
    """

    rhythms: tuple[Rhythm, Rhythm, Rhythm]
    clock_map: ClockMap
    artefacts: tuple[tuple[str, float, float], ...]
    scl_us: tuple[float, float, float]
    scrs: tuple[tuple[float, float], ...]
    seed: int


PROFILES = {
    "infant": PhysiologyProfile(
        rhythms=(Rhythm(430.0, 14.0, 0.60), Rhythm(405.0, 8.0, 0.66), Rhythm(418.0, 12.0, 0.60)),
        clock_map=ClockMap(-9_166_000_000, 80.0, "ttl", 4),
        artefacts=(("movement", 71.0, 72.5), ("low_r", 114.0, 117.0)),
        scl_us=(5.40, 5.36, 5.30),
        scrs=((8.0, 0.25), (27.0, 0.32), (43.0, 0.28), (50.0, 0.22), (57.5, 0.41), (68.5, 0.52),
              (76.0, 0.24), (84.0, 0.35), (103.0, 0.30)),
        seed=21,
    ),
    "caregiver": PhysiologyProfile(
        rhythms=(Rhythm(800.0, 40.0, 0.25), Rhythm(775.0, 30.0, 0.27), Rhythm(790.0, 36.0, 0.25)),
        clock_map=ClockMap(-11_410_000_000, -45.0, "ttl", 4),
        artefacts=(("movement", 33.5, 35.0), ("lead_off", 115.0, 116.5)),
        scl_us=(8.30, 8.24, 8.18),
        scrs=((12.0, 0.30), (31.0, 0.21), (41.5, 0.36), (58.5, 0.45), (69.5, 0.33), (82.0, 0.27),
              (110.5, 0.24)),
        seed=22,
    ),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class SimulatedPhysiology:
    """What one device recorded, and the truth behind it.

    Attributes
    ----------
    role : str
    clock : SampleClock
        Device time of each sample; n samples.
    clock_map : ClockMap
        The true map from device to session time; the files carry only `sync_marks`.
    ecg_mv, eda_us : ndarray of float64, shape (n,)
    sync_marks : tuple of SyncMark
        Device times rounded to whole milliseconds, as a trigger input reads them.
    beats_ns : ndarray of int64, shape (n_beats,)
        True beats on the session clock within the recording.
    rhythms : dict of str to Rhythm
        By episode id.
    artefacts : tuple of Artefact
    scrs : tuple of (int, float)
        Onset in ns of session time and amplitude in uS of each skin conductance response.
    """

    role: str
    clock: SampleClock
    clock_map: ClockMap
    ecg_mv: NDArray[np.float64]
    eda_us: NDArray[np.float64]
    sync_marks: tuple[SyncMark, ...]
    beats_ns: NDArray[np.int64]
    rhythms: dict[str, Rhythm]
    artefacts: tuple[Artefact, ...]
    scrs: tuple[tuple[int, float], ...]

    def write_csv(self, path: Path) -> None:
        """Write ``time_s, ecg_mv, eda_us`` in device time, whole or not at all."""
        times = ns_to_s(self.clock.time_ns(np.arange(self.clock.n_samples)))
        lines = ["time_s,ecg_mv,eda_us"]
        lines += [
            f"{t:.3f},{ecg:.4f},{eda:.4f}"
            for t, ecg, eda in zip(times.tolist(), self.ecg_mv.tolist(), self.eda_us.tolist(), strict=True)
        ]
        write_atomic(path, ("\n".join(lines) + "\n").encode())

    def write_sync_csv(self, path: Path) -> None:
        """Write ``device_s, session_s`` of the sync marks."""
        lines = ["device_s,session_s"]
        lines += [f"{ns_to_s(m.device_ns)},{ns_to_s(m.session_ns)}" for m in self.sync_marks]
        write_atomic(path, ("\n".join(lines) + "\n").encode())


@lru_cache(maxsize=2)
def simulate(role: str) -> SimulatedPhysiology:
    """Simulate the recording of one role of the built-in dyad; always the same.

    Raises
    ------
    UsageError
        Not a role of the built-in dyad.
    """
    if role not in PROFILES:
        raise UsageError("the built-in dyad has no such role", got=role, expected=" or ".join(PROFILES))
    profile = PROFILES[role]
    rng = np.random.default_rng(profile.seed)
    grid_s = np.arange(round((_LEAD_S + DURATION_S + _TAIL_S) * _GRID_HZ)) / _GRID_HZ - _LEAD_S
    ibi_ms, breath = _rhythm_over(grid_s, profile.rhythms)
    beats_s = pulse_beats(grid_s, ibi_ms)
    device_end = int(profile.clock_map.to_local(round((DURATION_S + 2) * NS_PER_S)))
    clock = SampleClock(0, RATE_HZ, device_end * RATE_HZ.numerator // NS_PER_S)
    session_ns = profile.clock_map.to_session(clock.time_ns(np.arange(clock.n_samples)))
    times_s = ns_to_s(session_ns)
    artefacts = tuple(
        Artefact(kind, round(on * NS_PER_S), round(off * NS_PER_S)) for kind, on, off in profile.artefacts
    )
    ecg = ecg_mv(times_s, beats_s)
    ecg = _disturb(ecg, times_s, np.interp(times_s, grid_s, breath), artefacts, rng)
    level = np.interp(times_s, [20.0, 60.0, 100.0], profile.scl_us)
    onsets = np.array([onset for onset, _ in profile.scrs])
    eda = level + skin_conductance_us(times_s, onsets, np.array([a for _, a in profile.scrs]))
    eda += _soft_noise(times_s.size, 0.004, rng)
    beats_ns = np.round(beats_s * NS_PER_S).astype(np.int64)
    inside = (beats_ns >= session_ns[0]) & (beats_ns <= session_ns[-1])
    for array in (ecg, eda, beats_ns):
        array.setflags(write=False)
    return SimulatedPhysiology(
        role,
        clock,
        profile.clock_map,
        ecg,
        eda,
        _sync_marks(profile.clock_map),
        beats_ns[inside],
        {episode.id: rhythm for episode, rhythm in zip(EPISODES, profile.rhythms, strict=True)},
        artefacts,
        tuple((round(onset * NS_PER_S), amplitude) for onset, amplitude in profile.scrs),
    )


def pulse_beats(grid_s: NDArray[np.float64], ibi_ms: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the beat times (s) of an integral pulse model.

    Parameters
    ----------
    grid_s : ndarray of float64, shape (n,)
        Even and fine; the error of a beat falls with the square of the step (1e-4 s: below 1 ns).
    ibi_ms : ndarray of float64, shape (n,)
        The interval that the heart aims at, at each time; positive.

    Returns
    -------
    ndarray of float64, shape (n_beats,)
        The first beat is at the first time.
    """
    if not bool(np.all(ibi_ms > 0)):
        raise FieldError("not positive", where="pulse_beats.ibi_ms", got=ibi_ms.min(), expected="> 0")
    rate = 1000.0 / ibi_ms
    phase = np.concatenate([[0.0], np.cumsum((rate[1:] + rate[:-1]) / 2 * np.diff(grid_s))])
    return np.interp(np.arange(np.floor(phase[-1]) + 1.0), phase, grid_s)


def ecg_mv(times_s: NDArray[np.float64], beats_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Draw a clean ECG with P, Q, R, S and T waves; R peaks exactly at the beats.

    Waves narrow and close up with the square root of the interval, as QT does (Bazett).
    """
    signal = np.zeros_like(times_s)
    if beats_s.size < 2:
        raise FieldError("too few beats", where="ecg_mv.beats_s", got=beats_s.size, expected="at least 2")
    intervals = np.diff(beats_s, prepend=2 * beats_s[0] - beats_s[1])
    for beat, interval in zip(beats_s.tolist(), intervals.tolist(), strict=True):
        scale = np.sqrt(interval / 0.8) / 1000.0
        low, high = np.searchsorted(times_s, [beat - 330.0 * scale, beat + 440.0 * scale])
        local = times_s[low:high] - beat
        for _, centre, width, height in _WAVES:
            signal[low:high] += height * np.exp(-0.5 * ((local - centre * scale) / (width * scale)) ** 2)
    return signal


def skin_conductance_us(
    times_s: NDArray[np.float64], onsets_s: NDArray[np.float64], amplitudes_us: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Draw skin conductance responses: each rises from its onset to its amplitude and decays."""
    peak_s = np.log(_SCR_DECAY_S / _SCR_RISE_S) / (1 / _SCR_RISE_S - 1 / _SCR_DECAY_S)
    height = np.exp(-peak_s / _SCR_DECAY_S) - np.exp(-peak_s / _SCR_RISE_S)
    since = np.clip(times_s[:, None] - onsets_s, 0.0, None)
    shape = np.exp(-since / _SCR_DECAY_S) - np.exp(-since / _SCR_RISE_S)
    return np.asarray(shape @ (amplitudes_us / height))


def _rhythm_over(
    grid_s: NDArray[np.float64], rhythms: tuple[Rhythm, ...]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give IBI (ms) and breath (-1..1) over time; breathing keeps its phase where its rate changes."""

    def over(values: list[float]) -> NDArray[np.float64]:
        line = np.full_like(grid_s, values[0])
        for episode, before, after in zip(EPISODES[1:], values, values[1:], strict=False):
            late = np.clip((grid_s - ns_to_s(episode.onset_ns)) / _BLEND_S + 0.5, 0.0, 1.0)
            line += (after - before) * late * late * (3.0 - 2.0 * late)
        return line

    breath = np.sin(2 * np.pi * np.cumsum(over([r.resp_hz for r in rhythms])) / _GRID_HZ)
    mean, swing = over([r.ibi_ms for r in rhythms]), over([r.rsa_ms for r in rhythms])
    return mean + swing * breath, breath


def _disturb(
    ecg: NDArray[np.float64],
    times_s: NDArray[np.float64],
    breath: NDArray[np.float64],
    artefacts: tuple[Artefact, ...],
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Add what every recording has (noise, hum, wander), then the declared artefacts."""
    hum = 0.012 * np.sin(2 * np.pi * 50.0 * times_s)
    wander = 0.06 * breath + 0.08 * np.sin(2 * np.pi * 0.05 * times_s + 0.7)
    noise = rng.normal(0.0, 0.012, times_s.size)
    storm = _soft_noise(times_s.size, 0.6, rng)
    out = ecg.copy()
    for artefact in artefacts:
        on, off = ns_to_s(artefact.onset_ns), ns_to_s(artefact.offset_ns)
        # Edges of 0.2 s inside the declared stretch: nothing of it lies outside.
        depth = np.clip(np.minimum(times_s - on, off - times_s) / 0.2, 0.0, 1.0)
        if artefact.kind == "movement":
            out += depth * storm
        elif artefact.kind == "low_r":
            out *= 1.0 - 0.62 * depth
            noise *= 1.0 + 2.0 * depth
        elif artefact.kind == "lead_off":
            out *= 1.0 - depth
            hum = hum * (1.0 + 2.0 * depth)
    return np.asarray(out + hum + wander + noise)


def _soft_noise(n: int, sd: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Give noise of about 5-15 Hz at 250 Hz, the band in which movement looks like beats."""
    white = rng.standard_normal(n + 24)
    smooth = np.convolve(white, np.hanning(9), "same") - np.convolve(white, np.hanning(25) / 3, "same")
    kept = smooth[12 : 12 + n]
    return np.asarray(sd * kept / kept.std())


def _sync_marks(clock_map: ClockMap) -> tuple[SyncMark, ...]:
    """Give the moments both clocks saw; the device knows them to the millisecond."""
    marks = []
    for mark_s in _MARKS_S:
        session = round(mark_s * NS_PER_S)
        device = int(clock_map.to_local(session))
        device = round(device / _MARK_RESOLUTION_NS) * _MARK_RESOLUTION_NS
        marks.append(SyncMark(device, session))
    return tuple(marks)
