"""The reliability page of a study: what agrees how far, and where in time coders disagree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from stillface.domain.clock import ns_to_s
from stillface.domain.intervals import Intervals
from stillface.domain.protocol import Protocol
from stillface.domain.provenance import Json
from stillface.domain.session import Session
from stillface.domain.states import Aligned, StateTrack, align
from stillface.report.caveats import CAVEATS, header_caveats
from stillface.report.figures import (
    BAR_EDGE,
    FAINT,
    INK,
    MUTED,
    SERIES_A,
    SERIES_B,
    boxes_path,
    code_colours,
    drawing,
    to_svg,
)
from stillface.report.html import made_of, page_environment
from stillface.report.privacy import without_paths
from stillface.report.wording import role_label, rounded

__all__ = ["CoderPair", "ReliabilityReport", "reliability_report"]

_WIDTH_IN = 11.0
_LEFT_IN = 1.15
_PAIR_IN = 1.75
_PICTURES_MAX = 40


@dataclass(frozen=True, eq=False)
class CoderPair:
    """Two coders of one stream."""

    session: Session
    first: StateTrack
    second: StateTrack


@dataclass(frozen=True, eq=False)
class ReliabilityReport:
    """What the page shows.

    Parameters
    ----------
    study_id, title : str
    protocol : Protocol
    content : mapping
        As ``stillface agreement STUDY --json`` prints it.
    pairs : sequence of CoderPair
        Drawn as pictures, one strip a pair.
    versions : mapping of str to str
    """

    study_id: str
    title: str
    protocol: Protocol
    content: Mapping[str, Any]
    pairs: Sequence[CoderPair]
    versions: Mapping[str, str]


def reliability_report(data: ReliabilityReport) -> str:
    """Give the page as a whole HTML document: no script, no link outwards.

    Raises
    ------
    MissingExtraError
        jinja2 or matplotlib is not installed.
    """
    content = data.content
    environment = page_environment()
    environment.filters["figure"] = _figure_text
    environment.filters["share"] = lambda value: "" if value is None else f"{100 * value:.0f} %"
    parameters: dict[str, Json] = {**content["parameters"], "labels": content["labels"]}
    drawn = data.pairs[:_PICTURES_MAX]
    return environment.get_template("reliability.html.j2").render(
        data=data,
        content=content,
        protocol=data.protocol,
        header=header_caveats(data.protocol),
        caveats=CAVEATS,
        procedure=False,
        warnings=[without_paths(line) for line in content["warnings"]],
        pictures=_pictures(drawn),
        not_drawn=len(data.pairs) - len(drawn),
        curve=_calibration_figure(content["validity"]),
        made=made_of(data.versions, parameters, (), {}, ()),
    )


def _figure_text(value: float | None) -> str:
    return "–" if value is None else rounded(value)


def _pictures(pairs: Sequence[CoderPair]) -> list[tuple[str, str]]:
    return [(pair.session.session_id, _picture(pair, k)) for k, pair in enumerate(pairs)]


def _picture(pair: CoderPair, number: int) -> str:
    """Draw both coders' codes and, between them, where they differ."""
    from matplotlib.figure import Figure

    both = align(pair.first.merged(), pair.second.merged())
    gap = np.append(pair.first.scheme.gap_mask, True)
    seen = ~gap[both.codes]
    apart = seen.all(axis=0) & (both.codes[0] != both.codes[1])
    name = f"apart-{number}"
    title = f"{role_label(pair.session.protocol, pair.first.role)} · "
    title += pair.first.scheme.title or pair.first.scheme.id
    share = float(both.durations_ns[apart].sum()) / max(1, int(both.durations_ns[seen.all(axis=0)].sum()))
    with drawing(name):
        figure = Figure(figsize=(_WIDTH_IN, _PAIR_IN))
        figure.patch.set_visible(False)
        axes = figure.add_axes((_LEFT_IN / _WIDTH_IN, 0.26, 1 - (_LEFT_IN + 0.15) / _WIDTH_IN, 0.52))
        _frame(axes, pair, both)
        axes.set_title(
            f"{pair.session.session_id} · {title} · they differ in {100 * share:.1f} % of the time "
            "that both scored",
            loc="left", fontsize=8, pad=12, color=INK,
        )  # fmt: skip
        figure.legend(
            handles=_draw_codes(axes, pair, both, seen, apart),
            loc="lower left", bbox_to_anchor=(_LEFT_IN / _WIDTH_IN, -0.02), ncols=9,
            frameon=False, fontsize=7, borderaxespad=0, handlelength=1.4, columnspacing=1.2,
        )  # fmt: skip
        coders = f"{pair.first.coder_id} and {pair.second.coder_id}"
        return to_svg(
            figure,
            name=name,
            title=f"Where {coders} differ, session {pair.session.session_id}",
            description=f"{title}. They differ in {100 * share:.1f} per cent of the time that both scored, "
            f"in {len(Intervals.from_mask(both.edges_ns, apart))} stretches.",
        )


