"""Whose risks somebody may hear of: staff as far as they see learners and courses, a learner by the policy."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from analytics.public import Activity, Enrolment, InvalidInput, Member, Organisation, Role
from recommender.models import Intervention, LearnerView, OutcomePolicy

CASE_ROLES = (Role.ADMINISTRATOR, Role.INSTRUCTOR)
"""Who works on cases."""


def today(organisation: Organisation) -> datetime.date:
    """The day of the organisation's clock, in its own time zone."""
    return organisation.now().astimezone(ZoneInfo(organisation.time_zone)).date()


def enrolments_seen(member: Member) -> QuerySet[Enrolment]:
    """Enrolments of which the member may hear the whole risk.

    Instructors: in courses that they teach. Learners: their own, where the policy shows them everything.
    """
    enrolments = Enrolment.objects.filter(organisation_id=member.organisation_id)
    if member.sees_everything:
        return enrolments
    if member.role == Role.INSTRUCTOR:
        return enrolments.filter(course__in=member.courses.values("pk"))
    if OutcomePolicy.of(member.organisation).learner_sees != LearnerView.FULL:
        return enrolments.none()
    return own_enrolments(member)


def interventions_seen(member: Member) -> QuerySet[Intervention]:
    """What was done for the enrolments of which the member may hear."""
    rows = Intervention.objects.filter(organisation=member.organisation)
    return rows if member.sees_everything else rows.filter(enrolment__in=enrolments_seen(member))


def own_enrolments(member: Member) -> QuerySet[Enrolment]:
    """A learner's; nobody's where no learner belongs to the login."""
    return Enrolment.objects.filter(organisation_id=member.organisation_id, learner__members=member)


def courses_seen(member: Member) -> QuerySet[Activity]:
    return Activity.objects.visible_to(member).courses()


def chosen_enrolments(seen: QuerySet[Enrolment], ids: list[int], most: int) -> list[Enrolment]:
    """Of the enrolments that are seen those with these ids, with learner and course: for one action on all of them.

    Raises:
        InvalidInput: none, too many, or some that the member does not see; nothing may be done then.
    """
    if not ids:
        raise InvalidInput(_("Nobody is chosen. Choose at least one learner."), "enrolments")
    if len(ids) > most:
        raise InvalidInput(
            _("%(n)s learners are chosen; at most %(most)s may be. Choose fewer.") % {"n": len(ids), "most": most},
            "enrolments",
        )
    rows = seen.filter(pk__in=ids).select_related("organisation", "learner", "course").order_by("pk")
    found = list(rows.prefetch_related("learner__members__login"))
    if len(found) != len(set(ids)):
        raise InvalidInput(_("Some of the chosen enrolments are not there, or not yours to see."), "enrolments")
    return found
