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
QUICK_SECONDS = 0.04
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
    """The same by what was read before."""
    among = openings.among(np.fromiter(ids, np.int64, len(ids)))
    return {pk: course_id for pk, course_id in among if _suits(situation, pk, course_id, openings, outline)}


def _suits(situation: Situation, pk: int, course_id: int, openings: Openings, outline: Outline) -> bool:
    """The rules that look at who asks, of an activity that is open to anybody, with its course or 0."""
    personal = situation.personal
    if situation.kind == TargetKind.COURSE:
        is_reached = pk not in personal.ever_enrolled_ids
    else:
        enrolled = personal.enrolled_course_ids
        is_reached = enrolled is None or course_id == 0 or course_id in enrolled
    return (
        is_reached
        and (situation.course is None or course_id == situation.course.pk)
        and (pk not in situation.met or pk == situation.unfinished_id)
        and pk not in personal.refused_ids
        and pk not in personal.worn_out_ids
        and pk not in situation.excluded_ids
        and all(needed in situation.met for needed in openings.needs.get(pk, ()))
        and not (situation.effects.is_blocking and situation.effects.blocks(outline, pk))
    )


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
