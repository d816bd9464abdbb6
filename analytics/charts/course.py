"""Charts of one course."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from analytics.aggregates.course import Reach
from analytics.charts.chart import NOTHING, SERIES, Chart, across, distinct, layout
from analytics.words import number, percent


def reach_of_parts(rows: Sequence[Reach]) -> Chart:
    names = distinct([row.part.name for row in rows])
    traces = [
        across(names, [row.n_reached for row in rows], _("Reached"), SERIES[0]),
        across(names, [row.n_completed for row in rows], _("Completed"), SERIES[2]),
    ]
    axes = layout(
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
        {"data": traces, "layout": axes},
        [_("Part"), _("Reached"), _("Share"), _("Completed"), _("Came no further")],
        [
            [
                row.part.name,
                number(row.n_reached),
                NOTHING if row.reached_share is None else percent(row.reached_share),
                number(row.n_completed),
                number(row.n_ended),
            ]
            for row in rows
        ],
        has_data=any(row.n_reached for row in rows),
    )


def _say_reach(rows: Sequence[Reach]) -> str:
    """Names the part, the last one excepted, that is the end for the most learners."""
    if not rows or not rows[0].of:
        return _("Nobody has come to a part of this course yet.")
    at_end = rows[-1]
    early = max(rows[:-1], key=lambda row: row.n_ended, default=at_end)
    if early is at_end or not early.n_ended:
        return _("Everybody who began came to the last part.")
    return _("%(last)s of %(of)s learners came to the last part; most others stopped at %(part)s (%(n)s).") % {
        "last": number(at_end.n_reached),
        "of": number(at_end.of),
        "part": early.part.name,
        "n": number(early.n_ended),
    }
