"""What people corrected among a machine's heart beats, and the beats that stand after it.

A person adds beats, says that a machine's beat is none, moves or confirms one, or marks a stretch as bad.
Each is an entry of an append-only log beside the codes (``codes/beats``); the machine's own beats stay on
the disk as they were. Entries hold the device's own time too, so that a later repair of the clocks moves
them together with the signal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from stillface.domain.clock import ClockMap
from stillface.domain.events import BEAT_FLAGS, BeatSeries
from stillface.domain.intervals import Intervals
from stillface.domain.recording import SignalRecording
from stillface.errors import InputError
from stillface.io.code_log_chain import read_log
from stillface.io.code_log_name import parse_log_name
from stillface.io.code_log_record import LoggedBout, Record
from stillface.io.code_log_replay import merge

__all__ = [
    "BAD_SPAN",
    "BEAT",
    "BEATS_DIR",
    "NOT_A_BEAT",
    "SAME_BEAT_NS",
    "CorrectedBeats",
    "PersonsEdits",
    "beats_tier",
    "correct_beats",
    "corrected_by_people",
    "logged_point",
    "logged_span",
    "read_beat_edits",
]

BEATS_DIR = "beats"
"""Folder inside ``codes`` that holds the logs of corrected beats."""

BEAT, NOT_A_BEAT, BAD_SPAN = "beat", "not_a_beat", "bad_span"
SAME_BEAT_NS = 50_000_000
"""Two peaks closer than this are one beat: no heart beats twenty times a second."""

_DEVICE, _DEVICE_END, _MOVED = "device_ns", "device_end_ns", "moved_from_device_ns"
_OK, _DOUBTFUL = BEAT_FLAGS.index("ok"), BEAT_FLAGS.index("doubtful")
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class CorrectedBeats:
    """A machine's beats with a person's corrections.

    Parameters
    ----------
    beats : BeatSeries
        What stands. Its source is the machine's where nothing was corrected, else
        ``auto_reviewed:<coder>``: the beats that nobody touched are still a machine's.
    bad : Intervals
        Session time that the person ruled out; its beats are flagged doubtful.
    entries : tuple of str or None
        Log entry behind each beat, None for a machine's own; one per beat.
    changed_ns : array of int64, shape (n_changes,)
        Session time of every correction, sorted; a bad stretch counts at its onset.
    n_added, n_removed, n_moved, n_confirmed : int
    """

    beats: BeatSeries
    bad: Intervals
    entries: tuple[str | None, ...]
    changed_ns: Int64
    n_added: int = 0
    n_removed: int = 0
    n_moved: int = 0
    n_confirmed: int = 0

    def n_changes(self, onset_ns: int, offset_ns: int) -> int:
        """Give the number of corrections in a stretch, bad stretches that reach into it included."""
        inside = (self.changed_ns >= onset_ns) & (self.changed_ns < offset_ns)
        reaching = (self.bad.onsets_ns < onset_ns) & (self.bad.offsets_ns > onset_ns)
        return int(inside.sum() + reaching.sum())


@dataclass(frozen=True)
class PersonsEdits:
    """One person's log entries about one channel, by id."""

    coder: str
    entries: Mapping[str, LoggedBout]


def beats_tier(channel: SignalRecording) -> str:
    """Give the tier of a channel's corrections."""
    return f"{channel.role}/beats:{channel.id}"


def logged_point(
    tier: str, code: str, time_ns: int, clock_map: ClockMap, *, moved_from_ns: int | None = None
) -> LoggedBout:
    """Give the log entry of one beat, or of what is none, at a session time."""
    attributes = {_DEVICE: str(int(clock_map.to_local(time_ns)))}
    if moved_from_ns is not None:
        attributes[_MOVED] = str(int(clock_map.to_local(moved_from_ns)))
    return LoggedBout(tier, time_ns, None, code, attributes=attributes)


def logged_span(tier: str, onset_ns: int, offset_ns: int, clock_map: ClockMap) -> LoggedBout:
    """Give the log entry of a bad stretch of session time."""
    ends = {
        _DEVICE: str(int(clock_map.to_local(onset_ns))),
        _DEVICE_END: str(int(clock_map.to_local(offset_ns))),
    }
    return LoggedBout(tier, onset_ns, offset_ns, BAD_SPAN, attributes=ends)


def correct_beats(
    machine: BeatSeries, entries: Mapping[str, LoggedBout], clock_map: ClockMap, coder: str
) -> CorrectedBeats:
    """Lay a person's corrections over a machine's beats.

    A person's beat replaces the machine's within 50 ms of it and is ``ok``; a machine's beat nearest to a
    ``not_a_beat`` within 50 ms is left out. What nobody touched keeps its time and flag.

    Parameters
    ----------
    machine : BeatSeries
    entries : mapping of str to LoggedBout
        Of this channel, by id.
    clock_map : ClockMap
        The channel's, as it is now.
    coder : str

    Raises
    ------
    InputError
        An entry that this version does not understand.
    """
    placed = {
        id_: _session_ns(bout, _DEVICE, clock_map) for id_, bout in entries.items() if bout.code == BEAT
    }
    refused = [_session_ns(bout, _DEVICE, clock_map) for bout in entries.values() if bout.code == NOT_A_BEAT]
    bad, bad_onsets = _bad_spans(entries.values(), clock_map)
    for id_, bout in entries.items():
        if bout.code not in (BEAT, NOT_A_BEAT, BAD_SPAN):
            raise InputError("not a correction of beats", where=f"{bout.tier} entry {id_}", got=bout.code)
    n_removed, n_confirmed = 0, 0
    kept = np.ones(machine.times_ns.size, np.bool_)
    for time_ns in refused:
        place = _nearest(machine.times_ns, time_ns)
        if place is not None:
            kept[place], n_removed = False, n_removed + int(kept[place])
    for time_ns in placed.values():
        near = kept & (np.abs(machine.times_ns - time_ns) < SAME_BEAT_NS)
        n_confirmed += bool(near.any())
        kept &= ~near
    beats, ids = _joined(machine, kept, placed, bad, coder if entries else None)
    n_moved = sum(_MOVED in bout.attributes for bout in entries.values())
    changed = np.sort(np.array([*placed.values(), *refused, *bad_onsets], dtype=np.int64))
    return CorrectedBeats(
        beats,
        bad,
        ids,
        changed,
        max(len(placed) - n_confirmed - n_moved, 0),
        max(n_removed - n_moved, 0),
        n_moved,
        n_confirmed,
    )


