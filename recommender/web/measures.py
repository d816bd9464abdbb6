"""The measures of `recommender.evaluation`, as people read them: label, meaning, and the yardstick beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from recommender.serving.online import OnlineFigures

Figures = Mapping[str, object]

HEADLINE = "ndcg_10"
"""The measure by which versions are compared in lists."""

MEASURES: dict[str, tuple[str | Promise, str | Promise]] = {
    "ndcg": (_("NDCG"), _("how near the top what came next stood; 1 is perfect")),
    "hr": (_("Hit rate"), _("learners whose list held something they did next")),
    "recall": (_("Recall"), _("share of what came next that the list held")),
    "precision": (_("Precision"), _("share of the list that came next")),
    "map": (_("MAP"), _("precision at each thing that came next, on average")),
    "mrr": (_("Mean reciprocal rank"), _("1 / rank of the first thing that came next")),
    "auc": (_("AUC"), _("chance that what came next stands before what did not")),
    "coverage": (_("Coverage"), _("share of all activities that anybody was shown")),
    "novelty": (_("Novelty"), _("how few know what is shown, in bits; 10 is one learner in a thousand")),
    "diversity": (_("Diversity"), _("how seldom two things of one list were met by the same learners")),
    "popularity_lift": (
        _("Popularity lift"),
        _("how much more popular than what the learner chose before; 0 is alike"),
    ),
}

SEGMENTS: dict[str, tuple[str | Promise, str | Promise]] = {
    "new": (_("New learners"), _("at most 4 activities met before")),
    "light": (_("Light learners"), _("5 to 19 activities")),
    "heavy": (_("Heavy learners"), _("20 activities or more")),
}
"""Those of `recommender.evaluation.segments`, in words."""


NEVER_AS_MULTIPLE = {"auc", "novelty", "diversity", "popularity_lift"}
"""Popularity is no yardstick for these: half is not nothing, and nothing may be right."""


@dataclass(frozen=True)
class MetricRow:
    name: str
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
        return self.value / self.baseline if self.baseline and _parts(self.name)[0] not in NEVER_AS_MULTIPLE else None


def label_of(name: str) -> str:
    """`ndcg_10` -> NDCG@10; a measure that the table does not know keeps its name."""
    stem, cutoff = _parts(name)
    if stem not in MEASURES:
        return name
    return f"{MEASURES[stem][0]}@{cutoff}" if cutoff else str(MEASURES[stem][0])


def metric_rows(metrics: Figures, baseline: Figures, incumbent: Figures | None = None) -> list[MetricRow]:
    """The known measures in the order of the table, small cutoffs first."""
    order = list(MEASURES)
    known = [name for name in metrics if _parts(name)[0] in MEASURES]
    known.sort(key=lambda name: (order.index(_parts(name)[0]), len(name), name))
    rows = []
    for name in known:
        value = number(metrics, name)
        if value is not None:
            meaning = MEASURES[_parts(name)[0]][1]
            beside = number(baseline, name), number(incumbent or {}, name)
            rows.append(MetricRow(name, label_of(name), meaning, value, *beside))
    return rows


@dataclass(frozen=True)
class SegmentRow:
    label: str | Promise
    meaning: str | Promise
    n_learners: int
    value: float
    baseline: float | None


def segment_rows(metrics: Figures, baseline: Figures) -> list[SegmentRow]:
    """The headline measure for each segment that has learners."""
    rows = []
    for name, (label, meaning) in SEGMENTS.items():
        n, value = number(metrics, f"{name}_n_learners"), number(metrics, f"{name}_{HEADLINE}")
        if n and value is not None:
            rows.append(SegmentRow(label, meaning, int(n), value, number(baseline, f"{name}_{HEADLINE}")))
    return rows


@dataclass(frozen=True)
class OnlineRow:
    """What learners did with a version's lists: of a channel, or of a segment in words."""

    figures: OnlineFigures
    label: str | Promise = ""
    meaning: str | Promise = ""


def online_rows(figures: Sequence[OnlineFigures]) -> list[OnlineRow]:
    """In their order."""
    return [OnlineRow(one, *SEGMENTS.get(one.segment, ())) for one in figures]


def number(metrics: Figures, name: str) -> float | None:
    value = metrics.get(name)
    return float(value) if isinstance(value, int | float) else None


def _parts(name: str) -> tuple[str, str]:
    """`ndcg_10` -> ndcg, 10; `mrr` -> mrr and no cutoff."""
    stem, _separator, cutoff = name.rpartition("_")
    return (stem, cutoff) if cutoff.isdigit() else (name, "")
