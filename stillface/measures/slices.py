"""What every family measures on: one stream, or one dyad, in one episode, with its row stamp."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product

import numpy as np
import numpy.typing as npt

from stillface.domain.clock import ns_to_s
from stillface.domain.protocol import EpisodeSpec, Protocol
from stillface.domain.results import Measurement, Status
from stillface.domain.scheme import MATCH, MISMATCH, SHARED_NEGATIVE, UNDEFINED, Code, CodingScheme, MatchRule
from stillface.domain.session import Episode, Session
from stillface.domain.states import UNCODED, Aligned, StateTrack, align

__all__ = [
    "DYAD_STATES",
    "DyadSlice",
    "PairSlice",
    "StreamSlice",
    "dyad_slices",
    "pair_slices",
    "role_order",
    "stream_slices",
]

LOW_COVERAGE = 0.8
"""Below it a row carries the flag ``low_coverage`` (SPEC 0)."""

DYAD_STATES = CodingScheme("dyad_state", (Code("mismatch"), Code("match"), Code("shared_negative")))
"""The states of SPEC 3.2 as a scheme, so that a dyad's states are a StateTrack like any other."""


_BY_HAND = frozenset({"human", "consensus"})


@dataclass(frozen=True)
class Stamp:
    """The columns that all rows of one slice share.

    ``sources`` are the kinds of source of its tracks. Where a machine had a part in them, each row carries
    the flag ``source=...``: a coder's initials alone do not tell a reviewed proposal from a coding by hand.
    """

    session: Session
    episode_id: str
    role: str
    scheme_id: str
    coder_id: str
    match_rule: str
    scorable_s: float | None
    coverage: float | None
    params_hash: str
    sources: tuple[str, ...] = ()

    def row(
        self,
        measure: str,
        value: float | None,
        unit: str,
        *,
        code: str = "",
        n: int | None = None,
        status: Status = Status.OK,
        flags: tuple[str, ...] = (),
    ) -> Measurement:
        """Give one row; ``low_coverage`` is added where something was measured on little."""
        measured = status.has_value or status in (Status.NA_NOBOUT, Status.NA_NOTREACHED)
        if measured and self.coverage is not None and self.coverage < LOW_COVERAGE:
            flags = (*flags, "low_coverage")
        if not _BY_HAND.issuperset(self.sources):
            flags = (*flags, "source=" + "+".join(dict.fromkeys(self.sources)))
        return Measurement(
            self.session.dyad_id,
            self.session.session_id,
            self.session.protocol.id,
            self.episode_id,
            self.role,
            self.scheme_id,
            self.coder_id,
            measure,
            code,
            self.match_rule,
            value,
            unit,
            n,
            self.scorable_s,
            self.coverage,
            status,
            flags,
            self.params_hash,
        )


@dataclass(frozen=True)
class StreamSlice:
    """One role's track in one analysed episode.

    Parameters
    ----------
    spec : EpisodeSpec
        The episode as planned.
    episode : Episode, optional
        As it happened; None where it was not run.
    track : StateTrack
        Cut to the episode (whole where it was not run).
    """

    session: Session
    spec: EpisodeSpec
    episode: Episode | None
    track: StateTrack

    @cached_property
    def problem(self) -> Status | None:
        """Why nothing can be measured here, or None."""
        if self.episode is None:
            return Status.MISS_EPISODE
        if bool(np.all(self.track.codes == UNCODED)):
            return Status.MISS_NOTCODED
        return None if self.track.scorable.any() else Status.MISS_UNSCORABLE

    @property
    def codes(self) -> tuple[tuple[int, str], ...]:
        """Index and id of every code that is not a gap."""
        gaps = self.track.scheme.gap_mask
        return tuple((k, code) for k, code in enumerate(self.track.scheme.code_ids) if not gaps[k])

    @property
    def duration_s(self) -> float:
        """Actual duration of the episode."""
        return 0.0 if self.episode is None else ns_to_s(self.episode.duration_ns)

    @cached_property
    def scorable_s(self) -> float:
        """Scorable time."""
        return ns_to_s(self.track.scorable_ns)

    def stamp(self, params_hash: str) -> Stamp:
        """Give the shared columns."""
        return Stamp(
            self.session,
            self.spec.id,
            self.track.role,
            self.track.scheme.id,
            self.track.coder_id,
            "",
            *_coverage(self.episode, self.track.scorable_ns),
            params_hash,
            (self.track.source_kind,),
        )


