"""The strips of the session's picture: codes, match, inter-beat intervals, RSA."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from stillface.domain.clock import ns_to_s
from stillface.domain.events import PointEvents
from stillface.domain.intervals import Intervals
from stillface.domain.scheme import MATCH, MISMATCH, SHARED_NEGATIVE
from stillface.domain.states import StateTrack
from stillface.report.data import IbiTrace, MatchStrip, RsaEpochs, SessionReport
from stillface.report.figures import (
    BAR_EDGE,
    FAINT,
    INK,
    MUTED,
    SERIES_A,
    SURFACE,
    Box,
    boxes_path,
    code_colours,
)
from stillface.report.wording import source_label

__all__ = [
    "draw_codes",
    "draw_ibi",
    "draw_match",
    "draw_points",
    "draw_rsa",
    "legend_handles",
    "track_title",
]

_AUTO_HATCH, _UNSEEN_HATCH, _MISSING_HATCH = "////", "xxxx", "\\\\\\"
_MATCH_GREY, _MISMATCH_GREY, _SHARED_GREY = "#50677d", "#a9bac9", "#8d8398"
# Neither colour says good or bad: the state is read from the row it stands in.
_DYAD_ROWS = ((MATCH, "match", _MATCH_GREY), (MISMATCH, "mismatch", _MISMATCH_GREY))
_SHARED_ROW = (SHARED_NEGATIVE, "shared neg.", _SHARED_GREY)


def track_title(role: str, track: StateTrack | PointEvents) -> str:
    """Give a lane's title: who, what, and who says so."""
    return f"{role} · {track.scheme.title or track.scheme.id} · {source_label(track.source)}"


def draw_codes(axes: Any, track: StateTrack) -> None:
    """Draw a track as one row per code, so that a code is read from its place and not its colour."""
    track = track.merged()
    shown = [k for k, code in enumerate(track.scheme.codes) if not code.gap]
    rows = len(shown)
    onsets_s, widths_s = ns_to_s(track.edges_ns[:-1]), ns_to_s(track.durations_ns)
    colours = code_colours(track.scheme)
    # A machine's bars are thin besides hatched: some printers lose the hatch.
    hatch, height = (_AUTO_HATCH, 0.5) if track.source_kind == "auto" else (None, 0.84)
    for place, code in enumerate(shown):
        y = rows - 1 - place
        axes.axhline(y + 0.5, color=FAINT, linewidth=0.6, zorder=0)
        boxes = _boxes(onsets_s, widths_s, track.codes == code, y + (1 - height) / 2, height)
        _fill(axes, boxes, colours[code], BAR_EDGE, hatch)
    gap_codes = np.flatnonzero(track.scheme.gap_mask)
    unseen = _boxes(onsets_s, widths_s, np.isin(track.codes, gap_codes), 0.0, float(rows))
    _fill(axes, unseen, SURFACE, MUTED, _UNSEEN_HATCH)
    axes.set_ylim(0, rows)
    axes.set_yticks([rows - 0.5 - place for place in range(rows)])
    axes.set_yticklabels([track.scheme.codes[k].id for k in shown])
    axes.tick_params(axis="y", length=0)


def draw_points(axes: Any, events: PointEvents) -> None:
    """Draw events as marks, one row per code; when nobody watched is hatched."""
    shown = [k for k, code in enumerate(events.scheme.codes) if not code.gap]
    for place, code in enumerate(shown):
        y = len(shown) - 0.5 - place
        axes.axhline(y, color=FAINT, linewidth=0.6, zorder=0)
        times_s = ns_to_s(events.times_ns[events.codes == code])
        axes.plot(times_s, np.full(times_s.size, y), "D", color=INK, markersize=3.4, clip_on=False)
    unseen = [(ns_to_s(a), 0.0, ns_to_s(b - a), float(len(shown))) for a, b in events.unwatched]
    _fill(axes, unseen, SURFACE, MUTED, _UNSEEN_HATCH)
    axes.set_ylim(0, len(shown))
    axes.set_yticks([len(shown) - 0.5 - place for place in range(len(shown))])
    axes.set_yticklabels([events.scheme.codes[k].id for k in shown])
    axes.tick_params(axis="y", length=0)


def draw_match(axes: Any, strip: MatchStrip, undefined_s: tuple[tuple[float, float], ...]) -> None:
    """Draw the dyad's states as rows, with repairs and mismatch onsets marked above them.

    Parameters
    ----------
    undefined_s : tuple of (float, float)
        Episodes in which the protocol imposes a state, so that match has no meaning.
    """
    with_shared = bool(np.any(strip.states == SHARED_NEGATIVE))
    rows = (*_DYAD_ROWS, _SHARED_ROW) if with_shared else _DYAD_ROWS
    hatch = _AUTO_HATCH if any(source.startswith("auto:") for source in strip.sources) else None
    for place, (state, _, colour) in enumerate(rows):
        y = len(rows) - 1 - place + 0.06
        runs = Intervals.from_mask(strip.edges_ns, strip.states == state)
        boxes = [(ns_to_s(onset), y, ns_to_s(offset - onset), 0.88) for onset, offset in runs]
        _fill(axes, boxes, colour, BAR_EDGE, hatch)
    top = len(rows) + 0.45
    for times_ns, face in ((strip.repairs_ns, INK), (strip.mismatch_onsets_ns, SURFACE)):
        (marks,) = axes.plot(ns_to_s(times_ns), np.full(times_ns.size, top), "o", markersize=3.6)
        marks.set(color=INK, markerfacecolor=face, markeredgewidth=0.7, clip_on=False)
    left, right = axes.get_xlim()
    for onset, offset in undefined_s:
        long = "match not defined here:\na partner's state is imposed"
        text = long if offset - onset > 0.12 * (right - left) else "n. d."
        axes.text((onset + offset) / 2, len(rows) / 2, text, ha="center", va="center", fontsize=7)
    axes.set_ylim(0, len(rows) + 0.9)
    axes.set_yticks([*(len(rows) - 0.5 - place for place in range(len(rows))), top])
    axes.set_yticklabels([*(label for _, label, _ in rows), "changes"])
    axes.tick_params(axis="y", length=0)


