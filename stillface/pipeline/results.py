"""What a session gives once its steps are done: rows, repairs, and all that a page shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from stillface.contracts.registry import CODERS
from stillface.domain.autonomic import AutonomicEpisode, BodySeries, HeartEpoch
from stillface.domain.clock import ClockMap, ns_to_s
from stillface.domain.events import PointEvents
from stillface.domain.measure_params import USUAL, MeasureParams
from stillface.domain.recording import Signal, SignalRecording
from stillface.domain.results import Measurement, Status
from stillface.domain.scheme import MatchRule
from stillface.domain.session import Session
from stillface.domain.states import StateTrack
from stillface.errors import InputError
from stillface.io.artefacts import load_beats, load_signal, load_state_track
from stillface.io.bundle import StudyFolder
from stillface.io.codes_writer import Remarks
from stillface.io.human_beats import CorrectedBeats, corrected_by_people
from stillface.io.human_codes import read_people
from stillface.io.measures_table import MomentRow, RepairRow
from stillface.measures.autonomic import autonomic_rows, baseline_rows
from stillface.measures.body_events import unknown_events
from stillface.measures.body_synchrony import body_synchrony_rows
from stillface.measures.contrasts import contrast_rows
from stillface.measures.event_locked import AroundEvents, EventLocked, event_locked_rows
from stillface.physio.artefacts import ibi_series
from stillface.physio.beats import missing_intervals
from stillface.physio.body_series import ibi_over_time, rsa_over_time, scl_over_time
from stillface.physio.eda import eda_summaries
from stillface.physio.epochs import heart_summaries
from stillface.physio.params import EdaParams, HeartParams
from stillface.pipeline.choose import Key, Settled, settle
from stillface.pipeline.first_coders import FirstCoders
from stillface.pipeline.measuring import measure_session, moment_rows, repair_rows, without_unproposed
from stillface.pipeline.strips import match_strips
from stillface.report.data import IbiTrace, MatchStrip, RsaEpochs
from stillface.report.wording import source_label

__all__ = ["Choice", "SessionResults", "session_results"]

_PROMISED = {"ecg": ("ibi_ms", "rsa_ln_ms2"), "eda": ("scl_us",)}

_FULLER_S = 5.0
"""Two people's edges differ; this much more coded time is a track that is not finished."""


@dataclass(frozen=True)
class Choice:
    """Which tracks are analysed, and under which rules.

    Parameters
    ----------
    sources : tuple of str
        Kinds of source in order of preference.
    coders : tuple of str
        Only these coders' tracks; empty for any.
    rules : tuple of MatchRule
    params : MeasureParams
        Of the families of measures.
    first : FirstCoders
        Whose coding counts where several people coded a stream.
    """

    sources: tuple[str, ...]
    coders: tuple[str, ...]
    rules: tuple[MatchRule, ...]
    params: MeasureParams = USUAL
    first: FirstCoders = field(default_factory=FirstCoders)


@dataclass(frozen=True, eq=False)
class SessionResults:
    """Everything that is known of one session.

    Parameters
    ----------
    session : Session
        With all tracks, machine proposals included, and beats.
    analysed : tuple of StateTrack
        Those that the rows are about.
    rows : tuple of Measurement
        Nothing withheld yet.
    moments : tuple of MomentRow
        Coded moments, each with its recovery.
    bodies : tuple of BodySeries
        Heart and skin over time.
    around : tuple of AroundEvents
        Their change around events.
    why : dict of (role, scheme_id) to str
        Why this coder's codes are analysed, of streams that have several codings.
    unsettled : dict of (role, scheme_id) to str
        Streams that several people coded and that are not analysed, each with its reason.
    """

    session: Session
    analysed: tuple[StateTrack, ...]
    rows: tuple[Measurement, ...]
    repairs: tuple[RepairRow, ...]
    moments: tuple[MomentRow, ...]
    match: tuple[MatchStrip, ...]
    ibi: tuple[IbiTrace, ...]
    rsa: tuple[RsaEpochs, ...]
    clocks: dict[str, ClockMap]
    remarks: Remarks
    log_heads: dict[str, str]
    warnings: tuple[str, ...]
    bodies: tuple[BodySeries, ...] = ()
    around: tuple[AroundEvents, ...] = ()
    why: Mapping[Key, str] = field(default_factory=dict)
    unsettled: Mapping[Key, str] = field(default_factory=dict)

    @property
    def unreviewed_ns(self) -> tuple[int, int]:
        """Analysed coded time that no person has looked at, and all analysed coded time."""
        coded = [(track, _coded_ns(track, self.session)) for track in self.analysed]
        machine = sum(ns for track, ns in coded if track.source_kind == "auto")
        return machine, sum(ns for _, ns in coded)


