"""Real clips, decoded from first frame to last by nothing but PyAV: what the window is held to."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from stillface.domain.clock import ClockMap
from stillface.domain.recording import WHOLE, VideoRecording
from stillface.domain.session import Session
from stillface.domain.study import Person, Study
from stillface.io.bundle import StudyFolder, create_study

CLIPS = (
    "babyjokes_2UWdXP.joke1.rep2.take1.Peekaboo_h265.mp4",
    "babyjokes_2UWdXP.joke4.rep1.take1.TearingPaper_h265.mp4",
    "babyjokes_6c6MZQ.joke2.rep1.take1.NomNomNom_h265.mp4",
    "father_daughter.mp4",
)
# Two cameras that were started at different moments and whose quartz differs.
MAPS = {
    "front": ClockMap(137_000_000, 180.0, "manual"),
    "side": ClockMap(1_211_000_000, -240.0, "manual"),
}
_US = 1_000


def session_ns(clock_map: ClockMap, local_s: Fraction) -> int:
    """Carry a film's time onto the session clock, in exact fractions."""
    local_ns = local_s * 10**9
    return round(local_ns + clock_map.offset_ns + local_ns * Fraction(clock_map.drift_ppm) / 10**6)


def picture_of(rgb: npt.NDArray[np.uint8]) -> str:
    """Give a name to a picture: two are the same where all their pixels are."""
    return hashlib.sha256(np.ascontiguousarray(rgb).tobytes()).hexdigest()


@dataclass(frozen=True)
class Truth:
    """A clip's frames and sound.

    Parameters
    ----------
    onsets_s : tuple of Fraction
        When each frame begins, by its own stamp.
    pictures : tuple of str
    sound : array of float32 or None
        Sample k belongs to k / ``rate_hz`` seconds.
    """

    onsets_s: tuple[Fraction, ...]
    pictures: tuple[str, ...]
    sound: npt.NDArray[np.float32] | None
    rate_hz: int

    def frame_at(self, clock_map: ClockMap, time_ns: int) -> int:
        """Give the last frame that has begun; -1 before the first. A microsecond is no frame."""
        onsets = [session_ns(clock_map, onset) for onset in self.onsets_s]
        return int(np.searchsorted(onsets, time_ns + _US, side="right")) - 1


def decode(path: Path) -> Truth:
    """Decode a whole clip."""
    with av.open(str(path)) as film:
        stream = film.streams.video[0]
        found = [
            (frame.pts * stream.time_base, picture_of(frame.to_ndarray(format="rgb24")))
            for frame in film.decode(stream)
        ]
    sound, rate_hz = None, 0
    with av.open(str(path)) as film:
        if film.streams.audio:
            voice = film.streams.audio[0]
            rate_hz = voice.rate
            parts = [
                (round(f.pts * f.time_base * rate_hz), f.to_ndarray().mean(axis=0))
                for f in film.decode(voice)
            ]
            sound = np.zeros(parts[-1][0] + parts[-1][1].size, np.float32)
            for first, values in parts:
                sound[first : first + values.size] = values
    return Truth(tuple(s for s, _ in found), tuple(p for _, p in found), sound, rate_hz)


def study_of(clip: Path, root: Path) -> StudyFolder:
    """Make a study whose one session has a clip twice, as two cameras."""
    persons = {"infant": "p1", "caregiver": "p2"}
    people = tuple(Person(person) for person in persons.values())
    folder = create_study(
        root,
        Study(
            "s", "ffsf_2_2_2", schemes=dict.fromkeys(persons, ("affect3",)), persons=people, coders=("AB",)
        ),
    )
    shutil.copyfile(clip, root / "media" / "a.mp4")
    shutil.copyfile(clip, root / "media" / "b.mp4")
    videos = (
        VideoRecording("front", ("media/a.mp4",), {"infant": WHOLE}, MAPS["front"]),
        VideoRecording("side", ("media/b.mp4",), {"caregiver": WHOLE}, MAPS["side"]),
    )
    folder.add_session(Session("one", "d1", folder.protocol(), (), persons=persons, recordings=videos))
    return folder
