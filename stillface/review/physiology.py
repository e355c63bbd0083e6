"""A session's signals for the timeline: opened from the study, and reduced to what a screen can show."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from stillface.domain.clock import NS_PER_S
from stillface.domain.recording import Signal, SignalRecording
from stillface.domain.session import Session
from stillface.io.artefacts import load_beats, load_signal
from stillface.io.bundle import StudyFolder
from stillface.io.human_beats import BEATS_DIR
from stillface.physio.params import HeartParams
from stillface.review.beats import BeatChannel, BeatDesk
from stillface.review.blinding import must_code_blind
from stillface.review.install import spool_path
from stillface.review.stores import open_store
from stillface.review.timeline import View

__all__ = ["Drawn", "Physiology", "Trace", "drawn", "open_physiology", "usual_range"]

Floats = npt.NDArray[np.float64]

# Movement makes single samples many times larger than the signal itself.
_USUAL_PERCENT = (0.2, 99.8)


@dataclass(frozen=True, eq=False)
class Trace:
    """One signal to be drawn."""

    recording: SignalRecording
    signal: Signal

    @property
    def label(self) -> str:
        """Whose, and what."""
        return f"{self.signal.role}  {self.signal.kind.upper()}"

    @cached_property
    def range(self) -> tuple[float, float] | None:
        """Its scale; see :func:`usual_range`."""
        return usual_range(self.signal)


@dataclass(frozen=True, eq=False)
class Physiology:
    """What a session has of signals.

    Parameters
    ----------
    traces : tuple of Trace
        In the order of the session's channels.
    desk : BeatDesk or None
        None where there are no beats to correct.
    why : str
        Why not.
    """

    traces: tuple[Trace, ...] = ()
    desk: BeatDesk | None = None
    why: str = ""


def open_physiology(
    study: StudyFolder, session: Session, coder: str, install: str, *, only_role: str = ""
) -> Physiology:
    """Open what ``stillface run`` made of a session's signals, and the person's log of corrections.

    Parameters
    ----------
    study : StudyFolder
    session : Session
    coder : str
        Who corrects.
    install : str
        This computer.
    only_role : str
        One person's signals only; empty for everybody's.

    Raises
    ------
    InputError, StorageError
        A signal, beats or the log cannot be read.
    """
    if must_code_blind(study, session.session_id, coder):
        # A heart that races tells what the face may not show.
        return Physiology(why="signals are hidden from who codes blind")
    folder = study.signals_dir(session.session_id)
    traces, channels = [], []
    for recording in session.channels:
        path = folder / f"{recording.id}.h5"
        if not path.exists() or (only_role and recording.role != only_role):
            continue
        signal = load_signal(path)
        traces.append(Trace(recording, signal))
        beats = path.with_name(f"{recording.id}.beats.h5")
        if signal.kind == "ecg" and beats.exists():
            params = HeartParams.for_role(
                recording.role, recording.rsa_preset or None, epoch_s=session.protocol.physio_epoch_s
            )
            channels.append(BeatChannel(recording, signal, load_beats(beats), params))
    if not channels:
        hearts = any(recording.signal == "ecg" for recording in session.channels)
        why = "no heart beats yet: run stillface run" if hearts else "no heart was recorded"
        return Physiology(tuple(traces), None, why)
    store = open_store(
        study.codes_dir(session.session_id) / BEATS_DIR,
        coder,
        install,
        study.heads_path(install),
        spool=spool_path(study.study.study_id, session.session_id, BEATS_DIR, coder, install),
    )
    return Physiology(tuple(traces), BeatDesk(channels, session.episodes, store))


@dataclass(frozen=True, eq=False)
class Drawn:
    """What is to be drawn of a signal; all arrays of one length.

    Parameters
    ----------
    xs : array of float64
        Pixels from the view's left edge.
    lows, highs : array of float64
        Extremes of each pixel column; both the same where single samples are shown.
    joined : array of bool
        Whether a line leads here from the entry before: no sample is missing between them.
    """

    xs: Floats
    lows: Floats
    highs: Floats
    joined: npt.NDArray[np.bool_]


def drawn(signal: Signal, view: View) -> Drawn:
    """Give what is to be drawn of a signal in a view: never more entries than twice its pixels."""
    rate_hz = float(signal.clock.rate_hz)
    edges_ns = view.onset_ns + np.arange(view.width_px + 1) * view.ns_per_px
    local_ns = signal.clock_map.to_local(np.rint(edges_ns).astype(np.int64)) - signal.clock.start_ns
    places = np.ceil(local_ns * (rate_hz / NS_PER_S)).astype(np.int64)
    n = signal.clock.n_samples
    if view.ns_per_px * rate_hz / NS_PER_S < 2:
        low, high = (int(np.clip(k, 0, n)) for k in (places[0] - 1, places[-1] + 1))
        address = np.arange(low, high)
        xs = view.xs_of(signal.clock_map.to_session(signal.clock.time_ns(address)))
        shown = signal.valid[low:high]
        joined = np.concatenate(([False], shown[1:] & shown[:-1]))[: xs.size]
        values = signal.values[low:high]
        return Drawn(xs[shown], values[shown], values[shown], joined[shown])
    starts, stops = np.clip(places[:-1], 0, n), np.clip(places[1:], 0, n)
    filled = np.flatnonzero(stops > starts)
    if not filled.size:
        nothing = np.empty(0)
        return Drawn(nothing, nothing, nothing, np.empty(0, np.bool_))
    a, b = int(starts[filled[0]]), int(stops[filled[-1]])
    valid = signal.valid[a:b]
    cuts = starts[filled] - a
    lows = np.minimum.reduceat(np.where(valid, signal.values[a:b], np.inf), cuts)
    highs = np.maximum.reduceat(np.where(valid, signal.values[a:b], -np.inf), cuts)
    seen = np.isfinite(lows)
    joined = np.concatenate(([False], seen[1:] & seen[:-1]))
    return Drawn(filled[seen] + 0.5, lows[seen], highs[seen], joined[seen])


def usual_range(signal: Signal) -> tuple[float, float] | None:
    """Give the values that most samples lie between, so that movement does not set the scale.

    Returns
    -------
    tuple of float or None
        None where no sample is valid.
    """
    values = signal.values[signal.valid]
    if not values.size:
        return None
    low, high = np.percentile(values, _USUAL_PERCENT)
    return (float(low), float(high)) if high > low else (float(low) - 1, float(low) + 1)
