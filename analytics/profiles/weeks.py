"""The weeks of a learner, told so that nobody is put to shame: what was, never what was missed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.models import Learner, LearnerDay
from analytics.profiles.portrait import Portrait
from analytics.words import number

SHOWN = 12


@dataclass(frozen=True)
class Week:
    monday: date
    n_days: int
    """Days with an event, 0 to 7."""


@dataclass(frozen=True)
class Weeks:
    weeks: list[Week]
    """Oldest first, the running one last."""
    n_in_a_row: int
    """Weeks with an event up to now; the running week counts once it has one, and ends nothing before that."""

    @property
    def n_active(self) -> int:
        return sum(week.n_days > 0 for week in self.weeks)

    @property
    def sentence(self) -> str:
        if self.n_in_a_row >= 2:
            return _("You have been here %(n)s weeks in a row.") % {"n": self.n_in_a_row}
        if self.n_active:
            return ngettext(
                "You were here in %(n)s of the last %(all)s weeks; what you did stays done.",
                "You were here in %(n)s of the last %(all)s weeks; what you did stays done.",
                self.n_active,
            ) % {"n": self.n_active, "all": len(self.weeks)}
        return _("Everything is where you left it: any day is a good one to go on.")


def weeks_of(learner: Learner, today: date) -> Weeks:
    """From the day tables, in UTC days; one query."""
    first = today - timedelta(days=today.weekday() + 7 * (SHOWN - 1))
    days = LearnerDay.objects.filter(learner=learner, on__range=(first, today))
    return counted(days.order_by().values_list("on", flat=True).distinct(), first)


def counted(days: Iterable[date], first: date) -> Weeks:
    """Of distinct days from the Monday `first` on, for SHOWN weeks."""
    n_days = [0] * SHOWN
    for on in days:
        n_days[(on - first).days // 7] += 1
    in_a_row = 0
    for place, n in enumerate(reversed(n_days)):
        if n:
            in_a_row += 1
        elif place:  # the running week may still come
            break
    return Weeks([Week(first + timedelta(days=7 * place), n) for place, n in enumerate(n_days)], in_a_row)


def own_summary(drawn: Portrait) -> str:
    """The learner's own page in one sentence."""
    n_done = sum(course.n_done for course in drawn.courses)
    n_parts = sum(course.n_parts for course in drawn.courses)
    if not drawn.activeness.n_events:
        return _("Your page fills as soon as you open the first activity.")
    if not n_parts:
        return _("You are enrolled in no course at the moment; what you did is kept below.")
    return _("You have done %(done)s of %(parts)s activities in your courses; what could come next stands below.") % {
        "done": number(n_done),
        "parts": number(n_parts),
    }
