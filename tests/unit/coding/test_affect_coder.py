from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from stillface.coding.affect_coder import AffectCoder, AffectThresholds
from stillface.coding.segment import UNCALIBRATED_CAP
from stillface.contracts.coder import Coder
from stillface.domain.clock import FrameClock
from stillface.domain.faces import FaceStatus, FaceTrack
from stillface.domain.provenance import params_hash
from stillface.domain.scheme import Code, CodingScheme
from stillface.domain.session import Episode
from stillface.domain.states import StateTrack
from stillface.errors import InputError

from .conftest import MakeFace

S = 1_000_000_000
# 30 s at 30 frames per second.
N = 900


def during(n: int, *spans: tuple[int, int]) -> np.ndarray:
    """Give 1 in the frames of the spans and 0 elsewhere."""
    strength = np.zeros(n)
    for start, stop in spans:
        strength[start:stop] = 1.0
    return strength


def propose(face: FaceTrack, scheme: CodingScheme, **thresholds: Any) -> StateTrack:
    return AffectCoder(AffectThresholds(**thresholds)).code(face, scheme, (), partner_toward="camera")


def codes_by_frame(track: StateTrack, face: FaceTrack) -> np.ndarray:
    segment = np.searchsorted(track.edges_ns, face.clock.edges_ns[:-1], side="right") - 1
    return np.array(track.scheme.code_ids)[track.codes[segment]]


def test_it_fulfils_the_contract() -> None:
    assert isinstance(AffectCoder(), Coder)


def test_smile_and_distress_are_found_where_they_are(make_face: MakeFace, affect3: CodingScheme) -> None:
    face = make_face(N, expressions={"smile": during(N, (200, 350)), "distress": during(N, (500, 650))})
    track = propose(face, affect3)
    assert [affect3.code_ids[code] for code in track.codes] == ["neu", "pos", "neu", "neg", "neu"]
    borders = track.edges_ns[1:-1] / S * 30
    assert borders == pytest.approx([200, 350, 500, 650], abs=2)
    assert track.source == "auto:affect@1.0"
    assert track.role == "infant"
    assert (track.onset_ns, track.offset_ns) == (0, face.clock.edges_ns[-1])


@pytest.mark.parametrize(
    "expressions", [{"eyes_closed": 1.0}, {"mouth_open": 1.0}, {"mouth_open": 1.0, "eyes_closed": 1.0,
                    "brow_raise": 1.0}, {"brow_raise": 1.0}],
    ids=["sleep", "talk", "yawn", "brows"],
)  # fmt: skip
def test_one_sign_alone_is_not_negative(
    make_face: MakeFace, affect3: CodingScheme, expressions: dict[str, float]
) -> None:
    shown = {name: strength * during(N, (300, 500)) for name, strength in expressions.items()}
    track = propose(make_face(N, expressions=shown), affect3)
    assert [affect3.code_ids[code] for code in track.codes] == ["neu"]


def test_sleep_is_neutral_with_little_confidence(make_face: MakeFace, affect3: CodingScheme) -> None:
    awake = propose(make_face(N), affect3)
    asleep = propose(make_face(N, expressions={"eyes_closed": during(N, (300, 900))}), affect3)
    assert awake.confidence is not None
    assert asleep.confidence is not None
    assert asleep.confidence[0] < 0.8 * awake.confidence[0]


def test_a_frowning_sleeper_with_lips_apart_is_not_negative(
    make_face: MakeFace, affect3: CodingScheme
) -> None:
    asleep = during(N, (300, 500))
    shown = {"eyes_closed": asleep, "brow_raise": -0.4 * asleep, "mouth_open": 0.5 * asleep}
    face = make_face(N, expressions=shown)
    assert set(codes_by_frame(propose(face, affect3), face)) == {"neu"}
    crying = {"eyes_closed": 0.6 * asleep, "distress": asleep}
    face = make_face(N, expressions=crying)
    assert set(codes_by_frame(propose(face, affect3), face)[305:495]) == {"neg"}


def test_a_faint_smile_needs_open_eyes(make_face: MakeFace, affect3: CodingScheme) -> None:
    # Wide rather than lifted, as a strained smile is.
    span = during(N, (300, 500))
    for closed, code in ((0.0, "pos"), (1.0, "neu")):
        shown = {"smile": 0.62 * span, "distress": 0.15 * span, "eyes_closed": closed * span}
        face = make_face(N, expressions=shown)
        assert set(codes_by_frame(propose(face, affect3), face)[305:495]) == {code}


