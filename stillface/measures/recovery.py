"""How fast a person, or the dyad, is back after the still face (SPEC 3.4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt

from stillface.domain.clock import ns_to_s, s_to_ns
from stillface.domain.protocol import RECOVERY_TARGETS, Recovery
from stillface.domain.provenance import params_hash
from stillface.domain.results import Measurement, Status
from stillface.domain.scheme import MATCH, CodingScheme, MatchRule
from stillface.domain.session import Episode, Session
from stillface.domain.states import StateTrack
from stillface.measures.latency import observed_until
from stillface.measures.slices import Stamp, StreamSlice, dyad_slices, stream_slices

__all__ = ["RecoveryLatency", "criterion_hash", "first_sustained", "recovery_onset", "target_codes"]

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class RecoveryLatency:
    """Latency from the reunion's onset to the first run of the target that lasts ``sustain_s``.

    Targets: ``nonneg`` and ``pos`` for schemes with valences, ``gaze_on`` for schemes with a code
    ``partner``, ``match`` for the dyad under each rule. Who was not at risk has NA_NOTATRISK, never 0. A run
    that the episode's end cuts short is censored there. Flags print ``sustain_s`` and, where reached,
    ``confirmed_s``. The criterion stands in the protocol; what is given here goes before it.

    Parameters
    ----------
    sustain_s : float, optional
        How long the target must hold.
    gap_policy : {'interrupt', 'censor'}, optional
        A gap breaks the run and observation goes on, or observation stops at the first gap (CENS_GAP).
    at_risk : {'not_in_target', 'neg_at_end_before'}, optional
        See `stillface.domain.protocol.Recovery`.
    """

    sustain_s: float | None = None
    gap_policy: str | None = None
    at_risk: str | None = None

    name = "recovery"

    def __call__(
        self, session: Session, tracks: tuple[StateTrack, ...], rules: tuple[MatchRule, ...]
    ) -> Iterator[Measurement]:
        """Measure the focal role (every role where none is focal) and the dyad in each reunion."""
        given = {key: value for key, value in asdict(self).items() if value is not None}
        focal = session.protocol.focal_role
        for declared in session.protocol.recovery:
            criterion = replace(declared, **given)
            digest = criterion_hash(criterion)
            for stream in stream_slices(session, tracks):
                if stream.spec.id == criterion.episode and focal in (None, stream.track.role):
                    for target in RECOVERY_TARGETS:
                        wanted = target_codes(stream.track.scheme, target)
                        if wanted is None or target not in criterion.targets:
                            continue
                        mask = np.isin(stream.track.codes, wanted)
                        where = _Where(
                            stream.stamp(digest), stream, stream.track, stream.problem, (stream.track,)
                        )
                        yield _row(criterion, where, target, mask, stream_slices(session, tracks))
            for dyad in dyad_slices(session, tracks, rules):
                if dyad.first.spec.id == criterion.episode and "match" in criterion.targets:
                    track = dyad.track if dyad.first.episode is not None else dyad.first.track
                    both = (dyad.first.track, dyad.second.track)
                    where = _Where(dyad.stamp(digest), dyad.first, track, dyad.problem, both)
                    mask = track.codes == MATCH
                    yield _row(criterion, where, "match", mask, stream_slices(session, tracks))


@dataclass(frozen=True)
class _Where:
    """What is looked at: whose row, whose distress counts, and the states that are watched."""

    stamp: Stamp
    stream: StreamSlice
    track: StateTrack
    problem: Status | None
    observed: tuple[StateTrack, ...]


@cache
def criterion_hash(criterion: Recovery) -> str:
    """Give the ``params_hash`` of rows that were made with this criterion."""
    return params_hash(asdict(criterion) | {"targets": list(criterion.targets)})


def _row(
    criterion: Recovery, where: _Where, target: str, mask: Mask, streams: tuple[StreamSlice, ...]
) -> Measurement:
    name, stamp, episode = "recovery_latency_s", where.stamp, where.stream.episode
    flags: tuple[str, ...] = (f"sustain_s={criterion.sustain_s!r}",)
    if where.problem is None and not where.track.scorable[0]:
        # Whether the target was on at the onset was not seen: the row says so.
        flags = (*flags, "gap_at_onset")
    problem = where.problem or _not_at_risk(criterion, where, mask, streams)
    if problem is not None or episode is None:
        lack = problem or Status.MISS_EPISODE
        return stamp.row(name, None, "s", code=target, status=lack, flags=flags)
    onset_ns, status = recovery_onset(criterion, episode, where.track, mask, where.observed)
    value_s = ns_to_s(onset_ns - episode.onset_ns)
    if status is Status.OK:
        flags = (
            *flags,
            f"confirmed_s={ns_to_s(onset_ns - episode.onset_ns + s_to_ns(criterion.sustain_s))!r}",
        )
    n = int(status is Status.OK)
    return stamp.row(name, value_s, "s", code=target, n=n, status=status, flags=flags)


def _not_at_risk(
    criterion: Recovery, where: _Where, mask: Mask, streams: tuple[StreamSlice, ...]
) -> Status | None:
    if criterion.at_risk == "not_in_target":
        return Status.NA_NOTATRISK if mask[0] else None
    still = where.stream.session.protocol.perturbation_before(criterion.episode)
    before = next((s for s in streams if s.spec.id == still and _same_stream(s, where.stream)), None)
    if before is None or before.episode is None:
        return Status.MISS_EPISODE
    if not before.track.scheme.has_valence:
        return Status.NA_STRUCT
    end_ns = before.episode.offset_ns
    last = before.track.clip(
        max(before.episode.onset_ns, end_ns - s_to_ns(criterion.at_risk_window_s)), end_ns
    )
    negative = [k for k, code in enumerate(last.scheme.codes) if code.valence == -1]
    if bool(np.isin(last.codes, negative).any()):
        return None
    # Calm as far as was seen is not calm where nothing was seen.
    return Status.NA_NOTATRISK if bool(last.scorable.all()) else Status.MISS_UNSCORABLE


def _same_stream(one: StreamSlice, other: StreamSlice) -> bool:
    return one.track.role == other.track.role and one.track.scheme.id == other.track.scheme.id


def recovery_onset(
    criterion: Recovery, episode: Episode, track: StateTrack, mask: Mask, coded: tuple[StateTrack, ...]
) -> tuple[int, Status]:
    """Give when recovery began, or until when none was observed and why observation ended.

    ``coded`` are the tracks that people or machines made: where one of them stops, observation ends. A
    dyad's own track cannot tell that from time that could not be scored.
    """
    gaps = np.flatnonzero(~track.scorable)
    end_ns, end_status = min(
        (observed_until(episode, one) for one in coded), key=lambda observed: observed[0]
    )
    if criterion.gap_policy == "censor" and gaps.size:
        end_ns, end_status = int(track.edges_ns[gaps[0]]), Status.CENS_GAP
    onset_ns = first_sustained(track.edges_ns, mask, s_to_ns(criterion.sustain_s), end_ns)
    return (onset_ns, Status.OK) if onset_ns is not None else (end_ns, end_status)


def first_sustained(
    edges_ns: npt.NDArray[np.int64], mask: Mask, sustain_ns: int, until_ns: int
) -> int | None:
    """Give the onset of the first run of ``mask`` that lasts ``sustain_ns`` before ``until_ns``, or None."""
    step = np.diff(np.concatenate(([False], mask, [False])).astype(np.int8))
    onsets = edges_ns[:-1][step[:-1] == 1]
    offsets = np.minimum(edges_ns[1:][step[1:] == -1], until_ns)
    long_enough = np.flatnonzero(offsets - onsets >= sustain_ns)
    return int(onsets[long_enough[0]]) if long_enough.size else None


def target_codes(scheme: CodingScheme, target: str) -> list[int] | None:
    """Give the codes of a scheme that are the target, or None where the scheme cannot tell."""
    valences = [code.valence for code in scheme.codes]
    if target == "nonneg" and scheme.has_valence:
        return [k for k, valence in enumerate(valences) if valence is not None and valence >= 0]
    if target == "pos" and scheme.has_valence:
        return [k for k, valence in enumerate(valences) if valence == 1]
    if target == "gaze_on" and "partner" in scheme.code_ids:
        return [scheme.index("partner")]
    return None
