"""The review queue: a machine's proposals lane by lane, in each the doubtful ones first.

A lane at a time, so that keys keep their meaning from one proposal to the next. A random sample of the
proposals that the machine is sure of is mixed in, so that its agreement with a person can be told.
What was decided lives in the code log; the queue only points at it.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Literal

from stillface.domain.clock import NS_PER_S
from stillface.errors import UsageError
from stillface.review.commands import gap_code
from stillface.review.document import Document
from stillface.review.lane_order import lanes_in_order
from stillface.review.lanes import LaneKey
from stillface.review.proposals import Decision, Proposal, Verdict, decided, decision_edits
from stillface.review.queue_filter import Filter, Tier
from stillface.review.watched import Watched

__all__ = ["Agreement", "Filter", "Progress", "ReviewQueue", "agreement"]

# One pause for coffee must not set the pace.
_LONGEST_NS = 120 * NS_PER_S
_PACE_AFTER = 3


@dataclass(frozen=True)
class Progress:
    """How far the review is: ``minutes_left`` is None until a pace is known."""

    n_decided: int
    n_all: int
    minutes_left: float | None


@dataclass(frozen=True)
class Agreement:
    """What the random sample says of the proposals that the machine is sure of.

    Parameters
    ----------
    n_sampled, n_judged, n_agreed : int
        Drawn; decided other than "unscorable"; accepted with the machine's code.
    time_share : float or None
        Share of the judged time in which machine and person agree, 0 to 1; None before any judgement.
    """

    n_sampled: int
    n_judged: int
    n_agreed: int
    time_share: float | None


class ReviewQueue:
    """Walks the proposals of one or more machine lanes.

    Parameters
    ----------
    document : Document
        With a store of kind ``auto_reviewed``.
    lanes : iterable of LaneKey
        Machine lanes.
    watched : Watched
        What has been played.
    now_ns : callable
        A monotonic clock, for the minutes left.
    sure_from : float
        Confidence from which a proposal is not shown unless drawn for the sample.
    audit_share : float
        Share of the sure ones to be drawn.
    seed : int, optional
        Of the draw; by default the one in the log, else a new one, which the first decision logs.
    """

    def __init__(
        self,
        document: Document,
        lanes: Iterable[LaneKey],
        watched: Watched,
        now_ns: Callable[[], int],
        *,
        sure_from: float = 0.8,
        audit_share: float = 0.1,
        seed: int | None = None,
    ) -> None:
        self.document, self.watched = document, watched
        self._lanes = tuple(lanes)
        self._now_ns = now_ns
        logged = _logged_draw(document, self._lanes)
        if logged is None:
            drawn_seed = secrets.randbits(32) if seed is None else seed
            logged = (drawn_seed, sure_from, audit_share)
        self.seed, self.sure_from, self.audit_share = logged
        self._paces_ns: list[int] = []
        self._since_ns: int | None = None
        self._filter = Filter()
        self._all = self._ordered()
        self._items = self._all
        self._place = 0
        self._nudged: tuple[int, int] | None = None
        # What was decided just now: decided ones may lie between it and the present one.
        self._leapt_from: int | None = None
        self._to_first_open()

    def _ordered(self) -> tuple[Proposal, ...]:
        """Give lane after lane the doubtful ones, most doubtful first, with sampled sure ones among them."""
        proposals = [
            Proposal.of(key, bout)
            for key in self._lanes
            for bout in self.document.lane(key).bouts
            if not self.document.lane(key).scheme.codes[self.document.lane(key).scheme.index(bout.code)].gap
        ]
        doubtful = sorted(
            (p for p in proposals if p.confidence < self.sure_from),
            key=lambda p: (p.confidence, p.onset_ns, p.lane),
        )
        sure = [p for p in proposals if p.confidence >= self.sure_from]
        # A draw that has to be the same on every computer, not a secret.
        draw = random.Random(self.seed)  # noqa: S311
        n_drawn = min(len(sure), -(-len(sure) * round(self.audit_share * 1000) // 1000))
        sample = draw.sample(sure, n_drawn)
        items: list[Proposal] = []
        for tier in self.tiers:
            mine = [p for p in doubtful if p.reviewed_tier == tier]
            for proposal in (p for p in sample if p.reviewed_tier == tier):
                mine.insert(draw.randint(0, len(mine)), replace(proposal, audit=True))
            items += mine
        return tuple(items)

    @property
    def tiers(self) -> tuple[Tier, ...]:
        """Role and scheme id of each lane there is to review, in the timeline's order."""
        order = lanes_in_order(self.document, reviewing=True)
        return tuple(dict.fromkeys((key.role, key.scheme_id) for key in order if key in self._lanes))

    def title(self, tier: Tier) -> str:
        """Give a lane's name for people."""
        return next(self.document.lane(key).title for key in self._lanes if (key.role, key.scheme_id) == tier)

    def n_open(self, tier: Tier) -> int:
        """Count the proposals of a lane that nobody has decided about, whatever the filter."""
        mine = (p for p in self._all if p.reviewed_tier == tier)
        return sum(self.decision(p) is None for p in mine)

    def next_tier(self) -> Tier | None:
        """Give the next lane with something to decide, after the one that is walked; None where none is."""
        tiers = self.tiers
        here = self._items[min(self._place, len(self._items) - 1)].reviewed_tier if self._items else None
        begin = tiers.index(here) + 1 if here in tiers else 0
        return next((t for t in (*tiers[begin:], *tiers[:begin]) if self.n_open(t)), None)

    @property
    def filter(self) -> Filter:
        """Which proposals are walked."""
        return self._filter

    def set_filter(self, wanted: Filter) -> None:
        """Walk other proposals, from the first undecided one; from behind the last where there is none."""
        self._filter = wanted
        episodes = self.document.session.episodes
        self._items = tuple(
            p
            for p in self._all
            if wanted.fits(p, episodes) and not (wanted.undecided_only and self.decision(p) is not None)
        )
        self._to_first_open()

    @property
    def items(self) -> tuple[Proposal, ...]:
        """The proposals in their order, filter applied."""
        return self._items

    @property
    def place(self) -> int:
        """Number of the present proposal, from 0; their number behind the last."""
        return self._place

    @property
    def at_end(self) -> bool:
        """Whether the last one is behind us."""
        return bool(self._items) and self._place == len(self._items)

    @property
    def current(self) -> Proposal | None:
        """The proposal to be decided; None where the queue is empty, or behind the last."""
        return self._items[self._place] if self._place < len(self._items) else None

    @property
    def edges_ns(self) -> tuple[int, int]:
        """Edges of the present proposal as they would be accepted now: nudged, decided, or the machine's."""
        if self._nudged is not None:
            return self._nudged
        proposal = self._need()
        decision = self.decision(proposal)
        return self._shared_edges(proposal) if decision is None else self._standing_edges(proposal, decision)

    def decision(self, proposal: Proposal) -> Decision | None:
        """Give what was decided of a proposal."""
        found = decided(self.document, proposal)
        return None if found is None else found[1]

    def go(self, place: int) -> Proposal:
        """Go to a proposal by its number."""
        if not 0 <= place < len(self._items):
            raise UsageError("no such proposal", got=place + 1, expected=f"1 to {len(self._items)}")
        self._to(place)
        return self._items[place]

    def next(self) -> Proposal | None:
        """Go on by one, at last behind the last; from there to the first undecided one, if there is one."""
        if self.at_end:
            self._to_first_open()
        elif self._items:
            self._go_on()
        return self.current

    def previous(self) -> Proposal | None:
        """Go back by one, or to what was decided just now; stays at the first."""
        before = self._place - 1 if self._leapt_from is None else self._leapt_from
        return self.go(max(before, 0)) if self._items else None

    def _go_on(self) -> None:
        self._to(self._place + 1)

    def _next_open(self, after: int) -> int:
        places = range(after + 1, len(self._items))
        return next((k for k in places if self.decision(self._items[k]) is None), len(self._items))

    def _to(self, place: int) -> None:
        self._place, self._nudged, self._leapt_from = place, None, None
        self._since_ns = self._now_ns()

    def nudge(self, side: Literal["onset", "offset"], n_frames: int) -> tuple[int, int]:
        """Move an edge of the present proposal by frames, at least one of which stays."""
        onset, offset = self.edges_ns
        grid = self.document.grid
        for _ in range(abs(n_frames)):
            if side == "onset":
                moved = grid.before(onset) if n_frames < 0 else grid.after(onset)
                onset = min(moved, grid.before(offset))
            else:
                moved = grid.before(offset) if n_frames < 0 else grid.after(offset)
                offset = max(moved, grid.after(onset))
        self._nudged = (onset, offset)
        return self._nudged

    def accept(self) -> None:
        """Say that it is what the machine says, or of a decided one that this stands; then the next."""
        proposal = self._need()
        before = self.decision(proposal)
        if before is None:
            self._decide("accept", proposal.code)
        elif self._nudged is not None:
            self._decide(before.verdict, before.code)
        else:
            self._go_on()

    def reject(self) -> None:
        """Say that it is not that, and leave open what it is: the stretch is uncoded; then the next."""
        self._decide("reject", None)

    def relabel(self, code: str) -> None:
        """Say that it is another code; then the next."""
        self.document.lane(self._need().lane).scheme.index(code)
        self._decide("accept" if code == self._need().code else "relabel", code)

    def cant_tell(self) -> None:
        """Say that a person cannot tell either: the code for unscorable time; then the next."""
        self._decide("cant_tell", gap_code(self.document.lane(self._need().lane)))

    def n_rest(self) -> int:
        """Count the sure proposals that pass the filter, were not drawn and are not decided."""
        return len(self._rest())

    def accept_rest(self) -> int:
        """Accept those of :meth:`n_rest` as a bulk; give their number."""
        found: list[tuple[Proposal, Decision]] = []
        for proposal in self._rest():
            onset, offset = self._shared_edges(proposal)
            played = self.watched.share(onset, offset)
            found.append((proposal, Decision("accept", proposal.code, onset, offset, played, "bulk")))
        if found:
            self._log_draw()
            self.document.log_edits("auto_reviewed", decision_edits(self.document, found))
        return len(found)

    def _rest(self) -> list[Proposal]:
        drawn = {(p.lane, p.onset_ns) for p in self._all}
        episodes = self.document.session.episodes
        every = (Proposal.of(key, bout) for key in self._lanes for bout in self.document.lane(key).bouts)
        wanted = (p for p in every if self._filter.fits(p, episodes))
        sure = (p for p in wanted if p.confidence >= self.sure_from and (p.lane, p.onset_ns) not in drawn)
        return [proposal for proposal in sure if self.decision(proposal) is None]

    def progress(self) -> Progress:
        """Tell how many are decided, and how many minutes the rest takes at the present pace."""
        n_decided = sum(self.decision(proposal) is not None for proposal in self._items)
        left = len(self._items) - n_decided
        pace = median(self._paces_ns) if len(self._paces_ns) >= _PACE_AFTER else None
        minutes = 0.0 if left == 0 else None if pace is None else left * pace / (60 * NS_PER_S)
        return Progress(n_decided, len(self._items), minutes)

    def _decide(self, verdict: Verdict, code: str | None) -> None:
        proposal = self._need()
        again = self.decision(proposal) is not None
        onset, offset = self.edges_ns
        played = self.watched.share(onset, offset)
        reason: Literal["audit", "doubtful"] = "audit" if proposal.audit else "doubtful"
        decision = Decision(verdict, code, onset, offset, played, reason)
        self._log_draw()
        self.document.log_edits("auto_reviewed", decision_edits(self.document, [(proposal, decision)]))
        now = self._now_ns()
        if self._since_ns is not None:
            self._paces_ns.append(min(now - self._since_ns, _LONGEST_NS))
        here = self._place
        # What was decided is not asked again; who changes a decision walks on from there.
        self._to(here + 1 if again else self._next_open(here))
        self._leapt_from = here

    def _standing_edges(self, proposal: Proposal, decision: Decision) -> tuple[int, int]:
        """Give a decided proposal's edges as they stand, less what neighbours took of it since."""
        onset, offset = decision.onset_ns, decision.offset_ns
        lane = self.document.lane(proposal.reviewed_by(self.document.coder))
        for bout in lane.within(onset, offset):
            if bout.code == decision.code:
                return max(onset, bout.onset_ns), min(offset, bout.end_ns)
        return onset, offset

    def _shared_edges(self, proposal: Proposal) -> tuple[int, int]:
        """Give a proposal's edges, moved to where a decided neighbour's shared edge was nudged."""
        low, high = self.document.grid.span_ns
        onset, offset = max(proposal.onset_ns, low), min(proposal.offset_ns, high)
        for bout in self.document.lane(proposal.lane).within(proposal.onset_ns - 1, proposal.offset_ns + 1):
            neighbour = self.decision(Proposal.of(proposal.lane, bout))
            if neighbour is None or neighbour.code is None:
                continue
            if bout.end_ns == proposal.onset_ns and neighbour.offset_ns < offset:
                onset = neighbour.offset_ns
            if bout.onset_ns == proposal.offset_ns and neighbour.onset_ns > onset:
                offset = neighbour.onset_ns
        return onset, offset

    def _log_draw(self) -> None:
        if _logged_draw(self.document, self._lanes) is None:
            settings = f"seed={self.seed} sure_from={self.sure_from} share={self.audit_share}"
            self.document.note("auto_reviewed", f"{_draw_name(self._lanes)} {settings}")

    def _need(self) -> Proposal:
        if self.at_end:
            raise UsageError("the last proposal is behind you")
        if self.current is None:
            raise UsageError("the queue is empty", fix="widen the filter")
        return self.current

    def _to_first_open(self) -> None:
        self._to(self._next_open(-1))


