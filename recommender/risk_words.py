"""A risk's factors in words: what is true of the learner, beside the peers who run the same course."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.public import number, percent
from recommender.outcomes.factors import TELLINGS, FactorShare


def words_of(share: FactorShare) -> str:
    """One sentence without a full stop, in the reader's language; empty for a factor of another release."""
    builder = _BUILDERS.get(share["feature"])
    if builder is None or share["value"] is None:
        return ""
    sentence = builder(share["value"])
    if share["peers_value"] is None or share["feature"] in _WITHOUT_PEERS:
        return sentence
    peers = _shown(share["feature"], share["peers_value"])
    return _("%(sentence)s; peers at this point: %(peers)s") % {"sentence": sentence, "peers": peers}


def _shown(feature: str, value: float) -> str:
    if TELLINGS[feature].unit == "share":
        return percent(value)
    if TELLINGS[feature].unit == "days":
        return ngettext("%(n)s day", "%(n)s days", round(value)) % {"n": number(value)}
    return number(value)


def _pause(days: float) -> str:
    if days < 1:
        return _("active today")
    return ngettext("no activity for %(n)s day", "no activity for %(n)s days", round(days)) % {"n": number(days)}


def _active_days(n: float) -> str:
    return ngettext("active on %(n)s day so far", "active on %(n)s days so far", round(n)) % {"n": number(n)}


def _recent_activity(n: float) -> str:
    if n < 1:
        return _("nothing done in the last two weeks")
    text = ngettext("%(n)s event in the last two weeks", "%(n)s events in the last two weeks", round(n))
    return text % {"n": number(n)}


def _materials(n: float) -> str:
    return ngettext("opened %(n)s material", "opened %(n)s materials", round(n)) % {"n": number(n)}


def _missing_work(n: float) -> str:
    if n < 1:
        return _("nothing missing that is due")
    return ngettext("%(n)s assessment missing", "%(n)s assessments missing", round(n)) % {"n": number(n)}


def _punctuality(days: float) -> str:
    early = ngettext(
        "hands in %(n)s day before the due date", "hands in %(n)s days before the due date", abs(round(days))
    )
    late = ngettext("hands in %(n)s day late", "hands in %(n)s days late", abs(round(days)))
    if round(days) == 0:
        return _("hands in on the due date")
    return (early if days > 0 else late) % {"n": number(abs(days))}


def _results(share: float) -> str:
    return _("mean result %(share)s") % {"share": percent(share)}


def _rhythm(share: float) -> str:
    return _("active in %(share)s of the weeks") % {"share": percent(share)}


def _enrolled_early(days: float) -> str:
    n = abs(round(days))
    if n == 0:
        return _("enrolled on the first day")
    early = ngettext("enrolled %(n)s day before the beginning", "enrolled %(n)s days before the beginning", n)
    late = ngettext("enrolled %(n)s day after the beginning", "enrolled %(n)s days after the beginning", n)
    return (early if days > 0 else late) % {"n": number(n)}


def _earlier_courses(share: float) -> str:
    return _("finished %(share)s of the courses taken before") % {"share": percent(share)}


def _attempt(n: float) -> str:
    named = {2: _("second attempt at this course"), 3: _("third attempt at this course")}
    return named.get(round(n)) or _("attempt number %(n)s at this course") % {"n": number(n)}


def _parallel_courses(n: float) -> str:
    if n < 1:
        return _("takes no other course now")
    text = ngettext("takes %(n)s other course at the same time", "takes %(n)s other courses at the same time", round(n))
    return text % {"n": number(n)}


def _course(share: float) -> str:
    return _("%(share)s did not finish earlier runs of this course") % {"share": percent(share)}


_WITHOUT_PEERS = {
    *("course", "earlier_courses", "attempt", "parallel_courses", "missing_work", "punctuality", "enrolled_early"),
}
"""Of these the peers' value is the same for all, or says nothing beside the learner's."""

_BUILDERS: dict[str, Callable[[float], str]] = {
    "pause": _pause,
    "active_days": _active_days,
    "recent_activity": _recent_activity,
    "materials": _materials,
    "missing_work": _missing_work,
    "punctuality": _punctuality,
    "results": _results,
    "rhythm": _rhythm,
    "enrolled_early": _enrolled_early,
    "earlier_courses": _earlier_courses,
    "attempt": _attempt,
    "parallel_courses": _parallel_courses,
    "course": _course,
}
