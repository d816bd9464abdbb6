"""The only reader of what happened, for learning: all of an organisation's interactions, or one learner's.

Both look at events in the same way (an activity counts from its first meeting, ties in the order in which the
events came in), so that serving asks a model the question it was trained on.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from analytics.public import Activity, Kind, Organisation
from recommender.datasets.interactions import Interactions, Sequences, feature_hash, offsets_of
from recommender.models import TargetKind

KINDS = tuple(kind.value for kind in Kind)
NOT_TARGETS = (Kind.COURSE, Kind.MODULE)
"""Kinds of activity that hold others: somebody is recommended what is inside, or (kind course) the course."""

_WORD = re.compile(r"\w{2,}")

# COPY's binary form: 19 bytes of header, per row a count of fields and each field behind its length, and a trailer.
_HEADER_BYTES, _TRAILER_BYTES = 19, 2
_DAY_FIELDS = ("activity", "at", "n_learners")
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


_OUTLINE = """
    SELECT id, COALESCE(course_id, 0),
           COALESCE(lead(id) OVER (PARTITION BY course_id, parent_id, course_id IS NULL ORDER BY position, id), 0),
           COALESCE(parent_id, 0), (COALESCE(array_position(%(kinds)s, kind::text), 0) - 1)::bigint
    FROM analytics_activity WHERE organisation_id = %(organisation)s ORDER BY id
"""

# Rows: learner, course, since when in seconds. As `serving.personal` looks at them: one without a date is there from
# the beginning, but for a withdrawal without one.
_ENROLMENTS = """
    SELECT learner_id, course_id, floor(extract(epoch FROM min(COALESCE(started_at, 'epoch'))))::bigint
    FROM analytics_enrolment
    WHERE organisation_id = %(organisation)s AND (started_at IS NULL OR started_at <= %(until)s)
      AND NOT (outcome = 'withdrawn' AND ended_at IS NULL)
      AND (%(course)s::bigint IS NULL OR course_id = %(course)s)
    GROUP BY 1, 2
    ORDER BY 1, 3, 2
"""

# Rows: activity, when the day begins in seconds, how many came. The day of an archive's clock counts whole.
_ACTIVITY_DAYS = """
    SELECT activity_id, extract(epoch FROM "on")::bigint, n_learners::bigint FROM analytics_activityday
    WHERE organisation_id = %(organisation)s AND "on" <= (%(until)s::timestamptz AT TIME ZONE 'UTC')::date
"""

UNFINISHED_DAYS = 30
"""What was begun longer ago counts as left."""

# For serving. What learners said of a recommendation (began it, completed it) counts as an event that has not arrived;
# it has no clock of an archive. What kind of activity was met is not looked up here: for one learner that would cost a
# third of the statement, and serving has it in memory.
_RECENT_OF_PARTS = """
    SELECT met.learner_id, met.activity_id,
           COALESCE(max(met.at) FILTER (WHERE met.verb IN ('started', 'progressed')) > %(lately)s
                    AND max(met.at) FILTER (WHERE met.verb IN ('started', 'progressed'))
                        > COALESCE(max(met.at) FILTER (WHERE met.verb NOT IN ('started', 'progressed')), '-infinity'),
                    false),
           floor(extract(epoch FROM min(met.at)))::bigint
    FROM (
        SELECT learner_id, activity_id, occurred_at AS at, id, verb FROM analytics_event
        WHERE learner_id = {learners} AND organisation_id = %(organisation)s AND occurred_at <= %(until)s
        UNION ALL
        SELECT learner_id, activity_id, at, 9223372036854775807,
               CASE action WHEN 'start' THEN 'started' ELSE 'completed' END
        FROM recommender_feedback
        WHERE learner_id = {learners} AND organisation_id = %(organisation)s
          AND action IN ('start', 'complete')
    ) met
    GROUP BY met.learner_id, met.activity_id
    ORDER BY met.learner_id, min(met.at), min(met.id)
