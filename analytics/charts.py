"""One result -> a chart: Plotly figure, table and sentence, all from the same rows.

Figures are plain dictionaries in Plotly's JSON schema, so that web processes need not import Plotly. Colours are
names of CSS variables (static/css/tokens.css); static/js/charts.js puts in the values of the reader's theme.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.aggregates.course import Reach
from analytics.aggregates.measures import MEASURES, Measure
from analytics.aggregates.query import Row
from analytics.profiles.features import Result, Topic

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


def activity_by_day(rows: Sequence[Row]) -> Chart:
    """Of rows of Query(..., ["learners", "events", "completions"], dimension=DAY)."""
    measures = [MEASURES[name] for name in ("learners", "completions", "events")]
    days = [row["key"] for row in rows]
    traces = [_line(days, rows, measure, colour) for measure, colour in zip(measures[:2], SERIES, strict=False)]
    traces[0] |= {"fill": "tozeroy", "fillcolor": "var(--accent-ground)"}
    return Chart(
        "activity-by-day",
        _("Activity by day"),
        _say_days(rows),
        {"data": traces, "layout": _layout(xaxis={"type": "date"}, yaxis={"rangemode": "tozero"})},
        [_("Day"), *(str(measure.label) for measure in measures)],
        [[_day(row["key"]), *(_cell(measure, row) for measure in measures)] for row in rows],
        has_data=any(row["events"] for row in rows),
    )


def engagement_by_week(rows: Sequence[Row]) -> Chart:
    """Of rows of Query(..., ["learners", "events", "completions", "result_share"], dimension=WEEK)."""
    measures = [MEASURES[name] for name in ("learners", "events", "completions", "result_share")]
    weeks = [row["key"] for row in rows]
    bars = {
        "type": "bar",
        "name": str(measures[0].label),
        "x": [week.isoformat() for week in weeks],
        "y": [row["learners"] for row in rows],
        "marker": {"color": SERIES[0]},
        "hovertemplate": "%{y:,}<extra></extra>",
    }
    return Chart(
        "engagement-by-week",
        _("Active learners by week"),
        _say_weeks(rows),
        {"data": [bars], "layout": _layout(xaxis={"type": "date"}, yaxis={"rangemode": "tozero"}, bargap=0.25)},
        [_("Week of"), *(str(measure.label) for measure in measures)],
        [[_day(row["key"]), *(_cell(measure, row) for measure in measures)] for row in rows],
        size="short",
        has_data=any(row["events"] for row in rows),
    )


def hours_of_week(counts: Sequence[Sequence[int]], id_: str = "hours-of-week") -> Chart:
    """Of events by weekday (7, Monday first) and hour (24) on the organisation's clock."""
    weekdays = weekday_names()
    hours = [f"{hour:02}" for hour in range(24)]
    heat = {
        "type": "heatmap",
        "x": hours,
        "y": weekdays,
        "z": [list(day) for day in counts],
        "colorscale": HEAT,
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        "hovertemplate": _("%{y} %{x}:00 – %{z:,} events") + "<extra></extra>",
    }
    layout = _layout(
        xaxis={"showgrid": False, "dtick": 3, "tickangle": 0},
        yaxis={"showgrid": False, "autorange": "reversed"},
        hovermode="closest",
    )
    return Chart(
        id_,
        _("Hours of the week"),
        _say_week(counts, weekdays),
        {"data": [heat], "layout": layout},
        [_("Day"), *hours],
        [
            [name, *(number_format(n, force_grouping=True) for n in day)]
            for name, day in zip(weekdays, counts, strict=True)
        ],
        has_data=any(map(any, counts)),
    )


def days_of_week(counts: Sequence[Sequence[int]], id_: str = "days-of-week") -> Chart:
    """The same counts for a source that tells days and not hours."""
    totals = [sum(day) for day in counts]
    weekdays = weekday_names()
    whole = sum(totals)
    busiest = max(range(7), key=totals.__getitem__)
    sentence = (
        _("Most happens on %(day)s: %(share)s of all events. The source tells days, not hours.")
        % {"day": weekdays[busiest], "share": _percent(totals[busiest] / whole)}
        if whole
        else _("No event in this period.")
    )
    bars = {
        "type": "bar",
        "x": weekdays,
        "y": totals,
        "marker": {"color": SERIES[0]},
        "hovertemplate": "%{y:,}<extra></extra>",
    }
    return Chart(
        id_,
        _("Days of the week"),
        sentence,
        {"data": [bars], "layout": _layout(bargap=0.35)},
        [_("Day"), _("Events")],
        [[name, number_format(n, force_grouping=True)] for name, n in zip(weekdays, totals, strict=True)],
        has_data=whole > 0,
    )


