"""Pictures of a study: survival curves, forest of contrasts, state-space grids, transition diagrams."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from stillface.domain.protocol import Protocol
from stillface.domain.results import Measurement
from stillface.report.event_plots import EVENT_CAPTION, EVENT_PANELS_MAX, EventPanel, draw_event_panels
from stillface.report.figures import FAINT, INK, MUTED, SERIES_A, SERIES_B, drawing, to_svg
from stillface.report.tables import Withholding
from stillface.report.wording import measure_label, rounded

__all__ = [
    "ForestLine",
    "GridPicture",
    "Picture",
    "StudyPictures",
    "SurvivalLine",
    "TransitionPicture",
    "draw_pictures",
    "rule_table",
]

Float = npt.NDArray[np.float64]

PANELS_MAX = 6
FOREST_MAX = 24
_PER_ROW = 3
_RULE_MEASURES = (
    "pct_match",
    "pct_match_expected",
    "repair_rate_per_min",
    "repair_rate_expected_per_min",
    "repair_latency_anchored_s",
    "prop_repaired",
)
# Weaker arrows make a diagram unreadable; they stand in the tables.
_SHOWN_FROM = 0.1


@dataclass(frozen=True, eq=False)
class SurvivalLine:
    """Kaplan-Meier curve of a waiting time; m steps.

    Parameters
    ----------
    title : str
    times_s, survival, low, high : array of float64, shape (m,)
    n, n_events : int
    end_s : float
        Longest observation.
    """

    title: str
    times_s: Float
    survival: Float
    low: Float
    high: Float
    n: int
    n_events: int
    end_s: float


@dataclass(frozen=True)
class ForestLine:
    """A contrast in standard deviations of the differences (d_z), with its 95 % interval."""

    title: str
    d_z: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, eq=False)
class GridPicture:
    """Share of time in the cells of first codes x second codes, summing to 1."""

    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    shares: Float


@dataclass(frozen=True, eq=False)
class TransitionPicture:
    """Counts of transitions from row to column, and the share of time in each code."""

    title: str
    codes: tuple[str, ...]
    counts: npt.NDArray[np.int64]
    shares: Float


@dataclass(frozen=True)
class StudyPictures:
    """What the study's page draws beside the measures by episode."""

    survival: tuple[SurvivalLine, ...] = ()
    forest: tuple[ForestLine, ...] = ()
    grids: tuple[GridPicture, ...] = ()
    transitions: tuple[TransitionPicture, ...] = ()
    events: tuple[EventPanel, ...] = ()


@dataclass(frozen=True)
class Picture:
    """One figure of the page with its heading and caption."""

    id: str
    heading: str
    svg: str
    caption: str
    caveat: str


def draw_pictures(pictures: StudyPictures) -> Iterator[Picture]:
    """Draw what there is; a kind without data gives no figure."""
    if pictures.survival:
        yield Picture(
            "survival",
            "Waiting times",
            _panels("survival", "Survival curves", pictures.survival, _draw_survival),
            "Share of dyads that have not recovered yet, with its 95 % log-log interval, "
            "clustered by family (no band: fewer than three families, some of them twice); the "
            "corner gives how many recovered. Censored dyads count until they were last seen."
            + _more(pictures.survival),
            "individual",
        )
    if pictures.forest:
        yield Picture(
            "forest",
            "Contrasts between episodes",
            _forest(pictures.forest[:FOREST_MAX]),
            "Effect size d_z over families: mean difference / SD of the differences, with its 95 % "
            "interval by the noncentral t distribution. It is not d_av, which stands beside it in the "
            "table. Many contrasts: some will differ by chance.",
            "norms_none",
        )
    if pictures.grids:
        yield Picture(
            "grids",
            "State-space grids",
            _panels("grids", "State-space grids", pictures.grids, _draw_grid),
            "Area is the share of dyad scorable time over all sessions." + _more(pictures.grids),
            "individual",
        )
    if pictures.transitions:
        yield Picture(
            "transitions",
            "Transitions",
            _panels("transitions", "Transition diagrams", pictures.transitions, _draw_transitions),
            "Dots: share of time. Arrows: chance of the next code given the present one, from "
            f"{_SHOWN_FROM:g} on; none across a gap." + _more(pictures.transitions),
            "individual",
        )
    if pictures.events:
        yield Picture(
            "events",
            "Heart and skin around events",
            draw_event_panels(pictures.events),
            EVENT_CAPTION.format(drawn="families, each with all its events,")
            + _more(pictures.events, EVENT_PANELS_MAX),
            "causal",
        )


def rule_table(
    protocol: Protocol, rows: Sequence[Measurement], shown: Withholding
) -> tuple[tuple[str, ...], list[tuple[str, str, list[str]]]] | None:
    """Give the measures of match and repair under all rules side by side.

    Returns
    -------
    (rules, lines) or None
        Each line: measure, episode, and under each rule the mean over sessions with n. None where
        fewer than two rules were measured.
    """
    found: dict[tuple[str, str], dict[str, list[float]]] = {}
    for row in rows:
        if (
            row.measure in _RULE_MEASURES
            and not row.code
            and row.value is not None
            and not shown.withheld(row)
        ):
            found.setdefault((row.measure, row.episode_id), {}).setdefault(row.match_rule, []).append(
                row.value
            )
    rules = tuple(sorted({rule for by_rule in found.values() for rule in by_rule}))
    if len(rules) < 2:
        return None
    lines = []
    for measure in _RULE_MEASURES:
        for spec in protocol.episodes:
            by_rule = found.get((measure, spec.id))
            if by_rule:
                cells = [_mean_text(by_rule.get(rule, [])) for rule in rules]
                lines.append((measure_label(measure), spec.id, cells))
    return rules, lines


