"""Event-alignment kappa: which bout of one coder is which bout of the other (SPEC 4)."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillface.agreement.kappa import confusion_ns
from stillface.domain.clock import NS_PER_S
from stillface.domain.intervals import Intervals
from stillface.domain.states import UNCODED, Bouts, StateTrack, align
from stillface.errors import FieldError

__all__ = [
    "EventAgreement",
    "EventRule",
    "align_bouts",
    "cheapest_pairs",
    "event_kappa",
    "near_onsets",
    "nil_kappa",
    "overlapping",
    "scored_by_both",
    "table_of_pairs",
]

Int64 = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]
_Chain = tuple[int, int, "_Chain | None"]


@dataclass(frozen=True)
class EventRule:
    """When two bouts may be one and the same, and what a difference costs.

    Parameters
    ----------
    onset_ns : int
        Largest distance of the onsets.
    overlap : float
        Or: smallest share of the longer bout that both cover; above .5, so that a bout has one partner.
    substitution, gap : float
        Cost of a pair with two codes, and of a bout without partner; a pair with one code costs 0. Two
        gaps cost more than a substitution, so that substitutions are favoured.
    """

    onset_ns: int = 2 * NS_PER_S
    overlap: float = 0.8
    substitution: float = 1.0
    gap: float = 1.2

    def __post_init__(self) -> None:
        if self.onset_ns < 0 or not 0.5 < self.overlap <= 1:
            raise FieldError(
                "not a rule",
                where="EventRule",
                got=f"onset_ns {self.onset_ns}, overlap {self.overlap}",
                expected="onset_ns >= 0, overlap above .5 and at most 1",
            )
        if not 0 <= self.substitution < 2 * self.gap:
            raise FieldError(
                "substitutions would never be chosen",
                where="EventRule.substitution",
                got=self.substitution,
                expected=f"0 to below {2 * self.gap:g}, twice the gap",
            )


@dataclass(frozen=True, eq=False)
class EventAgreement:
    """Agreement on bouts.

    Parameters
    ----------
    kappa, agreement, expected : float, optional
        None with a ``reason`` where undefined.
    table : array of int64, shape (n_codes + 1, n_codes + 1)
        Aligned bouts; the last row and column (nil) hold bouts that the other coder does not have.
    pairs : array of int64, shape (n_pairs, 2)
        Positions in the two coders' bouts.
    """

    kappa: float | None
    agreement: float | None
    expected: float | None
    table: Int64
    pairs: Int64
    reason: str | None = None

    @property
    def n_agreed(self) -> int:
        """Bouts that both coders have with one code."""
        return int(np.trace(self.table))

    @property
    def n_confused(self) -> int:
        """Pairs of bouts with two codes."""
        return int(self.table[:-1, :-1].sum()) - self.n_agreed

    @property
    def n_only_first(self) -> int:
        """Bouts that only the first coder has."""
        return int(self.table[:-1, -1].sum())

    @property
    def n_only_second(self) -> int:
        """Bouts that only the second coder has."""
        return int(self.table[-1, :-1].sum())


def event_kappa(first: StateTrack, second: StateTrack, rule: EventRule | None = None) -> EventAgreement:
    """Align two coders' bouts and give the kappa of the alignment.

    Time where either coder has a gap is taken out of both first, so that a bout which the other could not
    see is no omission. Two bouts may form a pair, right or wrong, only if their onsets or their overlap
    allow it; among all alignments in order the cheapest is taken, of equal ones that with the nearest
    onsets.

    Parameters
    ----------
    first, second : StateTrack
        Under the same scheme.
    rule : EventRule, optional
        Onsets within 2 s or 80 % overlap without it.

    References
    ----------
    Quera, Bakeman and Gnisci (2007), costs; expected agreement by quasi-independence, as the nil-nil cell
    cannot occur.
    """
    rule = rule or EventRule()
    one, other = (track.bouts() for track in scored_by_both(first, second))
    pairs = align_bouts(one, other, rule)
    size = len(first.scheme.codes)
    table = table_of_pairs(one.codes, other.codes, pairs, size)
    kappa, agreed, expected, reason = nil_kappa(table)
    return EventAgreement(kappa, agreed, expected, table, pairs, reason)


def table_of_pairs(
    first: npt.NDArray[np.int16], second: npt.NDArray[np.int16], pairs: Int64, n_codes: int
) -> Int64:
    """Count pairs by both codes; what has no partner stands in the last row or column, nil."""
    table = np.zeros((n_codes + 1, n_codes + 1), dtype=np.int64)
    np.add.at(table, (first[pairs[:, 0]], second[pairs[:, 1]]), 1)
    np.add.at(table[:, n_codes], np.delete(first, pairs[:, 0]), 1)
    np.add.at(table[n_codes], np.delete(second, pairs[:, 1]), 1)
    return table


def scored_by_both(first: StateTrack, second: StateTrack) -> tuple[StateTrack, StateTrack]:
    """Give both tracks with every gap of either made uncoded in both."""
    confusion_ns(first, second)  # refuses two schemes
    together = align(first, second)
    gap = np.append(first.scheme.gap_mask, True)
    seen = ~(gap[together.codes[0]] | gap[together.codes[1]])
    codes = np.where(seen, together.codes, UNCODED).astype(np.int16)
    one, other = (
        StateTrack(track.scheme, track.role, track.source, together.edges_ns, row).merged()
        for track, row in zip((first, second), codes, strict=True)
    )
    return one, other


def align_bouts(first: Bouts, second: Bouts, rule: EventRule) -> Int64:
    """Give the cheapest alignment in order; shape (n_pairs, 2), positions in both.

    The cheapest alignment is the chain of allowed pairs, rising in both, that saves most against two gaps
    each. Only allowed pairs are looked at, so that cost grows with their number and not with n x m.
    """
    i, j = _allowed(first, second, rule)
    same = first.codes[i] == second.codes[j]
    return cheapest_pairs(i, j, same, np.abs(first.onsets_ns[i] - second.onsets_ns[j]), rule)


def cheapest_pairs(i: Int64, j: Int64, same: npt.NDArray[np.bool_], far: Int64, rule: EventRule) -> Int64:
    """Choose among allowed pairs of positions the chain, rising in both, that costs least.

    Parameters
    ----------
    i, j : array of int64, shape (n,)
        Positions in both; each pair once.
    same : array of bool, shape (n,)
        Whether the pair has one code.
    far : array of int64, shape (n,)
        Distance of the onsets in ns, which decides between chains of equal cost.
    rule : EventRule

    Returns
    -------
    array of int64, shape (n_pairs, 2)
    """
    saved = np.where(same, 2 * rule.gap, 2 * rule.gap - rule.substitution)
    # Whole numbers: sums of decimal costs must tie exactly; nearer onsets then decide.
    scale = 1 + sum(far.tolist())
    worth = [round(1000 * s) * scale - d for s, d in zip(saved.tolist(), far.tolist(), strict=True)]
    order = np.lexsort((-j, i)).tolist()
    ends: list[int] = []
    best: list[tuple[int, _Chain]] = []
    for k in order:
        column = int(j[k])
        at = bisect_left(ends, column)
        before = best[at - 1] if at else None
        total = worth[k] + (before[0] if before else 0)
        if at < len(ends) and ends[at] == column and best[at][0] >= total:
            continue
        if before and before[0] >= total:
            continue
        stop = at
        while stop < len(ends) and best[stop][0] <= total:
            stop += 1
        ends[at:stop] = [column]
        best[at:stop] = [(total, (int(i[k]), column, before[1] if before else None))]
    found: list[tuple[int, int]] = []
    chain: _Chain | None = best[-1][1] if best else None
    while chain is not None:
        found.append(chain[:2])
        chain = chain[2]
    return np.array(found[::-1], dtype=np.int64).reshape(-1, 2)


def _allowed(first: Bouts, second: Bouts, rule: EventRule) -> tuple[Int64, Int64]:
    """Give all pairs of positions that onset or overlap allow."""
    i, j = near_onsets(first.onsets_ns, second.onsets_ns, rule.onset_ns)
    by_overlap = overlapping(first, second, rule.overlap)
    both = np.unique(np.concatenate((np.stack((i, j), axis=1), by_overlap)), axis=0).astype(np.int64)
    return both[:, 0], both[:, 1]


def near_onsets(first_ns: Int64, second_ns: Int64, within_ns: int) -> tuple[Int64, Int64]:
    """Give all pairs of positions in two sorted arrays of times that lie no further apart than this."""
    low = np.searchsorted(second_ns, first_ns - within_ns, side="left")
    high = np.searchsorted(second_ns, first_ns + within_ns, side="right")
    n = high - low
    i = np.repeat(np.arange(n.size), n)
    return i, np.arange(n.sum()) - np.repeat(np.cumsum(n) - n, n) + np.repeat(low, n)


def overlapping(first: Bouts, second: Bouts, share: float) -> Int64:
    """Give pairs that share at least this part of the longer bout; shape (n, 2)."""
    if not first.onsets_ns.size or not second.onsets_ns.size:
        return np.empty((0, 2), dtype=np.int64)
    # More than half of a bout is shared only with the bout over its middle.
    middle = first.onsets_ns + first.durations_ns // 2
    j = np.searchsorted(second.onsets_ns, middle, side="right") - 1
    i = np.flatnonzero(Intervals(second.onsets_ns, second.offsets_ns).contains(middle))
    j = j[i]
    shared = np.minimum(first.offsets_ns[i], second.offsets_ns[j]) - np.maximum(
        first.onsets_ns[i], second.onsets_ns[j]
    )
    longer = np.maximum(first.durations_ns[i], second.durations_ns[j])
    enough = shared >= share * longer
    return np.stack((i[enough], j[enough]), axis=1)


def nil_kappa(
    table: npt.ArrayLike,
) -> tuple[float | None, float | None, float | None, str | None]:
    """Give kappa, agreement, expected agreement and reason of a table whose last row and column are nil.

    Expected cells keep all margins and leave (nil, nil) at zero. With a single structural zero the limit of
    iterative proportional fitting is known: e_ij = r_i c_j (N - r_nil - c_nil) / ((N - r_nil)(N - c_nil)).
    """
    cells = np.asarray(table, dtype=np.float64)
    total = float(cells.sum())
    if not total:
        return None, None, None, "no bout that both could have scored"
    rows, columns = cells.sum(axis=1), cells.sum(axis=0)
    agreed = float(np.trace(cells)) / total
    paired = total - rows[-1] - columns[-1]
    if not paired:
        return 0.0, agreed, 0.0, None
    factor = paired / ((total - rows[-1]) * (total - columns[-1]))
    expected = float(rows[:-1] @ columns[:-1]) * factor / total
    if expected >= 1 - 1e-12:
        return None, agreed, expected, "both used one and the same code throughout"
    return (agreed - expected) / (1 - expected), agreed, expected, None
