"""Reading ahead in play, and quick copies of films with distant key frames."""

from __future__ import annotations

import threading
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from stillface.errors import InputError, StorageError
from stillface.gui.readahead import ReadAhead
from stillface.io.errands import NoAnswerError
from stillface.video.encode import write_video
from stillface.video.proxy import is_worth_a_proxy, make_proxy, open_proxy
from stillface.video.source import open_video

N = 160


BACKGROUND = np.random.default_rng(1).integers(0, 255, (128, 128, 3), dtype=np.uint8)


def picture(number: int) -> np.ndarray:
    """Draw a frame that carries its number in a corner; the rest stands still, so that no cut is seen."""
    image = BACKGROUND.copy()
    for bit in range(8):
        image[:16, bit * 16 : bit * 16 + 16] = 255 if number >> bit & 1 else 0
    return image


def number_in(image: np.ndarray) -> int:
    return sum((int(image[8, 16 * bit + 8, 1]) > 128) << bit for bit in range(8))


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "long.mp4"
    write_video(path, (picture(k) for k in range(N)), Fraction(25), gop=N)
    return path


def wait_for(ready: object, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not ready():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.002)


@pytest.mark.parametrize(("start", "backward"), [(0, False), (150, True)])
def test_what_comes_next_is_at_hand(film: Path, start: int, backward: bool) -> None:
    step = -1 if backward else 1
    with ReadAhead(open_video([film], None)) as source:
        assert source.at_hand(start, backward=backward) is None
        assert source.n_late == 1
        for k in range(8):
            index = start + k * step
            wait_for(lambda index=index: index in source._kept)
            found = source.at_hand(index, index - step, backward=backward)
            assert found is not None
            assert found[0] == index == number_in(found[1])
            assert source.at_hand(index, index, backward=backward) is None
        assert source.n_late == 1
        assert source.n_kept <= 12


def test_a_slow_film_never_makes_the_player_wait_and_what_was_late_is_counted(film: Path) -> None:
    source = open_video([film], None)
    real, gate = source.frame, threading.Event()

    def slow(index: int) -> np.ndarray:
        assert gate.wait(60)
        return real(index)

    source.frame = slow  # type: ignore[method-assign]
    with ReadAhead(source) as ahead:
        # The gate opens only afterwards: waiting for a frame would never end.
        for k in range(50):
            assert ahead.at_hand(k) is None
        assert ahead.n_late == 50
        gate.set()
        # It goes on from the frame that is due now, not from where it fell behind.
        wait_for(lambda: 49 in ahead._kept)
        assert len(set(ahead._kept) - set(range(49, 61))) <= 1


def test_where_decoding_is_slower_than_the_film_what_came_last_is_shown(film: Path) -> None:
    source = open_video([film], None)
    with ReadAhead(source) as ahead:
        ahead._kept.update({10: picture(10), 12: picture(12), 15: picture(15)})
        ahead._ended = True
        found = ahead.at_hand(14, shown=10)
        assert found is not None
        assert found[0] == 12
        assert ahead.at_hand(14, shown=12) is None
        back = ahead.at_hand(11, shown=14, backward=True)
        assert back is not None
        assert back[0] == 12


def test_stepping_is_exact_whatever_the_thread_does(film: Path) -> None:
    rng = np.random.default_rng(3)
    with ReadAhead(open_video([film], None)) as source:
        for index in rng.integers(0, N, 25).tolist():
            source.at_hand(int(rng.integers(0, N)))
            assert number_in(source.frame(index)) == index
        source.rest()
        assert source.n_kept == 0
        assert number_in(source.frame(7)) == 7


def test_beyond_the_films_ends_nothing_is_decoded(film: Path) -> None:
    with ReadAhead(open_video([film], None)) as source:
        source.at_hand(N - 2)
        wait_for(lambda: N - 1 in source._kept)
        assert max(source._kept) == N - 1
        assert not source.trouble


def test_damage_ends_reading_ahead_and_is_told(film: Path) -> None:
    source = open_video([film], None)

    def broken(_index: int) -> np.ndarray:
        raise InputError("a frame is damaged")

    source.frame = broken  # type: ignore[method-assign]
    with ReadAhead(source) as ahead:
        ahead.at_hand(3)
        wait_for(lambda: ahead.trouble != "")
        assert ahead.trouble == "a frame is damaged"


def test_memory_stays_within_its_bound() -> None:
    class Large:
        size_px = (3840, 2160)
        clock = None

    assert ReadAhead(Large())._capacity == 3  # type: ignore[arg-type]


def test_a_quick_copy_has_the_originals_numbers_and_times(film: Path, tmp_path: Path) -> None:
    original = open_video([film], None)
    assert is_worth_a_proxy(original.indexes)
    path = tmp_path / "proxy" / "front.mp4"
    assert open_proxy(original, path) is None
    shares: list[float] = []
    make_proxy(original, path, said=shares.append)
    assert shares == sorted(shares)
    copy = open_proxy(original, path)
    assert copy is not None
    with copy:
        assert copy.clock is original.clock
        for index in (0, 159, 3, 100, 99, 98, 40):
            assert number_in(copy.frame(index)) == index
        assert not is_worth_a_proxy(open_video([path], None).indexes)


