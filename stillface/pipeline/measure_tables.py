"""Measure codes that were made in any tool: tables in, tables out, no video needed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

from stillface.domain.events import PointEvents
from stillface.domain.measure_params import USUAL, MeasureParams
from stillface.domain.protocol import Protocol
from stillface.domain.results import Measurement
from stillface.domain.scheme import CodingScheme, MatchRule
from stillface.domain.session import Episode, Session
from stillface.domain.states import StateTrack
from stillface.errors import InputError
from stillface.io.codebook import write_codebook
from stillface.io.codes_table import CodedStream, CodesSurvey, codes_by_session, survey_codes
from stillface.io.episodes_table import read_episodes
from stillface.io.measures_table import (
    MOMENTS_COLUMNS,
    RECOVERY_COLUMNS,
    REPAIRS_COLUMNS,
    TRANSITIONS_COLUMNS,
    measure_cells,
    moment_cells,
    recovery_cells,
    repair_cells,
    transition_cells,
)
from stillface.io.protocol_yaml import load_protocol
from stillface.io.safe_paths import refuse_overwriting
from stillface.io.scheme_yaml import load_rule, load_scheme, shipped_rule_ids, shipped_scheme_ids
from stillface.io.table_writer import TableWriter
from stillface.measures.slices import role_order
from stillface.pipeline.choose import choose
from stillface.pipeline.measuring import measure_session, moment_rows, repair_rows, withhold
from stillface.pipeline.session_checks import order_words, role_words
from stillface.pipeline.session_rows import recovery_rows, session_transition_rows
from stillface.pipeline.unpaired import unpaired, unpaired_warnings

__all__ = ["MeasureRequest", "MeasureSummary", "measure_tables", "scheme_of_stream"]


@dataclass(frozen=True)
class MeasureRequest:
    """What to measure.

    Parameters
    ----------
    codes, episodes : Path
        The two tables of the contract.
    protocol : str
        Shipped id or a path.
    rules : tuple of str
        Match rules; empty means every shipped rule that fits the schemes.
    coders : tuple of str
        Whose coding to analyse where there are several: ``AB``, or with its source ``auto:affect@1.0``.
    min_coverage : float
        Withhold values below it; 0 writes every value with its coverage.
    params : MeasureParams
        Of the families of measures.
    """

    codes: Path
    episodes: Path
    protocol: str
    rules: tuple[str, ...] = ()
    coders: tuple[str, ...] = ()
    min_coverage: float = 0.0
    params: MeasureParams = USUAL


@dataclass(frozen=True)
class MeasureSummary:
    """What was measured: counts, the files made, and what the person should know."""

    n_sessions: int
    n_rows: int
    files: tuple[Path, ...]
    warnings: tuple[str, ...]


def measure_tables(request: MeasureRequest, out: Path) -> MeasureSummary:
    """Measure two tables and write the tables of results and ``codebook.csv``.

    Those are ``measures_long.csv``, ``repairs.csv``, ``recovery.csv`` and ``transitions.csv``. Where the
    protocol has moments, ``moments.csv`` too.

    Raises
    ------
    InputError
        With file:line, before anything is written.
    """
    protocol = load_protocol(request.protocol)
    episodes = read_episodes(request.episodes, (spec.id for spec in protocol.episodes))
    survey = survey_codes(request.codes)
    _check_coders(request, survey)
    schemes = {scheme_id: _scheme(scheme_id, codes) for scheme_id, codes in survey.codes.items()}
    rules = _rules(request.rules, schemes)
    warnings = [*_scheme_warnings(schemes), *_rule_warnings(request, protocol, survey, rules, schemes)]
    warnings += _moment_warnings(protocol, schemes)
    warnings += [words for role, name in survey.streams for words in role_words(schemes[name], role)]
    left = dict.fromkeys(episodes)
    alone: dict[str, tuple[str, ...]] = {}
    results = _Results(out, with_moments=bool(protocol.moments))
    refuse_overwriting((request.codes, request.episodes), results.files)
    with results:
        for found in codes_by_session(request.codes, survey):
            _check_streams(request, found, episodes, protocol)
            session_id = found[0].session_id
            left.pop(session_id)
            session = Session(session_id, found[0].dyad_id, protocol, episodes[session_id])
            said = (*order_words(session), *session.duration_warnings())
            warnings.extend(f"{session_id}: {line}" for line in said)
            session, tracks = _coded(request, session, found, survey.streams, schemes)
            alone[session_id] = unpaired(session, tracks, rules, told_of_rules=bool(request.rules))
            measured = measure_session(session, tracks, rules, request.params)
            rows = [withhold(row, request.min_coverage) for row in measured]
            results.add(
                rows,
                map(repair_cells, repair_rows(session, tracks, rules)),
                map(recovery_cells, recovery_rows(protocol, rows)),
                map(transition_cells, session_transition_rows(session, tracks)),
                map(moment_cells, moment_rows(session, tracks, rules)),
            )
    warnings += unpaired_warnings(alone)
    warnings.extend(f"{session_id}: has episodes but no codes; left out" for session_id in left)
    return MeasureSummary(len(episodes) - len(left), results.n_rows, results.files, tuple(warnings))


class _Results:
    """The result tables, written session by session and put in place together at the end."""

    def __init__(self, out: Path, *, with_moments: bool) -> None:
        self._out = out
        self._columns = {
            "measures_long.csv": Measurement.columns(),
            "repairs.csv": REPAIRS_COLUMNS,
            "recovery.csv": RECOVERY_COLUMNS,
            "transitions.csv": TRANSITIONS_COLUMNS,
        }
        if with_moments:
            self._columns["moments.csv"] = MOMENTS_COLUMNS
        self.files = tuple(out / name for name in (*self._columns, "codebook.csv"))
        self.n_rows = 0
        self._names: set[str] = set()
        self._open = ExitStack()
        self._tables: tuple[TableWriter, ...] = ()

    def __enter__(self) -> _Results:
        return self

    def _begin(self) -> tuple[TableWriter, ...]:
        self._out.mkdir(parents=True, exist_ok=True)
        return tuple(
            self._open.enter_context(TableWriter(self._out / name, columns))
            for name, columns in self._columns.items()
        )

    def add(self, rows: Sequence[Measurement], *others: Iterable[tuple[object, ...]]) -> None:
        """Write a session's measures, and its cells of the other tables in their order."""
        # Not before there is something to write: bad input leaves no trace.
        self._tables = self._tables or self._begin()
        self.n_rows += len(rows)
        self._names.update(row.measure for row in rows)
        # A protocol without moments has no table of them.
        for table, found in zip(self._tables, (map(measure_cells, rows), *others), strict=False):
            table.write(found)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._tables = self._tables or self._begin()
        self._open.__exit__(kind, error, trace)
        if kind is None:
            columns = (column for names in self._columns.values() for column in names)
            write_codebook(self.files[-1], columns, self._names)


