"""The coders on the built-in dyad's drawn landmarks: plumbing, never accuracy.

What is moved there is what is measured here, so agreement must be high, and a fall shows a broken
threshold, sign or clock; it says nothing of real faces.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from stillface.coding.affect_coder import AffectCoder
from stillface.coding.gaze_coder import GazeCoder
from stillface.contracts.coder import Coder
from stillface.domain.clock import FrameClock
from stillface.domain.faces import FaceTrack
from stillface.domain.scheme import CodingScheme
from stillface.domain.states import StateTrack, align
from stillface.testing.demo import LOOKS, DemoDyad
from stillface.testing.portrait import Portrait
from stillface.testing.script import pose_at

STEP = 3  # every third frame: 10 per second, so that a blink is still seen


@pytest.fixture(scope="module", params=["infant", "caregiver"])
def stand_in(request: pytest.FixtureRequest) -> FaceTrack:
    """Give one stand-in's face as if a faultless tracker had seen it."""
    dyad, role = DemoDyad(), request.param
    portrait, frames = Portrait(LOOKS[role]), range(0, dyad.n_frames, STEP)
    poses = [pose_at(role, frame) for frame in frames]
    landmarks = np.array([portrait.landmarks(pose) for pose in poses], np.float32)
    n = len(poses)
    across = landmarks[:, 263, :2] - landmarks[:, 33, :2]
    middle = (landmarks[:, [33, 133, 263, 362], :2]).mean(axis=1)
    irises = landmarks[:, [468, 473], :2].mean(axis=1)
    eye_width = np.linalg.norm(landmarks[:, 133, :2] - landmarks[:, 33, :2], axis=1)
    iris_x = ((irises - middle) * across).sum(axis=1) / np.linalg.norm(across, axis=1) / eye_width
    ones = np.ones(n, np.float32)
    return FaceTrack(
        role=role,
        recording_id="film",
        clock=FrameClock.constant(n, Fraction(dyad.rate, STEP)),
        status=np.zeros(n, np.uint8),
        landmarks_px=landmarks,
        box_px=np.concatenate((landmarks[..., :2].min(1), landmarks[..., :2].max(1)), axis=1),
        score=ones,
        yaw_deg=np.array([pose.yaw_deg for pose in poses], np.float32),
        pitch_deg=-np.array([pose.pitch_deg for pose in poses], np.float32),  # a Pose counts downwards
        roll_deg=np.array([pose.roll_deg for pose in poses], np.float32),
        iris_x=iris_x.astype(np.float32),
        iris_y=0 * ones,
        face_px=200 * ones,
        sharpness=100 * ones,
        source="drawn@1",
    )


def kappa_per_code(truth: StateTrack, found: StateTrack) -> dict[str, float]:
    """Give time-weighted kappa of each code against the rest."""
    both = align(truth, found)
    weight = both.durations_ns / both.durations_ns.sum()
    out = {}
    for index, code in enumerate(truth.scheme.code_ids):
        a, b = both.codes == index
        p, q = weight[a].sum(), weight[b].sum()
        chance = p * q + (1 - p) * (1 - q)
        if chance < 1:
            out[code] = float((weight[a == b].sum() - chance) / (1 - chance))
    return out


@pytest.mark.parametrize("coder", [AffectCoder(), GazeCoder()], ids=["affect", "gaze"])
def test_scripted_codes_come_back(
    stand_in: FaceTrack, coder: Coder, affect3: CodingScheme, gaze_scheme: CodingScheme
) -> None:
    scheme = {"affect3": affect3, "gaze": gaze_scheme}[coder.scheme_id]
    dyad = DemoDyad()
    truth = dyad.truth_track(stand_in.role, scheme)
    found = coder.code(stand_in, scheme, dyad.episodes, partner_toward="camera")
    kappa = kappa_per_code(truth, found)
    assert set(kappa) == {scheme.code_ids[code] for code in np.unique(truth.codes)}
    assert min(kappa.values()) > 0.9, kappa
