"""A film's sound as it is drawn: lowest, highest and effective value of every millisecond.

It is kept beside the study, so that opening the session again costs nothing.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from stillface.audio.sound import Sound
from stillface.errors import FieldError, StorageError

__all__ = ["Columns", "Waveform", "load_waveform", "make_waveform"]

Floats = npt.NDArray[np.float32]
Int64 = npt.NDArray[np.int64]

NS_PER_MS = 1_000_000
_VERSION = 1
_DIGEST_BYTES = 32
_STEP = 8
_SILENT_DB = -120.0
# Decoded sound may overshoot full scale a little.
_FULL = 16_383


@dataclass(frozen=True, eq=False)
class Columns:
    """What is to be drawn: one entry per pixel column, each of shape (n,).

    ``heard`` tells where the film has sound; elsewhere the other values mean nothing.
    """

    lows: Floats
    highs: Floats
    effective: Floats
    heard: npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Waveform:
    """Extremes and power of each millisecond of a film's own time.

    Parameters
    ----------
    lows, highs : array of float32, shape (n_ms,)
        Within -1 to 1.
    power : array of float32, shape (n_ms,)
        Mean square.
    heard : array of bool, shape (n_ms,)
        Milliseconds in which the film has sound.
    """

    lows: Floats
    highs: Floats
    power: Floats
    heard: npt.NDArray[np.bool_]

    def __post_init__(self) -> None:
        shapes = {a.shape for a in (self.lows, self.highs, self.power, self.heard)}
        if len(shapes) != 1 or self.lows.ndim != 1:
            raise FieldError("lengths differ", where="Waveform", got=sorted(shapes), expected="one length")

    @cached_property
    def _levels(self) -> tuple[tuple[int, Waveform], ...]:
        """Give this waveform and coarser ones, each with its milliseconds per entry."""
        levels: list[tuple[int, Waveform]] = [(1, self)]
        while levels[-1][1].lows.size > 4096:
            step, fine = levels[-1]
            starts = np.arange(0, fine.lows.size, _STEP)
            levels.append((step * _STEP, fine._reduced(starts)))
        return tuple(levels)

    def _reduced(self, starts: Int64) -> Waveform:
        heard = np.logical_or.reduceat(self.heard, starts)
        counts = np.add.reduceat(self.heard.astype(np.float32), starts)
        power = np.add.reduceat(self.power, starts) / np.maximum(counts, 1)
        return Waveform(
            np.minimum.reduceat(self.lows, starts), np.maximum.reduceat(self.highs, starts), power, heard
        )

    def columns(self, edges_ns: Int64) -> Columns:
        """Give what lies between each two borders.

        Parameters
        ----------
        edges_ns : array of int64, shape (n + 1,)
            Not decreasing, in the film's own time.
        """
        width_ms = max(float(edges_ns[-1] - edges_ns[0]) / max(edges_ns.size - 1, 1) / NS_PER_MS, 1)
        step, level = next(
            (pair for pair in reversed(self._levels) if pair[0] * 2 <= width_ms), self._levels[0]
        )
        places = edges_ns // (step * NS_PER_MS)
        n = level.lows.size
        inside = (places[:-1] < n) & (edges_ns[1:] > 0)
        starts = np.clip(places[:-1], 0, max(n - 1, 0))
        if not n:
            nothing = np.zeros(edges_ns.size - 1, np.float32)
            return Columns(nothing, nothing, nothing, inside)
        drawn = level._reduced(starts)
        # The last column would reach to the end of the film.
        end = int(np.clip(places[-1], starts[-1] + 1, n))
        last = level._part(int(starts[-1]), end)._reduced(np.array([0]))
        for name in ("lows", "highs", "power", "heard"):
            getattr(drawn, name)[-1] = getattr(last, name)[0]
        return Columns(drawn.lows, drawn.highs, np.sqrt(drawn.power), drawn.heard & inside)

    def _part(self, start: int, stop: int) -> Waveform:
        part = slice(start, stop)
        return Waveform(self.lows[part], self.highs[part], self.power[part], self.heard[part])

    def loudness_db(self, onset_ns: int, offset_ns: int) -> float | None:
        """Give the level of a stretch relative to full scale, or None where there is no sound.

        Returns
        -------
        float or None
            ``10 log10`` of the mean square; a full-scale sine has -3.0; digital silence is -120.
        """
        part = self._part(max(onset_ns // NS_PER_MS, 0), max(-(-offset_ns // NS_PER_MS), 0))
        if not part.heard.any():
            return None
        mean = float(part.power[part.heard].mean(dtype=np.float64))
        return max(10 * float(np.log10(mean)), _SILENT_DB) if mean > 0 else _SILENT_DB


def make_waveform(sound: Sound) -> Waveform:
    """Decode a whole film's sound; raises as :meth:`Sound.blocks`, and FieldError on an odd rate."""
    if sound.rate_hz % 1000:
        raise FieldError(
            "milliseconds need whole samples", where="Sound.rate_hz", got=sound.rate_hz, expected="n x 1000"
        )
    builder = _Builder(sound.rate_hz // 1000)
    first, held = 0, np.empty(0, np.float32)
    for address, values in sound.blocks():
        if held.size and (address != first + held.size or held.size >= sound.rate_hz):
            builder.put(first, held)
            held = np.empty(0, np.float32)
        first, held = (first if held.size else address), np.concatenate((held, values))
    if held.size:
        builder.put(first, held)
    return builder.waveform()


class _Builder:
    """Gathers extremes and power of each millisecond."""

    def __init__(self, n_per_ms: int) -> None:
        self._n_per_ms, self._end = n_per_ms, 0
        self._rows = np.zeros((4, 60_000), np.float32)

    def put(self, first: int, values: Floats) -> None:
        """Take consecutive samples from an address on."""
        if first < 0:
            first, values = 0, values[-first:]
        begin, end = first // self._n_per_ms, -(-(first + values.size) // self._n_per_ms)
        if end > self._rows.shape[1]:
            self._rows = np.pad(self._rows, ((0, 0), (0, end)))
        starts = np.maximum(np.arange(begin, end) * self._n_per_ms - first, 0)
        lows, highs, sums, counts = self._rows[:, begin:end]
        np.minimum(lows, np.minimum.reduceat(values, starts), out=lows)
        np.maximum(highs, np.maximum.reduceat(values, starts), out=highs)
        sums += np.add.reduceat(values**2, starts)
        counts += np.diff(np.append(starts, values.size))
        self._end = max(self._end, end)

    def waveform(self) -> Waveform:
        """Give what was gathered."""
        lows, highs, sums, counts = self._rows[:, : self._end].copy()
        return Waveform(lows, highs, sums / np.maximum(counts, 1), counts > 0)


def load_waveform(sound: Sound, cache: Path | None) -> Waveform:
    """Give a film's waveform, from the cache where that is still right.

    Parameters
    ----------
    sound : Sound
    cache : Path, optional
        File that keeps it; its name must not be the film's, which may name a person.

    Raises
    ------
    InputError
        A file cannot be read.
    StorageError
        The disk or share does not let us read it.
    """
    key = _key(sound)
    held = None if cache is None else _read(cache, key)
    if held is None:
        held = make_waveform(sound)
        if cache is not None:
            # A study on a read-only share can still be looked at.
            with suppress(OSError):
                _write(cache, held, key)
    return held


def _key(sound: Sound) -> str:
    parts: list[object] = [_VERSION, sound.rate_hz]
    for file in sound.files:
        try:
            state = file.path.stat()
        except OSError as error:
            raise StorageError(f"cannot read the film: {error.strerror}", where=file.path.name) from error
        spot = (str(file.origin_s), file.begin_ns, file.from_ns, file.until_ns)
        parts.append([state.st_size, state.st_mtime_ns, *spot])
    return json.dumps(parts)


def _read(cache: Path, key: str) -> Waveform | None:
    """Give the stored waveform, or None when there is none, it is stale or it is damaged."""
    try:
        stored = cache.read_bytes()
    except OSError:
        return None
    digest, data = stored[:_DIGEST_BYTES], stored[_DIGEST_BYTES:]
    if hashlib.sha256(data).digest() != digest:
        return None
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        if str(arrays["key"]) != key:
            return None
        lows, highs = (arrays[name].astype(np.float32) / _FULL for name in ("lows", "highs"))
        return Waveform(lows, highs, arrays["power"].astype(np.float32), arrays["heard"])


def _write(cache: Path, waveform: Waveform, key: str) -> None:
    data = io.BytesIO()
    np.savez_compressed(
        data,
        lows=np.rint(waveform.lows * _FULL).astype(np.int16),
        highs=np.rint(waveform.highs * _FULL).astype(np.int16),
        power=waveform.power,
        heard=waveform.heard,
        key=np.array(key),
    )
    cache.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temp = tempfile.mkstemp(dir=cache.parent, suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(hashlib.sha256(data.getvalue()).digest() + data.getvalue())
        Path(temp).replace(cache)
    finally:
        Path(temp).unlink(missing_ok=True)
