"""Why not this activity? Answered from the same rules and the same model as the list: a rule, a rank, or not known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.public import Activity, Learner
from recommender.models import TargetKind, Version
from recommender.serving import rules
from recommender.serving.recommend import models_for
from recommender.serving.situation import Situation, situation_of

SENTENCES: Mapping[rules.Rule, str | Promise] = {
    rules.in_scope: gettext_lazy("It is not of the kind, or not in the course, that was asked for."),
    rules.not_met: gettext_lazy("The learner has begun or done it already."),
    rules.has_opened: gettext_lazy("It, or its course, is not open yet."),
    rules.has_not_closed: gettext_lazy("It, or its course, is over."),
    rules.fits_enrolments: gettext_lazy("The learner is not enrolled in its course, or is in that course already."),
    rules.has_prerequisites: gettext_lazy("It needs something first that the learner has not met."),
    rules.not_refused: gettext_lazy("The learner said no to it."),
    rules.not_worn_out: gettext_lazy("It was shown many times without effect, and rests for a month."),
    rules.not_excluded: gettext_lazy("The question itself left it out."),
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
    learner: Learner, activity: Activity, *, kind: str = TargetKind.ANY, course: Activity | None = None
) -> WhyNot:
    """What keeps the activity from the top of the learner's list; its rank where nothing does."""
    situation = situation_of(learner, kind=kind, course=course, exclude=())
    for rule, sentence in SENTENCES.items():
        if not Activity.objects.filter(rule(situation), pk=activity.pk).exists():
            return WhyNot("rule", str(sentence), rule=rule.__name__)
    return _rank(situation, activity)


def _rank(situation: Situation, activity: Activity) -> WhyNot:
    for model in models_for(situation):
        history = model.indices_of(situation.history)
        if not len(history):
            continue
        place = model.indices_of(np.array([activity.pk], np.int64))
        if not len(place):
            sentence = _("%(version)s does not know it: it came after the training, or nobody had met it by then.")
            return WhyNot("unknown", sentence % {"version": model.version}, version=model.version)
        scores = model.algorithm.score([history])[0]
        admitted_ids = np.fromiter(rules.admitted(situation).values_list("pk", flat=True), np.int64)
        admitted = scores[model.indices_of(admitted_ids)]
        rank = 1 + int((admitted > scores[place[0]]).sum())
        sentence = _("%(version)s ranks it %(rank)d of %(n)d that are open to the learner.")
        facts = {"version": model.version, "rank": rank, "n": len(admitted)}
        return WhyNot("rank", sentence % facts, rank=rank, n_ranked=len(admitted), version=model.version)
    sentence = _("No model answers for this learner: the list shows what is popular, and this is less so.")
    return WhyNot("no_model", sentence)
