"""Charts of one learner's portrait."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.charts.chart import SERIES, Chart, across, day, distinct, layout
from analytics.profiles.features import Result, Topic
from analytics.words import number, percent


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
        xaxis={"type": "date"}, yaxis={"tickformat": ".0%", "range": [0, 1.05]}, hovermode="closest", showlegend=False
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
