"""Why not this activity? Answered from the same rules and the same model as the list: a rule, a rank, or not known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.public import Activity, Learner
from recommender.models import TargetKind, Version
from recommender.serving import rules
from recommender.serving.live import LiveModel
from recommender.serving.personal import Named
from recommender.serving.popular import popular_in_your_courses
from recommender.serving.scoring import Scored, models_for, scored, scored_by_courses
from recommender.serving.situation import Situation, situation_of

SENTENCES: Mapping[str, str | Promise] = {
    "in_scope": gettext_lazy("It is not of the kind, or not in the course, that was asked for."),
    "not_met": gettext_lazy("The learner has begun or done it already."),
    "has_opened": gettext_lazy("It, or its course, is not open yet."),
    "has_not_closed": gettext_lazy("It, or its course, is over."),
    "fits_enrolments": gettext_lazy("The learner is not enrolled in its course, or is in that course already."),
    "has_prerequisites": gettext_lazy("It needs something first that the learner has not met."),
    "not_blocked": gettext_lazy("A list rule of the organisation blocks it."),
    "not_refused": gettext_lazy("The learner said no to it."),
    "not_worn_out": gettext_lazy("It was shown many times without effect, and rests for a month."),
    "not_excluded": gettext_lazy("The question itself left it out."),
}


@dataclass(frozen=True)
class WhyNot:
    cause: str  # "rule", "rank", "unknown" or "no_model"
    sentence: str
    rule: str | None = None
    rank: int | None = None  # among all that the rules admit, 1 is the best
    n_ranked: int | None = None
    version: Version | None = None


def why_not(
    learner: Learner | Named, activity: Activity, *, kind: str = TargetKind.ANY, course: Activity | None = None
) -> WhyNot:
    """What keeps the activity from the top of the learner's list; its rank where nothing does.

    Raises:
        Learner.DoesNotExist: there is none of that name.
    """
    situation = situation_of(learner, kind=kind, course=course, exclude=())
    rule = rules.first_against(situation, activity)
    if rule is not None:
        return WhyNot("rule", str(SENTENCES[rule]), rule=rule)
    return _rank(situation, activity)


def _rank(situation: Situation, activity: Activity) -> WhyNot:
    found = _rank_by(scored, situation, activity)
    if found is None and not popular_in_your_courses(situation, 1):
        found = _rank_by(scored_by_courses, situation, activity)
    sentence = _("No model answers for this learner: the list shows what is popular, and this is less so.")
    return found or WhyNot("no_model", sentence)


def _rank_by(
    ask: Callable[[LiveModel, Situation], Scored | None], situation: Situation, activity: Activity
) -> WhyNot | None:
    """By the first model that answers."""
    for model in models_for(situation):
        found = ask(model, situation)
        if found is None:
            continue
        place = model.indices_of(np.array([activity.pk], np.int64))
        if not len(place):
            sentence = _("%(version)s does not know it: it came after the training, or nobody had met it by then.")
            return WhyNot("unknown", sentence % {"version": model.version}, version=model.version)
        asked = found.strengths[found.places_of(place)]
        open_ids = np.array(rules.admitted_ids(situation), np.int64)
        admitted = found.strengths[found.places_of(model.indices_of(open_ids))]
        rank = 1 + int((admitted > asked).sum())
        sentence = _("%(version)s ranks it %(rank)d of %(n)d that are open to the learner.")
        facts = {"version": model.version, "rank": rank, "n": len(admitted)}
        return WhyNot("rank", sentence % facts, rank=rank, n_ranked=len(admitted), version=model.version)
    return None