def _mean_text(values: list[float]) -> str:
    return f"{rounded(sum(values) / len(values))} (n {len(values)})" if values else "–"


def _more(items: Sequence[object], most: int = PANELS_MAX) -> str:
    left = len(items) - most
    return f" {left} more stand in the tables only." if left > 0 else ""


def _panels(name: str, title: str, items: Sequence[Any], draw: Any) -> str:
    drawn = items[:PANELS_MAX]
    n_rows = -(-len(drawn) // _PER_ROW)
    with drawing(name):
        from matplotlib.figure import Figure

        # As wide for one panel as for a row of them: the page stretches a figure to its own width.
        figure = Figure(figsize=(3.6 * _PER_ROW, 3.2 * n_rows), layout="constrained")
        figure.patch.set_visible(False)
        for k, item in enumerate(drawn):
            axes = figure.add_subplot(n_rows, _PER_ROW, k + 1)
            axes.patch.set_visible(False)
            axes.spines[["top", "right"]].set_visible(False)
            axes.set_title(item.title, loc="left", fontsize=7.5)
            draw(axes, item)
        return to_svg(figure, name=name, title=title, description="; ".join(item.title for item in drawn))


def _draw_survival(axes: Any, line: SurvivalLine) -> None:
    times = np.concatenate(([0.0], line.times_s, [line.end_s]))

    def steps(values: Float) -> Float:
        return np.concatenate(([1.0], values, values[-1:] if values.size else [1.0]))

    axes.fill_between(times, steps(line.low), steps(line.high), step="post", color=FAINT, linewidth=0)
    axes.step(times, steps(line.survival), where="post", color=SERIES_A, linewidth=1.6)
    axes.axhline(0.5, color=MUTED, linewidth=0.5, linestyle=(0, (2, 2)))
    axes.set_ylim(0, 1.02)
    axes.set_xlim(0, line.end_s)
    axes.set_xlabel("s")
    axes.text(
        0.98,
        0.95,
        f"n {line.n}, {line.n_events} reached",
        transform=axes.transAxes,
        ha="right",
        fontsize=7,
        color=INK,
    )


def _forest(lines: Sequence[ForestLine]) -> str:
    with drawing("forest"):
        from matplotlib.figure import Figure

        figure = Figure(figsize=(8.5, 0.6 + 0.24 * len(lines)), layout="constrained")
        figure.patch.set_visible(False)
        axes = figure.add_subplot()
        axes.patch.set_visible(False)
        axes.spines[["top", "right", "left"]].set_visible(False)
        places = np.arange(len(lines))[::-1]
        axes.axvline(0, color=MUTED, linewidth=0.6)
        axes.hlines(
            places, [line.low for line in lines], [line.high for line in lines], color=SERIES_A, linewidth=1.2
        )
        axes.plot([line.d_z for line in lines], places, "o", color=SERIES_A, markersize=4)
        axes.set_yticks(places)
        axes.set_yticklabels([f"{line.title} (n {line.n})" for line in lines])
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel("d_z")
        return to_svg(
            figure,
            name="forest",
            title="Contrasts between episodes",
            description="; ".join(f"{line.title}: d_z {line.d_z:.2f}" for line in lines),
        )


def _draw_grid(axes: Any, grid: GridPicture) -> None:
    row, column = np.nonzero(grid.shares > 0)
    largest = float(grid.shares.max())
    sizes = 420 * grid.shares[row, column] / largest
    axes.scatter(column, row, s=sizes, marker="s", color=SERIES_A, linewidths=0)
    axes.set_xticks(range(len(grid.columns)), grid.columns, rotation=60, fontsize=6.5)
    axes.set_yticks(range(len(grid.rows)), grid.rows, fontsize=6.5)
    axes.set_xlim(-0.5, len(grid.columns) - 0.5)
    axes.set_ylim(-0.5, len(grid.rows) - 0.5)
    axes.grid(color=FAINT, linewidth=0.4)
    axes.set_axisbelow(True)
    axes.text(
        0.99,
        1.01,
        f"largest {100 * largest:.0f} %",
        transform=axes.transAxes,
        ha="right",
        fontsize=6.5,
        color=INK,
    )


def _draw_transitions(axes: Any, picture: TransitionPicture) -> None:
    n = len(picture.codes)
    angle = 2 * np.pi * np.arange(n) / n + np.pi / 2
    x, y = np.cos(angle), np.sin(angle)
    totals = picture.counts.sum(axis=1, keepdims=True)
    chance = np.divide(picture.counts, totals, out=np.zeros(picture.counts.shape), where=totals > 0)
    for a, b in np.argwhere(chance >= _SHOWN_FROM).tolist():
        axes.annotate(
            "",
            xy=(x[b], y[b]),
            xytext=(x[a], y[a]),
            arrowprops={
                "arrowstyle": "-|>",
                "connectionstyle": "arc3,rad=0.18",
                "linewidth": 0.4 + 2.6 * float(chance[a, b]),
                "color": MUTED,
                "shrinkA": 9,
                "shrinkB": 9,
            },
        )
    axes.scatter(x, y, s=30 + 500 * picture.shares, color=SERIES_B, linewidths=0, zorder=3)
    for k, code in enumerate(picture.codes):
        axes.text(1.22 * x[k], 1.18 * y[k], code, ha="center", va="center", fontsize=6.5, color=INK)
    axes.set_xlim(-1.6, 1.6)
    axes.set_ylim(-1.4, 1.4)
    axes.set_axis_off()
