"""What a coder does by key to selection, bouts and lanes of a workplace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from stillface.errors import UsageError
from stillface.review.breaches import BREACH_CAVEAT, episode_at, episodes_of_lane, is_breach_lane
from stillface.review.clock_text import clock_text
from stillface.review.commands import Command
from stillface.review.commands_edit import Delete, MoveEdge
from stillface.review.commands_live import CloseRunning
from stillface.review.lanes import LaneKey
from stillface.review.workplace import Workplace

__all__ = [
    "delete",
    "end_state",
    "mark_in",
    "mark_out",
    "move_edge",
    "on_bout",
    "relabel",
    "to_breaches",
]


def mark_in(place: Workplace) -> None:
    """Begin a selection with the frame on screen."""
    place.selection_ns = None
    place.mark_in_ns = place.grid.floor(place.playhead.time_ns)
    place.said.emit(f"selection from {clock_text(place.playhead.time_ns)}")
    place.changed.emit()


def mark_out(place: Workplace) -> None:
    """End the selection before the frame on screen, as a code's key and ``Return`` end a state.

    So the border where one bout ends and the next begins is both the end of a selection and the beginning of
    one; the session's last frame, after which there is none to stand on, belongs to it.
    """
    if place.mark_in_ns is None:
        raise UsageError("the selection has no beginning", fix="mark it first")
    grid, last_ns = place.grid, place.playhead.last_ns
    low, high = sorted((place.mark_in_ns, grid.floor(place.playhead.time_ns)))
    high = grid.span_ns[1] if high >= last_ns else high
    if low == high:
        raise UsageError("a selection of no frame", fix="go to the first frame that is not in it any more")
    place.select((low, high))
    n_frames = int(np.count_nonzero((grid.edges_ns >= low) & (grid.edges_ns < high)))
    frames = "1 frame" if n_frames == 1 else f"{n_frames} frames"
    place.said.emit(f"selection {clock_text(low)} to {clock_text(high)}, {frames}: a code's key paints it")


def end_state(place: Workplace) -> None:
    """End what runs in the active lane."""
    place.note_watched()
    if place.active_lane.running is None:
        raise UsageError("nothing is running in this lane")
    until_ns = place.meant_ns() if place.playhead.playing else place.running.here_ns()
    place.do(CloseRunning(place.active_lane.key, until_ns))


def move_edge(place: Workplace, side: Literal["onset", "offset"]) -> None:
    """Let the bout that is meant begin or end at the frame on screen."""
    key, bout = place.bout()
    place.do(MoveEdge(key, bout.id, side, place.playhead.time_ns))


def relabel(place: Workplace) -> None:
    """Select the bout that is meant, so that a code's key says what it is from end to end."""
    key, bout = place.bout()
    lane = place.document.lane(key)
    if not lane.editable or bout.offset_ns is None:
        raise UsageError(
            "only bouts of your own are relabelled", fix="choose one; delete a moment and set it anew"
        )
    place.choose(key, bout.id)
    place.select((bout.onset_ns, bout.end_ns))
    place.said.emit(
        f"{lane.label(bout.code)} {clock_text(bout.onset_ns)}: which code is it? Its key relabels the bout"
    )


def delete(place: Workplace) -> None:
    """Delete the bout that is meant."""
    key, bout = place.bout()
    place.do(Delete(key, bout.id))
    place.chosen = None
    place.changed.emit()


def on_bout(place: Workplace, make: Callable[[LaneKey, str], Command]) -> None:
    """Do something to the bout that is meant."""
    key, bout = place.bout()
    place.do(make(key, bout.id))


def to_breaches(place: Workplace) -> None:
    """Make the lane of breaches the active one and go to its episode; from there go back to the lane before.

    Raises
    ------
    UsageError
        The protocol imposes nothing, no such episode is set, or the lane cannot be edited.
    """
    document, session = place.document, place.document.session
    before = document.active
    if before is not None and is_breach_lane(session.protocol, before) and place.lane_before is not None:
        document.activate(place.lane_before)
        place.lane_before = None
        return
    lanes = [
        key
        for key in document.lanes
        if key.kind == "human" and key.source == f"human:{document.coder}" and episodes_of_lane(session, key)
        if is_breach_lane(session.protocol, key)
    ]
    if not lanes:
        raise UsageError("no episode is set in which the protocol wants breaches of a still face coded")
    time_ns = place.playhead.time_ns
    key = next((k for k in lanes if episode_at(episodes_of_lane(session, k), time_ns)), lanes[0])
    document.activate(key)
    place.lane_before = before
    episodes = episodes_of_lane(session, key)
    here = episode_at(episodes, time_ns)
    if here is None:
        here = episodes[0]
        place.playhead.pause()
        place.playhead.seek(here.onset_ns)
    none = document.lane(key).scheme.default_code
    place.said.emit(f"{key.role} in {here.id}: begin with the code for no breach ({none}). {BREACH_CAVEAT}")
