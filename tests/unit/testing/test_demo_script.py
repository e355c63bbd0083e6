"""The script is what it claims: whole, plausible, and shown by the poses."""

import sys
from itertools import pairwise

import numpy as np
import pytest

from stillface.domain.states import align
from stillface.errors import MissingExtraError, UsageError
from stillface.testing import script
from stillface.testing.demo import DemoDyad
from stillface.testing.strategies import AFFECT, GAZE

STREAMS = [(role, scheme) for role in script.ROLES for scheme in script.SCHEMES]


@pytest.mark.parametrize(("role", "scheme"), STREAMS)
def test_bouts_fill_the_session_without_gap_and_are_long_enough(role: str, scheme: str) -> None:
    bouts = script.bouts(role, scheme)
    assert bouts[0].onset_ns == 0
    assert bouts[-1].offset_ns == 120 * 10**9
    for before, after in pairwise(bouts):
        assert before.offset_ns == after.onset_ns
        assert before.code != after.code
    assert min(b.offset_ns - b.onset_ns for b in bouts) >= 1.5e9


@pytest.mark.parametrize("scheme", [AFFECT, GAZE], ids=lambda s: s.id)
def test_in_the_still_face_the_caregiver_is_neutral_and_looks(scheme) -> None:
    still = script.EPISODES[1]
    codes = script.truth_track("caregiver", scheme).clip(still.onset_ns, still.offset_ns)
    shown = {scheme.code_ids[c] for c, d in zip(codes.codes, codes.durations_ns, strict=True) if d > 0.6e9}
    assert shown == {"neu" if scheme is AFFECT else "partner"}


def test_play_and_reunion_hold_matches_mismatches_and_repairs() -> None:
    tracks = [script.truth_track(role, AFFECT) for role in script.ROLES]
    for episode in (script.EPISODES[0], script.EPISODES[2]):
        both = align(*(t.clip(episode.onset_ns, episode.offset_ns) for t in tracks))
        match = both.codes[0] == both.codes[1]
        assert (~match[:-1] & match[1:]).sum() >= 4
        assert 0.2 < both.durations_ns[match].sum() / 40e9 < 0.8


def test_the_truth_is_given_as_rows_and_as_tracks_alike() -> None:
    dyad = DemoDyad()
    rows = [r for r in dyad.truth_codes() if (r["role"], r["scheme_id"]) == ("infant", "gaze")]
    track = dyad.truth_track("infant", GAZE)
    assert [r["code"] for r in rows] == [GAZE.code_ids[c] for c in track.codes]
    assert [r["onset_s"] for r in rows] == (track.edges_ns[:-1] / 1e9).tolist()
    assert len(dyad.truth_codes()) == sum(len(script.bouts(*s)) for s in STREAMS)


@pytest.mark.parametrize("role", script.ROLES)
def test_every_bout_shows_its_code_from_just_after_its_onset_to_just_before_its_end(role: str) -> None:
    shows = {
        "pos": lambda p: p.expression["smile"] > 0.8 and p.expression["distress"] == 0,
        "neg": lambda p: p.expression["distress"] > 0.8 and p.expression["smile"] == 0,
        "neu": lambda p: p.expression["smile"] == p.expression["distress"] == 0,
        "partner": lambda p: abs(p.yaw_deg) < 3 and abs(p.gaze_x) < 0.1,
        "away": lambda p: abs(p.yaw_deg) > 15 and abs(p.gaze_x) > 0.5,
        "closed": lambda p: p.expression["eyes_closed"] == 1,
    }
    for scheme in script.SCHEMES:
        for bout in script.bouts(role, scheme):
            first = int(np.ceil((bout.onset_ns / 1e9 + 0.1) * 30))
            last = int((bout.offset_ns / 1e9 - 0.1) * 30) - 1
            # The film begins and ends inside a bout.
            for frame in {first, (first + last) // 2, last}:
                assert shows[bout.code](script.pose_at(role, frame)), (bout, frame)


def test_codes_change_within_the_declared_transition() -> None:
    # The infant begins to smile at 4.0 s: nothing before 3.9 s, half at 4.0 s, all by 4.1 s.
    smiles = [script.pose_at("infant", frame).expression["smile"] for frame in (116, 119, 120, 123)]
    assert smiles[0] == 0
    assert 0.25 < (smiles[1] + smiles[2]) / 2 < 0.7
    assert smiles[3] > 0.8


def test_blinks_are_short_and_not_at_borders() -> None:
    shut = [script.pose_at("caregiver", frame).expression["eyes_closed"] > 0.5 for frame in range(3600)]
    edges = np.flatnonzero(np.diff(np.array([False, *shut, False]).astype(int)))
    lengths = edges[1::2] - edges[::2]
    assert len(lengths) >= 10
    assert lengths.max() <= 6


def test_the_caregiver_never_shows_distress() -> None:
    assert "neg" not in {bout.code for bout in script.bouts("caregiver", "affect3")}


def test_an_unknown_stream_is_refused() -> None:
    with pytest.raises(UsageError, match="infant/affect3"):
        script.bouts("father", "affect3")
    with pytest.raises(UsageError, match="caregiver or infant"):
        next(DemoDyad().render("father"))
    with pytest.raises(UsageError, match="3600"):
        next(DemoDyad().render("infant", 0, 3601))


def test_drawing_without_opencv_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingExtraError, match=r"stillface\[track\]"):
        next(DemoDyad().render("infant"))
