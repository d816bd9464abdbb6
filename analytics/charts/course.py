"""Charts of one course."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from analytics.aggregates.reach import Reach, Step
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


def funnel(steps: Sequence[Step]) -> Chart:
    """How many came to each module or beyond it, and where the others stopped."""
    names = distinct([step.module.name for step in steps])
    bars = across(names, [step.n_beyond for step in steps], _("Came to it"), SERIES[0]) | {
        "text": [percent(step.n_beyond / step.of) if step.of else NOTHING for step in steps],
        "textposition": "auto",
        "hovertemplate": "%{y}: %{x:,}<extra></extra>",
    }
    axes = layout(
        yaxis={"autorange": "reversed", "automargin": True, "showgrid": False},
        xaxis={"rangemode": "tozero"},
        hovermode="closest",
        bargap=0.25,
        height=70 + 34 * max(len(steps), 3),
    )
    return Chart(
        "funnel",
        _("From module to module"),
        _say_funnel(steps),
        {"data": [bars], "layout": axes},
        [_("Module"), _("Came to it"), _("Share"), _("Stopped there")],
        [
            [
                step.module.name,
                number(step.n_beyond),
                percent(step.n_beyond / step.of) if step.of else NOTHING,
                number(step.n_stopped),
            ]
            for step in steps
        ],
        size="short",
        has_data=bool(steps),
    )


def _say_funnel(steps: Sequence[Step]) -> str:
    if len(steps) < 2 or not steps[0].n_beyond:
        return _("Nobody has come to a module of this course yet.")
    worst = max(steps[:-1], key=lambda step: step.n_stopped)
    if not worst.n_stopped:
        return _("Everybody who began came to the last module.")
    return _("Most of those who stopped did so in %(module)s: %(n)s of %(of)s who had come that far (%(share)s).") % {
        "module": worst.module.name,
        "n": number(worst.n_stopped),
        "of": number(worst.n_beyond),
        "share": percent(worst.n_stopped / worst.n_beyond),
    }