def rhythm(counts: Sequence[Sequence[int]], id_: str) -> Chart:
    """Hours of the week where hours are known, else days. Summer time makes two hours of one midnight."""
    hours = {hour for day in counts for hour, n in enumerate(day) if n}
    return hours_of_week(counts, id_) if len(hours) > 2 else days_of_week(counts, id_)


def reach_of_parts(rows: Sequence[Reach]) -> Chart:
    names = _distinct([row.part.name for row in rows])
    traces = [
        _across(names, [row.n_reached for row in rows], _("Reached"), SERIES[0]),
        _across(names, [row.n_completed for row in rows], _("Completed"), SERIES[2]),
    ]
    layout = _layout(
        yaxis={"autorange": "reversed", "automargin": True, "showgrid": False},
        xaxis={"rangemode": "tozero"},
        barmode="group",
        bargap=0.3,
        hovermode="y unified",
        height=80 + 26 * max(len(rows), 3),
    )
    return Chart(
        "reach",
        _("How far learners come"),
        _say_reach(rows),
        {"data": traces, "layout": layout},
        [_("Part"), _("Reached"), _("Share"), _("Completed")],
        [
            [
                row.part.name,
                number_format(row.n_reached, force_grouping=True),
                NOTHING if row.reached_share is None else _percent(row.reached_share),
                number_format(row.n_completed, force_grouping=True),
            ]
            for row in rows
        ],
        has_data=any(row.n_reached for row in rows),
    )


def results_over_time(rows: Sequence[Result]) -> Chart:
    dots = {
        "type": "scatter",
        "mode": "lines+markers",
        "x": [row.at.isoformat() for row in rows],
        "y": [row.result_share for row in rows],
        "text": [row.activity for row in rows],
        "line": {"color": SERIES[0], "width": 1},
        "marker": {"color": SERIES[0], "size": 7},
        "hovertemplate": "%{text}: %{y:.0%}<extra></extra>",
    }
    mean = sum(row.result_share for row in rows) / len(rows) if rows else None
    sentence = (
        _("No result yet.")
        if mean is None
        else ngettext(
            "%(n)s result, %(mean)s on average.", "The latest %(n)s results are %(mean)s on average.", len(rows)
        )
        % {"n": len(rows), "mean": _percent(mean)}
    )
    layout = _layout(
        xaxis={"type": "date"}, yaxis={"tickformat": ".0%", "range": [0, 1.05]}, hovermode="closest", showlegend=False
    )
    return Chart(
        "results-over-time",
        _("Results over time"),
        sentence,
        {"data": [dots], "layout": layout},
        [_("Activity"), _("Day"), _("Result")],
        [[row.activity, _day(row.at.date()), _percent(row.result_share)] for row in rows],
        size="short",
        has_data=bool(rows),
    )


def interests(topics: Sequence[Topic]) -> Chart:
    names = _distinct([topic.name for topic in topics])
    bars = _across(names, [topic.weight_share for topic in topics], _("Weight"), SERIES[0]) | {
        "hovertemplate": "%{y}: %{x:.0%}<extra></extra>"
    }
    sentence = (
        _("Most weight lies on %(topic)s (%(share)s).")
        % {"topic": topics[0].name, "share": _percent(topics[0].weight_share)}
        if topics
        else _("No topic is known yet.")
    )
    layout = _layout(
        yaxis={"autorange": "reversed", "automargin": True, "showgrid": False},
        xaxis={"tickformat": ".0%", "rangemode": "tozero"},
        hovermode="closest",
        height=60 + 30 * max(len(topics), 3),
    )
    return Chart(
        "interests",
        _("Interests"),
        sentence,
        {"data": [bars], "layout": layout},
        [_("Topic"), _("Weight"), _("Events")],
        [
            [topic.name, _percent(topic.weight_share), number_format(topic.n_events, force_grouping=True)]
            for topic in topics
        ],
        size="short",
        has_data=bool(topics),
    )


