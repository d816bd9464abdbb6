"""Charts of the rhythm of a week."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from analytics.charts.chart import HEAT, SERIES, Chart, layout
from analytics.words import number, percent


def rhythm(counts: Sequence[Sequence[int]], id_: str) -> Chart:
    """Hours of the week where hours are known, else days. Summer time makes two hours of one midnight."""
    hours = {hour for day in counts for hour, n in enumerate(day) if n}
    return hours_of_week(counts, id_) if len(hours) > 2 else days_of_week(counts, id_)


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
    axes = layout(
        xaxis={"type": "category", "dtick": 3, "tickangle": 0, "ticks": ""},
        yaxis={"showgrid": False, "autorange": "reversed", "ticks": ""},
        hovermode="closest",
    )
    return Chart(
        id_,
        _("Hours of the week"),
        _say_week(counts, weekdays),
        {"data": [heat], "layout": axes},
        [_("Day"), *hours],
        [[name, *(number(n) for n in day)] for name, day in zip(weekdays, counts, strict=True)],
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
        % {"day": weekdays[busiest], "share": percent(totals[busiest] / whole)}
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
        {"data": [bars], "layout": layout(bargap=0.35)},
        [_("Day"), _("Events")],
        [[name, number(n)] for name, n in zip(weekdays, totals, strict=True)],
        has_data=whole > 0,
    )


def weekday_names() -> list[str]:
    """Short names, Monday first."""
    # 2 January 2023 was a Monday.
    return [date_format(date(2023, 1, 2 + number), "D") for number in range(7)]


def _say_week(counts: Sequence[Sequence[int]], weekdays: Sequence[str]) -> str:
    most, day, hour = max((n, -day, -hour) for day, hours in enumerate(counts) for hour, n in enumerate(hours))
    if not most:
        return _("No event in this period.")
    return _("Busiest on %(day)s between %(from)s:00 and %(to)s:00, with %(n)s events.") % {
        "day": weekdays[-day],
        "from": f"{-hour:02}",
        "to": f"{-hour + 1:02}",
        "n": number(most),
    }
