"""Correcting heart beats: every correction in the log first, then RSA anew; the raw beats are kept.

The desk for beats stands beside the one for codes: its log is its own, and so is its undo.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from stillface.domain.autonomic import AutonomicEpisode, HeartEpoch
from stillface.domain.events import BEAT_FLAGS, BeatSeries
from stillface.domain.intervals import Intervals
from stillface.domain.recording import Signal as SampledSignal
from stillface.domain.recording import SignalRecording
from stillface.domain.session import Episode
from stillface.errors import StorageError, UsageError
from stillface.io.code_log_record import Edit, LoggedBout
from stillface.io.human_beats import (
    BAD_SPAN,
    BEAT,
    NOT_A_BEAT,
    SAME_BEAT_NS,
    CorrectedBeats,
    beats_tier,
    correct_beats,
    logged_point,
    logged_span,
)
from stillface.physio.artefacts import IbiSeries, ibi_series
from stillface.physio.beats import missing_intervals
from stillface.physio.epochs import heart_summaries
from stillface.physio.params import HeartParams
from stillface.physio.place_beat import place_beat
from stillface.review.missed_beats import MissedBeats, missed_beats
from stillface.review.signals import Signal
from stillface.review.stores import Store

__all__ = ["BeatChannel", "BeatDesk", "HeartNow"]

_OK = BEAT_FLAGS.index("ok")


@dataclass(frozen=True, eq=False)
class BeatChannel:
    """One ECG with the beats that a machine found in it.

    Parameters
    ----------
    recording : SignalRecording
    signal : Signal
    machine : BeatSeries
    params : HeartParams
    """

    recording: SignalRecording
    signal: SampledSignal
    machine: BeatSeries
    params: HeartParams

    @property
    def id(self) -> str:
        """The recording's id."""
        return self.recording.id

    @property
    def tier(self) -> str:
        """Where its corrections stand in the log."""
        return beats_tier(self.recording)


@dataclass(frozen=True, eq=False)
class HeartNow:
    """What the beats of one channel give as they stand.

    Parameters
    ----------
    corrected : CorrectedBeats
    ibi : IbiSeries
    epochs : tuple of HeartEpoch
        Windows of all episodes.
    summaries : tuple of AutonomicEpisode
    missed : tuple of MissedBeats
        Where a beat was probably missed.
    """

    corrected: CorrectedBeats
    ibi: IbiSeries
    epochs: tuple[HeartEpoch, ...]
    summaries: tuple[AutonomicEpisode, ...]
    missed: tuple[MissedBeats, ...]


