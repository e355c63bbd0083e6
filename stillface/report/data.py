"""What a report is made of. The report computes no measure: whoever composes it brings them all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from stillface.domain import refuse
from stillface.domain.autonomic import HeartEpoch
from stillface.domain.clock import ClockMap
from stillface.domain.protocol import Protocol
from stillface.domain.provenance import Json, Provenance
from stillface.domain.results import Measurement
from stillface.domain.scheme import MATCH, MISMATCH, SHARED_NEGATIVE, UNDEFINED
from stillface.domain.session import Session
from stillface.errors import FieldError
from stillface.report.event_plots import EventPanel
from stillface.report.study_plots import StudyPictures
from stillface.report.study_tables import StudyTable

__all__ = ["IbiTrace", "MatchStrip", "RsaEpochs", "SessionReport", "StudyReport", "StudySession"]

Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

STUDY_SESSION_STATES = ("in", "excluded", "failed")


@dataclass(frozen=True, eq=False)
class MatchStrip:
    """The dyad's state over time under one match rule.

    Parameters
    ----------
    rule : str
        ``id@version``; printed in the picture.
    roles : (str, str)
        Focal role first.
    sources : (str, str)
        Source of each partner's track, in role order.
    edges_ns : array of int64, shape (n + 1,)
    states : array of int8, shape (n,)
        MATCH, MISMATCH, SHARED_NEGATIVE or UNDEFINED of :mod:`stillface.domain.scheme`.
    repairs_ns, mismatch_onsets_ns : array of int64
        Observed mismatch-to-match and match-to-mismatch edges, as the measures counted them.
    """

    rule: str
    roles: tuple[str, str]
    sources: tuple[str, str]
    edges_ns: Int64
    states: npt.NDArray[np.int8]
    repairs_ns: Int64
    mismatch_onsets_ns: Int64

    def __post_init__(self) -> None:
        owner = f"MatchStrip[{self.rule}]"
        edges = refuse.ns_array(owner, "edges_ns", self.edges_ns, increasing=True, at_least=2)
        states = np.array(self.states, dtype=np.int8)
        _same_length(owner, "states", states.size, edges.size - 1)
        known = np.isin(states, (MATCH, MISMATCH, SHARED_NEGATIVE, UNDEFINED))
        if not bool(known.all()):
            raise FieldError("no such dyad state", where=f"{owner}.states", got=int(states[~known][0]))
        object.__setattr__(self, "edges_ns", edges)
        object.__setattr__(self, "states", refuse.frozen(states))
        for name in ("repairs_ns", "mismatch_onsets_ns"):
            object.__setattr__(self, name, refuse.ns_array(owner, name, getattr(self, name)))

    @classmethod
    def from_episodes(
        cls,
        rule: str,
        roles: tuple[str, str],
        sources: tuple[str, str],
        pieces: Iterable[tuple[Int64, npt.NDArray[np.integer[Any]]]],
        repairs_ns: npt.ArrayLike = (),
        mismatch_onsets_ns: npt.ArrayLike = (),
    ) -> MatchStrip:
        """Join the states of several episodes; between them nothing is defined.

        Parameters
        ----------
        pieces : iterable of (edges_ns, states)
            One pair of arrays, shapes (n + 1,) and (n,), per episode, in time order.
        """
        edges: list[int] = []
        states: list[int] = []
        for piece_edges, piece_states in pieces:
            first = int(piece_edges[0])
            if edges and edges[-1] != first:
                states.append(UNDEFINED)
            elif edges:
                edges.pop()
            edges += np.asarray(piece_edges).tolist()
            states += np.asarray(piece_states).tolist()
        return cls(
            rule,
            roles,
            sources,
            np.array(edges, np.int64),
            np.array(states, np.int8),
            np.array(repairs_ns, np.int64),
            np.array(mismatch_onsets_ns, np.int64),
        )


@dataclass(frozen=True, eq=False)
class IbiTrace:
    """Inter-beat intervals of one person.

    Parameters
    ----------
    role : str
    onsets_ns, offsets_ns : array of int64, shape (n,)
        The two beats of each interval, both strictly increasing. Intervals that do not touch leave a gap.
    clean : array of bool, shape (n,)
        False where a beat is flagged or was lost: marked in the picture, and the line breaks there.
    """

    role: str
    onsets_ns: Int64
    offsets_ns: Int64
    clean: Bools

    def __post_init__(self) -> None:
        owner = f"IbiTrace[{self.role}]"
        refuse.identifier("IbiTrace", "role", self.role)
        onsets = refuse.ns_array(owner, "onsets_ns", self.onsets_ns, increasing=True)
        offsets = refuse.ns_array(owner, "offsets_ns", self.offsets_ns, increasing=True)
        clean = np.array(self.clean, dtype=np.bool_)
        _same_length(owner, "offsets_ns", offsets.size, onsets.size)
        _same_length(owner, "clean", clean.size, onsets.size)
        if bool(np.any(offsets <= onsets)):
            raise FieldError("ends before it begins", where=f"{owner}.offsets_ns", expected="after onset")
        object.__setattr__(self, "onsets_ns", onsets)
        object.__setattr__(self, "offsets_ns", offsets)
        object.__setattr__(self, "clean", refuse.frozen(clean))

    @property
    def ibi_ms(self) -> Float64:
        """Length of each interval; shape (n,)."""
        return np.asarray((self.offsets_ns - self.onsets_ns) / 1e6)


@dataclass(frozen=True)
class RsaEpochs:
    """RSA of one person, epoch by epoch.

    Parameters
    ----------
    role : str
    epochs : tuple of HeartEpoch
        Those without RSA are shown as missing and counted.
    band_hz : (float, float)
    method : str
        Printed with the band.
    """

    role: str
    epochs: tuple[HeartEpoch, ...]
    band_hz: tuple[float, float]
    method: str

    def __post_init__(self) -> None:
        refuse.identifier("RsaEpochs", "role", self.role)


@dataclass(frozen=True)
class TrackedFace:
    """How much of each episode shows a person's face well enough to be coded.

    Parameters
    ----------
    role, recording_id : str
    shares : mapping of episode id to float
        Share (0 to 1) of the episode's time; frames that the film does not have count as not seen.
    """

    role: str
    recording_id: str
    shares: Mapping[str, float]

    def __post_init__(self) -> None:
        for episode, share in self.shares.items():
            _share(f"TrackedFace[{self.role}]", f"shares[{episode}]", share)


@dataclass(frozen=True, eq=False)
class SessionReport:
    """Everything the page of one session shows.

    Parameters
    ----------
    session : Session
        With its tracks; recordings name no file on the page, only their id.
    rows : tuple of Measurement
        All of this session.
    unreviewed_share : float, optional
        Share (0 to 1) of the analysed coded time that no person has looked at; None where nothing
        was analysed. Printed on the page and in the figure.
    match : tuple of MatchStrip
    ibi : tuple of IbiTrace
    rsa : tuple of RsaEpochs
    faces : tuple of TrackedFace
        What tracking saw in each film.
    events : tuple of EventPanel
        Heart and skin around events.
    clocks : mapping of recording id to ClockMap
        The map that was used, where it is not the one declared in the recording.
    age_days : mapping of role to int
    min_coverage : float
        Values below it are withheld (SPEC 0).
    versions, parameters, provenance, log_heads
        How the numbers were made. Names of input files are not printed, their hashes are.
    warnings : tuple of str
        Paths and file names in them are replaced before printing.
    """

    session: Session
    rows: tuple[Measurement, ...]
    unreviewed_share: float | None
    match: tuple[MatchStrip, ...] = ()
    ibi: tuple[IbiTrace, ...] = ()
    rsa: tuple[RsaEpochs, ...] = ()
    faces: tuple[TrackedFace, ...] = ()
    events: tuple[EventPanel, ...] = ()
    clocks: Mapping[str, ClockMap] = field(default_factory=dict)
    age_days: Mapping[str, int] = field(default_factory=dict)
    min_coverage: float = 0.5
    versions: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Json] = field(default_factory=dict)
    provenance: tuple[Provenance, ...] = ()
    log_heads: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        owner = f"SessionReport[{self.session.session_id}]"
        for row in self.rows:
            if row.session_id != self.session.session_id:
                raise FieldError(
                    "a row of another session",
                    where=f"{owner}.rows",
                    got=row.session_id,
                    expected=self.session.session_id,
                )
        roles = self.session.protocol.role_ids
        named = [*self.age_days, *(ibi.role for ibi in self.ibi), *(rsa.role for rsa in self.rsa)]
        named += [face.role for face in self.faces]
        for role in (*named, *(role for strip in self.match for role in strip.roles)):
            refuse.one_of(owner, "role", role, roles)
        _share(owner, "min_coverage", self.min_coverage)
        if self.unreviewed_share is not None:
            _share(owner, "unreviewed_share", self.unreviewed_share)


@dataclass(frozen=True)
class StudySession:
    """One session as the study's page lists it.

    Parameters
    ----------
    state : {'in', 'excluded', 'failed'}
    reason : str
        Why it is not in; required then.
    href : str
        Relative link to the session's own page; empty where there is none.
    """

    session_id: str
    dyad_id: str
    state: str = "in"
    reason: str = ""
    href: str = ""

    def __post_init__(self) -> None:
        owner = f"StudySession[{self.session_id}]"
        refuse.identifier("StudySession", "session_id", self.session_id)
        refuse.identifier(owner, "dyad_id", self.dyad_id)
        refuse.one_of(owner, "state", self.state, STUDY_SESSION_STATES)
        if self.state != "in" and not self.reason.strip():
            raise FieldError("no reason", where=f"{owner}.reason", expected=f"why it is {self.state}")
        # An absolute link would carry a machine's path, a scheme could leave the computer.
        if self.href and (":" in self.href or "\\" in self.href or PurePosixPath(self.href).is_absolute()):
            raise FieldError(
                "not a relative link", where=f"{owner}.href", got=self.href, expected="like S01.html"
            )


@dataclass(frozen=True, eq=False)
class StudyReport:
    """Everything the page of a study shows.

    Parameters
    ----------
    study_id, title : str
    protocol : Protocol
    sessions : tuple of StudySession
        All of them: in, excluded and failed.
    rows : tuple of Measurement
        Of the sessions that are in.
    unreviewed_share : float, optional
        As in SessionReport, over all sessions that are in.
    pictures : StudyPictures
        Survival curves, contrasts, grids and transitions.
    tables : tuple of StudyTable
        Contrasts, models, groups, chance, contingency, exclusions.
    """

    study_id: str
    protocol: Protocol
    sessions: tuple[StudySession, ...]
    rows: tuple[Measurement, ...]
    unreviewed_share: float | None
    title: str = ""
    min_coverage: float = 0.5
    versions: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Json] = field(default_factory=dict)
    provenance: tuple[Provenance, ...] = ()
    warnings: tuple[str, ...] = ()
    pictures: StudyPictures = field(default_factory=StudyPictures)
    tables: tuple[StudyTable, ...] = ()

    def __post_init__(self) -> None:
        refuse.identifier("StudyReport", "study_id", self.study_id)
        owner = f"StudyReport[{self.study_id}]"
        refuse.unique(owner, "sessions", (session.session_id for session in self.sessions))
        included = {session.session_id for session in self.sessions if session.state == "in"}
        for row in self.rows:
            if row.session_id not in included:
                raise FieldError(
                    "a row of a session that is not in",
                    where=f"{owner}.rows",
                    got=row.session_id,
                    expected="rows of sessions whose state is 'in'",
                )
        _share(owner, "min_coverage", self.min_coverage)
        if self.unreviewed_share is not None:
            _share(owner, "unreviewed_share", self.unreviewed_share)


def _same_length(owner: str, name: str, got: int, expected: int) -> None:
    if got != expected:
        raise FieldError("wrong length", where=f"{owner}.{name}", got=got, expected=expected)


def _share(owner: str, name: str, value: float) -> None:
    if not 0 <= refuse.finite(owner, name, value) <= 1:
        raise FieldError("not a share", where=f"{owner}.{name}", got=value, expected="0 to 1")
