from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from stillface.coding.gaze_coder import GazeCoder, GazeThresholds
from stillface.coding.head_turn import HeadTurnLimits
from stillface.coding.partner import PartnerLimits, learn_partner
from stillface.coding.segment import UNCALIBRATED_CAP
from stillface.contracts.coder import Coder
from stillface.domain.clock import FrameClock
from stillface.domain.faces import FaceStatus, FaceTrack
from stillface.domain.provenance import params_hash
from stillface.domain.scheme import CodingScheme
from stillface.domain.session import Episode
from stillface.domain.states import StateTrack
from stillface.errors import FieldError, UsageError

from .conftest import MakeFace

S = 1_000_000_000
N = 900


def during(n: int, *spans: tuple[int, int]) -> np.ndarray:
    mask = np.zeros(n, np.bool_)
    for start, stop in spans:
        mask[start:stop] = True
    return mask


def codes_by_frame(track: StateTrack, face: FaceTrack) -> np.ndarray:
    segment = np.searchsorted(track.edges_ns, face.clock.edges_ns[:-1], side="right") - 1
    return np.array(track.scheme.code_ids)[track.codes[segment]]


def propose(face: FaceTrack, scheme: CodingScheme, toward: str = "camera") -> StateTrack:
    return GazeCoder().code(face, scheme, (), partner_toward=toward)


def test_it_fulfils_the_contract() -> None:
    coder = GazeCoder()
    assert isinstance(coder, Coder)
    assert params_hash(coder.params) != params_hash(GazeCoder(GazeThresholds(enter_deg=12.0)).params)


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize(
    ("yaw", "iris"), [(30.0, 0.0), (0.0, 0.3), (15.0, 0.15)], ids=["head", "eyes", "both"]
)
def test_looking_away_by_head_eyes_or_both(
    make_face: MakeFace, gaze_scheme: CodingScheme, side: int, yaw: float, iris: float
) -> None:
    away = during(N, (300, 450))
    face = make_face(N, yaw_deg=np.where(away, side * yaw, 0.0), iris_x=np.where(away, side * iris, 0.0))
    track = propose(face, gaze_scheme)
    assert [gaze_scheme.code_ids[code] for code in track.codes] == ["partner", "away", "partner"]
    assert track.edges_ns[1:-1] / S * 30 == pytest.approx([300, 450], abs=1)
    assert track.source == "auto:gaze@1.1"


def test_eyes_that_stay_on_the_partner_while_the_head_turns(
    make_face: MakeFace, gaze_scheme: CodingScheme
) -> None:
    turned = during(N, (300, 450))
    face = make_face(N, yaw_deg=np.where(turned, 22.0, 0.0), iris_x=np.where(turned, -0.22, 0.0))
    assert set(codes_by_frame(propose(face, gaze_scheme), face)) == {"partner"}


def test_a_head_sunk_on_the_chest_looks_away(make_face: MakeFace, gaze_scheme: CodingScheme) -> None:
    sunk = during(N, (300, 450))
    face = make_face(N, pitch_deg=np.where(sunk, -35.0, -5.0))
    assert np.array_equal(codes_by_frame(propose(face, gaze_scheme), face) == "away", sunk)


def test_a_head_turned_too_far_is_unscorable(make_face: MakeFace, gaze_scheme: CodingScheme) -> None:
    turned = during(N, (300, 450))
    face = make_face(N, yaw_deg=np.where(turned, 55.0, 0.0))
    assert np.array_equal(codes_by_frame(propose(face, gaze_scheme), face) == "usc", turned)


def test_the_partner_is_where_the_person_looks_most(make_face: MakeFace, gaze_scheme: CodingScheme) -> None:
    away = during(N, (300, 500))
    face = make_face(N, yaw_deg=np.where(away, -8.0, 12.0), iris_x=np.where(away, -0.1, 0.0))
    direction = GazeCoder().partner_direction(face, (), partner_toward="camera")
    assert direction.learned
    assert direction.yaw_deg == pytest.approx(12.0, abs=0.5)
    assert np.array_equal(codes_by_frame(propose(face, gaze_scheme), face) == "away", away)


