"""Reading ahead while a film plays, so that showing a frame never waits for decoding.

One thread decodes; frames that come too late are left out and counted. Stepping does not go this way: it
asks for one exact frame and waits for it, in another thread, so that a film on a share that does not answer
holds the window up for a moment only.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import Future, wait
from contextlib import suppress
from functools import partial
from types import TracebackType

import numpy as np
import numpy.typing as npt

from stillface.contracts.frame_source import FrameSource
from stillface.domain.clock import FrameClock
from stillface.errors import InputError, StorageError
from stillface.io import errands
from stillface.io.errands import Errands, NoAnswerError, answer

__all__ = ["ReadAhead"]

Rgb = npt.NDArray[np.uint8]

_AHEAD_BYTES = 64_000_000
_MOST_AHEAD = 12
_LEAST_AHEAD = 3
# A step back in a long film whose key frames are far apart may honestly take two seconds on a slow computer.
_ANSWERS = 3
_IN_PASSING_S = 0.05
_SILENCE = "the film's disk or share does not answer"


class ReadAhead:
    """A film with a thread that decodes what will be shown next; a FrameSource itself.

    Parameters
    ----------
    source : FrameSource
        Owned from here on, and closed with this.

    Attributes
    ----------
    n_late : int
        Frames that were asked for in play and not at hand.
    trouble : str
        Why the thread could not decode further, or that it gets no answer; empty where it could.
    """

    def __init__(self, source: FrameSource) -> None:
        self._source = source
        width, height = source.size_px
        self._capacity = int(np.clip(_AHEAD_BYTES // (width * height * 3), _LEAST_AHEAD, _MOST_AHEAD))
        self._kept: OrderedDict[int, Rgb] = OrderedDict()
        self._decoding, self._state = threading.Lock(), threading.Condition()
        self._target: int | None = None
        self._step = 1
        self._thread: threading.Thread | None = None
        self._ended = False
        self._errands = Errands()
        self._began_s: float | None = None
        self._asked: tuple[int, Future[Rgb]] | None = None
        self._wait_s = self._patience_s = _ANSWERS * errands.ANSWER_S
        self.n_late = 0
        self.trouble = ""

    @property
    def clock(self) -> FrameClock:
        """When each frame begins and ends, in the film's own time."""
        return self._source.clock

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height as shown."""
        return self._source.size_px

    @property
    def n_kept(self) -> int:
        """Frames at hand; at most a dozen, fewer of a large picture."""
        with self._state:
            return len(self._kept)

    def frame(self, index: int) -> Rgb:
        """Give one exact frame.

        Raises
        ------
        InputError, StorageError
            It cannot be decoded.
        NoAnswerError
            It is not there yet: ask again. What is asked next is waited for in passing only.
        """
        with self._state:
            kept = self._kept.get(index)
        if kept is not None:
            return kept
        if self._asked is not None and self._asked[0] != index:
            # One call at a time: a share that is silent must not be sent a queue of frames nobody wants.
            self._hear(self._asked[1])
        if self._asked is None:
            self._asked = (index, self._errands.send(partial(self._exactly, index)))
        call = self._asked[1]
        self._hear(call)
        return call.result()

    def _hear(self, call: Future[Rgb]) -> None:
        """Wait until a call has returned, whatever it brought; raises NoAnswerError where it has not."""
        wait([call], timeout=self._wait_s)
        if not call.done():
            self._wait_s = _IN_PASSING_S
            raise NoAnswerError(_SILENCE)
        self._asked, self._wait_s = None, self._patience_s

    def _exactly(self, index: int) -> Rgb:
        with self._decoding:
            return self._source.frame(index)

    def frames(self, start: int, stop: int) -> Iterator[tuple[int, Rgb]]:
        """Decode in order; not while the film plays."""
        return self._source.frames(start, stop)

    def chunk_starts(self, min_frames: int) -> tuple[int, ...]:
        """Give frames where decoding can begin cheaply."""
        return self._source.chunk_starts(min_frames)

    def at_hand(
        self, index: int, shown: int | None = None, *, backward: bool = False
    ) -> tuple[int, Rgb] | None:
        """Give the due frame, or the last one before it that is decoded, and read on; never waits.

        Parameters
        ----------
        index : int
            The frame that is due.
        shown : int, optional
            The frame on screen: only what comes after it is given.
        backward : bool
            Whether the film plays backward, so that before and after change places.

        Returns
        -------
        (int, array of uint8) or None
            None where nothing newer than the shown frame is decoded.
        """
        with self._state:
            self._target, self._step = index, -1 if backward else 1
            if self._began_s is not None and time.monotonic() - self._began_s > self._patience_s:
                self.trouble = _SILENCE
            if self._thread is None and not self._ended:
                self._thread = threading.Thread(target=self._run, name="read-ahead", daemon=True)
                self._thread.start()
            self.n_late += index not in self._kept
            # Where decoding is slower than the film, what is due is never there: show what came last.
            passed = [k for k in self._kept if not self._away(k) > 0]
            best = max(passed, key=self._away, default=None)
            newer = best is not None and (shown is None or (best - shown) * self._step > 0)
            self._state.notify_all()
            return (best, self._kept[best]) if newer and best is not None else None

    def rest(self) -> None:
        """Stop decoding ahead and let go of what is at hand."""
        with self._state:
            self._target = None
            self._kept.clear()

    def __enter__(self) -> ReadAhead:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the thread and close the film, as soon as nobody reads in it any more."""
        with self._state:
            self._ended, self._target = True, None
            self._kept.clear()
            self._state.notify_all()
        if self._thread is not None:
            self._thread.join(self._wait_s)
            if self._thread.is_alive():
                self._wait_s = _IN_PASSING_S
        with suppress(NoAnswerError):
            answer(self._errands.send(self._close_film), self._wait_s, _SILENCE)

    def _close_film(self) -> None:
        with self._decoding:
            self._source.__exit__(None, None, None)

    def _run(self) -> None:
        while True:
            with self._state:
                index = self._next_wanted()
                while index is None and not self._ended:
                    self._state.wait()
                    index = self._next_wanted()
                if self._ended or index is None:
                    return
                self._began_s = time.monotonic()
            try:
                with self._decoding:
                    picture = self._source.frame(index)
            except (InputError, StorageError) as error:
                with self._state:
                    self.trouble, self._target, self._began_s = error.what, None, None
                continue
            with self._state:
                self.trouble, self._began_s = "", None
                if self._target is not None:
                    self._keep(index, picture)

    def _next_wanted(self) -> int | None:
        """Give the first frame from the due one on that is not at hand; None when enough are."""
        if self._target is None:
            return None
        wanted = range(self._target, self._target + self._step * self._capacity, self._step)
        n_frames = self.clock.n_frames
        return next((k for k in wanted if 0 <= k < n_frames and k not in self._kept), None)

    def _keep(self, index: int, picture: Rgb) -> None:
        self._kept[index] = picture
        while len(self._kept) > self._capacity:
            # What lies behind the film's way goes first, then what is furthest ahead.
            self._kept.pop(max(self._kept, key=lambda k: (self._away(k) < 0, abs(self._away(k)))))

    def _away(self, index: int) -> int:
        """Give how many frames a frame is still ahead of the due one; negative once it is passed."""
        return (index - (self._target or 0)) * self._step
