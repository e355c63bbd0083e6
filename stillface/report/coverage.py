"""How much of each episode could be used, in the same words on a session's page and on the study's."""

from __future__ import annotations

from collections.abc import Sequence

from stillface.domain.results import Measurement
from stillface.domain.session import Episode, Session
from stillface.report.data import RsaEpochs, SessionReport, StudyReport
from stillface.report.tables import AUTONOMIC, LOW_COVERAGE
from stillface.report.timeline import ordered_tracks
from stillface.report.wording import code_label, measure_label, role_label, source_label

__all__ = ["CoverageLine", "analysed_episodes", "session_coverage", "study_coverage"]

CoverageLine = tuple[str, str, list[tuple[str, str]]]
"""Person, stream, and for each episode what was seen with a word about it."""

_RSA = "rsa_ln_ms2"
_RSA_STREAM = "RSA, windows with a value of whole windows (share of the time)"
# Other rows name a scheme too, while their coverage is of something else: of the windows around its events.
_OF_A_CODED_STREAM = ("frequency", "pct_time")
_OF_A_PAIR = ("grid_visits", "pct_match")
_OF_TWO_BODIES = "synchrony_r0"


def analysed_episodes(session: Session) -> tuple[Episode, ...]:
    """Give the episodes that enter measures."""
    return tuple(episode for episode in session.episodes if session.protocol.episode(episode.id).analyse)


def session_coverage(data: SessionReport) -> list[CoverageLine]:
    """Give what tracking saw, the scorable share of every track, and the windows with RSA, by episode."""
    session = data.session
    episodes = analysed_episodes(session)
    lines: list[CoverageLine] = []
    for face in data.faces:
        cells = [_share_cell(face.shares[episode.id], 0.0) for episode in episodes]
        lines.append((role_label(session.protocol, face.role), f"face tracked in {face.recording_id}", cells))
    for track in ordered_tracks(session):
        cells = []
        for episode in episodes:
            share = track.clip(episode.onset_ns, episode.offset_ns).scorable_ns / episode.duration_ns
            cells.append(_share_cell(share, data.min_coverage))
        name = f"{track.scheme.id} · {source_label(track.source)}"
        lines.append((role_label(session.protocol, track.role), name, cells))
    for rsa in data.rsa:
        cells = [_session_windows(data, rsa, episode) for episode in episodes]
        lines.append((role_label(session.protocol, rsa.role), _RSA_STREAM, cells))
    return lines


def study_coverage(data: StudyReport) -> list[CoverageLine]:
    """Give mean and lowest coverage of each stream, pair of streams and body, by episode."""
    episodes = [spec.id for spec in data.protocol.episodes if spec.analyse]
    found: dict[tuple[str, str], dict[str, dict[str, Measurement]]] = {}
    for row in data.rows:
        name = _stream(row)
        if name and row.coverage is not None and row.episode_id in episodes:
            stream = found.setdefault((row.role, name), {})
            stream.setdefault(row.episode_id, {})[row.session_id] = row
    return [
        (
            role_label(data.protocol, role),
            name,
            [_study_cell(name, tuple(by_episode.get(episode, {}).values())) for episode in episodes],
        )
        for (role, name), by_episode in found.items()
    ]


def _stream(row: Measurement) -> str:
    """Name the stream whose own coverage a row carries; empty where it carries another one."""
    if row.scheme_id:
        return row.scheme_id if row.measure in (*_OF_A_CODED_STREAM, *_OF_A_PAIR) else ""
    if row.measure == _OF_TWO_BODIES:
        return f"{code_label(row.measure, row.code)}, of both at once"
    if row.measure == _RSA:
        return _RSA_STREAM
    return measure_label(row.measure) if row.measure in AUTONOMIC else ""


def _share_cell(share: float, min_coverage: float) -> tuple[str, str]:
    if share == 0:
        # Nothing is withheld where there is nothing.
        return "nothing scorable", ""
    word = "withheld" if share < min_coverage else "low" if share < LOW_COVERAGE else ""
    return f"{100 * share:.0f} %", word


def _session_windows(data: SessionReport, rsa: RsaEpochs, episode: Episode) -> tuple[str, str]:
    inside = [
        epoch
        for epoch in rsa.epochs
        if epoch.onset_ns >= episode.onset_ns and epoch.offset_ns <= episode.offset_ns
    ]
    valid = sum(epoch.rsa_ln_ms2 is not None for epoch in inside)
    share = next(
        (
            row.coverage
            for row in data.rows
            if (row.measure, row.role, row.episode_id) == (_RSA, rsa.role, episode.id)
        ),
        None,
    )
    if share is None:
        return f"{valid} of {len(inside)}", ""
    return f"{valid} of {len(inside)} ({100 * share:.0f} %)", _share_cell(share, data.min_coverage)[1]


def _study_cell(name: str, rows: Sequence[Measurement]) -> tuple[str, str]:
    shares = [row.coverage for row in rows if row.coverage is not None]
    if not shares:
        return "–", ""
    if not any(shares):
        return "nothing scorable", f"n {len(shares)}"
    spread = f"{100 * sum(shares) / len(shares):.0f} %"
    if len(shares) > 1:
        spread += f", lowest {100 * min(shares):.0f} %, n {len(shares)}"
    windows = _windows(rows) if name == _RSA_STREAM else ""
    text = f"{windows} ({spread})" if windows else spread
    low = sum(share < LOW_COVERAGE for share in shares)
    return text, f"{low} low" if low and len(shares) > 1 else "low" if low else ""


def _windows(rows: Sequence[Measurement]) -> str:
    """Sum the windows that rows tell of in their flag; empty where none does."""
    counts = [
        flag.removeprefix("epochs=") for row in rows for flag in row.flags if flag.startswith("epochs=")
    ]
    pairs = [tuple(map(int, count.split("/"))) for count in counts]
    return f"{sum(pair[0] for pair in pairs)} of {sum(pair[1] for pair in pairs)}" if pairs else ""
