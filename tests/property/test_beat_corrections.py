"""Whatever a person does to beats: the series stays a series, the raw beats stay, and undo takes all back."""

from __future__ import annotations

import tempfile
from fractions import Fraction
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stillface.domain.clock import NS_PER_S as S
from stillface.domain.clock import ClockMap, SampleClock
from stillface.domain.events import BeatSeries
from stillface.domain.recording import Signal, SignalRecording
from stillface.errors import UsageError
from stillface.io.code_log import CodeLog
from stillface.io.human_beats import SAME_BEAT_NS
from stillface.physio.params import HeartParams
from stillface.review.beats import BeatChannel, BeatDesk
from stillface.review.stores import Store

MAP = ClockMap(S, 80.0, "marks", 2, 0.1)
SIGNAL = Signal(
    "ecg",
    "infant",
    "mV",
    np.zeros(7_500),
    np.ones(7_500, np.bool_),
    SampleClock(0, Fraction(250), 7_500),
    MAP,
)
TIMES = MAP.to_session(np.arange(1, 60, dtype=np.int64) * (430 * S // 1000) + 7)
RAW = BeatSeries(
    "infant", TIMES, np.arange(TIMES.size, dtype=np.uint8) % 4, SIGNAL.span_ns, "auto:ecg_vote@1"
)
RECORDING = SignalRecording("heart", "physio/heart.csv", "ecg", "infant")

moments = st.integers(*SIGNAL.span_ns)
edits = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(("add", "remove", "confirm", "unmark", "undo", "redo")), moments, moments),
        st.tuples(st.sampled_from(("move", "bad")), moments, moments),
    ),
    max_size=12,
)


def desk_in(folder: str) -> BeatDesk:
    log = CodeLog.open(Path(folder) / "AB.home.jsonl", coder="AB", install="home", app_version="1")
    return BeatDesk([BeatChannel(RECORDING, SIGNAL, RAW, HeartParams.for_role("infant"))], (), Store(log))


def do(desk: BeatDesk, what: str, one: int, two: int) -> None:
    desk.choose(one, S)
    acts = {
        "add": lambda: desk.add(one),
        "remove": desk.remove,
        "confirm": desk.confirm,
        "move": lambda: desk.move_to(two),
        "bad": lambda: desk.mark_bad(min(one, two), max(one, two)),
        "unmark": lambda: desk.unmark_bad(one),
        "undo": desk.undo,
        "redo": desk.redo,
    }
    try:
        acts[what]()
    except UsageError:
        return


@settings(max_examples=40, deadline=None)
@given(edits)
def test_beats_stay_a_series_and_undo_takes_everything_back(steps: list[tuple[str, int, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        desk = desk_in(folder)
        for step in steps:
            do(desk, *step)
            times = desk.beats.times_ns
            assert np.all(np.diff(times) >= SAME_BEAT_NS)
            corrected = desk.now("heart").corrected
            assert times.size == TIMES.size + corrected.n_added - corrected.n_removed
        standing, flags = desk.beats.times_ns, desk.beats.flags
        desk.close()
        again = desk_in(folder)
        assert np.array_equal(again.beats.times_ns, standing)
        assert np.array_equal(again.beats.flags, flags)
        while again._store.can_undo:
            again.undo()
        assert np.array_equal(again.beats.times_ns, TIMES)
        assert np.array_equal(again.beats.flags, RAW.flags)
        again.close()