def test_a_copy_of_another_film_is_not_used(film: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.mp4"
    write_video(other, (picture(k) for k in range(N)), Fraction(30), gop=N)
    make_proxy(open_video([film], None), tmp_path / "front.mp4")
    assert open_proxy(open_video([other], None), tmp_path / "front.mp4") is None
    (tmp_path / "front.mp4").write_bytes(b"")
    assert open_proxy(open_video([film], None), tmp_path / "front.mp4") is None


def test_a_copy_that_was_broken_off_leaves_no_trace(film: Path, tmp_path: Path) -> None:
    def stop(_share: float) -> None:
        raise StorageError("disk full")

    with pytest.raises(StorageError):
        make_proxy(open_video([film], None), tmp_path / "front.mp4", said=stop)
    assert list(tmp_path.iterdir()) == []


def test_a_film_of_odd_size_loses_at_most_a_line(tmp_path: Path) -> None:
    class Odd:
        size_px, files = (65, 33), ()
        clock = type("Clock", (), {"n_frames": 3, "edges_ns": np.arange(4)})()

        def frames(self, start: int, stop: int) -> list[tuple[int, np.ndarray]]:
            return [(k, np.full((33, 65, 3), 40 * k, np.uint8)) for k in range(start, stop)]

    make_proxy(Odd(), tmp_path / "front.mp4")  # type: ignore[arg-type]
    with open_video([tmp_path / "front.mp4"], None) as copy:
        assert copy.size_px == (64, 32)
        assert [round(float(copy.frame(k).mean()) / 40) for k in range(3)] == [0, 1, 2]


@pytest.mark.real
def test_copies_of_real_films_of_variable_rate_keep_their_stamps(shared_data: Path, tmp_path: Path) -> None:
    film = min((shared_data / "video").glob("babyjokes*.mp4"), key=lambda path: path.stat().st_size)
    original = open_video([film], None)
    make_proxy(original, tmp_path / "front.mp4")
    copy = open_proxy(original, tmp_path / "front.mp4")
    assert copy is not None
    assert np.array_equal(copy.clock.edges_ns, original.clock.edges_ns)
    for index in range(0, original.clock.n_frames, original.clock.n_frames // 4):
        mine = copy.frame(index)[:: copy.size_px[1] // 40, :: copy.size_px[0] // 40].astype(int)
        theirs = original.frame(index)
        rows = np.linspace(0, theirs.shape[0] - 1, mine.shape[0]).astype(int)
        columns = np.linspace(0, theirs.shape[1] - 1, mine.shape[1]).astype(int)
        assert np.abs(mine - theirs[np.ix_(rows, columns)]).mean() < 15


def test_a_film_that_does_not_answer_holds_nobody_up_and_is_shown_when_it_does(film: Path) -> None:
    source = open_video([film], None)
    real, gate, asked = source.frame, threading.Event(), []

    def silent(index: int) -> np.ndarray:
        asked.append(index)
        assert gate.wait(60)
        return real(index)

    source.frame = silent  # type: ignore[method-assign]
    ahead = ReadAhead(source)
    ahead._wait_s = 0.01
    for index in (5, 6, 7, 7):
        # The gate opens only afterwards: waiting for a frame would never end.
        with pytest.raises(NoAnswerError):
            ahead.frame(index)
    assert asked == [5]
    gate.set()

    def there() -> bool:
        try:
            return number_in(ahead.frame(7)) == 7
        except NoAnswerError:
            return False

    wait_for(there)
    assert asked == [5, 7]
    assert number_in(ahead.frame(9)) == 9
    ahead.close()


def test_in_play_a_film_that_does_not_answer_is_told_until_it_does(film: Path) -> None:
    source = open_video([film], None)
    real, gate = source.frame, threading.Event()

    def silent(index: int) -> np.ndarray:
        assert gate.wait(60)
        return real(index)

    source.frame = silent  # type: ignore[method-assign]
    with ReadAhead(source) as ahead:
        ahead._patience_s = 0.01
        wait_for(lambda: ahead.at_hand(3) is None and "does not answer" in ahead.trouble)
        ahead._patience_s = 60
        gate.set()
        wait_for(lambda: ahead.at_hand(3) is not None)
        assert ahead.trouble == ""


def test_closed_while_the_film_does_not_answer_it_is_let_go_of_afterwards(film: Path) -> None:
    source = open_video([film], None)
    real, leave, gate, order = source.frame, source.__exit__, threading.Event(), []

    def silent(index: int) -> np.ndarray:
        assert gate.wait(60)
        order.append("read")
        return real(index)

    def left(*_: object) -> None:
        order.append("closed")
        leave(None, None, None)

    source.frame, source.__exit__ = silent, left  # type: ignore[method-assign]
    ahead = ReadAhead(source)
    ahead._wait_s = 0.01
    with pytest.raises(NoAnswerError):
        ahead.frame(5)
    ahead.close()
    assert order == []
    gate.set()
    wait_for(lambda: order == ["read", "closed"])