def scheme_of_stream(scheme_id: str, streams: Sequence[CodedStream]) -> CodingScheme:
    """Give the shipped scheme, or one made of the codes that these streams hold; none of them a gap."""
    codes = {code for stream in streams if stream.scheme_id == scheme_id for code in stream.codes}
    return _scheme(scheme_id, tuple(sorted(codes)))


def _scheme(scheme_id: str, codes: tuple[str, ...]) -> CodingScheme:
    if scheme_id in shipped_scheme_ids():
        return load_scheme(scheme_id)
    return CodingScheme.from_codes_found(scheme_id, codes)


def _rules(names: tuple[str, ...], schemes: dict[str, CodingScheme]) -> tuple[MatchRule, ...]:
    """Load the rules; one that was named also applies to schemes it was not written for but fits."""
    if not names:
        return tuple(load_rule(name) for name in shipped_rule_ids())
    rules = []
    for name in names:
        rule = load_rule(name)
        fits = {
            (first, second)
            for first in schemes
            for second in schemes
            if rule.kind == "pairs" and bool((rule.table(schemes[first], schemes[second]) > 0).any())
        }
        rules.append(replace(rule, schemes=tuple(sorted({*rule.schemes, *fits}))) if rule.schemes else rule)
    return tuple(rules)


def _coded(
    request: MeasureRequest,
    session: Session,
    found: Sequence[CodedStream],
    expected: Sequence[tuple[str, str]],
    schemes: dict[str, CodingScheme],
) -> tuple[Session, tuple[StateTrack, ...]]:
    """Give the session with its events, and its tracks: one of either per role and scheme.

    A stream that others have and this session lacks is uncoded.
    """
    chosen = choose(
        ((stream, stream.scheme_id, stream.source) for stream in found),
        where=f"{request.codes}, session {session.session_id}",
        coders=request.coders,
    )
    span = session.episodes[0].onset_ns, session.episodes[-1].offset_ns
    tracks, points = [], []
    for role, scheme_id in expected:
        stream, scheme = chosen.get((role, scheme_id)), schemes[scheme_id]
        if scheme.type == "point":
            points.append(stream.points(scheme) if stream else PointEvents.uncoded(scheme, role))
        elif stream is not None:
            tracks.append(stream.track(scheme))
        else:
            tracks.append(StateTrack.from_bouts(scheme, role, "human:uncoded", [], [], (), span))
    return session.with_points(points), tuple(tracks)


