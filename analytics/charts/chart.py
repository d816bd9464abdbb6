"""What a chart is, and what all of them share: layout, bars, numbers as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.formats import date_format

from analytics.aggregates.measures import Measure
from analytics.aggregates.query import Row
from analytics.words import number, percent

NOTHING = "–"
CLEAR = "rgba(0,0,0,0)"
SERIES = [f"var(--series-{number})" for number in range(1, 7)]
HEAT = [[step / 4, f"var(--heat-{step})"] for step in range(5)]
NAME_LENGTH = 34


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
