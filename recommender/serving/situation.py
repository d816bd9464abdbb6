"""What is known of whoever asks at the moment of asking: all that models and rules look at."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import numpy as np
from django.db.models import Q
from numpy.typing import NDArray

from analytics.public import Activity, Kind, Learner, Organisation
from recommender.history import Meeting
from recommender.models import TargetKind, Version
from recommender.serving import list_rules
from recommender.serving.list_rules import Effects
from recommender.serving.outline import Outline, outline_of
from recommender.serving.personal import Named, Personal, all_of


@dataclass(frozen=True)
class Situation:
    organisation: Organisation
    learner: Learner | None  # None: a session of somebody who is not known
    kind: str
    course: Activity | None
    now: datetime  # the organisation's clock
    met: dict[int, Meeting]  # activity id -> what was met, oldest first, of the kind asked for
    personal: Personal
    effects: Effects  # of the organisation's list rules on this learner
    excluded_ids: frozenset[int]  # activities that the caller does not want
    version: Version | None = None  # the only one to be asked; None: what is in use
    history: NDArray[np.int64] = field(init=False)  # ids of what was met, oldest first
    times: NDArray[np.int64] | None = field(init=False)  # when, in seconds since 1970 UTC; a session does not say

    def __post_init__(self) -> None:
        n = len(self.met)
        object.__setattr__(self, "history", np.fromiter(self.met, np.int64, n))
        times = None if self.learner is None else np.fromiter((one.at for one in self.met.values()), np.int64, n)
        object.__setattr__(self, "times", times)

    @property
    def enrolled_course_ids(self) -> frozenset[int] | None:
        """None: nothing hangs on enrolments here."""
        return self.personal.enrolled_course_ids

    @cached_property
    def unfinished_id(self) -> int | None:
        """What was begun last and not finished, if anything was lately."""
        return next((pk for pk, met in reversed(self.met.items()) if met.is_unfinished), None)


def situation_of(
    learner: Learner | Named,
    *,
    kind: str,
    course: Activity | None,
    exclude: Collection[str],
    context: Sequence[str] = (),
    version: Version | None = None,
) -> Situation:
    """One query, one for a context (external ids of what was met after the last event, oldest first), one to exclude.

    Raises:
        Learner.DoesNotExist: there is none of that id.
    """
    found, personal, met = all_of(learner, kind)
    return Situation(
        organisation=learner.organisation,
        learner=found,
        kind=kind,
        course=course,
        now=learner.organisation.now(),
        met=met_of(outline_of(learner.organisation), [*met, *_met_now(learner.organisation, context, kind)], kind),
        personal=personal,
        effects=list_rules.effects_on(learner.organisation, found.pk, personal.enrolments, course),
        excluded_ids=_ids_of(learner.organisation, exclude),
        version=version,
    )


def situation_of_session(
    organisation: Organisation,
    history: Sequence[str],
    *,
    kind: str,
    course: Activity | None,
    exclude: Collection[str],
    version: Version | None = None,
) -> Situation:
    """Of somebody who is not known, from external ids of what they met lately, oldest first. Nothing is kept."""
    return Situation(
        organisation=organisation,
        learner=None,
        kind=kind,
        course=course,
        now=organisation.now(),
        met=met_of(outline_of(organisation), _met_now(organisation, history, kind), kind),
        personal=Personal(),
        effects=list_rules.effects_on(organisation, None, (), course),
        excluded_ids=_ids_of(organisation, exclude),
        version=version,
    )


def _ids_of(organisation: Organisation, external_ids: Collection[str]) -> frozenset[int]:
    """Of those that exist."""
    if not external_ids:
        return frozenset()
    rows = Activity.objects.filter(organisation=organisation, external_id__in=set(external_ids))
    return frozenset(rows.values_list("pk", flat=True))


def met_of(outline: Outline, meetings: Sequence[Meeting], kind: str) -> dict[int, Meeting]:
    """Of the kind asked for, each at its last place: what the context names again counts from now."""
    others = frozenset() if kind == TargetKind.COURSE else outline.holding_ids
    found: dict[int, Meeting] = {}
    for met in meetings:
        if met.activity_id not in others:
            found.pop(met.activity_id, None)
            found[met.activity_id] = met
    return found


def _met_now(organisation: Organisation, external_ids: Sequence[str], kind: str) -> list[Meeting]:
    """Those that exist, in their order; with kind `course`, their courses."""
    if not external_ids:
        return []
    rows = Activity.objects.filter(organisation=organisation, external_id__in=set(external_ids))
    if kind == TargetKind.COURSE:
        rows = rows.filter(Q(course__isnull=False) | Q(kind=Kind.COURSE))
    now, is_course = int(organisation.now().timestamp()), kind == TargetKind.COURSE
    by_id = {
        name: Meeting(course_id or pk if is_course else pk, False, now)
        for name, pk, course_id in rows.values_list("external_id", "pk", "course_id")
    }
    return [by_id[external_id] for external_id in external_ids if external_id in by_id]
