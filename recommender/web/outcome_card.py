"""What was measured of a predictor, as people read it: measures with intervals, days, courses, groups, curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.public import number, percent
from recommender.models import Run
from recommender.web.charts import Chart

Text = str | Promise

MEASURES: dict[str, tuple[Text, Text]] = {
    "roc_auc": ("ROC-AUC", gettext_lazy("chance that who does not finish has the higher risk; 0.5 is guessing")),
    "pr_auc": ("PR-AUC", gettext_lazy("mean precision, highest risks first")),
    "f1": ("F1", gettext_lazy("harmonic mean of precision and recall, at risk from 50%")),
    "precision": (gettext_lazy("Precision"), gettext_lazy("of those flagged, who did not finish")),
    "recall": (gettext_lazy("Recall"), gettext_lazy("of those who did not finish, who was flagged")),
    "accuracy": (gettext_lazy("Accuracy"), gettext_lazy("right either way")),
    "brier": (gettext_lazy("Brier score"), gettext_lazy("mean squared error of the probability; 0 is perfect")),
    "calibration_error": (gettext_lazy("Calibration error"), gettext_lazy("how far told shares are from what came")),
    "lift_5": (gettext_lazy("Lift, top 5%"), gettext_lazy("times more of the top do not finish than of all")),
    "lift_10": (gettext_lazy("Lift, top 10%"), gettext_lazy("times more of the top do not finish than of all")),
    "lift_20": (gettext_lazy("Lift, top 20%"), gettext_lazy("times more of the top do not finish than of all")),
    "days_of_warning": (gettext_lazy("Days of warning"), gettext_lazy("from the first alarm to the end, median")),
    "grade_mae": (gettext_lazy("Grade: absolute error"), gettext_lazy("mean, as a share of the full mark")),
    "grade_mse": (gettext_lazy("Grade: squared error"), gettext_lazy("mean")),
    "grade_r2": (gettext_lazy("Grade: R²"), gettext_lazy("share of the variance that is explained")),
}
GROUP_COLUMNS = ("attribute", "group", "n", "told", "came", "false_alarm_share", "missed_share")
LAYOUT: dict[str, Any] = {
    "margin": {"l": 52, "r": 12, "t": 8, "b": 44},
    "height": 240,
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "font": {"color": "var(--text-soft)", "size": 12},
    "showlegend": False,
}
AXIS = {"gridcolor": "var(--line)", "zeroline": False, "linecolor": "var(--line)", "fixedrange": True, "range": [0, 1]}


@dataclass(frozen=True)
class MeasureRow:
    label: Text
    meaning: Text
    value: str
    interval: str
    baseline: str


@dataclass(frozen=True)
class OutcomeCard:
    measures: list[MeasureRow]
    days: list[tuple[str, ...]]
    courses: list[tuple[str, ...]]
    groups: list[tuple[str, ...]]
    confusion: Mapping[str, str]
    charts: list[Chart]


def outcome_card(run: Run) -> OutcomeCard | None:
    """None for a recommender, or before anything was measured."""
    details = run.data.get("outcomes")
    if not details:
        return None
    lines = details.get("baseline", {"days": {}, "courses": {}})
    return OutcomeCard(
        measures=_measures(run.metrics, run.baseline_metrics, details["intervals"]),
        days=[(day, *_figures(row, lines["days"].get(day))) for day, row in details["days"].items()],
        courses=[(row["course"], *_figures(row, lines["courses"].get(row["course"]))) for row in details["courses"]],
        groups=[_group(row) for row in details["groups"]],
        confusion={name: number(count) for name, count in details["confusion"].items()},
        charts=[
            _roc(details["roc"], run.metrics["roc_auc"]),
            _pr(details["pr"], details["base_share"]),
            _calibration(details["calibration"], run.metrics["calibration_error"]),
        ],
    )


def _measures(
    metrics: Mapping[str, float], baseline: Mapping[str, float], intervals: Mapping[str, Sequence[float]]
) -> list[MeasureRow]:
    return [
        MeasureRow(
            label,
            meaning,
            _number(metrics[name]),
            _between(intervals.get(name)),
            _number(baseline.get(name)),
        )
        for name, (label, meaning) in MEASURES.items()
        if name in metrics
    ]


def _figures(row: Mapping[str, Any], line: float | None) -> tuple[str, ...]:
    """In the order of the columns that `_outcome_parts.html` names."""
    others = ("pr_auc", "f1", "brier", "calibration_error")
    auc = (_number(row["roc_auc"]), _between(row.get("intervals", {}).get("roc_auc")), _number(line))
    return (number(row["n"]), percent(row["base_share"]), *auc, *(_number(row[name]) for name in others))


def _between(bounds: Sequence[float] | None) -> str:
    return "–".join(_number(bound) for bound in bounds or ())


def _group(row: Mapping[str, Any]) -> tuple[str, ...]:
    texts = (row["attribute"], row["group"], number(row["n"]))
    return (*texts, *(percent(row[name], 1) for name in GROUP_COLUMNS[3:]))


def _number(value: float | None) -> str:
    return "–" if value is None else number(value, 4 if abs(value) < 10 else 0)


def _roc(points: Sequence[Sequence[float]], auc: float) -> Chart:
    sentence = _("The area under the curve is %(auc)s; along the dotted line it would be guessing, 0.5.")
    return _curve(
        "roc", _("ROC curve"), sentence % {"auc": _number(auc)}, points,
        (_("Share of false alarms"), _("Share found")), [(0, 0), (1, 1)],
    )  # fmt: skip


def _pr(points: Sequence[Sequence[float]], base_share: float) -> Chart:
    sentence = _("Flagging people at random would be right for %(base)s, the dotted line.")
    return _curve(
        "pr", _("Precision and recall"), sentence % {"base": percent(base_share)}, points,
        (_("Recall"), _("Precision")), [(0, base_share), (1, base_share)],
    )  # fmt: skip


def _calibration(points: Sequence[Sequence[float]], error: float) -> Chart:
    sentence = _("What is told is off by %(error)s on average; on the dotted line what is told is what comes.")
    return _curve(
        "calibration", _("Calibration"), sentence % {"error": percent(error, 1)}, points,
        (_("Risk told"), _("Share that did not finish")), [(0, 0), (1, 1)], with_markers=True,
    )  # fmt: skip


def _curve(
    name: str, title: str, sentence: str, points: Sequence[Sequence[float]], axes: tuple[str, str],
    dotted: list[tuple[float, float]], *, with_markers: bool = False,
) -> Chart:  # fmt: skip
    x, y = [point[0] for point in points], [point[1] for point in points]
    line = {
        "type": "scatter",
        "mode": "lines+markers" if with_markers else "lines",
        "x": x,
        "y": y,
        "line": {"color": "var(--series-1)", "width": 2},
        "hovertemplate": f"{axes[0]} %{{x:.2f}}, {axes[1]} %{{y:.2f}}<extra></extra>",
    }
    guide = {
        "type": "scatter",
        "mode": "lines",
        "x": [point[0] for point in dotted],
        "y": [point[1] for point in dotted],
        "line": {"color": "var(--text-soft)", "width": 1, "dash": "dot"},
        "hoverinfo": "skip",
    }
    layout = LAYOUT | {"xaxis": AXIS | {"title": {"text": axes[0]}}, "yaxis": AXIS | {"title": {"text": axes[1]}}}
    rows = [(number(a, 3), number(b, 3)) for a, b in zip(x, y, strict=True)]
    return Chart(f"chart-{name}", title, sentence, {"data": [guide, line], "layout": layout}, list(axes), rows)