def _frame(axes: Any, pair: CoderPair, both: Aligned) -> None:
    """Draw the axis of time with its episodes, and name the rows."""
    axes.patch.set_visible(False)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_xlim(ns_to_s(int(both.edges_ns[0])), ns_to_s(int(both.edges_ns[-1])))
    axes.set_ylim(0, 3)
    axes.set_yticks([2.5, 1.5, 0.5], [pair.first.coder_id, "differ", pair.second.coder_id])
    axes.tick_params(axis="y", length=0)
    for episode in pair.session.episodes:
        axes.axvline(ns_to_s(episode.onset_ns), color=MUTED, linewidth=0.6)
        axes.text(ns_to_s(episode.onset_ns), 3.04, episode.id, fontsize=6.5, va="bottom", color=MUTED)


def _draw_codes(
    axes: Any, pair: CoderPair, both: Aligned, seen: npt.NDArray[np.bool_], apart: npt.NDArray[np.bool_]
) -> list[Any]:
    """Draw the codes of both and where they differ or one could not score; give what the legend shows."""
    colours = code_colours(pair.first.scheme)
    shown = [k for k, code in enumerate(pair.first.scheme.codes) if not code.gap and k in both.codes]
    for row, top in ((0, 2.95), (1, 0.95)):
        # A row for each code: it is read from its place, its colour only repeats it.
        for place, code in enumerate(shown):
            y = top - (place + 1) * 0.9 / len(shown)
            mine = (both.codes[row] == code) & seen[row]
            where = (y, 0.9 / len(shown))
            _bars(axes, both.edges_ns, mine, where, facecolor=colours[code], edgecolor="none")
    alone = seen[0] ^ seen[1]
    _bars(axes, both.edges_ns, apart, (1.1, 0.8), facecolor=INK, edgecolor="none")
    _bars(axes, both.edges_ns, alone, (1.35, 0.3), facecolor=FAINT, edgecolor=MUTED, hatch="xxxx")
    return _legend(pair, [colours[k] for k in shown], shown, alone=bool(alone.any()))


def _bars(
    axes: Any,
    edges_ns: npt.NDArray[np.int64],
    mask: npt.NDArray[np.bool_],
    place: tuple[float, float],
    **style: Any,
) -> None:
    from matplotlib.patches import PathPatch

    onsets, offsets = ns_to_s(edges_ns[:-1][mask]), ns_to_s(edges_ns[1:][mask])
    boxes = [(a, place[0], b - a, place[1]) for a, b in zip(onsets.tolist(), offsets.tolist(), strict=True)]
    if boxes:
        axes.add_patch(PathPatch(boxes_path(boxes), linewidth=0.4, **style))


def _legend(pair: CoderPair, colours: Sequence[str], shown: Sequence[int], *, alone: bool) -> list[Any]:
    from matplotlib.patches import Patch

    codes = [pair.first.scheme.codes[k] for k in shown]
    handles = [
        Patch(facecolor=colour, edgecolor=BAR_EDGE, linewidth=0.4, label=code.label or code.id)
        for code, colour in zip(codes, colours, strict=True)
    ]
    handles.append(Patch(facecolor=INK, label="codes differ"))
    if alone:
        handles.append(Patch(facecolor=FAINT, edgecolor=MUTED, hatch="xxxx", label="only one could score"))
    return handles


def _calibration_figure(rows: Sequence[Mapping[str, Any]]) -> str | None:
    """Draw how often proposals were right, by how sure the machine was."""
    shown = [row for row in rows if row["calibration"]][:4]
    if not shown:
        return None
    from matplotlib.figure import Figure

    with drawing("calibration"):
        figure = Figure(figsize=(_WIDTH_IN, 2.5))
        figure.patch.set_visible(False)
        for k, row in enumerate(shown):
            axes = figure.add_axes((0.06 + 0.245 * k, 0.2, 0.18, 0.64))
            axes.patch.set_visible(False)
            axes.spines[["top", "right"]].set_visible(False)
            axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
            sure = [item["mean_confidence"] for item in row["calibration"]]
            right = [item["right"] for item in row["calibration"]]
            # A dot at 1 is a whole dot.
            axes.plot(sure, right, color=SERIES_A, linewidth=1.2, clip_on=False)
            most = max(item["seconds"] for item in row["calibration"])
            sizes = [8 + 60 * item["seconds"] / most for item in row["calibration"]]
            axes.scatter(sure, right, s=sizes, color=SERIES_B, zorder=3, linewidths=0, clip_on=False)
            axes.set(xlim=(0, 1), ylim=(0, 1))
            axes.set_xlabel("confidence", fontsize=8)
            axes.set_title(f"{row['machine']} · {row['role']}", fontsize=8, loc="left", color=INK)
            if not k:
                axes.set_ylabel("share right", fontsize=8)
        return to_svg(
            figure,
            name="calibration",
            title="Confidence of proposals and how often they were right",
            description="; ".join(
                f"{row['machine']} {row['role']}: "
                + ", ".join(f"{b['mean_confidence']:.2f} right {b['right']:.2f}" for b in row["calibration"])
                for row in shown
            ),
        )
