"""Two coders' state tracks: where they differ, how well they agree, and the track on which they settle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from stillface.agreement.kappa import Agreement, confusion_ns, kappa_from_confusion
from stillface.domain.session import Episode, Session
from stillface.domain.states import UNCODED, StateTrack, align
from stillface.errors import UsageError
from stillface.review.commands import LaneCommand
from stillface.review.commands_edit import Erase, Paint
from stillface.review.document import Document
from stillface.review.draft import Draft
from stillface.review.lanes import Lane
from stillface.review.settling import AgreementText, Comparison, Difference, Kind, Side, analysed

__all__ = ["AdoptAgreed", "StateComparison", "agreed_stretches", "differences"]


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
    found = (d for episode in analysed(session) for d in _in_episode(episode, first, second))
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
    for episode in analysed(session):
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


class StateComparison(Comparison):
    """Settles stretches of two state tracks.

    Parameters
    ----------
    document : Document
    first, second : StateTrack

    Raises
    ------
    UsageError
        As :class:`~stillface.review.settling.Comparison`.
    """

    def __init__(self, document: Document, first: StateTrack, second: StateTrack) -> None:
        super().__init__(document, first, second, differences(document.session, first, second))
        self._tracks = (first, second)

    def settled_as(self, difference: Difference) -> str | None:
        """Give the code at the beginning, once the consensus lane says something about the whole stretch."""
        grid, lane = self.document.grid, self.document.lane(self.target)
        onset_ns, offset_ns = grid.snap(difference.onset_ns), grid.snap(difference.offset_ns)
        bout = lane.at(onset_ns)
        return None if bout is None or any(_free(lane, onset_ns, offset_ns)) else bout.code

    def settle(self, here: Difference, code: str | None, side: Side, why: str) -> None:
        """Paint the stretch in the consensus lane."""
        if code is not None:
            self._log(Paint(self.target, here.onset_ns, here.offset_ns, code), why)

    def reopen(self) -> None:
        """Let the current stretch be open again: nothing is said about it."""
        here = self.need()
        self._log(Erase(self.target, here.onset_ns, here.offset_ns), "open again")

    def adopt_agreed(self) -> bool:
        """Take over everything both said alike, as one command; tell whether anything was added."""
        stretches = agreed_stretches(self.document.session, *self._tracks)
        return self._log(AdoptAgreed(self.target, stretches), self.agree_why)

    def agreement(self) -> Agreement:
        """Give kappa and agreement of the two over all episodes, weighted by time."""
        return self._of(analysed(self.document.session))

    def agreement_by_episode(self) -> dict[str, Agreement]:
        """Give kappa and agreement of each episode."""
        return {episode.id: self._of((episode,)) for episode in analysed(self.document.session)}

    def agreement_text(self) -> AgreementText:
        """Say kappa and share of time alike."""
        now = self.agreement()
        share = (
            "" if now.agreement is None else f", {100 * now.agreement:.0f} % of {now.compared_s:.0f} s alike"
        )
        parts = self.agreement_by_episode().items()
        return AgreementText(
            f"kappa <b>{_figure(now.kappa)}</b>{share}",
            now.reason or "",
            {name: _figure(part.kappa) for name, part in parts},
        )

    def _of(self, episodes: Iterable[Episode]) -> Agreement:
        first, second = self._tracks
        size = len(first.scheme.codes)
        table = np.zeros((size, size), dtype=np.int64)
        for episode in episodes:
            span_ns = (episode.onset_ns, episode.offset_ns)
            table += confusion_ns(first.clip(*span_ns), second.clip(*span_ns))
        return kappa_from_confusion(table)

    def _log(self, command: LaneCommand, why: str) -> bool:
        lane = self.document.lane(self.target)
        return self.document.log_edits("consensus", command.plan(lane, self.document.grid), why)


def _figure(kappa: float | None) -> str:
    return "\u2013" if kappa is None else f"{kappa:.2f}"
