"""The study's pictures and the table under every rule, from sessions to the page."""

from __future__ import annotations

import numpy as np
import pytest

from fixtures import report_example as example
from fixtures import worked_examples as we
from stillface.domain.session import Episode, Session
from stillface.io.scheme_yaml import load_rule, load_scheme
from stillface.pipeline.measuring import measure_session
from stillface.pipeline.study_people import Participant
from stillface.pipeline.study_pictures import study_pictures
from stillface.pipeline.study_stats import effect_rows
from stillface.report import study_report
from stillface.report.study_plots import StudyPictures, draw_pictures, rule_table
from stillface.report.tables import Withholding
from stillface.testing.dyads import random_track
from tests.unit.report.page import Page

S = we.S
RULES = (load_rule("valence3"), load_rule("positive_only"))


@pytest.fixture(scope="module")
def study() -> tuple[list, list, dict]:  # type: ignore[type-arg]
    sessions, rows, people = [], [], {}
    for k in range(8):
        rng = np.random.default_rng(k)
        episodes = tuple(
            Episode(name, 120 * n * S, 120 * (n + 1) * S) for n, name in enumerate(("PL", "SF", "RE"))
        )
        session = Session(f"s{k}", f"d{k}", we.PROTOCOL, episodes)
        tracks = tuple(
            random_track(load_scheme("affect3"), role, rng, offset_ns=360 * S).track
            for role in ("infant", "caregiver")
        )
        sessions.append((session, tracks))
        rows += measure_session(session, tracks, RULES)
        people[f"s{k}"] = Participant(f"s{k}", f"d{k}", f"f{k}")
    return sessions, rows, people


@pytest.fixture(scope="module")
def pictures(study: tuple[list, list, dict]) -> StudyPictures:  # type: ignore[type-arg]
    sessions, rows, people = study
    effects = tuple(effect_rows(we.PROTOCOL, rows, people))
    return study_pictures(rows, sessions, RULES, effects, we.PROTOCOL, (), people)


def test_what_the_pictures_hold(pictures: StudyPictures, study: tuple[list, list, dict]) -> None:  # type: ignore[type-arg]
    sessions, rows, _ = study
    # One grid an episode and pair of schemes, however many rules speak of it; none in the still-face.
    assert [grid.title for grid in pictures.grids] == ["PL · affect3+affect3", "RE · affect3+affect3"]
    for grid in pictures.grids:
        assert grid.shares.sum() == pytest.approx(1)
        assert grid.shares.shape == (3, 3)
    entropy = [row for row in rows if row.measure == "transition_entropy_bit" and row.role == "infant"]
    counted = sum(t.counts.sum() for t in pictures.transitions if "infant" in t.title)
    assert counted == sum(row.n for row in entropy if row.n)
    assert len(sessions) == 8
    recovered = [
        r for r in rows if r.measure == "recovery_latency_s" and r.code == "pos" and r.value is not None
    ]
    (pos,) = (line for line in pictures.survival if line.title == "RE · infant · pos")
    assert (pos.n, pos.n_events) == (len(recovered), sum(not r.censored for r in recovered))
    assert all(line.low < line.d_z < line.high and line.n == 8 for line in pictures.forest)


def test_every_kind_is_drawn_once_and_the_page_holds_them(pictures: StudyPictures) -> None:
    drawn = list(draw_pictures(pictures))
    assert [picture.id for picture in drawn] == ["survival", "forest", "grids", "transitions"]
    assert "d_z" in drawn[1].caption
    assert "noncentral t" in drawn[1].caption
    again = list(draw_pictures(pictures))
    assert [picture.svg for picture in drawn] == [picture.svg for picture in again]
    html = study_report(example.study_data(pictures=pictures))
    page = Page(html)
    assert page.unclosed == []
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    for heading in ("Waiting times", "Contrasts between episodes", "State-space grids", "Transitions"):
        assert heading in page.text
    assert "nan" not in html.lower()
    assert list(draw_pictures(StudyPictures())) == []


def test_one_table_shows_every_rule(study: tuple[list, list, dict]) -> None:  # type: ignore[type-arg]
    _, rows, _ = study
    shown = Withholding(we.PROTOCOL, rows, 0.5)
    rules, lines = rule_table(we.PROTOCOL, rows, shown)
    assert rules == ("positive_only", "valence3")
    assert {episode for _, episode, _ in lines} == {"PL", "RE"}
    match = next(cells for measure, episode, cells in lines if episode == "RE" and "match" in measure)
    assert all("(n 8)" in cell for cell in match)
    assert rule_table(we.PROTOCOL, [r for r in rows if r.match_rule != "valence3"], shown) is None
