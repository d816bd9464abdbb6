"""The portrait of a learner: each statement with its number, how many observations it rests on, and how sure it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from statistics import fmean
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from analytics.models import Enrolment, Event, Learner
from analytics.profiles import features
from analytics.profiles.features import RECENT_DAYS, Activeness, CourseProgress, Result, Topic
from analytics.words import number, percent

WEEKDAYS = (
    gettext_lazy("Mondays"),
    gettext_lazy("Tuesdays"),
    gettext_lazy("Wednesdays"),
    gettext_lazy("Thursdays"),
    gettext_lazy("Fridays"),
    gettext_lazy("Saturdays"),
    gettext_lazy("Sundays"),
)
DAY_PARTS = (
    (0, 6, gettext_lazy("at night")),
    (6, 12, gettext_lazy("in the morning")),
    (12, 18, gettext_lazy("in the afternoon")),
    (18, 24, gettext_lazy("in the evening")),
)
"""First hour, hour after the last, words."""
REGULAR_DAYS, OFTEN_DAYS = 4, 12
"""Active days among the last RECENT_DAYS from which somebody counts as regular, as very active."""
MIN_RHYTHM_EVENTS = 20
MIN_TOPIC_EVENTS = 10
MIN_RESULTS = 3
SURE_EVENTS, SURE_RESULTS = 100, 10
"""From here on one more observation hardly changes the statement."""
NOTABLE_CHANGE_SHARE = 0.05
EVENTS, RHYTHM, INTERESTS, RESULTS = "timeline-head", "rhythm-head", "interests-head", "results-head"
"""Ids in templates/analytics/_portrait.html and _timeline.html."""


class Confidence(StrEnum):
    NONE = "none"
    LOW = "low"
    GOOD = "good"

    @property
    def label(self) -> str:
        return {
            Confidence.NONE: _("not enough data yet"),
            Confidence.LOW: _("first indication"),
            Confidence.GOOD: _("well founded"),
        }[self]


def confidence(n: int, enough: int, sure: int) -> Confidence:
    if n < enough:
        return Confidence.NONE
    return Confidence.GOOD if n >= sure else Confidence.LOW


def wanting(n: int, enough: int, sure: int) -> str:
    """In words: how many observations it takes to say something, or to be sure of it."""
    if n < enough:
        return _("There is something to say from %(enough)s on.") % {"enough": number(enough)}
    return "" if n >= sure else _("It is well founded from %(sure)s on.") % {"sure": number(sure)}


@dataclass(frozen=True)
class Statement:
    """One thing that can be said about a learner, and what it rests on."""

    title: str
    value: str
    """A few words; empty if there is not enough data."""
    basis: str
    """What was counted, in words and numbers."""
    n: int
    confidence: Confidence
    wanting: str = ""
    """What would make it surer; empty where nothing would."""
    evidence: str = EVENTS
    """Id of the part of the page that shows what it was made from."""


@dataclass(frozen=True)
class Portrait:
    learner: Learner
    activeness: Activeness
    week: list[list[int]]
    topics: list[Topic]
    courses: list[CourseProgress]
    results: list[Result]
    statements: list[Statement] = field(default_factory=list)

    @property
    def has_hours(self) -> bool:
        """False where the source tells days only: all is at midnight (two hours, with summer time)."""
        hours = {hour for day in self.week for hour, n in enumerate(day) if n}
        return len(hours) > 2


def portrait(
    learner: Learner, events: QuerySet[Event], enrolments: QuerySet[Enrolment], now: datetime, zone: ZoneInfo
) -> Portrait:
    """Of what `events` and `enrolments` hold: the caller leaves out what the reader may not see."""
    drawn = Portrait(
        learner,
        features.activeness(events, now, zone),
        features.week(events, zone),
        features.topics(events, now),
        features.progress(enrolments, events, now),
        features.results(events),
    )
    drawn.statements.extend(
        [say_activeness(drawn.activeness), say_rhythm(drawn), say_interests(drawn.topics), say_results(drawn.results)]
    )
    return drawn


def say_activeness(seen: Activeness) -> Statement:
    if seen.last_at is None:
        return Statement(_("Activity"), "", _("No event yet"), 0, Confidence.NONE)
    value = _("Quiet")
    for least, words in (
        (OFTEN_DAYS, _("Very active")),
        (REGULAR_DAYS, _("Regularly active")),
        (1, _("Occasionally active")),
    ):
        if seen.n_recent_days >= least:
            value = words
            break
    basis = ngettext(
        "%(n)s active day in the last %(days)s, %(before)s in the %(days)s before",
        "%(n)s active days in the last %(days)s, %(before)s in the %(days)s before",
        seen.n_recent_days,
    ) % {"n": seen.n_recent_days, "days": RECENT_DAYS, "before": seen.n_days_before}
    bounds = seen.n_events, 1, SURE_EVENTS
    return Statement(_("Activity"), value, basis, seen.n_events, confidence(*bounds), wanting(*bounds))


def say_rhythm(drawn: Portrait) -> Statement:
    n_events = drawn.activeness.n_events
    bounds = n_events, MIN_RHYTHM_EVENTS, SURE_EVENTS
    sure, lack = confidence(*bounds), wanting(*bounds)
    if sure == Confidence.NONE:
        return Statement(_("Rhythm"), "", _events(n_events), n_events, sure, lack)
    by_day = [sum(hours) for hours in drawn.week]
    busiest = max(range(7), key=by_day.__getitem__)
    day = WEEKDAYS[busiest]
    if not drawn.has_hours:
        share = percent(by_day[busiest] / n_events)
        basis = _("%(share)s of %(n)s events; the source tells days, not hours") % {
            "share": share,
            "n": number(n_events),
        }
        return Statement(_("Rhythm"), _("Most on %(day)s") % {"day": day}, basis, n_events, sure, lack, RHYTHM)
    part_of_day, part_share = _busiest_part(drawn.week, n_events)
    basis = _("%(share)s of %(n)s events") % {"share": percent(part_share), "n": number(n_events)}
    value = _("Mostly %(part)s, most on %(day)s") % {"part": part_of_day, "day": day}
    return Statement(_("Rhythm"), value, basis, n_events, sure, lack, RHYTHM)


def say_interests(found: Sequence[Topic]) -> Statement:
    n_events = sum(topic.n_events for topic in found)
    bounds = n_events, MIN_TOPIC_EVENTS, SURE_EVENTS
    sure, lack = confidence(*bounds), wanting(*bounds)
    if sure == Confidence.NONE:
        return Statement(_("Interests"), "", _events(n_events), n_events, sure, lack)
    first = found[0]
    basis = _("%(share)s of the weight of %(n)s events, recent ones weighing more") % {
        "share": percent(first.weight_share),
        "n": number(n_events),
    }
    named = ", ".join(topic.name for topic in found[:3])
    return Statement(_("Interests"), named, basis, n_events, sure, lack, INTERESTS)


def say_results(found: Sequence[Result]) -> Statement:
    n_results = len(found)
    bounds = n_results, MIN_RESULTS, SURE_RESULTS
    sure, lack = confidence(*bounds), wanting(*bounds)
    counted = ngettext("%(n)s result", "%(n)s results", n_results) % {"n": n_results}
    if sure == Confidence.NONE:
        return Statement(_("Results"), "", counted, n_results, sure, lack)
    values = [result.result_share for result in found]
    value = _("%(mean)s on average") % {"mean": percent(fmean(values))}
    change = fmean(values[n_results // 2 :]) - fmean(values[: n_results // 2])
    trend = _("steady")
    if abs(change) >= NOTABLE_CHANGE_SHARE:
        trend = _("rising") if change > 0 else _("falling")
    basis = _("%(results)s; the later half against the earlier: %(trend)s") % {"results": counted, "trend": trend}
    return Statement(_("Results"), value, basis, n_results, sure, lack, RESULTS)


def summary(drawn: Portrait) -> str:
    """The portrait in one sentence."""
    last_at = drawn.activeness.last_at
    name = str(drawn.learner)
    if last_at is None:
        return _("Nothing is known of %(name)s yet: no event has come in.") % {"name": name}
    level = drawn.statements[0].value.lower()
    return _("%(name)s is %(level)s, last seen on %(day)s, with %(done)s of %(parts)s activities done.") % {
        "name": name,
        "level": level,
        "day": date_format(last_at, "DATE_FORMAT"),
        "done": number(sum(course.n_done for course in drawn.courses)),
        "parts": number(sum(course.n_parts for course in drawn.courses)),
    }


def _busiest_part(week: list[list[int]], n_events: int) -> tuple[str, float]:
    totals = [(sum(sum(hours[start:end]) for hours in week), str(words)) for start, end, words in DAY_PARTS]
    n_most, words = max(totals, key=lambda total: total[0])
    return words, n_most / n_events


def _events(n: int) -> str:
    return ngettext("%(n)s event", "%(n)s events", n) % {"n": number(n)}
