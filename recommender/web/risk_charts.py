"""Charts of risks: how they are spread in a course, and how one enrolment's went from week to week."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.formats import date_format, get_format
from django.utils.translation import gettext as _

from analytics.public import chance, number, percent
from recommender.models import Risk
from recommender.web.charts import Chart

AXIS = {"gridcolor": "var(--line)", "zeroline": False, "linecolor": "var(--line)", "fixedrange": True}
QUARTERS: dict[str, Any] = {"tickformat": ".0%", "range": [0, 1], "tickvals": [0, 0.25, 0.5, 0.75, 1], "tickangle": 0}
LAYOUT: dict[str, Any] = {
    "margin": {"l": 44, "r": 12, "t": 8, "b": 40},
    "height": 200,
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "font": {"color": "var(--text-soft)", "size": 12},
    "showlegend": False,
}


def spread_chart(counts: Sequence[int], at_risk_share: float) -> Chart:
    """Learners by tenth of risk; bars from the threshold on in the colour of warnings."""
    n = len(counts)
    edges = [place / n for place in range(n)]
    labels = [f"{percent(edge)}–{percent(edge + 1 / n)}" for edge in edges]
    colours = ["var(--bad)" if edge + 1e-9 >= at_risk_share else "var(--series-1)" for edge in edges]
    at_risk = sum(count for count, edge in zip(counts, edges, strict=True) if edge + 1e-9 >= at_risk_share)
    total = sum(counts)
    sentence = _("%(n)s of %(all)s risks are %(share)s or more.") % {
        "n": number(at_risk),
        "all": number(total),
        "share": percent(at_risk_share),
    }
    middles = [edge + 0.5 / n for edge in edges]  # so that ticks stand between bars, and there is room for them
    bars = {"type": "bar", "x": middles, "y": list(counts), "customdata": labels, "marker": {"color": colours}}
    bars["hovertemplate"] = f"%{{customdata}}: %{{y}} {_('learners')}<extra></extra>"
    layout = LAYOUT | {
        "margin": LAYOUT["margin"] | {"r": 24},
        "bargap": 0.12,
        "xaxis": AXIS | QUARTERS | {"title": {"text": _("Risk of not finishing")}},
        "yaxis": AXIS | {"title": {"text": _("Learners")}, "rangemode": "tozero"},
    }
    rows = [(label, number(count)) for label, count in zip(labels, counts, strict=True)]
    figure = {"data": [bars], "layout": layout}
    return Chart("risk-spread", _("How risks are spread"), sentence, figure, [_("Risk"), _("Learners")], rows)


def history(risks: Sequence[Risk], name: str) -> Chart | None:
    """One enrolment's risk by day of prediction, oldest first; None with fewer than two known points."""
    known = [risk for risk in risks if risk.risk_share is not None]
    if len(known) < 2:
        return None
    shares = [risk.risk_share or 0.0 for risk in known]
    words = {"first": chance(shares[0]), "last": chance(shares[-1]), "n": number(len(known))}
    sentence = _("From %(first)s to %(last)s in %(n)s predictions.") % words
    line = {
        "type": "scatter",
        "mode": "lines+markers",
        "x": [risk.on.isoformat() for risk in known],
        "y": shares,
        "line": {"color": "var(--series-1)", "width": 2},
        "hovertemplate": f"%{{x|{get_format('CHART_DAY_FORMAT')}}}: %{{y:.0%}}<extra></extra>",
    }
    layout = LAYOUT | {
        "height": 170,
        "xaxis": AXIS | {"type": "date", "nticks": 5},
        "yaxis": AXIS | {"tickformat": ".0%", "range": [0, 1], "nticks": 5},
    }
    rows = [
        (date_format(risk.on, "SHORT_DATE_FORMAT"), chance(share)) for risk, share in zip(known, shares, strict=True)
    ]
    figure = {"data": [line], "layout": layout}
    return Chart(f"risk-history-{name}", _("Risk from week to week"), sentence, figure, [_("Day"), _("Risk")], rows)
