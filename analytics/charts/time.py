"""Charts over time: by day and by week."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _

from analytics.aggregates.measures import MEASURES, Measure
from analytics.aggregates.period import Period
from analytics.aggregates.query import Row
from analytics.charts.chart import PALE, SERIES, Chart, cell, day, layout, mondays, named_at_end
from analytics.words import number


def activity_by_day(rows: Sequence[Row], *, is_last_partial: bool = False) -> Chart:
    """Of rows of Query(..., ["learners", "events", "completions"], dimension=DAY).

    A last day that is not over yet is drawn dotted: it would look like a fall.
    """
    measures = [MEASURES[name] for name in ("learners", "completions", "events")]
    days = [row["key"] for row in rows]
    n_whole = len(rows) - 1 if is_last_partial and len(rows) > 1 else len(rows)
    traces = []
    for measure, colour in zip(measures[:2], SERIES, strict=False):
        traces.append(_line(days[:n_whole], rows[:n_whole], measure, colour))
        if n_whole < len(rows):
            dotted = {"line": {"color": colour, "width": 2, "dash": "dot"}, "showlegend": False, "hoverinfo": "skip"}
            traces.append(_line(days[n_whole - 1 :], rows[n_whole - 1 :], measure, colour) | dotted)
    axes = layout(xaxis={"type": "date"}, yaxis={"rangemode": "tozero"})
    traces[0] |= {"fill": "tozeroy", "fillcolor": "var(--accent-ground)"}
    return Chart(
        "activity-by-day",
        _("Activity by day"),
        _say_days(rows),
        {"data": traces, "layout": axes | named_at_end(traces)},
        [_("Day"), *(str(measure.label) for measure in measures)],
        [[day(row["key"]), *(cell(measure, row) for measure in measures)] for row in rows],
        has_data=any(row["events"] for row in rows),
    )


def engagement_by_week(rows: Sequence[Row], period: Period | None = None) -> Chart:
    """Of rows of Query(..., ["learners", "events", "completions", "result_share"], dimension=WEEK).

    Weeks that the period cuts are pale: they would look like a fall. Weeks before the first event and after the last
    are left out: courses are often shorter than the period.
    """
    rows = _without_empty_ends(rows)
    measures = [MEASURES[name] for name in ("learners", "events", "completions", "result_share")]
    weeks = [row["key"] for row in rows]
    bars = {
        "type": "bar",
        "name": str(measures[0].label),
        "x": [week.isoformat() for week in weeks],
        "y": [row["learners"] for row in rows],
        "marker": {"color": SERIES[0], "opacity": [PALE if is_cut(week, period) else 1 for week in weeks]},
        "hovertemplate": "%{y:,}<extra></extra>",
    }
    return Chart(
        "engagement-by-week",
        _("Active learners by week"),
        _say_weeks(rows),
        {"data": [bars], "layout": layout(xaxis=mondays(weeks), yaxis={"rangemode": "tozero"}, bargap=0.25)},
        [_("Week of"), *(str(measure.label) for measure in measures)],
        [[_week(row["key"], period), *(cell(measure, row) for measure in measures)] for row in rows],
        size="short",
        has_data=any(row["events"] for row in rows),
    )


def _week(monday: date, period: Period | None) -> str:
    return _("%(when)s (not whole)") % {"when": day(monday)} if is_cut(monday, period) else day(monday)


def is_cut(monday: date, period: Period | None) -> bool:
    """True of a week of which the period holds only a part."""
    if period is None:
        return False
    return (monday < period.first_on and not period.is_everything) or monday + timedelta(days=6) > period.last_on


def _without_empty_ends(rows: Sequence[Row]) -> Sequence[Row]:
    active = [place for place, row in enumerate(rows) if row["events"]]
    return rows[active[0] : active[-1] + 1] if active else rows


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


def _say_days(rows: Sequence[Row]) -> str:
    active = [row for row in rows if row["events"]]
    if not active:
        return _("No event in this period.")
    busiest = max(active, key=lambda row: row["learners"])
    mean = sum(row["learners"] for row in rows) / len(rows)
    return _("%(mean)s learners a day on average, most on %(day)s (%(most)s).") % {
        "mean": number(mean, digits=0 if mean >= 10 else 1),
        "day": day(busiest["key"]),
        "most": number(busiest["learners"]),
    }


def _say_weeks(rows: Sequence[Row]) -> str:
    active = [row for row in rows if row["events"]]
    if not active:
        return _("No event in this period.")
    busiest, last = max(active, key=lambda row: row["learners"]), active[-1]
    return _("Active in the week of %(week)s: %(last)s; the most were %(most)s, in the week of %(top)s.") % {
        "last": number(last["learners"]),
        "week": day(last["key"]),
        "most": number(busiest["learners"]),
        "top": day(busiest["key"]),
    }
