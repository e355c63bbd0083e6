"""Figures as inline SVG that follows the page's light or dark theme, the same bytes every time."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import Any

from stillface.contracts.registry import missing_extra
from stillface.domain.scheme import CodingScheme

__all__ = [
    "BAR_EDGE",
    "FAINT",
    "HALO",
    "INK",
    "MUTED",
    "SERIES_A",
    "SERIES_B",
    "SURFACE",
    "Box",
    "boxes_path",
    "code_colours",
    "drawing",
    "to_svg",
]

# Drawn with these and then replaced by the page's CSS variables, so one picture reads on light and dark.
INK, MUTED, FAINT, SURFACE = "#0a0b0c", "#5d5e5f", "#dadbdc", "#fdfcfb"
SERIES_A, SERIES_B = "#0a4b8c", "#b3560a"
# Lies on a code's colour, which is the same on light and dark: so is this.
BAR_EDGE = "#14181c"
HALO = "halo"
"""Group id of words that stand on lines: the page clears the lines around each letter (``style.css``)."""

_VARIABLES = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    FAINT: "var(--faint)",
    SURFACE: "var(--surface)",
    SERIES_A: "var(--series-a)",
    SERIES_B: "var(--series-b)",
}

# Okabe and Ito's colours, for schemes that declare none.
_FALLBACK = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")
_HEX = re.compile(r"#[0-9a-fA-F]{6}\Z")

_STYLE: dict[str, Any] = {
    # Text stays text: smaller than outlines, searchable, and the reader's own font size holds.
    "svg.fonttype": "none",
    # A label is a user's word: a dollar sign in it is a dollar sign.
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 8.0,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.unicode_minus": True,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.0,
    "hatch.linewidth": 0.8,
    "path.simplify": False,
    "figure.dpi": 72,
}

Box = tuple[float, float, float, float]
"""x, y, width, height in data units."""


@contextmanager
def drawing(name: str) -> Iterator[None]:
    """Hold our drawing style, with ids salted by ``name`` so that two figures on a page never clash.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
    except ModuleNotFoundError as error:
        raise missing_extra(error, needed_for="a report") from error
    with mpl.rc_context(), warnings.catch_warnings():
        mpl.rcdefaults()  # a person's own matplotlibrc must not change a report
        mpl.rcParams.update(_STYLE | {"svg.hashsalt": f"stillface-{name}"})
        # The browser chooses the font: a letter that the measuring font lacks is not lost.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font", category=UserWarning)
        yield


def to_svg(figure: Any, *, name: str, title: str, description: str) -> str:
    """Give the figure as an ``<svg>`` element to stand inside a page.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    name : str
        Id of the element.
    title, description : str
        What a screen reader says.
    """
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    buffer = io.StringIO()
    no_metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    FigureCanvasSVG(figure).print_svg(buffer, metadata=no_metadata)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    # Groups are numbered from 1 in every figure: the numbers would clash, and nobody refers to them.
    text = text.replace(f'<g id="{HALO}"', f'<g class="{HALO}"')
    text = re.sub(r'<g id="[^"]*"', "<g", text)
    # matplotlib 3.11 writes font-family, the releases before it the shorthand.
    text = re.sub(r"font-family: [^;\"]*", "font-family: var(--font)", text)
    text = re.sub(r"font: ([\d.]+px) [^;\"]*", r"font: \1 var(--font)", text)
    # A hundredth of a point is finer than any screen.
    text = re.sub(r' d="[^"]*"', lambda path: re.sub(r"(\.\d\d)\d+", r"\1", path[0]), text)
    for colour, variable in _VARIABLES.items():
        # Only a style can hold a variable; hatches carry their colour as an attribute.
        text = text.replace(f'fill="{colour}"', f'style="fill: {variable}"').replace(colour, variable)
    text = re.sub(r"\n\s*", "\n", text)
    view_box = re.search(r'viewBox="([^"]+)"', text)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'id="{escape(name)}" class="figure" role="img" viewBox="{view_box[1] if view_box else ""}" '
        f'aria-labelledby="{escape(name)}-title {escape(name)}-desc">'
        f'<title id="{escape(name)}-title">{escape(title)}</title>'
        f'<desc id="{escape(name)}-desc">{escape(description)}</desc>'
    )
    return re.sub(r"<svg[^>]*>", lambda _: head, text, count=1)


def code_colours(scheme: CodingScheme) -> tuple[str, ...]:
    """Give each code's colour: the scheme's own where it is ``#rrggbb``, else a colour-blind-safe one."""
    return tuple(
        code.colour if code.colour and _HEX.match(code.colour) else _FALLBACK[k % len(_FALLBACK)]
        for k, code in enumerate(scheme.codes)
    )


def boxes_path(boxes: list[Box]) -> Any:
    """Give one compound path of many rectangles: one element on the page instead of thousands."""
    from matplotlib.path import Path

    corners = [
        vertex
        for x, y, width, height in boxes
        for vertex in ((x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y))
    ]
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY] * len(boxes)
    return Path(corners, codes)
