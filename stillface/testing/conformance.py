"""Conformance suites: what a plugin must do beyond having the right methods.

Each ``check_*`` runs a part on small inputs and raises `NotConforming` with the first broken
promise; a plugin's test is one call. The built-in parts pass the same suites.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from stillface.contracts.coder import Coder
from stillface.contracts.exporter import Exporter
from stillface.contracts.measure import Measure
from stillface.contracts.reader import Reader
from stillface.contracts.tracker import Tracker
from stillface.domain.clock import NS_PER_S, ClockMap
from stillface.domain.faces import FaceTrack
from stillface.domain.recording import WHOLE, Signal, SignalRecording
from stillface.domain.results import Measurement
from stillface.domain.scheme import CodingScheme, MatchRule
from stillface.domain.session import Episode, Session
from stillface.domain.states import StateTrack
from stillface.errors import InputError
from stillface.testing.faces import hide, scripted_face_track
from stillface.testing.film import OpenScriptedFilm
from stillface.testing.script import EPISODES

__all__ = [
    "NotConforming",
    "check_coder",
    "check_exporter",
    "check_measure",
    "check_reader",
    "check_tracker",
]


class NotConforming(AssertionError):  # noqa: N818  (what a test reads best)
    """A part breaks a promise of its contract."""


def check_tracker(tracker: Tracker, scratch: Path, *, n_frames: int = 60, workers: int = 2) -> FaceTrack:
    """Check a tracker on the first seconds of the scripted infant film.

    It names itself with a version, gives one track per asked role on the session clock, finds the
    face in at least 95 % of frames and within 12 px, and its result does not depend on the number
    of workers.

    Parameters
    ----------
    tracker : Tracker
    scratch : Path
        An empty folder.
    n_frames : int
        Length of film to track.
    workers : int
        Compared with one worker.

    Returns
    -------
    FaceTrack
        What one worker found.
    """
    _is_a(tracker, Tracker)
    _versioned(tracker.name)
    film = OpenScriptedFilm("infant", 0, n_frames)
    shift = ClockMap(5 * NS_PER_S)
    told: list[tuple[int, int]] = []

    def run(folder: str, count: int) -> FaceTrack:
        own = scratch / folder
        own.mkdir(parents=True)
        tracks = tracker.track(
            film,
            {"infant": WHOLE},
            recording_id="film",
            clock_map=shift,
            workers=count,
            scratch=own,
            progress=lambda done, total: told.append((done, total)),
        )
        _require(set(tracks) == {"infant"}, "one track for each asked role", sorted(tracks))
        return tracks["infant"]

    one = run("one", 1)
    _require(one.role == "infant" and one.recording_id == "film", "role and recording kept", one.role)
    _require(one.source == tracker.name, "the track's source is the tracker's name", one.source)
    _require(one.clock.n_frames == n_frames, "every frame of the film", one.clock.n_frames)
    _require(one.clock.onset_ns(0) == 5 * NS_PER_S, "frames on the session clock", one.clock.onset_ns(0))
    done = [d for d, _ in told]
    _require(bool(told) and done == sorted(done) and told[-1][0] == told[-1][1], "progress up to all", told)
    _require(one.coverage >= 0.95, "95 % of plainly visible frames found", one.coverage)
    truth = scripted_face_track("infant", n_frames=n_frames, jitter_px=0.0).landmarks_px
    off = np.linalg.norm((one.landmarks_px - truth)[one.codable][..., :2], axis=-1)
    _require(float(np.median(off)) < 12.0, "landmarks within 12 px of the drawn face", float(np.median(off)))
    many = run("many", workers)
    for name in FaceTrack.array_names():
        same = np.array_equal(getattr(one, name), getattr(many, name))
        _require(same, f"{name} the same for 1 and {workers} workers", "different values")
    return one


def check_coder(coder: Coder, scheme: CodingScheme) -> StateTrack:
    """Check a coder on the scripted infant's landmarks.

    It names itself with a version and its parameters as JSON, proposes with confidence over the
    whole film, says ``auto:<name>``, is deterministic, and never codes what nobody could see.

    Parameters
    ----------
    coder : Coder
    scheme : CodingScheme
        The scheme named by ``coder.scheme_id``.

    Returns
    -------
    StateTrack
        The proposal, to be compared with `stillface.testing.script.truth_track`.
    """
    _is_a(coder, Coder)
    _versioned(coder.name)
    _require(coder.scheme_id == scheme.id, f"tested with its scheme {coder.scheme_id}", scheme.id)
    json.dumps(dict(coder.params), allow_nan=False)
    face = scripted_face_track("infant")

    def run(seen: FaceTrack) -> StateTrack:
        return coder.code(seen, scheme, EPISODES, partner_toward="camera")

    first = run(face)
    _require(first.source == f"auto:{coder.name}", "source auto:<name>", first.source)
    _require(first.role == face.role, "the role of the face", first.role)
    _require(first.scheme is scheme or first.scheme == scheme, "the given scheme", first.scheme.id)
    span = (int(face.clock.edges_ns[0]), int(face.clock.edges_ns[-1]))
    _require((first.onset_ns, first.offset_ns) == span, f"the whole film {span}", first.edges_ns[[0, -1]])
    _require(first.confidence is not None, "a confidence for every segment", None)
    used = {scheme.code_ids[code] for code in first.codes[first.scorable].tolist()}
    _require(used <= set(coder.proposes), f"only codes it says it proposes {coder.proposes}", used)
    again = run(face)
    same = np.array_equal(first.edges_ns, again.edges_ns) and np.array_equal(first.codes, again.codes)
    _require(same, "the same twice", "two different proposals")
    hidden = slice(600, 900)
    blind = run(hide(face, hidden))
    # Half a second at either end is left to smoothing over single lost frames.
    on, off = (int(face.clock.edges_ns[frame]) for frame in (hidden.start + 15, hidden.stop - 15))
    guessed = blind.clip(on, off).scorable_ns
    _require(guessed == 0, "no code where no face was seen", f"{guessed / NS_PER_S:g} s coded")
    nothing = run(hide(face, slice(0, face.clock.n_frames)))
    _require(nothing.scorable_ns == 0, "no code without any face", f"{nothing.scorable_ns / NS_PER_S:g} s")
    return first


def check_reader(reader: Reader, path: Path, recording: SignalRecording) -> Signal:
    """Check a reader on a file that holds the declared channel.

    It gives what was declared, the same twice, refuses a column that is not there with an
    `InputError` that names the file, and leaves the file as it was.

    Parameters
    ----------
    reader : Reader
    path : Path
        A good file.
    recording : SignalRecording
        One of its channels.

    Returns
    -------
    Signal
    """
    _is_a(reader, Reader)
    for suffix in reader.suffixes:
        _require(suffix.startswith(".") and suffix == suffix.lower(), "suffixes like '.csv'", suffix)
    _require(path.suffix.lower() in reader.suffixes, f"a file ending of {reader.suffixes}", path.suffix)
    before = path.read_bytes()
    signal = reader.read(path, recording)
    declared = (recording.signal, recording.role)
    _require(
        (signal.kind, signal.role) == declared, f"signal and role {declared}", (signal.kind, signal.role)
    )
    _require(signal.clock.n_samples > 0, "samples", 0)
    again = reader.read(path, recording)
    same = np.array_equal(signal.values[signal.valid], again.values[again.valid])
    _require(same and signal.clock == again.clock, "the same twice", "two different signals")
    try:
        reader.read(path, replace(recording, column="no such column"))
    except InputError as error:
        _require(path.name in str(error), "an error that names the file", str(error))
    else:
        raise NotConforming("expected an InputError for a column that is not there, got a signal")
    _require(path.read_bytes() == before, "the file untouched", "changed bytes")
    return signal


def check_measure(
    measure: Measure, session: Session, tracks: tuple[StateTrack, ...], rules: tuple[MatchRule, ...]
) -> list[Measurement]:
    """Check a measure on a session.

    Its rows are the session's own and each stands once; they do not change when all times are
    shifted by a constant or when bouts are split into touching pieces; and tracks that hold only
    uncoded time give no value as if something had been seen.

    Parameters
    ----------
    measure : Measure
    session : Session
    tracks : tuple of StateTrack
    rules : tuple of MatchRule

    Returns
    -------
    list of Measurement
    """
    _is_a(measure, Measure)
    rows = list(measure(session, tracks, rules))
    _require(bool(rows), "at least one row", "none")
    for row in rows:
        _require(isinstance(row, Measurement), "rows of type Measurement", type(row).__name__)
        own = (row.session_id, row.dyad_id) == (session.session_id, session.dyad_id)
        _require(own, "rows of the session", (row.session_id, row.dyad_id))
    keys = [_key(row) for row in rows]
    double = next((key for key in keys if keys.count(key) > 1), None) if len(set(keys)) < len(keys) else None
    _require(double is None, "each row once", double)
    by_ns = 7 * NS_PER_S + 13
    later = replace(
        session,
        episodes=tuple(
            Episode(e.id, e.onset_ns + by_ns, e.offset_ns + by_ns, e.ended_by) for e in session.episodes
        ),
    )
    _same_rows(rows, measure(later, tuple(t.shift(by_ns) for t in tracks), rules), "shifting all times")
    _same_rows(rows, measure(session, tuple(map(_split, tracks)), rules), "splitting bouts")
    blank = tuple(
        StateTrack(t.scheme, t.role, t.source, t.edges_ns[[0, -1]], np.array([-1], np.int16)) for t in tracks
    )
    for row in measure(session, blank, rules):
        _require(not row.status.has_value, "no value from uncoded time", f"{row.measure} = {row.value}")
    return rows


def check_exporter(exporter: Exporter, rows: Iterable[Measurement], scratch: Path) -> tuple[Path, ...]:
    """Check an exporter: names the files it made, all below the folder, the same bytes twice.

    Parameters
    ----------
    exporter : Exporter
    rows : iterable of Measurement
    scratch : Path
        An empty folder.

    Returns
    -------
    tuple of Path
        The files of the first run.
    """
    _is_a(exporter, Exporter)
    kept = list(rows)
    made = []
    for name in ("first", "second"):
        out = scratch / name
        out.mkdir(parents=True)
        # Rows come as an iterator: an exporter may read them once only.
        files = exporter.export(iter(kept), out)
        on_disk = sorted(path for path in out.rglob("*") if path.is_file())
        _require(sorted(files) == on_disk, f"exactly the named files {sorted(files)}", on_disk)
        _require(bool(files), "at least one file", "none")
        made.append({path.relative_to(out): path.read_bytes() for path in files})
    _require(made[0] == made[1], "the same bytes twice", "different files")
    return tuple(scratch / "first" / name for name in sorted(made[0]))


def _require(holds: bool, expected: str, got: object) -> None:
    if not holds:
        raise NotConforming(f"expected {expected}, got {got!r}")


def _is_a(part: object, contract: type) -> None:
    _require(isinstance(part, contract), f"a {contract.__name__}", type(part).__name__)


def _versioned(name: str) -> None:
    before, _, version = name.partition("@")
    _require(bool(before) and bool(version), "a name like 'mesh@1.0'", name)


def _key(row: Measurement) -> tuple[str, ...]:
    return (
        row.episode_id, row.role, row.scheme_id, row.coder_id, row.measure, row.code, row.match_rule,
    )  # fmt: skip


def _split(track: StateTrack) -> StateTrack:
    """Cut every segment of two or more nanoseconds in half, keeping its code."""
    middle = (track.edges_ns[:-1] + track.edges_ns[1:]) // 2
    edges = np.unique(np.concatenate([track.edges_ns, middle]))
    whole = np.searchsorted(track.edges_ns, edges[:-1], side="right") - 1
    confidence = None if track.confidence is None else track.confidence[whole]
    return replace(track, edges_ns=edges, codes=track.codes[whole], confidence=confidence)


def _same_rows(rows: list[Measurement], others: Iterable[Measurement], change: str) -> None:
    before: Mapping[tuple[str, ...], Measurement] = {_key(row): row for row in rows}
    after = {_key(row): row for row in others}
    _require(before.keys() == after.keys(), f"the same rows after {change}", set(before) ^ set(after))
    for key, row in before.items():
        other = after[key]
        same = row.status == other.status and row.n == other.n
        if same and row.value is not None and other.value is not None:
            same = bool(np.isclose(row.value, other.value, rtol=1e-9, atol=1e-9))
        _require(same, f"{'/'.join(key)} unchanged after {change}: {row.value} {row.status}", other)
