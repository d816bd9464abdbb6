"""A risk in sentences: for staff as it is, for the learner only what helps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from analytics.public import full_stop
from recommender.outcomes.factors import FactorShare
from recommender.risk_words import words_of

STEPS: Mapping[str, str | Promise] = {
    "pause": _("Come back for a short visit: half an hour is enough to find the thread again."),
    "active_days": _("Plan two short sittings this week; little and often carries further than much at once."),
    "recent_activity": _("Choose one activity for today, the smallest one that is open."),
    "materials": _("Open the next material of the course, even if only to see what it is about."),
    "missing_work": _("Hand in what is still open. If a deadline has passed, ask: much can still be arranged."),
    "punctuality": _("Begin with the next assessment some days before it is due."),
    "results": _("Look once more at the results that were hard, or ask for help with them."),
    "rhythm": _("Choose a fixed hour in the week for this course."),
}
"""What a learner can do something about. The rest (who else failed, what was taken before) only discourages."""


def sentence(share: FactorShare) -> str:
    """One factor in words; empty for one of another release."""
    words = words_of(share)
    return full_stop(f"{words[:1].upper()}{words[1:]}") if words else ""


def sentences(shares: Sequence[FactorShare]) -> list[str]:
    """For staff, strongest first, each beside the peers' value where that says something."""
    return [told for share in shares if (told := sentence(share))]


def own_shares(shares: Sequence[FactorShare]) -> list[FactorShare]:
    """What a learner may hear of: never beside others, and nothing that cannot be changed."""
    return [FactorShare(**(share | {"peers_value": None})) for share in shares if share["feature"] in STEPS]


def own_sentences(shares: Sequence[FactorShare]) -> list[str]:
    return sentences(own_shares(shares))


def own_steps(shares: Sequence[FactorShare]) -> list[str]:
    """For the learner: what would help, strongest first, as something to do and not as a fault."""
    return [str(STEPS[share["feature"]]) for share in shares if share["feature"] in STEPS]
