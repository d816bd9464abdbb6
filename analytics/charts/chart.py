"""What a chart is, and what all of them share: layout, bars, numbers as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from unicodedata import east_asian_width

from django.utils.formats import date_format, get_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from analytics.aggregates.measures import Measure
from analytics.aggregates.query import Row
from analytics.words import number, percent

NOTHING = "–"
CLEAR = "rgba(0,0,0,0)"
SERIES = [f"var(--series-{number})" for number in range(1, 7)]
HEAT = [[step / 4, f"var(--heat-{step})"] for step in range(5)]
NAME_LENGTH = 34
WEEK_TICKS = 6
YEAR_DAYS = 366
"""On a longer axis a day without its year could be any of several."""
WEEK_MILLISECONDS = 7 * 86_400_000
PALE = 0.45
"""Of a bar that is not a whole week or month."""
LABEL_LENGTH = 26
LETTER_PIXELS = 7
LABEL_GAP = 0.075
"""Of the chart's height, between names at the ends of lines."""


@dataclass(frozen=True)
class Chart:
    """What templates/analytics/_chart.html shows. `rows` are texts; their first cell names the row."""

    id: str
    title: str
    sentence: str
    figure: dict[str, Any]
    columns: list[str]
    rows: list[list[str]]
    size: str = ""
    """"short", "" or "tall"."""
    has_data: bool = field(default=True)
    n_cut: int = 0
    """Rows that the table leaves to the CSV."""

    @property
    def body(self) -> SafeString:
        """The table's rows as HTML: a template takes ten times as long for the cells of a large one."""
        cells = '<td class="num">{}</td>'
        return format_html_join(
            "",
            "<tr>{}{}</tr>",
            (
                (
                    format_html('<th scope="row">{}</th>', row[0]),
                    format_html_join("", cells, ((each,) for each in row[1:])),
                )
                for row in self.rows
            ),
        )


def layout(*, xaxis: dict[str, Any] | None = None, yaxis: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    axis = {
        "gridcolor": "var(--line)",
        "linecolor": "var(--line)",
        "zeroline": False,
        "automargin": True,
        "fixedrange": True,
    }
    return {
        "autosize": True,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "font": {"size": 12, "color": "var(--text-soft)"},
        "hovermode": "x unified",
        "hoverlabel": {"bgcolor": "var(--surface)", "bordercolor": "var(--line)", "font": {"color": "var(--text)"}},
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        "dragmode": False,
        "xaxis": axis | {"showgrid": False} | (xaxis or {}),
        "yaxis": axis | (yaxis or {}),
    } | more


def mondays(weeks: Sequence[date]) -> dict[str, Any]:
    """An axis with its ticks at Mondays; left alone, Plotly puts them at Sundays."""
    apart = len(weeks) // WEEK_TICKS + 1
    has_years = (weeks[-1] - weeks[0]).days > YEAR_DAYS
    return {
        "type": "date",
        "tick0": weeks[0].isoformat(),
        "dtick": apart * WEEK_MILLISECONDS,
        "tickformat": get_format("CHART_YEAR_MONTH_FORMAT" if has_years else "CHART_MONTH_DAY_FORMAT"),
        "hoverformat": get_format("CHART_DAY_FORMAT"),
    }


def named_at_end(traces: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Parts of a layout that write each line's name at its end, in its colour, instead of a legend.

    Names that would lie on each other are pushed up. On a phone charts.js takes the legend all the same.
    """
    ends = []
    for trace in traces:
        values = [value for value in trace["y"] if value is not None]
        if values and trace.get("showlegend", True):
            ends.append((values[-1], str(trace["name"]), trace["line"]["color"]))
    largest = max((value for trace in traces for value in trace["y"] if value is not None), default=0)
    least_gap, place, labels = largest * LABEL_GAP, -float("inf"), []
    for value, name, colour in sorted(ends, key=lambda end: end[0]):
        place = max(value, place + least_gap)
        cut = name if len(name) <= LABEL_LENGTH else name[: LABEL_LENGTH - 1].rstrip() + "…"
        labels.append(
            {
                "name": "direct",
                "text": cut,
                "x": 1,
                "xref": "paper",
                "xanchor": "left",
                "xshift": 6,
                "y": place,
                "yanchor": "middle",
                "showarrow": False,
                "font": {"color": colour, "size": 12},
            }
        )
    longest = max((n_letters(label["text"]) for label in labels), default=0)
    margin = {"l": 8, "r": 16 + longest * LETTER_PIXELS, "t": 8, "b": 8}
    return {"annotations": labels, "showlegend": False, "margin": margin}


def n_letters(text: str) -> int:
    """How many Latin letters a text is as wide as: a Chinese one counts for two."""
    return sum(2 if east_asian_width(letter) in {"W", "F"} else 1 for letter in text)


def across(names: Sequence[str], values: Sequence[float], label: str, colour: str) -> dict[str, Any]:
    return {
        "type": "bar",
        "orientation": "h",
        "name": label,
        "y": list(names),
        "x": list(values),
        "marker": {"color": colour},
        "hovertemplate": "%{x:,}",
    }


def distinct(names: Sequence[str]) -> list[str]:
    """Cut to a length that fits beside a bar; Plotly would draw equal names as one, so those are numbered."""
    seen: dict[str, int] = {}
    short = []
    for name in names:
        cut = name if len(name) <= NAME_LENGTH else name[: NAME_LENGTH - 1].rstrip() + "…"
        seen[cut] = seen.get(cut, 0) + 1
        short.append(cut if seen[cut] == 1 else f"{cut} ({seen[cut]})")
    return short


def cell(measure: Measure, row: Row) -> str:
    value = row[measure.name]
    if value is None:
        return NOTHING
    return percent(value) if measure.unit == "share" else number(value)


def day(on: date) -> str:
    return date_format(on, "SHORT_DATE_FORMAT")
