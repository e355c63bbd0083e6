"""Where a coder left off: kept on this computer, apart from the study, and never needed to open it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from stillface.errors import InputError, UsageError
from stillface.io.durable import write_atomic
from stillface.review.desk import Desk
from stillface.review.habits import Habits
from stillface.review.install import settings_dir
from stillface.review.lanes import LaneKey
from stillface.review.timeline import View

__all__ = ["Place", "load_place", "place_of", "save_place", "take_place"]


@dataclass(frozen=True)
class Place:
    """What is seen and meant at one moment of a sitting.

    Parameters
    ----------
    time_ns : int
        Of the playhead.
    view_onset_ns, ns_per_px : float
        What the timeline shows.
    lane : (str, str, str) or None
        Role, scheme and source of the active lane.
    habits : Habits
    marks : mapping of str to bool
        Which marks are drawn over the films.
    docks : str
        How the window lays out its docks, as Qt writes it.
    """

    time_ns: int
    view_onset_ns: float
    ns_per_px: float
    lane: tuple[str, str, str] | None = None
    habits: Habits = field(default_factory=Habits)
    marks: dict[str, bool] = field(default_factory=dict)
    docks: str = ""


def _path(study_id: str, session_id: str, coder: str) -> Path:
    # A digest: no coder's or session's name stands in this computer's settings.
    name = sha256("\n".join((study_id, session_id, coder)).encode()).hexdigest()[:24]
    return settings_dir() / "places" / f"{name}.json"


def place_of(desk: Desk, view: View, marks: dict[str, bool], docks: str = "") -> Place:
    """Give where a desk stands now; in the review it is the lane that was coded before."""
    lane = desk.coding_lane
    key = None if lane is None else (lane.role, lane.scheme_id, lane.source)
    return Place(desk.playhead.time_ns, view.onset_ns, view.ns_per_px, key, desk.habits, marks, docks)


def take_place(desk: Desk, place: Place) -> None:
    """Go to where a sitting ended; a lane that is no longer there, or locked, is passed over."""
    desk.playhead.seek(place.time_ns)
    if place.lane is not None:
        key = LaneKey(*place.lane)
        lane = desk.document.lanes.get(key)
        if lane is not None and lane.editable:
            desk.document.activate(key)
    if desk.document.locked is None:
        desk.set_habits(place.habits)


def save_place(study_id: str, session_id: str, coder: str, place: Place) -> None:
    """Keep a place; raises StorageError."""
    path = _path(study_id, session_id, coder)
    path.parent.mkdir(parents=True, exist_ok=True)
    held = {
        "time_ns": place.time_ns,
        "view_onset_ns": place.view_onset_ns,
        "ns_per_px": place.ns_per_px,
        "lane": place.lane,
        "habits": place.habits.as_plain(),
        "marks": place.marks,
        "docks": place.docks,
    }
    write_atomic(path, json.dumps(held, indent=1).encode())


def load_place(study_id: str, session_id: str, coder: str) -> Place | None:
    """Give where this coder left off, or None where they were never here.

    Raises
    ------
    InputError
        What is kept cannot be read; the session opens without it.
    """
    path = _path(study_id, session_id, coder)
    if not path.is_file():
        return None
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        lane = held["lane"]
        return Place(
            int(held["time_ns"]),
            float(held["view_onset_ns"]),
            float(held["ns_per_px"]),
            None if lane is None else (str(lane[0]), str(lane[1]), str(lane[2])),
            Habits.of_plain(held["habits"]),
            {str(name): bool(on) for name, on in held["marks"].items()},
            str(held["docks"]),
        )
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, OSError, UsageError) as error:
        raise InputError("where you left off could not be read", where=path.name) from error
