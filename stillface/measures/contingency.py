"""Does one partner's change make the other's more likely? Time-window sequential analysis (SPEC 3.5).

Both directions are measured, because the model is mutual regulation. An onset is an observed change into
a group of codes: one at the episode's start or after a gap was not observed and counts neither as given nor
as target. Times are exact; only the table's time is expressed in units.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from stillface.domain.clock import s_to_ns
from stillface.domain.measure_params import ContingencyParams
from stillface.domain.provenance import params_hash
from stillface.domain.results import Measurement, Status
from stillface.domain.scheme import CodingScheme, MatchRule
from stillface.domain.session import Session
from stillface.domain.states import StateTrack
from stillface.measures.slices import PairSlice, Stamp, pair_slices
from stillface.measures.two_by_two import TwoByTwo

__all__ = ["Contingency", "Directed", "code_groups", "window_tables"]

Int64 = npt.NDArray[np.int64]

_MEASURES = (("contingency_ln_or", "ln(OR)"), ("contingency_yule_q", "Q"), ("contingency_z", "z"))
_VALENCES = {"neg": -1, "neu": 0, "pos": 1}


@dataclass(frozen=True)
class Directed:
    """One given and one target with their table.

    Parameters
    ----------
    given_role, given, target_role, target : str
        A role and a group of its codes.
    n_given : int
        Observed onsets of the given.
    table : TwoByTwo, optional
        None where the unit is too coarse: more target onsets than units.
    """

    given_role: str
    given: str
    target_role: str
    target: str
    n_given: int
    table: TwoByTwo | None

    @property
    def code(self) -> str:
        """How tables name it: ``infant:pos>caregiver:pos``."""
        return f"{self.given_role}:{self.given}>{self.target_role}:{self.target}"


@dataclass(frozen=True)
class Contingency(ContingencyParams):
    """Whether a target onset is more likely within ``window_s`` of a given onset than otherwise.

    The 2x2 table counts time units: those inside any window ``[given onset, + window_s)`` against those
    outside, with and without a target onset. From it the log odds ratio (flag ``haldane`` where a cell is 0),
    Yule's Q and the adjusted residual. MISS_LOWN where a row or column total is below 5, which is frequent in
    two minutes: pool over sessions (`stillface.measures.pooling`). Codes are grouped by valence (``neg``,
    ``neu``, ``pos``), or taken one by one where the scheme has none.
    """

    name = "contingency"

    def __call__(
        self, session: Session, tracks: tuple[StateTrack, ...], rules: tuple[MatchRule, ...] = ()
    ) -> Iterator[Measurement]:
        """Measure every dyad in every analysed episode; ``rules`` are not used."""
        digest = params_hash(asdict(self))
        for pair in pair_slices(session, tracks):
            stamp = pair.stamp(digest)
            if pair.problem is not None:
                for measure, unit in _MEASURES:
                    yield stamp.row(measure, None, unit, status=pair.problem)
                continue
            for directed in window_tables(pair, self.window_s, self.unit_s):
                yield from _rows(stamp, directed)


def code_groups(scheme: CodingScheme, *, by_valence: bool = True) -> dict[str, npt.NDArray[np.bool_]]:
    """Give the groups of codes that are asked about, each a mask of shape (n_codes,).

    Parameters
    ----------
    by_valence : bool
        Group by valence where the scheme has any; else every code that is no gap is its own group.
    """
    free = ~scheme.dyad_gap_mask
    if by_valence and scheme.has_valence:
        valences = [code.valence for code in scheme.codes]
        groups = {
            name: np.array([found == wanted for found in valences], dtype=np.bool_) & free
            for name, wanted in _VALENCES.items()
        }
        return {name: mask for name, mask in groups.items() if mask.any()}
    return {code: np.arange(free.size) == k for k, code in enumerate(scheme.code_ids) if free[k]}


def window_tables(
    pair: PairSlice, window_s: float = 3.0, unit_s: float = 1.0, *, by_valence: bool = True
) -> Iterator[Directed]:
    """Give the table of every given and target, first role to second and back."""
    window_ns, unit_ns = s_to_ns(window_s), s_to_ns(unit_s)
    ends_ns = _stretch_ends(pair)
    onsets = [
        {
            name: _onsets(pair, side, mask)
            for name, mask in code_groups(stream.track.scheme, by_valence=by_valence).items()
        }
        for side, stream in enumerate((pair.first, pair.second))
    ]
    for given_side, target_side in ((0, 1), (1, 0)):
        roles = pair.roles[given_side], pair.roles[target_side]
        for given, segments in onsets[given_side].items():
            times = pair.edges_ns[segments]
            # A window runs to its own end, the next given onset (which opens its own) or the stretch's end.
            stops = np.minimum(times + window_ns, ends_ns[segments])
            opened = np.minimum(stops, np.append(times[1:], np.iinfo(np.int64).max)) - times
            inside = float(opened.sum()) / unit_ns
            for target, found in onsets[target_side].items():
                a = _within(pair.edges_ns[found], times, stops)
                table = _table(a, found.size - a, inside, pair.scorable_ns / unit_ns - inside)
                yield Directed(roles[0], given, roles[1], target, int(segments.size), table)


def _onsets(pair: PairSlice, side: int, mask: npt.NDArray[np.bool_]) -> Int64:
    """Segments at which a group of codes is seen to begin."""
    inside = mask[pair.codes[side]] & pair.defined
    return np.flatnonzero(inside[1:] & ~inside[:-1] & pair.defined[:-1]) + 1


def _stretch_ends(pair: PairSlice) -> Int64:
    """For each segment, when the unbroken scorable stretch around it ends; shape (n,)."""
    breaks = np.append(~pair.defined[1:], True)
    last = np.flatnonzero(breaks)
    return np.asarray(pair.edges_ns[1:][last[np.searchsorted(last, np.arange(breaks.size))]])


def _within(found: Int64, times: Int64, stops: Int64) -> int:
    """Count the onsets that fall into a window ``[time, stop)``."""
    if not times.size:
        return 0
    latest = np.searchsorted(times, found, side="right") - 1
    return int(((latest >= 0) & (found < stops[latest])).sum())


def _table(a: int, c: int, inside: float, outside: float) -> TwoByTwo | None:
    b, d = inside - a, outside - c
    return None if b < 0 or d < 0 else TwoByTwo(a, b, c, d)


def _rows(stamp: Stamp, directed: Directed) -> Iterator[Measurement]:
    table, code, n = directed.table, directed.code, directed.n_given
    if table is None or table.status is not Status.OK:
        flags = ("unit_too_coarse",) if table is None else ()
        for measure, unit in _MEASURES:
            yield stamp.row(measure, None, unit, code=code, n=n, status=Status.MISS_LOWN, flags=flags)
        return
    flags = ("haldane",) if table.haldane else ()
    values = (table.ln_odds_ratio, table.yule_q, table.adjusted_residual)
    for (measure, unit), value in zip(_MEASURES, values, strict=True):
        status = Status.OK if value is not None else Status.NA_CONST
        yield stamp.row(measure, value, unit, code=code, n=n, status=status, flags=flags)
