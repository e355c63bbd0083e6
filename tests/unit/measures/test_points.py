"""Events without duration: counted on time watched, censored as states are, never absent unlooked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fixtures import worked_examples as we
from stillface.domain.events import PointEvents
from stillface.domain.intervals import Intervals
from stillface.domain.results import Measurement, Status
from stillface.domain.scheme import Code, CodingScheme
from stillface.domain.session import Episode, Session
from stillface.errors import FieldError, InputError
from stillface.io.codes_table import read_codes
from stillface.io.codes_writer import write_codes
from stillface.measures.points import Points

S = we.S
SCHEME = CodingScheme(
    "bids", (Code("bid"), Code("turn"), Code("unseen", gap=True)), type="point", exclusive=False
)


def events(*coded: tuple[str, float], watched: Intervals | None = None) -> PointEvents:
    return PointEvents(
        SCHEME,
        "infant",
        "human:AB",
        np.array([round(t * S) for _, t in coded], np.int64),
        np.array([SCHEME.index(code) for code, _ in coded], np.int16),
        *(() if watched is None else (watched,)),
    )


def measured(points: PointEvents, *episodes: Episode) -> dict[tuple[str, str, str], Measurement]:
    session = Session("s1", "d1", we.PROTOCOL, episodes).with_points((points,))
    return {(row.episode_id, row.measure, row.code): row for row in Points()(session, ())}


def unwatched(*gaps: tuple[float, float]) -> Intervals:
    onsets, offsets = (np.array([round(gap[k] * S) for gap in gaps], np.int64) for k in (0, 1))
    return PointEvents.watched_except(Intervals(onsets, offsets))


def test_events_are_counted_in_the_episode_that_holds_them() -> None:
    play, still = Episode("PL", 0, 120 * S), Episode("SF", 120 * S, 180 * S)
    # The event at 120 belongs to the still-face; the one at 180 to neither.
    rows = measured(events(("bid", 30), ("bid", 60), ("bid", 120), ("turn", 130), ("bid", 180)), play, still)
    assert (rows["PL", "frequency", "bid"].value, rows["PL", "frequency", "bid"].unit) == (2.0, "events")
    assert rows["PL", "rate_per_min", "bid"].value == 1.0
    first = rows["PL", "latency_s", "bid"]
    assert (first.value, first.n, first.status, first.coverage) == (30.0, 1, Status.OK, 1.0)
    at_once = rows["SF", "latency_s", "bid"]
    assert (at_once.value, at_once.flags) == (0.0, ("at_onset",))
    assert rows["SF", "rate_per_min", "turn"].value == 1.0
    never = rows["PL", "latency_s", "turn"]
    assert (never.value, never.n, never.status) == (120.0, 0, Status.CENS_EP_END)
    assert (rows["PL", "frequency", "turn"].value, rows["PL", "rate_per_min", "turn"].value) == (0.0, 0.0)
    assert {row.status for key, row in rows.items() if key[0] == "RE"} == {Status.MISS_EPISODE}
    assert {code for _, _, code in rows} == {"bid", "turn"}
    assert {row.scheme_id for row in rows.values()} == {"bids"}


def test_an_episode_ended_early_censors_as_stopped() -> None:
    rows = measured(events(("turn", 5)), Episode("SF", 0, 40 * S, "stop_rule"))
    assert (rows["SF", "latency_s", "bid"].value, rows["SF", "latency_s", "bid"].status) == (
        40.0,
        Status.CENS_STOP,
    )


def test_nothing_is_absent_while_nobody_could_watch() -> None:
    points = events(("bid", 50), watched=unwatched((10, 40), (90, 200)))
    rows = measured(points, Episode("PL", 0, 120 * S))
    rate = rows["PL", "rate_per_min", "bid"]
    assert (rate.value, rate.scorable_s, rate.coverage) == (1.0, 60.0, 0.5)
    assert rows["PL", "latency_s", "bid"].flags == ("gap_before_s=30.0", "low_coverage")
    never = rows["PL", "latency_s", "turn"]
    assert (never.value, never.status) == (90.0, Status.CENS_GAP)
    blind = measured(events(watched=unwatched((0, 200))), Episode("PL", 0, 120 * S))
    assert {row.status for row in blind.values()} == {Status.MISS_NOTCODED, Status.MISS_EPISODE}
    with pytest.raises(FieldError, match="nobody watched"):
        events(("bid", 20), watched=unwatched((10, 40)))


def test_a_session_that_nobody_coded_has_no_zeros() -> None:
    rows = measured(PointEvents.uncoded(SCHEME, "infant"), Episode("PL", 0, 120 * S))
    assert {row.status for key, row in rows.items() if key[0] == "PL"} == {Status.MISS_NOTCODED}
    watched = measured(events(), Episode("PL", 0, 120 * S))
    assert watched["PL", "frequency", "bid"].value == 0.0


def test_one_stream_of_a_scheme_for_each_role() -> None:
    with pytest.raises(FieldError, match="named twice"):
        Session("s", "d", we.PROTOCOL, (), points=(events(), events()))


def table(path: Path, *rows: str) -> Path:
    head = "dyad_id,session_id,role,scheme_id,coder_id,code,onset_s,offset_s"
    path.write_text("\n".join((head, *(f"d1,s1,infant,bids,AB,{row}" for row in rows))) + "\n")
    return path


def test_a_table_of_events_comes_back_as_written(tmp_path: Path) -> None:
    (stream,) = read_codes(table(tmp_path / "a.csv", "bid,3.5,3.5", "unseen,10,20", "turn,1,1", "bid,20,20"))
    points = stream.points(SCHEME)
    assert points.times_ns.tolist() == [S, 3.5 * S, 20 * S]
    assert [SCHEME.code_ids[code] for code in points.codes] == ["turn", "bid", "bid"]
    assert points.watched.contains(np.array([9, 10, 19, 20]) * S).tolist() == [True, False, False, True]
    assert (points.source_kind, points.coder_id) == ("human", "AB")
    write_codes(tmp_path / "b.csv", [("d1", "s1", (points,), {})])
    (again,) = read_codes(tmp_path / "b.csv")
    assert again.points(SCHEME).times_ns.tolist() == points.times_ns.tolist()
    assert list(again.codes) == ["turn", "bid", "unseen", "bid"]
    assert again.points(SCHEME).watched == points.watched


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("bid,1,2", r"t\.csv:2: an event that lasts, in scheme bids.*offset_s equal to onset_s"),
        ("unseen,1,1", r"t\.csv:2: a gap that does not last"),
        ("wave,1,1", r"t\.csv:2: unknown code of scheme bids"),
    ],
)
def test_what_is_no_event_is_refused_with_its_line(tmp_path: Path, row: str, message: str) -> None:
    (stream,) = read_codes(table(tmp_path / "t.csv", row))
    with pytest.raises(InputError, match=message):
        stream.points(SCHEME)
