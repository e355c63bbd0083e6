"""Machine against person over a study, by episode, age and what the tracker saw of the face."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from stillface.domain.faces import FaceStatus, FaceTrack
from stillface.domain.intervals import Intervals
from stillface.domain.provenance import Json
from stillface.domain.states import StateTrack
from stillface.io.artefacts import load_face_track
from stillface.io.bundle import StudyFolder
from stillface.pipeline.agree_figures import AgreementParams, validity_figures
from stillface.pipeline.agree_strata import focal_person
from stillface.pipeline.agree_streams import SessionStreams

__all__ = ["study_validity"]

Triples = Sequence[tuple[SessionStreams, StateTrack, StateTrack]]

_YAW_DEG = 30.0
"""A face turned further than this from the camera shows one cheek only."""


def study_validity(
    folder: StudyFolder, streams: Sequence[SessionStreams], params: AgreementParams
) -> list[Json]:
    """Compare each machine with people who coded from scratch, by episode, age and picture quality."""
    pairs: dict[tuple[str, str, str], list[tuple[SessionStreams, StateTrack, StateTrack]]] = {}
    for found in streams:
        for proposal in found.auto:
            for stream in found.from_scratch:
                if stream.key == (proposal.role, proposal.scheme.id):
                    key = proposal.coder_id, proposal.role, proposal.scheme.id
                    pairs.setdefault(key, []).append((found, stream.track, proposal))
    rows: list[Json] = []
    for (machine, role, scheme_id), triples in sorted(pairs.items()):
        strata = {**_episodes(triples), **_ages(folder, triples), **_qualities(folder, role, triples)}
        rows.append(
            {
                "machine": machine,
                "role": role,
                "scheme_id": scheme_id,
                **validity_figures(
                    [(human, auto) for _, human, auto in triples],
                    [streams.session.session_id for streams, _, _ in triples],
                    params,
                    strata,
                ),
            }
        )
    return rows


def _episodes(triples: Triples) -> dict[str, Sequence[Intervals]]:
    protocol = triples[0][0].session.protocol
    found: dict[str, Sequence[Intervals]] = {}
    for spec in protocol.episodes:
        stretches = []
        for streams, _, _ in triples:
            episode = streams.session.episode(spec.id)
            stretches.append(
                Intervals.empty()
                if episode is None
                else Intervals(np.array([episode.onset_ns]), np.array([episode.offset_ns]))
            )
        if any(len(stretch) for stretch in stretches):
            found[f"episode {spec.id}"] = stretches
    return found


def _ages(folder: StudyFolder, triples: Triples) -> dict[str, Sequence[Intervals]]:
    """Give each band of the focal person's age the whole of its sessions; an unknown age is in none."""
    width = folder.reliability.age_band_days
    bands = []
    for streams, _, _ in triples:
        _, age = focal_person(folder.study, streams.session)
        bands.append(None if age is None else age // width)
    found: dict[str, Sequence[Intervals]] = {}
    for band in sorted({band for band in bands if band is not None}):
        found[f"age {band * width} to {(band + 1) * width - 1} days"] = [
            Intervals(np.array([human.onset_ns]), np.array([human.offset_ns]))
            if mine == band
            else Intervals.empty()
            for (_, human, _), mine in zip(triples, bands, strict=True)
        ]
    return found


def _qualities(folder: StudyFolder, role: str, triples: Triples) -> dict[str, Sequence[Intervals]]:
    """Cut time by what the tracker saw of the face; sessions without a track of it are in none."""
    names = ("face to the camera", "face turned aside", "face not codable")
    found: dict[str, list[Intervals]] = {name: [] for name in names}
    for streams, _, _ in triples:
        face = _face(folder, streams.session.session_id, role)
        for name, mask in zip(names, _masks(face), strict=True):
            stretch = Intervals.empty() if face is None else Intervals.from_mask(face.clock.edges_ns, mask)
            found[name].append(stretch)
    return {name: stretches for name, stretches in found.items() if any(len(s) for s in stretches)}


def _masks(face: FaceTrack | None) -> Iterable[np.ndarray[tuple[int, ...], np.dtype[np.bool_]]]:
    if face is None:
        return (np.empty(0, np.bool_),) * 3
    codable = face.status == FaceStatus.CODABLE
    aside = np.abs(face.yaw_deg) > _YAW_DEG
    return codable & ~aside, codable & aside, ~codable


def _face(folder: StudyFolder, session_id: str, role: str) -> FaceTrack | None:
    for path in sorted(folder.tracks_dir(session_id).glob("*.h5")):
        track = load_face_track(path)
        if track.role == role:
            return track
    return None