@dataclass(frozen=True)
class PairSlice:
    """A pair of tracks in one analysed episode, whatever counts as a match.

    Parameters
    ----------
    first, second : StreamSlice
        The focal role first, or alphabetical where none is focal.
    """

    first: StreamSlice
    second: StreamSlice

    @cached_property
    def _joint(self) -> Aligned:
        return align(self.first.track.merged(), self.second.track.merged())

    @property
    def edges_ns(self) -> npt.NDArray[np.int64]:
        """Borders of the common refinement; shape (n + 1,)."""
        return self._joint.edges_ns

    @property
    def codes(self) -> npt.NDArray[np.int16]:
        """Codes of both tracks on it; shape (2, n)."""
        return self._joint.codes

    @cached_property
    def durations_ns(self) -> npt.NDArray[np.int64]:
        """Duration of each of its segments; shape (n,)."""
        return np.diff(self.edges_ns)

    @cached_property
    def defined(self) -> npt.NDArray[np.bool_]:
        """Which segments are scorable for the dyad: neither code is a gap in dyads; shape (n,)."""
        return _dyad_scorable(self.first.track, self.codes[0]) & _dyad_scorable(
            self.second.track, self.codes[1]
        )

    @property
    def scorable_ns(self) -> int:
        """Dyad scorable time."""
        return int(self.durations_ns[self.defined].sum())

    @property
    def coder_id(self) -> str:
        """``AB``, or ``AB+CD`` in role order."""
        coders = (self.first.track.coder_id, self.second.track.coder_id)
        return coders[0] if coders[0] == coders[1] else "+".join(coders)

    @cached_property
    def problem(self) -> Status | None:
        """Why nothing can be measured here, or None."""
        if self.first.episode is None:
            return Status.MISS_EPISODE
        if not self.first.spec.dyadic:
            return Status.NA_STRUCT
        for stream in (self.first, self.second):
            if stream.problem is not None:
                return stream.problem
        return None if self.scorable_ns else Status.MISS_UNSCORABLE

    @property
    def roles(self) -> tuple[str, str]:
        """Both role ids, in order."""
        return self.first.track.role, self.second.track.role

    @property
    def rule_id(self) -> str:
        """The match rule that rows name; empty where none plays a part."""
        return ""

    def stamp(self, params_hash: str) -> Stamp:
        """Give the shared columns."""
        return Stamp(
            self.first.session,
            self.first.spec.id,
            "dyad",
            f"{self.first.track.scheme.id}+{self.second.track.scheme.id}",
            self.coder_id,
            self.rule_id,
            *_coverage(self.first.episode, self.scorable_ns),
            params_hash,
            (self.first.track.source_kind, self.second.track.source_kind),
        )


@dataclass(frozen=True)
class DyadSlice(PairSlice):
    """A pair of tracks under one match rule in one analysed episode.

    Parameters
    ----------
    first, second : StreamSlice
        The focal role first, or alphabetical where none is focal.
    rule : MatchRule
    """

    rule: MatchRule

    @cached_property
    def table(self) -> npt.NDArray[np.int8]:
        """The rule's dyad state of every pair of codes."""
        return self.rule.table(self.first.track.scheme, self.second.track.scheme)

    @cached_property
    def states(self) -> npt.NDArray[np.int16]:
        """MATCH, MISMATCH, SHARED_NEGATIVE or UNDEFINED; shape (n,)."""
        a, b = self.codes
        states = np.where((a == UNCODED) | (b == UNCODED), UNDEFINED, self.table[a, b]).astype(np.int16)
        shortest = {MATCH: self.rule.min_match_ms, MISMATCH: self.rule.min_mismatch_ms}
        return _absorb_short(states, self.edges_ns, shortest) if any(shortest.values()) else states

    @cached_property
    def defined(self) -> npt.NDArray[np.bool_]:
        """Which segments have a state under the rule; shape (n,)."""
        return np.asarray(self.states != UNDEFINED)

    @cached_property
    def track(self) -> StateTrack:
        """The dyad's states as a track; undefined time is a gap."""
        source = f"{self.first.track.source_kind}:{self.coder_id}"
        return StateTrack(DYAD_STATES, "dyad", source, self.edges_ns, self.states)

    @property
    def rule_id(self) -> str:
        """The match rule that rows name."""
        return self.rule.id

    def duration_of(self, state: int) -> float:
        """Give the seconds spent in a dyad state."""
        return ns_to_s(int(self.durations_ns[self.states == state].sum()))


