"""What belongs to one learner: enrolments, what they said to earlier recommendations, and beside it what they met.

For one learner all of it comes with one planned statement: each further one would cost an answer more than it reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection
from django.utils import timezone

from analytics.public import Learner, Organisation, Prepared
from recommender.history import Meeting, asked_of, recent_of
from recommender.models import REFUSING_ACTIONS, TargetKind

WORN_OUT_DAYS = 30
"""After so long what wore out may be shown again."""
N_DISLIKED = 5
"""So many of the latest "less like this" lower what is alike."""

_REFUSING = ", ".join(f"'{action.value}'" for action in REFUSING_ACTIONS)
# The dates decide, not the outcome: in an archive everybody's outcome is known from the first day on. Only a withdrawal
# without a date counts as one from the beginning.
_ENROLMENTS = """
    SELECT DISTINCT enrolment.course_id, enrolment.course_run,
           (enrolment.started_at IS NULL OR enrolment.started_at <= %(now)s)
               AND (enrolment.ended_at IS NULL OR enrolment.ended_at > %(now)s)
               AND NOT (enrolment.outcome = 'withdrawn' AND enrolment.ended_at IS NULL) AS is_current
    FROM analytics_enrolment enrolment
    WHERE enrolment.organisation_id = %(organisation)s AND enrolment.learner_id = learner.id
"""
# What was clicked or begun is no refusal: it leaves by being met. Only lists that the learner saw are counted, a reload
# within the hour as one.
_WORN_OUT = f"""
    SELECT shown.activity_id
    FROM recommender_impression impression, unnest(impression.activity_ids) AS shown(activity_id)
    WHERE %(limit)s > 0 AND impression.learner_id = learner.id AND impression.channel = 'page'
      AND impression.at > now() - interval '{WORN_OUT_DAYS} days'
      AND NOT EXISTS (
          SELECT 1 FROM recommender_feedback said
          WHERE said.learner_id = learner.id AND said.activity_id = shown.activity_id AND said.action = 'click'
            AND said.at > now() - interval '{WORN_OUT_DAYS} days')
    GROUP BY shown.activity_id
    HAVING count(DISTINCT date_trunc('hour', impression.at)) >= %(limit)s
"""  # noqa: S608 (our own words)
_REFUSED = f"""
    SELECT DISTINCT said.activity_id FROM recommender_feedback said
    WHERE said.learner_id = learner.id
      AND (said.action IN ({_REFUSING}) OR said.action = 'not_now' AND said.at > %(recently)s)
"""  # noqa: S608 (our own words)
_DISLIKED = f"""
    SELECT said.activity_id FROM recommender_feedback said
    WHERE said.learner_id = learner.id AND said.action = 'less_like_this' ORDER BY said.id DESC LIMIT {N_DISLIKED}
"""  # noqa: S608 (our own words)
# Whether there is any enrolment is asked by its order: an index must be taken then, while EXISTS reads all of a table
# in which an organisation without enrolments has none.
_PERSONAL = f"""learner.id, enrolled.course_ids, enrolled.course_runs, enrolled.ever,
           (SELECT known.learner_id FROM analytics_enrolment known
            WHERE known.organisation_id = %(organisation)s ORDER BY known.learner_id LIMIT 1) IS NOT NULL,
           ARRAY({_REFUSED}), ARRAY({_WORN_OUT}), ARRAY({_DISLIKED})
    FROM analytics_learner learner, LATERAL (
        SELECT COALESCE(array_agg(course_id ORDER BY course_id, course_run) FILTER (WHERE is_current),
                        '{{}}'::bigint[]) AS course_ids,
               COALESCE(array_agg(course_run ORDER BY course_id, course_run) FILTER (WHERE is_current),
                        '{{}}'::text[]) AS course_runs,
               COALESCE(array_agg(course_id), '{{}}'::bigint[]) AS ever
        FROM ({_ENROLMENTS}) enrolment) enrolled
"""  # noqa: S608 (our own words)
_OF_EACH = f"SELECT {_PERSONAL} WHERE learner.id = ANY(%(learners)s) AND learner.organisation_id = %(organisation)s"
_MET = """
    SELECT array_agg(activity_id), array_agg(is_unfinished), array_agg(at)
    FROM ({}) recent (learner_id, activity_id, is_unfinished, at)
"""
_ALL_OF_ONE = {
    kind: Prepared(f"""
        SELECT met.*, learner.name, {_PERSONAL}, LATERAL ({_MET.format(recent_of("learner.id", kind))}) met
        WHERE learner.organisation_id = %(organisation)s AND learner.external_id = %(external_id)s""")
    for kind in (TargetKind.ANY, TargetKind.COURSE)
}

Enrolled = tuple[int, str]  # course id, run


@dataclass(frozen=True)
class Personal:
    enrolments: tuple[Enrolled, ...] = ()  # at the organisation's clock
    ever_enrolled_ids: frozenset[int] = frozenset()  # courses, whatever became of it
    is_bound: bool = False  # what is recommended hangs on enrolments; not where the organisation keeps none
    refused_ids: frozenset[int] = frozenset()
    worn_out_ids: frozenset[int] = frozenset()
    disliked_ids: tuple[int, ...] = ()  # what is to be lowered together with what is alike

    @cached_property
    def enrolled_course_ids(self) -> frozenset[int] | None:
        return frozenset(course_id for course_id, _run in self.enrolments) if self.is_bound else None


class Named(NamedTuple):
    """A learner of whom only the name is known yet: reading them first would be a question more."""

    organisation: Organisation
    external_id: str


def all_of(asked: Learner | Named, kind: str) -> tuple[Learner, Personal, list[Meeting]]:
    """The learner, what belongs to them, and what they met, oldest first; one query.

    Raises:
        Learner.DoesNotExist: the organisation has no learner of that id.
    """
    organisation, external_id = asked.organisation, asked.external_id
    parameters = _asked(organisation, []) | asked_of([], organisation) | {"external_id": external_id}
    rows = _ALL_OF_ONE[TargetKind(kind)].rows(parameters)
    if not rows:
        raise Learner.DoesNotExist(external_id)
    activity_ids, unfinished, at, name, *personal = rows[0]
    met = list(map(Meeting, activity_ids or (), unfinished or (), at or ()))
    learner = asked if isinstance(asked, Learner) else Learner.partly(organisation, personal[0], external_id, name)
    return learner, _personal(*personal[1:]), met


def personal_of_each(organisation: Organisation, learner_ids: Sequence[int]) -> dict[int, Personal]:
    """By learner's id; one query however many."""
    with connection.cursor() as cursor:
        cursor.execute(_OF_EACH, _asked(organisation, learner_ids))
        return {row[0]: _personal(*row[1:]) for row in cursor.fetchall()}


def _personal(
    courses: list[int], runs: list[str], ever: list[int], is_bound: bool, refused: list[int], worn_out: list[int],
    disliked: list[int],
) -> Personal:  # fmt: skip
    enrolments = tuple(zip(courses, runs, strict=True))
    return Personal(enrolments, frozenset(ever), is_bound, frozenset(refused), frozenset(worn_out), tuple(disliked))


def _asked(organisation: Organisation, learner_ids: Sequence[int]) -> dict[str, Any]:
    return {
        "organisation": organisation.pk,
        "learners": list(learner_ids),
        "now": organisation.now(),
        "recently": timezone.now() - timedelta(days=settings.NEURALINK_NOT_NOW_DAYS),
        "limit": settings.NEURALINK_SHOWN_TIMES,
    }
