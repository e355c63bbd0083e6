"""Match, mismatch and repair of a dyad under a named rule (SPEC 3.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from stillface.domain.clock import NS_PER_S
from stillface.domain.provenance import params_hash
from stillface.domain.results import Measurement, Status
from stillface.domain.scheme import MATCH, MISMATCH, SHARED_NEGATIVE, MatchRule
from stillface.domain.session import Session
from stillface.domain.states import StateTrack
from stillface.measures.chance import expected_pct_match, expected_repairs
from stillface.measures.repairs import Changes, MismatchBout, mismatch_bouts, state_changes
from stillface.measures.slices import STATES, DyadSlice, Stamp, dyad_slices
from stillface.measures.survival import kaplan_meier

__all__ = ["Matching"]

_BOUTS = tuple(
    (f"{name}_bout{'_complete' * complete_only}", state, complete_only)
    for name, state in (("match", MATCH), ("mismatch", MISMATCH))
    for complete_only in (False, True)
)
_AVERAGES = (("mean", np.mean), ("median", np.median))
_CHANCE = (("pct_match_expected", "%"), ("repair_rate_expected_per_min", "1/min"))
_DIRECTIONS = ("up", "flat", "down")
_COUNTS = (("n_repair", "repair_rate_per_min"), ("n_mismatch_onset", "mismatch_onset_rate_per_min"))


@dataclass(frozen=True)
class Matching:
    """Dyad measures of every declared pair of roles under every rule that fits their schemes.

    ``pct_match``, ``pct_mismatch`` and ``pct_shared_negative`` are shares of dyad scorable time and sum to
    100; ``pct_match`` is also given for each matched pair of codes (before a rule's minimum durations).
    ``pct_match_expected`` and ``repair_rate_expected_per_min`` are what the same tracks would give by chance.
    A repair is an observed mismatch-to-match change, never one across a
    gap. Match and mismatch bouts have mean and median durations, of all and of those with both ends seen.
    Three repair latencies: ``mismatch_bout_mean_s`` over all mismatch bouts,
    ``repair_latency_anchored_s`` over those that begin with an observed onset and end in repair,
    ``repair_latency_km_median_s`` over all that begin with an observed onset, with censoring.
    ``prop_repaired`` leaves out bouts that a gap cut. Where the protocol imposes the partner's state
    (still-face) all rows are NA_STRUCT.

    n is the number of bouts, changes or (of the share of a pair of codes) stretches in that pair; of what
    chance gives, the scorable stretches in which neither partner changes.
    """

    name = "matching"

    def __call__(
        self, session: Session, tracks: tuple[StateTrack, ...], rules: tuple[MatchRule, ...]
    ) -> Iterator[Measurement]:
        """Measure every dyad in every analysed episode."""
        for dyad in dyad_slices(session, tracks, rules):
            stamp = dyad.stamp(_digest(dyad.rule))
            if dyad.problem is not None:
                for measure, unit in _row_names(dyad):
                    yield stamp.row(measure, None, unit, status=dyad.problem)
                continue
            yield from _share_rows(dyad, stamp)
            yield from _bout_rows(dyad, stamp)
            changes = state_changes(dyad)
            bouts = mismatch_bouts(changes)
            yield from _change_rows(dyad, stamp, changes)
            yield from _chance_rows(dyad, stamp)
            yield from _story_rows(dyad, stamp, bouts)
            yield from _latency_rows(stamp, bouts)


def _share_rows(dyad: DyadSlice, stamp: Stamp) -> Iterator[Measurement]:
    scorable_ns = dyad.track.scorable_ns
    bouts = dyad.track.bouts()
    durations = np.diff(dyad.edges_ns)
    for state, value in STATES.items():
        share = 100 * int(durations[dyad.states == value].sum()) / scorable_ns
        yield stamp.row(f"pct_{state}", share, "%", n=int((bouts.codes == value).sum()))
    ids = dyad.first.track.scheme.code_ids, dyad.second.track.scheme.code_ids
    for a, b in np.argwhere(dyad.table == MATCH).tolist():
        here = (dyad.codes[0] == a) & (dyad.codes[1] == b)
        share = 100 * int(durations[here].sum()) / scorable_ns
        yield stamp.row("pct_match", share, "%", code=f"{ids[0][a]}+{ids[1][b]}", n=int(here.sum()))


def _chance_rows(dyad: DyadSlice, stamp: Stamp) -> Iterator[Measurement]:
    if dyad.rule.min_match_ms or dyad.rule.min_mismatch_ms:
        # No closed form once short runs are absorbed: only pseudo-dyads tell what chance gives then.
        for measure, unit in _CHANCE:
            yield stamp.row(measure, None, unit, status=Status.NA_STRUCT, flags=("use_pseudo_dyads",))
        return
    n = int(dyad.defined.sum())
    rate = 60 * expected_repairs(dyad) / (dyad.scorable_ns / NS_PER_S)
    for (measure, unit), value in zip(_CHANCE, (expected_pct_match(dyad), rate), strict=True):
        yield stamp.row(measure, value, unit, n=n)


def _story_rows(dyad: DyadSlice, stamp: Stamp, bouts: tuple[MismatchBout, ...]) -> Iterator[Measurement]:
    """Who moved first in mismatches that were seen to begin, and which way repairs went."""
    movers = [bout.first_mover for bout in bouts if bout.first_mover]
    for mover in (*dyad.roles, "joint"):
        name = f"n_first_mover_{mover}" if mover == "joint" else f"n_first_mover_by_{mover}"
        yield stamp.row(name, float(movers.count(mover)), "count", n=len(movers))
    if _has_directions(dyad):
        directions = [bout.direction for bout in bouts if bout.direction]
        for direction in _DIRECTIONS:
            n = directions.count(direction)
            yield stamp.row(f"n_repair_{direction}", float(n), "count", n=len(directions))


def _has_directions(dyad: DyadSlice) -> bool:
    return dyad.first.track.scheme.has_valence and dyad.second.track.scheme.has_valence


@cache
def _digest(rule: MatchRule) -> str:
    return params_hash(
        {
            "rule": f"{rule.id}@{rule.version}",
            "min_match_ms": rule.min_match_ms,
            "min_mismatch_ms": rule.min_mismatch_ms,
            "joint_window_ms": rule.joint_window_ms,
        }
    )


def _bout_rows(dyad: DyadSlice, stamp: Stamp) -> Iterator[Measurement]:
    bouts = dyad.track.bouts()
    for name, state, complete_only in _BOUTS:
        mine = bouts.codes == state
        if complete_only:
            mine = mine & bouts.complete
        lengths_s = bouts.durations_ns[mine] / NS_PER_S
        n_cut = int((~bouts.complete[mine]).sum())
        flags = (f"n_censored={n_cut}",) if n_cut else ()
        for part, average in _AVERAGES:
            if lengths_s.size:
                value = float(average(lengths_s))
                yield stamp.row(f"{name}_{part}_s", value, "s", n=lengths_s.size, flags=flags)
            else:
                yield stamp.row(f"{name}_{part}_s", None, "s", n=0, status=Status.NA_NOBOUT)


def _change_rows(dyad: DyadSlice, stamp: Stamp, changes: Changes) -> Iterator[Measurement]:
    scorable_s = dyad.track.scorable_ns / NS_PER_S
    for (count, rate), mine in zip(_COUNTS, (changes.repairs, changes.mismatch_onsets), strict=True):
        n = int(mine.sum())
        yield stamp.row(count, float(n), "count", n=n)
        yield stamp.row(rate, 60 * n / scorable_s, "1/min", n=n)
        for who, name in enumerate((*(f"{count}_by_{role}" for role in dyad.roles), f"{count}_joint")):
            n_by = int((changes.by[mine] == who).sum())
            yield stamp.row(name, float(n_by), "count", n=n_by)
    n = int(changes.are(SHARED_NEGATIVE, MATCH).sum())
    yield stamp.row("n_shared_negative_to_match", float(n), "count", n=n)


def _latency_rows(stamp: Stamp, bouts: tuple[MismatchBout, ...]) -> Iterator[Measurement]:
    anchored = [bout for bout in bouts if not bout.left_truncated]
    repaired = [bout for bout in anchored if bout.ended_by == "repair"]
    lengths = [bout.duration_s for bout in repaired]
    if lengths:
        yield stamp.row("repair_latency_anchored_s", float(np.mean(lengths)), "s", n=len(lengths))
    else:
        yield stamp.row("repair_latency_anchored_s", None, "s", n=0, status=Status.NA_NOBOUT)
    yield _km_row(stamp, anchored)
    at_stake = [bout for bout in anchored if bout.ended_by != "gap"]
    if at_stake:
        yield stamp.row("prop_repaired", len(repaired) / len(at_stake), "share", n=len(at_stake))
    else:
        yield stamp.row("prop_repaired", None, "share", n=0, status=Status.NA_NOBOUT)


def _km_row(stamp: Stamp, anchored: list[MismatchBout]) -> Measurement:
    name, n = "repair_latency_km_median_s", len(anchored)
    if not n:
        return stamp.row(name, None, "s", n=0, status=Status.NA_NOBOUT)
    seen = [bout.ended_by == "repair" for bout in anchored]
    flags = (f"n_censored={n - sum(seen)}",) if n > sum(seen) else ()
    median_s = kaplan_meier([bout.duration_s for bout in anchored], seen).median_s
    status = Status.OK if median_s is not None else Status.NA_NOTREACHED
    return stamp.row(name, median_s, "s", n=n, status=status, flags=flags)


def _row_names(dyad: DyadSlice) -> Iterator[tuple[str, str]]:
    roles = dyad.roles
    for state in STATES:
        yield f"pct_{state}", "%"
    yield from _CHANCE
    for mover in roles:
        yield f"n_first_mover_by_{mover}", "count"
    yield "n_first_mover_joint", "count"
    if _has_directions(dyad):
        for direction in _DIRECTIONS:
            yield f"n_repair_{direction}", "count"
    for name, _, _ in _BOUTS:
        yield from ((f"{name}_{part}_s", "s") for part, _ in _AVERAGES)
    for count, rate in _COUNTS:
        yield count, "count"
        yield rate, "1/min"
        for role in roles:
            yield f"{count}_by_{role}", "count"
        yield f"{count}_joint", "count"
    yield "n_shared_negative_to_match", "count"
    yield "repair_latency_anchored_s", "s"
    yield "repair_latency_km_median_s", "s"
    yield "prop_repaired", "share"
