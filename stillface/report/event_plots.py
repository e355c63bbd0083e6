"""Pictures of heart and skin around events: mean course with its band."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from stillface.report.figures import INK, MUTED, SERIES_A, SERIES_B, drawing, to_svg

__all__ = ["EVENT_CAPTION", "EVENT_PANELS_MAX", "EventLine", "EventPanel", "draw_event_panels"]

Float = npt.NDArray[np.float64]

EVENT_PANELS_MAX = 12
_PER_ROW = 3
_COLOURS = (SERIES_A, SERIES_B, MUTED)
_DASHES = ("-", (0, (5, 2)), (0, (1, 1)))

EVENT_CAPTION = (
    "Mean over events of the difference to the seconds before the event, with its 95 % band when {drawn} are "
    "drawn with replacement; none with fewer than three. The thin horizontal line is the mean change at "
    "random times of the same episode. Intervals below 0: the heart beats faster than before. What follows "
    "an event in time need not be due to it."
)


@dataclass(frozen=True, eq=False)
class EventLine:
    """One person's course in a panel.

    Parameters
    ----------
    label : str
        With the number of events: ``Infant, 12 events``.
    times_s, mean, low, high : array of float64, shape (n_steps,)
        From the event; NaN where nothing is known, or there is no band.
    random : float, optional
        Mean change at random times.
    place : int
        Which of the session's roles: the same colour in every panel.
    """

    label: str
    times_s: Float
    mean: Float
    low: Float
    high: Float
    random: float | None
    place: int


@dataclass(frozen=True)
class EventPanel:
    """One kind of event in one episode: ``title``, the axis' ``unit``, and a line for each person."""

    title: str
    unit: str
    lines: tuple[EventLine, ...]


def draw_event_panels(panels: Sequence[EventPanel]) -> str:
    """Draw the first ``EVENT_PANELS_MAX`` panels as one ``<svg>``; each axis has its own scale."""
    drawn = panels[:EVENT_PANELS_MAX]
    n_rows = -(-len(drawn) // _PER_ROW)
    with drawing("events"):
        from matplotlib.figure import Figure

        figure = Figure(figsize=(3.6 * _PER_ROW, 2.8 * n_rows), layout="constrained")
        figure.patch.set_visible(False)
        for k, panel in enumerate(drawn):
            axes = figure.add_subplot(n_rows, _PER_ROW, k + 1)
            axes.patch.set_visible(False)
            axes.spines[["top", "right"]].set_visible(False)
            axes.set_title(panel.title, loc="left", fontsize=7.5)
            _draw(axes, panel)
        return to_svg(
            figure,
            name="events",
            title="Heart and skin around events",
            description="; ".join(
                f"{panel.title}: {', '.join(line.label for line in panel.lines)}" for panel in drawn
            ),
        )


def _draw(axes: Any, panel: EventPanel) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.axvline(0, color=MUTED, linewidth=0.6)
    axes.axhline(0, color=MUTED, linewidth=0.5, linestyle=(0, (2, 2)))
    for line in panel.lines:
        colour, dash = (styles[min(line.place, 2)] for styles in (_COLOURS, _DASHES))
        axes.fill_between(line.times_s, line.low, line.high, color=colour, alpha=0.16, linewidth=0)
        axes.plot(line.times_s, line.mean, color=colour, linewidth=1.5, linestyle=dash, label=line.label)
        if line.random is not None:
            axes.hlines(line.random, 0, line.times_s[-1], color=colour, linewidth=0.7)
    times = panel.lines[0].times_s
    axes.set_xlim(times[0] - 0.25, times[-1] + 0.25)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.set_xlabel("s from the event")
    axes.set_ylabel(panel.unit)
    # Beside the curves, never on them.
    axes.legend(
        loc="upper left", bbox_to_anchor=(0, -0.2), ncols=1, frameon=False, fontsize=6.5, labelcolor=INK,
        borderaxespad=0.2, handlelength=2.4,
    )  # fmt: skip