Coded = TypeVar("Coded", StateTrack, PointEvents)


@dataclass(frozen=True)
class _Codes:
    """Which codes of a session are analysed, and what is to be said of the others."""

    tracks: tuple[StateTrack, ...]
    points: tuple[PointEvents, ...]
    warnings: tuple[str, ...]
    why: Mapping[Key, str]
    unsettled: Mapping[Key, str]


@dataclass
class _Body:
    """What the physiology of a session gives, gathered channel by channel."""

    summaries: list[AutonomicEpisode] = field(default_factory=list)
    series: list[BodySeries] = field(default_factory=list)
    ibi: list[IbiTrace] = field(default_factory=list)
    rsa: list[RsaEpochs] = field(default_factory=list)
    clocks: dict[str, ClockMap] = field(default_factory=dict)


def session_results(folder: StudyFolder, session: Session, choice: Choice) -> SessionResults:
    """Load what the steps left on disk and measure it.

    Raises
    ------
    InputError
        A damaged artefact, or heart beats that several people corrected and none chosen.
    """
    people = read_people(folder.codes_dir(session.session_id), folder.scheme)
    auto_files = sorted(folder.auto_dir(session.session_id).glob("*.h5"))
    auto = tuple(load_state_track(path, folder.scheme) for path in auto_files)
    session = session.with_tracks((*people.tracks, *auto))
    codes = _analysed(session, people.points, choice)
    analysed, points = codes.tracks, codes.points
    session, body = _body(folder, session.with_points(points), choice)
    unproposed = _unproposed(analysed)
    around = tuple(
        _unless_unproposed(found, unproposed)
        for found in EventLocked()(session, analysed, choice.rules, body.series)
    )
    return SessionResults(
        session,
        analysed,
        tuple(_rows(session, analysed, choice, body, around, unproposed)),
        tuple(repair_rows(session, analysed, choice.rules)),
        tuple(moment_rows(session, analysed, choice.rules)),
        tuple(match_strips(session, analysed, choice.rules)),
        tuple(body.ibi),
        tuple(body.rsa),
        body.clocks,
        people.remarks,
        people.heads,
        (*people.warnings, *codes.warnings, *_unknown_events(session, body)),
        tuple(body.series),
        around,
        codes.why,
        codes.unsettled,
    )


def _rows(
    session: Session,
    analysed: tuple[StateTrack, ...],
    choice: Choice,
    body: _Body,
    around: Iterable[AroundEvents],
    unproposed: Mapping[tuple[str, str, str], Sequence[str]],
) -> Iterator[Measurement]:
    """Give every measure of behaviour, of the body, and of the body around behaviour."""
    for row in measure_session(session, analysed, choice.rules, choice.params):
        yield without_unproposed(row, unproposed)
    autonomic = list(autonomic_rows(session, body.summaries))
    yield from autonomic
    yield from contrast_rows(session.protocol, autonomic)
    yield from baseline_rows(session, autonomic)
    for found in around:
        yield from event_locked_rows(found)
    yield from body_synchrony_rows(session, body.series)


