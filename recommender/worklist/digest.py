"""The weekly mail with which instructors begin their week: once a week and member, whatever dies in between."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.public import JobState, Member, Organisation, Role, chance, number, wake
from recommender.models import Mail, OutcomePolicy, Risk
from recommender.worklist.post import name_of_member, send_again
from recommender.worklist.rows import Worklist, in_order, last_day, with_names
from recommender.worklist.words import sentences

N_NAMED = 10
N_SENTENCES = 2


def queue_due_digests() -> int:
    """Write the digests that are due and not written yet, and try again what failed; how many those are."""
    n_queued = 0
    for organisation in Organisation.objects.filter(members__role=Role.INSTRUCTOR).distinct():
        policy = OutcomePolicy.of(organisation)
        week_on = week_of(organisation)
        if policy.sends_digest and is_due(organisation, policy) and last_day(organisation) is not None:
            n_queued += sum(queue_digest(member, week_on) for member in without_digest(organisation, week_on))
            n_queued += sum(send_again(organisation, pk) for pk in failed(organisation, week_on))
    return n_queued


def week_of(organisation: Organisation) -> datetime.date:
    """The Monday of the organisation's week, by its own clock: an archive that stands still has one week."""
    here = organisation.now().astimezone(ZoneInfo(organisation.time_zone)).date()
    return here - datetime.timedelta(days=here.weekday())


def is_due(organisation: Organisation, policy: OutcomePolicy) -> bool:
    """The weekday and hour of the policy have come this week."""
    here = organisation.now().astimezone(ZoneInfo(organisation.time_zone))
    return (here.weekday(), here.hour) >= (policy.digest_weekday, policy.digest_hour)


def without_digest(organisation: Organisation, week_on: datetime.date) -> QuerySet[Member]:
    members = Member.objects.active().filter(organisation=organisation, role=Role.INSTRUCTOR, login__is_active=True)
    return members.exclude(login__email="").exclude(mails__week_on=week_on).select_related("login", "organisation")


def failed(organisation: Organisation, week_on: datetime.date) -> list[int]:
    """This week's digests that the mail server did not take an hour ago or earlier."""
    an_hour_ago = timezone.now() - datetime.timedelta(hours=1)
    mails = Mail.objects.filter(organisation=organisation, week_on=week_on, state=JobState.FAILED)
    return list(mails.filter(finished_at__lt=an_hour_ago).values_list("pk", flat=True))


def queue_digest(member: Member, week_on: datetime.date) -> bool:
    """Write one member's digest and wake a worker; False if another process was quicker."""
    subject, body = compose(member)
    try:
        with transaction.atomic():
            # The unique constraint on member and week decides between two schedulers, and after a kill.
            mail = Mail.objects.create(
                organisation=member.organisation,
                member=member,
                week_on=week_on,
                address=member.login.email,
                subject=subject,
                body=body,
            )
            wake(mail)
    except IntegrityError:
        return False
    return True


def compose(member: Member) -> tuple[str, str]:
    """Subject and text of the digest as it would be sent now."""
    waiting = Worklist.of(member).waiting()
    n = waiting.count()
    if not n:
        subject = _("Nobody is waiting on your worklist this week")
        lines = [_("Nobody in your courses is at risk and waiting for you this week.")]
    else:
        subject = ngettext("%(n)s learner may need you this week", "%(n)s learners may need you this week", n) % {
            "n": number(n)
        }
        lines = [_("The highest risks first:"), "", *_named(with_names(in_order(waiting))[:N_NAMED])]
        if n > N_NAMED:
            lines += ["", _("and %(n)s more.") % {"n": number(n - N_NAMED)}]
    greeting = _("Hello %(name)s,") % {"name": name_of_member(member)}
    worklist = _("Your worklist: %(address)s") % {
        "address": settings.NEURALINK_PUBLIC_URL.rstrip("/") + reverse("worklist")
    }
    caveat = _("A risk is an estimate from what was done so far, not a verdict on anybody.")
    return subject, "\n".join([greeting, "", *lines, "", worklist, "", caveat, ""])


def _named(risks: QuerySet[Risk]) -> list[str]:
    found = []
    for risk in risks:
        enrolment = risk.enrolment
        why = " ".join(sentences(risk.factors)[:N_SENTENCES])
        share = chance(risk.risk_share) if risk.risk_share is not None else _("not enough data yet")
        words = {"learner": enrolment.learner, "course": enrolment.course, "risk": share, "why": why}
        found.append((_("- %(learner)s, %(course)s: %(risk)s. %(why)s") % words).rstrip())
    return found
