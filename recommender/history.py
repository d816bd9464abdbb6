"""The only reader of what happened, for learning: all of an organisation's interactions, or one learner's.

Both look at events in the same way (an activity counts from its first meeting, ties in the order in which the
events came in), so that serving asks a model the question it was trained on.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from analytics.public import Activity, Kind, Learner, Organisation
from recommender.datasets.interactions import Interactions, Sequences, feature_hash, offsets_of
from recommender.models import TargetKind

NOT_TARGETS = (Kind.COURSE, Kind.MODULE)
"""Kinds of activity that hold others: somebody is recommended what is inside, or (kind course) the course."""

_WORD = re.compile(r"\w{2,}")

# COPY's binary form: 19 bytes of header, per row a count of fields and each field behind its length, and a trailer.
_HEADER_BYTES, _TRAILER_BYTES = 19, 2
_COLUMNS = dict.fromkeys(("learner", "activity", "at", "n_events"), ">i8")

# Rows: learner, activity, first meeting in seconds, number of events; in the order of the first meetings.
_MEETINGS_OF_PARTS = """
    SELECT event.learner_id, event.activity_id, floor(extract(epoch FROM min(event.occurred_at)))::bigint, count(*)
    FROM analytics_event event JOIN analytics_activity activity ON activity.id = event.activity_id
    WHERE event.organisation_id = %(organisation)s AND activity.kind <> ALL(%(not_targets)s)
      AND (%(learner)s::bigint IS NULL OR event.learner_id = %(learner)s)
      AND (%(course)s::bigint IS NULL OR activity.course_id = %(course)s)
      AND event.occurred_at <= %(until)s
    GROUP BY 1, 2
    ORDER BY min(event.occurred_at), min(event.id)
"""
# An enrolment meets its course too, after the events of its instant.
_MEETINGS_OF_COURSES = """
    SELECT learner_id, course_id, floor(extract(epoch FROM min(at)))::bigint, sum(n_events)::bigint FROM (
        SELECT event.learner_id, COALESCE(activity.course_id, activity.id) AS course_id,
               min(event.occurred_at) AS at, count(*) AS n_events, min(event.id) AS event_id
        FROM analytics_event event JOIN analytics_activity activity ON activity.id = event.activity_id
        WHERE event.organisation_id = %(organisation)s AND (activity.course_id IS NOT NULL OR activity.kind = 'course')
          AND (%(learner)s::bigint IS NULL OR event.learner_id = %(learner)s)
          AND event.occurred_at <= %(until)s
        GROUP BY 1, 2
        UNION ALL
        SELECT learner_id, course_id, started_at, 1, NULL FROM analytics_enrolment
        WHERE organisation_id = %(organisation)s AND started_at <= %(until)s
          AND (%(learner)s::bigint IS NULL OR learner_id = %(learner)s)
    ) meeting
    GROUP BY 1, 2
    ORDER BY min(at), min(event_id) NULLS LAST, 1, 2
"""
_MEETINGS = {TargetKind.ANY: _MEETINGS_OF_PARTS, TargetKind.COURSE: _MEETINGS_OF_COURSES}


def interactions(
    organisation: Organisation, *, kind: str, course: Activity | None = None, until: datetime | None = None
) -> Interactions:
    """Who met what and when first, of everybody; the weight of a pair is its number of events.

    The database folds events into pairs and streams those in binary, so memory follows the pairs (about 150
    bytes each at the peak) and not the events.

    Args:
        organisation: whose events; no others are read.
        kind: `any` (all but courses and modules) or `course` (the course of each event, and enrolments).
        course: only the activities of this course.
        until: the last instant that counts; for an archive, its own clock where None.
    """
    table = copied(_MEETINGS[TargetKind(kind)], _asked(organisation, course, until), _COLUMNS)
    found = Interactions.from_columns(table["learner"], table["activity"], table["at"], table["n_events"])
    return found.described(activity_features(organisation, found.activity_ids)) if len(found) else found


def copied(query: str, asked: Mapping[str, Any], columns: Mapping[str, str]) -> NDArray[Any]:
    """The rows of a query as one structured array, streamed in binary.

    Args:
        query: SQL whose columns all have 8 bytes and are never null.
        asked: its parameters.
        columns: name -> NumPy's type of each, `>i8` or `>f8`, in the query's order.
    """
    buffer = io.BytesIO()
    with transaction.atomic(), connection.cursor() as cursor:
        # Enough for millions of pairs to be folded in memory; by default PostgreSQL would sort on disk.
        cursor.execute("SET LOCAL work_mem = '256MB'")
        cursor.copy_expert(f"COPY ({cursor.mogrify(query, asked).decode()}) TO STDOUT (FORMAT binary)", buffer, 2**20)
    fields = ((name, kind) for column in columns.items() for name, kind in ((f"{column[0]}_bytes", ">i4"), column))
    row = np.dtype([("n_fields", ">i2"), *fields])
    return np.frombuffer(buffer.getbuffer()[_HEADER_BYTES:-_TRAILER_BYTES], row)


def unmet(
    organisation: Organisation, met_ids: NDArray[np.int64], *, kind: str, course: Activity | None = None
) -> NDArray[np.int64]:
    """Ids of what could be recommended and nobody has met yet, ascending."""
    rows = Activity.objects.filter(organisation=organisation).exclude(id__in=met_ids.tolist())
    rows = rows.courses() if kind == TargetKind.COURSE else rows.exclude(kind__in=NOT_TARGETS)
    if course is not None:
        rows = rows.filter(course=course)
    return np.array(rows.order_by("id").values_list("id", flat=True), np.int64)


def activity_features(organisation: Organisation, activity_ids: NDArray[np.int64]) -> Sequences:
    """What describes each activity, as hashes: its kind, its course, what holds it, and the words of its name."""
    rows = Activity.objects.filter(organisation=organisation, id__in=activity_ids.tolist())
    found = {row[0]: row[1:] for row in rows.values_list("id", "kind", "course_id", "parent_id", "name")}
    lists = [_hashes(*found[pk]) if pk in found else [] for pk in activity_ids.tolist()]
    offsets = offsets_of(np.array([len(hashes) for hashes in lists], np.int64))
    return Sequences(offsets, np.array([one for hashes in lists for one in hashes], np.int32))


def _hashes(kind: str, course_id: int | None, parent_id: int | None, name: str) -> list[int]:
    words = dict.fromkeys(_WORD.findall(name.casefold()))
    facts = [f"kind={kind}", f"course={course_id}", f"parent={parent_id}", *(f"word={word}" for word in words)]
    return [feature_hash(fact) for fact in facts]


def recent_history(learner: Learner, *, kind: str) -> NDArray[np.int64]:
    """What one learner has met up to this very event: distinct activity ids, oldest first. One query by index."""
    with connection.cursor() as cursor:
        asked = _asked(learner.organisation, None, None) | {"learner": learner.pk}
        cursor.execute(_MEETINGS[TargetKind(kind)], asked)
        return np.array([row[1] for row in cursor.fetchall()], np.int64)


def _asked(organisation: Organisation, course: Activity | None, until: datetime | None) -> dict[str, Any]:
    return {
        "organisation": organisation.pk,
        "learner": None,
        "course": course.pk if course is not None else None,
        "until": until or organisation.as_of or "infinity",
        "not_targets": [kind.value for kind in NOT_TARGETS],
    }
