"""What is open to anybody in an organisation, as this process remembers it, and what of it suits who asks.

A question needs it of some forty activities, and asking the database would cost more than the answer's scores. Read
again once in NEURALINK_SWAP_SECONDS, as versions and list rules are: what is closed leaves every answer by then.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from analytics.public import Organisation, Prerequisite
from recommender.history import copied
from recommender.models import TargetKind
from recommender.serving import rules
from recommender.serving.outline import Outline, outline_of
from recommender.serving.remembered import Remembered
from recommender.serving.situation import Situation

MAX_SCOPES = 16
"""So many organisations, by kind, are remembered by one process."""
QUICK_SECONDS = 0.02
"""A catalogue that takes longer to read is remembered longer in proportion, so that no process reads all the time."""


@dataclass(frozen=True, eq=False)
class Openings:
    activity_ids: NDArray[np.int64]  # (n,) ascending
    course_ids: NDArray[np.int64]  # (n,), 0 for none
    needs: Mapping[int, frozenset[int]]  # activity id -> what is needed first; of those that need something

    def among(self, ids: NDArray[np.int64]) -> list[tuple[int, int]]:
        """Those of the ids that are open, in their order, each with its course or 0."""
        if not len(self.activity_ids):
            return []
        places = np.minimum(np.searchsorted(self.activity_ids, ids), len(self.activity_ids) - 1)
        places = places[self.activity_ids[places] == ids]
        return list(zip(self.activity_ids[places].tolist(), self.course_ids[places].tolist(), strict=True))


_known: Remembered[tuple[int, str], Openings] = Remembered(MAX_SCOPES, QUICK_SECONDS)
forget = _known.forget


def openings_of(organisation: Organisation, kind: str) -> Openings:
    """By the organisation's clock; as old as NEURALINK_SWAP_SECONDS allows."""
    scope = (organisation.pk, kind)
    return _known.get(scope, settings.NEURALINK_SWAP_SECONDS, lambda: _read(organisation, kind))


def admitted_among(situation: Situation, ids: Collection[int]) -> dict[int, int]:
    """Those of the activities that may be recommended now, each with its course or 0; no query in a warm process."""
    organisation = situation.organisation
    return admitted_by(openings_of(organisation, situation.kind), outline_of(organisation), situation, ids)


def admitted_by(openings: Openings, outline: Outline, situation: Situation, ids: Collection[int]) -> dict[int, int]:
    """The same by what was read before.

    Rule by rule over all of them, not all rules of one and then of the next: a list looks at fifty.
    """
    barred, reached = _barred(situation), _reached(situation)
    found = {
        pk: course_id
        for pk, course_id in openings.among(np.fromiter(ids, np.int64, len(ids)))
        if pk not in barred and (reached is None or course_id in reached)
    }
    if openings.needs:
        met = situation.met.keys()
        found = {pk: course_id for pk, course_id in found.items() if openings.needs.get(pk, frozenset()) <= met}
    if situation.effects.is_blocking:
        blocked = situation.effects.blocks_of(outline, np.fromiter(found, np.int64, len(found))).tolist()
        found = {pk: course_id for (pk, course_id), out in zip(found.items(), blocked, strict=True) if not out}
    return found


def _barred(situation: Situation) -> Collection[int]:
    """Activities that are not for who asks: met before (but for what is unfinished), refused, worn out, not wanted."""
    personal = situation.personal
    met = situation.met.keys() - {situation.unfinished_id}
    enrolled = personal.ever_enrolled_ids if situation.kind == TargetKind.COURSE else ()
    return met.union(personal.refused_ids, personal.worn_out_ids, situation.excluded_ids, enrolled)


def _reached(situation: Situation) -> Collection[int] | None:
    """The courses, 0 for none, of which something may be recommended to who asks; None: of whichever."""
    enrolled = None if situation.kind == TargetKind.COURSE else situation.enrolled_course_ids
    if situation.course is None:
        return None if enrolled is None else enrolled | {0}
    return {situation.course.pk} if enrolled is None or situation.course.pk in enrolled else ()


def _read(organisation: Organisation, kind: str) -> Openings:
    """As the database knows it now; two queries."""
    query, asked = rules.query_for_anybody(organisation, kind)
    rows = copied(query, asked, {"activity": ">i8", "course": ">i8"})
    needs: dict[int, set[int]] = {}
    needed = Prerequisite.objects.filter(organisation=organisation)
    for activity_id, needed_id in needed.values_list("activity_id", "needed_id"):
        needs.setdefault(activity_id, set()).add(needed_id)
    return Openings(
        rows["activity"].astype(np.int64),
        rows["course"].astype(np.int64),
        {activity_id: frozenset(each) for activity_id, each in needs.items()},
    )