def _joined(
    machine: BeatSeries,
    kept: npt.NDArray[np.bool_],
    placed: Mapping[str, int],
    bad: Intervals,
    coder: str | None,
) -> tuple[BeatSeries, tuple[str | None, ...]]:
    """Put the machine's kept beats and the person's into one series, in time order."""
    # Two computers of one person may have placed the same beat: one instant holds one beat.
    own = {time_ns: id_ for id_, time_ns in placed.items()}
    times = np.concatenate((machine.times_ns[kept], np.array(list(own), dtype=np.int64)))
    flags = np.concatenate((machine.flags[kept], np.full(len(own), _OK, np.uint8)))
    ids: list[str | None] = [*([None] * int(kept.sum())), *own.values()]
    order = np.argsort(times, kind="stable")
    times, flags = times[order], flags[order]
    flags[bad.contains(times) & (flags == _OK)] = _DOUBTFUL
    source = machine.source if coder is None else f"auto_reviewed:{coder}"
    low, high = machine.observed_ns
    return BeatSeries(machine.role, times, flags, (low, high), source), tuple(ids[k] for k in order.tolist())


def _bad_spans(bouts: Iterable[LoggedBout], clock_map: ClockMap) -> tuple[Intervals, list[int]]:
    bad, onsets = Intervals.empty(), []
    for bout in bouts:
        if bout.code == BAD_SPAN:
            span = [_session_ns(bout, name, clock_map) for name in (_DEVICE, _DEVICE_END)]
            bad = bad.union(Intervals(np.array(span[:1]), np.array(span[1:])))
            onsets.append(span[0])
    return bad, onsets


def _session_ns(bout: LoggedBout, name: str, clock_map: ClockMap) -> int:
    try:
        device_ns = int(bout.attributes[name])
    except (KeyError, ValueError) as error:
        raise InputError(
            "a correction of beats without its device time",
            where=f"{bout.tier} at {bout.onset_ns} ns",
            got=bout.attributes.get(name),
            expected=f"{name} in nanoseconds",
        ) from error
    # Carrying there and back may cost a nanosecond: an unchanged clock gives the very time that was logged.
    logged = bout.onset_ns if name == _DEVICE else bout.offset_ns
    if logged is not None and int(clock_map.to_local(logged)) == device_ns:
        return logged
    return int(clock_map.to_session(device_ns))


def _nearest(times_ns: Int64, time_ns: int) -> int | None:
    if not times_ns.size:
        return None
    place = int(np.argmin(np.abs(times_ns - time_ns)))
    return place if abs(int(times_ns[place]) - time_ns) < SAME_BEAT_NS else None


def read_beat_edits(codes_dir: Path, tier: str) -> tuple[PersonsEdits, ...]:
    """Read what each person corrected in one channel; people without an entry are left out.

    A damaged log's good records count; :func:`stillface.io.human_codes.read_people` names the damage.

    Parameters
    ----------
    codes_dir : Path
        ``sessions/<id>/codes``.
    tier : str
        See :func:`beats_tier`.
    """
    logs: dict[str, list[Sequence[Record]]] = {}
    for path in sorted((codes_dir / BEATS_DIR).glob("*.jsonl")):
        name = parse_log_name(path)
        records = read_log(path)[0] if name is not None else ()
        if name is not None and records:
            logs.setdefault(name[0], []).append(records)
    found = []
    for coder, parts in logs.items():
        mine = {id_: bout for id_, bout in merge(parts).bouts.items() if bout.tier == tier}
        if mine:
            found.append(PersonsEdits(coder, mine))
    return tuple(found)


def corrected_by_people(
    codes_dir: Path,
    channel: SignalRecording,
    machine: BeatSeries,
    clock_map: ClockMap,
    coders: Sequence[str] = (),
) -> CorrectedBeats:
    """Give a channel's beats as they stand: corrected where a person did, else the machine's own.

    Parameters
    ----------
    codes_dir : Path
    channel : SignalRecording
    machine : BeatSeries
    clock_map : ClockMap
        The channel's, as it is now.
    coders : sequence of str
        Whose corrections count where several people made some.

    Raises
    ------
    InputError
        Several people corrected the same channel and none was chosen.
    """
    tier = beats_tier(channel)
    people = read_beat_edits(codes_dir, tier)
    if len(people) > 1:
        # One person's corrections count whoever coded the behaviour; of several, one must be named.
        people = tuple(person for person in people if person.coder in coders) or people
    if len(people) > 1:
        raise InputError(
            "several people corrected the same heart beats",
            where=tier,
            got=", ".join(person.coder for person in people),
            expected="one",
            fix="choose one with --coder",
        )
    if not people:
        return correct_beats(machine, {}, clock_map, "")
    return correct_beats(machine, people[0].entries, clock_map, people[0].coder)
