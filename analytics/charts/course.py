"""Charts of one course."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from analytics.aggregates.course import Reach
from analytics.charts.chart import NOTHING, SERIES, Chart, across, distinct, layout, percent


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
                number_format(row.n_reached, force_grouping=True),
                NOTHING if row.reached_share is None else percent(row.reached_share),
                number_format(row.n_completed, force_grouping=True),
                number_format(row.n_ended, force_grouping=True),
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
        "last": number_format(at_end.n_reached, force_grouping=True),
        "of": number_format(at_end.of, force_grouping=True),
        "part": early.part.name,
        "n": number_format(early.n_ended, force_grouping=True),
    }