def draw_ibi(axes: Any, ibi: IbiTrace) -> None:
    """Draw inter-beat intervals; what is flagged or missing breaks the line and is marked."""
    if not bool(ibi.clean.any()):
        axes.set_yticks([])
        axes.text(0.5, 0.5, "no clean beats", transform=axes.transAxes, ha="center", va="center")
        return
    good = ibi.ibi_ms[ibi.clean]
    pad = max(20.0, 0.15 * float(np.ptp(good)))
    low, high = float(good.min()) - pad, float(good.max()) + pad
    # Each interval stands at the beat that ends it. A break is a value that the line skips; it stays here.
    times_s, values = ns_to_s(ibi.offsets_ns), np.where(ibi.clean, ibi.ibi_ms, np.nan)
    gaps = np.flatnonzero(ibi.onsets_ns[1:] != ibi.offsets_ns[:-1]) + 1
    axes.plot(
        np.insert(times_s, gaps, times_s[gaps]), np.insert(values, gaps, np.nan), color=SERIES_A,
        linewidth=0.8, zorder=2,
    )  # fmt: skip
    flagged = ~ibi.clean
    inside = np.clip(ibi.ibi_ms[flagged], low + pad / 3, high - pad / 3)
    axes.plot(
        times_s[flagged], inside, linestyle="none", marker="x", markersize=3.2, markeredgewidth=0.8,
        color=INK, zorder=3,
    )  # fmt: skip
    axes.set_ylim(low, high)
    axes.locator_params(axis="y", nbins=3)
    axes.tick_params(axis="y", length=2, width=0.5)


def draw_rsa(axes: Any, rsa: RsaEpochs) -> None:
    """Draw RSA as one bar of time per epoch; an epoch without value is a marked blank."""
    values = [epoch.rsa_ln_ms2 for epoch in rsa.epochs if epoch.rsa_ln_ms2 is not None]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    pad = max(0.3, 0.25 * (high - low))
    axes.set_ylim(low - pad, high + pad)
    missing: list[Box] = []
    for epoch in rsa.epochs:
        onset, offset, value = ns_to_s(epoch.onset_ns), ns_to_s(epoch.offset_ns), epoch.rsa_ln_ms2
        if value is None:
            missing.append((onset, low - pad, offset - onset, high - low + 2 * pad))
            continue
        axes.plot([onset, offset], [value, value], color=SERIES_A, linewidth=1.6, solid_capstyle="butt")
        axes.plot([(onset + offset) / 2], [value], marker="o", markersize=3.2, color=SERIES_A)
    _fill(axes, missing, "none", MUTED, _MISSING_HATCH)
    if values:
        axes.locator_params(axis="y", nbins=3)
        axes.tick_params(axis="y", length=2, width=0.5)
    else:
        axes.set_yticks([])


def legend_handles(data: SessionReport) -> list[Any]:
    """Give what needs saying beyond the row labels, and only what this picture holds."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    def patch(label: str, face: str, edge: str = BAR_EDGE, hatch: str | None = None) -> Any:
        return Patch(facecolor=face, edgecolor=edge, linewidth=0.4, hatch=hatch, label=label)

    def mark(label: str, marker: str, face: str = INK) -> Any:
        return Line2D(
            [],
            [],
            linestyle="none",
            marker=marker,
            markersize=4,
            color=INK,
            markerfacecolor=face,
            label=label,
        )

    tracks = data.session.tracks
    handles: list[Any] = []
    if any(track.source_kind != "auto" for track in tracks):
        handles.append(patch("set or reviewed by a person", _MISMATCH_GREY))
    if any(track.source_kind == "auto" for track in tracks):
        handles.append(patch("thin, hatched: auto, unreviewed", _MISMATCH_GREY, hatch=_AUTO_HATCH))
    if tracks:
        handles.append(patch("could not be seen", SURFACE, MUTED, _UNSEEN_HATCH))
        handles.append(patch("blank: not coded", "none", FAINT))
    if data.session.points:
        handles.append(mark("coded event", "D"))
    if data.match:
        handles.append(mark("repair (mismatch to match)", "o"))
        handles.append(mark("mismatch onset", "o", SURFACE))
    if data.ibi:
        handles.append(mark("flagged or lost beat", "x"))
    if any(epoch.rsa_ln_ms2 is None for rsa in data.rsa for epoch in rsa.epochs):
        handles.append(patch("RSA epoch without value", "none", MUTED, _MISSING_HATCH))
    return handles


def _fill(axes: Any, boxes: list[Box], face: str, edge: str, hatch: str | None) -> None:
    from matplotlib.patches import PathPatch

    if boxes:
        path = boxes_path(boxes)
        axes.add_patch(PathPatch(path, facecolor=face, edgecolor=edge, linewidth=0.35, hatch=hatch))


def _boxes(
    onsets_s: npt.NDArray[np.float64],
    widths_s: npt.NDArray[np.float64],
    chosen: npt.NDArray[np.bool_],
    y: float,
    height: float,
) -> list[Box]:
    pairs = zip(onsets_s[chosen].tolist(), widths_s[chosen].tolist(), strict=True)
    return [(onset, y, width, height) for onset, width in pairs]