def _analysed(session: Session, events: Sequence[PointEvents], choice: Choice) -> _Codes:
    """Choose one coding per role and scheme; streams of which none is analysed are named."""
    usable, left_out = list(session.tracks), []
    if "auto" not in choice.sources and not choice.coders:
        seen = {(t.role, t.scheme.id) for t in usable if t.source_kind in choice.sources}
        alone = sorted({(t.role, t.scheme.id) for t in usable} - seen)
        left_out = [
            f"{role} {scheme}: machine proposals only, not analysed; have a "
            "person review them, or ask for them (run --include-auto)"
            for role, scheme in alone
        ]
        usable = [track for track in usable if (track.role, track.scheme.id) not in alone]
    states, points = _settle(session, usable, choice), _settle(session, events, choice)
    order = session.protocol.role_ids
    open_, why = {**states.open, **points.open}, {**states.why, **points.why}
    # The place stands beside the reason wherever it is said.
    reasons = {key: InputError(e.what, got=e.got, expected=e.expected, fix=e.fix) for key, e in open_.items()}
    tracks = [states.chosen[key] for key in sorted(states.chosen, key=lambda k: (order.index(k[0]), k[1]))]
    if reasons and choice.first.problem:
        left_out.append(f"who codes first is not known: {choice.first.problem}")
    left_out += [
        f"{role} {scheme}: not analysed: {error}" for (role, scheme), error in sorted(reasons.items())
    ]
    return _Codes(
        tuple(tracks),
        tuple(points.chosen[key] for key in sorted(points.chosen)),
        (*left_out, *_outranked(session, tracks, choice)),
        why,
        {key: str(error) for key, error in reasons.items()},
    )


def _settle(session: Session, codings: Sequence[Coded], choice: Choice) -> Settled[Coded]:
    keys = sorted({(coding.role, coding.scheme.id) for coding in codings})
    return settle(
        ((coding, coding.scheme.id, coding.source_kind) for coding in codings),
        where=f"session {session.session_id}",
        coders=choice.coders,
        sources=choice.sources,
        firsts=choice.first.of(session.session_id, keys),
    )


def _outranked(session: Session, analysed: Sequence[StateTrack], choice: Choice) -> list[str]:
    """Name streams of which another track that could be analysed holds more than the one that is."""
    said = []
    for track in analysed:
        rivals = [
            other
            for other in session.tracks
            if (other.role, other.scheme.id) == (track.role, track.scheme.id)
            and other.source_kind in choice.sources
        ]
        fullest = max(rivals, key=lambda other: _coded_ns(other, session), default=track)
        mine_s, most_s = (ns_to_s(_coded_ns(each, session)) for each in (track, fullest))
        if most_s - mine_s > _FULLER_S:
            said.append(
                f"{track.role} {track.scheme.id}: analysed is {source_label(track.source)} with "
                f"{mine_s:.1f} s, while {source_label(fullest.source)} has {most_s:.1f} s; finish it, or "
                "name whom to analyse (run --coder)"
            )
    return said


def _body(folder: StudyFolder, session: Session, choice: Choice) -> tuple[Session, _Body]:
    body = _Body()
    signals = folder.signals_dir(session.session_id)
    for channel in session.channels:
        path = signals / f"{channel.id}.h5"
        if not path.exists():
            body.series += [
                BodySeries.nothing(channel.role, name) for name in _PROMISED.get(channel.signal, ())
            ]
            continue
        signal = load_signal(path)
        body.clocks[channel.id] = signal.clock_map
        if signal.kind == "eda":
            body.summaries += eda_summaries(signal, session.episodes, EdaParams())
            found = scl_over_time(signal, EdaParams())
            body.series.append(replace(found, sync_error_ms=signal.clock_map.residual_ms))
        beats_path = path.with_name(f"{channel.id}.beats.h5")
        if signal.kind == "ecg" and beats_path.exists():
            corrected = corrected_by_people(
                folder.codes_dir(session.session_id),
                channel,
                load_beats(beats_path),
                signal.clock_map,
                choice.coders,
            )
            _heart(session, channel, signal, corrected, body)
            session = session.with_signals((), (corrected.beats,))
    return session, body


