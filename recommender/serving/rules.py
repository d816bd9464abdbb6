"""What may be recommended at all: small rules, each a condition on activities, all of them in one query.

A new rule is a function and a line in the table. It says what it lets through.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import Exists, OuterRef, Q, QuerySet

from analytics.public import Activity, Enrolment, Kind, Prerequisite
from recommender.history import NOT_TARGETS
from recommender.models import TargetKind
from recommender.serving.situation import Situation


def in_scope(situation: Situation) -> Q:
    """Of this organisation, of the kind and in the course that was asked for."""
    mine = Q(organisation_id=situation.organisation.pk)
    if situation.kind == TargetKind.COURSE:
        return mine & Q(kind=Kind.COURSE)
    parts = mine & ~Q(kind__in=NOT_TARGETS)
    return parts & Q(course=situation.course) if situation.course is not None else parts


def not_met(situation: Situation) -> Q:
    """Nothing that the learner has begun or done already."""
    return ~Q(pk__in=situation.history.tolist())


def has_opened(situation: Situation) -> Q:
    """Neither the activity nor its course opens later."""
    opened = Q(opens_at__isnull=True) | Q(opens_at__lte=situation.now)
    return opened & (Q(course__opens_at__isnull=True) | Q(course__opens_at__lte=situation.now))


def has_not_closed(situation: Situation) -> Q:
    """Neither the activity nor its course is over."""
    is_open = Q(closes_at__isnull=True) | Q(closes_at__gt=situation.now)
    return is_open & (Q(course__closes_at__isnull=True) | Q(course__closes_at__gt=situation.now))


def fits_enrolments(situation: Situation) -> Q:
    """Parts of courses for those who are enrolled, activities outside courses for everyone, courses for newcomers."""
    if situation.learner is None:
        return Q()
    if situation.kind == TargetKind.COURSE:
        return ~Q(pk__in=Enrolment.objects.filter(learner=situation.learner).values("course_id"))
    if situation.enrolled_course_ids is None:
        return Q()
    return Q(course__isnull=True) | Q(course_id__in=situation.enrolled_course_ids)


def has_prerequisites(situation: Situation) -> Q:
    """Nothing that needs something else first which the learner has not completed, or at least met.

    Most sources say nothing of completion, so that meeting it must do.
    """
    lacking = Prerequisite.objects.exclude(needed_id__in=situation.history.tolist())
    needed = lacking.filter(organisation_id=situation.organisation.pk, activity_id=OuterRef("pk"))
    return ~Q(Exists(needed))


def not_worn_out(situation: Situation) -> Q:
    """Nothing that was shown so many times without effect: whoever wanted it has seen it."""
    return ~Q(pk__in=situation.worn_out_ids)


def not_refused(situation: Situation) -> Q:
    """Nothing that the learner said no to."""
    return ~Q(pk__in=situation.refused_ids)


def not_excluded(situation: Situation) -> Q:
    """Nothing that the caller asked to leave out."""
    return ~Q(external_id__in=situation.excluded) if situation.excluded else Q()


Rule = Callable[[Situation], Q]
RULES: tuple[Rule, ...] = (
    in_scope,
    not_met,
    has_opened,
    has_not_closed,
    fits_enrolments,
    has_prerequisites,
    not_refused,
    not_worn_out,
    not_excluded,
)


def admitted(situation: Situation) -> QuerySet[Activity]:
    """Every activity that may be recommended now."""
    return Activity.objects.filter(*(rule(situation) for rule in RULES)).order_by()
