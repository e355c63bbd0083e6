"""How heart and skin change around events: after each, against just before it (SPEC 5.2).

What follows an event in time need not be due to it: matched random times stand beside every change, and what
both partners go through together (the still face itself) is in either.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import numpy.typing as npt

from stillface.domain.autonomic import BodySeries
from stillface.domain.clock import ns_to_s, s_to_ns
from stillface.domain.intervals import Intervals
from stillface.domain.provenance import params_hash
from stillface.domain.results import Measurement, Status
from stillface.domain.scheme import MatchRule
from stillface.domain.session import Episode, Session
from stillface.domain.states import StateTrack
from stillface.measures.body_events import EventSet, body_event_sets
from stillface.measures.slices import Stamp

__all__ = ["AroundEvents", "EventLocked", "event_locked_rows", "sync_flags"]

Int64 = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_NAMES = {"ibi_ms": ("ibi", "ms"), "scl_us": ("scl", "us")}
_UNITS = {"ms": "ms", "us": "uS"}


@dataclass(frozen=True, eq=False)
class AroundEvents:
    """One quantity of one person around the events of one kind in one episode.

    Parameters
    ----------
    stamp : Stamp
        Role is whose body it is; scorable time is that with signal in the windows that entered, coverage its
        share of the windows of all events.
    code, quantity : str
    status : Status
        OK where at least one event entered.
    changes : array of float64, shape (n,)
        Mean after each event that entered, minus the mean before it.
    n_events, n_edge, n_holes, n_partial, n_overlapping : int
        All events; left out because the window leaves the episode, or has too little signal; entered with
        some signal missing; entered although the next or last event lies inside the window.
    low, high : float, optional
        95 % of means when events are drawn with replacement; None with fewer than ``min_events``.
    random : array of float64, shape (n_sets,)
        Mean change at as many random times of the same episode; NaN where no such window has enough signal.
    times_s, course, course_low, course_high : array of float64, shape (n_steps,)
        Middle of each step from the event, the mean over events of the value there minus the mean before, and
        its band; NaN where nothing is known.
    course_n : array of int64, shape (n_steps,)
        Events behind it.
    """

    stamp: Stamp
    code: str
    quantity: str
    status: Status
    changes: Float
    n_events: int
    n_edge: int
    n_holes: int
    n_partial: int
    n_overlapping: int
    low: float | None
    high: float | None
    random: Float
    times_s: Float
    course: Float
    course_low: Float
    course_high: Float
    course_n: Int64
    n_corrected: int = 0
    sync_error_ms: float | None = None

    @property
    def flags(self) -> tuple[str, ...]:
        """What must be read beside the number."""
        counts = {
            "events": self.n_events,
            "at_edge": self.n_edge,
            "too_little_signal": self.n_holes,
            "signal_with_holes": self.n_partial,
            "windows_overlap": self.n_overlapping,
            "beats_corrected": self.n_corrected,
        }
        return (*(f"{name}={n}" for name, n in counts.items() if n), *sync_flags(self.sync_error_ms))


def sync_flags(error_ms: float | None) -> tuple[str, ...]:
    """Say how well the clocks agree, or that nobody measured it."""
    return ("sync_not_measured",) if error_ms is None else (f"sync_error_ms={error_ms:.3g}",)


@dataclass(frozen=True)
class EventLocked:
    """Change of IBI and of skin conductance level around events.

    ``event_ibi_change_ms`` is the mean over events of (mean IBI from the event to ``after_s``) - (mean IBI in
    the ``before_s`` before it), both weighted by time over clean intervals; below 0 the heart beats faster
    after it. ``event_scl_change_us`` is the same of valid samples. ``_low_`` and ``_high_`` hold 95 % of such
    means when events are drawn with replacement, ``event_ibi_random_ms`` is the mean at random times of the
    same episode, as many and where such an event could have been seen. A window that leaves the episode, or
    whose part before or after has signal for less than ``min_share`` of it, is left out and counted. Where
    the clocks may differ by more than ``step_s`` nothing is measured.

    Parameters
    ----------
    min_share : float
        Share of either part that must have signal.
    step_s : float
        Step of the mean course.
    draws, random_sets : int
        Resamples of the events, and sets of random times.
    min_events : int
        Fewer give no interval.
    seed : int
        Of all draws, together with the names of session, episode, event and body.
    """

    min_share: float = 0.8
    step_s: float = 0.5
    draws: int = 1000
    random_sets: int = 200
    min_events: int = 3
    seed: int = 0

    def __call__(
        self,
        session: Session,
        tracks: tuple[StateTrack, ...],
        rules: tuple[MatchRule, ...],
        bodies: Sequence[BodySeries],
    ) -> Iterator[AroundEvents]:
        """Look at every body around every event; a person's own arousal is not held against the own IBI."""
        watched = [body for body in bodies if body.quantity in _NAMES]
        if not watched:
            return
        windows = session.protocol.body_events
        digest = params_hash(
            asdict(self)
            | {"before_s": windows.before_s, "after_s": windows.after_s, "min_s": windows.aversion_min_s}
        )
        for events in body_event_sets(session, tracks, rules, bodies):
            for body in watched:
                if events.code != f"arousal:{body.role}" or body.quantity != "ibi_ms":
                    yield self._around(events, body, digest)

    def _around(self, events: EventSet, body: BodySeries, digest: str) -> AroundEvents:
        stamp = replace(
            events.stamp, role=body.role, params_hash=params_hash({"a": digest, "b": body.params_hash})
        )
        episode = events.episode
        if episode is None or events.problem is not None:
            return self._nothing(stamp, events, body, events.problem or Status.MISS_EPISODE)
        if (body.sync_error_ms or 0.0) > self.step_s * 1000:
            # Nobody knows to a step where in this signal the event was (SPEC 0).
            return self._nothing(stamp, events, body, Status.MISS_TECH)
        _, known_s = body.means(np.array([episode.onset_ns]), np.array([episode.offset_ns]))
        if not known_s[0]:
            return self._nothing(stamp, events, body, Status.MISS_TECH)
        if not events.times_ns.size:
            return self._nothing(stamp, events, body, Status.NA_NOBOUT)
        spans = events.stamp.session.protocol.body_events
        before, after = s_to_ns(spans.before_s), s_to_ns(spans.after_s)
        return self._measured(stamp, events, body, episode, (before, after))

    def _nothing(
        self, stamp: Stamp, events: EventSet, body: BodySeries, status: Status, **counts: int
    ) -> AroundEvents:
        none, no_course = np.empty(0), np.empty(0)
        found = {"n_events": 0, "n_edge": 0, "n_holes": 0} | counts
        return AroundEvents(
            stamp, events.code, body.quantity, status, none, found["n_events"], found["n_edge"],
            found["n_holes"], 0, 0, None, None, none, no_course, no_course, no_course, no_course,
            np.empty(0, np.int64), 0, body.sync_error_ms,
        )  # fmt: skip

    def _measured(
        self, stamp: Stamp, events: EventSet, body: BodySeries, episode: Episode, spans: tuple[int, int]
    ) -> AroundEvents:
        times, (before, after) = events.times_ns, spans
        whole = (times - before >= episode.onset_ns) & (times + after <= episode.offset_ns)
        changes, known_s = self._changes(body, times, spans)
        used = whole & np.isfinite(changes)
        n_edge, n_holes = int((~whole).sum()), int((whole & ~used).sum())
        length_s = ns_to_s(before + after)
        scorable_s = float(known_s[used].sum())
        stamp = replace(stamp, scorable_s=scorable_s, coverage=min(1.0, scorable_s / (length_s * times.size)))
        if not used.any():
            return self._nothing(
                stamp, events, body, Status.MISS_LOWN, n_events=times.size, n_edge=n_edge, n_holes=n_holes
            )
        near = np.diff(times) < before + after
        overlapping = np.append(near, False) | np.concatenate(([False], near))
        rng = np.random.default_rng(self._seed(stamp, events, body))
        n = int(used.sum())
        weights = rng.multinomial(n, np.full(n, 1 / n), size=self.draws).astype(np.float64)
        low = high = None
        if n >= self.min_events:
            low, high = (float(q) for q in np.quantile(weights @ changes[used] / n, (0.025, 0.975)))
        return AroundEvents(
            stamp, events.code, body.quantity, Status.OK, changes[used], times.size, n_edge, n_holes,
            int((known_s[used] < length_s - 1e-6).sum()), int((overlapping & used).sum()), low, high,
            self._random(events, body, episode, spans, n, rng),
            *self._course(body, times[used], spans, weights if n >= self.min_events else None),
            n_corrected=body.corrected.get(episode.id, 0), sync_error_ms=body.sync_error_ms,
        )  # fmt: skip

    def _changes(self, body: BodySeries, times: Int64, spans: tuple[int, int]) -> tuple[Float, Float]:
        """Give the change at each time (NaN with too little signal), and the seconds with signal."""
        before, after = spans
        level, before_s = body.means(times - before, times)
        later, after_s = body.means(times, times + after)
        enough = (before_s >= self.min_share * ns_to_s(before)) & (after_s >= self.min_share * ns_to_s(after))
        return np.where(enough, later - level, np.nan), before_s + after_s

    def _random(
        self,
        events: EventSet,
        body: BodySeries,
        episode: Episode,
        spans: tuple[int, int],
        n: int,
        rng: np.random.Generator,
    ) -> Float:
        """Give the mean change at sets of ``n`` random times at which the window fits the episode."""
        onset, offset = episode.onset_ns + spans[0], episode.offset_ns - spans[1]
        fits = Intervals(np.array([onset]), np.array([offset + 1]))
        allowed = events.seen.intersect(fits)
        lengths = np.cumsum(allowed.durations_ns)
        place = rng.integers(0, lengths[-1], (self.random_sets, n)) if len(allowed) else None
        if place is None:
            return np.empty(0)
        part = np.searchsorted(lengths, place, side="right")
        times = allowed.offsets_ns[part] - (lengths[part] - place)
        changes, _ = self._changes(body, times, spans)
        known = np.isfinite(changes)
        total = np.where(known, changes, 0.0).sum(axis=1)
        count = known.sum(axis=1)
        return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)

    def _course(
        self, body: BodySeries, times: Int64, spans: tuple[int, int], weights: Float | None
    ) -> tuple[Float, Float, Float, Float, Int64]:
        """Give times, mean course, its band (NaN without ``weights``) and n at each step."""
        step = s_to_ns(self.step_s)
        starts = np.arange(-spans[0], spans[1] - step + 1, step, dtype=np.int64)
        onsets = times[:, None] + starts
        values, known_s = body.means(onsets, onsets + step)
        level, _ = body.means(times - spans[0], times)
        known = known_s >= self.step_s / 2
        course = np.where(known, values - level[:, None], 0.0)
        n = known.sum(axis=0)
        mean = np.divide(course.sum(axis=0), n, out=np.full(n.shape, np.nan), where=n > 0)
        low = high = np.full(n.shape, np.nan)
        if weights is not None and n.min() > 0:
            drawn = weights @ known
            means = np.divide(weights @ course, drawn, out=np.tile(mean, (len(weights), 1)), where=drawn > 0)
            low, high = np.quantile(means, (0.025, 0.975), axis=0)
        return (starts + step / 2) / 1e9, mean, low, high, n

    def _seed(self, stamp: Stamp, events: EventSet, body: BodySeries) -> list[int]:
        names = (
            stamp.session.session_id, stamp.episode_id, stamp.scheme_id, stamp.match_rule, events.code,
            body.role, body.quantity,
        )  # fmt: skip
        return [self.seed, zlib.crc32("|".join(names).encode())]


def event_locked_rows(around: AroundEvents) -> Iterator[Measurement]:
    """Give the rows of one quantity around one kind of event: change, its interval, and random times."""
    short, unit = _NAMES[around.quantity]
    n = int(around.changes.size)
    random = around.random[np.isfinite(around.random)]
    lack = Status.MISS_LOWN if around.status is Status.OK else around.status
    values = {
        f"event_{short}_change_{unit}": float(around.changes.mean()) if n else None,
        f"event_{short}_change_low_{unit}": around.low,
        f"event_{short}_change_high_{unit}": around.high,
        f"event_{short}_random_{unit}": float(random.mean()) if random.size else None,
    }
    counted = n if around.status in (Status.OK, Status.NA_NOBOUT, Status.MISS_LOWN) else None
    for measure, value in values.items():
        yield around.stamp.row(
            measure,
            value,
            _UNITS[unit],
            code=around.code,
            n=counted,
            status=lack if value is None else Status.OK,
            flags=around.flags,
        )