def test_only_play_teaches_the_partner_s_direction(make_face: MakeFace, gaze_scheme: CodingScheme) -> None:
    # In the still face the infant looks aside all the time: more than at the partner in play.
    aside = during(N, (300, N))
    face = make_face(N, yaw_deg=np.where(aside, 18.0, 0.0), iris_x=np.where(aside, 0.1, 0.0))
    episodes = (Episode("PL", 0, 10 * S), Episode("SF", 10 * S, 30 * S))
    track = GazeCoder().code(face, gaze_scheme, episodes, partner_toward="camera")
    assert np.array_equal(codes_by_frame(track, face) == "away", aside)
    assert GazeCoder().partner_direction(face, episodes, partner_toward="camera").n_frames == 300


@pytest.mark.parametrize(("toward", "sign"), [("left", -1), ("right", 1)])
def test_a_partner_at_the_side(
    make_face: MakeFace, gaze_scheme: CodingScheme, toward: str, sign: int
) -> None:
    to_camera = during(N, (300, 450))
    face = make_face(N, yaw_deg=np.where(to_camera, 0.0, sign * 35.0))
    assert np.array_equal(codes_by_frame(propose(face, gaze_scheme, toward), face) == "away", to_camera)


def test_a_blink_is_not_an_aversion_and_closed_eyes_are_closed(
    make_face: MakeFace, gaze_scheme: CodingScheme
) -> None:
    blink, asleep = during(N, (200, 211)), during(N, (400, 460))
    # The lids hide the iris: its reading goes anywhere.
    face = make_face(
        N,
        expressions={"eyes_closed": np.where(blink | asleep, 1.0, 0.0)},
        iris_x=np.where(blink | asleep, 0.5, 0.0),
    )
    track = propose(face, gaze_scheme)
    assert [gaze_scheme.code_ids[code] for code in track.codes] == ["partner", "closed", "partner"]
    assert track.edges_ns[1:-1] / S * 30 == pytest.approx([400, 460], abs=1)
    assert track.confidence is not None
    assert track.confidence[1] <= 0.5


