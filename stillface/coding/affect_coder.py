"""Proposes affect: positive, neutral, negative, or not to be told, against the person's own neutral face.

Rules, not a trained model: no public, coded still-face film exists to train one on. A smile shows
in the corner lift (the best single sign in infants, AUC .86 in Zaharieva 2024, 10.3758/s13428-023-02301-3).
A cry-face needs mouth, eyes and brows together, since each alone also occurs in talk, sleep and
bright light; eye constriction says how strong an expression is, never which (Messinger 2012).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import numpy as np
import numpy.typing as npt

from stillface.coding.baseline import Neutral, NeutralLimits, inside_episodes, learn_neutral
from stillface.coding.eyes import EyeLimits, EyeState, eye_state
from stillface.coding.features import FaceFeatures, face_features
from stillface.coding.limits import above, at_least_zero
from stillface.coding.segment import UNCALIBRATED_CAP, CodeSheet, picture_quality
from stillface.coding.smooth import hysteresis, interpolate_gated, time_median
from stillface.domain.faces import FaceTrack
from stillface.domain.provenance import Json
from stillface.domain.scheme import CodingScheme
from stillface.domain.session import Episode
from stillface.domain.states import StateTrack

__all__ = ["AffectCoder", "AffectThresholds"]

Float64 = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_CODES = ("pos", "neu", "neg")
_NS_PER_MS = 1_000_000
# Evidence of one sign beyond twice its threshold adds nothing: no sign alone may decide.
_MOST = 2.0


@dataclass(frozen=True)
class AffectThresholds:
    """Every number that steers the affect coder.

    A sign's threshold is the change from neutral that counts as 1. Lengths are in distances between
    the outer eye corners. Sources: (a) measured on the two public adult clips and (b) on infant
    stills by this project; (c) a choice, to be replaced by calibration on a lab's own codes.

    Parameters
    ----------
    lift : float
        Corner lift. Half of what an open smile moves it, .08 to .09 (a).
    width : float
        Mouth width. A third of what an open smile adds, .10 to .27 (a).
    open : float
        Mouth opening: half of the difference of cry and neutral infants, .12 (b).
    constriction : float
        Drop of eye aperture as a share of neutral. Cry .43 (b), open smile .20 (a).
    brow : float
        Drop of inner brow height or gap. A smile drops them by .015 (a); beyond that it is lowering (c).
    noise_sd : float
        No threshold is smaller than this many standard deviations of the person's own neutral (c).
    enter, leave : float
        Hysteresis on the combined evidence; 1 is the threshold itself, leave at .6 (c).
    smooth_ms : int
        Median window: five frames at 30 per second, above the mesh's jitter.
    min_bout_ms : int
        Shortest bout; .3 to .5 s is usual.
    bridge_lost_ms : int
        Tracking lost for no longer than this between two bouts of one code is bridged; 0: never.
    max_yaw_deg : float
        Beyond this head turn nothing is coded: one half of the mouth is hidden.
    upper_face_max_yaw_deg : float
        Beyond this head turn eyes and brows tell nothing, since turning moves them by itself.
    negative_cap : float
        Highest confidence of a negative proposal (published negative-neutral AUC .58: near chance).
    eyes, neutral : EyeLimits, NeutralLimits
    """

    lift: float = 0.04
    width: float = 0.06
    open: float = 0.06
    constriction: float = 0.30
    brow: float = 0.025
    noise_sd: float = 3.0
    enter: float = 1.0
    leave: float = 0.6
    smooth_ms: int = 167
    min_bout_ms: int = 300
    bridge_lost_ms: int = 0
    max_yaw_deg: float = 45.0
    upper_face_max_yaw_deg: float = 30.0
    negative_cap: float = 0.5
    eyes: EyeLimits = field(default_factory=EyeLimits)
    neutral: NeutralLimits = field(default_factory=NeutralLimits)

    def __post_init__(self) -> None:
        owner = "AffectThresholds"
        for name in ("lift", "width", "open", "constriction", "brow", "leave"):
            above(owner, name, getattr(self, name), 0)
        above(owner, "enter", self.enter, self.leave)
        at_least_zero(owner, min_bout_ms=self.min_bout_ms, bridge_lost_ms=self.bridge_lost_ms)


@dataclass(frozen=True, eq=False)
class _Evidence:
    """Signs of each frame in units of their thresholds, shape (n,); NaN where not codable."""

    lift: Float64
    width: Float64
    mouth: Float64
    constriction: Float64
    brow: Float64


@dataclass(frozen=True)
class AffectCoder:
    """Proposes codes of ``affect3`` for one person; fulfils `stillface.contracts.coder.Coder`.

    Parameters
    ----------
    thresholds : AffectThresholds
    """

    thresholds: AffectThresholds = field(default_factory=AffectThresholds)
    name: str = "affect@1.0"
    scheme_id: str = "affect3"
    proposes: tuple[str, ...] = ("neg", "neu", "pos")

    @property
    def params(self) -> Mapping[str, Json]:
        """Every number that steers it."""
        return {**asdict(self.thresholds), "uncalibrated_cap": UNCALIBRATED_CAP}

    def neutral(self, face: FaceTrack, episodes: tuple[Episode, ...]) -> Neutral:
        """Learn the person's neutral face, or say why that is impossible.

        Parameters
        ----------
        face : FaceTrack
        episodes : tuple of Episode
            Where to learn; the whole film if empty.
        """
        features = face_features(face)
        return self._neutral(face, features, self._eyes(face, features), episodes)

    def code(
        self,
        face: FaceTrack,
        scheme: CodingScheme,
        episodes: tuple[Episode, ...],
        *,
        partner_toward: str,
    ) -> StateTrack:
        """Propose affect over the whole film.

        Parameters
        ----------
        face : FaceTrack
        scheme : CodingScheme
            With the codes pos, neu, neg and a gap code.
        episodes : tuple of Episode
            Where the neutral face is learned; the whole film if empty.
        partner_toward : str
            Not used: affect does not depend on where the partner is.

        Returns
        -------
        StateTrack
            All gap where there is no neutral face to compare with (`neutral` says why).
        """
        sheet = CodeSheet.blank(face, scheme, _CODES)
        features = face_features(face)
        eyes = self._eyes(face, features)
        neutral = self._neutral(face, features, eyes, episodes)
        if neutral.accepted:
            signs = self._evidence(face, features, eyes, neutral)
            positive, negative = _positive(signs, eyes), _negative(signs, eyes)
            self._decide(sheet, signs, positive, negative)
            self._weigh(sheet, positive, negative, eyes)
        limits = self.thresholds
        return sheet.proposal(self.name, min_bout_ms=limits.min_bout_ms, bridge_lost_ms=limits.bridge_lost_ms)

    def remark(self, face: FaceTrack, episodes: tuple[Episode, ...], *, partner_toward: str) -> str:
        """Say why nothing could be coded; empty where there is a neutral face to compare with."""
        return self.neutral(face, episodes).reason

    def _eyes(self, face: FaceTrack, features: FaceFeatures) -> EyeState:
        return eye_state(features.eye_aperture, face.clock.edges_ns, self.thresholds.eyes)

    def _neutral(
        self, face: FaceTrack, features: FaceFeatures, eyes: EyeState, episodes: tuple[Episode, ...]
    ) -> Neutral:
        limits = self.thresholds
        usable = (
            face.codable
            & np.isfinite(features.lift)
            & (np.abs(face.yaw_deg) <= limits.neutral.max_yaw_deg)
            & ~(eyes.blink | eyes.closed)
            & inside_episodes(face.clock.edges_ns, episodes)
        )
        return learn_neutral(
            features, usable, face.clock.edges_ns, limits.neutral, (limits.open, limits.width)
        )

    def _evidence(
        self, face: FaceTrack, features: FaceFeatures, eyes: EyeState, neutral: Neutral
    ) -> _Evidence:
        """Smooth the features, compare them with neutral, gate what blinks and head turns spoil."""
        limits, edges = self.thresholds, face.clock.edges_ns
        window_ns = limits.smooth_ms * _NS_PER_MS
        turned = np.abs(face.yaw_deg) > limits.upper_face_max_yaw_deg

        def change(name: str, threshold: float, spoilt: Mask | None = None) -> Float64:
            values = getattr(features, name)
            if spoilt is not None:
                values = interpolate_gated(values, spoilt, edges)
            unit = max(threshold, limits.noise_sd * neutral.spread[name])
            raised = (time_median(values, edges, window_ns) - neutral.centre[name]) / unit
            return np.asarray(np.clip(raised, -_MOST, _MOST))

        aperture_unit = limits.constriction * neutral.centre["eye_aperture"]
        constriction = -change("eye_aperture", aperture_unit, eyes.blink)
        brow = np.maximum(
            -change("brow_height", limits.brow, eyes.blink), -change("brow_gap", limits.brow, eyes.blink)
        )
        opening, width = change("mouth_open", limits.open), change("mouth_width", limits.width)
        return _Evidence(
            change("lift", limits.lift),
            width,
            np.fmax(opening, width),
            np.where(turned, 0.0, constriction),
            np.where(turned, 0.0, brow),
        )

    def _decide(self, sheet: CodeSheet, signs: _Evidence, positive: Float64, negative: Float64) -> None:
        """Write the code of every frame that can be told."""
        limits = self.thresholds
        yaw = np.abs(sheet.face.yaw_deg)
        seen = np.isfinite(positive) & np.isfinite(negative) & (yaw <= limits.max_yaw_deg)
        smiles = hysteresis(np.where(seen, positive, np.nan), limits.enter, limits.leave)
        cries = hysteresis(np.where(seen, negative, np.nan), limits.enter, limits.leave)
        both = smiles & cries
        smiles &= ~both | (positive >= negative)
        cries &= ~smiles
        # A wide open mouth with the upper face turned out of sight is talk, laughter or a cry.
        untold = (yaw > limits.upper_face_max_yaw_deg) & (signs.mouth >= limits.enter) & ~smiles
        sheet.write("neu", seen)
        sheet.write("pos", smiles)
        sheet.write("neg", cries)
        sheet.write(None, untold)

    def _weigh(self, sheet: CodeSheet, positive: Float64, negative: Float64, eyes: EyeState) -> None:
        """Write how sure each code would be in each frame: distance from its threshold, times quality."""
        limits = self.thresholds
        quality = picture_quality(sheet.face)
        strongest = np.fmax(positive, negative)
        # Closed eyes hide half of what would speak against neutral.
        strongest = np.where(eyes.closed, limits.enter, strongest)
        margins = {
            "pos": (positive - limits.leave) / (_MOST - limits.leave),
            "neg": (negative - limits.leave) / (_MOST - limits.leave),
            "neu": 1 - strongest / limits.enter,
        }
        for code, margin in margins.items():
            cap = limits.negative_cap if code == "neg" else UNCALIBRATED_CAP
            share = np.clip(np.nan_to_num(margin), 0, 1)
            sheet.confidence[:, sheet.scheme.index(code)] = cap * (0.5 + 0.5 * share) * quality


def _positive(signs: _Evidence, eyes: EyeState) -> Float64:
    """Give the evidence of a smile, 1 at threshold.

    Lift decides and width supports: at least half a threshold of lift. With eyes that stay closed
    half the face says nothing, so lift and width must both be there; lowered brows over narrowed
    eyes speak against a smile as far as they are there.
    """
    smile = np.minimum((signs.lift + signs.width) / 2, 2 * signs.lift)
    smile = np.where(eyes.closed, np.minimum(signs.lift, signs.width), smile)
    veto = np.minimum(signs.constriction, signs.brow)
    vetoed = (veto >= 1) & (signs.lift < _MOST)
    return np.asarray(np.where(vetoed, np.minimum(smile, 0.0), smile))


def _negative(signs: _Evidence, eyes: EyeState) -> Float64:
    """Give the evidence of a cry-face, 1 at threshold.

    Mouth, eyes and brows at least half a threshold each and one on average, less what the mouth
    corners are lifted: sleep lacks the mouth, a yawn the brows, talk the eyes, a laugh is lifted.
    Eyes that stay closed may be squeezed or asleep: then mouth and brows must both be there.
    """
    parts = np.stack((signs.mouth, signs.constriction, signs.brow))
    cry = np.minimum(parts.mean(axis=0), 2 * parts.min(axis=0))
    cry = np.where(eyes.closed, np.minimum(signs.mouth, signs.brow), cry)
    return np.asarray(cry - np.maximum(signs.lift, 0.0))