class BeatDesk:
    """One person at work on the beats of one session.

    Parameters
    ----------
    channels : sequence of BeatChannel
        At least one.
    episodes : sequence of Episode
    store : Store
        The person's log of corrections.

    Attributes
    ----------
    changed : Signal
        Called without arguments when beats, choice, channel or status change.
    said : Signal
        Called with one line that tells what a key did.
    chosen_ns : int or None
        The beat of the active channel that is meant.
    missed : MissedBeats or None
        The stretch without beats at which the last step stopped.
    trouble : StorageError or None
        Why corrections are not saved.
    """

    def __init__(self, channels: Sequence[BeatChannel], episodes: Sequence[Episode], store: Store) -> None:
        if not channels:
            raise UsageError("no heart beats to look at", fix="run stillface run first")
        self.channels = {channel.id: channel for channel in channels}
        self.changed: Signal[[]] = Signal()
        self.said: Signal[[str]] = Signal()
        self.chosen_ns: int | None = None
        self.missed: MissedBeats | None = None
        self.trouble: StorageError | None = None
        self._episodes, self._store = tuple(episodes), store
        self._missing = {channel.id: missing_intervals(channel.signal) for channel in channels}
        self._now: dict[str, HeartNow] = {}
        self._entries: dict[str, dict[str, LoggedBout]] = {}
        self._active = channels[0].id

    @property
    def coder(self) -> str:
        """Who corrects."""
        return self._store.log.coder

    @property
    def active(self) -> BeatChannel:
        """The channel that keys go to."""
        return self.channels[self._active]

    @property
    def beats(self) -> BeatSeries:
        """The active channel's beats as they stand."""
        return self.now(self._active).corrected.beats

    @property
    def status(self) -> Literal["saved", "saved here", "NOT SAVED"]:
        """Whether every correction is in the study, on this computer's disk, or in memory only."""
        log = self._store.log
        return "saved" if not log.unsaved else "saved here" if log.kept_here else "NOT SAVED"

    @property
    def notices(self) -> tuple[str, ...]:
        """What the person should be told about the opening."""
        log = self._store.log
        reason = (f"beats are read-only: {log.reason}",) if log.read_only else ()
        return (*log.notices, *reason)

    def activate(self, channel_id: str) -> None:
        """Let keys go to another channel."""
        if channel_id != self._active:
            self._active = self.channels[channel_id].id
            self._choose(None)

    def missing(self, channel_id: str) -> Intervals:
        """Give the session time without samples, or ruled out by the person."""
        return self._missing[channel_id].union(self.now(channel_id).corrected.bad)

    def now(self, channel_id: str) -> HeartNow:
        """Give what a channel's beats give as they stand; computed once for each correction."""
        held = self._now.get(channel_id)
        if held is None:
            channel = self.channels[channel_id]
            mine = self._entries[channel_id] = self._entries_of(channel.tier)
            corrected = correct_beats(channel.machine, mine, channel.signal.clock_map, self.coder)
            missing = self._missing[channel_id].union(corrected.bad)
            summaries, epochs = heart_summaries(corrected.beats, self._episodes, missing, channel.params)
            ibi = ibi_series(corrected.beats, missing, channel.params)
            missed = missed_beats(corrected.beats, ibi, missing)
            held = self._now[channel_id] = HeartNow(corrected, ibi, epochs, summaries, missed)
        return held

    def _entries_of(self, tier: str) -> dict[str, LoggedBout]:
        return {id_: bout for id_, bout in self._store.bouts.items() if bout.tier == tier}

    def choose(self, time_ns: int, reach_ns: float) -> bool:
        """Choose the beat nearest to a time within reach; none there takes the choice back."""
        times = self.beats.times_ns
        best = int(np.argmin(np.abs(times - time_ns))) if times.size else -1
        near = best >= 0 and abs(int(times[best]) - time_ns) <= reach_ns
        self._choose(int(times[best]) if near else None)
        return near

    def _choose(self, time_ns: int | None, missed: MissedBeats | None = None) -> None:
        self.chosen_ns, self.missed = time_ns, missed
        self.changed.emit()

    def step(self, direction: Literal[-1, 1], from_ns: int, *, doubtful: bool = False) -> int | None:
        """Choose the next beat after, or before, the chosen one or a time; give its time.

        Parameters
        ----------
        direction : {-1, 1}
        from_ns : int
            Where to begin when no beat is chosen.
        doubtful : bool
            Only beats that are not ok, and stretches in which beats were probably missed: at one of these
            no beat is chosen, and the time is where the first beat would be.
        """
        beats = self.beats
        stops: dict[int, MissedBeats | None] = dict.fromkeys(
            (beats.times_ns[beats.flags != _OK] if doubtful else beats.times_ns).tolist()
        )
        if doubtful:
            stops |= {missed.at_ns: missed for missed in self.now(self._active).missed}
        here = self.missed.at_ns if self.missed is not None else self.chosen_ns
        start = from_ns if here is None else here
        ahead = [t for t in stops if (t > start if direction > 0 else t < start)]
        if not ahead:
            nothing = "no doubtful beat and no missed one that way" if doubtful else "no beat that way"
            self.said.emit(nothing)
            return None
        at_ns = min(ahead) if direction > 0 else max(ahead)
        missed = stops[at_ns]
        self._choose(at_ns if missed is None else None, missed)
        return at_ns

    def add(self, time_ns: int, *, to_peak: bool = True) -> int:
        """Add a beat; give where it lies.

        Parameters
        ----------
        time_ns : int
        to_peak : bool
            Put it on the R-peak within 40 ms, where there is one.

        Raises
        ------
        UsageError
            There is a beat already, or no signal was recorded there.
        """
        channel = self.active
        low, high = channel.machine.observed_ns
        if not low <= time_ns < high:
            raise UsageError("the recording does not reach to here")
        peak = place_beat(channel.signal, time_ns, self.beats) if to_peak else None
        at_ns = time_ns if peak is None else peak
        if (np.abs(self.beats.times_ns - at_ns) < SAME_BEAT_NS).any():
            raise UsageError("there is a beat already", fix="choose it and move it")
        self._log([Edit("add", bout=self._point(BEAT, at_ns))], "beat added")
        self._choose(at_ns)
        return at_ns

    def remove(self) -> None:
        """Say that the chosen beat is none."""
        time_ns = self._need_chosen()
        entry = self._entry_at(time_ns)
        edits = (
            [Edit("add", bout=self._point(NOT_A_BEAT, time_ns))] if entry is None else [Edit("del", entry)]
        )
        if entry is not None and self._machine_at(time_ns) is not None:
            # Under a confirmed beat the machine's own one would come back.
            edits.append(Edit("add", bout=self._point(NOT_A_BEAT, time_ns)))
        self._log(edits, "not a beat")
        self._choose(None)

    def move_to(self, time_ns: int, *, to_peak: bool = False) -> int:
        """Move the chosen beat; give where it lies now."""
        old_ns = self._need_chosen()
        peak = place_beat(self.active.signal, time_ns, self.beats) if to_peak else None
        at_ns = time_ns if peak is None else peak
        others = self.beats.times_ns[self.beats.times_ns != old_ns]
        if (np.abs(others - at_ns) < SAME_BEAT_NS).any():
            raise UsageError("there is another beat already")
        if at_ns == old_ns:
            return old_ns
        entry, machine_ns = self._entry_at(old_ns), self._machine_at(old_ns)
        bout = self._point(BEAT, at_ns, moved_from_ns=machine_ns)
        if entry is not None and machine_ns is None:
            # Moved once more: where the machine had it stays on record.
            bout = replace(bout, attributes={**self._store.bouts[entry].attributes, **bout.attributes})
        edits = [Edit("add", bout=bout) if entry is None else Edit("set", entry, bout)]
        if machine_ns is not None:
            edits.append(Edit("add", bout=self._point(NOT_A_BEAT, machine_ns)))
        self._log(edits, "beat moved")
        self._choose(at_ns)
        return at_ns

    def confirm(self) -> None:
        """Say that the chosen beat is right, whatever the machine thinks of it."""
        time_ns = self._need_chosen()
        if self._entry_at(time_ns) is not None:
            raise UsageError("you have judged this beat already")
        self._log([Edit("add", bout=self._point(BEAT, time_ns))], "beat confirmed")

    def mark_bad(self, onset_ns: int, offset_ns: int) -> None:
        """Rule a stretch out: no interval in it enters a result."""
        low, high = self.active.machine.observed_ns
        onset_ns, offset_ns = max(onset_ns, low), min(offset_ns, high)
        if offset_ns <= onset_ns:
            raise UsageError("the recording does not reach to here")
        span = logged_span(self.active.tier, onset_ns, offset_ns, self.active.signal.clock_map)
        self._log([Edit("add", bout=span)], "stretch marked as bad")

    def unmark_bad(self, time_ns: int) -> None:
        """Take back every bad stretch that covers a time."""
        tier = self.active.tier
        edits = [
            Edit("del", id_)
            for id_, bout in self._store.bouts.items()
            if bout.tier == tier
            and bout.code == BAD_SPAN
            and bout.offset_ns is not None
            and bout.onset_ns <= time_ns < bout.offset_ns
        ]
        if not edits:
            raise UsageError("no stretch is marked here")
        self._log(edits, "stretch no longer marked")

    def undo(self) -> None:
        """Take the last correction back; raises UsageError where there is none."""
        if not self._store.can_undo:
            raise UsageError("nothing to undo among the beats")
        self._write(self._store.undo, "taken back")

    def redo(self) -> None:
        """Bring the last undone correction back; raises UsageError where there is none."""
        if not self._store.can_redo:
            raise UsageError("nothing to redo among the beats")
        self._write(self._store.redo, "brought back")

    def retry(self) -> None:
        """Try again to bring to the disk what is only in memory."""
        self._write(self._store.log.flush, "saved")

    def close(self, *, abandon: bool = False) -> None:
        """End the sitting; raises StorageError and stays open while something is unsaved."""
        self._store.log.close(abandon=abandon)

    def _point(self, code: str, time_ns: int, *, moved_from_ns: int | None = None) -> LoggedBout:
        clock_map = self.active.signal.clock_map
        return logged_point(self.active.tier, code, time_ns, clock_map, moved_from_ns=moved_from_ns)

    def _need_chosen(self) -> int:
        if self.chosen_ns is None or self.chosen_ns not in self.beats.times_ns:
            raise UsageError("no beat is chosen", fix="click one")
        return self.chosen_ns

    def _entry_at(self, time_ns: int) -> str | None:
        corrected = self.now(self._active).corrected
        place = int(np.searchsorted(corrected.beats.times_ns, time_ns))
        return corrected.entries[place]

    def _machine_at(self, time_ns: int) -> int | None:
        """Give the machine's beat that lies under a standing one, unless it was refused already."""
        times = self.active.machine.times_ns
        near = times[np.abs(times - time_ns) < SAME_BEAT_NS]
        refused = [
            bout.onset_ns
            for bout in self._store.bouts.values()
            if bout.tier == self.active.tier and bout.code == NOT_A_BEAT
        ]
        left = [t for t in near.tolist() if t not in refused]
        return min(left, key=lambda t: abs(t - time_ns), default=None)

    def _log(self, edits: Sequence[Edit], text: str) -> None:
        self._write(lambda: self._store.log_edits(edits), text)

    def _write(self, action: Callable[[], object], text: str) -> None:
        n_before = len(self._store.log.records)
        try:
            action()
            self.trouble = None
        except StorageError as error:
            if len(self._store.log.records) == n_before and not self._store.log.unsaved:
                raise
            self.trouble = error
            text = f"{text}; {self.status}: {error.what}"
        finally:
            for id_, entries in self._entries.items():
                if entries != self._entries_of(self.channels[id_].tier):
                    self._now.pop(id_, None)
            if self.chosen_ns is not None and self.chosen_ns not in self.beats.times_ns:
                self.chosen_ns = None
            if self.missed not in self.now(self._active).missed:
                self.missed = None
            self.changed.emit()
        self.said.emit(text)
