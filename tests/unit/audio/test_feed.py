"""Sound handed to a card: in sync, without clicks, without waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from stillface.audio.feed import SoundFeed
from stillface.domain.clock import NS_PER_S as S
from stillface.errors import InputError

RATE = 8_000
MS = 1_000_000


class Ramp:
    """Sound whose samples are their own addresses (over a million), in odd blocks, with a hole."""

    rate_hz = RATE

    def __init__(self, length_s: float = 20, hole_s: tuple[float, float] = (6.2, 6.4)) -> None:
        self.n, self.hole = round(length_s * RATE), tuple(round(s * RATE) for s in hole_s)
        self.n_opened = 0

    def blocks(self, begin_ns: int = 0, end_ns: int | None = None) -> Iterator[tuple[int, np.ndarray]]:
        self.n_opened += 1
        at = begin_ns * RATE // S
        while at < self.n:
            stop = min(at + 1023, self.n)
            if at < self.hole[0] < stop:
                stop = self.hole[0]
            if self.hole[0] <= at < self.hole[1]:
                at = self.hole[1]
                continue
            yield at, (np.arange(at, stop) / 1e6).astype(np.float32)
            at = stop


@pytest.fixture
def feed() -> Iterator[SoundFeed]:
    made = SoundFeed(Ramp())  # type: ignore[arg-type]
    yield made
    made.close()


def wait_for(feed: SoundFeed, film_ns: int) -> None:
    feed.aim(film_ns)
    end = time.monotonic() + 60
    while not feed.ready(film_ns):
        assert time.monotonic() < end
        time.sleep(0.002)


def addresses(values: np.ndarray) -> np.ndarray:
    return np.rint(values.astype(np.float64) * 1e6).astype(int)


def test_what_is_heard_is_what_lies_at_the_films_time(feed: SoundFeed) -> None:
    wait_for(feed, 2_500 * MS)
    assert np.array_equal(addresses(feed.take(100, 2_500 * MS)), np.arange(20_000, 20_100))


def test_small_differences_of_the_clocks_are_not_heard_and_large_ones_jump(feed: SoundFeed) -> None:
    wait_for(feed, 0)
    wait_for(feed, S)
    first = feed.take(800, 0)
    second = feed.take(800, 100 * MS + 15 * MS)
    assert addresses(second)[0] == addresses(first)[-1] + 1
    assert feed.n_jumps == 1
    third = feed.take(800, 900 * MS)
    assert addresses(third)[0] == 7_200
    assert feed.n_jumps == 2


def test_it_goes_on_over_seconds_by_decoding_ahead_once(feed: SoundFeed) -> None:
    heard = []
    for k in range(50):
        wait_for(feed, k * 100 * MS)
        heard.append(feed.take(800, k * 100 * MS))
    assert np.array_equal(addresses(np.concatenate(heard)), np.arange(40_000))
    assert feed._sound.n_opened == 1  # type: ignore[attr-defined]
    assert len(feed._seconds) <= 8
    assert feed.n_late == 0


def test_a_hole_and_the_end_are_silent(feed: SoundFeed) -> None:
    wait_for(feed, 6 * S)
    values = addresses(feed.take(RATE, 6 * S))
    assert not values[round(0.2 * RATE) + 1 : round(0.4 * RATE)].any()
    assert values[round(0.4 * RATE)] == round(6.4 * RATE)
    wait_for(feed, 25 * S)
    assert not feed.take(100, 25 * S).any()


def test_what_is_not_decoded_yet_is_silent_counted_and_never_waited_for() -> None:
    gate = threading.Event()

    class Slow(Ramp):
        def blocks(self, begin_ns: int = 0, end_ns: int | None = None) -> Iterator[tuple[int, np.ndarray]]:
            assert gate.wait(60)
            yield from super().blocks(begin_ns, end_ns)

    feed = SoundFeed(Slow())  # type: ignore[arg-type]
    # The gate opens only afterwards: waiting for the sound would never end.
    assert not feed.take(400, S).any()
    assert feed.n_late == 1
    gate.set()
    feed.close()


def test_damage_is_told() -> None:
    class Broken(Ramp):
        def blocks(self, begin_ns: int = 0, end_ns: int | None = None) -> Iterator[tuple[int, np.ndarray]]:
            raise InputError("the film's sound cannot be read")
            yield

    feed = SoundFeed(Broken())  # type: ignore[arg-type]
    feed.aim(0)
    end = time.monotonic() + 60
    while not feed.trouble:
        assert time.monotonic() < end
        time.sleep(0.002)
    assert feed.trouble == "the film's sound cannot be read"
    feed.close()
