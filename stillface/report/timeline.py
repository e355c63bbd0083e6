"""The session's picture: both partners' codes, match, IBI and RSA on one time axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from stillface.domain.clock import NS_PER_S, ns_to_s
from stillface.domain.events import PointEvents
from stillface.domain.protocol import Protocol
from stillface.domain.session import Session
from stillface.domain.states import StateTrack
from stillface.report import lanes
from stillface.report.data import MatchStrip, SessionReport
from stillface.report.figures import FAINT, HALO, INK, MUTED, drawing, to_svg
from stillface.report.wording import role_label, shown_seconds

__all__ = ["ordered_tracks", "session_timeline", "unreviewed_text"]

_WIDTH_IN = 11.0
_LEFT_IN, _RIGHT_IN, _TOP_IN, _TITLE_IN = 1.15, 0.15, 0.5, 0.24
# Step and fine step.
_TICKS_S = (
    (1, 1),
    (2, 1),
    (5, 1),
    (10, 5),
    (30, 10),
    (60, 10),
    (120, 60),
    (300, 60),
    (600, 120),
    (1800, 300),
)
_SOURCE_ORDER = ("consensus", "human", "auto_reviewed", "auto")


@dataclass(frozen=True)
class _Lane:
    """One strip of the picture: how high it is and what draws it."""

    title: str
    height_in: float
    draw: Callable[[Any], None]


def session_timeline(data: SessionReport) -> str | None:
    """Draw the session.

    Returns
    -------
    str or None
        An ``<svg>`` element; None where the session has neither episodes nor anything to draw.
    """
    span_s = _span_s(data)
    built = _lanes(data)
    if span_s is None or not built:
        return None
    with drawing("timeline"):
        figure = _figure(data, built, span_s)
        return to_svg(
            figure,
            name="timeline",
            title=f"Timeline of session {data.session.session_id}",
            description=_description(data, span_s),
        )


def ordered_tracks(session: Session) -> tuple[StateTrack, ...]:
    """Give the tracks as they are read: by role, scheme, then people's codes before the machine's."""
    roles = session.protocol.role_ids
    return tuple(
        sorted(
            session.tracks,
            key=lambda track: (
                roles.index(track.role) if track.role in roles else len(roles),
                track.scheme.id,
                _SOURCE_ORDER.index(track.source_kind),
                track.source,
            ),
        )
    )


def unreviewed_text(share: float | None) -> str:
    """Say how much of what is shown no person has looked at; stands on every figure."""
    if share is None:
        return "No analysed codes."
    if share == 0:
        return "Every analysed code was set or reviewed by a person."
    percent = max(1, round(100 * share))
    return f"Unreviewed machine codes: {percent} % of the analysed coded time."


def _lanes(data: SessionReport) -> list[_Lane]:
    session = data.session
    protocol = session.protocol
    built = [_code_lane(protocol, track) for track in ordered_tracks(session)]
    built += [_event_lane(protocol, events) for events in session.points]
    built += [_match_lane(protocol, strip, session) for strip in data.match]
    for ibi in data.ibi:
        title = f"{role_label(protocol, ibi.role)} · inter-beat interval (ms)"
        built.append(_Lane(title, 0.62, partial(lanes.draw_ibi, ibi=ibi)))
    for rsa in data.rsa:
        low, high = rsa.band_hz
        title = (
            f"{role_label(protocol, rsa.role)} · RSA per epoch, ln(ms²) · {rsa.method}, {low:g}–{high:g} Hz"
        )
        built.append(_Lane(title, 0.5, partial(lanes.draw_rsa, rsa=rsa)))
    return built


def _code_lane(protocol: Protocol, track: StateTrack) -> _Lane:
    rows = max(2, sum(not code.gap for code in track.scheme.codes))
    title = lanes.track_title(role_label(protocol, track.role), track)
    return _Lane(title, 0.13 * rows, partial(lanes.draw_codes, track=track))


def _event_lane(protocol: Protocol, events: PointEvents) -> _Lane:
    rows = max(2, sum(not code.gap for code in events.scheme.codes))
    title = lanes.track_title(role_label(protocol, events.role), events)
    return _Lane(title, 0.1 * rows, partial(lanes.draw_points, events=events))


def _match_lane(protocol: Protocol, strip: MatchStrip, session: Session) -> _Lane:
    first, second = (role_label(protocol, role) for role in strip.roles)
    title = f"{first} + {second} · match, rule {strip.rule}"
    if any(source.startswith("auto:") for source in strip.sources):
        title += " · from auto, unreviewed"
    undefined = tuple(
        (ns_to_s(episode.onset_ns), ns_to_s(episode.offset_ns))
        for episode in session.episodes
        if protocol.episode(episode.id).analyse and not protocol.episode(episode.id).dyadic
    )
    return _Lane(title, 0.42, partial(lanes.draw_match, strip=strip, undefined_s=undefined))


def _figure(data: SessionReport, built: list[_Lane], span_s: tuple[float, float]) -> Any:
    from matplotlib.figure import Figure

    handles = lanes.legend_handles(data)
    bottom_in = 0.5 + 0.17 * -(-len(handles) // 4) + 0.22
    height_in = _TOP_IN + sum(lane.height_in + _TITLE_IN for lane in built) + bottom_in
    figure = Figure(figsize=(_WIDTH_IN, height_in))
    figure.patch.set_visible(False)
    y_in = height_in - _TOP_IN
    width = (_WIDTH_IN - _LEFT_IN - _RIGHT_IN) / _WIDTH_IN
    all_axes = []
    for lane in built:
        y_in -= _TITLE_IN + lane.height_in
        axes = figure.add_axes((_LEFT_IN / _WIDTH_IN, y_in / height_in, width, lane.height_in / height_in))
        axes.patch.set_visible(False)
        axes.set_xlim(*span_s)
        lane.draw(axes)
        # Episode lines end behind the words.
        axes.set_title(lane.title, loc="left", fontsize=8, pad=3, color=INK).set_gid(HALO)
        axes.spines[["top", "right"]].set_visible(False)
        _time_ticks(axes, span_s, labelled=lane is built[-1])
        all_axes.append(axes)
    all_axes[-1].set_xlabel("time on the session clock (s)", fontsize=8)
    _episode_bands(figure, data.session, all_axes, (y_in / height_in, 1 - _TOP_IN / height_in))
    figure.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(_LEFT_IN / _WIDTH_IN, 0.2 / height_in), ncols=4,
        frameon=False, fontsize=7.5, borderaxespad=0, handlelength=2.2, columnspacing=1.6,
    )  # fmt: skip
    figure.text(
        _LEFT_IN / _WIDTH_IN, 0.04 / height_in, unreviewed_text(data.unreviewed_share), fontsize=8, color=INK
    )
    return figure


def _time_ticks(axes: Any, span_s: tuple[float, float], *, labelled: bool) -> None:
    """Minute ticks; finer in a short session, coarser where a long one would crowd them."""
    start, end = span_s
    step, fine = next((pair for pair in _TICKS_S if (end - start) / pair[0] <= 9), (3600, 600))
    first = -int(-start // step) * step
    axes.set_xticks(list(range(first, int(end) + 1, step)))
    first = -int(-start // fine) * fine
    axes.set_xticks(list(range(first, int(end) + 1, fine)), minor=True)
    axes.tick_params(axis="x", which="major", length=4, width=0.6, labelbottom=labelled)
    axes.tick_params(axis="x", which="minor", length=2, width=0.4)


def _episode_bands(
    figure: Any, session: Session, all_axes: Sequence[Any], reach: tuple[float, float]
) -> None:
    """Shade what the protocol perturbs, rule the edges, and name every episode above."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Rectangle
    from matplotlib.transforms import blended_transform_factory

    bottom, top = reach
    across = blended_transform_factory(all_axes[0].transData, figure.transFigure)
    left, right = all_axes[0].get_xlim()
    for episode in session.episodes:
        spec = session.protocol.episode(episode.id)
        onset, offset = ns_to_s(episode.onset_ns), ns_to_s(episode.offset_ns)
        if spec.kind in ("perturbation", "transition"):
            band = Rectangle((onset, bottom), offset - onset, top - bottom, transform=across, zorder=-5)
            band.set(facecolor=FAINT, alpha=0.45, edgecolor=MUTED, linewidth=0)
            if spec.kind == "transition":
                band.set_hatch("....")
            figure.add_artist(band)
        for x in (onset, offset):
            edge = Line2D([x, x], [bottom, top], transform=across, color=MUTED, linewidth=0.6, zorder=-4)
            figure.add_artist(edge)
        share = (offset - onset) / (right - left)
        lines = [episode.id]
        if share > 0.09:
            ended = "" if episode.ended_by == "time" else f", ended by {episode.ended_by.replace('_', ' ')}"
            lines.append(f"{spec.kind}, {shown_seconds(offset - onset)} s{ended}")
        figure.text(
            (onset + offset) / 2, top, "\n".join(lines), transform=across, ha="center", va="bottom",
            fontsize=9 if share > 0.05 else 6.5, linespacing=1.15,
        )  # fmt: skip


