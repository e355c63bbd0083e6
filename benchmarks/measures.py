"""How long ``stillface measure`` takes on many sessions, beside a stated floor: reading the table with csv.

Run: ``python benchmarks/measures.py --sessions 1000``. Prints seconds and their ratio, never asserts.
"""

from __future__ import annotations

import argparse
import csv
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

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


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=1000)
    parser.add_argument("--bouts-per-min", type=float, default=40)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        codes, episodes = make_tables(folder, options.sessions, options.bouts_per_min)
        start = time.process_time()
        with codes.open(newline="") as file:
            n_bouts = sum(1 for _ in csv.reader(file)) - 1
        floor_s = time.process_time() - start
        start = time.process_time()
        summary = measure_tables(MeasureRequest(codes, episodes, "ffsf_2_2_2"), folder / "out")
        taken_s = time.process_time() - start
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(f"{options.sessions} sessions, {n_bouts} bouts, {summary.n_rows} rows of results")
    print(f"processor time: reading with csv alone {floor_s:.2f} s, measure {taken_s:.2f} s")
    print(f"ratio {taken_s / floor_s:.1f}")
    print(f"{1000 * taken_s / options.sessions:.2f} ms a session; peak memory {peak_mb:.0f} MB")


if __name__ == "__main__":
    main()