def test_a_grimace_is_not_a_smile(make_face: MakeFace, affect3: CodingScheme) -> None:
    span = during(N, (300, 500))
    for brow, code in ((0.0, "pos"), (-0.7, "neu")):
        shown = {"smile": 0.8 * span, "eyes_closed": 0.4 * span, "brow_raise": brow * span}
        face = make_face(N, expressions=shown)
        assert set(codes_by_frame(propose(face, affect3), face)[305:495]) == {code}


def test_a_laugh_with_squeezed_eyes_is_not_negative(make_face: MakeFace, affect3: CodingScheme) -> None:
    span = during(N, (300, 500))
    shown = {"smile": span, "mouth_open": span, "eyes_closed": 0.4 * span, "brow_raise": -0.7 * span}
    face = make_face(N, expressions=shown)
    assert "neg" not in codes_by_frame(propose(face, affect3), face)


def test_brows_that_always_move_are_no_evidence(make_face: MakeFace, affect3: CodingScheme) -> None:
    span = during(N, (300, 500))
    talk = {"mouth_open": span, "eyes_closed": 0.4 * span}
    for restless, code in ((0.0, "neg"), (1.0, "neu")):
        moving = 0.7 * np.sin(np.arange(N) / 15) * (1 - span)
        face = make_face(N, expressions={**talk, "brow_raise": restless * moving - 0.7 * span})
        assert set(codes_by_frame(propose(face, affect3), face)[305:495]) == {code}


def test_a_long_blink_while_talking_is_not_a_cry(make_face: MakeFace, affect3: CodingScheme) -> None:
    talk = during(N, (300, 600))
    shown = {"mouth_open": talk, "brow_raise": -0.5 * talk, "eyes_closed": during(N, (400, 411))}
    face = make_face(N, expressions=shown)
    assert set(codes_by_frame(propose(face, affect3), face)) == {"neu"}


def test_eyes_and_brows_of_a_turned_head_are_no_evidence(make_face: MakeFace, affect3: CodingScheme) -> None:
    span = during(N, (300, 500))
    shown = {"mouth_open": 0.5 * span, "eyes_closed": 0.4 * span, "brow_raise": -0.8 * span}
    for yaw, code in ((0.0, "neg"), (35.0, "neu")):
        face = make_face(N, expressions=shown, yaw_deg=yaw * span)
        assert set(codes_by_frame(propose(face, affect3), face)[305:495]) == {code}


def test_a_smile_with_narrowed_eyes_is_still_positive(make_face: MakeFace, affect3: CodingScheme) -> None:
    shown = {"smile": during(N, (300, 500)), "eyes_closed": 0.4 * during(N, (300, 500))}
    face = make_face(N, expressions=shown)
    assert set(codes_by_frame(propose(face, affect3), face)[305:495]) == {"pos"}


def test_blinks_change_nothing(make_face: MakeFace, affect3: CodingScheme) -> None:
    blinks = during(N, *((k, k + 5) for k in range(20, N, 90)))
    shown = {"distress": during(N, (300, 600))}
    still = propose(make_face(N, expressions=shown), affect3)
    # Blinking squeezes the brows too; without the gate each blink would do what distress does.
    blinking = propose(make_face(N, expressions={**shown, "eyes_closed": 0.6 * blinks}), affect3)
    assert np.array_equal(still.codes, blinking.codes)
    assert np.abs(still.edges_ns - blinking.edges_ns).max() <= 3 * S // 30