def _heart(
    session: Session, channel: SignalRecording, signal: Signal, corrected: CorrectedBeats, body: _Body
) -> None:
    """Add what one heart gives to what the body gives."""
    beats, missing = corrected.beats, missing_intervals(signal).union(corrected.bad)
    params = HeartParams.for_role(
        channel.role, channel.rsa_preset or None, epoch_s=session.protocol.physio_epoch_s
    )
    summaries, epochs = heart_summaries(beats, session.episodes, missing, params)
    body.summaries += _with_corrections(summaries, corrected, session)
    ibi = ibi_series(beats, missing, params)
    changes = {e.id: corrected.n_changes(e.onset_ns, e.offset_ns) for e in session.episodes}
    body.series += [
        replace(over(beats, ibi, params, changes), sync_error_ms=signal.clock_map.residual_ms)
        for over in (ibi_over_time, rsa_over_time)
    ]
    body.ibi.append(IbiTrace(channel.role, ibi.onsets_ns, ibi.offsets_ns, ibi.clean))
    body.rsa.append(_rsa(channel.role, epochs, params))


def _unless_unproposed(
    found: AroundEvents, unproposed: Mapping[tuple[str, str, str], Sequence[str]]
) -> AroundEvents:
    """Say "not coded" instead of "no such event" where the machine coder cannot propose the code."""
    name, _, whose = found.code.partition(":")
    stamp = found.stamp
    never = unproposed.get((whose, stamp.scheme_id, stamp.coder_id), ())
    if found.status is not Status.NA_NOBOUT or name.rpartition("/")[2] not in never:
        return found
    return replace(found, status=Status.MISS_NOTCODED)


def _unknown_events(session: Session, body: _Body) -> list[str]:
    names = unknown_events(session, session.tracks, session.points) if body.series else ()
    return [
        f"{name}: nothing coded has this code; heart and skin are not looked at around it" for name in names
    ]


def _with_corrections(
    summaries: Sequence[AutonomicEpisode], corrected: CorrectedBeats, session: Session
) -> list[AutonomicEpisode]:
    """Say beside each value how many corrections of beats a person made in the episode."""
    marked = []
    for summary in summaries:
        episode = session.episode(summary.episode_id)
        n = 0 if episode is None else corrected.n_changes(episode.onset_ns, episode.offset_ns)
        flags = (f"beats_corrected={n}",) if n else ()
        values = tuple(replace(value, flags=(*value.flags, *flags)) for value in summary.values)
        marked.append(replace(summary, values=values))
    return marked


def _rsa(role: str, epochs: Sequence[HeartEpoch], params: HeartParams) -> RsaEpochs:
    preset = params.rsa
    method = f"Porges-Bohrer, preset {preset.id}: {preset.rate_hz:g} Hz, {preset.mpf_points}-point polynomial"
    return RsaEpochs(role, tuple(epochs), preset.band_hz, method)


def _unproposed(tracks: Sequence[StateTrack]) -> dict[tuple[str, str, str], tuple[str, ...]]:
    """Give the codes that the machine coders of these tracks never propose, by role, scheme and coder."""
    coders = {coder.name: coder for coder in map(CODERS.get, CODERS.names())}
    return {
        (track.role, track.scheme.id, track.coder_id): tuple(
            code.id
            for code in track.scheme.codes
            if not code.gap and code.id not in coders[track.coder_id].proposes
        )
        for track in tracks
        if track.source_kind == "auto" and track.coder_id in coders
    }


def _coded_ns(track: StateTrack, session: Session) -> int:
    return sum(track.clip(e.onset_ns, e.offset_ns).scorable_ns for e in session.episodes)
