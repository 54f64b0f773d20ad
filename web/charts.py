"""Bars as SVG from the server: no script, no inline style, readable on a telephone. Each stands beside its data table."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

_LABEL, _BAR, _GAP = 20, 16, 12  # pixels
_WIDEST = 70  # percent of the picture's width; the rest is for the figure behind the bar
_CLASSES = ("bar", "bar b")


@dataclass(frozen=True, slots=True)
class Row:
    """One label with a bar for each series: its part of the whole in permille, the part not known, and its words."""

    label: str
    bars: tuple[tuple[int, int, str], ...]


def bars(title: str, rows: Sequence[Row]) -> Markup:
    """A picture of the rows, one under the other. Widths are percentages, letters keep their size at any width."""
    parts: list[Markup] = []
    y = 0
    for row in rows:
        parts.append(Markup('<text x="0" y="{}">{}</text>').format(y + _LABEL - 5, row.label))
        y += _LABEL
        for (permille, unknown, words), name in zip(row.bars, _CLASSES, strict=False):
            end = 0.0
            # Of whom it is not known stands behind the bar, so that a small part of those known never looks like all.
            for part, look in ((permille, name), (unknown, "unknown")):
                width = min(max(part, 0) * _WIDEST / 1000, _WIDEST - end)
                if width > 0:
                    parts.append(
                        Markup('<rect class="{}" x="{}%" y="{}" width="{}%" height="{}"/>').format(
                            look, f"{end:.2f}", y, f"{max(width, 0.3):.2f}", _BAR - 3
                        )
                    )
                    end += width
            parts.append(Markup('<text x="{}%" y="{}" dx="6">{}</text>').format(f"{end:.2f}", y + _BAR - 5, words))
            y += _BAR
        y += _GAP
    return Markup('<svg class="bars" width="100%" height="{}" role="img" aria-label="{}">{}</svg>').format(
        max(y, 1), escape(title), Markup("").join(parts)
    )
