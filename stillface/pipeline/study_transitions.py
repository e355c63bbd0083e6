"""Which code follows which in a study: counts, chances, and what margins alone would give (SPEC 3.1, 3.5)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillface.domain.protocol import Protocol
from stillface.domain.results import Status
from stillface.domain.session import Session
from stillface.domain.states import StateTrack
from stillface.measures.slices import StreamSlice, stream_slices
from stillface.measures.structural_zeros import quasi_independence
from stillface.measures.transitions import transition_counts
from stillface.measures.two_by_two import LOW_N
from stillface.report.study_tables import StudyTable
from stillface.report.wording import role_label, rounded

__all__ = ["TransitionRow", "slices_by_stream", "transition_rows", "transition_table"]


@dataclass(frozen=True)
class TransitionRow:
    """From one code to another, pooled over sessions.

    Parameters
    ----------
    n_transitions, n_given : int
        Transitions from ``code`` to ``next_code``, and from ``code`` to any.
    p_next : float, optional
        Their ratio; None where the code was never left for another.
    row_entropy_bit : float, optional
        Of the next code given this one.
    expected, adjusted_residual : float, optional
        By quasi-independence: a code cannot follow itself. The residual is left out, with status
        MISS_LOWN, where either code has fewer than 5 transitions, and with NA_CONST where the margins leave
        the cell no freedom.
    """

    episode_id: str
    role: str
    scheme_id: str
    code: str
    next_code: str
    n_transitions: int
    n_given: int
    p_next: float | None
    row_entropy_bit: float | None
    expected: float
    adjusted_residual: float | None
    status: str
    n_sessions: int


def transition_rows(sessions: Sequence[tuple[Session, tuple[StateTrack, ...]]]) -> Iterator[TransitionRow]:
    """Give every ordered pair of codes in use, by episode, role and scheme; none across a gap."""
    for names, streams in slices_by_stream(sessions).items():
        counts = np.sum([transition_counts(stream.track) for stream in streams], axis=0)
        if counts.any():
            yield from _rows(names, streams, counts)


def slices_by_stream(
    sessions: Sequence[tuple[Session, tuple[StateTrack, ...]]],
) -> dict[tuple[str, str, str], list[StreamSlice]]:
    """Give what can be measured of all sessions by episode, role and scheme."""
    found: dict[tuple[str, str, str], list[StreamSlice]] = {}
    for session, tracks in sessions:
        for stream in stream_slices(session, tracks):
            if stream.problem is None:
                key = stream.spec.id, stream.track.role, stream.track.scheme.id
                found.setdefault(key, []).append(stream)
    return found


def _rows(
    names: tuple[str, str, str], streams: Sequence[StreamSlice], counts: npt.NDArray[np.int64]
) -> Iterator[TransitionRow]:
    given, reached = counts.sum(axis=1), counts.sum(axis=0)
    fitted = quasi_independence(counts)
    ids = streams[0].track.scheme.code_ids
    used = np.flatnonzero(given + reached).tolist()
    for a in used:
        entropy = _entropy_bit(counts[a]) if given[a] else None
        for b in (code for code in used if code != a):
            residual = float(fitted.adjusted_residuals[a, b])
            status = Status.OK if np.isfinite(residual) else Status.NA_CONST
            if min(given[a], reached[b]) < LOW_N:
                status = Status.MISS_LOWN
            n = int(counts[a, b])
            yield TransitionRow(
                *names, ids[a], ids[b], n, int(given[a]),
                n / int(given[a]) if given[a] else None,
                entropy,
                float(fitted.expected[a, b]),
                residual if status is Status.OK else None,
                status.value, len(streams),
            )  # fmt: skip


def _entropy_bit(row: npt.NDArray[np.int64]) -> float:
    p = row[row > 0] / row.sum()
    return float(-(p * np.log2(p)).sum()) + 0.0


def transition_table(protocol: Protocol, rows: Iterable[TransitionRow]) -> StudyTable:
    """Give the transitions that occurred for the study's page."""
    return StudyTable(
        "transitions_table",
        "Which code follows which",
        "Pooled over sessions, none across a gap. Chance: share of the transitions from the first code "
        "that lead to the second. Expected and z (adjusted residual): against the margins alone, where no "
        "code can follow itself. Pairs that never occurred stand in exports/statistics/transitions.csv.",
        ("From → to", "Episode", "Who", "Transitions", "Chance", "Expected", "z", "Row entropy (bit)"),
        tuple(
            (
                f"{row.code} → {row.next_code}",
                row.episode_id,
                " · ".join((role_label(protocol, row.role), row.scheme_id)),
                f"{row.n_transitions} of {row.n_given}",
                "–" if row.p_next is None else rounded(row.p_next),
                rounded(row.expected),
                "–" if row.adjusted_residual is None else rounded(row.adjusted_residual),
                "–" if row.row_entropy_bit is None else rounded(row.row_entropy_bit),
            )
            for row in rows
            if row.n_transitions
        ),
        "individual",
        folded=True,
    )
