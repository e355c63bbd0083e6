"""Behind the last proposal: what is left open, and which lane comes next."""

from __future__ import annotations

from stillface.review.keymap import Keymap
from stillface.review.lanes import LaneKey
from stillface.review.queue import ReviewQueue

__all__ = ["lane_shown", "what_next"]


def lane_shown(queue: ReviewQueue) -> LaneKey | None:
    """Give the reviewed lane that the queue is about: the present proposal's, or behind the last that one's.

    Where the filter leaves no proposal it is the filter's own lane; None where that names none.
    """
    coder, tier = queue.document.coder, queue.filter.tier
    proposal = queue.current or (queue.items[-1] if queue.items else None)
    if proposal is not None:
        return proposal.reviewed_by(coder)
    return None if tier is None else LaneKey(*tier, f"auto_reviewed:{coder}")


def what_next(queue: ReviewQueue, keymap: Keymap) -> tuple[str, ...]:
    """Give what a reviewer can do behind the last proposal, a line each, with the keys for it."""
    buttons = {"accept": "Go on", "review_mode": "Back to coding"}
    # Without a key it is the button that does it.
    keys = {action: next(iter(keymap.keys(action)), button) for action, button in buttons.items()}
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