def weekday_names() -> list[str]:
    """Short names, Monday first."""
    # 2 January 2023 was a Monday.
    return [date_format(date(2023, 1, 2 + number), "D") for number in range(7)]


def _layout(*, xaxis: dict[str, Any] | None = None, yaxis: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
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


def _line(days: Sequence[date], rows: Sequence[Row], measure: Measure, colour: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": str(measure.label),
        "x": [day.isoformat() for day in days],
        "y": [row[measure.name] for row in rows],
        "line": {"color": colour, "width": 2},
        "hovertemplate": "%{y:,}",
    }


def _across(names: Sequence[str], values: Sequence[float], label: str, colour: str) -> dict[str, Any]:
    return {
        "type": "bar",
        "orientation": "h",
        "name": label,
        "y": list(names),
        "x": list(values),
        "marker": {"color": colour},
        "hovertemplate": "%{x:,}",
    }


def _say_days(rows: Sequence[Row]) -> str:
    active = [row for row in rows if row["events"]]
    if not active:
        return _("No event in this period.")
    busiest = max(active, key=lambda row: row["learners"])
    mean = sum(row["learners"] for row in rows) / len(rows)
    return _("%(mean)s learners a day on average, most on %(day)s (%(most)s).") % {
        "mean": number_format(mean, decimal_pos=0 if mean >= 10 else 1, force_grouping=True),
        "day": _day(busiest["key"]),
        "most": number_format(busiest["learners"], force_grouping=True),
    }


def _say_weeks(rows: Sequence[Row]) -> str:
    active = [row for row in rows if row["events"]]
    if not active:
        return _("No event in this period.")
    busiest, last = max(active, key=lambda row: row["learners"]), active[-1]
    return _("%(last)s learners were active in the week of %(week)s; the most were %(most)s, in that of %(top)s.") % {
        "last": number_format(last["learners"], force_grouping=True),
        "week": _day(last["key"]),
        "most": number_format(busiest["learners"], force_grouping=True),
        "top": _day(busiest["key"]),
    }


def _say_week(counts: Sequence[Sequence[int]], weekdays: Sequence[str]) -> str:
    most, day, hour = max((n, -day, -hour) for day, hours in enumerate(counts) for hour, n in enumerate(hours))
    if not most:
        return _("No event in this period.")
    return _("Busiest on %(day)s between %(from)s:00 and %(to)s:00, with %(n)s events.") % {
        "day": weekdays[-day],
        "from": f"{-hour:02}",
        "to": f"{-hour + 1:02}",
        "n": number_format(most, force_grouping=True),
    }


def _say_reach(rows: Sequence[Reach]) -> str:
    """Names the largest loss from one part to the next."""
    if not rows or not rows[0].of:
        return _("Nobody has come to a part of this course yet.")
    losses = [
        (before.n_reached - after.n_reached, number)
        for number, (before, after) in enumerate(zip(rows, rows[1:], strict=False))
    ]
    most = max(losses, default=(0, 0))
    if most[0] <= 0:
        return _("No part loses learners against the part before it.")
    before, after = rows[most[1]], rows[most[1] + 1]
    return _("Most are lost between %(before)s (%(n_before)s learners) and %(after)s (%(n_after)s).") % {
        "before": before.part.name,
        "n_before": number_format(before.n_reached, force_grouping=True),
        "after": after.part.name,
        "n_after": number_format(after.n_reached, force_grouping=True),
    }


def _distinct(names: Sequence[str]) -> list[str]:
    """Cut to a length that fits beside a bar; Plotly would draw equal names as one, so those are numbered."""
    seen: dict[str, int] = {}
    short = []
    for name in names:
        cut = name if len(name) <= NAME_LENGTH else name[: NAME_LENGTH - 1].rstrip() + "…"
        seen[cut] = seen.get(cut, 0) + 1
        short.append(cut if seen[cut] == 1 else f"{cut} ({seen[cut]})")
    return short


def _cell(measure: Measure, row: Row) -> str:
    value = row[measure.name]
    if value is None:
        return NOTHING
    return _percent(value) if measure.unit == "share" else number_format(value, decimal_pos=0, force_grouping=True)


def _day(on: date) -> str:
    return date_format(on, "j M Y")


def _percent(share: float) -> str:
    return f"{number_format(share * 100, decimal_pos=0)}%"
