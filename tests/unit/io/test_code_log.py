"""The code log: what a coder and a lab manager rely on."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillface.errors import FieldError, StorageError, UsageError
from stillface.io.code_log import CodeLog
from stillface.io.code_log_chain import read_log, scan
from stillface.io.code_log_name import log_name, parse_log_name
from stillface.io.code_log_record import GENESIS, Edit, LoggedBout, Record, decode_line, encode_line, seal
from stillface.io.code_log_replay import Replayer, merge, replay

A_INSTALL, B_INSTALL = "aaaa-1111", "bbbb-2222"


class StepClock:
    """One second an edit, from a given second on."""

    def __init__(self, start_s: int = 0) -> None:
        self.now_s = start_s

    def __call__(self) -> tuple[str, int]:
        self.now_s += 1
        return f"2026-03-01T10:{self.now_s // 60:02d}:{self.now_s % 60:02d}.000000Z", self.now_s * 10**9


def bout(onset: int, offset: int | None, code: str = "neg", tier: str = "infant/affect3") -> LoggedBout:
    return LoggedBout(tier, onset, offset, code)


def open_log(
    folder: Path, install: str = A_INSTALL, *, start_s: int = 0, heads: Path | None = None
) -> CodeLog:
    return CodeLog.open(
        folder / log_name("AB", install),
        coder="AB",
        install=install,
        app_version="0.1.0",
        heads=heads,
        clock=StepClock(start_s),
    )


def test_an_edit_is_in_the_file_before_append_returns(tmp_path: Path) -> None:
    with open_log(tmp_path) as log:
        record = log.append("add", bout=bout(0, 10))
        records, problem = read_log(log.path)
    assert problem is None
    assert records[-1] == record
    assert [r.op for r in records] == ["open", "add"]


def test_reopening_gives_the_same_bouts_undo_state_and_notes(tmp_path: Path) -> None:
    with open_log(tmp_path) as log:
        first = log.append("add", bout=bout(0, 10))
        log.append("add", bout=bout(10, None, "smile"))
        log.append("set", id=first.id, bout=bout(0, 8), why="ends earlier")
        log.append("note", text="bébé regarde la lampe 👶")
        log.append("status", text="submitted")
        log.undo()
        before = log.state
    with open_log(tmp_path) as log:
        assert log.state == before
        assert log.state.bouts[first.id or ""] == bout(0, 10)
        assert log.state.status == "submitted"
        assert not log.notices
        log.redo()
        assert log.state.bouts[first.id or ""] == bout(0, 8)


def test_delete_keeps_the_old_value_and_history_tells_everything(tmp_path: Path) -> None:
    with open_log(tmp_path) as log:
        made = log.append("add", bout=bout(0, 10))
        log.append("add", bout=bout(20, 30))
        log.append("set", id=made.id, bout=bout(0, 12, "neu"))
        gone = log.append("del", id=made.id, why="double")
        log.undo()
        log.redo()
        assert gone.was == bout(0, 12, "neu")
        assert [r.op for r in log.history(made.id or "")] == ["add", "set", "del", "undo", "undo"]
        assert made.id not in log.state.bouts


def test_a_command_of_several_edits_is_taken_back_as_one(tmp_path: Path) -> None:
    with open_log(tmp_path) as log:
        first = log.append("add", bout=bout(0, 100))
        log.append_group([Edit("set", first.id, bout(0, 40)), Edit("add", bout=bout(40, 100, "pos"))])
        assert len(log.state.bouts) == 2
        log.undo()
        assert dict(log.state.bouts) == {first.id: bout(0, 100)}
        log.undo()
        assert dict(log.state.bouts) == {}
        with pytest.raises(UsageError, match="nothing to undo"):
            log.undo()
        log.redo()
        log.redo()
        assert [b.code for b in log.state.bouts.values()] == ["neg", "pos"]
        log.undo()
        log.append("add", bout=bout(200, 300))
        with pytest.raises(UsageError, match="nothing to redo"):
            log.redo()


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (Edit("set", "nobody", bout(0, 1)), "no such bout"),
        (Edit("del", "nobody"), "no such bout"),
        (Edit("add", "first", bout(0, 1)), "is there, or was"),
        (Edit("add", "second"), "wrong parts"),
    ],
)
def test_an_edit_that_does_not_fit_changes_nothing(tmp_path: Path, edit: Edit, message: str) -> None:
    with open_log(tmp_path) as log:
        log.append("add", id="first", bout=bout(0, 10))
        content, state = log.path.read_bytes(), log.state
        with pytest.raises(FieldError, match=message):
            log.append_group([Edit("add", bout=bout(50, 60)), edit])
        assert log.path.read_bytes() == content
        assert log.state == state


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (("infant", 0, 1, "neg"), "bad tier"),
        (("infant/affect3", 5, 5, "neg"), "end after it begins"),
        (("infant/affect3", 0.5, 1, "neg"), "whole number"),
        (("infant/affect3", True, 2, "neg"), "whole number"),
        (("infant/affect3", 0, 2**63, "neg"), "64 bits"),
        (("infant/affect3", 0, 1, ""), "not a text"),
        (("infant/affect3", 0, 1, "\ud800"), "UTF-8"),
    ],
)
def test_a_bout_that_could_not_be_stored_is_refused(parts: tuple[object, ...], message: str) -> None:
    with pytest.raises(FieldError, match=message):
        LoggedBout(*parts)  # type: ignore[arg-type]


def test_looking_at_a_log_leaves_no_trace_in_it(tmp_path: Path) -> None:
    with open_log(tmp_path) as log:
        assert log.records == ()
    assert not log.path.exists()
    with open_log(tmp_path) as log:
        log.append("add", bout=bout(0, 1))
    content = log.path.read_bytes()
    with open_log(tmp_path) as log:
        assert [r.op for r in log.records] == ["open", "add", "close"]
    assert log.path.read_bytes() == content


def test_only_the_owner_may_read_the_file(tmp_path: Path) -> None:
    with open_log(tmp_path) as log:
        log.append("add", bout=bout(0, 1))
        assert stat.S_IMODE(log.path.stat().st_mode) == 0o600


def test_a_line_is_sorted_json_with_every_field_of_the_format(tmp_path: Path) -> None:
    with open_log(tmp_path) as log:
        log.append("add", id="x", bout=LoggedBout("infant/gaze", 1, 2, "away", 0, 1, {"side": "left"}))
        line = log.path.read_bytes().splitlines()[1]
    data = json.loads(line)
    assert list(data) == sorted(data)
    assert data | {"sha": "", "prev": ""} == {
        "app": "0.1.0", "attrs": {"side": "left"}, "code": "away", "id": "x", "install": A_INSTALL, "left": 0,
        "mono": 10**9, "off": 2, "off_frame": 1, "on": 1, "on_frame": 0, "op": "add", "prev": "", "ref": None,
        "seq": 1, "sha": "", "t": "2026-03-01T10:00:01.000000Z", "text": None, "tier": "infant/gaze", "v": 1,
        "was": None, "who": "AB", "why": None,
    }  # fmt: skip


def test_file_names_name_coder_and_install() -> None:
    assert parse_log_name(Path("x") / log_name("AB_2", A_INSTALL)) == ("AB_2", A_INSTALL)
    for name in ("AB.jsonl", "A B.aaaa.jsonl", "AB.aaaa.jsonl.lock", "AB.aaaa.jsonl.torn-12", "notes.txt"):
        assert parse_log_name(Path(name)) is None
    for coder in ("", "../x", "a.b", "a b"):
        with pytest.raises(FieldError):
            log_name(coder, A_INSTALL)


def test_another_coders_log_is_not_continued(tmp_path: Path) -> None:
    with open_log(tmp_path) as log:
        log.append("add", bout=bout(0, 1))
    taken = tmp_path / log_name("CD", A_INSTALL)
    taken.write_bytes(log.path.read_bytes())
    with CodeLog.open(taken, coder="CD", install=A_INSTALL, app_version="0.1.0") as other:
        assert other.read_only
        assert "log of AB" in str(other.reason)
        with pytest.raises(StorageError, match="read-only") as refused:
            other.append("add", bout=bout(2, 3))
    assert refused.value.exit_code == 4


def test_removed_last_records_are_seen_through_the_heads_file(tmp_path: Path) -> None:
    heads = tmp_path / "heads.aaaa-1111.jsonl"
    (tmp_path / "codes").mkdir()
    for _ in range(2):
        with open_log(tmp_path / "codes", heads=heads) as log:
            log.append("add", bout=bout(0, 1))
    moved = tmp_path / "moved"
    moved.mkdir()
    for path in (heads, tmp_path / "codes"):
        path.rename(moved / path.name)
    log_path, heads = moved / "codes" / log.path.name, moved / heads.name
    lines = log_path.read_bytes().splitlines(keepends=True)
    log_path.write_bytes(b"".join(lines[:-1]))
    with open_log(moved / "codes", heads=heads) as log:
        assert log.read_only
        assert "1 records that were saved" in str(log.reason)
    log_path.write_bytes(b"".join(lines))
    with heads.open("ab") as file:
        file.write(b'{"head": "cut')
    with open_log(moved / "codes", heads=heads) as log:
        assert not log.read_only
        log.append("add", bout=bout(5, 6))
    assert len(heads.read_bytes().splitlines()) == 4


def test_a_torn_end_that_was_anchored_is_damage_and_stays(tmp_path: Path) -> None:
    heads = tmp_path / "heads.jsonl"
    with open_log(tmp_path, heads=heads) as log:
        log.append("add", bout=bout(0, 1))
    data = log.path.read_bytes()[:-3]
    log.path.write_bytes(data)
    with open_log(tmp_path, heads=heads) as log:
        assert log.read_only
    assert log.path.read_bytes() == data


def two_computers(tmp_path: Path) -> tuple[CodeLog, CodeLog]:
    return open_log(tmp_path, A_INSTALL), open_log(tmp_path, B_INSTALL, start_s=100)


def test_two_computers_of_one_coder_merge_by_time(tmp_path: Path) -> None:
    one, two = two_computers(tmp_path)
    with one, two:
        made = one.append("add", id="x", bout=bout(0, 10))
        two.append("set", id="x", bout=bout(0, 12), was=made.bout)
        two.append("add", id="y", bout=bout(50, 60))
        merged = merge([two.records, one.records])
    assert dict(merged.bouts) == {"x": bout(0, 12), "y": bout(50, 60)}
    assert merged.conflicts == ()


def test_a_bout_changed_on_the_other_computer_can_be_changed_again_here(tmp_path: Path) -> None:
    one, two = two_computers(tmp_path)
    with one, two:
        made = one.append("add", id="x", bout=bout(0, 10))
        changed = two.append("set", id="x", bout=bout(0, 12), was=made.bout)
    with open_log(tmp_path, A_INSTALL, start_s=200) as one:
        assert one.append("set", id="x", bout=bout(0, 14), was=changed.bout).was == bout(0, 12)
    with open_log(tmp_path, A_INSTALL, start_s=300) as one:
        assert not one.read_only
        merged = merge([one.records, two.records])
        assert dict(merged.bouts) == {"x": bout(0, 14)}
        assert merged.conflicts == ()
        one.undo()
        assert dict(merge([one.records, two.records]).bouts) == {"x": bout(0, 12)}


def test_edits_of_one_bout_on_two_computers_are_listed(tmp_path: Path) -> None:
    one, two = two_computers(tmp_path)
    with one, two:
        made = one.append("add", id="x", bout=bout(0, 10))
        one.append("set", id="x", bout=bout(0, 9))
        two.append("set", id="x", bout=bout(0, 12), was=made.bout)
        one.append("add", id="y", bout=bout(20, 30))
        two.append("add", id="z", bout=bout(25, 40, "pos"))
        two.append("add", id="other_tier", bout=bout(25, 40, tier="infant/gaze"))
        merged = merge([one.records, two.records])
    assert merged.bouts["x"] == bout(0, 12)
    assert [(c.kind, c.ids, c.installs) for c in merged.conflicts] == [
        ("edited_twice", ("x",), (A_INSTALL, B_INSTALL)),
        ("overlap", ("y", "z"), (A_INSTALL, B_INSTALL)),
    ]


def test_a_clock_set_back_does_not_reorder_one_computers_edits(tmp_path: Path) -> None:
    clock = StepClock(50)
    log = CodeLog.open(
        tmp_path / log_name("AB", A_INSTALL), coder="AB", install=A_INSTALL, app_version="0", clock=clock
    )
    with log:
        log.append("add", id="x", bout=bout(0, 10))
        clock.now_s = 0
        log.append("set", id="x", bout=bout(0, 20))
        assert dict(merge([log.records]).bouts) == {"x": bout(0, 20)}
        assert merge([log.records]).conflicts == ()


def test_merge_refuses_two_coders_and_one_log_twice(tmp_path: Path) -> None:
    with open_log(tmp_path) as log:
        log.append("add", bout=bout(0, 10))
        other = [seal(replace(record, who="CD", install=B_INSTALL)) for record in log.records]
        with pytest.raises(FieldError, match="different coders"):
            merge([log.records, other])
        with pytest.raises(FieldError, match="one install"):
            merge([log.records, log.records])


def test_replay_names_the_record_that_does_not_fit() -> None:
    first = Record(0, GENESIS, "t", 0, "AB", A_INSTALL, "0", "add", id="x", bout=bout(0, 1))
    wrong = Record(1, "", "t", 0, "AB", A_INSTALL, "0", "add", id="x", bout=bout(0, 2))
    with pytest.raises(FieldError, match="record 1"):
        replay([first, wrong])


COMMANDS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 50), st.integers(1, 9)),
        st.tuples(st.sampled_from(["set", "del", "undo", "redo"]), st.integers(0, 50), st.integers(1, 9)),
    ),
    max_size=25,
)


@settings(max_examples=40, deadline=None)
@given(commands=COMMANDS)
def test_any_sequence_of_commands_replays_to_the_state_it_left(
    commands: list[tuple[str, int, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("log")
    model: list[dict[str, LoggedBout]] = [{}]
    place = 0
    with open_log(folder) as log:
        log.append("note", text="begin")
        for name, number, length in commands:
            live = dict(model[place])
            if name == "undo" and place:
                log.undo()
                place -= 1
                continue
            if name == "redo" and place < len(model) - 1:
                log.redo()
                place += 1
                continue
            if name == "add":
                record = log.append("add", bout=bout(number, number + length))
                live[record.id or ""] = bout(number, number + length)
            elif name in {"set", "del"} and live:
                id_ = sorted(live)[number % len(live)]
                if name == "set":
                    live[id_] = bout(number, number + length, "pos")
                    log.append("set", id=id_, bout=live[id_])
                else:
                    del live[id_]
                    log.append("del", id=id_)
            else:
                continue
            model[place + 1 :] = [live]
            place += 1
        assert dict(log.state.bouts) == model[place]
    found = scan(log.path.read_bytes())
    assert found.problem is None
    assert not found.torn
    assert dict(replay(found.records).bouts) == model[place]
    assert [decode_line(encode_line(record)) for record in found.records] == list(found.records)


@pytest.mark.timeout(60)
def test_ten_thousand_edits_replay_without_copying_the_state_each_time() -> None:
    replayer, lines, prev = Replayer(), [], GENESIS
    for seq in range(10_000):
        record = seal(
            Record(
                seq,
                prev,
                "t",
                seq,
                "AB",
                A_INSTALL,
                "0",
                "add",
                id=str(seq),
                bout=bout(seq * 10, seq * 10 + 5),
            )
        )
        lines.append(encode_line(record))
        prev = record.sha
    data = b"".join(lines)
    for record in scan(data).records:
        replayer.apply(record)
    assert len(replayer.bouts) == 10_000


@pytest.mark.real
def test_real_gaze_codes_of_two_people_come_back_from_their_logs(shared_data: Path, tmp_path: Path) -> None:
    for folder in ("gaze_human1", "gaze_human2"):
        paths = sorted((shared_data / "codes" / folder).glob("*.txt"))[:5]
        assert paths
        for path in paths:
            rows = [
                line.split(",") for line in path.read_text(encoding="utf-8").splitlines()[3:] if line.strip()
            ]
            events = sorted((int(row[0]), row[2]) for row in rows if row[2] in {"left", "right", "away"})
            bouts = [
                LoggedBout("infant/gaze", onset * 10**6, offset * 10**6, code)
                for (onset, code), (offset, _) in pairwise(events)
                if offset > onset
            ]
            with open_log(tmp_path, f"{folder[-1]}-{path.stem[:8]}") as log:
                log.append_group([Edit("add", bout=one) for one in bouts])
            records, problem = read_log(log.path)
            assert problem is None
            assert list(replay(records).bouts.values()) == bouts
            assert len(bouts) > 10
