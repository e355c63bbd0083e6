"""Two coders side by side: where they differ, how well they agree, and the track on which they settle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from stillface.agreement.kappa import Agreement, confusion_ns, kappa_from_confusion
from stillface.domain.session import Episode, Session
from stillface.domain.states import UNCODED, StateTrack, align
from stillface.errors import UsageError
from stillface.review.commands import LaneCommand
from stillface.review.commands_edit import Erase, Paint
from stillface.review.document import Document
from stillface.review.draft import Draft
from stillface.review.lanes import Lane, LaneKey
from stillface.review.signals import Signal

__all__ = ["AdoptAgreed", "Comparison", "Difference", "Kind", "agreed_stretches", "differences"]

Kind = Literal["code", "border", "uncodable", "uncoded"]
Side = Literal["first", "second"]


@dataclass(frozen=True)
class Difference:
    """One stretch on which two coders do not say the same.

    Parameters
    ----------
    onset_ns, offset_ns : int
    first, second : str or None
        What each coded; None where that coder left it uncoded.
    episode : str
    kind : {'code', 'border', 'uncodable', 'uncoded'}
        ``border``: both saw the same change, one of them earlier. ``uncodable``: one could see, the other
        could not. ``uncoded``: one of them has not coded it. Else ``code``.
    """

    onset_ns: int
    offset_ns: int
    first: str | None
    second: str | None
    episode: str
    kind: Kind


def _analysed(session: Session) -> tuple[Episode, ...]:
    return tuple(e for e in session.episodes if session.protocol.episode(e.id).analyse)


def differences(
    session: Session, first: StateTrack, second: StateTrack, *, shortest_ms: int = 0
) -> tuple[Difference, ...]:
    """List where two tracks of one scheme differ inside the episodes, in time order.

    Parameters
    ----------
    session : Session
        Its episodes are looked at one by one; a difference never crosses their borders.
    first, second : StateTrack
    shortest_ms : int
        Shorter differences are left out.

    Returns
    -------
    tuple of Difference
        Time that neither coded is no difference.
    """
    _same_scheme(first, second)
    found = (d for episode in _analysed(session) for d in _in_episode(episode, first, second))
    return tuple(d for d in found if d.offset_ns - d.onset_ns >= shortest_ms * 1_000_000)


def _same_scheme(first: StateTrack, second: StateTrack) -> None:
    if (first.scheme.code_ids, first.role) != (second.scheme.code_ids, second.role):
        raise UsageError(
            "two tracks that cannot be compared",
            got=f"{second.role}/{second.scheme.id}",
            expected=f"{first.role}/{first.scheme.id}",
        )


def _in_episode(episode: Episode, first: StateTrack, second: StateTrack) -> Iterator[Difference]:
    span_ns = (episode.onset_ns, episode.offset_ns)
    both = align(first.clip(*span_ns).merged(), second.clip(*span_ns).merged())
    pairs = both.codes.T.tolist()
    ids, gap = first.scheme.code_ids, first.scheme.gap_mask
    for k, (a, b) in enumerate(pairs):
        if a == b:
            continue
        if UNCODED in (a, b):
            kind: Kind = "uncoded"
        elif gap[a] or gap[b]:
            kind = "uncodable"
        else:
            before = pairs[k - 1] if k else None
            after = pairs[k + 1] if k + 1 < len(pairs) else None
            # One changed earlier: both had the one code before, and both have the other after.
            shifted = (before, after) in (([a, a], [b, b]), ([b, b], [a, a]))
            kind = "border" if shifted else "code"
        yield Difference(
            int(both.edges_ns[k]),
            int(both.edges_ns[k + 1]),
            None if a == UNCODED else ids[a],
            None if b == UNCODED else ids[b],
            episode.id,
            kind,
        )


def agreed_stretches(
    session: Session, first: StateTrack, second: StateTrack
) -> tuple[tuple[int, int, str], ...]:
    """Give the stretches inside the episodes on which both say the same: onset, offset (ns), code."""
    _same_scheme(first, second)
    found = []
    for episode in _analysed(session):
        span_ns = (episode.onset_ns, episode.offset_ns)
        both = align(first.clip(*span_ns).merged(), second.clip(*span_ns).merged())
        a, b = both.codes
        for k in np.flatnonzero((a == b) & (a != UNCODED)).tolist():
            found.append((int(both.edges_ns[k]), int(both.edges_ns[k + 1]), first.scheme.code_ids[a[k]]))
    return tuple(found)


@dataclass(frozen=True)
class AdoptAgreed(LaneCommand):
    """Take over what both coders said alike, where nothing has been settled yet.

    Parameters
    ----------
    lane : LaneKey
        The consensus lane.
    stretches : tuple of (int, int, str)
        From :func:`agreed_stretches`.
    """

    stretches: tuple[tuple[int, int, str], ...]

    def change(self, draft: Draft) -> None:
        """Put the stretches in; what stands in the lane is never painted over."""
        for onset_ns, offset_ns, code in self.stretches:
            for start, end in _free(draft.lane, draft.grid.snap(onset_ns), draft.grid.snap(offset_ns)):
                draft.add(start, end, code)


def _free(lane: Lane, onset_ns: int, offset_ns: int) -> Iterator[tuple[int, int]]:
    """Give the parts of a stretch that no bout of the lane covers."""
    start = onset_ns
    for bout in lane.within(onset_ns, offset_ns):
        if bout.onset_ns > start:
            yield start, bout.onset_ns
        start = max(start, bout.end_ns)
    if start < offset_ns:
        yield start, offset_ns


class Comparison:
    """Walks two coders' differences and settles them in a consensus lane.

    Parameters
    ----------
    document : Document
        With a store of kind ``consensus``.
    first, second : StateTrack
        What two people coded, from scratch.

    Attributes
    ----------
    target : LaneKey
        The consensus lane.
    all : tuple of Difference
    place : int
        Which of :attr:`shown` is looked at.
    changed : Signal
        Called without arguments when place, filter or the consensus lane changes.

    Raises
    ------
    UsageError
        Tracks of two schemes or roles, or the document has no such consensus lane.
    """

    def __init__(self, document: Document, first: StateTrack, second: StateTrack) -> None:
        self.document, self.first, self.second = document, first, second
        self.changed: Signal[[]] = Signal()
        self.all = differences(document.session, first, second)
        self.target = LaneKey(first.role, first.scheme.id, f"consensus:{document.coder}")
        document.lane(self.target)
        self.place = 0
        self._kinds: frozenset[Kind] = frozenset()
        self._shortest_ms = 0
        self._only_open = False
        self.shown: tuple[Difference, ...] = self.all
        document.lanes_changed.connect(self._lanes_changed)

    @property
    def current(self) -> Difference | None:
        """The difference that is looked at."""
        return self.shown[self.place] if self.shown else None

    def set_filter(
        self, kinds: Iterable[Kind] = (), *, shortest_ms: int = 0, only_open: bool = False
    ) -> None:
        """Show only some differences.

        Parameters
        ----------
        kinds : iterable of str
            Empty shows all.
        shortest_ms : int
        only_open : bool
            Leave out what was settled when the filter was set.
        """
        here = self.current
        self._kinds, self._shortest_ms, self._only_open = frozenset(kinds), shortest_ms, only_open
        self.shown = tuple(d for d in self.all if self._passes(d))
        self.place = self.shown.index(here) if here in self.shown else 0
        self.changed.emit()

    def _passes(self, difference: Difference) -> bool:
        long_enough = difference.offset_ns - difference.onset_ns >= self._shortest_ms * 1_000_000
        right_kind = not self._kinds or difference.kind in self._kinds
        return long_enough and right_kind and not (self._only_open and self.is_settled(difference))

    def go_to(self, place: int) -> Difference | None:
        """Look at one of the shown differences; out of range goes round."""
        if self.shown:
            self.place = place % len(self.shown)
            self.changed.emit()
        return self.current

    def next(self) -> Difference | None:
        """Look at the next one; after the last comes the first."""
        return self.go_to(self.place + 1)

    def previous(self) -> Difference | None:
        """Look at the one before."""
        return self.go_to(self.place - 1)

    def next_open(self) -> Difference | None:
        """Look at the next one that is not settled; None where all are."""
        count = len(self.shown)
        for step in range(1, count + 1):
            if not self.is_settled(self.shown[(self.place + step) % count]):
                return self.go_to(self.place + step)
        return None

    def is_settled(self, difference: Difference) -> bool:
        """Tell whether the consensus lane says something about the whole stretch."""
        grid = self.document.grid
        onset_ns, offset_ns = grid.snap(difference.onset_ns), grid.snap(difference.offset_ns)
        return not any(_free(self.document.lane(self.target), onset_ns, offset_ns))

    @property
    def n_settled(self) -> int:
        """How many of all differences are settled."""
        return sum(self.is_settled(difference) for difference in self.all)

    def take(self, side: Side) -> None:
        """Settle the current stretch as one of the coders saw it.

        Raises
        ------
        UsageError
            There is no difference, or that coder left the stretch uncoded.
        """
        here = self._need()
        track = self.first if side == "first" else self.second
        code = here.first if side == "first" else here.second
        if code is None:
            raise UsageError(f"{track.coder_id} left this stretch uncoded", fix="take the other, or a code")
        self._paint(here, code, f"as {track.coder_id}")

    def decide(self, code: str) -> None:
        """Settle the current stretch by a code of the scheme, whatever the two said."""
        self._paint(self._need(), code, "decided anew")

    def reopen(self) -> None:
        """Let the current stretch be open again: nothing is said about it."""
        here = self._need()
        self._log(Erase(self.target, here.onset_ns, here.offset_ns), "open again")

    def adopt_agreed(self) -> bool:
        """Take over everything both said alike, as one command; tell whether anything was added."""
        stretches = agreed_stretches(self.document.session, self.first, self.second)
        why = f"{self.first.coder_id} and {self.second.coder_id} agree"
        return self._log(AdoptAgreed(self.target, stretches), why)

    def agreement(self) -> Agreement:
        """Give kappa and agreement of the two over all episodes, weighted by time."""
        return self._of(_analysed(self.document.session))

    def agreement_by_episode(self) -> dict[str, Agreement]:
        """Give kappa and agreement of each episode."""
        return {episode.id: self._of((episode,)) for episode in _analysed(self.document.session)}

    def _of(self, episodes: Iterable[Episode]) -> Agreement:
        size = len(self.first.scheme.codes)
        table = np.zeros((size, size), dtype=np.int64)
        for episode in episodes:
            span_ns = (episode.onset_ns, episode.offset_ns)
            table += confusion_ns(self.first.clip(*span_ns), self.second.clip(*span_ns))
        return kappa_from_confusion(table)

    def _need(self) -> Difference:
        if self.current is None:
            raise UsageError("there is no difference here", fix="widen the filter")
        return self.current

    def _paint(self, here: Difference, code: str, why: str) -> None:
        self._log(Paint(self.target, here.onset_ns, here.offset_ns, code), why)

    def _log(self, command: AdoptAgreed | Paint | Erase, why: str) -> bool:
        lane = self.document.lane(self.target)
        return self.document.log_edits("consensus", command.plan(lane, self.document.grid), why)

    def _lanes_changed(self, keys: frozenset[LaneKey]) -> None:
        if self.target in keys:
            self.changed.emit()
