"""The coders on the built-in dyad's drawn landmarks: plumbing, never accuracy.

What is moved there is what is measured here, so agreement must be high, and a fall shows a broken
threshold, sign or clock; it says nothing of real faces.
"""

from __future__ import annotations

import numpy as np
import pytest

from stillface.coding.affect_coder import AffectCoder
from stillface.coding.gaze_coder import GazeCoder
from stillface.contracts.coder import Coder
from stillface.domain.faces import FaceTrack
from stillface.domain.scheme import CodingScheme
from stillface.domain.states import StateTrack, align
from stillface.testing.faces import scripted_face_track
from stillface.testing.script import EPISODES, ROLES, truth_track


@pytest.fixture(scope="module", params=ROLES)
def stand_in(request: pytest.FixtureRequest) -> FaceTrack:
    """Give one stand-in's face as a tracker would have seen it."""
    return scripted_face_track(request.param)


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
    truth = truth_track(stand_in.role, scheme)
    found = coder.code(stand_in, scheme, EPISODES, partner_toward="camera")
    kappa = kappa_per_code(truth, found)
    assert set(kappa) == {scheme.code_ids[code] for code in np.unique(truth.codes)}
    assert min(kappa.values()) > 0.9, kappa
