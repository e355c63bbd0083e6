"""Where the session stands on screen: playing, stepping by frames, jumping, looping; no clock of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from stillface.domain.clock import NS_PER_S
from stillface.errors import UsageError
from stillface.review.cameras import Camera, FrameGrid
from stillface.review.lanes import Lane
from stillface.review.signals import Signal
from stillface.review.watched import Watched

__all__ = ["SPEEDS", "Playhead"]

SPEEDS = (0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0)

# Faster than this a film has been skimmed, not watched.
_WATCHABLE_SPEED = 2.0
# Who goes further at once has left the place.
_STEP_S = 1.0


class Playhead:
    """The moment on screen, on the session clock.

    Parameters
    ----------
    grid : FrameGrid
        Frames of the camera that is coded from; stepping goes by them.
    cameras : sequence of Camera
        Every film.
    now_ns : callable
        A monotonic clock; the caller's, so that a test can turn it.
    watched : Watched, optional
        Where played stretches are noted.

    Attributes
    ----------
    watched : Watched
        What was on screen at a speed at which it can be judged.
    passed : Watched
        What was on screen at any speed.
    moved : Signal
        Called with the new time whenever it changes.
    leaving : Signal
        Called before time goes elsewhere than on: with the time gone to, and whether by small steps.
    played : Signal
        Called without arguments when playing begins, ends or changes speed.
    """

    def __init__(
        self,
        grid: FrameGrid,
        cameras: Sequence[Camera],
        now_ns: Callable[[], int],
        watched: Watched | None = None,
    ) -> None:
        self.grid, self.cameras = grid, tuple(cameras)
        self.watched = Watched() if watched is None else watched
        self.passed = Watched()
        self.moved: Signal[[int]] = Signal()
        self.leaving: Signal[[int, bool]] = Signal()
        self.played: Signal[[]] = Signal()
        self._now_ns = now_ns
        self._time_ns = grid.span_ns[0]
        self._playing, self._speed, self._backward = False, 1.0, False
        self._anchor = (self._time_ns, 0)
        self._began_ns = self._time_ns
        self._loop: tuple[int, int] | None = None
        self._once = self._ran_out = False

    @property
    def time_ns(self) -> int:
        """Session time on screen."""
        return self._time_ns

    @property
    def last_ns(self) -> int:
        """Latest time that can be shown: the onset of the last frame."""
        return int(self.grid.edges_ns[-2])

    @property
    def playing(self) -> bool:
        """Whether time runs."""
        return self._playing

    @property
    def speed(self) -> float:
        """Session seconds per second, negative backward."""
        return -self._speed if self._backward else self._speed

    @property
    def loop_ns(self) -> tuple[int, int] | None:
        """The stretch that is played over and over, or None."""
        return self._loop

    @property
    def ran_out(self) -> bool:
        """Whether a stretch that is played once has come to its end, and nothing was moved since."""
        return self._ran_out

    def frames(self) -> dict[str, int | None]:
        """Give each camera's frame on screen; None where the camera did not run."""
        return {camera.id: camera.frame_at(self._time_ns) for camera in self.cameras}

    def play(self, *, backward: bool = False) -> None:
        """Let time run."""
        at_end = self._time_ns >= self.last_ns and not backward
        if at_end and self._loop is None:
            self._move(self.grid.span_ns[0])
        if self._loop is not None:
            low, high = self._loop
            last_ns = self.grid.before(high) if self._once and not backward else high
            if not low <= self._time_ns < max(last_ns, low + 1):
                self._move(low)
        self._began_ns = self._time_ns
        self._backward = backward
        self._playing = True
        self._take_anchor()
        self.played.emit()

    def pause(self) -> None:
        """Stand still on the frame that is on screen."""
        if self._playing:
            self.tick()
            self._playing = False
            self._move(self.grid.floor(self._time_ns))
            self.played.emit()

    def toggle(self) -> None:
        """Play forward, or pause."""
        if self._playing:
            self.pause()
        else:
            self.play()

    def stop(self) -> None:
        """Stand still where playing began."""
        self.pause()
        self.seek(self._began_ns)

    def tick(self) -> int:
        """Bring the time up to date while playing; give it."""
        if not self._playing:
            return self._time_ns
        anchor_time, anchor_now = self._anchor
        elapsed = round((self._now_ns() - anchor_now) * self.speed)
        target, ended = anchor_time + elapsed, False
        low, high = self._loop or (self.grid.span_ns[0], self.grid.span_ns[1])
        if self._once and not low <= target < high:
            target, ended = (low if elapsed < 0 else self.grid.before(high)), True
        elif self._loop is not None and not low <= target < high:
            self._note_watched(self._time_ns, high if elapsed > 0 else low)
            target = low + (target - low) % (high - low)
            if elapsed > 0:
                self._time_ns = high
                self.leaving.emit(low, False)
            self._time_ns = low if elapsed > 0 else high
            self._anchor = (target, self._now_ns())
        elif self._loop is None and (target <= low if elapsed < 0 else target >= self.last_ns):
            target, ended = (low if elapsed < 0 else self.last_ns), True
        self._note_watched(self._time_ns, high if ended and elapsed > 0 else target)
        self._move(target)
        if ended:
            self._playing, self._ran_out = False, self._once
            self.played.emit()
        return self._time_ns

    def seek(self, time_ns: int) -> None:
        """Go to a time; beyond the ends stays at the ends. Standing still, it is the frame's onset."""
        self._go(time_ns, by_steps=False)

    def _go(self, time_ns: int, *, by_steps: bool) -> None:
        time_ns = min(max(time_ns, self.grid.span_ns[0]), self.last_ns)
        time_ns = time_ns if self._playing else self.grid.floor(time_ns)
        self.leaving.emit(time_ns, by_steps)
        self._move(time_ns)
        self._note_landed()
        self._take_anchor()

    def step(self, n_frames: int) -> None:
        """Stand still and go some frames on, or back; each frame passed counts as seen."""
        self.pause()
        self._ran_out = False
        index = int(np.searchsorted(self.grid.edges_ns, self._time_ns, side="right")) - 1
        target = min(max(index + n_frames, 0), self.grid.edges_ns.size - 2)
        if abs(n_frames) == 1:
            low, high = sorted((index, target))
            self._note_watched(int(self.grid.edges_ns[low]), int(self.grid.edges_ns[high + 1]))
        self.leaving.emit(int(self.grid.edges_ns[target]), True)
        self._move(int(self.grid.edges_ns[target]))
        self._note_landed()

    def jump(self, seconds: float) -> None:
        """Go a number of seconds on, or back."""
        self._go(self._time_ns + round(seconds * NS_PER_S), by_steps=abs(seconds) <= _STEP_S)

    def to_edge(self, lane: Lane, direction: Literal[-1, 1]) -> None:
        """Go to the next, or last, edge of a lane; stays where there is none.

        The end of a bout that is still running is none: nobody has put it there.
        """
        edges, running = lane.edges_ns, lane.running
        if running is not None and not np.any(lane.onsets_ns == running.end_ns):
            edges = edges[edges != running.end_ns]
        if direction > 0:
            # An edge inside the frame on screen is where we are already.
            place = int(np.searchsorted(edges, self.grid.after(self._time_ns), side="left"))
        else:
            place = int(np.searchsorted(edges, self.grid.floor(self._time_ns), side="left")) - 1
        if 0 <= place < edges.size:
            self.seek(int(edges[place]))

    def set_speed(self, speed: float) -> None:
        """Set session seconds per second; 0.1 to 4."""
        if not SPEEDS[0] <= speed <= SPEEDS[-1]:
            raise UsageError("no such speed", got=speed, expected=f"{SPEEDS[0]} to {SPEEDS[-1]}")
        self.tick()
        self._speed = speed
        self._take_anchor()
        self.played.emit()

    def faster(self) -> None:
        """Take the next speed up."""
        self.set_speed(min((s for s in SPEEDS if s > self._speed), default=SPEEDS[-1]))

    def slower(self) -> None:
        """Take the next speed down."""
        self.set_speed(max((s for s in SPEEDS if s < self._speed), default=SPEEDS[0]))

    def shuttle(self, direction: Literal[-1, 1]) -> None:
        """Play this way; a second press goes faster, a press the other way slower, then turns round."""
        backward = direction < 0
        if not self._playing:
            self.set_speed(1.0)
            self.play(backward=backward)
        elif self._backward == backward:
            self.faster()
        elif self._speed > 1:
            self.slower()
        else:
            self.pause()
            self.play(backward=backward)

    def loop_over(self, onset_ns: int, offset_ns: int, *, once: bool = False) -> None:
        """Play this stretch over and over: a selection, a bout, an episode.

        Parameters
        ----------
        onset_ns, offset_ns : int
        once : bool
            Stand still on its last frame instead; playing from there begins at its onset.
        """
        low, high = self.grid.span_ns
        onset_ns, offset_ns = max(onset_ns, low), min(offset_ns, high)
        if offset_ns <= onset_ns:
            raise UsageError("nothing to loop over", got=f"{onset_ns} to {offset_ns} ns")
        self._loop, self._once = (onset_ns, offset_ns), once
        if self._playing and not onset_ns <= self._time_ns < offset_ns:
            self.seek(onset_ns)
        self.played.emit()

    def end_loop(self) -> None:
        """Play on beyond the loop."""
        self._loop, self._once = None, False
        self.played.emit()

    def _take_anchor(self) -> None:
        self._anchor = (self._time_ns, self._now_ns())
        self._ran_out = False

    def _note_landed(self) -> None:
        """Note the frame that a jump landed on: who goes on by seconds has seen each of these frames."""
        self.passed.add(self.grid.floor(self._time_ns), self.grid.after(self._time_ns))

    def _note_watched(self, start_ns: int, end_ns: int) -> None:
        low, high = sorted((start_ns, end_ns))
        self.passed.add(low, high)
        if self._speed <= _WATCHABLE_SPEED or not self._playing:
            self.watched.add(low, high)

    def _move(self, time_ns: int) -> None:
        if time_ns != self._time_ns:
            self._time_ns = time_ns
            self.moved.emit(time_ns)
