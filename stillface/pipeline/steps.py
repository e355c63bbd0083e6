"""The steps of one session, each a pure function of its inputs with a key that says which inputs."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from stillface.contracts.coder import RemarkingCoder
from stillface.contracts.registry import CODERS, TRACKERS
from stillface.contracts.tracker import Progress, Tracker
from stillface.domain.clock import ClockMap, ns_to_s
from stillface.domain.faces import FaceTrack
from stillface.domain.provenance import Json, Provenance
from stillface.domain.recording import SignalRecording, VideoRecording
from stillface.domain.scheme import CodingScheme
from stillface.domain.session import Episode, Session
from stillface.io.artefacts import (
    load_face_track,
    save_beats,
    save_face_track,
    save_signal,
    save_state_track,
    stored_key,
)
from stillface.io.bundle import StudyFolder
from stillface.physio.analyse import heart_warnings
from stillface.physio.beats import SOURCE, find_beats
from stillface.physio.params import HeartParams
from stillface.physio.sync import fit_clock_map
from stillface.pipeline.changed_raw import refuse_changed_raw
from stillface.pipeline.faces_seen import track_path
from stillface.pipeline.inputs import FileHashes
from stillface.pipeline.readers import reader_for

__all__ = ["Remarks", "Step", "Work", "session_steps"]

TRACKER = "mediapipe_mesh"


@dataclass(frozen=True)
class Remarks:
    """What a step has to say: ``notes`` for whoever watches, ``warnings`` for the report as well."""

    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


Work = Callable[[Progress], Remarks]
"""Does the step and tells its progress."""


@dataclass(frozen=True)
class Step:
    """One thing to do.

    Parameters
    ----------
    name : str
        ``track:cam1``, ``code:infant/affect3``, ``signal:infant_ecg`` ...
    session_id : str
        Empty for steps of the whole study.
    key : str
        Stands for inputs, parameters, code and models.
    done : bool
        Whether results under this key are there already.
    estimate_s : float
        About how long it takes.
    work : Work
    needs : tuple of str
        Names of steps of the same session that must succeed before.
    """

    name: str
    session_id: str
    key: str
    done: bool
    estimate_s: float
    work: Work
    needs: tuple[str, ...] = ()


def session_steps(folder: StudyFolder, session: Session, hashes: FileHashes, workers: int) -> list[Step]:
    """Give the steps that lead from raw files to tracks, proposals, signals and beats, in order.

    Raises
    ------
    InputError
        A declared file is not there, cannot be read, or is not the one that was added.
    """
    refuse_changed_raw(folder, session, hashes)
    tracking = {video.id: _track_step(folder, session, video, hashes, workers) for video in session.videos}
    steps = list(tracking.values())
    for role in session.protocol.role_ids:
        # The first film that shows the person is the one that is coded.
        video = next((video for video in session.videos if role in video.regions), None)
        if video is not None:
            for name in CODERS.names():
                steps.append(_code_step(folder, session, video, role, name, tracking[video.id]))
    steps += [_signal_step(folder, session, channel, hashes) for channel in session.channels]
    return steps


def _track_step(
    folder: StudyFolder, session: Session, video: VideoRecording, hashes: FileHashes, workers: int
) -> Step:
    tracker = TRACKERS.get(TRACKER)
    files = tuple(folder.path_of(name) for name in video.files)
    provenance = _track_provenance(video, tracker, [hashes.of(path) for path in files])
    targets = {role: track_path(folder, session.session_id, video.id, role) for role in video.regions}

    def work(progress: Progress) -> Remarks:
        tracks = _track(tracker, folder.session_dir(session.session_id), video, files, workers, progress)
        for role, track in tracks.items():
            save_face_track(targets[role], track, provenance, overwrite=True)
        # The finished chunks show a person: gone as soon as the tracks are safe.
        shutil.rmtree(_scratch(folder.session_dir(session.session_id), video), ignore_errors=True)
        return Remarks(
            tuple(
                f"{session.session_id} {role}: {100 * track.coverage:.0f} % of {video.id} codable"
                for role, track in tracks.items()
            )
        )

    done = all(stored_key(path) == provenance.key for path in targets.values())
    # About 20 ms of processor time a frame for two people (docs/explanation/tracking.md).
    estimate_s = sum(path.stat().st_size for path in files) / 1e6 * 6 / max(workers, 1)
    return Step(f"track:{video.id}", session.session_id, provenance.key, done, estimate_s, work)


def _track_provenance(video: VideoRecording, tracker: Tracker, hashes: Sequence[str]) -> Provenance:
    return Provenance(
        "track",
        {f"file{k}": file_hash for k, file_hash in enumerate(hashes)},
        {
            "regions": {role: _plain(region) for role, region in sorted(video.regions.items())},
            "clock_map": _clock(video.clock_map),
            "params": _plain(getattr(tracker, "params", None)),
        },
        tracker.name,
    )


def _scratch(session_dir: Path, video: VideoRecording) -> Path:
    return session_dir / "scratch" / video.id


def _track(
    tracker: Tracker,
    session_dir: Path,
    video: VideoRecording,
    files: tuple[Path, ...],
    workers: int,
    progress: Progress,
) -> dict[str, FaceTrack]:
    # Here and not above: a plan is made, and a study is checked, without the extra that decodes films.
    from stillface.video.source import VideoOpener

    opener = VideoOpener(files, session_dir / "index", threads=1)
    scratch = _scratch(session_dir, video)
    scratch.mkdir(parents=True, exist_ok=True)
    return tracker.track(
        opener,
        video.regions,
        recording_id=video.id,
        clock_map=video.clock_map,
        workers=workers,
        scratch=scratch,
        progress=progress,
    )


def _code_step(
    folder: StudyFolder, session: Session, video: VideoRecording, role: str, name: str, tracking: Step
) -> Step:
    coder = CODERS.get(name)
    scheme = folder.scheme(coder.scheme_id)
    side = video.partner_toward.get(role, "camera")
    provenance = Provenance(
        "code",
        {"track": tracking.key, "role": role},
        {
            "coder": dict(coder.params),
            "scheme": _scheme(scheme),
            "episodes": [_episode(episode) for episode in session.episodes],
            "partner_toward": side,
        },
        coder.name,
    )
    target = folder.auto_dir(session.session_id) / f"{role}.{scheme.id}.h5"

    def work(progress: Progress) -> Remarks:
        face = load_face_track(track_path(folder, session.session_id, video.id, role))
        track = coder.code(face, scheme, session.episodes, partner_toward=side)
        save_state_track(target, track, provenance, overwrite=True)
        said = ""
        if isinstance(coder, RemarkingCoder):
            said = coder.remark(face, session.episodes, partner_toward=side)
        progress(1, 1)
        return Remarks(warnings=(f"{role} {scheme.id}, machine proposal: {said}",) if said else ())

    done = stored_key(target) == provenance.key
    title = f"code:{role}/{scheme.id}"
    return Step(title, session.session_id, provenance.key, done, 1.0, work, (tracking.name,))


def _signal_step(folder: StudyFolder, session: Session, channel: SignalRecording, hashes: FileHashes) -> Step:
    path = folder.path_of(channel.file)
    fit = fit_clock_map(channel)
    heart = _heart(session, channel)
    provenance = _signal_provenance(channel, hashes.of(path), fit.clock_map, heart)
    target = folder.signals_dir(session.session_id) / f"{channel.id}.h5"
    beats_target = target.with_name(f"{channel.id}.beats.h5")

    def work(progress: Progress) -> Remarks:
        signal = replace(reader_for(path).read(path, channel), clock_map=fit.clock_map)
        warnings = [*fit.notes, *signal.notes]
        if heart is not None:
            beats = find_beats(signal, heart)
            save_beats(beats_target, beats, provenance, overwrite=True)
            warnings += heart_warnings(signal, beats, heart)
        save_signal(target, signal, provenance, overwrite=True)
        progress(1, 1)
        return Remarks(warnings=tuple(f"{channel.id}: {line}" for line in warnings))

    targets = [target] if heart is None else [target, beats_target]
    done = all(stored_key(file) == provenance.key for file in targets)
    estimate_s = 2 + path.stat().st_size / 1e6
    return Step(f"signal:{channel.id}", session.session_id, provenance.key, done, estimate_s, work)


def _heart(session: Session, channel: SignalRecording) -> HeartParams | None:
    if channel.signal != "ecg":
        return None
    epoch_s = session.protocol.physio_epoch_s
    return HeartParams.for_role(channel.role, channel.rsa_preset or None, epoch_s=epoch_s)


def _signal_provenance(
    channel: SignalRecording, file_hash: str, clock_map: ClockMap, heart: HeartParams | None
) -> Provenance:
    return Provenance(
        "signal",
        {"file": file_hash},
        {
            "signal": channel.signal,
            "role": channel.role,
            "column": channel.column,
            "time_column": channel.time_column,
            "rate_hz": None if channel.rate_hz is None else str(channel.rate_hz),
            "unit": channel.unit,
            "clock_map": _clock(clock_map),
            "heart": None if heart is None else heart.to_json(),
        },
        f"signal@1+{SOURCE}",
    )


def _clock(clock_map: ClockMap) -> Json:
    return [clock_map.offset_ns, clock_map.drift_ppm]


def _episode(episode: Episode) -> Json:
    return [episode.id, ns_to_s(episode.onset_ns), ns_to_s(episode.offset_ns)]


def _scheme(scheme: CodingScheme) -> Json:
    return [scheme.ref, *scheme.code_ids]


def _plain(value: object) -> Json:
    return None if value is None else {str(k): v for k, v in asdict(value).items()}  # type: ignore[call-overload]
