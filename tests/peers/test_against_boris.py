"""Our figures "as BORIS prints them" against BORIS 8 and 9 themselves, on projects written for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stillface.agreement.side_by_side import side_by_side
from stillface.domain.scheme import CodingScheme
from stillface.domain.states import StateTrack
from stillface.testing.strategies import GAZE
from tests.integration.gaze_files import GAZE3, infants_coded

pytestmark = pytest.mark.peer

MS = 10**6


def random_track(rng: np.random.Generator, coder: str, step_ms: int) -> StateTrack:
    """Bouts on a grid, with uncoded stretches, beginning and ending where they like."""
    edges = np.unique(rng.integers(0, 60_000 // step_ms, 25)) * step_ms
    codes = rng.integers(-1, 4, edges.size - 1)
    codes[[0, -1]] = rng.integers(0, 4, 2)
    return StateTrack(GAZE, "infant", f"human:{coder}", edges * MS, codes.astype(np.int16)).merged()


def observation(track: StateTrack) -> dict[str, object]:
    """Write a track as BORIS keeps it: a start and a stop for each state."""
    bouts = track.bouts()
    events = []
    for onset, offset, code in zip(bouts.onsets_ns, bouts.offsets_ns, bouts.codes, strict=True):
        events += [[int(t) / 1e9, "", track.scheme.code_ids[code], "", ""] for t in (onset, offset)]
    return {
        "date": "2020-01-01T00:00:00", "file": {"1": [], "2": []}, "type": "LIVE", "time offset": 0.0,
        "independent_variables": {}, "events": sorted(events, key=lambda event: event[0]),
        "description": "", "scan_sampling_time": 0, "start_from_current_time": False,
    }  # fmt: skip


def write_project(path: Path, observations: dict[str, StateTrack], scheme: CodingScheme = GAZE) -> None:
    behaviours = {
        str(k): {
            "type": "State event", "key": str(k), "code": code, "description": "", "category": "",
            "modifiers": {}, "excluded": "", "coding map": "",
        }
        for k, code in enumerate(scheme.code_ids)
    }  # fmt: skip
    project = {
        "time_format": "s", "project_date": "2020-01-01T00:00:00", "project_name": "x",
        "project_description": "", "project_format_version": "7.0", "subjects_conf": {},
        "behaviors_conf": behaviours, "behavioral_categories": [], "independent_variables": {},
        "coding_map": {}, "behaviors_coding_map": [], "converters": {},
        "observations": {name: observation(track) for name, track in observations.items()},
    }  # fmt: skip
    path.write_text(json.dumps(project), encoding="utf-8")


def printed(first: StateTrack, second: StateTrack, unit_ns: int) -> dict[str, float | None]:
    """Give our three figures of BORIS by the names the peer gives them."""
    rows = [row for row in side_by_side(first, second, unit_ns) if row.program == "BORIS"]
    return dict(zip(("time_unit", "unweighted", "weighted"), (row.kappa for row in rows), strict=True))


@pytest.mark.parametrize("version", ["boris", "boris9"])
@pytest.mark.parametrize(("unit_ms", "step_ms"), [(1000, 250), (1000, 37), (400, 40)])
def test_kappas_are_what_boris_prints(
    ask: Any, tmp_path: Path, unit_ms: int, step_ms: int, version: str
) -> None:
    rng = np.random.default_rng(unit_ms + step_ms)
    tracks = {f"{pair}{coder}": random_track(rng, coder, step_ms) for pair in range(6) for coder in "AB"}
    write_project(tmp_path / "pairs.boris", tracks)
    question = {
        "project": str(tmp_path / "pairs.boris"),
        "pairs": [[f"{pair}A", f"{pair}B"] for pair in range(6)],
        "unit_s": str(unit_ms / 1000),
        "plugins": version == "boris9",
    }
    theirs = ask(version, "ask_boris.py", question)
    ours = [printed(tracks[a], tracks[b], unit_ms * MS) for a, b in question["pairs"]]
    # BORIS adds binary fractions: where borders lie on its grid it misses some by 1e-17 s.
    on_grid = unit_ms % step_ms == 0 and step_ms != 250
    times = [figures["time_unit"] for figures in ours]
    assert times == pytest.approx(
        [figures["time_unit"] for figures in theirs], abs=0.01 if on_grid else 0.0006
    )
    if question["plugins"]:
        for name in ("unweighted", "weighted"):
            mine = [figures[name] for figures in ours]
            assert mine == pytest.approx([figures[name] for figures in theirs], abs=0.0006)


@pytest.mark.real
def test_boris_kappas_of_real_infants_differ_from_each_other(
    ask: Any, shared_data: Path, tmp_path: Path
) -> None:
    """Two people's gaze codes of 22 infants through BORIS 9: three kappas of one pair, far apart."""
    pairs = [(one, two) for one, two, _ in infants_coded(shared_data)]
    tracks = {
        f"{k}{coder}": track for k, pair in enumerate(pairs) for coder, track in zip("AB", pair, strict=True)
    }
    write_project(tmp_path / "infants.boris", tracks, GAZE3)
    question = {
        "project": str(tmp_path / "infants.boris"),
        "pairs": [[f"{k}A", f"{k}B"] for k in range(len(pairs))],
        "unit_s": "1",
        "plugins": True,
    }
    theirs = ask("boris9", "ask_boris.py", question)
    for pair, figures in zip(pairs, theirs, strict=True):
        assert printed(*pair, 1000 * MS) == pytest.approx(figures, abs=0.0006)
    apart = [figures["weighted"] - figures["unweighted"] for figures in theirs]
    assert (round(min(apart), 2), round(float(np.mean(apart)), 2), round(max(apart), 2)) == (0.20, 0.42, 0.62)


@pytest.mark.real
@pytest.mark.parametrize("version", ["boris", "boris9"])
def test_a_real_project_of_boris(ask: Any, shared_data: Path, tmp_path: Path, version: str) -> None:
    """States of one subject of BORIS's own test file; BORIS may write beside what it opens."""
    source = shared_data / "exchange" / "BORIS_test.boris"
    project = json.loads(source.read_text(encoding="utf-8"))
    names = ["observation #2", "observation #2 (copy)"]
    scheme = CodingScheme.from_codes_found("boris", ("s",))
    tracks = []
    for name in names:
        events = [row for row in project["observations"][name]["events"] if row[1:3] == ["", "s"]]
        project["observations"][name]["events"] = events
        times = np.rint(np.array([row[0] for row in events]) * 1e9).astype(np.int64)
        codes = ["s"] * (times.size // 2)
        tracks.append(StateTrack.from_bouts(scheme, "infant", "human:x", times[::2], times[1::2], codes))
    (tmp_path / "real.boris").write_text(json.dumps(project), encoding="utf-8")
    question = {"project": str(tmp_path / "real.boris"), "pairs": [names], "unit_s": "1"}
    (theirs,) = ask(version, "ask_boris.py", question | {"plugins": version == "boris9"})
    ours = printed(*tracks, 1000 * MS)
    assert [ours[name] for name in theirs] == pytest.approx(list(theirs.values()), abs=0.0006)
    # One code and its absence: an absence that nobody coded is no agreement for us.
    assert side_by_side(*tracks)[0].kappa is None