def _absorb_short(
    states: npt.NDArray[np.int16], edges_ns: npt.NDArray[np.int64], shortest_ms: Mapping[int, int]
) -> npt.NDArray[np.int16]:
    """Give short runs of a state to the run before, the first of a stretch to the next (SPEC 2.3)."""
    first = np.flatnonzero(np.concatenate(([True], states[1:] != states[:-1])))
    lengths = np.diff(np.append(edges_ns[first], edges_ns[-1]))
    runs = states[first].copy()
    for k, state in enumerate(runs.tolist()):
        if state == UNDEFINED or lengths[k] >= shortest_ms.get(state, 0) * 1_000_000:
            continue
        if k > 0 and runs[k - 1] != UNDEFINED:
            runs[k] = runs[k - 1]
        elif k + 1 < runs.size and runs[k + 1] != UNDEFINED:
            runs[k] = runs[k + 1]
    return np.repeat(runs, np.diff(np.append(first, states.size)))


def _dyad_scorable(track: StateTrack, codes: npt.NDArray[np.int16]) -> npt.NDArray[np.bool_]:
    return np.asarray((codes != UNCODED) & ~track.scheme.dyad_gap_mask[codes])


STATES = {"match": MATCH, "mismatch": MISMATCH, "shared_negative": SHARED_NEGATIVE}


def stream_slices(session: Session, tracks: tuple[StateTrack, ...]) -> tuple[StreamSlice, ...]:
    """Give every track in every analysed episode, those not run included.

    An optional baseline or transition that was not run gives nothing: its absence is no loss.
    A scheme's own minimum duration is applied here, before any measure (SPEC 2.3).
    """
    return _stream_slices(session, tracks)


# Every family asks for the same slices of the same session, one family after the other.
@lru_cache(maxsize=2)
def _stream_slices(session: Session, tracks: tuple[StateTrack, ...]) -> tuple[StreamSlice, ...]:
    found = []
    for track in tracks:
        ready = track.absorb_short(track.scheme.min_dur_ms * 1_000_000)
        for spec in session.protocol.episodes:
            episode = session.episode(spec.id)
            if not spec.analyse or (episode is None and spec.optional and spec.kind == "baseline"):
                continue
            cut = ready if episode is None else ready.clip(episode.onset_ns, episode.offset_ns).merged()
            found.append(StreamSlice(session, spec, episode, cut))
    return tuple(found)


def pair_slices(session: Session, tracks: tuple[StateTrack, ...]) -> tuple[PairSlice, ...]:
    """Give every declared pair of roles with every pair of their schemes, in every analysed episode.

    A scheme of breaches says how the procedure was kept and nothing of the pair: it makes no pairs.
    """
    return _pair_slices(session, tracks)


@lru_cache(maxsize=2)
def _pair_slices(session: Session, tracks: tuple[StateTrack, ...]) -> tuple[PairSlice, ...]:
    breaches = {spec.fidelity_scheme for spec in session.protocol.episodes}
    by_role: dict[str, dict[str, list[StreamSlice]]] = {}
    for stream in stream_slices(session, tuple(t for t in tracks if t.scheme.id not in breaches)):
        by_role.setdefault(stream.track.role, {}).setdefault(stream.track.scheme.id, []).append(stream)
    return tuple(
        PairSlice(first, second)
        for pair in session.protocol.pairs
        for streams_a, streams_b in product(
            *(by_role.get(role, {}).values() for role in role_order(session.protocol, pair))
        )
        for first, second in zip(streams_a, streams_b, strict=True)
    )


def dyad_slices(
    session: Session, tracks: tuple[StateTrack, ...], rules: tuple[MatchRule, ...]
) -> tuple[DyadSlice, ...]:
    """Give every declared pair of roles under every rule that fits their schemes."""
    return _dyad_slices(session, tracks, rules)


@lru_cache(maxsize=2)
def _dyad_slices(
    session: Session, tracks: tuple[StateTrack, ...], rules: tuple[MatchRule, ...]
) -> tuple[DyadSlice, ...]:
    return tuple(
        DyadSlice(pair.first, pair.second, rule)
        for rule in rules
        for pair in pair_slices(session, tracks)
        if rule.applies_to(pair.first.track.scheme, pair.second.track.scheme)
    )


def role_order(protocol: Protocol, pair: tuple[str, str]) -> tuple[str, str]:
    """Give a pair with the focal role first, or alphabetical where none is focal (SPEC 1.4)."""
    if protocol.focal_role in pair:
        other = next(role for role in pair if role != protocol.focal_role)
        return str(protocol.focal_role), other
    first, second = sorted(pair)
    return first, second


def _coverage(episode: Episode | None, scorable_ns: int) -> tuple[float | None, float | None]:
    if episode is None:
        return None, None
    return ns_to_s(scorable_ns), scorable_ns / episode.duration_ns
