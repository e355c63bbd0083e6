"""Sound at hand around a moving place: decoded ahead by a thread, given out without ever waiting."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from stillface.audio.sound import Sound
from stillface.domain.clock import NS_PER_S
from stillface.errors import StillfaceError

__all__ = ["SoundFeed"]

Floats = npt.NDArray[np.float32]

_AHEAD_S = 3
_KEPT_S = 8
# Below this lip movements and voice look as one; two clocks that differ a little need no correction.
_APART_S = 0.04
_LEAVE_S = 1.0


class SoundFeed:
    """Gives a film's sound piece by piece to a sound card.

    Parameters
    ----------
    sound : Sound

    Attributes
    ----------
    n_jumps : int
        Times the place was set anew, because the film had jumped or the clocks had drifted apart.
    n_late : int
        Pieces that were not decoded in time and stayed silent.
    trouble : str
        Why the sound could not be decoded further; empty where it could.
    """

    def __init__(self, sound: Sound) -> None:
        self._sound = sound
        self._state = threading.Condition()
        self._seconds: dict[int, Floats] = {}
        self._target: int | None = None
        self._next = -(2**62)
        self._thread: threading.Thread | None = None
        self._ended = False
        self.n_jumps, self.n_late = 0, 0
        self.trouble = ""

    @property
    def rate_hz(self) -> int:
        """Samples per second."""
        return self._sound.rate_hz

    def aim(self, film_ns: int) -> None:
        """Let the thread decode from a place of the film's time on."""
        with self._state:
            self._target = max(film_ns // NS_PER_S, 0)
            if self._thread is None and not self._ended:
                self._thread = threading.Thread(target=self._run, name="sound", daemon=True)
                self._thread.start()
            self._state.notify_all()

    def ready(self, film_ns: int) -> bool:
        """Tell whether the sound at a place is decoded."""
        with self._state:
            return film_ns // NS_PER_S in self._seconds

    def begin(self, film_ns: int) -> None:
        """Begin again at a place, exactly: after a silence no small step can be heard."""
        self._next = -(2**62)
        self.aim(film_ns)

    def take(self, n: int, film_ns: int) -> Floats:
        """Give the next samples.

        Parameters
        ----------
        n : int
        film_ns : int
            The film's time at which the first will be heard. As long as it is within 40 ms of where the
            last piece ended, the sound simply goes on: small steps would be heard as clicks.

        Returns
        -------
        array of float32, shape (n,)
            Silence where there is no sound, or it is not decoded yet.
        """
        due = film_ns * self.rate_hz // NS_PER_S
        if abs(due - self._next) > _APART_S * self.rate_hz:
            self.n_jumps += 1
            self._next = due
        out = np.zeros(n, np.float32)
        done = 0
        with self._state:
            while done < n:
                second, place = divmod(self._next + done, self.rate_hz)
                size = min(n - done, self.rate_hz - place)
                held = self._seconds.get(second)
                if held is not None:
                    out[done : done + size] = held[place : place + size]
                elif second >= 0:
                    self.n_late += 1
                done += size
        self._next += n
        self.aim(self._next * NS_PER_S // self.rate_hz)
        return out

    def close(self) -> None:
        """End the thread."""
        with self._state:
            self._ended = True
            self._state.notify_all()
        if self._thread is not None:
            # One that reads from a share which does not answer is left alone; it ends when that does.
            self._thread.join(_LEAVE_S)

    def _run(self) -> None:
        running, second = _Seconds(self._sound, 0), -1
        while True:
            with self._state:
                wanted = self._wanted()
                while wanted is None and not self._ended:
                    self._state.wait()
                    wanted = self._wanted()
                if self._ended or wanted is None:
                    return
            if wanted != second + 1:
                running = _Seconds(self._sound, wanted)
            try:
                values = running.next()
            except StillfaceError as error:
                with self._state:
                    self.trouble, self._target = error.what, None
                continue
            second = wanted
            with self._state:
                self._seconds[wanted] = values
                target = self._target or 0
                while len(self._seconds) > _KEPT_S:
                    del self._seconds[max(self._seconds, key=lambda k: abs(k - target))]

    def _wanted(self) -> int | None:
        if self._target is None:
            return None
        ahead = range(self._target, self._target + _AHEAD_S + 1)
        return next((second for second in ahead if second not in self._seconds), None)


class _Seconds:
    """A film's sound cut into whole seconds, from one of them on."""

    def __init__(self, sound: Sound, second: int) -> None:
        self._rate_hz, self._second = sound.rate_hz, second
        self._blocks: Iterator[tuple[int, Floats]] = sound.blocks(second * NS_PER_S)
        self._rest: tuple[int, Floats] | None = None

    def next(self) -> Floats:
        """Give the next second, silent where the film has no sound; shape (rate_hz,)."""
        begin, end = self._second * self._rate_hz, (self._second + 1) * self._rate_hz
        out = np.zeros(self._rate_hz, np.float32)
        self._second += 1
        while (block := self._rest or next(self._blocks, None)) is not None:
            first, values = block
            inside = values[: max(end - first, 0)]
            out[first - begin : first - begin + inside.size] = inside
            left = values[inside.size :]
            self._rest = (first + inside.size, left) if left.size else None
            if self._rest is not None:
                break
        return out
