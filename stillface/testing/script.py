"""The scripted dyad: play, still face and reunion of 40 s each, every code known.

The bouts below are the truth. `pose_at` turns them into what the two animated stand-ins show:
a change of code takes `TRANSITION_S`, centred on the border between the bouts.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from stillface.domain.clock import NS_PER_S, ns_to_s
from stillface.domain.session import Episode
from stillface.domain.states import StateTrack
from stillface.errors import UsageError
from stillface.testing.portrait import Pose

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillface.domain.scheme import CodingScheme

__all__ = [
    "DURATION_S",
    "EPISODES",
    "RATE_HZ",
    "ROLES",
    "SCHEMES",
    "TRANSITION_S",
    "ScriptedBout",
    "bouts",
    "pose_at",
    "truth_track",
]

RATE_HZ = Fraction(30)
DURATION_S = 120
TRANSITION_S = 0.2
ROLES = ("infant", "caregiver")
SCHEMES = ("affect3", "gaze")
EPISODES = tuple(
    Episode(name, k * 40 * NS_PER_S, (k + 1) * 40 * NS_PER_S) for k, name in enumerate(("PL", "SF", "RE"))
)

# (onset in s, code); a bout lasts to the next onset. In the still face the caregiver is neutral and looking.
_SCRIPT: dict[tuple[str, str], tuple[tuple[float, str], ...]] = {
    ("infant", "affect3"): (
        (0.0, "neu"), (4.0, "pos"), (11.0, "neu"), (15.5, "pos"), (22.0, "neu"), (26.5, "neg"),
        (29.5, "neu"), (34.0, "pos"), (40.5, "neu"), (46.0, "pos"), (48.5, "neu"), (56.0, "neg"),
        (62.0, "neu"), (67.0, "neg"), (75.0, "neu"), (78.0, "neg"), (86.0, "neu"), (92.0, "pos"),
        (98.0, "neu"), (102.0, "neg"), (104.5, "neu"), (108.5, "pos"), (117.0, "neu"),
    ),
    ("caregiver", "affect3"): (
        (0.0, "neu"), (2.0, "pos"), (12.5, "neu"), (17.0, "pos"), (23.5, "neu"), (33.0, "pos"),
        (39.0, "neu"), (80.5, "pos"), (88.0, "neu"), (93.5, "pos"), (99.5, "neu"), (110.0, "pos"),
    ),
    ("infant", "gaze"): (
        (0.0, "partner"), (9.0, "away"), (12.0, "partner"), (25.0, "away"), (29.0, "partner"),
        (49.0, "away"), (54.0, "partner"), (57.0, "away"), (62.5, "closed"), (64.5, "partner"),
        (66.5, "away"), (74.0, "partner"), (79.0, "away"), (84.0, "partner"), (100.0, "away"),
        (103.5, "partner"), (112.0, "away"), (114.0, "partner"),
    ),
    ("caregiver", "gaze"): (
        (0.0, "partner"), (24.0, "away"), (26.0, "partner"), (90.0, "away"), (92.0, "partner"),
    ),
}  # fmt: skip

# Blinks last 0.16 s, far less than a bout of closed eyes; a coder must not take them for one.
_BLINK_S = 0.16
_AWAY_YAW_DEG = 19.0
_AWAY_IRIS = 0.7


@dataclass(frozen=True, slots=True)
class ScriptedBout:
    """One bout of the truth, ``[onset_ns, offset_ns)`` on the session clock."""

    role: str
    scheme_id: str
    code: str
    onset_ns: int
    offset_ns: int

    def row(self) -> dict[str, object]:
        """Give the bout as a row of a codes table: role, scheme_id, code, onset_s, offset_s."""
        return {
            "role": self.role,
            "scheme_id": self.scheme_id,
            "code": self.code,
            "onset_s": ns_to_s(self.onset_ns),
            "offset_s": ns_to_s(self.offset_ns),
        }


def bouts(role: str, scheme_id: str) -> tuple[ScriptedBout, ...]:
    """Give the scripted bouts of one role under one scheme, without gap from 0 to 120 s.

    Raises
    ------
    UsageError
        The script has no such role or scheme.
    """
    try:
        entries = _SCRIPT[role, scheme_id]
    except KeyError:
        raise UsageError(
            "the built-in dyad has no such stream",
            got=f"{role}/{scheme_id}",
            expected=" or ".join("/".join(key) for key in _SCRIPT),
        ) from None
    onsets = [round(onset * NS_PER_S) for onset, _ in entries]
    ends = [*onsets[1:], DURATION_S * NS_PER_S]
    return tuple(
        ScriptedBout(role, scheme_id, code, onset, end)
        for (_, code), onset, end in zip(entries, onsets, ends, strict=True)
    )


def truth_track(role: str, scheme: CodingScheme, source: str = "consensus:script") -> StateTrack:
    """Give the script as a state track under a scheme that has its codes.

    Parameters
    ----------
    role : str
    scheme : CodingScheme
        With the id ``affect3`` or ``gaze``.
    source : str
        ``<kind>:<id>`` as in `StateTrack`.
    """
    scripted = bouts(role, scheme.id)
    return StateTrack.from_bouts(
        scheme,
        role,
        source,
        np.array([bout.onset_ns for bout in scripted], np.int64),
        np.array([bout.offset_ns for bout in scripted], np.int64),
        [bout.code for bout in scripted],
    )


def pose_at(role: str, frame: int) -> Pose:
    """Give what the stand-in of a role does in one frame.

    Parameters
    ----------
    role : {'infant', 'caregiver'}
    frame : int
        0 to 3599.
    """
    time_s = (frame + 0.5) / float(RATE_HZ)
    affect = _strengths(role, "affect3", time_s)
    gaze = _strengths(role, "gaze", time_s)
    side = _side(role, time_s)
    sway = _sway(role, time_s)
    swing = 1.0 + 0.06 * np.sin(2 * np.pi * 0.9 * time_s)
    distress = affect.get("neg", 0.0)
    smile = affect.get("pos", 0.0)
    closed = max(gaze.get("closed", 0.0), _blink(role, time_s))
    # A caregiver who smiles in play also speaks: the mouth moves, the smile stays.
    speech = 0.12 * (1.0 + np.sin(2 * np.pi * 2.7 * time_s)) * smile * (role == "caregiver")
    expression = {
        "smile": min(1.0, 0.94 * smile * swing),
        "distress": min(1.0, 0.94 * distress * swing),
        "mouth_open": float(speech),
        # Distress has narrowed the eyes already: closing them fully again would cross the lids.
        "eyes_closed": closed * (1.0 - 0.5 * distress),
    }
    away = gaze.get("away", 0.0) * side
    return Pose(
        expression,
        yaw_deg=_AWAY_YAW_DEG * away + sway[0],
        pitch_deg=sway[1] - 2.0 * distress,
        roll_deg=sway[2] + 2.0 * away,
        gaze_x=_AWAY_IRIS * away - 0.03 * sway[0],
        gaze_y=0.0,
        shift_px=(2.0 * sway[2] + 4.0 * away, 1.5 * sway[1]),
    )


def _strengths(role: str, scheme_id: str, time_s: float) -> dict[str, float]:
    """Give how strongly each code shows: 1 within its bout, ramped smoothly over its borders."""
    onsets, codes = _timeline(role, scheme_id)
    k = int(np.searchsorted(onsets, time_s, side="right")) - 1
    shown: dict[str, float] = {codes[k]: 1.0}
    for border in (k, k + 1):
        if 0 < border < len(codes):
            late = np.clip((time_s - onsets[border]) / TRANSITION_S + 0.5, 0.0, 1.0)
            late = float(late * late * (3.0 - 2.0 * late))
            if 0.0 < late < 1.0:
                shown = {codes[border - 1]: 1.0 - late, codes[border]: late}
    return shown


@lru_cache(maxsize=8)
def _timeline(role: str, scheme_id: str) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    scripted = bouts(role, scheme_id)
    onsets = np.array([ns_to_s(bout.onset_ns) for bout in scripted])
    return onsets, tuple(bout.code for bout in scripted)


def _side(role: str, time_s: float) -> float:
    """Turn away to the right and to the left by turns."""
    onsets, codes = _timeline(role, "gaze")
    k = int(np.searchsorted(onsets, time_s + TRANSITION_S, side="right")) - 1
    return 1.0 if codes[: k + 1].count("away") % 2 else -1.0


def _sway(role: str, time_s: float) -> tuple[float, float, float]:
    """Give the small movements of a living head: yaw, pitch and roll in degrees."""
    phase = 0.0 if role == "infant" else 1.7
    waves = [
        amplitude * np.sin(2 * np.pi * hz * time_s + phase + shift)
        + 0.4 * amplitude * np.sin(2 * np.pi * 2.3 * hz * time_s + 2 * phase)
        for amplitude, hz, shift in ((1.3, 0.13, 0.0), (1.0, 0.17, 1.0), (1.1, 0.11, 2.2))
    ]
    return float(waves[0]), float(waves[1]), float(waves[2])


@lru_cache(maxsize=2)
def _blink_times(role: str) -> NDArray[np.float64]:
    """Give seeded blink times, away from every border and from closed eyes."""
    rng = np.random.default_rng(11 if role == "infant" else 12)
    times = np.cumsum(rng.uniform(2.6, 5.2, 60))
    borders = np.concatenate([_timeline(role, scheme)[0] for scheme in SCHEMES])
    clear = np.abs(times[:, None] - borders).min(1) > 0.6
    closed = [bout for bout in bouts(role, "gaze") if bout.code == "closed"]
    for bout in closed:
        clear &= (times < ns_to_s(bout.onset_ns)) | (times > ns_to_s(bout.offset_ns))
    return np.asarray(times[clear & (times < DURATION_S - 1.0)])


def _blink(role: str, time_s: float) -> float:
    near = np.abs(_blink_times(role) - time_s).min()
    return float(np.clip(1.4 * (1.0 - near / (_BLINK_S / 2)), 0.0, 1.0))