def test_forty_per_cent_smiling_does_not_make_a_smile_neutral(
    make_face: MakeFace, affect3: CodingScheme
) -> None:
    smile = during(N, *((k, k + 120) for k in range(100, N - 120, 290)))
    smile[: N * 4 // 10 - int(smile.sum())] = 1.0
    assert smile.mean() == pytest.approx(0.4, abs=0.01)
    face = make_face(N, expressions={"smile": smile})
    found = codes_by_frame(propose(face, affect3), face)
    assert np.mean((found == "pos") == (smile > 0)) > 0.97


def test_most_of_the_time_in_distress_still_leaves_a_neutral_face(
    make_face: MakeFace, affect3: CodingScheme
) -> None:
    distress = during(N, (350, N))
    face = make_face(N, expressions={"distress": distress})
    found = codes_by_frame(propose(face, affect3), face)
    assert np.mean((found == "neg") == (distress > 0)) > 0.98


def test_nothing_seen_is_all_unscorable(make_face: MakeFace, affect3: CodingScheme) -> None:
    face = make_face(N, status=FaceStatus.NO_FACE)
    track = propose(face, affect3)
    assert track.codes.tolist() == [affect3.index("usc")]
    assert track.scorable_ns == 0
    assert track.confidence is not None
    assert track.confidence.tolist() == [0.0]


def test_too_little_seen_is_refused_and_says_how_much_is_needed(
    make_face: MakeFace, affect3: CodingScheme
) -> None:
    status = np.where(np.arange(N) < 59, FaceStatus.CODABLE, FaceStatus.NO_FACE)
    face = make_face(N, status=status)
    assert propose(face, affect3).scorable_ns == 0
    neutral = AffectCoder().neutral(face, ())
    assert not neutral.accepted
    assert "59 usable frames" in neutral.reason
    assert "60 needed" in neutral.reason
    one_more = make_face(N, status=np.where(np.arange(N) < 60, FaceStatus.CODABLE, FaceStatus.NO_FACE))
    assert AffectCoder().neutral(one_more, ()).accepted
    assert AffectCoder().neutral(one_more, ()).reason == ""


def test_lost_tracking_is_unscorable_even_inside_a_smile(make_face: MakeFace, affect3: CodingScheme) -> None:
    status = np.full(N, FaceStatus.CODABLE)
    status[250:254] = FaceStatus.NO_FACE
    status[400:500] = FaceStatus.GHOST
    face = make_face(N, expressions={"smile": during(N, (200, 300))}, status=status)
    found = codes_by_frame(propose(face, affect3), face)
    assert set(found[250:254]) == set(found[400:500]) == {"usc"}
    assert np.array_equal(found == "usc", status != FaceStatus.CODABLE)


def test_lost_tracking_is_bridged_only_on_demand_and_without_confidence(
    make_face: MakeFace, affect3: CodingScheme
) -> None:
    status = np.full(N, FaceStatus.CODABLE)
    status[250:254] = FaceStatus.GHOST  # 133 ms
    status[260:270] = FaceStatus.NO_FACE  # 333 ms
    face = make_face(N, expressions={"smile": during(N, (200, 300))}, status=status)
    strict, bridged = propose(face, affect3), propose(face, affect3, bridge_lost_ms=200)
    # The six frames between the two gaps are too few for a bout of their own.
    assert set(codes_by_frame(strict, face)[250:270]) == {"usc"}
    found = codes_by_frame(bridged, face)
    assert set(found[200:260]) == {"pos"}
    assert set(found[260:270]) == {"usc"}
    assert strict.confidence is not None
    assert bridged.confidence is not None
    assert bridged.confidence[1] == pytest.approx(strict.confidence[1] * 56 / 60, rel=0.01)
    coder = AffectCoder(AffectThresholds(bridge_lost_ms=200))
    assert params_hash(coder.params) != params_hash(AffectCoder().params)


def test_a_turned_head_beyond_the_limit_is_unscorable(make_face: MakeFace, affect3: CodingScheme) -> None:
    face = make_face(N, yaw_deg=np.where(during(N, (400, 500)) > 0, 48.0, 5.0))
    found = codes_by_frame(propose(face, affect3), face)
    assert np.array_equal(found == "usc", during(N, (400, 500)) > 0)


def test_an_open_mouth_on_a_half_turned_head_cannot_be_told(
    make_face: MakeFace, affect3: CodingScheme
) -> None:
    turned = during(N, (400, 600))
    face = make_face(N, yaw_deg=35.0 * turned, expressions={"distress": during(N, (450, 550))})
    found = codes_by_frame(propose(face, affect3), face)
    assert set(found[455:545]) == {"usc"}
    assert set(found[400:445]) == set(found[555:]) == {"neu"}


def test_shifting_time_shifts_the_bouts_and_nothing_else(make_face: MakeFace, affect3: CodingScheme) -> None:
    face = make_face(N, expressions={"smile": during(N, (200, 350)), "distress": during(N, (500, 650))})
    by_ns = 3_600 * S + 7
    later = propose(replace(face, clock=FrameClock(face.clock.edges_ns + by_ns)), affect3)
    plain = propose(face, affect3)
    assert np.array_equal(later.edges_ns, plain.edges_ns + by_ns)
    assert np.array_equal(later.codes, plain.codes)
    assert later.confidence is not None
    assert later.confidence == pytest.approx(plain.confidence)


def test_bouts_follow_the_film_s_own_stamps(make_face: MakeFace, affect3: CodingScheme) -> None:
    rng = np.random.default_rng(3)
    edges = np.concatenate(([0], np.cumsum(rng.choice([17, 33, 50, 133], N)))).astype(np.int64) * 1_000_000
    face = make_face(edges_ns=edges, expressions={"smile": during(N, (300, 400))})
    track = propose(face, affect3)
    assert set(track.edges_ns.tolist()) <= set(edges.tolist())
    onset, offset = track.edges_ns[1:3]
    assert abs(onset - edges[300]) <= 0.2 * S
    assert abs(offset - edges[400]) <= 0.2 * S


def test_the_shortest_bout_is_a_time_not_a_number_of_frames(
    make_face: MakeFace, affect3: CodingScheme
) -> None:
    # Eight frames of smile: 267 ms at 30 per second, 1 s where the film runs at 8 per second.
    for frame_ms, kept in ((33, False), (125, True)):
        edges = np.arange(N + 1, dtype=np.int64) * frame_ms * 1_000_000
        face = make_face(edges_ns=edges, expressions={"smile": during(N, (300, 308))})
        assert ("pos" in codes_by_frame(propose(face, affect3), face)) is kept


def test_no_bout_is_shorter_than_the_minimum(make_face: MakeFace, affect3: CodingScheme) -> None:
    rng = np.random.default_rng(5)
    smile = np.repeat(rng.integers(0, 2, N // 3), 3).astype(float)
    smile[:300] = 0
    status = np.where(rng.random(N) < 0.1, FaceStatus.NO_FACE, FaceStatus.CODABLE)
    track = propose(make_face(N, expressions={"smile": smile}, status=status), affect3)
    alone = track.bouts()
    assert alone.codes.size > 0
    assert alone.durations_ns.min() >= 0.3 * S


def test_confidence_is_capped_and_lower_for_negative(make_face: MakeFace, affect3: CodingScheme) -> None:
    face = make_face(N, expressions={"smile": during(N, (200, 350)), "distress": during(N, (500, 650))})
    track = propose(face, affect3)
    assert track.confidence is not None
    sure = dict(zip((affect3.code_ids[c] for c in track.codes), track.confidence.tolist(), strict=True))
    assert 0.4 < sure["pos"] <= np.float32(UNCALIBRATED_CAP)
    assert 0.2 < sure["neg"] <= 0.5
    half = np.float32(0.5)
    for worse in ({"score": face.score * half}, {"face_px": face.face_px * half * half * half}):
        less = propose(replace(face, **worse), affect3)
        assert less.confidence is not None
        assert (less.confidence < track.confidence).all()


def test_the_neutral_face_is_learned_where_it_may_be(make_face: MakeFace, affect3: CodingScheme) -> None:
    # Smiling all through but for the baseline of 3 s: only with that baseline declared is it told.
    face = make_face(N, expressions={"smile": 1.0 - during(N, (0, 90))})
    baseline = Episode("BL", 0, 3 * S)
    coder = AffectCoder()
    told = coder.code(face, affect3, (baseline,), partner_toward="camera")
    assert [affect3.code_ids[code] for code in told.codes] == ["neu", "pos"]
    assert coder.neutral(face, (baseline,)).n_frames == 90
    assert coder.neutral(face, (Episode("BL", 0, S),)).reason.startswith("no neutral face: 30 usable")


def test_a_turn_lowers_confidence(make_face: MakeFace, affect3: CodingScheme) -> None:
    facing, turned = propose(make_face(N), affect3), propose(make_face(N, yaw_deg=24.0), affect3)
    assert facing.confidence is not None
    assert turned.confidence is not None
    assert turned.confidence[0] < facing.confidence[0] - 0.02


def test_the_neutral_face_has_open_eyes(make_face: MakeFace) -> None:
    closed = during(N, *((k, k + 60) for k in range(100, N, 100)))
    neutral = AffectCoder().neutral(make_face(N, expressions={"eyes_closed": closed}), ())
    awake = AffectCoder().neutral(make_face(N), ())
    assert neutral.centre["eye_aperture"] == pytest.approx(awake.centre["eye_aperture"], abs=0.01)
    assert neutral.n_frames <= N - closed.sum()


def test_the_neutral_face_counts_time_and_not_frames(make_face: MakeFace) -> None:
    # Neutral in 80 of 1000 frames, but these last two thirds of the time.
    frame_ms = np.repeat([200, 10], [80, 920])
    edges = np.concatenate(([0], np.cumsum(frame_ms))).astype(np.int64) * 1_000_000
    smile = np.repeat([0.0, 1.0], [80, 920])
    face = make_face(edges_ns=edges, expressions={"smile": smile})
    relaxed = AffectCoder().neutral(make_face(N), ())
    assert AffectCoder().neutral(face, ()).centre["lift"] == pytest.approx(relaxed.centre["lift"], abs=0.005)


def test_a_scheme_without_the_codes_is_refused(make_face: MakeFace) -> None:
    face = make_face(90)
    with pytest.raises(InputError, match=r"lab@1.0.*lacks codes.*expected also pos, neu"):
        propose(face, CodingScheme("lab", (Code("neg"), Code("usc", gap=True))))
    with pytest.raises(InputError, match="no gap code"):
        propose(face, CodingScheme("lab", (Code("neg"), Code("neu"), Code("pos"))))
