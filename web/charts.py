"""Bars as SVG from the server: no script, no inline style, readable on a telephone. Each stands beside its data table."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

_LABEL, _BAR, _GAP = 20, 16, 12  # pixels
_WIDEST = 70  # percent of the picture's width; the rest is for the figure behind the bar
_CLASSES = ("bar", "bar b")


@dataclass(frozen=True, slots=True)
class Row:
    """One label with a bar for each series: its share of the whole in permille (None: not known) and its words."""

    label: str
    bars: tuple[tuple[int | None, str], ...]


def bars(title: str, rows: Sequence[Row]) -> Markup:
    """A picture of the rows, one under the other. Widths are percentages, letters keep their size at any width."""
    parts: list[Markup] = []
    y = 0
    for row in rows:
        parts.append(Markup('<text x="0" y="{}">{}</text>').format(y + _LABEL - 5, row.label))
        y += _LABEL
        for (permille, words), name in zip(row.bars, _CLASSES, strict=False):
            width = min(max(permille or 0, 0), 1000) * _WIDEST / 1000
            if permille:
                parts.append(
                    Markup('<rect class="{}" x="0" y="{}" width="{}%" height="{}"/>').format(
                        name, y, f"{max(width, 0.3):.2f}", _BAR - 3
                    )
                )
            parts.append(Markup('<text x="{}%" y="{}" dx="6">{}</text>').format(f"{width:.2f}", y + _BAR - 5, words))
            y += _BAR
        y += _GAP
    return Markup('<svg class="bars" width="100%" height="{}" role="img" aria-label="{}">{}</svg>').format(
        max(y, 1), escape(title), Markup("").join(parts)
    )
