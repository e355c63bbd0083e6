"""What a machine proposes and what a reviewer decided about it, in the form that the log keeps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from stillface.io.code_log_record import Edit, LoggedBout
from stillface.review.document import DECISIONS, Document
from stillface.review.draft import Draft
from stillface.review.lanes import LaneBout, LaneKey

__all__ = ["Decision", "Proposal", "Reason", "Verdict", "decided", "decision_edits", "decision_of"]

Verdict = Literal["accept", "relabel", "reject", "cant_tell"]
Reason = Literal["doubtful", "audit", "bulk"]


@dataclass(frozen=True)
class Proposal:
    """One bout that a machine proposes.

    Parameters
    ----------
    lane : LaneKey
        The machine's lane.
    onset_ns, offset_ns : int
    code : str
    confidence : float
        0 where the machine gave none: then a person looks at it first.
    audit : bool
        Drawn into the random sample of those the machine is sure of.
    """

    lane: LaneKey
    onset_ns: int
    offset_ns: int
    code: str
    confidence: float
    audit: bool = False

    @classmethod
    def of(cls, lane: LaneKey, bout: LaneBout) -> Proposal:
        """Make one of a bout of a machine lane."""
        return cls(lane, bout.onset_ns, bout.end_ns, bout.code, bout.confidence or 0.0)

    @property
    def reviewed_tier(self) -> tuple[str, str]:
        """Role and scheme id that the reviewed codes go to."""
        return self.lane.role, self.lane.scheme_id

    def reviewed_by(self, coder: str) -> LaneKey:
        """Give the lane of a person's reviewed codes that it goes to."""
        return LaneKey(*self.reviewed_tier, f"auto_reviewed:{coder}")


@dataclass(frozen=True)
class Decision:
    """What the reviewer said of one proposal.

    Parameters
    ----------
    verdict : {'accept', 'relabel', 'reject', 'cant_tell'}
    code : str or None
        The code that stands now; None after a rejection.
    onset_ns, offset_ns : int
        Where it stands now: the proposal's edges, or nudged ones.
    played : float
        Share of the stretch that had been played when it was decided, 0 to 1.
    reason : {'doubtful', 'audit', 'bulk'}
        Why it was shown; ``bulk`` was accepted together with others, unseen.
    """

    verdict: Verdict
    code: str | None
    onset_ns: int
    offset_ns: int
    played: float
    reason: Reason = "doubtful"


def decided(document: Document, proposal: Proposal) -> tuple[str, Decision] | None:
    """Give the log's id and content of the decision on a proposal, or None."""
    found = document.decision(
        *proposal.reviewed_tier, proposal.onset_ns, proposal.offset_ns, proposal.lane.source
    )
    return None if found is None else (found[0], decision_of(found[1]))


def decision_of(bout: LoggedBout) -> Decision:
    """Read a decision as it stands in the log."""
    held: Mapping[str, str] = bout.attributes
    return Decision(
        bout.code,  # type: ignore[arg-type]  # only decision_edits writes this tier
        held["code"] or None,
        int(held["onset_ns"]),
        int(held["offset_ns"]),
        float(held["played"]),
        held["reason"],  # type: ignore[arg-type]
    )


def decision_edits(document: Document, decisions: Iterable[tuple[Proposal, Decision]]) -> tuple[Edit, ...]:
    """Give the edits that put decisions, and the codes they come to, into the log as one command."""
    drafts: dict[LaneKey, Draft] = {}
    marks = []
    for proposal, decision in decisions:
        key = proposal.reviewed_by(document.coder)
        draft = drafts.setdefault(key, Draft(document.lane(key), document.grid))
        before = decided(document, proposal)
        if before is not None:
            draft.clear(before[1].onset_ns, before[1].offset_ns)
        draft.clear(decision.onset_ns, decision.offset_ns)
        if decision.code is not None:
            draft.add(decision.onset_ns, decision.offset_ns, decision.code)
        logged = _logged(proposal, decision)
        marks.append(Edit("add", bout=logged) if before is None else Edit("set", before[0], logged))
    return (*(edit for draft in drafts.values() for edit in draft.edits()), *marks)


def _logged(proposal: Proposal, decision: Decision) -> LoggedBout:
    return LoggedBout(
        f"{proposal.lane.role}/{DECISIONS}{proposal.lane.scheme_id}",
        proposal.onset_ns,
        proposal.offset_ns,
        decision.verdict,
        attributes={
            "source": proposal.lane.source,
            "proposed": proposal.code,
            "confidence": f"{proposal.confidence:.4f}",
            "code": decision.code or "",
            "onset_ns": str(decision.onset_ns),
            "offset_ns": str(decision.offset_ns),
            "played": f"{decision.played:.3f}",
            "reason": decision.reason,
        },
    )
