"""How long measures and agreement take, beside a stated floor: reading the same table with csv.

Run: ``python benchmarks/measures.py --sessions 1000 10000``. Each size runs in a process of its own, so that
its peak memory is its own. Prints processor seconds and ratios, never asserts.
"""

from __future__ import annotations

import argparse
import csv
import resource
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from stillface.agreement.align_events import event_kappa
from stillface.agreement.tolerance import tolerance_curve
from stillface.domain.scheme import Code, CodingScheme
from stillface.domain.states import StateTrack
from stillface.pipeline.measure_tables import MeasureRequest, measure_tables

CODES = {
    "infant": ("icep_infant", ("i_pro", "i_wit", "i_obj", "i_soc", "i_pos")),
    "caregiver": ("icep_caregiver", ("c_wit", "c_int", "c_non", "c_neu", "c_pvc", "c_pos")),
}


def make_tables(folder: Path, n_sessions: int, bouts_per_min: float, seed: int = 1) -> tuple[Path, Path]:
    """Write random code and episode tables of 3 x 120 s a session."""
    rng = np.random.default_rng(seed)
    codes, episodes = folder / "codes.csv", folder / "episodes.csv"
    with codes.open("w", newline="") as one, episodes.open("w", newline="") as two:
        bouts, spans = csv.writer(one), csv.writer(two)
        bouts.writerow(
            ["dyad_id", "session_id", "role", "scheme_id", "coder_id", "code", "onset_s", "offset_s"]
        )
        spans.writerow(["session_id", "episode_id", "onset_s", "offset_s", "ended_by"])
        for number in range(n_sessions):
            session = f"s{number:05d}"
            for k, episode in enumerate(("PL", "SF", "RE")):
                spans.writerow([session, episode, 120 * k, 120 * (k + 1), "time"])
            for role, (scheme, names) in CODES.items():
                edges = np.unique(np.round(rng.uniform(0, 360, int(6 * bouts_per_min) - 1), 3))
                edges = np.concatenate(([0.0], edges[(edges > 0) & (edges < 360)], [360.0]))
                drawn = rng.choice(names, edges.size - 1)
                for code, onset, offset in zip(drawn, edges[:-1], edges[1:], strict=True):
                    bouts.writerow([f"d{number}", session, role, scheme, "AB", code, onset, offset])
    return codes, episodes


@dataclass(frozen=True)
class Taken:
    """What one size took."""

    n_sessions: int
    n_bouts: int
    n_rows: int
    floor_s: float
    taken_s: float
    peak_mb: float


def measure_sessions(n_sessions: int, bouts_per_min: float) -> Taken:
    """Write tables of that many sessions and measure them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        codes, episodes = make_tables(folder, n_sessions, bouts_per_min)
        start = time.process_time()
        with codes.open(newline="") as file:
            n_bouts = sum(1 for _ in csv.reader(file)) - 1
        floor_s = time.process_time() - start
        start = time.process_time()
        summary = measure_tables(MeasureRequest(codes, episodes, "ffsf_2_2_2"), folder / "out")
        taken_s = time.process_time() - start
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    return Taken(n_sessions, n_bouts, summary.n_rows, floor_s, taken_s, peak_mb)


def two_coders(n_bouts: int, longest_s: float, seed: int = 1) -> tuple[StateTrack, StateTrack]:
    """Give two coders of one film at 1 ms: borders slip by up to .2 s, every tenth code may differ."""
    rng = np.random.default_rng(seed)
    scheme = CodingScheme("bench", tuple(Code(name) for name in "abcde"))
    edges = np.cumsum(rng.integers(500, round(longest_s * 1000), n_bouts + 1))
    codes = np.cumsum(rng.integers(1, 5, n_bouts)) % 5
    slipped = edges + rng.integers(-200, 201, edges.size)
    other = np.where(rng.random(n_bouts) < 0.1, rng.integers(0, 5, n_bouts), codes)
    first, second = (
        StateTrack(scheme, "infant", f"human:{coder}", borders * 10**6, held.astype(np.int16))
        for coder, borders, held in (("A", edges, codes), ("B", slipped, other))
    )
    return first, second


def timed(work: Callable[[], object]) -> float:
    """Give the processor seconds of the quickest of three runs."""
    found = []
    for _ in range(3):
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
    return min(found)


def agreement_speed() -> None:
    """Align two tracks of 5,000 bouts, and follow kappa over 20 tolerances of an hour at 1 ms."""
    long = two_coders(5000, 2.5)
    n_bouts = [track.bouts().onsets_ns.size for track in long]
    taken_s = timed(lambda: event_kappa(*long))
    print(f"event alignment of {n_bouts[0]} and {n_bouts[1]} bouts: {taken_s:.3f} s")
    hour = two_coders(2400, 2.5)
    widths = [k * 250 * 10**6 for k in range(20)]
    taken_s = timed(lambda: tolerance_curve(*hour, widths))
    print(f"tolerance curve of {len(widths)} widths, an hour at 1 ms: {taken_s:.3f} s")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, nargs="+", default=[1000])
    parser.add_argument("--bouts-per-min", type=float, default=40)
    options = parser.parse_args()
    agreement_speed()
    first: Taken | None = None
    for n_sessions in options.sessions:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            taken = pool.submit(measure_sessions, n_sessions, options.bouts_per_min).result()
        print(
            f"{taken.n_sessions} sessions, {taken.n_bouts} bouts, {taken.n_rows} rows of results: measure "
            f"{taken.taken_s:.2f} s of processor time, {1000 * taken.taken_s / taken.n_sessions:.2f} ms a "
            f"session; reading with csv alone {taken.floor_s:.2f} s, ratio "
            f"{taken.taken_s / taken.floor_s:.1f}; peak memory {taken.peak_mb:.0f} MB"
        )
        if first is not None:
            print(
                f"{taken.n_sessions / first.n_sessions:.1f} times the sessions in "
                f"{taken.taken_s / first.taken_s:.1f} times the time and "
                f"{taken.peak_mb / first.peak_mb:.2f} times the memory"
            )
        first = first or taken


if __name__ == "__main__":
    main()
