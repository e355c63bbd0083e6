"""Vocal turns, ratings, same target; couples and therapy with roles by name, all families."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from fixtures import worked_examples as we
from stillface.contracts.registry import MEASURES
from stillface.domain.results import Measurement, Status
from stillface.domain.session import Episode, Session
from stillface.io.codebook import measure_entry
from stillface.io.protocol_yaml import load_protocol
from stillface.io.scheme_yaml import load_rule, load_scheme, shipped_rule_ids
from stillface.measures.scores import Scores
from stillface.measures.turns import VocalTurns
from stillface.pipeline.measuring import measure_session
from stillface.testing.dyads import random_track

S = we.S


def of(rows: list[Measurement], episode: str) -> dict[tuple[str, str], Measurement]:
    return {(row.measure, row.code): row for row in rows if row.episode_id == episode}


def voices(role: str, *bouts: tuple[float, float], span: tuple[int, int] = (0, 20)) -> we.StateTrack:
    """Silent but in the given stretches."""
    edges = [float(span[0]), *(t for bout in bouts for t in bout), float(span[1])]
    parts = [
        ("voc" if k % 2 else "silent", a, b) for k, (a, b) in enumerate(itertools.pairwise(edges)) if b > a
    ]
    return we.track(load_scheme("vocal_turns"), role, parts)


def turns(*tracks: we.StateTrack) -> dict[tuple[str, str], Measurement]:
    return of(list(VocalTurns()(we.session(Episode("RE", 0, 20 * S)), tracks)), "RE")


def test_gaps_pauses_and_overlaps() -> None:
    # infant 1-2, 3-4; caregiver 4.5-6, 9-12 with the infant 11-13.
    rows = turns(voices("infant", (1, 2), (3, 4), (7, 8), (11, 13)), voices("caregiver", (4.5, 6), (9, 12)))
    assert (rows["turn_pause_mean_s", "infant"].value, rows["turn_pause_mean_s", "infant"].n) == (1.0, 1)
    assert rows["turn_pause_mean_s", "caregiver"].status is Status.NA_NOBOUT
    assert rows["turn_gap_mean_s", "infant>caregiver"].value == pytest.approx((0.5 + 1.0) / 2)
    assert rows["turn_gap_mean_s", "caregiver>infant"].value == 1.0
    assert (rows["turn_overlap_pct", ""].value, rows["n_turn_overlap", ""].value) == (5.0, 1.0)


def test_silence_at_the_edges_across_gaps_and_after_both_is_nobodys() -> None:
    edges = turns(voices("infant", (5, 6)), voices("caregiver", (8, 9)))
    assert edges["turn_gap_mean_s", "infant>caregiver"].n == 1
    assert edges["turn_gap_mean_s", "infant>caregiver"].value == 2.0
    unheard = we.track(
        load_scheme("vocal_turns"),
        "caregiver",
        [("silent", 0, 6.5), ("voc_usc", 6.5, 7), ("silent", 7, 8), ("voc", 8, 9), ("silent", 9, 20)],
    )
    cut = turns(voices("infant", (5, 6)), unheard)
    assert cut["turn_gap_mean_s", "infant>caregiver"].status is Status.NA_NOBOUT
    both = turns(voices("infant", (5, 6), (8, 9)), voices("caregiver", (5, 6), (8, 9)))
    assert both["turn_gap_mean_s", "infant>caregiver"].status is Status.NA_NOBOUT
    assert both["turn_pause_mean_s", "infant"].status is Status.NA_NOBOUT
    assert (both["turn_overlap_pct", ""].value, both["n_turn_overlap", ""].value) == (10.0, 2.0)


def test_ratings_of_five_minutes_are_averaged_over_the_time_rated() -> None:
    protocol = load_protocol("therapy_session")
    session = Session("s", "d", protocol, (Episode("SESSION", 0, 1500 * S),))
    bouts = [(f"rupture_{k}", 300 * i, 300 * (i + 1)) for i, k in enumerate((1, 3, 5))]
    track = we.track(load_scheme("alliance_rupture_rating"), "client", [*bouts, ("rupture_usc", 900, 1200)])
    rows = of(list(Scores()(session, (track,))), "SESSION")
    mean, sd = rows["score_mean", ""], rows["score_sd", ""]
    assert (mean.value, mean.n, mean.coverage) == (3.0, 3, pytest.approx(0.6))
    assert sd.value == pytest.approx(np.std([1, 3, 5]))
    empty = Session("s", "d", protocol, (Episode("SESSION", 2000 * S, 2100 * S),))
    assert {row.status for row in Scores()(empty, (track,))} == {Status.MISS_NOTCODED}


def test_same_target_is_the_same_named_thing_only() -> None:
    scheme = load_scheme("gaze_target")
    infant = [("thing_1", 0, 6), ("partner", 6, 10), ("other", 10, 20)]
    caregiver = [("thing_1", 0, 4), ("thing_2", 4, 6), ("partner", 6, 10), ("other", 10, 20)]
    tracks = (we.track(scheme, "infant", infant), we.track(scheme, "caregiver", caregiver))
    rows = measure_session(we.session(Episode("RE", 0, 20 * S)), tracks, (load_rule("same_target"),))
    assert of(rows, "RE")["pct_match", ""].value == 20.0


@pytest.mark.parametrize(
    ("protocol_id", "roles", "episodes"),
    [
        ("couple_conversation", ("partner_a", "partner_b"), ("NEU", "CON")),
        ("therapy_session", ("client", "therapist"), ("SESSION",)),
        ("couple_stillface", ("partner_a", "partner_b"), None),
        ("ffsf_double", ("infant", "caregiver"), ("PL", "SF1", "RE1")),
    ],
)
def test_every_family_measures_any_dyad_with_roles_by_name(
    protocol_id: str, roles: tuple[str, str], episodes: tuple[str, ...] | None
) -> None:
    protocol = load_protocol(protocol_id)
    names = episodes or tuple(spec.id for spec in protocol.episodes if spec.analyse)
    session = Session(
        "s",
        "d",
        protocol,
        tuple(Episode(name, 120 * k * S, 120 * (k + 1) * S) for k, name in enumerate(names)),
    )
    rng = np.random.default_rng(2)
    end = 120 * len(names) * S
    tracks = tuple(
        random_track(load_scheme(scheme), role, rng, offset_ns=end).track
        for role in roles
        for scheme in ("affect3", "gaze", "vocal_turns")
    )
    rows = measure_session(session, tracks, tuple(load_rule(rule) for rule in shipped_rule_ids()))
    assert {row.role for row in rows} == {*roles, "dyad"}
    dyadic = [name for name in names if protocol.episode(name).dyadic]
    met = {(row.measure, row.episode_id) for row in rows if row.status is Status.OK}
    for name in dyadic:
        for role in roles:
            assert (f"n_repair_by_{role}", name) in met
            assert (f"wcc_lead_share_{role}", name) in met
        assert {"pct_match", "grid_dispersion", "synchrony_r0", "turn_overlap_pct", "contingency_z"} <= {
            measure for measure, episode in met if episode == name
        }
    assert {row.match_rule for row in rows if row.measure == "pct_match"} == {
        "valence3",
        "positive_only",
        "mutual_gaze",
    }
    assert [row.measure for row in rows if measure_entry(row.measure) is None] == []
    assert not any(
        "mother" in row.measure or "infant" in row.measure for row in rows if "infant" not in roles
    )


def test_every_registered_family_answers_for_an_episode_that_was_not_run() -> None:
    session, tracks = we.w2()
    for name in MEASURES.names():
        for row in MEASURES.get(name)(session, tracks, (we.VALENCE3,)):
            assert row.status is not Status.OK or row.episode_id == "RE", (name, row.measure)
