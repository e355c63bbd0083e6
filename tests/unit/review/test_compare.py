"""Two coders compared and settled: the figures by hand, the list, and who may see whom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillface.domain.clock import NS_PER_S as S
from stillface.domain.protocol import EpisodeSpec, Protocol, Role
from stillface.domain.scheme import Code, CodingScheme
from stillface.domain.session import Episode, Session
from stillface.domain.states import StateTrack
from stillface.errors import InputError, UsageError
from stillface.io.human_codes import read_people
from stillface.review.compare import agreed_stretches, differences
from stillface.review.lanes import LaneKey
from stillface.review.opening_pair import comparable, open_comparison

from .pair_study import HOME, code, make_study, standing

SCHEME = CodingScheme("affect3", (Code("neg"), Code("neu"), Code("pos"), Code("usc", gap=True)))
PROTOCOL = Protocol(
    "p",
    (Role("infant", focal=True), Role("caregiver")),
    (("infant", "caregiver"),),
    (
        EpisodeSpec("BL", "baseline", analyse=False),
        EpisodeSpec("PL", "interaction"),
        EpisodeSpec("SF", "perturbation"),
    ),
)
SESSION = Session(
    "s", "d", PROTOCOL, (Episode("BL", 0, 5 * S), Episode("PL", 5 * S, 30 * S), Episode("SF", 30 * S, 60 * S))
)
TARGET = LaneKey("infant", "affect3", "consensus:EF")
AB = [(0, 40, "neu"), (40, 60, "neg"), (60, 130, "neu"), (130, 200, "neg"), (200, 360, "pos")]
CD = [
    (0, 42, "neu"),
    (42, 60, "neg"),
    (60, 130, "neu"),
    (130, 160, "neg"),
    (160, 170, "usc"),
    (170, 360, "pos"),
]


def track(
    bouts: list[tuple[float, float, str]], coder: str = "AB", scheme: CodingScheme = SCHEME
) -> StateTrack:
    onsets, offsets = [round(b[0] * S) for b in bouts], [round(b[1] * S) for b in bouts]
    return StateTrack.from_bouts(scheme, "infant", f"human:{coder}", onsets, offsets, [b[2] for b in bouts])


def test_each_kind_of_difference_is_told_apart_and_ends_at_episodes() -> None:
    first = track([(0, 10, "neu"), (10, 20, "neg"), (20, 26, "usc"), (26, 50, "pos")])
    second = track(
        [(0, 11, "neu"), (11, 14, "neg"), (14, 16, "pos"), (16, 22, "neg"), (22, 28, "pos"), (28, 60, "neu")]
    )
    found = [
        (d.onset_ns / S, d.offset_ns / S, d.first, d.second, d.kind, d.episode)
        for d in differences(SESSION, first, second)
    ]
    assert found == [
        (10, 11, "neg", "neu", "border", "PL"),
        (14, 16, "neg", "pos", "code", "PL"),
        (20, 22, "usc", "neg", "uncodable", "PL"),
        (22, 26, "usc", "pos", "uncodable", "PL"),
        (28, 30, "pos", "neu", "code", "PL"),
        (30, 50, "pos", "neu", "code", "SF"),
        (50, 60, None, "neu", "uncoded", "SF"),
    ]  # fmt: skip
    assert len(differences(SESSION, first, second, shortest_ms=2000)) == 6


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30))
def test_differences_and_agreed_time_fill_what_was_coded(pairs: list[tuple[int, int]]) -> None:
    edges = np.arange(len(pairs) + 1, dtype=np.int64) * S + 5 * S
    first, second = (
        StateTrack(SCHEME, "infant", f"human:{name}", edges, np.array(codes, np.int16))
        for name, codes in zip(("AB", "CD"), zip(*pairs, strict=True), strict=True)
    )
    differ = sum(d.offset_ns - d.onset_ns for d in differences(SESSION, first, second))
    agree = sum(offset - onset for onset, offset, _ in agreed_stretches(SESSION, first, second))
    assert differ == S * sum(a != b for a, b in pairs)
    assert agree == S * sum(a == b for a, b in pairs)


def test_tracks_of_two_schemes_are_refused() -> None:
    other = CodingScheme("gaze", (Code("partner"), Code("away")))
    with pytest.raises(UsageError, match="cannot be compared"):
        differences(SESSION, track([(5, 9, "neu")]), track([(5, 9, "away")], scheme=other))


@pytest.fixture
def folder(tmp_path: Path) -> Any:
    study = make_study(tmp_path / "study")
    code(study, "AB", AB)
    code(study, "CD", CD)
    return study


def opened(folder: Any, resolver: str = "EF") -> Any:
    return open_comparison(folder, "one", "infant", "affect3", ("AB", "CD"), resolver, HOME)


def test_agreement_so_far_is_the_figure_by_hand(folder: Any) -> None:
    _, pair = opened(folder)
    # Compared 350 s (10 s uncodable): agreed 348 - 30 s; neg 90/48, neu 110/112, pos 150/190 by AB and CD.
    now = pair.agreement()
    assert now.compared_s == 350
    ab, cd = {"neg": 80, "neu": 110, "pos": 160}, {"neg": 48, "neu": 112, "pos": 190}
    agreed = 110 + 18 + 30 + 160
    expected = sum(ab[c] * cd[c] for c in ab) / 350**2
    assert now.agreement == pytest.approx(agreed / 350)
    assert now.kappa == pytest.approx((agreed / 350 - expected) / (1 - expected))
    assert pair.agreement_by_episode()["RE"].reason == "both used one and the same code throughout"
    pair.document.close()


def test_the_list_is_walked_settled_and_undone(folder: Any) -> None:
    _, pair = opened(folder)
    assert [(d.onset_ns // S, d.kind) for d in pair.all] == [
        (40, "border"),
        (160, "uncodable"),
        (170, "code"),
    ]
    assert not pair.document.lanes[LaneKey("infant", "affect3", "human:AB")].editable
    pair.take("second")
    assert pair.n_settled == 1
    assert pair.next_open() == pair.all[1]
    with pytest.raises(UsageError, match="nothing"):
        pair.document.redo()
    pair.decide("neg")
    pair.next()
    pair.take("first")
    assert pair.next_open() is None
    assert standing(pair.document, TARGET) == [(40, 42, "neu"), (160, 170, "neg"), (170, 200, "neg")]
    pair.document.undo()
    assert pair.n_settled == 2
    pair.reopen()
    pair.go_to(0)
    pair.reopen()
    assert pair.n_settled == 1
    reasons = [r.why for r in pair.document._stores["consensus"].log.records if r.op in ("add", "set", "del")]
    assert reasons == ["as CD", "decided anew", "as AB", "open again"]
    pair.document.close()


def test_what_both_said_is_adopted_once_and_never_over_a_decision(folder: Any) -> None:
    _, pair = opened(folder)
    pair.take("second")
    assert pair.adopt_agreed()
    assert not pair.adopt_agreed()
    assert standing(pair.document, TARGET)[:4] == [
        (0, 40, "neu"),
        (40, 42, "neu"),
        (42, 60, "neg"),
        (60, 120, "neu"),
    ]
    pair.document.undo()
    assert standing(pair.document, TARGET) == [(40, 42, "neu")]
    pair.document.close()


def test_the_consensus_is_a_source_of_its_own_beside_both(folder: Any) -> None:
    before = {path.name: path.read_bytes() for path in folder.log_paths("one")}
    _, pair = opened(folder)
    pair.adopt_agreed()
    pair.document.close()
    assert {path.name: path.read_bytes() for path in folder.log_paths("one")} == before
    found = read_people(folder.codes_dir("one"), folder.scheme).tracks
    assert sorted(t.source for t in found) == ["consensus:EF", "human:AB", "human:CD"]


def test_filters_keep_the_place(folder: Any) -> None:
    _, pair = opened(folder)
    pair.go_to(2)
    pair.set_filter(["code", "border"])
    assert pair.current == pair.all[2]
    pair.take("first")
    pair.set_filter(only_open=True, shortest_ms=5000)
    assert [d.kind for d in pair.shown] == ["uncodable"]
    pair.set_filter(["uncoded"])
    assert pair.current is None
    with pytest.raises(UsageError, match="no difference"):
        pair.take("first")
    pair.document.close()


def test_time_that_one_left_uncoded_cannot_be_taken_from_them(tmp_path: Path) -> None:
    folder = make_study(tmp_path / "study")
    code(folder, "AB", [(0, 100, "neu")])
    code(folder, "CD", [(0, 90, "neu")])
    _, pair = opened(folder)
    with pytest.raises(UsageError, match="CD left this uncoded"):
        pair.take("second")
    pair.document.close()


def test_coders_are_blind_to_each_other_until_both_have_signed(folder: Any) -> None:
    with pytest.raises(UsageError, match="AB has not signed off"):
        opened(folder, "AB")
    code(folder, "AB", [], signed=True)
    with pytest.raises(UsageError, match="CD has not signed off"):
        opened(folder, "AB")
    code(folder, "CD", [], signed=True)
    _, pair = opened(folder, "AB")
    assert pair.target.source == "consensus:AB"
    pair.document.close()


def test_what_can_be_compared_is_what_two_people_coded(folder: Any) -> None:
    code(folder, "AB", [(0, 10, "pos")], role="caregiver")
    assert comparable(folder, "one") == {("infant", "affect3"): ("AB", "CD")}
    with pytest.raises(InputError, match="CD has not coded this"):
        open_comparison(folder, "one", "caregiver", "affect3", ("AB", "CD"), "EF", HOME)


def test_a_refused_comparison_leaves_no_lock(folder: Any) -> None:
    for _ in range(2):
        with pytest.raises(InputError):
            open_comparison(folder, "one", "infant", "affect3", ("AB", "XY"), "EF", HOME)
    assert not (folder.codes_dir("one") / "consensus").exists()
