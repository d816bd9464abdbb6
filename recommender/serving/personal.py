"""What belongs to one learner beside their history: enrolments, and what they said to earlier recommendations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from analytics.public import Learner, Organisation, Prepared
from recommender.models import REFUSING_ACTIONS

WORN_OUT_DAYS = 30
"""After so long what wore out may be shown again."""
N_DISLIKED = 5
"""So many of the latest "less like this" lower what is alike."""

# The dates decide, not the outcome: in an archive everybody's outcome is known from the first day on. Only a withdrawal
# without a date counts as one from the beginning.
_ENROLMENTS = """
    SELECT DISTINCT enrolment.course_id, enrolment.course_run FROM analytics_enrolment enrolment
    WHERE enrolment.organisation_id = %(organisation)s AND enrolment.learner_id = learner.id
      AND (enrolment.started_at IS NULL OR enrolment.started_at <= %(now)s)
      AND (enrolment.ended_at IS NULL OR enrolment.ended_at > %(now)s)
      AND NOT (enrolment.outcome = 'withdrawn' AND enrolment.ended_at IS NULL)
"""
# What was clicked or begun is no refusal: it leaves by being met. Only lists that the learner saw are counted, a reload
# within the hour as one.
_WORN_OUT = """
    SELECT shown.activity_id
    FROM recommender_impression impression, unnest(impression.activity_ids) AS shown(activity_id)
    WHERE %(limit)s > 0 AND impression.learner_id = learner.id AND impression.channel = 'page'
      AND impression.at > now() - make_interval(days => %(worn_out_days)s)
      AND NOT EXISTS (
          SELECT 1 FROM recommender_feedback said
          WHERE said.learner_id = learner.id AND said.activity_id = shown.activity_id AND said.action = 'click'
            AND said.at > now() - make_interval(days => %(worn_out_days)s))
    GROUP BY shown.activity_id
    HAVING count(DISTINCT date_trunc('hour', impression.at)) >= %(limit)s
"""
_REFUSED = """
    SELECT DISTINCT said.activity_id FROM recommender_feedback said
    WHERE said.learner_id = learner.id
      AND (said.action = ANY(%(refusing)s) OR said.action = 'not_now' AND said.at > %(recently)s)
"""
_DISLIKED = """
    SELECT said.activity_id FROM recommender_feedback said
    WHERE said.learner_id = learner.id AND said.action = 'less_like_this' ORDER BY said.id DESC LIMIT %(n_disliked)s
"""
_PERSONAL = f"""
    SELECT learner.id,
           ARRAY(SELECT course_id FROM ({_ENROLMENTS}) enrolled ORDER BY course_id, course_run),
           ARRAY(SELECT course_run FROM ({_ENROLMENTS}) enrolled ORDER BY course_id, course_run),
           EXISTS(SELECT 1 FROM analytics_enrolment any_enrolment
                  WHERE any_enrolment.organisation_id = %(organisation)s),
           ARRAY({_REFUSED}), ARRAY({_WORN_OUT}), ARRAY({_DISLIKED})
    FROM analytics_learner learner WHERE learner.id = ANY(%(learners)s) AND learner.organisation_id = %(organisation)s
"""  # noqa: S608 (our own words)

_PERSONAL_OF_ONE = Prepared(_PERSONAL)

Enrolled = tuple[int, str]  # course id, run


@dataclass(frozen=True)
class Personal:
    enrolments: tuple[Enrolled, ...] = ()  # at the organisation's clock
    is_bound: bool = False  # what is recommended hangs on enrolments; not where the organisation keeps none
    refused_ids: frozenset[int] = frozenset()
    worn_out_ids: frozenset[int] = frozenset()
    disliked_ids: tuple[int, ...] = ()  # what is to be lowered together with what is alike

    @property
    def enrolled_course_ids(self) -> frozenset[int] | None:
        return frozenset(course_id for course_id, _run in self.enrolments) if self.is_bound else None


def personal_of(learner: Learner) -> Personal:
    """One query."""
    rows = _PERSONAL_OF_ONE.rows(_asked(learner.organisation, [learner.pk]))
    return _by_learner(rows).get(learner.pk, Personal())


def personal_of_each(organisation: Organisation, learner_ids: Sequence[int]) -> dict[int, Personal]:
    """By learner's id; one query however many."""
    with connection.cursor() as cursor:
        cursor.execute(_PERSONAL, _asked(organisation, learner_ids))
        return _by_learner(cursor.fetchall())


def _by_learner(rows: Sequence[tuple[Any, ...]]) -> dict[int, Personal]:
    return {
        pk: Personal(
            tuple(zip(courses, runs, strict=True)), is_bound, frozenset(refused), frozenset(worn_out), tuple(disliked)
        )
        for pk, courses, runs, is_bound, refused, worn_out, disliked in rows
    }


def _asked(organisation: Organisation, learner_ids: Sequence[int]) -> dict[str, Any]:
    return {
        "organisation": organisation.pk,
        "learners": list(learner_ids),
        "now": organisation.now(),
        "recently": timezone.now() - timedelta(days=settings.NEURALINK_NOT_NOW_DAYS),
        "refusing": [action.value for action in REFUSING_ACTIONS],
        "limit": settings.NEURALINK_SHOWN_TIMES,
        "n_disliked": N_DISLIKED,
        "worn_out_days": WORN_OUT_DAYS,
    }