def agreement(queue: ReviewQueue) -> Agreement:
    """Compare machine and person on the random sample of sure proposals."""
    sample = [proposal for proposal in queue.items if proposal.audit]
    judged = [(p, d) for p in sample if (d := queue.decision(p)) is not None and d.verdict != "cant_tell"]
    total = sum(p.offset_ns - p.onset_ns for p, _ in judged)
    agreed_ns, n_agreed = 0, 0
    for proposal, decision in judged:
        if decision.code == proposal.code:
            n_agreed += 1
            shared = min(proposal.offset_ns, decision.offset_ns) - max(proposal.onset_ns, decision.onset_ns)
            agreed_ns += max(shared, 0)
    return Agreement(len(sample), len(judged), n_agreed, agreed_ns / total if total else None)


def _draw_name(lanes: Sequence[LaneKey]) -> str:
    return "audit sample of " + ", ".join(f"{key.tier} {key.source}" for key in sorted(lanes))


def _logged_draw(document: Document, lanes: Sequence[LaneKey]) -> tuple[int, float, float] | None:
    name = _draw_name(lanes)
    for text in document.notes("auto_reviewed"):
        if text.startswith(name + " seed="):
            parts = dict(part.split("=") for part in text[len(name) :].split())
            return int(parts["seed"]), float(parts["sure_from"]), float(parts["share"])
    return None
