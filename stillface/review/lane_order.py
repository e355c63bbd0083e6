"""Which lanes a coder sees, and in what order."""

from __future__ import annotations

from stillface.review.breaches import episodes_of_lane
from stillface.review.document import Document
from stillface.review.lanes import LaneKey

__all__ = ["lanes_in_order"]

_KINDS = ("human", "consensus", "auto_reviewed", "auto")


def lanes_in_order(document: Document, *, reviewing: bool) -> tuple[LaneKey, ...]:
    """Give the lanes in the order of the timeline: what is about the same stays together.

    Lanes of reviewed codes appear with the review, or once they hold something; one of breaches where an
    episode is set that imposes a state.
    """
    lanes, offered, session = document.lanes, document.offered, document.session
    streams = list(dict.fromkeys((key.role, key.scheme_id) for key in lanes))
    shown = [
        key
        for key, lane in lanes.items()
        if (key.kind != "auto_reviewed" or reviewing or lane.bouts)
        and (key.tier not in offered or lane.bouts or episodes_of_lane(session, key))
    ]
    shown.sort(key=lambda key: (streams.index((key.role, key.scheme_id)), _KINDS.index(key.kind), key))
    return tuple(shown)
