"""What a learner may answer to a recommendation, and where a list of them comes from, in words."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from recommender.models import FeedbackAction
from recommender.serving.recommend import Answer


@dataclass(frozen=True)
class Offer:
    """One button: what it says, and what will happen because of it."""

    action: FeedbackAction
    label: str | Promise
    promise: str | Promise

    def promise_for(self, activity: object) -> str:
        return str(self.promise) % {"activity": activity}


OFFERS = {
    offer.action.value: offer
    for offer in (
        Offer(
            FeedbackAction.DISMISS,
            gettext_lazy("Not for me"),
            gettext_lazy("%(activity)s will not be suggested to you again."),
        ),
        Offer(
            FeedbackAction.NOT_NOW,
            gettext_lazy("Not now"),
            gettext_lazy("%(activity)s stays away for a week."),
        ),
    )
}

FALLBACKS = {
    "popular_in_your_courses": gettext_lazy("What many learners do lately in the same courses."),
    "first_in_your_courses": gettext_lazy("The beginning of the courses: nobody has worked in them lately."),
    "popular": gettext_lazy("What many learners do lately."),
}


def source_sentence(answer: Answer) -> str:
    """Where the list comes from: a version, or the fallback by its name."""
    if answer.fallback:
        name = str(FALLBACKS.get(answer.fallback, answer.fallback))
        return _("%(source)s No trained version knows enough of the learner yet.") % {"source": name}
    if answer.version and any(one.source == "model_by_courses" for one in answer.recommendations):
        return _("Chosen from the learner's courses by version %(number)s: nothing was met yet.") % {
            "number": answer.version.number
        }
    if answer.version:
        return _("Chosen from the learning history by version %(number)s.") % {"number": answer.version.number}
    return answer.source
