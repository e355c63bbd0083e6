"""Documents and desks on a film of 25 frames a second, with a clock that the test turns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from stillface.domain.clock import NS_PER_S, FrameClock
from stillface.domain.protocol import EpisodeSpec, Protocol, Role
from stillface.domain.scheme import Code, CodingScheme
from stillface.domain.session import Episode, Session
from stillface.domain.states import StateTrack
from stillface.io.code_log import CodeLog
from stillface.io.code_log_name import log_name
from stillface.io.durable import OS_FS, FileSystem
from stillface.review.cameras import Camera, FrameGrid
from stillface.review.desk import Desk
from stillface.review.document import Document
from stillface.review.keymap import Keymap
from stillface.review.playhead import Playhead
from stillface.review.queue import ReviewQueue
from stillface.review.stores import Store

S = NS_PER_S
FRAME = S // 25

AFFECT = CodingScheme(
    "affect3",
    (
        Code("neg", "Negative", -1, "a", "#0072B2"),
        Code("neu", "Neutral", 0, "s", "#999999"),
        Code("pos", "Positive", 1, "d", "#E69F00"),
        Code("usc", "Unscorable", key="x", colour="#DDDDDD", gap=True),
    ),
)
HANDS = CodingScheme(
    "oral", (Code("mouth", "Hand in mouth", key="m"), Code("usc", key="x", gap=True)), exhaustive=False
)
BIDS = CodingScheme(
    "bids",
    (Code("bid", "Bid", key="b"), Code("touch", key="t")),
    type="point",
    exclusive=False,
    exhaustive=False,
)
SCHEMES = {scheme.id: scheme for scheme in (AFFECT, HANDS, BIDS)}
TIERS = (("infant", "affect3"), ("caregiver", "affect3"), ("infant", "oral"), ("infant", "bids"))
PROTOCOL = Protocol(
    "short",
    (Role("infant", focal=True), Role("caregiver")),
    (("infant", "caregiver"),),
    (EpisodeSpec("PL", "interaction"), EpisodeSpec("SF", "perturbation"), EpisodeSpec("RE", "reunion")),
)


class TurnedClock:
    """Monotonic nanoseconds that only move when told."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now


def edit_clock(start: int = 0) -> Callable[[], tuple[str, int]]:
    steps = count(start)

    def clock() -> tuple[str, int]:
        k = next(steps)
        return f"2026-03-01T10:{k // 60 % 60:02d}:{k % 60:02d}.{k // 3600:06d}Z", k

    return clock


def camera(n_frames: int = 1000) -> Camera:
    return Camera("cam", FrameClock.constant(n_frames, Fraction(25)))


def open_store(folder: Path, *, install: str = "aaaa-1111", fs: FileSystem = OS_FS) -> Store:
    folder.mkdir(parents=True, exist_ok=True)
    log = CodeLog.open(
        folder / log_name("AB", install),
        coder="AB",
        install=install,
        app_version="0",
        fs=fs,
        clock=edit_clock(),
    )
    return Store(log)


def open_document(
    folder: Path, *, tracks: Sequence[StateTrack] = (), fs: FileSystem = OS_FS, n_frames: int = 1000
) -> Document:
    episodes = (Episode("PL", 0, 10 * S), Episode("SF", 10 * S, 20 * S))
    session = Session("s1", "d1", PROTOCOL, episodes, tracks=tuple(tracks))
    stores = {"human": open_store(folder, fs=fs)}
    if tracks:
        stores["auto_reviewed"] = open_store(folder / "reviewed", fs=fs)
    grid = FrameGrid.of_camera(camera(n_frames))
    return Document(session, grid, SCHEMES.__getitem__, "AB", stores, TIERS)


def auto_track(confidence: Sequence[float] = (0.9, 0.3, 0.95, 0.6, 0.5)) -> StateTrack:
    """Give five proposals of 4 s each; the last is a gap."""
    edges = np.arange(0, 24 * S, 4 * S, dtype=np.int64)
    codes = np.array([1, 0, 1, 2, 3], dtype=np.int16)
    return StateTrack(AFFECT, "infant", "auto:affect@1", edges, codes, np.array(confidence, np.float32))


class Kit:
    """What tests of this folder build from."""

    S, FRAME = S, FRAME
    affect, hands, bids = AFFECT, HANDS, BIDS
    camera = staticmethod(camera)
    document = staticmethod(open_document)
    store = staticmethod(open_store)
    auto_track = staticmethod(auto_track)
    clock = TurnedClock

    @staticmethod
    def desk(document: Document, now: TurnedClock, **queue: object) -> Desk:
        playhead = Playhead(document.grid, [camera()], now)
        machine = [key for key in document.lanes if key.kind == "auto"]
        review = ReviewQueue(document, machine, playhead.watched, now, **queue) if machine else None  # type: ignore[arg-type]
        return Desk(document, playhead, Keymap(), review)

    @staticmethod
    def bouts(document: Document, key: object) -> list[tuple[float, float, str]]:
        """Give a lane's bouts in seconds."""
        lane = document.lane(key)  # type: ignore[arg-type]
        return [(b.onset_ns / S, b.end_ns / S, b.code) for b in lane.bouts]


@pytest.fixture(scope="session")
def kit() -> type[Kit]:
    return Kit
