"""From a code per frame to a proposal: bouts on the frame clock, each with its confidence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillface.domain.faces import FaceTrack
from stillface.domain.scheme import CodingScheme
from stillface.domain.states import StateTrack
from stillface.errors import InputError

__all__ = ["UNCALIBRATED_CAP", "CodeSheet", "gap_code", "picture_quality"]

Int16 = npt.NDArray[np.int16]
Float64 = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

UNCALIBRATED_CAP = 0.8
"""No proposal is surer than this: the coders were never compared with people's codes of the lab's films."""

_NS_PER_MS = 1_000_000
# A mesh on a face of 40 px errs by an eighth of a smile's lift; beyond 80 px nothing more is gained.
_SMALL_FACE_PX, _LARGE_FACE_PX = 40.0, 80.0
_FACING_DEG, _TURNED_DEG = 20.0, 50.0


def gap_code(scheme: CodingScheme, needed: tuple[str, ...]) -> int:
    """Give the index of the scheme's gap code, having made sure it has the codes a coder proposes.

    Raises
    ------
    InputError
        The scheme lacks a code, or has none that stands for "could not see".
    """
    missing = [code for code in needed if code not in scheme.code_ids]
    if missing:
        raise InputError(
            "the scheme lacks codes that the automatic coder proposes",
            where=f"scheme {scheme.ref}",
            got=", ".join(scheme.code_ids),
            expected="also " + ", ".join(missing),
        )
    gaps = np.flatnonzero(scheme.gap_mask)
    if gaps.size == 0:
        raise InputError(
            "the scheme has no gap code, and a coder may not guess what it could not see",
            where=f"scheme {scheme.ref}",
            expected="a code with gap: true",
        )
    return int(gaps[0])


def picture_quality(face: FaceTrack) -> Float64:
    """Tell how far the picture can be trusted, in [0, 1]: detector's score, size and turn of the face."""
    size = np.interp(face.face_px, (_SMALL_FACE_PX, _LARGE_FACE_PX), (0.5, 1.0))
    turn = np.interp(np.abs(face.yaw_deg), (_FACING_DEG, _TURNED_DEG), (1.0, 0.5))
    return np.asarray(np.clip(face.score, 0, 1) * size * turn, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class CodeSheet:
    """Code and confidence of every frame of a film, which a coder fills in; make it with `blank`.

    Attributes
    ----------
    face : FaceTrack
        Whose frame clock and role the proposal gets.
    scheme : CodingScheme
    codes : array of int16, shape (n,)
        Code of each frame; the scheme's gap code where it could not be told.
    confidence : array of float64, shape (n, n_codes)
        How sure each code would be in each frame; 0 for the gap code.
    """

    face: FaceTrack
    scheme: CodingScheme
    codes: Int16
    confidence: Float64

    @classmethod
    def blank(cls, face: FaceTrack, scheme: CodingScheme, needed: tuple[str, ...]) -> CodeSheet:
        """Start with nothing told; raises InputError where the scheme lacks a code or has no gap code."""
        n = face.clock.n_frames
        codes = np.full(n, gap_code(scheme, needed), np.int16)
        return cls(face, scheme, codes, np.zeros((n, len(scheme.codes))))

    @property
    def told(self) -> Mask:
        """Frames that have a code."""
        return ~self.scheme.gap_mask[self.codes]

    def write(self, code: str | None, where: Mask) -> None:
        """Give frames a code, or take it from them."""
        self.codes[where] = gap_code(self.scheme, ()) if code is None else self.scheme.index(code)

    def proposal(self, coder: str, *, min_bout_ms: int, bridge_lost_ms: int) -> StateTrack:
        """Make bouts of the codes of all frames.

        Parameters
        ----------
        coder : str
            ``<name>@<version>``.
        min_bout_ms : int
            Shorter bouts join their neighbour; one that stands alone between gaps becomes a gap.
        bridge_lost_ms : int
            A gap up to this long between two bouts of one code is given that code, with confidence 0.

        Returns
        -------
        StateTrack
            Merged; confidence is the mean over a bout's time.
        """
        scheme, role, source = self.scheme, self.face.role, f"auto:{coder}"
        edges = self.face.clock.edges_ns
        track = StateTrack(scheme, role, source, edges, self.codes)
        if bridge_lost_ms > 0:
            track = track.bridge_gaps(bridge_lost_ms * _NS_PER_MS)
        min_bout_ns = min_bout_ms * _NS_PER_MS
        track = _without_islands(_absorbed(track, min_bout_ns), gap_code(scheme, ()), min_bout_ns)
        segment = np.searchsorted(track.edges_ns, edges[:-1], side="right") - 1
        final = track.codes[segment]
        sure = self.confidence[np.arange(final.size), final]
        sure[~self.told] = 0.0  # bridged frames were not seen
        return StateTrack(scheme, role, source, edges, final, sure.astype(np.float32)).merged()


def _absorbed(track: StateTrack, min_bout_ns: int) -> StateTrack:
    """Absorb short bouts until none is left: one pass can leave a merged pair that is still short."""
    while True:
        shorter = track.absorb_short(min_bout_ns)
        if shorter.codes.size == track.codes.size:
            return shorter
        track = shorter


def _without_islands(track: StateTrack, gap: int, min_bout_ns: int) -> StateTrack:
    """Turn what is too short to be a bout and has gaps on both sides into a gap."""
    scorable = track.scorable
    gap_before = np.concatenate(([True], ~scorable[:-1]))
    gap_after = np.concatenate((~scorable[1:], [True]))
    alone = scorable & gap_before & gap_after & (track.durations_ns < min_bout_ns)
    codes = np.where(alone, gap, track.codes).astype(np.int16)
    return StateTrack(track.scheme, track.role, track.source, track.edges_ns, codes).merged()
