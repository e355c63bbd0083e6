"""The document: saved before the call returns, honest when it is not, undo across restarts."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stillface.domain.clock import NS_PER_S as S
from stillface.errors import StorageError, UsageError
from stillface.io.code_log_chain import read_log
from stillface.io.code_log_record import Edit, LoggedBout
from stillface.review.commands_edit import Delete, Paint, Relabel
from stillface.review.commands_live import SetState, WatchedOn
from stillface.review.document import Document
from stillface.review.lanes import LaneKey
from stillface.review.stores import PLAYED_ON, Store
from tests.faults.faulty_fs import FaultyFileSystem

INFANT = LaneKey("infant", "affect3", "human:AB")


def logged(document: Document, kind: str = "human") -> Path:
    return document._stores[kind].log.path


def test_an_edit_is_on_the_disk_before_do_returns(kit: Any, tmp_path: Path) -> None:
    document = kit.document(tmp_path)
    seen = []
    document.lanes_changed.connect(lambda keys: seen.append(keys))
    assert document.do(Paint(INFANT, 0, S, "neu"))
    records, problem = read_log(logged(document))
    assert problem is None
    assert records[-1].bout == LoggedBout("infant/affect3", 0, S, "neu", 0, 25)
    assert document.status == "saved"
    assert seen == [frozenset({INFANT})]


def test_nothing_to_change_writes_nothing(kit: Any, tmp_path: Path) -> None:
    document = kit.document(tmp_path)
    document.do(Paint(INFANT, 0, S, "neu"))
    size = logged(document).stat().st_size
    assert not document.do(Relabel(INFANT, document.lane(INFANT).bouts[0].id, "neu"))
    assert logged(document).stat().st_size == size


def test_undo_goes_on_after_a_restart(kit: Any, tmp_path: Path) -> None:
    document = kit.document(tmp_path)
    document.do(Paint(INFANT, 0, 4 * S, "neu"))
    document.do(Paint(INFANT, 1 * S, 2 * S, "pos"))
    document.close()
    document = kit.document(tmp_path)
    document.undo()
    assert kit.bouts(document, INFANT) == [(0, 4, "neu")]
    document.close()
    document = kit.document(tmp_path)
    document.redo()
    assert kit.bouts(document, INFANT) == [(0, 1, "neu"), (1, 2, "pos"), (2, 4, "neu")]
    document.undo()
    document.undo()
    with pytest.raises(UsageError, match="nothing to undo"):
        document.undo()


def test_undo_passes_over_what_the_running_film_added(kit: Any, tmp_path: Path) -> None:
    document = kit.document(tmp_path)
    document.do(SetState(INFANT, 0, "neu"))
    for time_ns in (2 * S, 3 * S):
        edits = WatchedOn(INFANT, time_ns).plan(document.lane(INFANT), document.grid)
        document.log_edits("human", edits, why=PLAYED_ON)
    document.undo()
    assert kit.bouts(document, INFANT) == []
    document.redo()
    assert kit.bouts(document, INFANT) == [(0, 3, "neu")]


def test_a_full_disk_keeps_the_edit_says_so_and_blocks_closing(kit: Any, tmp_path: Path) -> None:
    fs = FaultyFileSystem(code=errno.ENOSPC, for_ever=True)
    document = kit.document(tmp_path, fs=fs)
    statuses = []
    document.status_changed.connect(lambda: statuses.append(document.status))
    document.do(Paint(INFANT, 0, S, "neu"))
    fs.fail_at = fs.calls + 1
    document.do(Paint(INFANT, S, 2 * S, "pos"))
    document.do(Paint(INFANT, 2 * S, 3 * S, "neg"))
    assert document.status == "NOT SAVED"
    assert "disk is full" in str(document.trouble)
    assert len(document.lane(INFANT).bouts) == 3
    with pytest.raises(StorageError):
        document.close()
    fs.fail_at = None
    document.retry()
    assert document.status == "saved"
    assert document.trouble is None
    document.close()
    assert len(kit.document(tmp_path).lane(INFANT).bouts) == 3
    assert statuses == ["saving", "saved", "saving", "NOT SAVED", "saving", "NOT SAVED", "saving", "saved"]


def test_another_folder_takes_everything_and_work_goes_on_there(kit: Any, tmp_path: Path) -> None:
    fs = FaultyFileSystem(code=errno.EIO, for_ever=True)
    document = kit.document(tmp_path / "share", fs=fs)
    document.do(Paint(INFANT, 0, S, "neu"))
    fs.fail_at = fs.calls + 1
    document.do(Paint(INFANT, S, 2 * S, "pos"))
    with pytest.raises(StorageError):
        document.save_elsewhere(tmp_path / "nowhere")
    assert document.status == "NOT SAVED"
    fs.fail_at = None
    local = tmp_path / "local"
    local.mkdir()
    document.save_elsewhere(local)
    assert document.status == "saved"
    document.do(Paint(INFANT, 2 * S, 3 * S, "neg"))
    document.close()
    assert [bout.code for bout in kit.document(local).lane(INFANT).bouts] == ["neu", "pos", "neg"]
    assert [bout.code for bout in kit.document(tmp_path / "share").lane(INFANT).bouts] == ["neu"]


def test_a_log_in_use_opens_read_only_and_says_by_whom(kit: Any, tmp_path: Path) -> None:
    first = kit.document(tmp_path)
    first.do(Paint(INFANT, 0, S, "neu"))
    second = kit.document(tmp_path)
    assert not second.lane(INFANT).editable
    assert "edited by AB" in second.notices[0]
    with pytest.raises(StorageError, match="cannot be edited"):
        second.do(Paint(INFANT, S, 2 * S, "neu"))
    with pytest.raises(UsageError, match="cannot be edited"):
        second.activate(INFANT)


def test_a_machine_lane_is_shown_and_cannot_be_edited(kit: Any, tmp_path: Path) -> None:
    document = kit.document(tmp_path, tracks=[kit.auto_track()])
    auto = LaneKey("infant", "affect3", "auto:affect@1")
    assert [bout.confidence for bout in document.lane(auto).bouts] == pytest.approx(
        [0.9, 0.3, 0.95, 0.6, 0.5]
    )
    with pytest.raises(StorageError, match="not yours"):
        document.do(Paint(auto, 0, S, "neu"))
    assert LaneKey("infant", "affect3", "auto_reviewed:AB") in document.lanes


def test_two_computers_of_a_coder_show_as_one_and_can_be_edited_on(kit: Any, tmp_path: Path) -> None:
    other = kit.store(tmp_path, install="bbbb-2222")
    record = other.log.append("add", bout=LoggedBout("infant/affect3", 0, 4 * S, "neu"))
    other.log.close()
    records, _ = read_log(other.log.path)
    mine = kit.store(tmp_path)
    document = kit.document(tmp_path / "unused")
    document._stores["human"] = Store(mine.log, [records])
    document._refresh()
    document.do(Paint(INFANT, 1 * S, 2 * S, "pos"))
    assert kit.bouts(document, INFANT) == [(0, 1, "neu"), (1, 2, "pos"), (2, 4, "neu")]
    document.do(Delete(INFANT, record.id or ""))
    document.undo()
    document.undo()
    assert kit.bouts(document, INFANT) == [(0, 4, "neu")]


def test_own_tracks_come_out_as_the_domain_knows_them(kit: Any, tmp_path: Path) -> None:
    document = kit.document(tmp_path)
    document.do(Paint(INFANT, 0, S, "neu"))
    document.do(Paint(INFANT, 2 * S, 3 * S, "pos"))
    (track,) = document.own_tracks()
    assert track.source == "human:AB"
    assert track.codes.tolist() == [1, -1, 2]
    assert track.edges_ns.tolist() == [0, S, 2 * S, 3 * S]


def test_a_key_finds_its_place_among_5000_bouts(kit: Any, tmp_path: Path) -> None:
    document = kit.document(tmp_path, n_frames=30_000)
    edges = np.arange(5001) * 5 * kit.FRAME
    for start in range(0, 5000, 500):
        bouts = [
            LoggedBout("infant/affect3", int(edges[k]), int(edges[k + 1]), ("neu", "pos")[k % 2])
            for k in range(start, start + 500)
        ]
        document.log_edits("human", [Edit("add", bout=bout) for bout in bouts])
    for k in range(20):
        document.do(SetState(INFANT, int(edges[100 * k]) + 2 * kit.FRAME, "neg"))
    assert len(document.lane(INFANT).bouts) == 5020
