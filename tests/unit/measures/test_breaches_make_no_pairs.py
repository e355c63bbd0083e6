"""How the procedure was kept says nothing of the pair."""

from __future__ import annotations

import numpy as np

from stillface.domain.clock import NS_PER_S as S
from stillface.domain.session import Episode, Session
from stillface.domain.states import StateTrack
from stillface.io.protocol_yaml import load_protocol
from stillface.io.scheme_yaml import load_scheme
from stillface.measures.slices import pair_slices, stream_slices


def track(role: str, scheme: str) -> StateTrack:
    edges_ns, codes = np.array([0, 40 * S], dtype=np.int64), np.array([0], dtype=np.int16)
    return StateTrack(load_scheme(scheme), role, "human:AB", edges_ns, codes)


def test_a_lane_of_breaches_is_measured_by_itself_only() -> None:
    session = Session("S1", "D1", load_protocol("ffsf_2_2_2"), (Episode("SF", 0, 40 * S, "time"),))
    tracks = (track("infant", "affect3"), track("caregiver", "affect3"), track("caregiver", "sf_breach"))
    pairs = {(p.first.track.scheme.id, p.second.track.scheme.id) for p in pair_slices(session, tracks)}
    assert pairs == {("affect3", "affect3")}
    assert "sf_breach" in {stream.track.scheme.id for stream in stream_slices(session, tracks)}
