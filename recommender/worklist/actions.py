"""What can be done with cases: assign, snooze, be done with, take up again, write down. Each for many at once.

Enrolments are of one organisation, and at least one; `by` is None where a key of the API does it.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics.public import Enrolment, InvalidInput, Member, Organisation, Role
from recommender.models import Case, Intervention, InterventionKind, Mail
from recommender.worklist.rows import latest_risks
from recommender.worklist.seen import CASE_ROLES, today

MAX_SNOOZE_DAYS = 180


def assign(enrolments: Sequence[Enrolment], to: Member | None, *, by: Member | None) -> None:
    """Make the cases somebody's, or nobody's.

    Raises:
        InvalidInput: `to` does not work on cases, or does not teach one of the courses.
    """
    if to is not None:
        _check_assignee(enrolments, to)
    _change(enrolments, by, assigned_to=to)


def snooze(enrolments: Sequence[Enrolment], until: datetime.date, *, by: Member | None) -> None:
    """Take the cases off the worklist before a day.

    Raises:
        InvalidInput: the day is not ahead, or too far.
    """
    ahead_days = (until - today(enrolments[0].organisation)).days
    if not 0 < ahead_days <= MAX_SNOOZE_DAYS:
        raise InvalidInput(
            _("Snooze until a day between tomorrow and %(days)s days from now; got %(until)s.")
            % {"days": MAX_SNOOZE_DAYS, "until": until},
            "until",
        )
    _change(enrolments, by, snoozed_until=until, done_on=None)


def finish(enrolments: Sequence[Enrolment], *, by: Member | None) -> None:
    """Done with for now: they come back if they are still at risk after the policy's days of rest."""
    _change(enrolments, by, done_on=today(enrolments[0].organisation), snoozed_until=None)


def reopen(enrolments: Sequence[Enrolment], *, by: Member | None) -> None:
    _change(enrolments, by, done_on=None, snoozed_until=None)


@transaction.atomic
def record(
    enrolments: Sequence[Enrolment],
    kind: str,
    note: str,
    *,
    by: Member | None,
    mails: Sequence[Mail | None] | None = None,
) -> list[Intervention]:
    """Write an intervention for each enrolment, with the risk as it stands now, against which it is compared later.

    Args:
        enrolments: whom it was for.
        kind: of InterventionKind.
        note: what was done or seen; a note without words is refused.
        by: who did it.
        mails: the mail to each, in the same order.

    Raises:
        InvalidInput: an unknown kind, or a note that says nothing.
    """
    if kind not in InterventionKind.values:
        raise InvalidInput(
            _("kind must be one of %(kinds)s; got %(got)r.")
            % {"kinds": ", ".join(InterventionKind.values), "got": kind},
            "kind",
        )
    if kind == InterventionKind.NOTE and not note.strip():
        raise InvalidInput(_("The note is empty. Write what colleagues should know."), "note")
    risks = latest_risks(enrolments)
    rows = []
    for place, enrolment in enumerate(enrolments):
        risk = risks.get(enrolment.pk)
        rows.append(
            Intervention(
                organisation_id=enrolment.organisation_id,
                enrolment=enrolment,
                kind=kind,
                note=note.strip(),
                by=by,
                on=today(enrolment.organisation),
                course_day=risk.course_day if risk else None,
                risk_share=risk.risk_share if risk else None,
                mail=mails[place] if mails else None,
            )
        )
    return Intervention.objects.bulk_create(rows)


def assignees(organisation: Organisation, course_ids: Iterable[int] = ()) -> list[Member]:
    """Colleagues whose the cases may be made: administrators, and instructors of all the named courses."""
    members = Member.objects.active().filter(organisation=organisation, role__in=CASE_ROLES)
    wanted = set(course_ids)
    found = members.select_related("login").prefetch_related("courses").order_by("login__username")
    return [one for one in found if one.sees_everything or wanted <= {course.pk for course in one.courses.all()}]


def _check_assignee(enrolments: Sequence[Enrolment], to: Member) -> None:
    if to.organisation_id != enrolments[0].organisation_id or to.role not in CASE_ROLES:
        raise InvalidInput(_("Only instructors and data administrators work on cases."), "assigned_to")
    taught = set(to.courses.values_list("pk", flat=True)) if to.role == Role.INSTRUCTOR else None
    stranger = next((one for one in enrolments if taught is not None and one.course_id not in taught), None)
    if stranger is not None:
        raise InvalidInput(
            _("%(member)s does not teach %(course)s. Choose somebody who does.")
            % {"member": to.login, "course": stranger.course},
            "assigned_to",
        )


def _change(enrolments: Sequence[Enrolment], by: Member | None, **fields: object) -> None:
    """One statement, whether the cases have rows already or not."""
    rows = [
        Case(organisation_id=one.organisation_id, enrolment=one, changed_by=by, changed_at=timezone.now(), **fields)
        for one in enrolments
    ]
    Case.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["enrolment"], update_fields=[*fields, "changed_by", "changed_at"]
    )
