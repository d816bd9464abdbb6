"""The measures of `recommender.evaluation`, as people read them: label, meaning, and the yardstick beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Figures = Mapping[str, object]

HEADLINE = "ndcg_10"
"""The measure by which versions are compared in lists."""

MEASURES: dict[str, tuple[str | Promise, str | Promise]] = {
    "ndcg": (_("NDCG"), _("how near the top what came next stood; 1 is perfect")),
    "hr": (_("Hit rate"), _("learners whose list held something they did next")),
    "recall": (_("Recall"), _("share of what came next that the list held")),
    "mrr": (_("Mean reciprocal rank"), _("1 / rank of the first thing that came next")),
    "coverage": (_("Coverage"), _("share of all activities that anybody was shown")),
}


@dataclass(frozen=True)
class MetricRow:
    label: str
    meaning: str | Promise
    value: float
    baseline: float | None
    """Popularity on the same split."""
    incumbent: float | None
    """The version in use at that time, where it was measured on the same split."""

    @property
    def times(self) -> float | None:
        """The value as a multiple of the baseline's."""
        return self.value / self.baseline if self.baseline else None


def label_of(name: str) -> str:
    """`ndcg_10` -> NDCG@10; a measure that the table does not know keeps its name."""
    stem, _separator, cutoff = name.partition("_")
    if stem not in MEASURES or (cutoff and not cutoff.isdigit()):
        return name
    return f"{MEASURES[stem][0]}@{cutoff}" if cutoff else str(MEASURES[stem][0])


def metric_rows(metrics: Figures, baseline: Figures, incumbent: Figures | None = None) -> list[MetricRow]:
    """The known measures in the order of the table, small cutoffs first."""
    order = list(MEASURES)
    known = [name for name in metrics if _stem(name) in MEASURES]
    known.sort(key=lambda name: (order.index(_stem(name)), len(name), name))
    rows = []
    for name in known:
        value = number(metrics, name)
        if value is not None:
            meaning = MEASURES[_stem(name)][1]
            beside = number(baseline, name), number(incumbent or {}, name)
            rows.append(MetricRow(label_of(name), meaning, value, *beside))
    return rows


def number(metrics: Figures, name: str) -> float | None:
    value = metrics.get(name)
    return float(value) if isinstance(value, int | float) else None


def _stem(name: str) -> str:
    """`ndcg_10` -> ndcg."""
    return name.partition("_")[0]
