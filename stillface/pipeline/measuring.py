"""All measures of behaviour of a session, by every family that is installed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import is_dataclass, replace

from stillface.contracts.measure import Measure
from stillface.contracts.registry import MEASURES
from stillface.domain.clock import ns_to_s
from stillface.domain.measure_params import USUAL, MeasureParams
from stillface.domain.results import Measurement, Status
from stillface.domain.scheme import MatchRule
from stillface.domain.session import Session
from stillface.domain.states import StateTrack
from stillface.io.measures_table import MomentRow, RepairRow
from stillface.measures.contrasts import contrast_rows
from stillface.measures.moments import moment_stories
from stillface.measures.repairs import mismatch_bouts, state_changes
from stillface.measures.slices import dyad_slices

__all__ = ["measure_session", "moment_rows", "repair_rows", "withhold", "without_unproposed"]


def measure_session(
    session: Session,
    tracks: tuple[StateTrack, ...],
    rules: tuple[MatchRule, ...],
    params: MeasureParams = USUAL,
) -> list[Measurement]:
    """Give every measure of every family, then the contrasts between episodes.

    Rows of a family of which ``params`` sets something unusual say so in their flags.
    """
    rows: list[Measurement] = []
    for name in MEASURES.names():
        said = tuple(f"{key}={value!r}" for key, value in params.changed(name).items())
        found = _family(name, params)(session, tracks, rules)
        rows += (
            [replace(row, flags=tuple(dict.fromkeys((*row.flags, *said)))) for row in found]
            if said
            else found
        )
    return [*rows, *contrast_rows(session.protocol, rows)]


def _family(name: str, params: MeasureParams) -> Measure:
    part, changed = MEASURES.get(name), params.changed(name)
    return replace(part, **changed) if changed and is_dataclass(part) else part


def without_unproposed(
    row: Measurement, unproposed: Mapping[tuple[str, str, str], Sequence[str]]
) -> Measurement:
    """Say "not coded" instead of "never seen" of a code that the analysed machine coder cannot propose.

    Parameters
    ----------
    row : Measurement
    unproposed : mapping of (role, scheme_id, coder_id) to sequence of codes
    """
    if row.code not in unproposed.get((row.role, row.scheme_id, row.coder_id), ()):
        return row
    flags = tuple(flag for flag in row.flags if flag.startswith("source="))
    return replace(row, value=None, n=None, status=Status.MISS_NOTCODED, flags=flags)


def withhold(row: Measurement, min_coverage: float) -> Measurement:
    """Take the value out of a row whose coverage is below the study's limit, and say so."""
    if not row.status.has_value or row.coverage is None or row.coverage >= min_coverage:
        return row
    return replace(row, value=None, status=Status.MISS_LOWCOV)


def repair_rows(
    session: Session, tracks: tuple[StateTrack, ...], rules: tuple[MatchRule, ...]
) -> Iterator[RepairRow]:
    """Give one row per mismatch bout of every dyad, episode and rule."""
    for dyad in dyad_slices(session, tracks, rules):
        if dyad.problem is not None:
            continue
        stamp = dyad.stamp("")
        for number, bout in enumerate(mismatch_bouts(state_changes(dyad)), start=1):
            yield RepairRow(
                session.dyad_id,
                session.session_id,
                stamp.episode_id,
                stamp.scheme_id,
                stamp.coder_id,
                stamp.match_rule,
                number,
                ns_to_s(bout.onset_ns),
                ns_to_s(bout.offset_ns),
                bout.duration_s,
                bout.ended_by,
                int(bout.censored),
                int(bout.left_truncated),
                bout.onset_by,
                bout.completer,
                bout.first_mover,
                bout.direction,
            )


def moment_rows(
    session: Session, tracks: tuple[StateTrack, ...], rules: tuple[MatchRule, ...]
) -> Iterator[MomentRow]:
    """Give one row per coded moment of every dyad or stream, episode and rule."""
    for story in moment_stories(session, tracks, rules):
        stamp, moment = story.stamp, story.moment
        yield MomentRow(
            session.dyad_id,
            session.session_id,
            stamp.episode_id,
            story.role,
            stamp.scheme_id,
            stamp.coder_id,
            stamp.match_rule,
            moment.id,
            story.index,
            story.code,
            ns_to_s(story.time_ns),
            ns_to_s(story.window_ns[0]),
            ns_to_s(story.window_ns[1]),
            stamp.scorable_s,
            stamp.coverage,
            moment.target,
            moment.sustain_s,
            story.pct_before,
            story.pct_after,
            story.recovery_s,
            story.confirmed_s,
            story.status.value,
            int(story.status.censored),
            story.next_s,
            ";".join(story.flags),
        )
