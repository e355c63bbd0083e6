"""The study's picture: every session a thin line over the episodes, their mean a thick one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from stillface.domain.results import Measurement, Status
from stillface.report.data import StudyReport
from stillface.report.figures import INK, MUTED, SERIES_A, SERIES_B, SURFACE, drawing, to_svg
from stillface.report.tables import Withholding
from stillface.report.timeline import unreviewed_text
from stillface.report.wording import measure_label, role_label, unit_label

__all__ = ["PANELS_MAX", "StudyLines", "study_lines"]

PANELS_MAX = 12
_PER_ROW = 4
_DRAWN = ("pct_match", "pct_time", "rsa_ln_ms2", "hr_bpm")
_PANEL_IN = (2.75, 1.75)


@dataclass(frozen=True, eq=False)
class _Panel:
    """One measure: a value per session and episode, NaN where there is none to draw."""

    title: str
    unit: str
    episodes: tuple[str, ...]
    values: np.ndarray[Any, np.dtype[np.float64]]
    expected: np.ndarray[Any, np.dtype[np.float64]] | None


@dataclass(frozen=True)
class StudyLines:
    """The study's picture.

    Parameters
    ----------
    svg : str
        An ``<svg>`` element; empty where every panel would be zero throughout.
    n_more : int
        Further panels that stand only in the table.
    zero : tuple of str
        Titles of panels that are left out because every value is zero.
    """

    svg: str
    n_more: int
    zero: tuple[str, ...]


def study_lines(data: StudyReport, shown: Withholding) -> StudyLines | None:
    """Draw the study; None where no measure that is drawn has a value."""
    found = _panels(data, shown)
    if not found:
        return None
    panels = [panel for panel in found if bool(np.any(np.nan_to_num(panel.values)))]
    zero = tuple(panel.title for panel in found if panel not in panels)
    drawn = panels[:PANELS_MAX]
    return StudyLines(_figure(data, drawn) if drawn else "", len(panels) - len(drawn), zero)


def _figure(data: StudyReport, drawn: Sequence[_Panel]) -> str:
    with drawing("study"):
        from matplotlib.figure import Figure

        rows = -(-len(drawn) // _PER_ROW)
        height_in = rows * _PANEL_IN[1] + 0.3
        figure = Figure(figsize=(_PANEL_IN[0] * _PER_ROW, height_in))
        figure.patch.set_visible(False)
        for k, panel in enumerate(drawn):
            left = (k % _PER_ROW) / _PER_ROW + 0.045
            top = height_in - (k // _PER_ROW) * _PANEL_IN[1]
            place = (left, (top - 1.4) / height_in, 1 / _PER_ROW - 0.065, 0.98 / height_in)
            _draw(figure.add_axes(place), panel)
        figure.text(0.02, 0.06 / height_in, unreviewed_text(data.unreviewed_share), fontsize=8, color=INK)
        if any(panel.expected is not None for panel in drawn):
            # Below the panels: inside them it would lie on somebody's line.
            figure.text(0.98, 0.06 / height_in, "dashed: by chance", fontsize=8, color=SERIES_B, ha="right")
        return to_svg(
            figure,
            name="study-lines",
            title=f"Measures by episode, study {data.study_id}",
            description="Thin lines are sessions, the thick line their mean. Panels: "
            + "; ".join(panel.title for panel in drawn)
            + ". The same numbers stand in the table below.",
        )


def _panels(data: StudyReport, shown: Withholding) -> list[_Panel]:
    protocol = data.protocol
    episodes = tuple(spec.id for spec in protocol.episodes if spec.analyse)
    found: dict[tuple[str, str, str, str, str], list[Measurement]] = {}
    chance: dict[tuple[str, str], list[Measurement]] = {}
    for row in data.rows:
        if row.episode_id not in episodes or row.status is Status.NA_STRUCT:
            continue
        if row.measure == "pct_match_expected" and not row.code:
            chance.setdefault((row.scheme_id, row.match_rule), []).append(row)
        # A row with a pair of codes is one part of the match, not the match.
        if row.measure in _DRAWN and not (row.measure == "pct_match" and row.code):
            key = (row.measure, row.role, row.scheme_id, row.code, row.match_rule)
            found.setdefault(key, []).append(row)
    sessions = [session.session_id for session in data.sessions if session.state == "in"]
    panels = []
    for measure, role, scheme, code, rule in sorted(found, key=lambda key: _DRAWN.index(key[0])):
        rows = found[measure, role, scheme, code, rule]
        # An episode whose values are all missing or withheld keeps its place, so that no line leaps over it.
        met = tuple(episode for episode in episodes if any(row.episode_id == episode for row in rows))
        values = _grid(rows, sessions, met, shown)
        if not bool(np.isfinite(values).any()):
            continue
        what = f"{measure_label(measure)}, rule {rule}" if rule else f"{code} ({scheme})" if code else ""
        expected = chance.get((scheme, rule)) if measure == "pct_match" else None
        panels.append(
            _Panel(
                f"{role_label(protocol, role)} · {what or measure_label(measure)}",
                unit_label(rows[0].unit),
                met,
                values,
                None if expected is None else _grid(expected, sessions, met, shown),
            )
        )
    return panels


def _grid(
    rows: Sequence[Measurement], sessions: Sequence[str], episodes: Sequence[str], shown: Withholding
) -> np.ndarray[Any, np.dtype[np.float64]]:
    row_of = {session: k for k, session in enumerate(sessions)}
    column_of = {episode: k for k, episode in enumerate(episodes)}
    grid = np.full((len(sessions), len(episodes)), np.nan)
    for row in rows:
        if row.episode_id in column_of and row.value is not None and not shown.withheld(row):
            grid[row_of[row.session_id], column_of[row.episode_id]] = row.value
    return grid


def _draw(axes: Any, panel: _Panel) -> None:
    axes.patch.set_visible(False)
    axes.spines[["top", "right"]].set_visible(False)
    x = np.arange(len(panel.episodes))
    # One path for all sessions, cut by NaN: a thousand sessions stay one element.
    padded = np.hstack((panel.values, np.full((len(panel.values), 1), np.nan)))
    axes.plot(
        np.tile(np.append(x, np.nan), len(padded)), padded.ravel(), color=MUTED, linewidth=0.6, alpha=0.7
    )
    # A step of no length with a round end is a dot: all dots are one path too.
    row, column = np.nonzero(np.isfinite(panel.values))
    dots_x = np.column_stack((column, column, np.full(column.size, np.nan)))
    dots_y = np.column_stack((panel.values[row, column],) * 2 + (np.full(column.size, np.nan),))
    axes.plot(dots_x.ravel(), dots_y.ravel(), color=MUTED, linewidth=2.0, solid_capstyle="round", alpha=0.7)
    axes.plot(
        x, _means(panel.values), color=SERIES_A, linewidth=2.0, marker="o", markersize=4.5,
        markeredgecolor=SURFACE, markeredgewidth=0.6,
    )  # fmt: skip
    if panel.expected is not None:
        axes.plot(
            x, _means(panel.expected), color=SERIES_B, linewidth=1.4, linestyle=(0, (3, 2)), marker="s",
            markersize=3,
        )  # fmt: skip
    counts = np.isfinite(panel.values).sum(axis=0)
    axes.set_xticks(x)
    axes.set_xticklabels([f"{name}\nn {n}" for name, n in zip(panel.episodes, counts, strict=True)])
    axes.set_xlim(-0.3, len(x) - 0.7)
    axes.locator_params(axis="y", nbins=4)
    axes.set_title(panel.title, loc="left", fontsize=7.5, pad=5, x=-0.14)
    axes.set_ylabel(panel.unit, fontsize=7, labelpad=1)
    axes.tick_params(length=2, width=0.5)


def _means(values: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Mean per episode of what is there; every column has at least one value or stays NaN."""
    present = np.isfinite(values)
    counts = present.sum(axis=0)
    totals = np.where(present, values, 0.0).sum(axis=0)
    return np.where(counts > 0, totals / np.maximum(counts, 1), np.nan)
