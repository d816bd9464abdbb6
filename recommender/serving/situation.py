"""What is known of whoever asks at the moment of asking: all that models and rules look at."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.db.models import Q
from numpy.typing import NDArray

from analytics.public import Activity, Enrolment, Learner, Organisation, Outcome
from recommender.history import recent_history
from recommender.models import Version
from recommender.serving.feedback import refused_by, worn_out_for


@dataclass(frozen=True)
class Situation:
    organisation: Organisation
    learner: Learner | None  # None: a session of somebody who is not known
    kind: str
    course: Activity | None
    now: datetime  # the organisation's clock
    history: NDArray[np.int64]  # ids of what was met, oldest first, of the kind asked for
    enrolled_course_ids: frozenset[int] | None  # None: this organisation does not enrol, so nothing hangs on it
    refused_ids: frozenset[int]
    worn_out_ids: frozenset[int]
    excluded: frozenset[str]  # external ids that the caller does not want
    version: Version | None = None  # the only one to be asked; None: what is in use


def situation_of(
    learner: Learner,
    *,
    kind: str,
    course: Activity | None,
    exclude: Collection[str],
    context: Sequence[int] = (),
    version: Version | None = None,
) -> Situation:
    """Four queries. `context` are ids of what was met after the last event, oldest first."""
    now = learner.organisation.now()
    return Situation(
        organisation=learner.organisation,
        learner=learner,
        kind=kind,
        course=course,
        now=now,
        history=_latest_last([*recent_history(learner, kind=kind).tolist(), *context]),
        enrolled_course_ids=_enrolled_course_ids(learner, now),
        refused_ids=frozenset(refused_by(learner)),
        worn_out_ids=frozenset(worn_out_for(learner)),
        excluded=frozenset(exclude),
        version=version,
    )


def situation_of_session(
    organisation: Organisation,
    history: Sequence[int],
    *,
    kind: str,
    course: Activity | None,
    exclude: Collection[str],
    version: Version | None = None,
) -> Situation:
    """Of somebody who is not known, from the ids of what they met lately, oldest first. No query, nothing is kept."""
    return Situation(
        organisation=organisation,
        learner=None,
        kind=kind,
        course=course,
        now=organisation.now(),
        history=np.array(list(dict.fromkeys(history)), np.int64),
        enrolled_course_ids=None,
        refused_ids=frozenset(),
        worn_out_ids=frozenset(),
        excluded=frozenset(exclude),
        version=version,
    )


def _latest_last(met: Sequence[int]) -> NDArray[np.int64]:
    """Each once; what the context names again counts from now, for it is what they look at."""
    return np.array(list(dict.fromkeys(reversed(met)))[::-1], np.int64)


def _enrolled_course_ids(learner: Learner, now: datetime) -> frozenset[int] | None:
    """Courses that the learner is in at `now`; None where the organisation keeps no enrolments at all.

    The dates decide, not the outcome: in an archive everybody's outcome is known from the first day on. Only a
    withdrawal without a date counts as one from the beginning.
    """
    running = (
        Enrolment.objects.filter(
            Q(started_at__isnull=True) | Q(started_at__lte=now),
            Q(ended_at__isnull=True) | Q(ended_at__gt=now),
            organisation_id=learner.organisation_id,
            learner=learner,
        )
        .exclude(outcome=Outcome.WITHDRAWN, ended_at__isnull=True)
        .values_list("course_id", flat=True)
    )
    found = frozenset(running)
    if not found and not Enrolment.objects.filter(organisation_id=learner.organisation_id).exists():
        return None
    return found
