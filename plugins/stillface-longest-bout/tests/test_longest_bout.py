"""The example keeps the promises of a measure, and is right on the worked example."""

from stillface_longest_bout import LongestBout

from fixtures import worked_examples as we
from stillface.testing.conformance import check_measure


def test_it_keeps_the_promises_of_a_measure() -> None:
    session, tracks = we.w2()
    check_measure(LongestBout(), session, tracks, ())


def test_the_longest_bout_of_w1() -> None:
    session, track = we.w1()
    rows = {row.code: row for row in LongestBout()(session, (track,)) if row.episode_id == "SF"}
    assert (rows["OBJ"].value, rows["PRO"].value, rows["WIT"].value) == (16.0, 8.0, None)