"""
_RECENT_OF_COURSES = """
    SELECT meeting.learner_id, course.id, false, floor(extract(epoch FROM min(meeting.at)))::bigint
    FROM (
        SELECT event.learner_id, COALESCE(activity.course_id, activity.id) AS course_id,
               min(event.occurred_at) AS at, min(event.id) AS event_id
        FROM analytics_event event JOIN analytics_activity activity ON activity.id = event.activity_id
        WHERE event.organisation_id = %(organisation)s AND (activity.course_id IS NOT NULL OR activity.kind = 'course')
          AND event.learner_id = {learners} AND event.occurred_at <= %(until)s
        GROUP BY 1, 2
        UNION ALL
        SELECT learner_id, course_id, started_at, NULL FROM analytics_enrolment
        WHERE organisation_id = %(organisation)s AND started_at <= %(until)s AND learner_id = {learners}
        UNION ALL
        SELECT learner_id, activity_id, at, NULL FROM recommender_feedback
        WHERE organisation_id = %(organisation)s AND learner_id = {learners}
          AND action IN ('start', 'complete')
    ) meeting JOIN analytics_activity course ON course.id = meeting.course_id AND course.kind = 'course'
    GROUP BY meeting.learner_id, course.id
    ORDER BY meeting.learner_id, min(meeting.at), min(meeting.event_id) NULLS LAST, course.id
"""
_RECENT = {TargetKind.ANY: _RECENT_OF_PARTS, TargetKind.COURSE: _RECENT_OF_COURSES}


def interactions(
    organisation: Organisation, *, kind: str, course: Activity | None = None, until: datetime | None = None
) -> Interactions:
    """Who met what and when first, of everybody; the weight of a pair is its number of events.

    And how many were at each activity day by day, as far as day tables are rolled up.

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
    if not len(found):
        return found
    # Of courses an enrolment is a meeting already.
    known = None
    if kind == TargetKind.ANY:
        known = learner_features(organisation, found.learner_ids, course=course, until=until)
    days = copied(_ACTIVITY_DAYS, _asked(organisation, course, until), dict.fromkeys(_DAY_FIELDS, ">i8"))
    if len(days):
        found = found.with_days(*(days[name] for name in _DAY_FIELDS))
    return found.described(activity_features(organisation, found.activity_ids), known)


def copied(query: str, asked: Mapping[str, Any], columns: Mapping[str, str]) -> NDArray[Any]:
    """The rows of a query as one structured array, streamed in binary.

    Args:
        query: SQL whose columns all have 8 bytes and are never null.
        asked: its parameters.
        columns: name -> NumPy's type of each, `>i8` or `>f8`, in the query's order.
    """
    return np.frombuffer(_binary(query, asked), _row(columns))


def copied_with_lists(
    query: str, asked: Mapping[str, Any], columns: Mapping[str, str]
) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.int64]]:
    """The same for a query with one more column, the last: arrays of bigint without nulls.

    A list comes as one field, so that millions of its numbers need no row each: a third of the time.

    Returns:
        The table (m,), how many numbers each list has (m,), and the numbers of all lists, one after the other.
    """
    binary, row = _binary(query, asked), _row(columns)
    starts, place, end, n_bytes_at = [], 0, len(binary), struct.Struct(">i").unpack_from
    while place < end:
        starts.append(place)
        place += row.itemsize + 4 + n_bytes_at(binary, place + row.itemsize)[0]
    begins = np.array(starts, np.int64)
    rows = np.empty(len(begins), [*columns.items()])
    for place, (name, kind) in enumerate(columns.items()):
        rows[name] = _anywhere(binary, kind)[begins + 2 + 4 + 12 * place]
    # A list begins with 20 bytes on its shape, and 4 before each number say that it has 8; an empty one has just 12.
    n_bytes = np.diff(begins, append=end) - row.itemsize - 4
    counts = np.maximum(n_bytes - 20, 0) // 12
    at = np.arange(counts.sum()) * 12
    at += np.repeat(begins + row.itemsize + 4 + 20 + 4 - 12 * (np.cumsum(counts) - counts), counts)
    return rows, counts, _anywhere(binary, ">i8")[at].astype(np.int64)


def _anywhere(binary: memoryview, kind: str) -> NDArray[Any]:
    """What 8 bytes say, from each place on."""
    return np.ndarray((max(len(binary) - 7, 0),), kind, binary, strides=(1,))


def _binary(query: str, asked: Mapping[str, Any]) -> memoryview:
    """The rows of a query as PostgreSQL sends them."""
    buffer = io.BytesIO()
    with transaction.atomic(), connection.wrap_database_errors, connection.cursor() as cursor:
        # Enough for millions of pairs to be folded in memory; by default PostgreSQL would sort on disk.
        cursor.execute("SET LOCAL work_mem = '256MB'")
        cursor.copy_expert(f"COPY ({cursor.mogrify(query, asked).decode()}) TO STDOUT (FORMAT binary)", buffer, 2**20)
    return buffer.getbuffer()[_HEADER_BYTES:-_TRAILER_BYTES]


