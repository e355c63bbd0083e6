"""The built-in dyad: two animated stand-ins and their simulated physiology, with known truth."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from stillface.contracts.registry import missing_extra
from stillface.errors import UsageError
from stillface.testing import physiology, script
from stillface.testing.heads import Proportions
from stillface.testing.paint import Palette
from stillface.testing.portrait import SIZE_PX, Look, Portrait

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from stillface.domain.recording import SyncMark
    from stillface.domain.scheme import CodingScheme
    from stillface.domain.session import Episode
    from stillface.domain.states import StateTrack

__all__ = ["LABEL", "LOOKS", "DemoDyad"]

LABEL = "animated stand-in"
"""What every view calls the two figures: they are drawings, neither an infant nor anybody."""

LOOKS = {
    "caregiver": Look(
        Proportions(crown_px=62.0, temple_px=30.0),
        Palette(
            skin=(222, 178, 152),
            lips=(186, 104, 100),
            hair=(92, 60, 42),
            iris=(96, 122, 84),
            clothes=(58, 96, 128),
            backdrop=(206, 208, 204),
            brow_strength=0.85,
            long_hair=True,
            hairline_px=14.0,
            teeth=True,
            shoulder_width_px=190.0,
        ),
        centre_px=(320.0, 236.0),
        seed=7,
    ),
    "infant": Look(
        Proportions(
            width=1.02,
            height=0.90,
            eye=1.22,
            mouth=0.86,
            nose=0.84,
            features_down_px=10.0,
            cheek_px=9.0,
            crown_px=70.0,
            temple_px=30.0,
        ),
        Palette(
            skin=(238, 196, 172),
            lips=(206, 122, 118),
            hair=(190, 150, 100),
            iris=(86, 120, 150),
            clothes=(228, 190, 96),
            backdrop=(190, 206, 216),
            brow_strength=0.5,
            long_hair=False,
            hairline_px=2.0,
            teeth=False,
            shoulder_width_px=130.0,
        ),
        centre_px=(320.0, 238.0),
        seed=8,
    ),
}


class DemoDyad:
    """A dyad in a shortened still-face procedure whose every code and heart beat is known.

    The same on every machine up to rounding of the picture; holds no state, so that worker
    processes can each make their own.
    """

    @property
    def rate(self) -> Fraction:
        """Frames per second of both films."""
        return script.RATE_HZ

    @property
    def n_frames(self) -> int:
        """Frames in each film."""
        return int(script.DURATION_S * script.RATE_HZ)

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height of both films."""
        return SIZE_PX

    @property
    def roles(self) -> tuple[str, ...]:
        """The focal role first."""
        return script.ROLES

    @property
    def episodes(self) -> tuple[Episode, ...]:
        """Play, still face and reunion on the session clock; frame 0 begins at 0."""
        return script.EPISODES

    def truth_codes(self) -> list[dict[str, object]]:
        """Give all scripted bouts as rows: role, scheme_id, code, onset_s, offset_s."""
        return [
            bout.row()
            for role in script.ROLES
            for scheme_id in script.SCHEMES
            for bout in script.bouts(role, scheme_id)
        ]

    def truth_track(self, role: str, scheme: CodingScheme, source: str = "consensus:script") -> StateTrack:
        """Give the scripted codes of one role as a state track under `scheme`."""
        return script.truth_track(role, scheme, source)

    def render(self, role: str, start: int = 0, stop: int | None = None) -> Iterator[NDArray[np.uint8]]:
        """Draw the film of one role, frame by frame.

        Parameters
        ----------
        role : {'infant', 'caregiver'}
        start, stop : int, optional
            Frames to draw; all without them.

        Yields
        ------
        ndarray of uint8, shape (480, 640, 3)
            RGB.
        """
        stop = self.n_frames if stop is None else stop
        if not 0 <= start <= stop <= self.n_frames:
            raise UsageError(
                "no such frames", got=f"{start} to {stop}", expected=f"within 0 to {self.n_frames}"
            )
        look = _look(role)
        try:
            import cv2  # noqa: F401  (asked for here, so that its absence is told before any work)
        except ModuleNotFoundError as error:
            raise missing_extra(error, needed_for="drawing the built-in dyad") from error
        portrait = Portrait(look)
        for frame in range(start, stop):
            yield portrait.draw(script.pose_at(role, frame))

    def landmarks_px(self, role: str, frame: int) -> NDArray[np.float64]:
        """Give the drawn landmarks of one frame, shape (478, 3): x, y in pixels and depth."""
        return Portrait(_look(role)).landmarks(script.pose_at(role, frame))

    def physio(self, role: str) -> physiology.SimulatedPhysiology:
        """Give the simulated ECG and skin conductance of one role with their truth."""
        return physiology.simulate(role)

    def sync_marks(self, role: str) -> tuple[SyncMark, ...]:
        """Give the declared moments that the role's device and the session clock both saw."""
        return self.physio(role).sync_marks


def _look(role: str) -> Look:
    try:
        return LOOKS[role]
    except KeyError:
        raise UsageError(
            "the built-in dyad has no such role", got=role, expected=" or ".join(LOOKS)
        ) from None
