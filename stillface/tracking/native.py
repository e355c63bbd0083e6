"""Keeping MediaPipe's start-up noise off the terminal, and nothing else."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["quiet_start"]


@contextmanager
def quiet_start() -> Iterator[None]:
    """Send file descriptor 2 to nowhere while a graph is built and shows its first picture.

    MediaPipe writes its log from C++ before any setting can reach it. Hold this as short as
    possible: real errors of that time are hidden too (Python's own are raised as always).
    """
    sys.stderr.flush()
    kept = os.dup(2)
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(sink)
