"""Charts of how a course ends: what goes with finishing, how results lie, runs compared."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.aggregates.cohorts import Cohort
from analytics.aggregates.success import Tie, Ties
from analytics.charts.chart import NOTHING, SERIES, Chart, distinct, layout
from analytics.words import number, percent


def ties_to_success(found: Ties) -> Chart:
    """Each difference with its interval, beside what it was made from."""
    names = distinct([tie.part.name for tie in found.clear])
    dots = {
        "type": "scatter",
        "mode": "markers",
        "y": names,
        "x": [tie.difference for tie in found.clear],
        "marker": {"color": SERIES[0], "size": 9},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [tie.high - tie.difference for tie in found.clear],
            "arrayminus": [tie.difference - tie.low for tie in found.clear],
            "color": SERIES[0],
            "thickness": 1.5,
            "width": 4,
        },
        "hovertemplate": "%{y}: %{x:+.0%}<extra></extra>",
    }
    axes = layout(
        yaxis={"autorange": "reversed", "automargin": True, "showgrid": True},
        xaxis={"tickformat": "+.0%", "zeroline": True, "zerolinecolor": "var(--line-strong)", "showgrid": True},
        hovermode="closest",
        showlegend=False,
        height=70 + 30 * max(len(found.clear), 3),
    )
    return Chart(
        "ties",
        _("Activities that go with finishing"),
        _say_ties(found),
        {"data": [dots], "layout": axes},
        [_("Activity"), _("Finished with it"), _("Finished past it without"), _("Difference"), _("Between")],
        [_tie_row(tie) for tie in found.clear],
        has_data=bool(found.clear),
    )


def _tie_row(tie: Tie) -> list[str]:
    def points(share: float) -> str:
        return f"{'+' if share > 0 else ''}{percent(share)}"

    told = _("%(share)s of %(n)s")
    return [
        tie.part.name,
        told % {"share": percent(tie.with_share), "n": number(tie.n_with)},
        told % {"share": percent(tie.without_share), "n": number(tie.n_without)},
        points(tie.difference),
        f"{points(tie.low)} … {points(tie.high)}",
    ]


def _say_ties(found: Ties) -> str:
    if not found.n_compared:
        return _(
            "No activity can be compared yet: it takes 10 learners with known outcomes who did it, and 10 who did not."
        )
    if not found.clear:
        return ngettext(
            "Of %(n)s activity that could be compared, none clearly goes with finishing.",
            "Of %(n)s activities that could be compared, none clearly goes with finishing.",
            found.n_compared,
        ) % {"n": number(found.n_compared)}
    first = found.clear[0]
    return _(
        "Of those who did %(part)s, %(with)s finished (n = %(n_with)s); of those who went past it, %(without)s "
        "(n = %(n_without)s)."
    ) % {
        "part": first.part.name,
        "with": percent(first.with_share),
        "n_with": number(first.n_with),
        "without": percent(first.without_share),
        "n_without": number(first.n_without),
    }


def results_spread(counts: Sequence[int]) -> Chart:
    """Learners by the tenth in which their mean result lies."""
    names = [f"{10 * tenth}–{10 * tenth + 10}%" for tenth in range(len(counts))]
    bars = {
        "type": "bar",
        "x": [(tenth + 0.5) / len(counts) for tenth in range(len(counts))],
        "y": list(counts),
        "customdata": names,
        "marker": {"color": SERIES[2]},
        "hovertemplate": "%{customdata}: %{y:,}<extra></extra>",
    }
    xaxis = {"tickformat": ".0%", "range": [0, 1], "tickvals": [0, 0.25, 0.5, 0.75, 1]}
    return Chart(
        "results-spread",
        _("How results lie"),
        _say_results(counts),
        {
            "data": [bars],
            "layout": layout(bargap=0.08, xaxis=xaxis, yaxis={"rangemode": "tozero"}, hovermode="closest"),
        },
        [_("Mean result"), _("Learners")],
        [[name, number(n)] for name, n in zip(names, counts, strict=True)],
        size="short",
        has_data=any(counts),
    )


def _say_results(counts: Sequence[int]) -> str:
    n = sum(counts)
    if not n:
        return _("No result yet.")
    n_low = sum(counts[:4])
    return _("%(low)s of %(n)s learners with results have less than 40%% on average; most lie at %(tenth)s.") % {
        "low": number(n_low),
        "n": number(n),
        "tenth": f"{10 * counts.index(max(counts))}–{10 * counts.index(max(counts)) + 10}%",
    }


def cohorts(rows: Sequence[Cohort]) -> Chart:
    """Of each run who finished and who withdrew, as shares of those whose outcome is known."""
    names = distinct([row.name or _("without a name") for row in rows])
    told = [(name, row) for name, row in zip(names, rows, strict=True) if row.finished_share is not None]
    traces = [
        {
            "type": "bar",
            "name": label,
            "x": [name for name, _row in told],
            "y": [getattr(row, field) for _name, row in told],
            "marker": {"color": colour},
            "hovertemplate": "%{y:.0%}",
        }
        for label, field, colour in (
            (_("Finished"), "finished_share", SERIES[0]),
            (_("Withdrew"), "withdrawn_share", SERIES[1]),
        )
    ]
    axes = layout(barmode="group", bargap=0.3, xaxis={"type": "category"}, yaxis={"tickformat": ".0%", "range": [0, 1]})
    return Chart(
        "cohorts",
        _("Runs compared"),
        _say_cohorts([row for _name, row in told]),
        {"data": traces, "layout": axes},
        [_("Run"), _("Enrolled"), _("Ended"), _("Finished"), _("Withdrew"), _("Mean grade")],
        [_cohort_row(name, row) for name, row in zip(names, rows, strict=True)],
        has_data=len(told) > 1,
    )


def _cohort_row(name: str, row: Cohort) -> list[str]:
    if row.is_suppressed:
        return [name, _("fewer than 5"), NOTHING, NOTHING, NOTHING, NOTHING]
    shares = (row.finished_share, row.withdrawn_share, row.grade_share)
    said = [NOTHING if share is None else percent(share) for share in shares]
    return [name, number(row.n_enrolled), number(row.n_ended), *said]


def _say_cohorts(rows: Sequence[Cohort]) -> str:
    if not rows:
        return _("No run has ended for at least 5 learners yet.")
    best, last = max(rows, key=lambda row: row.finished_share or 0), rows[-1]
    if len(rows) == 1:
        return _("%(share)s of those whose outcome is known finished.") % {"share": percent(last.finished_share or 0)}
    return _("In the latest run %(share)s finished; the most were %(best)s, in %(run)s.") % {
        "share": percent(last.finished_share or 0),
        "best": percent(best.finished_share or 0),
        "run": best.name or _("the run without a name"),
    }