def _row(columns: Mapping[str, str]) -> np.dtype[Any]:
    fields = ((name, kind) for column in columns.items() for name, kind in ((f"{column[0]}_bytes", ">i4"), column))
    return np.dtype([("n_fields", ">i2"), *fields])


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
    facts = [f"kind={kind}", _course_fact(course_id), f"parent={parent_id}", *(f"word={word}" for word in words)]
    return [feature_hash(fact) for fact in facts]


def _course_fact(course_id: int | None) -> str:
    return f"course={course_id}"


def learner_features(
    organisation: Organisation,
    learner_ids: NDArray[np.int64],
    *,
    course: Activity | None = None,
    until: datetime | None = None,
) -> Sequences | None:
    """What is known of each learner besides, as `features_of`, and since when; None where nobody is enrolled.

    Args:
        organisation: whose enrolments.
        learner_ids: shape (n,), ascending.
        course: only enrolments in this one.
        until: the last instant at which one may have begun; the organisation's clock where None.
    """
    asked = _asked(organisation, course, until or organisation.now())
    found = copied(_ENROLMENTS, asked, dict.fromkeys(("learner", "course", "at"), ">i8"))
    found = found[np.isin(found["learner"], learner_ids)]
    if not len(found):
        return None
    counts = np.bincount(np.searchsorted(learner_ids, found["learner"]), minlength=len(learner_ids))
    courses, place = np.unique(found["course"], return_inverse=True)
    return Sequences(offsets_of(counts), features_of(courses.tolist())[place], found["at"].astype(np.int64))


def features_of(course_ids: Iterable[int]) -> NDArray[np.int32]:
    """Of a learner in these courses: each one by the very feature of its activities, so that both share what is learnt.

    What a source tells of the person is no feature of any model.
    """
    return np.array([feature_hash(_course_fact(pk)) for pk in course_ids], np.int32)


def outline(organisation: Organisation) -> NDArray[Any]:
    """Where each activity stands, by ascending id.

    Fields `activity`, `course`, `following` and `parent` (ids; 0 for none) and `kind` (its place in KINDS). What
    follows is the next part with the same parent in the same course, by position.
    """
    asked = {"organisation": organisation.pk, "kinds": list(KINDS)}
    fields = ("activity", "course", "following", "parent", "kind")
    found = copied(_OUTLINE, asked, dict.fromkeys(fields, ">i8"))
    made: NDArray[Any] = np.empty(len(found), np.dtype([(name, np.int64) for name in fields]))
    for name in fields:
        made[name] = found[name]
    return made


class Meeting(NamedTuple):
    """One activity that a learner met."""

    activity_id: int
    is_unfinished: bool  # lately begun or gone on with, and nothing done there since
    at: int  # of the first meeting, in seconds since 1970 UTC


def recent_of(learners: str, kind: str) -> str:
    """SQL of a learner's id and the fields of a `Meeting`, oldest first, with the parameters `asked_of`.

    Args:
        learners: SQL of what to hold learners' ids against: one id, or `ANY(...)` of some.
        kind: of what is recommended.
    """
    return _RECENT[TargetKind(kind)].replace("{learners}", learners)


def recent_meetings_of(
    organisation: Organisation, learner_ids: Sequence[int], *, kind: str
) -> dict[int, list[Meeting]]:
    """What learners have met up to this very event, and said to have begun or done: each once, oldest first.

    One query; learners without any are missing. With kind `any` courses and modules are there too.
    """
    found: dict[int, list[Meeting]] = {}
    with connection.cursor() as cursor:
        cursor.execute(recent_of("ANY(%(learners)s)", kind), asked_of(learner_ids, organisation))
        for row in cursor.fetchall():
            found.setdefault(row[0], []).append(Meeting(*row[1:]))
    return found


def asked_of(learner_ids: Sequence[int], organisation: Organisation) -> dict[str, Any]:
    return {
        "organisation": organisation.pk,
        "learners": list(learner_ids),
        "until": organisation.as_of or "infinity",
        "lately": organisation.now() - timedelta(days=UNFINISHED_DAYS),
    }


def _asked(organisation: Organisation, course: Activity | None, until: datetime | None) -> dict[str, Any]:
    return {
        "organisation": organisation.pk,
        "learner": None,
        "course": course.pk if course is not None else None,
        "until": until or organisation.as_of or "infinity",
        "not_targets": [kind.value for kind in NOT_TARGETS],
    }