def test_what_is_not_seen_is_unscorable_and_object_is_never_proposed(
    make_face: MakeFace, gaze_scheme: CodingScheme
) -> None:
    rng = np.random.default_rng(2)
    status = np.full(N, FaceStatus.CODABLE)
    status[500:600] = FaceStatus.TURNED_AWAY
    face = make_face(N, yaw_deg=np.repeat(rng.uniform(-45, 45, N // 30), 30), status=status)
    found = codes_by_frame(propose(face, gaze_scheme), face)
    assert set(found[500:600]) == {"usc"}
    assert set(found) == {"partner", "away", "usc"}


def test_no_face_at_all(make_face: MakeFace, gaze_scheme: CodingScheme) -> None:
    face = make_face(N, status=FaceStatus.NO_FACE)
    assert propose(face, gaze_scheme).codes.tolist() == [gaze_scheme.index("usc")]
    direction = GazeCoder().partner_direction(face, (), partner_toward="camera")
    assert not direction.accepted
    assert "0 usable" in direction.reason
    assert "60 needed" in direction.reason


def test_small_movements_round_the_border_make_no_bouts(
    make_face: MakeFace, gaze_scheme: CodingScheme
) -> None:
    sway = np.where(during(N, (400, 700)), 17.0 + 2.5 * np.sin(np.arange(N)), 0.0)
    sway[400:410] = 12.0
    assert set(codes_by_frame(propose(f := make_face(N, yaw_deg=sway), gaze_scheme), f)) == {"partner"}


def test_shifting_time_changes_nothing_else(make_face: MakeFace, gaze_scheme: CodingScheme) -> None:
    face = make_face(N, yaw_deg=np.where(during(N, (300, 450)), 30.0, 0.0))
    later = propose(replace(face, clock=FrameClock(face.clock.edges_ns + 12_345_678_901)), gaze_scheme)
    plain = propose(face, gaze_scheme)
    assert np.array_equal(later.edges_ns, plain.edges_ns + 12_345_678_901)
    assert np.array_equal(later.codes, plain.codes)


def test_confidence_is_capped_and_lower_on_the_prior(make_face: MakeFace, gaze_scheme: CodingScheme) -> None:
    learned = propose(make_face(N), gaze_scheme)
    prior = propose(make_face(N, yaw_deg=30.0), gaze_scheme)
    assert learned.confidence is not None
    assert prior.confidence is not None
    assert 0.6 < learned.confidence.max() <= np.float32(UNCALIBRATED_CAP)
    assert prior.confidence.max() <= 0.5


class TestPartnerDirection:
    LIMITS = PartnerLimits()

    def learn(self, yaw: np.ndarray, toward: str = "camera", ms: np.ndarray | int = 33):  # type: ignore[no-untyped-def]
        durations = np.broadcast_to(ms, yaw.size).astype(np.int64) * 1_000_000
        return learn_partner(yaw, np.zeros(yaw.size), durations, toward, self.LIMITS)

    def test_two_common_directions_are_not_told_apart(self) -> None:
        direction = self.learn(np.concatenate((np.full(100, 0.0), np.full(90, 40.0))))
        assert not direction.learned
        assert direction.yaw_deg == 0.0
        assert "two directions are common: 53% and 47%" in direction.reason

    def test_looking_everywhere_is_no_direction(self) -> None:
        direction = self.learn(np.linspace(-50, 50, 300))
        assert not direction.learned
        assert "no direction is common" in direction.reason

    def test_a_toy_at_the_side_is_not_the_partner(self) -> None:
        direction = self.learn(np.full(300, 30.0))
        assert not direction.learned
        assert direction.yaw_deg == 0.0
        assert "30 degrees from where the partner is said to be" in direction.reason
        assert self.learn(np.full(300, 30.0), "right").learned

    def test_time_counts_and_not_frames(self) -> None:
        yaw = np.concatenate((np.full(100, 0.0), np.full(200, 10.0)))
        assert self.learn(yaw).yaw_deg > 5
        slow = self.learn(
            np.concatenate((np.full(100, 0.0), np.full(200, 15.0))), ms=np.repeat([100, 10], [100, 200])
        )
        assert slow.yaw_deg == 0.0

    def test_a_place_that_does_not_exist_is_refused(self) -> None:
        with pytest.raises(UsageError, match=r"partner_toward.*got up, expected camera, left or right"):
            self.learn(np.zeros(100), "up")


class TestProfile:
    """Faces that no mesh can read, by the turn of the head alone."""

    AWAY = FaceStatus.TURNED_AWAY

    @pytest.mark.parametrize(("toward", "sign"), [("left", -1), ("right", 1)])
    def test_a_profile_to_the_partner_s_side_and_one_to_the_other(
        self, make_face: MakeFace, gaze_scheme: CodingScheme, toward: str, sign: int
    ) -> None:
        turn = sign * np.select([during(N, (300, 450)), during(N, (450, 600))], [-0.6, 0.1], 0.6)
        face = make_face(N, status=self.AWAY, turn=turn)
        track = propose(face, gaze_scheme, toward)
        assert [gaze_scheme.code_ids[code] for code in track.codes] == ["partner", "away", "partner"]
        assert track.edges_ns[1:-1] / S * 30 == pytest.approx([300, 600], abs=1)
        assert track.confidence is not None
        assert track.confidence.min() > 0
        assert track.confidence.max() <= np.float32(HeadTurnLimits().cap)

    @pytest.mark.parametrize("toward", ["camera", "left", "right"])
    def test_an_unknown_turn_is_unscorable(
        self, make_face: MakeFace, gaze_scheme: CodingScheme, toward: str
    ) -> None:
        lost = during(N, (300, 450))
        face = make_face(N, status=self.AWAY, turn=np.where(lost, np.nan, 0.6))
        found = codes_by_frame(propose(face, gaze_scheme, toward), face)
        assert np.array_equal(found == "usc", lost)
        assert set(codes_by_frame(propose(f := make_face(N, status=self.AWAY), gaze_scheme, toward), f)) == {
            "usc"
        }

    def test_a_turn_that_hovers_round_the_border_makes_one_bout_or_none(
        self, make_face: MakeFace, gaze_scheme: CodingScheme
    ) -> None:
        sway = 0.38 + 0.02 * np.sin(np.arange(N) / 9)
        sway[400:430] = 0.45
        assert set(
            codes_by_frame(propose(f := make_face(N, status=self.AWAY, turn=sway), gaze_scheme, "right"), f)
        ) == {"partner"}
        short_of_it = np.minimum(sway, 0.395)
        assert set(
            codes_by_frame(
                propose(f := make_face(N, status=self.AWAY, turn=short_of_it), gaze_scheme, "right"), f
            )
        ) == {"away"}

    @pytest.mark.parametrize("sign", [-1, 1])
    def test_with_the_partner_at_the_camera_a_profile_is_away(
        self, make_face: MakeFace, gaze_scheme: CodingScheme, sign: int
    ) -> None:
        turned = during(N, (300, 450))
        status = np.where(turned, self.AWAY, FaceStatus.CODABLE)
        face = make_face(N, status=status, turn=np.where(turned, sign * 0.6, 0.0))
        track = propose(face, gaze_scheme)
        assert [gaze_scheme.code_ids[code] for code in track.codes] == ["partner", "away", "partner"]
        assert track.confidence is not None
        assert track.confidence[1] <= np.float32(HeadTurnLimits().cap) < track.confidence[0]

    def test_a_face_that_is_not_turned_and_has_no_mesh_cannot_be_told_before_the_partner_s_camera(
        self, make_face: MakeFace, gaze_scheme: CodingScheme
    ) -> None:
        hidden = during(N, (300, 450))
        face = make_face(N, status=np.where(hidden, self.AWAY, FaceStatus.CODABLE), turn=0.05)
        assert np.array_equal(codes_by_frame(propose(face, gaze_scheme), face) == "usc", hidden)

    @pytest.mark.parametrize(
        "status", [FaceStatus.GHOST, FaceStatus.NO_FACE, FaceStatus.TOO_SMALL, FaceStatus.BLURRED]
    )
    def test_a_turn_counts_only_on_a_face_that_can_be_seen(
        self, make_face: MakeFace, gaze_scheme: CodingScheme, status: int
    ) -> None:
        face = make_face(N, status=status, turn=0.6)
        assert set(codes_by_frame(propose(face, gaze_scheme, "right"), face)) == {"usc"}

    def test_where_the_mesh_can_tell_the_turn_changes_nothing(
        self, make_face: MakeFace, gaze_scheme: CodingScheme
    ) -> None:
        yaw = np.where(during(N, (300, 450)), 0.0, 35.0)
        plain, turned = make_face(N, yaw_deg=yaw), make_face(N, yaw_deg=yaw, turn=-0.7)
        one, other = propose(plain, gaze_scheme, "right"), propose(turned, gaze_scheme, "right")
        assert np.array_equal(one.codes, other.codes)
        assert np.array_equal(one.confidence, other.confidence)

    def test_a_few_frontal_frames_of_a_profile_film_are_away_and_closed_eyes_are_not_guessed(
        self, make_face: MakeFace, gaze_scheme: CodingScheme
    ) -> None:
        frontal, asleep = during(N, (300, 345)), during(N, (325, 345))
        face = make_face(
            N,
            status=np.where(frontal, FaceStatus.CODABLE, self.AWAY),
            turn=np.where(frontal, 0.1, 0.6),
            expressions={"eyes_closed": np.where(asleep, 1.0, 0.0)},
        )
        direction = GazeCoder().partner_direction(face, (), partner_toward="right")
        assert not direction.accepted
        assert re.search(r"too few frames.*; gaze is told by the turn of the head alone", direction.reason)
        found = codes_by_frame(propose(face, gaze_scheme, "right"), face)
        assert set(found[300:325]) == {"away"}
        assert set(found[327:343]) == {"usc"}
        assert set(found[:300]) == {"partner"}

    def test_numbers_that_make_no_sense_are_refused(self) -> None:
        with pytest.raises(FieldError, match=r"HeadTurnLimits\.enter.*above 0\.35"):
            HeadTurnLimits(enter=0.3)
        assert params_hash(GazeCoder().params) != params_hash(
            GazeCoder(GazeThresholds(head_turn=HeadTurnLimits(enter=0.5))).params
        )
