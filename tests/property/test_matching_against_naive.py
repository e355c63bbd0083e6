"""Match, mismatch and repair against a second, deliberately naive implementation on a time grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stillface.domain.protocol import EpisodeSpec, Protocol, Role
from stillface.domain.results import Measurement, Status
from stillface.domain.scheme import Code, CodingScheme, MatchRule
from stillface.domain.session import Episode, Session
from stillface.domain.states import UNCODED, StateTrack
from stillface.measures.matching import Matching
from stillface.measures.repairs import mismatch_bouts, state_changes
from stillface.measures.slices import dyad_slices

MS = 1_000_000
SCHEMES = tuple(
    CodingScheme(
        name,
        (
            Code("neg", valence=-1),
            Code("neu", valence=0),
            Code("pos", valence=1),
            Code("usc", gap=True),
        ),
    )
    for name in ("scheme_a", "scheme_b")
)
RULE = MatchRule(
    "pairs",
    "pairs",
    pairs=(("neu", "neu"), ("pos", "pos"), ("neu", "pos")),
    shared_negative=(("neg", "neg"),),
    schemes=(("scheme_a", "scheme_b"),),
)
PROTOCOL = Protocol(
    "naive",
    (Role("infant", focal=True), Role("caregiver")),
    (("infant", "caregiver"),),
    (EpisodeSpec("RE", "reunion"),),
)


@dataclass
class Naive:
    """Counts by walking one millisecond at a time."""

    match: int = 0
    mismatch: int = 0
    shared: int = 0
    repairs: int = 0
    onsets: int = 0
    shared_to_match: int = 0
    by: tuple[int, int, int] = (0, 0, 0)
    anchored_ms: tuple[int, ...] = ()


def walk(infant: list[int], caregiver: list[int]) -> Naive:
    """Do it the slow way: a list of states, compared neighbour by neighbour."""
    result, by, anchored = Naive(), [0, 0, 0], []
    states = [_state(a, b) for a, b in zip(infant, caregiver, strict=True)]
    result.match, result.mismatch, result.shared = (states.count(s) for s in ("M", "X", "N"))
    anchor = None
    for t in range(1, len(states)):
        change = (states[t - 1], states[t])
        if change == ("M", "X"):
            result.onsets += 1
            anchor = t
        elif change == ("X", "M"):
            result.repairs += 1
            moved = (infant[t] != infant[t - 1], caregiver[t] != caregiver[t - 1])
            by[2 if all(moved) else moved.index(True)] += 1
            if anchor is not None:
                anchored.append(t - anchor)
            anchor = None
        elif change == ("N", "M"):
            result.shared_to_match += 1
        elif states[t] != "X":
            anchor = None
    result.by = (by[0], by[1], by[2])
    result.anchored_ms = tuple(anchored)
    return result


def _state(a: int, b: int) -> str | None:
    if a in (-1, 3) or b in (-1, 3):
        return None
    ids = SCHEMES[0].code_ids[a], SCHEMES[1].code_ids[b]
    return "M" if ids in RULE.pairs else "N" if ids in RULE.shared_negative else "X"


def track(scheme: CodingScheme, role: str, codes: list[int]) -> StateTrack:
    edges = np.arange(len(codes) + 1, dtype=np.int64) * MS
    return StateTrack(scheme, role, "human:AB", edges, np.array(codes, np.int16))


runs = st.lists(st.tuples(st.integers(UNCODED, 3), st.integers(1, 7)), min_size=1, max_size=12).map(
    lambda pairs: [code for code, length in pairs for _ in range(length)]
)


@settings(max_examples=600, deadline=None)
@given(infant=runs, caregiver=runs)
def test_matching_equals_the_naive_walk(infant: list[int], caregiver: list[int]) -> None:
    size = min(len(infant), len(caregiver))
    infant, caregiver = infant[:size], caregiver[:size]
    session = Session("s", "d", PROTOCOL, (Episode("RE", 0, size * MS),))
    tracks = (track(SCHEMES[0], "infant", infant), track(SCHEMES[1], "caregiver", caregiver))
    rows = {row.measure: row for row in Matching()(session, tracks, (RULE,)) if not row.code}
    naive = walk(infant, caregiver)
    scorable = naive.match + naive.mismatch + naive.shared
    if not scorable:
        assert {row.status for row in rows.values()} <= {Status.MISS_UNSCORABLE, Status.MISS_NOTCODED}
        return
    assert rows["pct_match"].scorable_s == scorable / 1000
    _close(rows["pct_match"], 100 * naive.match / scorable)
    _close(rows["pct_mismatch"], 100 * naive.mismatch / scorable)
    _close(rows["pct_shared_negative"], 100 * naive.shared / scorable)
    assert rows["n_repair"].value == naive.repairs
    assert rows["n_mismatch_onset"].value == naive.onsets
    assert rows["n_shared_negative_to_match"].value == naive.shared_to_match
    names = ("n_repair_by_infant", "n_repair_by_caregiver", "n_repair_joint")
    assert tuple(rows[name].value for name in names) == naive.by
    anchored = rows["repair_latency_anchored_s"]
    if naive.anchored_ms:
        _close(anchored, sum(naive.anchored_ms) / len(naive.anchored_ms) / 1000)
    else:
        assert anchored.status is Status.NA_NOBOUT


@dataclass
class Story:
    """One mismatch bout as the walk saw it."""

    onset: int
    length: int
    ended_by: str
    anchored: bool
    first_mover: str


def stories(infant: list[int], caregiver: list[int], ended_by: str) -> list[Story]:
    """Tell every mismatch bout by walking one millisecond at a time."""
    states = [_state(a, b) for a, b in zip(infant, caregiver, strict=True)]
    found: list[Story] = []
    t = 0
    while t < len(states):
        if states[t] != "X":
            t += 1
            continue
        onset = t
        while t < len(states) and states[t] == "X":
            t += 1
        end = "episode_end" if ended_by == "time" else "stop"
        if t < len(states):
            end = {"M": "repair", "N": "shared_negative", None: "gap"}[states[t]]
        anchored = onset > 0 and states[onset - 1] == "M"
        mover = ""
        for k in range(onset + 1, min(t + 1, len(states))):
            if states[k] is None:
                break
            moved = [
                name
                for name, codes in (("infant", infant), ("caregiver", caregiver))
                if codes[k] != codes[k - 1]
            ]
            if moved:
                mover = moved[0] if len(moved) == 1 else "joint"
                break
        found.append(Story(onset, t - onset, end, anchored, mover if anchored else ""))
    return found


@settings(max_examples=1000, deadline=None)
@given(infant=runs, caregiver=runs, onset=st.integers(0, 5), stopped=st.booleans())
def test_every_mismatch_bout_has_the_walks_story(
    infant: list[int], caregiver: list[int], onset: int, stopped: bool
) -> None:
    size = min(len(infant), len(caregiver))
    infant, caregiver = infant[:size], caregiver[:size]
    if onset >= size:
        return
    ended_by = "stop_rule" if stopped else "time"
    # The episode begins inside the tracks: what lies before it must not be seen.
    session = Session("s", "d", PROTOCOL, (Episode("RE", onset * MS, size * MS, ended_by),))
    tracks = (track(SCHEMES[0], "infant", infant), track(SCHEMES[1], "caregiver", caregiver))
    (dyad,) = dyad_slices(session, tracks, (RULE,))
    naive = stories(infant[onset:], caregiver[onset:], ended_by)
    if dyad.problem is not None:
        assert not naive
        return
    bouts = mismatch_bouts(state_changes(dyad))
    assert [
        Story(
            bout.onset_ns // MS - onset,
            (bout.offset_ns - bout.onset_ns) // MS,
            bout.ended_by,
            not bout.left_truncated,
            bout.first_mover,
        )
        for bout in bouts
    ] == naive


@settings(max_examples=200, deadline=None)
@given(infant=runs, caregiver=runs)
def test_swapping_roles_swaps_who_completed(infant: list[int], caregiver: list[int]) -> None:
    size = min(len(infant), len(caregiver))
    mirrored = MatchRule(
        "pairs",
        "pairs",
        pairs=tuple((b, a) for a, b in RULE.pairs),
        shared_negative=RULE.shared_negative,
        schemes=RULE.schemes,
    )
    session = Session("s", "d", PROTOCOL, (Episode("RE", 0, size * MS),))
    one = (track(SCHEMES[0], "infant", infant[:size]), track(SCHEMES[1], "caregiver", caregiver[:size]))
    other = (track(SCHEMES[0], "infant", caregiver[:size]), track(SCHEMES[1], "caregiver", infant[:size]))
    a = {row.measure: row.value for row in Matching()(session, one, (RULE,)) if not row.code}
    b = {row.measure: row.value for row in Matching()(session, other, (mirrored,)) if not row.code}
    assert a["n_repair_by_infant"] == b["n_repair_by_caregiver"]
    assert a["n_mismatch_onset_by_caregiver"] == b["n_mismatch_onset_by_infant"]
    assert a["n_repair"] == b["n_repair"]


def _close(row: Measurement, expected: float) -> None:
    assert row.value is not None
    assert abs(row.value - expected) < 1e-9
