"""How much of what a machine proposed a person has decided about: in a lane, and where the queue is now."""

from __future__ import annotations

from stillface.review.document import Document
from stillface.review.lanes import LaneKey
from stillface.review.proposals import Proposal, decided
from stillface.review.queue import ReviewQueue

__all__ = ["share_here", "share_reviewed"]


def share_reviewed(document: Document, *lanes: LaneKey) -> float:
    """Give the share of machine lanes' proposed time that a person has decided about, 0 to 1."""
    proposals = [Proposal.of(lane, bout) for lane in lanes for bout in document.lane(lane).bouts]
    total = sum(p.offset_ns - p.onset_ns for p in proposals)
    done = sum(p.offset_ns - p.onset_ns for p in proposals if decided(document, p) is not None)
    return done / total if total else 0.0


def share_here(queue: ReviewQueue) -> float:
    """Give the share of the lane that the queue is in; of all where its filter leaves nothing, 0 to 1."""
    proposal = queue.current or (queue.items[-1] if queue.items else None)
    if proposal is not None:
        return share_reviewed(queue.document, proposal.lane)
    return share_reviewed(queue.document, *(key for key in queue.document.lanes if key.kind == "auto"))