def _span_s(data: SessionReport) -> tuple[float, float] | None:
    """Give the stretch to draw: the episodes, or without any the tracks."""
    spans = [(e.onset_ns, e.offset_ns) for e in data.session.episodes]
    if not spans:
        spans = [(track.onset_ns, track.offset_ns) for track in data.session.tracks]
    if not spans:
        return None
    return min(a for a, _ in spans) / NS_PER_S, max(b for _, b in spans) / NS_PER_S


def _description(data: SessionReport, span_s: tuple[float, float]) -> str:
    session = data.session
    protocol = session.protocol
    parts = [
        f"Time from {shown_seconds(span_s[0])} to {shown_seconds(span_s[1])} seconds.",
        "Episodes: " + (", ".join(episode.id for episode in session.episodes) or "none") + ".",
    ]
    tracks = [lanes.track_title(role_label(protocol, t.role), t) for t in ordered_tracks(session)]
    parts.append("Codes: " + ("; ".join(tracks) or "none") + ".")
    parts += [
        f"Events: {lanes.track_title(role_label(protocol, events.role), events)}, {events.times_ns.size}."
        for events in session.points
    ]
    parts += [
        f"Match by rule {strip.rule}: {strip.repairs_ns.size} repairs, "
        f"{strip.mismatch_onsets_ns.size} mismatch onsets."
        for strip in data.match
    ]
    for what, roles in (
        ("Inter-beat intervals", [s.role for s in data.ibi]),
        ("RSA", [s.role for s in data.rsa]),
    ):
        if roles:
            parts.append(f"{what}: " + ", ".join(role_label(protocol, role) for role in roles) + ".")
    parts.append(unreviewed_text(data.unreviewed_share))
    parts.append("The same numbers stand in the tables below.")
    return " ".join(parts)
