"""Editing list rules: add one, end one, and try one on a sample of learners before it holds."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Count, Max, QuerySet
from django.db.models.fields import TextField
from django.db.models.functions import MD5, Cast
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics.public import Enrolment, InvalidInput, Kind, Learner, Member, Organisation
from recommender.models import Effect, Feedback, FeedbackAction, ListRule
from recommender.serving import list_rules
from recommender.serving.everyone import Listed, block_lists, frame_of, situations_of, trying, with_rules

N_TOP = 5
PREVIEW_BLOCK = 64
"""Learners between two looks at the clock."""
PREVIEW_SECONDS = 5.0


@dataclass(frozen=True)
class Preview:
    """How many of the learners looked at get another top 5."""

    n_changed: int
    n_looked: int
    n_meant: int  # learners whom the rule means


def add_rule(rule: ListRule, by: Member | None) -> ListRule:
    """Store a checked rule; it holds within NEURALINK_SWAP_SECONDS.

    Raises:
        InvalidInput: `pointer` names the field at fault.
    """
    check_rule(rule)
    rule.by = by
    rule.save()
    return rule


def end_rule(rule: ListRule, by: Member | None, why: str) -> ListRule:
    """A rule that has ended stays where it is, with who ended it and why.

    Raises:
        InvalidInput: `why` is missing, or it has ended already.
    """
    if not why.strip():
        raise InvalidInput(_("Say why the rule ends."), "why")
    ended = {"ended_at": timezone.now(), "ended_by": by, "ended_why": why.strip()}
    if not ListRule.objects.filter(pk=rule.pk, ended_at__isnull=True).update(**ended):
        raise InvalidInput(_("This rule has ended already."))
    rule.refresh_from_db()
    return rule


def check_rule(rule: ListRule) -> None:
    """All that one rule must be, whoever writes it."""
    if (rule.activity is None) == (not rule.activity_kind):
        raise InvalidInput(_("Name an activity, or a kind of activity, not both."), "activity")
    if rule.effect == Effect.PIN and (rule.activity is None or rule.activity.kind == Kind.MODULE):
        raise InvalidInput(_("One activity can be pinned, no kind and no module."), "activity")
    if (rule.effect == Effect.BOOST) != (rule.factor is not None):
        raise InvalidInput(_("A boost needs a factor, and nothing else has one."), "factor")
    if rule.course is not None and rule.course.kind != Kind.COURSE:
        raise InvalidInput(_("%(name)s is not a course.") % {"name": rule.course}, "course")
    if rule.course_run and rule.course is None:
        raise InvalidInput(_("A run needs its course."), "course_run")
    if rule.ends_at is not None and rule.ends_at <= max(rule.starts_at or timezone.now(), timezone.now()):
        raise InvalidInput(_("It ends before it begins."), "ends_at")
    for name in ("activity", "course", "learner"):
        row = getattr(rule, name)
        if row is not None and row.organisation_id != rule.organisation_id:
            raise InvalidInput(_("%(name)s is not of this organisation.") % {"name": row}, name)
    try:
        rule.clean_fields(exclude=["organisation"])
    except ValidationError as error:
        field, sentences = next(iter(error.message_dict.items()))
        raise InvalidInput(" ".join(sentences), field) from error


def preview(rule: ListRule) -> Preview:
    """What the rule, which need not be stored, would do to the top 5 of those whom it means.

    At most NEURALINK_PREVIEW_LEARNERS of them, spread evenly, and no longer than PREVIEW_SECONDS.

    Raises:
        InvalidInput: see `check_rule`.
    """
    check_rule(rule)
    before = frame_of(rule.organisation, limit=N_TOP)
    after = trying(before, [list_rules.with_meaning(rule), *before.known])
    meant = _meant(rule)
    sample = meant.annotate(spread=MD5(Cast("pk", TextField()))).order_by("spread")
    ids = list(sample.values_list("pk", flat=True)[: settings.NEURALINK_PREVIEW_LEARNERS])
    n_looked = n_changed = 0
    until = time.monotonic() + PREVIEW_SECONDS
    for start in range(0, len(ids), PREVIEW_BLOCK):
        if time.monotonic() > until:
            break
        situations = situations_of(before, ids[start : start + PREVIEW_BLOCK])
        pairs = zip(block_lists(before, situations), _tried(after, situations), strict=True)
        n_changed += sum(one.ids != other.ids for one, other in pairs)
        n_looked += len(situations)
    return Preview(n_changed, n_looked, meant.count())


def _tried(after: Any, situations: Any) -> list[Listed]:
    return block_lists(after, with_rules(after, situations))


def _meant(rule: ListRule) -> QuerySet[Learner]:
    learners = Learner.objects.filter(organisation_id=rule.organisation_id)
    if rule.learner_id is not None:
        learners = learners.filter(pk=rule.learner_id)
    if rule.course_id is not None:
        enrolled = Enrolment.objects.filter(course_id=rule.course_id)
        if rule.course_run:
            enrolled = enrolled.filter(course_run=rule.course_run)
        learners = learners.filter(pk__in=enrolled.values("learner_id"))
    return learners


def said_wrong(organisation: Organisation, limit: int = 50) -> list[dict[str, Any]]:
    """Activities that learners called wrong to recommend, most often first: how often, when last, by which version."""
    rows = Feedback.objects.filter(organisation=organisation, action=FeedbackAction.WRONG)
    grouped = rows.values("activity_id", "activity__name", "activity__external_id")
    counted = grouped.annotate(n=Count("id"), latest_at=Max("at"), version=Max("impression__version__number"))
    return [dict(row) for row in counted.order_by("-n", "activity_id")[:limit]]
