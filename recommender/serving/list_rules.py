"""What the organisation's list rules do to one learner's list: who is meant, and what is pinned, boosted and blocked.

The rules in force are read once in NEURALINK_SWAP_SECONDS by each process, with the activities that they mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from numpy.typing import NDArray

from analytics.public import Activity, Organisation
from recommender.history import KINDS
from recommender.models import Effect, ListRule
from recommender.serving.outline import Outline
from recommender.serving.remembered import Remembered

MAX_ORGANISATIONS = 64
"""So many are remembered by one process."""


@dataclass(frozen=True)
class Effects:
    """On one list. Boosts stand for the activities that they mean, whatever holds these."""

    pinned_ids: tuple[int, ...] = ()
    boosts: tuple[tuple[NDArray[np.int64], float], ...] = ()  # activity ids, factor
    blocked_ids: tuple[int, ...] = ()  # activities, with all that is in them
    blocked_kinds: tuple[str, ...] = ()

    @property
    def is_blocking(self) -> bool:
        return bool(self.blocked_ids or self.blocked_kinds)

    def blocks_of(self, outline: Outline, activity_ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of the activities are kept out: shape (len(activity_ids),)."""
        blocked = list(self.blocked_ids)
        found: NDArray[np.bool_] = np.isin(activity_ids, blocked)
        if blocked:
            found |= np.isin(outline.courses_of(activity_ids), blocked)
            found |= np.isin(outline.parents_of(activity_ids), blocked)
        if self.blocked_kinds:
            found |= np.isin(outline.kinds_of(activity_ids), [KINDS.index(kind) for kind in self.blocked_kinds])
        return found


@dataclass(frozen=True)
class Known:
    """A rule with the ids of the activities that it means, where it boosts."""

    rule: ListRule
    meant_ids: NDArray[np.int64]


NOTHING = Effects()
_known: Remembered[int, list[Known]] = Remembered(MAX_ORGANISATIONS)
forget = _known.forget


def effects_on(
    organisation: Organisation,
    learner_id: int | None,
    enrolments: Sequence[tuple[int, str]],
    course: Activity | None = None,
) -> Effects:
    """Of the rules in force on a learner with these enrolments (course id, run); None is a session.

    A session knows no enrolments: it is meant by the rules for everybody, and those for the course that it asks about.
    """
    known = rules_of(organisation)
    if not known:
        return NOTHING
    if learner_id is None and course is not None:
        enrolments = [(course.pk, "")]
    return combined(known, learner_id, enrolments, timezone.now())


def combined(
    known: Iterable[Known], learner_id: int | None, enrolments: Sequence[tuple[int, str]], now: datetime
) -> Effects:
    """Those that mean this learner, in one; newest first."""
    mine = [one for one in known if _is_meant(one.rule, learner_id, enrolments, now)]
    if not mine:
        return NOTHING
    blocks = [one.rule for one in mine if one.rule.effect == Effect.BLOCK]
    return Effects(
        pinned_ids=tuple(
            one.rule.activity_id for one in mine if one.rule.effect == Effect.PIN and one.rule.activity_id
        ),
        boosts=tuple((one.meant_ids, one.rule.factor) for one in mine if one.rule.factor is not None),
        blocked_ids=tuple(rule.activity_id for rule in blocks if rule.activity_id),
        blocked_kinds=tuple(rule.activity_kind for rule in blocks if rule.activity_kind),
    )


def rules_of(organisation: Organisation) -> list[Known]:
    """In force, newest first; as old as NEURALINK_SWAP_SECONDS allows."""
    return _known.get(organisation.pk, settings.NEURALINK_SWAP_SECONDS, lambda: _read(organisation))


def _read(organisation: Organisation) -> list[Known]:
    return [with_meaning(rule) for rule in ListRule.objects.in_force().filter(organisation=organisation)]


def with_meaning(rule: ListRule) -> Known:
    """The rule, whether it is stored or not, with the activities that it boosts."""
    if rule.effect != Effect.BOOST:
        return Known(rule, np.zeros(0, np.int64))
    rows = Activity.objects.filter(organisation_id=rule.organisation_id)
    if rule.activity_kind:
        rows = rows.filter(kind=rule.activity_kind)
    else:
        rows = rows.filter(Q(pk=rule.activity_id) | Q(course_id=rule.activity_id) | Q(parent_id=rule.activity_id))
    return Known(rule, np.fromiter(rows.values_list("pk", flat=True).order_by("pk"), np.int64))


def _is_meant(rule: ListRule, learner_id: int | None, enrolments: Sequence[tuple[int, str]], now: datetime) -> bool:
    if (rule.starts_at is not None and rule.starts_at > now) or (rule.ends_at is not None and rule.ends_at <= now):
        return False
    if rule.learner_id is not None and rule.learner_id != learner_id:
        return False
    if rule.course_id is None:
        return True
    return any(course_id == rule.course_id and rule.course_run in {"", run} for course_id, run in enrolments)