def _moment_warnings(protocol: Protocol, schemes: dict[str, CodingScheme]) -> list[str]:
    """Name the moments of the protocol that the table cannot give."""
    found = []
    for moment in protocol.moments:
        scheme = schemes.get(moment.scheme)
        if scheme is None:
            found.append(f"moment {moment.id}: the table holds no codes of scheme {moment.scheme}")
        elif scheme.type != "point":
            found.append(f"moment {moment.id}: scheme {scheme.id} codes {scheme.type}s, not events")
    return found


def _check_streams(
    request: MeasureRequest,
    streams: Sequence[CodedStream],
    episodes: dict[str, tuple[Episode, ...]],
    protocol: Protocol,
) -> None:
    for stream in streams:
        if stream.session_id not in episodes:
            raise InputError(
                f"session {stream.session_id} has codes but no episodes",
                where=stream.wheres[0],
                expected=f"its episodes in {request.episodes}",
            )
        if stream.role not in protocol.role_ids:
            raise InputError(
                f"a role that protocol {protocol.id} does not have",
                where=stream.wheres[0],
                got=stream.role,
                expected="one of " + ", ".join(protocol.role_ids),
            )


def _check_coders(request: MeasureRequest, survey: CodesSurvey) -> None:
    known = {coder for _, coder in survey.coders} | {f"{kind}:{coder}" for kind, coder in survey.coders}
    for name in request.coders:
        if name not in known:
            raise InputError(
                "no codes of this coder",
                where=str(request.codes),
                got=name,
                expected=", ".join(f"{kind}:{coder}" for kind, coder in survey.coders) or "-",
                fix="name the coder with or without what stands before the colon",
            )


def _rule_warnings(
    request: MeasureRequest,
    protocol: Protocol,
    survey: CodesSurvey,
    rules: tuple[MatchRule, ...],
    schemes: dict[str, CodingScheme],
) -> list[str]:
    """Name the rules that were asked for and fit no pair of the table: they give no rows."""
    pairs = sorted(
        {
            (first, second)
            for roles in protocol.pairs
            for role_a, role_b in (role_order(protocol, roles),)
            for _, first in (s for s in survey.streams if s[0] == role_a)
            for _, second in (s for s in survey.streams if s[0] == role_b)
        }
    )
    listed = ", ".join(f"{first} with {second}" for first, second in pairs) or "no two roles of a pair"
    return [
        f"rule {rule.id} fits no pair of schemes of the table ({listed}): nothing is measured by it"
        for rule in rules
        if request.rules and not any(rule.applies_to(schemes[a], schemes[b]) for a, b in pairs)
    ]


def _scheme_warnings(schemes: dict[str, CodingScheme]) -> list[str]:
    return [
        f"scheme {scheme.id} is not shipped: its codes are those found ({', '.join(scheme.code_ids)}), "
        "none counts as a gap"
        for scheme in schemes.values()
        if scheme.status == "found"
    ]
