"""What every row must say, whichever family it comes from: its unit, whose it is, and why it is empty."""

from __future__ import annotations

import re

import numpy as np
import pytest

from fixtures import worked_examples as we
from stillface.contracts.registry import MEASURES
from stillface.domain.protocol import EpisodeSpec, Protocol, Recovery, Role
from stillface.domain.results import Measurement, Status
from stillface.domain.scheme import Code, CodingScheme
from stillface.domain.session import Episode, Session
from stillface.domain.states import StateTrack
from stillface.io.codebook import measure_entry
from stillface.io.scheme_yaml import load_rule, load_scheme
from stillface.testing.dyads import random_track

S = we.S
FAMILIES = (
    "contingency", "fidelity", "latency", "matching", "occupancy", "recovery", "return_to_baseline", "scores",
    "slopes", "state_space", "synchrony", "transitions", "turns",
)  # fmt: skip
RULES = (load_rule("valence3"), load_rule("mutual_gaze"))
BREACH = CodingScheme("sf_breach", (Code("none"), Code("smile"), Code("usc", gap=True)), default_code="none")
RATING = CodingScheme(
    "rating", (Code("low", value=1.0), Code("high", value=3.0), Code("usc", gap=True)), type="rating"
)
PROTOCOL = Protocol(
    "rows",
    (Role("infant", focal=True), Role("caregiver")),
    (("infant", "caregiver"),),
    (
        EpisodeSpec("PL", "interaction", 120, fidelity_scheme="sf_breach"),
        EpisodeSpec("SF", "perturbation", 120, dyadic=False, fidelity_scheme="sf_breach"),
        EpisodeSpec("RE", "reunion", 120, follows="SF", fidelity_scheme="sf_breach"),
    ),
    recovery=(Recovery("RE", "PL"),),
)
SCHEMES = (load_scheme("affect3"), load_scheme("gaze"), load_scheme("vocal_turns"), RATING, BREACH)
# Rows that only what was seen can name: cells visited, codes met, pairs of codes that match.
NAMED_BY_WHAT_WAS_SEEN = {"grid_return_s"}


def tracks(shift_s: int = 0, seed: int = 3) -> tuple[StateTrack, ...]:
    rng = np.random.default_rng(seed)
    return tuple(
        random_track(scheme, role, rng, offset_ns=360 * S).track.shift(shift_s * S)
        for role in ("infant", "caregiver")
        for scheme in SCHEMES
    )


def rows(family: str, session: Session, coded: tuple[StateTrack, ...]) -> list[Measurement]:
    return list(MEASURES.get(family)(session, coded, RULES))


def whole() -> Session:
    episodes = tuple(
        Episode(name, 120 * k * S, 120 * (k + 1) * S) for k, name in enumerate(("PL", "SF", "RE"))
    )
    return Session("s7", "d7", PROTOCOL, episodes)


def empty_scenes() -> dict[str, tuple[Session, tuple[StateTrack, ...]]]:
    """Give sessions in which nothing can be measured, by the reason they must name."""
    gaps = tuple(
        we.track(track.scheme, track.role, [(gap, 0, 360)])
        for track in tracks()
        for gap in (code.id for code in track.scheme.codes if code.gap)
    )
    only = {track.scheme.id + track.role: track for track in gaps}
    return {
        "MISS_EPISODE": (Session("s7", "d7", PROTOCOL, ()), tracks()),
        "MISS_NOTCODED": (whole(), tracks(shift_s=1000)),
        "MISS_UNSCORABLE": (whole(), tuple(only.values())),
    }


@pytest.mark.parametrize("family", FAMILIES)
def test_each_row_has_the_unit_of_the_codebook_and_names_its_owner(family: str) -> None:
    scenes = {"OK": (whole(), tracks()), **empty_scenes()}
    for reason, (session, coded) in scenes.items():
        found = rows(family, session, coded)
        assert found, (family, reason)
        for row in found:
            entry = measure_entry(row.measure)
            assert entry is not None, row
            assert row.unit == ("bouts" if row.measure == "frequency" else entry.unit), row
            assert (row.dyad_id, row.session_id, row.protocol_id) == ("d7", "s7", "rows")
            assert row.episode_id in ("PL", "SF", "RE")
            assert row.role in ("infant", "caregiver", "dyad")
            schemes = [f"{a.id}+{b.id}" for a in SCHEMES for b in SCHEMES]
            assert row.scheme_id in (schemes if row.role == "dyad" else [scheme.id for scheme in SCHEMES])
            assert row.coder_id in {track.coder_id for track in coded}
            assert isinstance(row.code, str)
            assert row.match_rule in ("", "valence3", "mutual_gaze")
            assert re.fullmatch("[0-9a-f]{8,64}", row.params_hash), row
            assert row.n is None or (isinstance(row.n, int) and row.n >= 0)
            assert row.n is not None or not row.status.has_value, row
            if reason == "MISS_EPISODE":
                assert (row.scorable_s, row.coverage) == (None, None)
            else:
                assert row.coverage is not None
                assert row.scorable_s == pytest.approx(120 * row.coverage)


@pytest.mark.parametrize("reason", ["MISS_EPISODE", "MISS_NOTCODED", "MISS_UNSCORABLE"])
@pytest.mark.parametrize("family", FAMILIES)
def test_what_cannot_be_measured_has_its_row_all_the_same(family: str, reason: str) -> None:
    """A measure never disappears from the table: its cell is empty and says why."""

    def names(found: list[Measurement]) -> set[tuple[str, ...]]:
        return {
            (row.episode_id, row.role, row.scheme_id, row.measure)
            for row in found
            if row.measure not in NAMED_BY_WHAT_WAS_SEEN
        }

    session, coded = empty_scenes()[reason]
    found = rows(family, session, coded)
    assert names(found) == names(rows(family, whole(), tracks()))
    for row in found:
        # A recovery's flags name its criterion, met or not.
        flags = ("sustain_s=3.0",) if row.measure == "recovery_latency_s" else ()
        assert (row.value, row.n, row.flags) == (None, None, flags), row
        imposed = row.episode_id == "SF" and row.role == "dyad" and reason != "MISS_EPISODE"
        assert row.status == (Status.NA_STRUCT if imposed else Status[reason]), row


@pytest.mark.parametrize("family", FAMILIES)
def test_low_coverage_is_said_below_four_fifths(family: str) -> None:
    """Nothing at or above, the flag below, wherever something was measured."""
    cut = tuple(track.clip(0, 340 * S).clip(0, 360 * S) for track in tracks())
    flagged = 0
    for row in rows(family, whole(), cut):
        measured = row.status.has_value or row.status in (Status.NA_NOBOUT, Status.NA_NOTREACHED)
        assert ("low_coverage" in row.flags) == (measured and (row.coverage or 0.0) < 0.8), row
        flagged += "low_coverage" in row.flags
    assert flagged or family in ("fidelity", "scores", "return_to_baseline", "turns", "recovery")
