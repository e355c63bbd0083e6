"""Behind the last proposal: what is left open, which lane comes next, and how the review goes on there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillface.errors import UsageError
from stillface.review.lanes import LaneKey
from stillface.review.queue_filter import Filter

if TYPE_CHECKING:
    from stillface.review.desk import Desk
    from stillface.review.queue import ReviewQueue

__all__ = ["accept", "lane_shown", "what_next"]


def lane_shown(queue: ReviewQueue) -> LaneKey | None:
    """Give the reviewed lane that the queue is about: the present proposal's, or behind the last that one's.

    Where the filter leaves no proposal it is the filter's own lane; None where that names none.
    """
    coder, tier = queue.document.coder, queue.filter.tier
    proposal = queue.current or (queue.items[-1] if queue.items else None)
    if proposal is not None:
        return proposal.reviewed_by(coder)
    return None if tier is None else LaneKey(*tier, f"auto_reviewed:{coder}")


def what_next(desk: Desk) -> tuple[str, ...]:
    """Give what a reviewer can do behind the last proposal, a line each, with the keys for it."""
    queue = desk.need_queue()
    keys = {action: next(iter(desk.keymap.keys(action)), "") for action in ("accept", "review_mode")}
    done, tier, lines = queue.progress(), queue.next_tier(), []
    n_left = done.n_all - done.n_decided
    if n_left:
        lines.append(f"{keys['accept']} goes to the {n_left} that you left undecided.")
    elif tier is not None and tier == queue.filter.tier:
        lines.append(f"{keys['accept']} goes to the {queue.n_open(tier)} others that are open in this lane.")
    elif tier is not None:
        lines.append(f"{keys['accept']} goes on with {queue.title(tier)} ({queue.n_open(tier)} open).")
    else:
        lines.append("Every lane is decided: sign off at the top right.")
    lines.append(f"{keys['review_mode']} goes back to coding.")
    return tuple(lines)


def accept(desk: Desk) -> None:
    """Accept the present proposal, or leave it as it was decided; behind the last go to what is open still.

    That is first what was skipped, then the next lane.
    """
    queue = desk.need_queue()
    if queue.current is not None:
        decided = queue.decision(queue.current) is not None
        desk.judge(queue.accept, "kept as you said" if decided else "accepted")
        return
    done = queue.progress()
    if done.n_decided < done.n_all:
        desk.judge(queue.next, "")
        return
    tier = queue.next_tier()
    if tier is None:
        raise UsageError("every proposal is decided", fix=what_next(desk)[-1])
    queue.set_filter(Filter.of_lane(tier))
    desk.said.emit(f"now {queue.title(tier)}")
    desk.show_proposal()
