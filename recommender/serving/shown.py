"""What is about to be shown: under a token, and named.

Only what stands in an answer needs its name: some twenty activities, of hundreds that were looked at. Names that were
read lately are remembered, because the same activities stand in most answers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Sequence
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS
from django.db.models.base import ModelState
from django.utils import timezone

from analytics.public import Activity, Kind, Learner, Organisation, Prepared
from recommender.serving.answers import Chosen
from recommender.serving.situation import Situation
from recommender.serving.write_behind import Shown, new_token

MAX_REMEMBERED = 50_000
"""Activities, of some kilobyte each, of all organisations together."""

_NAMES = """
    SELECT activity.id, activity.external_id, activity.kind, activity.name, activity.parent_id, activity.course_id,
           course.external_id, course.name
    FROM analytics_activity activity LEFT JOIN analytics_activity course ON course.id = activity.course_id
    WHERE activity.id = ANY(%(ids)s) AND activity.organisation_id = %(organisation)s
"""
_NAMED = Prepared(_NAMES)


def named(organisation: Organisation, ids: Collection[int]) -> dict[int, Activity]:
    """The organisation's activities by id, with their courses; those that are gone are missing.

    One query for those that were not read in the last NEURALINK_NAME_SECONDS.
    """
    found, lacking = _remembered(organisation, ids)
    if lacking:
        found |= _activities(organisation, _NAMED.rows({"organisation": organisation.pk, "ids": lacking}))
    return found


def shown_to(learner: Learner, situation: Situation, chosen: Chosen, channel: str) -> Shown:
    """What a learner is shown, under a token of its own."""
    return Shown(
        token=str(new_token()),
        organisation_id=situation.organisation.pk,
        learner_id=learner.pk,
        version_id=chosen.model.version.pk if chosen.model else None,
        source=chosen.source,
        channel=channel,
        activity_ids=f"{{{','.join(str(one.activity_id) for one in chosen.candidates)}}}",
        n_met=len(situation.met),
        at=timezone.now(),
    )


_known: dict[int, tuple[float, int, Activity]] = {}  # by its id: when it was read, whose it is
_lock = threading.Lock()


def _remembered(organisation: Organisation, ids: Collection[int]) -> tuple[dict[int, Activity], list[int]]:
    """Those that are known well enough, and the ids of the others."""
    since, whose = time.monotonic() - settings.NEURALINK_NAME_SECONDS, organisation.pk
    found, lacking = {}, []
    for pk in ids:
        read_at, owner, activity = _known.get(pk, _UNKNOWN)
        if activity is None or read_at <= since or owner != whose:
            lacking.append(pk)
        else:
            found[pk] = activity
    return found, lacking


_UNKNOWN = (0.0, 0, None)


def forget() -> None:
    """Drop what this process remembers."""
    with _lock:
        _known.clear()


def _activities(organisation: Organisation, rows: Sequence[tuple[Any, ...]]) -> dict[int, Activity]:
    """Without their other columns, which are read when somebody looks at them; remembered from now on."""
    courses: dict[int, Activity] = {}
    found = {}
    for pk, external_id, kind, name, parent_id, course_id, course_external_id, course_name in rows:
        activity = found[pk] = _partly_read(
            id=pk, external_id=external_id, kind=kind, name=name, parent_id=parent_id, course_id=course_id
        )
        if course_id is not None:
            if course_id not in courses:
                courses[course_id] = _partly_read(
                    id=course_id, external_id=course_external_id, kind=Kind.COURSE, name=course_name
                )
            activity._state.fields_cache["course"] = courses[course_id]  # as `activity.course =`, without its checks
    now, whose = time.monotonic(), organisation.pk
    with _lock:
        for pk, activity in found.items():
            _known.pop(pk, None)
            _known[pk] = (now, whose, activity)
        while len(_known) > MAX_REMEMBERED:
            del _known[next(iter(_known))]
    return found


def _partly_read(**columns: Any) -> Activity:
    """A stored activity of which only some columns were read.

    As `Activity.from_db`, which takes four times as long: it goes through every field that was not read, and there are
    thirty activities in an answer.
    """
    activity = Activity.__new__(Activity)
    activity.__dict__.update(columns)
    activity._state = ModelState()
    activity._state.adding, activity._state.db = False, DEFAULT_DB_ALIAS
    return activity
