"""Coded events and moments on a session's page: a mark for each, their number at once, the rest folded."""

from __future__ import annotations

import re
from html import unescape

import numpy as np

from fixtures.worked_examples import S, track
from stillface.domain.events import PointEvents
from stillface.domain.session import Episode, Session
from stillface.io.protocol_yaml import load_protocol
from stillface.io.scheme_yaml import load_rule, load_scheme
from stillface.pipeline.measuring import measure_session
from stillface.report.data import SessionReport
from stillface.report.html import session_report

TIMES_S = (10, 30, 50)


def page() -> str:
    scheme = load_scheme("affect3")
    times = np.array(TIMES_S, np.int64) * S
    points = PointEvents(load_scheme("withdrawal"), "partner_b", "human:AB", times, np.zeros(3, np.int16))
    session = Session(
        "s1", "d1", load_protocol("couple_stillface_moments"), (Episode("CONV", 0, 60 * S),), points=(points,)
    )
    tracks = (
        track(scheme, "partner_a", [("pos", 0, 60)]),
        track(scheme, "partner_b", [("neg", 0, 20), ("pos", 20, 60)]),
    )
    rows = measure_session(session, tracks, (load_rule("valence3"),))
    return session_report(SessionReport(session.with_tracks(tracks), tuple(rows), 0.0))


def test_each_event_is_a_mark_and_their_number_stands_in_the_first_table() -> None:
    text = page()
    svg = text[text.index("<svg") : text.index("</svg>")]
    assert "Withdrawal events between adults" in unescape(svg)
    assert "coded event" in svg
    described = unescape(re.search(r"<desc[^>]*>(.*?)</desc>", svg, re.DOTALL).group(1))
    assert "Events: Partner B · Withdrawal events between adults · coder AB, 3." in described
    first = text[: text.rindex("All measures")]
    assert re.search(r"bouts or events\s*<span class=\"code\">withdrawal", first)
    assert 'bouts or events <span class="code">pos' not in first
    assert re.search(r"coded moments\s*<span class=\"code\">WD:match", first)
    assert "share of moments recovered" in first
