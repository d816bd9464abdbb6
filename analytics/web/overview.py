"""The overview: how the organisation (or an instructor's part of it) is doing."""

from __future__ import annotations

from datetime import date

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics import charts
from analytics.access import MemberRequest, roles_required
from analytics.aggregates import overview as parts
from analytics.aggregates.overview import Courses, Headline
from analytics.aggregates.period import Period
from analytics.aggregates.query import Dimension, Query
from analytics.models import Learner, Organisation
from analytics.web.attention import needs_attention
from analytics.web.scope import STAFF, courses_seen, period_choice
from analytics.words import full_stop, number, percent

NOTABLE_SHARE = 0.03
"""A change that is worth a word: of learners and completions their share, of results three points."""


@roles_required(*STAFF)
def overview(request: MemberRequest) -> HttpResponse:
    member = request.member
    choice = period_choice(request, member)
    context = {**choice, **overview_context(member.organisation, choice["period"], courses_seen(member))}
    context["attention"] = needs_attention(member, choice["period"])
    return render(request, "analytics/overview.html", context)


def overview_context(organisation: Organisation, period: Period, courses: Courses) -> dict[str, object]:
    headlines = parts.headlines(organisation, period, courses)
    freshness = parts.freshness(organisation)
    by_day = Query(organisation, ["learners", "events", "completions"], period, Dimension.DAY, courses)
    return {
        "headlines": headlines,
        "answer": answer(headlines, period, freshness.last_on),
        "freshness": freshness,
        # People and catalogue may come before anything happens.
        "n_waiting": Learner.objects.filter(organisation=organisation).count() if freshness.last_on is None else 0,
        "by_day": charts.activity_by_day(by_day.rows(), is_last_partial=organisation.as_of is None),
        # The hours are known of the organisation as a whole only.
        "week": charts.rhythm(parts.week(organisation, period), "week") if courses is None else None,
        "movers": parts.movers(organisation, period, courses),
    }


def answer(headlines: list[Headline], period: Period, last_on: date | None) -> str:
    """The page in one sentence: whether learning goes well, who was here, and what they finished.

    `last_on` is the last day with an event: where the period has none, it says where to look.
    """
    by_name = {headline.measure.name: headline for headline in headlines}
    learners, completions = by_name["learners"], by_name["completions"]
    n_learners, n_completions = int(learners.value or 0), int(completions.value or 0)
    when = _("so far") if period.is_everything else _("in the last %(n)s days") % {"n": period.n_days}
    if not n_learners:
        if last_on is None or period.is_everything or last_on >= period.first_on:
            return _("Nobody was active %(when)s.") % {"when": when}
        told = {"when": when, "on": date_format(last_on, "DATE_FORMAT")}
        return _("Nobody was active %(when)s; the last event was on %(on)s. “All” shows what there is.") % told
    said = ngettext(
        "%(learners)s learner was active %(when)s and completed %(completions)s activities",
        "%(learners)s learners were active %(when)s and completed %(completions)s activities",
        n_learners,
    ) % {
        "learners": number(n_learners),
        "when": when,
        "completions": number(n_completions),
    }
    return judged(by_name) + full_stop(f"{said}{_compared(learners)}")


def judged(by_name: dict[str, Headline]) -> str:
    """Whether learning goes well, from the changes of who came, what was finished and how results were."""
    changes = [by_name["learners"].change_share, by_name["completions"].change_share]
    if None in changes:
        return ""
    known = [change for change in (*changes, by_name["result_share"].change_points) if change is not None]
    rises, falls = max(known) >= NOTABLE_SHARE, min(known) <= -NOTABLE_SHARE
    if rises and falls:
        return _("Learning goes partly better, partly worse than before: ")
    if rises:
        return _("Learning is picking up: ")
    return _("Learning is slowing down: ") if falls else _("Learning goes on as before: ")


def _compared(headline: Headline) -> str:
    change = headline.change_share
    if change is None:
        return ""
    if not round(abs(change), 2):
        return _(", with as many learners as in the period before")
    words = (
        _(", %(percent)s more learners than before") if change > 0 else _(", %(percent)s fewer learners than before")
    )
    return words % {"percent": percent(abs(change))}
