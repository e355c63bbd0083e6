"""The state-space grid: where a dyad is in the plane of both partners' codes (SPEC 3.7)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from stillface.domain.clock import NS_PER_S
from stillface.domain.provenance import params_hash
from stillface.domain.results import Measurement, Status
from stillface.domain.scheme import MatchRule
from stillface.domain.session import Session
from stillface.domain.states import StateTrack
from stillface.measures.slices import PairSlice, Stamp, pair_slices

__all__ = ["Grid", "StateSpace", "dispersion", "entropy_nat", "grid_of"]

Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

_UNITS = {
    "grid_dispersion": "index",
    "grid_cells": "count",
    "grid_visits": "count",
    "grid_mean_visit_s": "s",
    "grid_transitions_per_min": "1/min",
    "duration_entropy_nat": "nat",
    "visit_entropy_nat": "nat",
}


@dataclass(frozen=True, eq=False)
class Grid:
    """Visits to the cells of first codes x second codes; m is their number.

    Parameters
    ----------
    shape : (int, int)
        Codes of each partner that are no gap.
    ids : tuple of two tuples of str
        Their names.
    cells : array of int64, shape (m, 2)
        Row and column of each visit.
    onsets_ns, offsets_ns : array of int64, shape (m,)
        A visit is a maximal run in one cell; a gap ends it.
    """

    ids: tuple[tuple[str, ...], tuple[str, ...]]
    cells: Int64
    onsets_ns: Int64
    offsets_ns: Int64

    @property
    def shape(self) -> tuple[int, int]:
        """Cells of the grid, visited or not."""
        return len(self.ids[0]), len(self.ids[1])

    @cached_property
    def durations_s(self) -> Float:
        """Time in each cell; shape ``shape``."""
        total = np.zeros(self.shape)
        np.add.at(total, tuple(self.cells.T), (self.offsets_ns - self.onsets_ns) / NS_PER_S)
        return total

    @cached_property
    def visits(self) -> Int64:
        """Visits to each cell; shape ``shape``."""
        count = np.zeros(self.shape, dtype=np.int64)
        np.add.at(count, tuple(self.cells.T), 1)
        return count

    @property
    def n_transitions(self) -> int:
        """Moves from cell to cell; none across a gap."""
        return int((self.onsets_ns[1:] == self.offsets_ns[:-1]).sum())

    def return_times_s(self, region: npt.NDArray[np.bool_]) -> tuple[float | None, ...]:
        """Give how long the dyad took to come back each time it left a region and came back.

        Parameters
        ----------
        region : array of bool, shape ``shape``
            The cells of the region; moves within it are no leaving.

        Returns
        -------
        tuple of float or None
            One for each return, in time order; None where a gap lies in between: it may have been back.
        """
        inside = region[tuple(self.cells.T)]
        touching = self.onsets_ns[1:] == self.offsets_ns[:-1]
        found: list[float | None] = []
        left: int | None = None
        unbroken = True
        for k in range(inside.size):
            unbroken = unbroken and (k == 0 or bool(touching[k - 1]))
            if inside[k]:
                if left is not None and (k > left + 1 or not unbroken):
                    away_s = float(self.onsets_ns[k] - self.offsets_ns[left]) / NS_PER_S
                    found.append(away_s if unbroken else None)
                left, unbroken = k, True
        return tuple(found)


@dataclass(frozen=True)
class StateSpace:
    """Flexibility of the dyad on the grid of both partners' codes.

    With ``d`` the time in a cell, ``D`` their sum and ``n`` the cells of the grid, visited or not:
    ``grid_dispersion`` = 1 - (n * sum((d / D)^2) - 1) / (n - 1), 0 for one cell and 1 for all evenly.
    ``grid_cells`` are the cells visited, ``grid_visits`` the visits, ``grid_mean_visit_s`` = D / visits,
    ``grid_transitions_per_min`` counts none across a gap, the entropies are -sum(p ln p) of time and of
    visits, ``grid_return_s`` (with the cell in ``code``) is the mean time from leaving a cell to the next
    visit: returns across a gap are left out, and NA_NOBOUT where none was seen.
    """

    name = "state_space"

    def __call__(
        self, session: Session, tracks: tuple[StateTrack, ...], rules: tuple[MatchRule, ...] = ()
    ) -> Iterator[Measurement]:
        """Measure every dyad in every analysed episode; ``rules`` are not used."""
        digest = params_hash({})
        for pair in pair_slices(session, tracks):
            stamp = pair.stamp(digest)
            if pair.problem is not None:
                for measure, unit in _UNITS.items():
                    yield stamp.row(measure, None, unit, status=pair.problem)
                continue
            grid = grid_of(pair)
            yield from _grid_rows(stamp, grid)
            yield from _return_rows(stamp, grid)


def grid_of(pair: PairSlice) -> Grid:
    """Give the grid of one dyad in one episode."""
    free = [np.flatnonzero(~s.track.scheme.dyad_gap_mask) for s in (pair.first, pair.second)]
    ids = [
        tuple(stream.track.scheme.code_ids[k] for k in places)
        for stream, places in zip((pair.first, pair.second), free, strict=True)
    ]
    cell = np.where(pair.defined, pair.codes[0] * len(pair.second.track.scheme.codes) + pair.codes[1], -1)
    first = np.flatnonzero(np.concatenate(([True], cell[1:] != cell[:-1])))
    borders = np.append(pair.edges_ns[first], pair.edges_ns[-1])
    seen = cell[first] >= 0
    places = [np.searchsorted(free[side], pair.codes[side][first][seen]) for side in (0, 1)]
    return Grid((ids[0], ids[1]), np.column_stack(places), borders[:-1][seen], borders[1:][seen])


def dispersion(durations: npt.ArrayLike) -> float | None:
    """Give 1 - (n * sum(p^2) - 1) / (n - 1) over all cells, empty ones included.

    None for a grid of one cell or without time. (As in StateSpaceGridLib.)
    """
    d = np.asarray(durations, dtype=np.float64).ravel()
    if d.size < 2 or d.sum() <= 0:
        return None
    p = d / d.sum()
    return float(1 - (d.size * (p**2).sum() - 1) / (d.size - 1))


def entropy_nat(amounts: npt.ArrayLike) -> float:
    """Give -sum(p ln p) of shares of a total above 0."""
    a = np.asarray(amounts, dtype=np.float64).ravel()
    p = a[a > 0] / a.sum()
    return float(-(p * np.log(p)).sum()) + 0.0


def _grid_rows(stamp: Stamp, grid: Grid) -> Iterator[Measurement]:
    n = int(grid.visits.sum())
    total_s = float(grid.durations_s.sum())
    values = {
        "grid_dispersion": dispersion(grid.durations_s),
        "grid_cells": float((grid.visits > 0).sum()),
        "grid_visits": float(n),
        "grid_mean_visit_s": total_s / n,
        "grid_transitions_per_min": 60 * grid.n_transitions / total_s,
        "duration_entropy_nat": entropy_nat(grid.durations_s),
        "visit_entropy_nat": entropy_nat(grid.visits),
    }
    for measure, value in values.items():
        status = Status.OK if value is not None else Status.NA_CONST
        yield stamp.row(measure, value, _UNITS[measure], n=n, status=status)


def _return_rows(stamp: Stamp, grid: Grid) -> Iterator[Measurement]:
    for row, column in np.argwhere(grid.visits > 0).tolist():
        region = np.zeros(grid.shape, dtype=np.bool_)
        region[row, column] = True
        times = grid.return_times_s(region)
        seen = [time for time in times if time is not None]
        code = f"{grid.ids[0][row]}+{grid.ids[1][column]}"
        value = float(np.mean(seen)) if seen else None
        status = Status.OK if seen else Status.NA_NOBOUT
        flags = (f"n_gap={len(times) - len(seen)}",) if len(times) > len(seen) else ()
        yield stamp.row("grid_return_s", value, "s", code=code, n=len(seen), status=status, flags=flags)
