"""Builds a study whose sessions several people and a machine have coded, through the logs themselves."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np

from stillface.domain.clock import NS_PER_S
from stillface.domain.provenance import Provenance
from stillface.domain.session import Episode, Session
from stillface.domain.states import StateTrack
from stillface.domain.study import Person, Study, Visit
from stillface.io.artefacts import save_state_track
from stillface.io.bundle import StudyFolder, create_study
from stillface.io.code_log import CodeLog
from stillface.io.code_log_record import Edit, LoggedBout
from stillface.io.study_yaml import ReliabilityPlan, StudyFile

S = NS_PER_S
CODES = ("neg", "neu", "pos")


def make_study(
    root: Path, n_sessions: int, plan: ReliabilityPlan, ages_days: tuple[int, ...] = (120,)
) -> StudyFolder:
    """Make sessions s00, s01, ... of one infant each; groups, sites and ages by turns."""
    ids = [f"s{k:02d}" for k in range(n_sessions)]
    study = Study(
        "lab-1",
        "ffsf_2_2_2",
        schemes={"infant": ("affect3",)},
        persons=tuple(Person(f"I{name}", group="preterm" if k % 2 else "term") for k, name in enumerate(ids)),
        visits=tuple(Visit(name, {f"I{name}": ages_days[k % len(ages_days)]}) for k, name in enumerate(ids)),
    )
    folder = create_study(root, StudyFile(study, plan))
    for k, name in enumerate(ids):
        session = Session(
            name, f"d{name}", folder.protocol(),
            (Episode("PL", 0, 120 * S), Episode("SF", 120 * S, 240 * S), Episode("RE", 240 * S, 360 * S)),
            {"infant": f"I{name}"}, name, covariates={"site": "north" if k % 3 else "south"},
        )  # fmt: skip
        folder.add_session(session)
    return folder


def true_codes(seed: int) -> list[tuple[int, int, str]]:
    """Draw bouts on a 40-ms grid over the whole session."""
    rng = np.random.default_rng(seed)
    edges = np.unique(np.concatenate(([0, 9000], rng.integers(1, 9000, 60)))) * 40
    codes = np.cumsum(rng.integers(1, 3, edges.size - 1)) % 3
    return [
        (int(a) * 10**6, int(b) * 10**6, CODES[c])
        for a, b, c in zip(edges[:-1], edges[1:], codes, strict=True)
    ]


def as_coded(bouts: list[tuple[int, int, str]], seed: int, errors: float) -> list[tuple[int, int, str]]:
    """Give a coder's version: borders slip by up to a second, some codes are taken for another."""
    rng = np.random.default_rng(seed)
    edges = [bouts[0][0], *(onset + int(rng.integers(-9, 10)) * 40 * 10**6 for onset, _, _ in bouts[1:])]
    edges = sorted({*edges, bouts[-1][1]})
    found = []
    for onset, offset in pairwise(edges):
        middle = (onset + offset) // 2
        code = next(c for a, b, c in bouts if a <= middle < b)
        if rng.random() < errors:
            code = CODES[(CODES.index(code) + 1) % 3]
        found.append((onset, offset, code))
    return found


def write_log(
    folder: StudyFolder,
    session_id: str,
    coder: str,
    bouts: list[tuple[int, int, str]],
    *,
    month: str = "2024-01",
    kind: str = ".",
    decisions: bool = False,
) -> Path:
    """Append a coder's bouts to the log, as the program does."""
    path = folder.codes_dir(session_id) / kind / f"{coder}.lab-1.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    clock = lambda: (f"{month}-15T10:00:00.000000Z", 1)  # noqa: E731
    log = CodeLog.open(path, coder=coder, install="lab-1", app_version="0", clock=clock)
    edits = [Edit("add", bout=LoggedBout("infant/affect3", a, b, code)) for a, b, code in bouts]
    if decisions:
        attributes = {"source": "auto:affect@1.0"}
        edits.append(
            Edit("add", bout=LoggedBout("infant/review:affect3", 0, S, "accept", attributes=attributes))
        )
    log.append_group(edits)
    log.close()
    return path


def write_auto(folder: StudyFolder, session_id: str, bouts: list[tuple[int, int, str]]) -> StateTrack:
    """Store a machine's proposals, surest where they are longest."""
    scheme = folder.scheme("affect3")
    onsets, offsets, codes = zip(*bouts, strict=True)
    track = StateTrack.from_bouts(scheme, "infant", "auto:affect@1.0", onsets, offsets, codes)
    sure = np.clip(track.durations_ns / (10 * S), 0.2, 0.8).astype(np.float32)
    track = StateTrack(scheme, "infant", track.source, track.edges_ns, track.codes, sure)
    folder.auto_dir(session_id).mkdir(parents=True, exist_ok=True)
    save_state_track(folder.auto_dir(session_id) / "infant.h5", track, Provenance("code", {}, {}, "0"))
    return track
