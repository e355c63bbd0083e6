"""Calls to a disk or share that may never return: made in a thread of their own, waited for only so long.

A network share whose server is gone does not refuse: opening, writing and syncing wait for half a minute,
or for ever, and a thread that waits in the system cannot be taken out of it.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future, wait
from queue import SimpleQueue
from typing import Any, TypeVar

from stillface.errors import StorageError

__all__ = ["ANSWER_S", "Errands", "NoAnswerError", "answer"]

ANSWER_S = 1.0
"""How long a person waits for a disk or share. Healthy ones answer in milliseconds and busy ones in tenths
of a second; after a second without a reaction people press the key again, and think the program dead."""

T = TypeVar("T")
_Todo = SimpleQueue[tuple[Callable[[], Any], "Future[Any]"] | None]


class NoAnswerError(StorageError):
    """A disk or share did not answer in time; what was asked may still happen."""


class Errands:
    """Makes calls one after the other, in the order in which they were sent.

    The thread begins with the first call and never holds up the end of the program.
    """

    def __init__(self) -> None:
        self._todo: _Todo = SimpleQueue()
        self._thread: threading.Thread | None = None

    def send(self, call: Callable[[], T]) -> Future[T]:
        """Have a call made after all that were sent before; its result or error comes by the future."""
        if self._thread is None:
            # Not held by a pool: those are waited for at the end of the program, for ever if need be.
            self._thread = threading.Thread(target=_run, args=(self._todo,), name="errands", daemon=True)
            self._thread.start()
            weakref.finalize(self, self._todo.put, None)
        future: Future[T] = Future()
        self._todo.put((call, future))
        return future


def _run(todo: _Todo) -> None:
    while (item := todo.get()) is not None:
        call, future = item
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001  # whoever waits for the call gets it
            future.set_exception(error)
        # The call may hold whoever sent it, and so keep this thread waiting for a next one.
        del item, call, future


def answer(future: Future[T], wait_s: float | None, what: str, *, where: str | None = None) -> T:
    """Give what came of a call, waiting only so long (None: for ever); raises what the call raised.

    Raises
    ------
    NoAnswerError
        There is no answer yet; ``what`` and ``where`` say what it is about.
    """
    wait([future], timeout=wait_s)
    if not future.done():
        raise NoAnswerError(what, where=where, fix="check the disk or connection")
    return future.result()
