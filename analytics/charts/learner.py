"""Charts of one learner's portrait."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.charts.chart import SERIES, Chart, across, day, distinct, layout
from analytics.profiles.features import Result, Topic
from analytics.words import number, percent

FEWEST_DAYS = timedelta(days=14)


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
        % {"n": len(rows), "mean": percent(mean)}
    )
    axes = layout(
        xaxis={"type": "date", **_some_days([row.at for row in rows])},
        yaxis={"tickformat": ".0%", "range": [0, 1.05]},
        hovermode="closest",
        showlegend=False,
    )
    return Chart(
        "results-over-time",
        _("Results over time"),
        sentence,
        {"data": [dots], "layout": axes},
        [_("Activity"), _("Day"), _("Result")],
        [[row.activity, day(row.at.date()), percent(row.result_share)] for row in rows],
        size="short",
        has_data=bool(rows),
    )


def _some_days(instants: Sequence[datetime]) -> dict[str, list[str]]:
    """A range of at least two weeks: around a single instant Plotly would mark fractions of a second."""
    if not instants:
        return {}
    first, last = min(instants), max(instants)
    margin = max(FEWEST_DAYS - (last - first), (last - first) / 10) / 2
    return {"range": [(first - margin).isoformat(), (last + margin).isoformat()]}


def interests(topics: Sequence[Topic]) -> Chart:
    names = distinct([topic.name for topic in topics])
    bars = across(names, [topic.weight_share for topic in topics], _("Weight"), SERIES[0]) | {
        "hovertemplate": "%{y}: %{x:.0%}<extra></extra>"
    }
    sentence = (
        _("Most weight lies on %(topic)s (%(share)s).")
        % {"topic": topics[0].name, "share": percent(topics[0].weight_share)}
        if topics
        else _("No topic is known yet.")
    )
    axes = layout(
        yaxis={"autorange": "reversed", "automargin": True, "showgrid": False},
        xaxis={"tickformat": ".0%", "rangemode": "tozero"},
        hovermode="closest",
        height=60 + 30 * max(len(topics), 3),
    )
    return Chart(
        "interests",
        _("Interests"),
        sentence,
        {"data": [bars], "layout": axes},
        [_("Topic"), _("Weight"), _("Events")],
        [[topic.name, percent(topic.weight_share), number(topic.n_events)] for topic in topics],
        size="short",
        has_data=bool(topics),
    )
