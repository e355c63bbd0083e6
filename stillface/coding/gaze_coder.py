"""Proposes gaze: at the partner, away, eyes closed, or not to be told.

Direction is the head's yaw plus the irises' sideways offset, and the head's pitch alone:
on public clips the vertical offset of the iris could not be read (AUC .52 to .74). Looking at an
object is engagement and not aversion, and nothing here can see objects: they are coded ``away``
and are a person's to correct. Where a face is in profile, or too seldom frontal to learn from, the
turn of the head alone is taken, with less confidence (`stillface.coding.head_turn`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace

import numpy as np
import numpy.typing as npt

from stillface.coding.baseline import inside_episodes
from stillface.coding.eyes import EyeLimits, EyeState, eye_state
from stillface.coding.features import face_features
from stillface.coding.head_turn import HeadTurnLimits, TurnReading, read_head_turn
from stillface.coding.limits import above, at_least_zero
from stillface.coding.partner import PartnerDirection, PartnerLimits, learn_partner
from stillface.coding.segment import UNCALIBRATED_CAP, CodeSheet, picture_quality
from stillface.coding.smooth import hysteresis, interpolate_gated, time_median
from stillface.domain.faces import FaceTrack
from stillface.domain.provenance import Json
from stillface.domain.scheme import CodingScheme
from stillface.domain.session import Episode
from stillface.domain.states import StateTrack

__all__ = ["GazeCoder", "GazeThresholds"]

Float64 = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_CODES = ("partner", "away", "closed")
_NS_PER_MS = 1_000_000


@dataclass(frozen=True)
class GazeThresholds:
    """Every number that steers the gaze coder.

    Parameters
    ----------
    iris_gain_deg : float
        Degrees of eye rotation for an iris offset of one eye width. An eye of 12 mm radius behind
        an opening of 29 mm gives about 140; meshes place the iris too close to the middle of the
        lids at times and beyond it at others, so less is taken. To be fitted on a lab's own codes.
    pitch_weight : float
        Weight of the head's pitch against yaw: less, as a smile alone moves the reading by 5
        degrees and the irises cannot confirm it.
    enter_deg, leave_deg : float
        Gaze is at the partner where the angle comes within ``enter_deg`` and until it goes beyond
        ``leave_deg``; 15 to 20 degrees take in a face at .5 to 1 m and the mesh's error.
    smooth_ms : int
        Median window: five frames at 30 per second.
    min_bout_ms : int
        Shortest bout.
    bridge_lost_ms : int
        Tracking lost for no longer than this between two bouts of one code is bridged; 0: never.
    max_yaw_deg : float
        Beyond this head turn the mesh's irises and pose are not to be believed.
    prior_cap : float
        Highest confidence where the partner's direction could not be learned from the film.
    closed_cap : float
        Highest confidence of closed eyes: eyes cast down read nearly the same.
    eyes, partner, head_turn : EyeLimits, PartnerLimits, HeadTurnLimits
    """

    iris_gain_deg: float = 100.0
    pitch_weight: float = 0.8
    enter_deg: float = 15.0
    leave_deg: float = 20.0
    smooth_ms: int = 167
    min_bout_ms: int = 300
    bridge_lost_ms: int = 0
    max_yaw_deg: float = 50.0
    prior_cap: float = 0.5
    closed_cap: float = 0.5
    eyes: EyeLimits = field(default_factory=EyeLimits)
    partner: PartnerLimits = field(default_factory=PartnerLimits)
    head_turn: HeadTurnLimits = field(default_factory=HeadTurnLimits)

    def __post_init__(self) -> None:
        owner = "GazeThresholds"
        above(owner, "enter_deg", self.enter_deg, 0)
        above(owner, "leave_deg", self.leave_deg, self.enter_deg)
        at_least_zero(owner, min_bout_ms=self.min_bout_ms, bridge_lost_ms=self.bridge_lost_ms)


@dataclass(frozen=True)
class GazeCoder:
    """Proposes codes of ``gaze`` for one person; fulfils `stillface.contracts.coder.Coder`.

    Parameters
    ----------
    thresholds : GazeThresholds
    """

    thresholds: GazeThresholds = field(default_factory=GazeThresholds)
    name: str = "gaze@1.1"
    scheme_id: str = "gaze"
    proposes: tuple[str, ...] = _CODES

    @property
    def params(self) -> Mapping[str, Json]:
        """Every number that steers it."""
        thresholds = asdict(self.thresholds)
        thresholds["partner"]["reference_episodes"] = list(self.thresholds.partner.reference_episodes)
        return {**thresholds, "uncalibrated_cap": UNCALIBRATED_CAP}

    def partner_direction(
        self, face: FaceTrack, episodes: tuple[Episode, ...], *, partner_toward: str
    ) -> PartnerDirection:
        """Learn where the partner is, or say why the prior stands.

        Parameters
        ----------
        face : FaceTrack
        episodes : tuple of Episode
            Where to learn; the whole film if empty.
        partner_toward : {'camera', 'left', 'right'}
            Where the partner is, seen from the camera.
        """
        yaw, pitch, eyes = self._direction(face)
        direction = self._partner(face, yaw, pitch, eyes, episodes, partner_toward)
        if direction.accepted:
            return direction
        by_turn = self._turn(face, np.zeros(face.clock.n_frames, np.bool_), eyes, partner_toward)
        n = int((by_turn.partner | by_turn.away).sum())
        more = f"gaze is told by the turn of the head alone, in {n} frames" if n else "nothing was coded"
        return replace(direction, reason=f"{direction.reason}; {more}")

    def code(
        self,
        face: FaceTrack,
        scheme: CodingScheme,
        episodes: tuple[Episode, ...],
        *,
        partner_toward: str,
    ) -> StateTrack:
        """Propose gaze over the whole film.

        Parameters
        ----------
        face : FaceTrack
        scheme : CodingScheme
            With the codes partner, away, closed and a gap code.
        episodes : tuple of Episode
            Where the partner's direction is learned; the whole film if empty.
        partner_toward : {'camera', 'left', 'right'}
            Where the partner is, seen from the camera.

        Returns
        -------
        StateTrack
            All gap where there are too few codable frames and the turn of the head is not known either
            (`partner_direction` says so).
        """
        limits = self.thresholds
        sheet = CodeSheet.blank(face, scheme, _CODES)
        yaw, pitch, eyes = self._direction(face)
        partner = self._partner(face, yaw, pitch, eyes, episodes, partner_toward)
        if partner.accepted:
            angle = np.hypot(yaw - partner.yaw_deg, limits.pitch_weight * (pitch - partner.pitch_deg))
            self._decide(sheet, angle, eyes)
            self._weigh(sheet, angle, eyes, partner.learned)
        self._fill_in(sheet, self._turn(face, sheet.told, eyes, partner_toward))
        return sheet.proposal(self.name, min_bout_ms=limits.min_bout_ms, bridge_lost_ms=limits.bridge_lost_ms)

    def remark(self, face: FaceTrack, episodes: tuple[Episode, ...], *, partner_toward: str) -> str:
        """Say why the partner's direction was not learned; empty where it was."""
        return self.partner_direction(face, episodes, partner_toward=partner_toward).reason

    def _turn(self, face: FaceTrack, told: Mask, eyes: EyeState, partner_toward: str) -> TurnReading:
        """Read the turn of the head where mesh and eyes tell nothing."""
        limits = self.thresholds
        told = told | (eyes.closed & face.codable)
        return read_head_turn(face, told, partner_toward, limits.smooth_ms * _NS_PER_MS, limits.head_turn)

    def _direction(self, face: FaceTrack) -> tuple[Float64, Float64, EyeState]:
        """Give the smoothed direction of gaze in degrees, NaN where it cannot be told, and the eyes."""
        limits, edges = self.thresholds, face.clock.edges_ns
        eyes = eye_state(face_features(face).eye_aperture, edges, limits.eyes)
        seen = face.codable & np.isfinite(eyes.openness) & (np.abs(face.yaw_deg) <= limits.max_yaw_deg)
        sideways = face.yaw_deg + limits.iris_gain_deg * face.iris_x.astype(np.float64)
        # Lids hide the iris in a blink, and whoever blinks usually looks on.
        yaw = interpolate_gated(np.where(seen & ~eyes.closed, sideways, np.nan), eyes.blink, edges)
        pitch = np.where(seen, face.pitch_deg.astype(np.float64), np.nan)
        window_ns = limits.smooth_ms * _NS_PER_MS
        return time_median(yaw, edges, window_ns), time_median(pitch, edges, window_ns), eyes

    def _partner(
        self,
        face: FaceTrack,
        yaw: Float64,
        pitch: Float64,
        eyes: EyeState,
        episodes: tuple[Episode, ...],
        partner_toward: str,
    ) -> PartnerDirection:
        limits, edges = self.thresholds.partner, face.clock.edges_ns
        preferred = tuple(e for e in episodes if e.id in limits.reference_episodes)
        usable = np.isfinite(yaw) & ~eyes.blink & inside_episodes(edges, preferred or episodes)
        return learn_partner(yaw[usable], pitch[usable], np.diff(edges)[usable], partner_toward, limits)

    def _decide(self, sheet: CodeSheet, angle: Float64, eyes: EyeState) -> None:
        """Write the code of every frame that can be told."""
        limits = self.thresholds
        at_partner = hysteresis(-angle, -limits.enter_deg, -limits.leave_deg)
        sheet.write("away", np.isfinite(angle))
        sheet.write("partner", at_partner)
        sheet.write("closed", eyes.closed & sheet.face.codable)

    def _fill_in(self, sheet: CodeSheet, by_turn: TurnReading) -> None:
        """Write code and confidence of the frames that only the turn of the head can tell."""
        cap = self.thresholds.head_turn.cap
        sure = cap * (0.5 + 0.5 * by_turn.margin) * picture_quality(sheet.face)
        for code, where in (("partner", by_turn.partner), ("away", by_turn.away)):
            sheet.write(code, where)
            sheet.confidence[where] = 0.0
            sheet.confidence[where, sheet.scheme.index(code)] = sure[where]

    def _weigh(self, sheet: CodeSheet, angle: Float64, eyes: EyeState, learned: bool) -> None:
        """Write how sure each code would be in each frame: distance from the border, times quality."""
        limits = self.thresholds
        quality = picture_quality(sheet.face)
        cap = UNCALIBRATED_CAP if learned else limits.prior_cap
        inwards = np.nan_to_num((limits.leave_deg - angle) / limits.leave_deg)
        outwards = np.nan_to_num((angle - limits.enter_deg) / limits.leave_deg)
        shut = np.nan_to_num(1 - eyes.openness / limits.eyes.closed_below)
        for code, most, margin in (
            ("partner", cap, inwards),
            ("away", cap, outwards),
            ("closed", limits.closed_cap, shut),
        ):
            sure = most * (0.5 + 0.5 * np.clip(margin, 0, 1)) * quality
            sheet.confidence[:, sheet.scheme.index(code)] = sure
