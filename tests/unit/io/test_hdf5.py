"""Artefacts in HDF5: what was stored comes back bit for bit, and says how it was made."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import h5py
import numpy as np
import pytest

from stillface.domain.clock import ClockMap, FrameClock, SampleClock
from stillface.domain.events import BeatSeries
from stillface.domain.faces import FaceStatus, FaceTrack
from stillface.domain.provenance import Provenance
from stillface.domain.recording import Signal
from stillface.domain.scheme import Code, CodingScheme
from stillface.domain.states import StateTrack
from stillface.errors import InputError, StorageError
from stillface.io import artefacts
from stillface.io.hdf5 import header_of, open_checked, verify, write_once

MADE = Provenance("track", {"video": "ab12"}, {"grid": 300}, "0.1.0", {"mesh": "1f"})
SCHEME = CodingScheme("affect3", tuple(Code(name) for name in ("neg", "neu", "pos")))


def face_track(n: int = 40, role: str = "infant") -> FaceTrack:
    rng = np.random.default_rng(3)
    status = np.where(np.arange(n) % 4 == 0, FaceStatus.NO_FACE, FaceStatus.CODABLE).astype(np.uint8)
    seen = status == FaceStatus.CODABLE

    def values(*tail: int) -> np.ndarray:
        array = rng.normal(size=(n, *tail)).astype(np.float32)
        array[~seen] = 0
        return array

    arrays = FaceTrack.blank(n)
    floats = {name: values(*array.shape[1:]) for name, array in arrays.items() if array.dtype == np.float32}
    return FaceTrack(
        role=role,
        recording_id="cam1",
        clock=FrameClock.constant(n, Fraction(30000, 1001)),
        source="mediapipe_mesh@0.10.21",
        **(arrays | floats | {"status": status, "turn_known": seen.astype(np.uint8)}),
    )


def test_a_face_track_comes_back_bit_for_bit(tmp_path: Path) -> None:
    track, path = face_track(), tmp_path / "infant.h5"
    artefacts.save_face_track(path, track, MADE)
    again = artefacts.load_face_track(path)
    assert (again.role, again.recording_id, again.source) == (track.role, track.recording_id, track.source)
    np.testing.assert_array_equal(again.clock.edges_ns, track.clock.edges_ns)
    for name in FaceTrack.array_names():
        np.testing.assert_array_equal(getattr(again, name), getattr(track, name))
        assert getattr(again, name).dtype == getattr(track, name).dtype


def test_a_film_in_which_nobody_is_seen_can_be_stored(tmp_path: Path) -> None:
    n = 60_000
    track = FaceTrack(
        role="infant",
        recording_id="cam1",
        clock=FrameClock.constant(n, Fraction(30)),
        source="t@1",
        **(FaceTrack.blank(n) | {"status": np.full(n, FaceStatus.NO_FACE, np.uint8)}),
    )
    artefacts.save_face_track(tmp_path / "empty.h5", track, MADE)
    assert artefacts.load_face_track(tmp_path / "empty.h5").coverage == 0


def test_a_face_track_of_a_version_without_head_turn_is_told_as_such(tmp_path: Path) -> None:
    path = tmp_path / "old.h5"

    def fill(file: h5py.File) -> None:
        track = face_track()
        for name in ("role", "recording_id", "source"):
            file.attrs[name] = getattr(track, name)
        file.attrs["statuses"] = list(FaceStatus.NAMES)
        file["edges_ns"] = track.clock.edges_ns
        for name in set(FaceTrack.array_names()) - {"turn", "turn_known"}:
            file[name] = getattr(track, name)

    write_once(path, fill, kind="face_track", key="k", provenance="{}", made_by="0.1.0")
    with pytest.raises(InputError, match=r"an earlier version, without head turn.*run the tracking step"):
        artefacts.load_face_track(path)


@pytest.mark.parametrize("confident", [True, False])
def test_a_state_track_comes_back_with_its_confidence(tmp_path: Path, *, confident: bool) -> None:
    confidence = np.array([0.5, 0.25, 1.0], np.float32) if confident else None
    track = StateTrack(
        SCHEME, "infant", "auto:affect@1.2", np.array([-5, 0, 7, 10**12]), np.array([0, -1, 2]), confidence
    )
    artefacts.save_state_track(tmp_path / "a.h5", track, MADE)
    again = artefacts.load_state_track(tmp_path / "a.h5", {"affect3": SCHEME}.__getitem__)
    np.testing.assert_array_equal(again.edges_ns, track.edges_ns)
    np.testing.assert_array_equal(again.codes, track.codes)
    assert (again.role, again.source, again.scheme) == ("infant", "auto:affect@1.2", SCHEME)
    if confidence is None:
        assert again.confidence is None
    else:
        np.testing.assert_array_equal(again.confidence, confidence)


def test_codes_whose_meaning_changed_are_not_read(tmp_path: Path) -> None:
    track = StateTrack(SCHEME, "infant", "auto:a@1", np.array([0, 1]), np.array([0]))
    artefacts.save_state_track(tmp_path / "a.h5", track, MADE)
    swapped = CodingScheme("affect3", tuple(Code(name) for name in ("pos", "neu", "neg")))
    with pytest.raises(InputError, match="have changed since"):
        artefacts.load_state_track(tmp_path / "a.h5", {"affect3": swapped}.__getitem__)


@pytest.mark.parametrize("residual", [None, 1.25])
def test_a_signal_comes_back_with_its_clocks(tmp_path: Path, residual: float | None) -> None:
    values = np.sin(np.arange(1000.0))
    valid = np.arange(1000) % 7 != 0
    clock_map = ClockMap(1_834_000_001, 80.125, "marks", 3, residual)
    signal = Signal(
        "ecg", "infant", "mV", values, valid, SampleClock(-17, Fraction(1000, 3), 1000), clock_map
    )
    artefacts.save_signal(tmp_path / "ecg.h5", signal, MADE)
    again = artefacts.load_signal(tmp_path / "ecg.h5")
    np.testing.assert_array_equal(again.values, values)
    np.testing.assert_array_equal(again.valid, valid)
    np.testing.assert_array_equal(again.times_ns, signal.times_ns)
    assert (again.clock, again.clock_map) == (signal.clock, clock_map)
    assert (again.kind, again.role, again.unit) == ("ecg", "infant", "mV")


@pytest.mark.parametrize("times", [[], [10, 430_000_000, 2**60]])
def test_beats_come_back(tmp_path: Path, times: list[int]) -> None:
    beats = BeatSeries(
        "infant",
        np.array(times, np.int64),
        np.arange(len(times), dtype=np.uint8),
        (0, 2**61),
        "auto:peaks@1",
    )
    artefacts.save_beats(tmp_path / "b.h5", beats, MADE)
    again = artefacts.load_beats(tmp_path / "b.h5")
    np.testing.assert_array_equal(again.times_ns, beats.times_ns)
    np.testing.assert_array_equal(again.flags, beats.flags)
    assert (again.role, again.observed_ns, again.source) == ("infant", (0, 2**61), "auto:peaks@1")


def test_a_file_tells_how_it_was_made(tmp_path: Path) -> None:
    path = tmp_path / "infant.h5"
    assert artefacts.stored_key(path) is None
    artefacts.save_face_track(path, face_track(), MADE)
    header = header_of(path)
    assert artefacts.stored_key(path) == header.key == MADE.key
    assert (header.kind, header.made_by) == ("face_track", "0.1.0")
    assert json.loads(header.provenance)["params"] == {"grid": 300}
    assert verify(path) is None


def test_a_file_is_written_once_unless_it_is_to_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / "infant.h5"
    artefacts.save_face_track(path, face_track(role="infant"), MADE)
    before = path.read_bytes()
    with pytest.raises(StorageError, match="written only once"):
        artefacts.save_face_track(path, face_track(role="caregiver"), MADE)
    assert path.read_bytes() == before
    artefacts.save_face_track(path, face_track(role="caregiver"), MADE, overwrite=True)
    assert artefacts.load_face_track(path).role == "caregiver"
    assert [p.name for p in tmp_path.iterdir()] == ["infant.h5"]


def test_another_kind_of_artefact_is_not_taken_for_this_one(tmp_path: Path) -> None:
    artefacts.save_face_track(tmp_path / "x.h5", face_track(), MADE)
    with pytest.raises(InputError, match=r"holds something else.*face_track.*beats"):
        artefacts.load_beats(tmp_path / "x.h5")


def test_verify_sees_a_changed_value(tmp_path: Path) -> None:
    import h5py

    path = tmp_path / "x.h5"
    artefacts.save_face_track(path, face_track(), MADE)
    with h5py.File(path, "r+") as file:
        file["score"][3] = 0.75
    assert "changed since it was written" in str(verify(path))
    with pytest.raises(InputError, match="changed since"):
        artefacts.load_face_track(path)


def test_any_hdf5_reader_reads_our_files(tmp_path: Path) -> None:
    import h5py

    path = tmp_path / "x.h5"
    artefacts.save_face_track(path, face_track(), MADE)
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["score"][()], face_track().score)
        assert file.attrs["role"] == "infant"


def test_the_same_content_gives_the_same_hash(tmp_path: Path) -> None:
    for name in "ab":
        artefacts.save_face_track(tmp_path / name, face_track(), MADE)
    assert header_of(tmp_path / "a") == header_of(tmp_path / "b")
    with open_checked(tmp_path / "a") as file:
        assert file["landmarks_px"].shape[0] == 30
