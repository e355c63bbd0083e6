"""Gaze codes of real infants by two people and a machine, against the published set's figures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stillface.agreement.align_events import event_kappa
from stillface.agreement.kappa import confusion_ns, kappa_from_confusion
from stillface.agreement.validity import validity
from stillface.domain.scheme import Code, CodingScheme
from stillface.domain.states import UNCODED, StateTrack
from tests.integration.gaze_files import infants_coded

pytestmark = pytest.mark.real

ON_OFF = CodingScheme("on_off", (Code("off"), Code("on")))
Pair = tuple[StateTrack, StateTrack]


def on_off(track: StateTrack) -> StateTrack:
    codes = np.where(track.codes == UNCODED, UNCODED, track.codes > 0).astype(np.int16)
    return StateTrack(ON_OFF, track.role, track.source, track.edges_ns, codes, track.confidence)


@pytest.fixture(scope="module")
def infants(shared_data: Path) -> list[tuple[StateTrack, StateTrack, StateTrack]]:
    return infants_coded(shared_data)


def per_video_and_pooled(pairs: list[Pair]) -> tuple[float, float]:
    tables = [confusion_ns(*pair) for pair in pairs]
    kappas = [kappa_from_confusion(table).kappa for table in tables]
    pooled = kappa_from_confusion(np.sum(tables, axis=0)).kappa
    assert pooled is not None
    assert None not in kappas
    return float(np.mean(kappas)), pooled  # type: ignore[arg-type]  # none of them is None


@pytest.mark.parametrize(
    ("other", "seen_as", "published", "per_video", "pooled"),
    [
        # published: over all 45 infants; ours: over the 22 that are here.
        (1, lambda track: track, 0.85, 0.849, 0.860),
        (1, on_off, 0.85, 0.827, 0.862),
        (2, lambda track: track, 0.75, 0.758, 0.777),
        (2, on_off, 0.63, 0.656, 0.725),
    ],
)
def test_kappas_of_22_infants(
    infants: list[tuple[StateTrack, ...]],
    other: int,
    seen_as: Callable[[StateTrack], StateTrack],
    published: float,
    per_video: float,
    pooled: float,
) -> None:
    assert len(infants) == 22
    found = per_video_and_pooled([(seen_as(tracks[0]), seen_as(tracks[other])) for tracks in infants])
    assert (round(found[0], 3), round(found[1], 3)) == (per_video, pooled)
    assert found[0] == pytest.approx(published, abs=0.03)


def test_machine_as_validity(infants: list[tuple[StateTrack, ...]]) -> None:
    found = validity([(one, auto) for one, _, auto in infants])
    assert found.unproposed == pytest.approx(0.196, abs=0.001)  # 79 % of frames valid over all 45
    assert {code: round(row.auc or 0, 2) for code, row in found.codes.items()} == {
        "away": 0.94, "left": 0.96, "right": 0.95,
    }  # fmt: skip
    sure = [(item.mean_confidence, item.right) for item in found.calibration if item.low >= 0.4]
    assert all(right < confidence for confidence, right in sure)  # it is surer than it is right
    assert [right for _, right in sure] == sorted(right for _, right in sure)


def test_people_agree_on_bouts_less_than_on_time(infants: list[tuple[StateTrack, ...]]) -> None:
    found = [
        (event_kappa(one, two).kappa, kappa_from_confusion(confusion_ns(one, two)).kappa)
        for one, two, _ in infants
    ]
    assert all(events is not None and time is not None for events, time in found)
    mean = np.array(found, dtype=float).mean(axis=0)
    assert 0.5 < mean[0] < mean[1]


def naive(path: Path) -> np.ndarray:
    """Fill a code for every millisecond up to the last event, from the text alone; -1 where nobody coded."""
    rows = [line.split(",") for line in path.read_text().splitlines() if line[:1].isdigit()]
    cells = np.full(max(int(row[0]) for row in rows), -1, dtype=np.int8)
    for row in sorted(rows, key=lambda row: int(row[0])):
        if row[2:3] and row[2] in ("away", "left", "right", "end"):
            cells[int(row[0]) :] = {"away": 0, "left": 1, "right": 2, "end": -1}[row[2]]
    return cells


def test_kappas_again_by_scikit_learn_on_milliseconds(
    infants: list[tuple[StateTrack, ...]], shared_data: Path
) -> None:
    """The same figures from the files alone, without a line of ours in between."""
    from sklearn.metrics import cohen_kappa_score

    folder = shared_data / "codes"
    pooled: dict[str, list[np.ndarray]] = {"person": [], "machine": []}
    for (one, two, auto), path in zip(infants, sorted((folder / "gaze_human1").glob("*.txt")), strict=True):
        first, second = naive(path), naive(folder / "gaze_human2" / path.name)
        with np.load(folder / "gaze_auto" / f"{path.stem}.npz") as stored:
            frames = stored["arr_0"].astype(np.int8)
        third = frames[np.arange(frames.size * 100 // 3) * 3 // 100]  # 30 a second
        for name, ours, theirs in (("person", two, second), ("machine", auto, third)):
            n = min(first.size, theirs.size)
            both = np.stack((first[:n], theirs[:n]))
            pooled[name].append(both[:, (both >= 0).all(axis=0)])
            expected = cohen_kappa_score(*pooled[name][-1])
            assert kappa_from_confusion(confusion_ns(one, ours)).kappa == pytest.approx(expected, abs=0.002)
    for name, looks, on_off_only in (("person", 0.860, 0.862), ("machine", 0.777, 0.725)):
        a, b = np.concatenate(pooled[name], axis=1)
        assert cohen_kappa_score(a, b) == pytest.approx(looks, abs=0.001)
        assert cohen_kappa_score(a > 0, b > 0) == pytest.approx(on_off_only, abs=0.001)
