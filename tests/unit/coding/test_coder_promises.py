"""What holds for every proposal, whatever the face did."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillface.coding.affect_coder import AffectCoder, AffectThresholds
from stillface.coding.gaze_coder import GazeCoder, GazeThresholds
from stillface.coding.segment import UNCALIBRATED_CAP
from stillface.contracts.coder import Coder
from stillface.domain.faces import FaceStatus
from stillface.domain.scheme import CodingScheme
from stillface.errors import FieldError

from .conftest import MakeFace

MIN_BOUT_NS = 300_000_000


@pytest.mark.parametrize("coder", [AffectCoder(), GazeCoder()], ids=["affect", "gaze"])
@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    lost=st.sampled_from([0.0, 0.05, 0.5, 0.95]),
    toward=st.sampled_from(["camera", "left", "right"]),
)
def test_promises(
    make_face: MakeFace,
    affect3: CodingScheme,
    gaze_scheme: CodingScheme,
    coder: Coder,
    seed: int,
    lost: float,
    toward: str,
) -> None:
    rng = np.random.default_rng(seed)
    n, scheme = 240, affect3 if coder.scheme_id == "affect3" else gaze_scheme

    def wander(low: float, high: float) -> np.ndarray:
        return np.repeat(rng.uniform(low, high, n // 8), 8)

    face = make_face(
        edges_ns=np.concatenate(([0], np.cumsum(rng.integers(10, 140, n)))) * 1_000_000,
        expressions={
            name: wander(-0.3, 1.0).clip(0) for name in ("smile", "distress", "eyes_closed", "mouth_open")
        },
        yaw_deg=wander(-60, 60) * rng.uniform(),
        iris_x=wander(-0.3, 0.3),
        status=np.where(rng.random(n) < lost, rng.integers(1, 6, n), FaceStatus.CODABLE),
        turn=np.where(rng.random(n) < 0.5, wander(-0.9, 0.9), np.nan),
    )
    track = coder.code(face, scheme, (), partner_toward=toward)
    edges = face.clock.edges_ns
    assert (track.onset_ns, track.offset_ns) == (edges[0], edges[-1])
    assert np.isin(track.edges_ns, edges).all()
    assert (np.diff(track.codes) != 0).all()
    assert track.bouts().durations_ns.min(initial=MIN_BOUT_NS) >= MIN_BOUT_NS
    frames = np.searchsorted(track.edges_ns, edges[:-1], side="right") - 1
    seen = face.codable
    if coder.scheme_id == "gaze":
        seen = seen | (face.turn_known == 1) & (face.status == FaceStatus.TURNED_AWAY)
    assert not (track.scorable[frames] & ~seen).any()
    assert track.confidence is not None
    assert track.confidence.max() <= np.float32(UNCALIBRATED_CAP)
    assert (track.confidence[~track.scorable] == 0).all()
    assert (track.confidence[track.scorable] > 0).all()


@pytest.mark.parametrize(
    ("thresholds", "bad", "message"),
    [
        (AffectThresholds, {"leave": 1.0}, r"AffectThresholds.enter: too small: got 1.0, expected above 1"),
        (AffectThresholds, {"lift": 0.0}, r"AffectThresholds.lift: too small"),
        (AffectThresholds, {"min_bout_ms": -1}, r"AffectThresholds.min_bout_ms: negative"),
        (GazeThresholds, {"leave_deg": 15.0}, r"GazeThresholds.leave_deg: too small: .*expected above 15"),
        (GazeThresholds, {"bridge_lost_ms": -200}, r"GazeThresholds.bridge_lost_ms: negative"),
    ],
)
def test_thresholds_that_cannot_work_are_refused(
    thresholds: Any, bad: dict[str, float], message: str
) -> None:
    with pytest.raises(FieldError, match=message):
        thresholds(**bad)
