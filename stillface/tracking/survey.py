"""A first look at a film: who usually is where, and how wide their faces are."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from stillface.contracts.frame_source import FrameSource
from stillface.domain.recording import WHOLE, Region
from stillface.tracking.boxes import Box, width
from stillface.tracking.detect import Detection, FaceDetector
from stillface.tracking.identity import Cluster, cluster_faces, faces_inside

__all__ = ["RegionGuess", "Survey", "sample_frames", "suggest_regions", "survey"]

N_SAMPLES = 24
# A face seen in fewer of the sampled frames than this share is chance, not a person.
_LEAST_SHARE = 0.15


@dataclass(frozen=True)
class Survey:
    """What the sampled frames say.

    Parameters
    ----------
    usual_px : mapping of role to Box or None
        Each person's usual face, None where no sampled frame showed one.
    digest : str
        Hash of the sampled pixels: another film gives another one.
    """

    usual_px: Mapping[str, Box | None]
    digest: str


@dataclass(frozen=True)
class RegionGuess:
    """A proposal for one person's region, to be confirmed by a person.

    Parameters
    ----------
    region : Region
    confidence : float
        Share of sampled frames with the face times the mean detector score, in [0, 1].
    frames_seen, frames_sampled : int
    """

    region: Region
    confidence: float
    frames_seen: int
    frames_sampled: int


def sample_frames(source: FrameSource, n_samples: int = N_SAMPLES) -> list[int]:
    """Choose frames evenly over the film, moved to a cheap entry point where one is near."""
    n_frames = source.clock.n_frames
    n_samples = min(n_samples, n_frames)
    spacing = n_frames / n_samples
    cheap = np.array(source.chunk_starts(1), dtype=np.int64)
    chosen = set()
    for k in range(n_samples):
        wanted = int((k + 0.5) * spacing)
        nearest = int(cheap[np.argmin(np.abs(cheap - wanted))])
        chosen.add(nearest if abs(nearest - wanted) < spacing / 2 else wanted)
    return sorted(chosen)


def survey(source: FrameSource, regions: Mapping[str, Region], detector: FaceDetector) -> Survey:
    """Look at sampled frames and find each person's usual face inside their region."""
    areas = {role: region.pixels(*source.size_px) for role, region in regions.items()}
    seen: dict[str, list[list[Detection]]] = {role: [] for role in regions}
    digest = hashlib.sha256()
    for frame in sample_frames(source):
        rgb = source.frame(frame)
        digest.update(rgb.tobytes())
        for role, area in areas.items():
            seen[role].append(faces_inside(detector, rgb, area))
    usual: dict[str, Box | None] = {}
    for role, faces in seen.items():
        clusters = cluster_faces(faces)
        usual[role] = clusters[0].box_px if clusters else None
    return Survey(usual, digest.hexdigest())


def suggest_regions(source: FrameSource, *, n_samples: int = N_SAMPLES) -> list[RegionGuess]:
    """Propose a region for each person who keeps turning up, from left to right.

    Parameters
    ----------
    source : FrameSource
        An open film.
    n_samples : int
        Frames to look at, evenly over the film.

    Returns
    -------
    list of RegionGuess
        The most often seen faces, at most two, ordered by their place from left to right. One
        person gets the whole picture; two get a half each, parted between their faces. Which of
        them is which role nobody can tell from a box: a person says so.
    """
    detector = FaceDetector(min_score=0.5)
    frames = sample_frames(source, n_samples)
    area = WHOLE.pixels(*source.size_px)
    try:
        faces = [detector.detect(source.frame(frame), area) for frame in frames]
    finally:
        detector.close()
    people = [c for c in cluster_faces(faces) if c.frames >= max(2.0, _LEAST_SHARE * len(frames))][:2]
    people.sort(key=lambda cluster: cluster.box_px[0])
    return [
        RegionGuess(region, person.frames / len(frames) * person.score, person.frames, len(frames))
        for person, region in zip(people, _parted(people, *source.size_px), strict=True)
    ]


def _parted(people: list[Cluster], width_px: int, height_px: int) -> list[Region]:
    """Part the picture between two people, along the axis in which their faces are further apart."""
    if len(people) < 2:
        return [WHOLE] * len(people)
    a, b = people[0].box_px, people[1].box_px
    border_x = (a[2] + b[0]) / 2 / width_px
    above, below = (0, 1) if a[1] <= b[1] else (1, 0)
    boxes = (a, b)
    border_y = (boxes[above][3] + boxes[below][1]) / 2 / height_px
    apart_x = (b[0] + b[2] - a[0] - a[2]) / (width(a) + width(b))
    apart_y = abs(b[1] + b[3] - a[1] - a[3]) / (a[3] - a[1] + b[3] - b[1])
    if apart_x >= apart_y:
        border = _clipped(border_x)
        return [Region(0.0, 0.0, border, 1.0), Region(border, 0.0, round(1.0 - border, 3), 1.0)]
    border = _clipped(border_y)
    halves = [Region(0.0, 0.0, 1.0, border), Region(0.0, border, 1.0, round(1.0 - border, 3))]
    return halves if above == 0 else halves[::-1]


def _clipped(share: float) -> float:
    return round(min(max(share, 0.05), 0.95), 3)
