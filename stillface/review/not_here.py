"""Keys that would code while a review is on: they are refused in one line instead of half working."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillface.errors import UsageError
from stillface.review.keymap import key_of_code

if TYPE_CHECKING:
    from stillface.review.desk import Desk

__all__ = ["belongs_to_coding", "refuse_coding"]


def belongs_to_coding(desk: Desk, key: str) -> bool:
    """Tell whether a key codes, and the review that is on has no use for it.

    So it is with keys that only coding has, and with those of codes where the active lane is not the one
    that the present proposal goes to, or there is no proposal any more.
    """
    if desk.mode != "review":
        return False
    if desk.keymap.action(key, "review") is not None:
        return False
    return desk.keymap.action(key, "coding") is not None or _codes_elsewhere(desk, key)


def refuse_coding(desk: Desk) -> None:
    """Say that nothing is coded during a review, and how it is left."""
    key = next(iter(desk.keymap.keys("review_mode")), "")
    raise UsageError("nothing was coded: a review is on", fix=f"leave the review first: {key}".rstrip(": "))


def _codes_elsewhere(desk: Desk, key: str) -> bool:
    proposal = None if desk.queue is None else desk.queue.current
    active = desk.document.active
    if proposal is not None and active == proposal.reviewed_by(desk.document.coder):
        return False
    shown = [
        lane for lane in (desk.scheme_lane(), None if active is None else desk.document.lane(active)) if lane
    ]
    return any(code.key and key_of_code(code.key) == key for lane in shown for code in lane.scheme.codes)
