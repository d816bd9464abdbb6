"""Are the data fit to learn from? Asked before a training, answered in sentences.

What points at a broken import stops the training, because a model of half the data would be measured on half the
questions and pass. What may as well be the end of a term is told and stops nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from django.conf import settings
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from analytics.public import Activity, Kind, Organisation, number, percent
from recommender.day_history import N_DAYS, Days, Histogram, PastImport, recent_days, recent_imports
from recommender.evaluation.drift import stability_index
from recommender.evaluation.findings import Finding

Counts = NDArray[np.int64]

WEEK = 7
LEAST_A_WEEK = 100
"""Events: fewer change by chance alone."""
LOST_SHARE, KEPT_SHARE = 0.4, 0.7
"""A kind that lost so much, while everything else kept so much, was lost on the way and not by people."""
REJECTED_SHARE, LEAST_REJECTED = 0.4, 100
NEW_SHARE = 0.5
BROKEN_SHIFT = 1.0
"""Stability index of results from which not people have changed, but the scale: points came in as shares."""
LEAST_DAYS = 200
"""Days of learners on either side: of fewer the index is mostly chance."""
DISTANCE = 0.25
"""Total variation between the shares of kinds, last week and before: 0 alike, 1 nothing in common."""


def look(organisation: Organisation, course: Activity | None = None) -> list[Finding]:
    """Every check, the stopping ones first. At most ten queries, all on day tables."""
    return examine(recent_days(organisation, course), recent_imports(organisation))


def examine(days: Days, imports: Sequence[PastImport]) -> list[Finding]:
    """The same of what was read: no clock, no database."""
    return [
        _imports(imports),
        _missing_days(days),
        _lost_kinds(days),
        _lost_results(days),
        _volume(days),
        _mixture(days),
        _newcomers(days),
        *_shifts(days),
    ]


def _imports(imports: Sequence[PastImport]) -> Finding:
    name = "imports"
    for past in imports:
        if past.is_failed:
            sentence = _("The import %(name)s of %(on)s failed: correct it, or roll it back.")
            return Finding(name, False, sentence % {"name": past.name, "on": past.at.date()}, stops=past.n_read > 0)
        if past.n_rejected >= LEAST_REJECTED and past.n_rejected > REJECTED_SHARE * past.n_read:
            sentence = _("The import %(name)s of %(on)s lost %(share)s of its rows, most of them as %(code)s.")
            facts = {"share": percent(past.n_rejected / past.n_read), "code": past.commonest_code}
            return Finding(name, False, sentence % {"name": past.name, "on": past.at.date(), **facts})
    return Finding(name, True, _("No import of the last seven days failed or lost many rows."))


def _missing_days(days: Days) -> Finding:
    """A day without events between days with some, though its weekday had some in every week before."""
    total = days.total
    seen = np.flatnonzero(total)
    missing = []
    for day in range(N_DAYS - 2 * WEEK, N_DAYS):
        before = total[day - WEEK :: -WEEK]
        is_inside = len(seen) > 0 and seen[0] < day < seen[-1]
        if total[day] == 0 and is_inside and (before > 0).all():
            missing.append(days.last_on.toordinal() - (N_DAYS - 1 - day))
    if not missing:
        return Finding("missing_days", True, _("No day of the last two weeks is missing."))
    on = ", ".join(str(type(days.last_on).fromordinal(ordinal)) for ordinal in missing)
    sentence = _("No events at all on %(on)s, though the same weekdays had some in every week before: import them.")
    return Finding("missing_days", False, sentence % {"on": on})


def _lost_kinds(days: Days) -> Finding:
    for kind, n_events in days.n_events.items():
        if _is_lost(n_events, days.total - n_events):
            sentence = _(
                "Events of the kind %(kind)s fell by %(share)s against the leanest of the four weeks before, and all "
                "the others did not: a part of the data is missing."
            )
            facts = {"kind": Kind(kind).label, "share": percent(1 - _week(n_events) / _leanest_before(n_events))}
            return Finding("lost_kinds", False, sentence % facts)
    return Finding("lost_kinds", True, _("Every kind of activity that had events has them still."))


def _lost_results(days: Days) -> Finding:
    if not _is_lost(days.n_results, days.total):
        return Finding("lost_results", True, _("Results came in as events did."))
    sentence = _(
        "The last week has %(share)s fewer results than the leanest of the four before, while events came in as usual."
    )
    share = percent(1 - _week(days.n_results) / _leanest_before(days.n_results))
    return Finding("lost_results", False, sentence % {"share": share})


def _is_lost(part: Counts, rest: Counts) -> bool:
    """The part fell far below every week before, the rest did not: people alone seldom do that."""
    usual = _leanest_before(part)
    is_down = usual >= LEAST_A_WEEK and _week(part) < (1 - LOST_SHARE) * usual
    return bool(is_down and 0 < KEPT_SHARE * _weekly_before(rest) <= _week(rest))


def _volume(days: Days) -> Finding:
    now, before = _week(days.total), _weekly_before(days.total)
    facts = {"now": number(round(now)), "before": number(round(before))}
    sentence = _("%(now)s events in the last week, %(before)s a week before.") % facts
    is_usual = before < LEAST_A_WEEK or 0.5 * before <= now <= 2 * before
    return Finding("volume", bool(is_usual), sentence, stops=False)


def _mixture(days: Days) -> Finding:
    now = np.array([_week(n_events) for n_events in days.n_events.values()])
    before = np.array([_weekly_before(n_events) for n_events in days.n_events.values()])
    if now.sum() < LEAST_A_WEEK or before.sum() < LEAST_A_WEEK:
        return Finding("mixture", True, _("Too few events to compare what kinds of activity they are of."), stops=False)
    distance = float(np.abs(now / now.sum() - before / before.sum()).sum() / 2)
    sentence = _("%(share)s of the last week's events are of other kinds of activity than in the four weeks before.")
    return Finding("mixture", distance <= DISTANCE, sentence % {"share": percent(distance)}, stops=False)


def _newcomers(days: Days) -> Finding:
    learners, activities = (
        _share(days.n_new_learners, days.n_learners),
        _share(days.n_new_activities, days.n_activities),
    )
    sentence = _("Of the last week's learners %(learners)s were new, of its activities %(activities)s.")
    facts = {"learners": percent(learners), "activities": percent(activities)}
    return Finding("newcomers", max(learners, activities) <= NEW_SHARE, sentence % facts, stops=False)


def _shifts(days: Days) -> list[Finding]:
    """One finding for each measure whose values are many enough to have a shape."""
    words = {
        "events": _("events of a learner's day"),
        "activities": _("activities of a learner's day"),
        "time": _("times of a learner's day"),
        "results": _("results of a learner's day"),
    }
    return [
        _shift(name, words[name], histogram)
        for name, histogram in days.histograms.items()
        if min(histogram.n) >= LEAST_DAYS
    ]


def _shift(name: str, words: str, histogram: Histogram) -> Finding:
    index, most = stability_index(histogram.before, histogram.now), settings.NEURALINK_DRIFT_PERCENT / 100
    sentence = _(
        "The %(measure)s of the last week beside the four before: stability index %(index).2f, %(most).2f is much."
    )
    facts = {"measure": words, "index": index, "most": most}
    if name == "results" and index >= max(BROKEN_SHIFT, most):
        before, now = histogram.means
        sentence = _(
            "The results of the last week lie elsewhere than before (mean %(now).2f after %(before).2f, stability "
            "index %(index).2f): another scale, it seems. Correct the import's unit or full mark."
        )
        return Finding("shift_results", False, sentence % (facts | {"before": before, "now": now}))
    return Finding(f"shift_{name}", index < most, sentence % facts, stops=False)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _week(n: Counts) -> float:
    return float(n[-WEEK:].sum())


def _weekly_before(n: Counts) -> float:
    """Mean of the four weeks before the last."""
    return float(n[:-WEEK].sum() / ((N_DAYS - WEEK) / WEEK))


def _leanest_before(n: Counts) -> float:
    """The smallest of those four."""
    return float(n[:-WEEK].reshape(-1, WEEK).sum(axis=1).min())
