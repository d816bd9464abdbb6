"""The statements that count the days of `%(days)s` of one organisation anew.

What comes out is compared with what the tables hold, and only rows that differ are written: a live write of one event
changes a handful of rows, not the thousands of its day.
"""
# ruff: noqa: S608  (the texts are put together from this file's own constants; values are parameters)

from __future__ import annotations

from analytics.aggregates.learner_bits_sql import (
    ACTIVITY_LEARNERS,
    FRESH_ACTIVITY_LEARNERS,
    FRESH_DAY_LEARNERS,
)

NAMES = ("n_events", "n_completions", "seconds", "clicks", "result_sum", "n_results")
SUMS = ", ".join(NAMES)
ADDED = ", ".join(f"sum({name})" for name in NAMES)
ADDED_AS = ", ".join(f"sum({name}) AS {name}" for name in NAMES)
TYPES = (
    "n_events bigint, n_completions bigint, seconds double precision, clicks double precision, "
    "result_sum double precision, n_results bigint"
)
EVENTS_OF_DAYS = """
analytics_event WHERE organisation_id = %(organisation)s AND occurred_at >= %(start)s AND occurred_at < %(end)s
  AND (occurred_at AT TIME ZONE 'UTC')::date = ANY(%(days)s)
"""

SUMS_OF_EVENTS = """
count(*) AS n_events,
count(*) FILTER (WHERE verb = ANY(%(completing)s)) AS n_completions,
coalesce(sum(value) FILTER (WHERE unit = 'seconds'), 0) AS seconds,
coalesce(sum(value) FILTER (WHERE unit = 'clicks'), 0) AS clicks,
coalesce(sum(value) FILTER (WHERE unit = 'share'), 0) AS result_sum,
count(value) FILTER (WHERE unit = 'share') AS n_results
"""

# One row per learner, activity and day, from which all tables follow; `course_id` of a course is itself.
STAGING = f"""
CREATE TEMP TABLE IF NOT EXISTS staged_day (
    "on" date, learner_id bigint, activity_id bigint, course_id bigint, {TYPES}
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS fresh_activityday (
    activity_id bigint, "on" date, n_learners bigint, {TYPES}
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS fresh_learnerday (
    learner_id bigint, course_id bigint, "on" date, n_activities bigint, activities bigint[], {TYPES}
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS fresh_verbday (
    course_id bigint, verb text, "on" date, n_learners bigint, {TYPES}
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS touched_learner (learner_id bigint) ON COMMIT DELETE ROWS;
TRUNCATE staged_day, touched_learner
"""
STAGE = f"""
INSERT INTO staged_day
SELECT day, learner_id, activity_id, CASE WHEN kind = 'course' THEN activity.id ELSE course_id END, {SUMS}
FROM (
    SELECT (occurred_at AT TIME ZONE 'UTC')::date AS day, learner_id, activity_id, {SUMS_OF_EVENTS}
    FROM {EVENTS_OF_DAYS}
    GROUP BY 1, 2, 3
) done
JOIN analytics_activity activity ON activity.id = activity_id
"""
FRESH_LEARNER_DAYS = f"""
TRUNCATE fresh_activityday, fresh_learnerday, fresh_verbday;
INSERT INTO fresh_learnerday
SELECT learner_id, course_id, "on", count(*), array_agg(activity_id), {ADDED}
FROM staged_day GROUP BY learner_id, course_id, "on"
"""
# A course's own row adds up all its parts: there is one row per learner and course already.
FRESH_ACTIVITY_DAYS = f"""
INSERT INTO fresh_activityday
SELECT activity_id, "on", count(*), {ADDED}
FROM staged_day WHERE course_id IS DISTINCT FROM activity_id GROUP BY activity_id, "on"
UNION ALL
SELECT course_id, "on", count(*), {ADDED}
FROM fresh_learnerday WHERE course_id IS NOT NULL GROUP BY course_id, "on"
"""


# The fresh rows refer to few learners and activities: these are locked once, as the triggers of the foreign keys would
# lock them row by row. What was deleted since the events were read is told, and its rows are left out.
LOCKED_ORGANISATION = "SELECT FROM analytics_organisation WHERE id = %(organisation)s FOR KEY SHARE"
GONE_LEARNERS = """
WITH named AS (SELECT DISTINCT learner_id AS id FROM fresh_learnerday),
kept AS (SELECT id FROM analytics_learner WHERE id IN (SELECT id FROM named) ORDER BY id FOR KEY SHARE)
SELECT id FROM named EXCEPT SELECT id FROM kept
"""
GONE_ACTIVITIES = """
WITH named AS (
    SELECT activity_id AS id FROM fresh_activityday
    UNION SELECT course_id FROM fresh_verbday WHERE course_id IS NOT NULL
),
kept AS (SELECT id FROM analytics_activity WHERE id IN (SELECT id FROM named) ORDER BY id FOR KEY SHARE)
SELECT id FROM named EXCEPT SELECT id FROM kept
"""
WITHOUT_GONE = """
DELETE FROM staged_day WHERE learner_id = ANY(%(gone_learners)s)
    OR activity_id = ANY(%(gone_activities)s) OR course_id = ANY(%(gone_activities)s)
"""


def _replaced(
    name: str,
    key: tuple[str, ...],
    values: tuple[str, ...],
    sets: tuple[str, ...] = (),
    touched: str = "SELECT count(*)",
) -> str:
    """Delete the rows of the days that are no longer right, then insert those that are not there.

    `sets` are arrays whose order says nothing and whose lengths are among the values. `touched` says what to do with
    the first column of the key of the rows that changed.
    """
    # A null course is 0 here: equality can be hashed, IS NOT DISTINCT FROM cannot.
    same = " AND ".join(f"coalesce(old.{column}, 0) = coalesce(fresh.{column}, 0)" for column in key)
    same = f'{same} AND old."on" = fresh."on"'
    columns = ", ".join([*key, '"on"', *values, *sets])
    equal = [f"old.{column} = fresh.{column}" for column in values]
    unchanged = " AND ".join([*equal, *(f"old.{column} @> fresh.{column}" for column in sets)])
    return f"""
WITH gone AS (
    DELETE FROM analytics_{name} old WHERE organisation_id = %(organisation)s AND "on" = ANY(%(days)s)
      AND NOT EXISTS (SELECT FROM fresh_{name} fresh WHERE {same} AND {unchanged})
    RETURNING {key[0]}
)
{touched} FROM gone;
WITH come AS (
    INSERT INTO analytics_{name} (organisation_id, {columns})
    SELECT %(organisation)s, {columns} FROM fresh_{name} fresh
    WHERE NOT EXISTS (
        SELECT FROM analytics_{name} old
        WHERE organisation_id = %(organisation)s AND "on" = ANY(%(days)s) AND {same}
    )
    ORDER BY {", ".join(f"fresh.{column}" for column in key)}, fresh."on"
    RETURNING {key[0]}
)
{touched} FROM come
"""


LEARNER_DAYS = _replaced(
    "learnerday",
    ("learner_id", "course_id"),
    ("n_activities", *NAMES),
    ("activities",),
    "INSERT INTO touched_learner SELECT DISTINCT learner_id",
)
ACTIVITY_DAYS = _replaced("activityday", ("activity_id",), ("n_learners", *NAMES))
DAY_LEARNERS = _replaced("daylearners", ("course_id", "block"), ("learners",))
ORGANISATION_DAYS = f"""
DELETE FROM analytics_organisationday WHERE organisation_id = %(organisation)s AND "on" = ANY(%(days)s);
WITH hours AS (
    SELECT (occurred_at AT TIME ZONE 'UTC')::date AS day,
           extract(hour FROM occurred_at AT TIME ZONE 'UTC')::int AS hour, count(*) AS n
    FROM {EVENTS_OF_DAYS}
    GROUP BY 1, 2
), by_hour AS (
    SELECT day, jsonb_agg(coalesce(n, 0) ORDER BY hour) AS counts
    FROM (SELECT DISTINCT day FROM hours) days CROSS JOIN generate_series(0, 23) hour
    LEFT JOIN hours USING (day, hour)
    GROUP BY day
)
INSERT INTO analytics_organisationday (organisation_id, "on", n_learners, {SUMS}, n_events_by_hour)
SELECT %(organisation)s, "on", n_learners, {SUMS}, counts
FROM (SELECT "on", {ADDED_AS} FROM fresh_learnerday GROUP BY "on") sums
JOIN (
    SELECT "on", sum(bit_count(learners)) AS n_learners FROM fresh_daylearners WHERE course_id IS NULL GROUP BY "on"
) present USING ("on")
JOIN by_hour ON day = "on"
"""
# Grouped twice: a learner's verbs in a course are few, and COUNT(DISTINCT ...) would sort all events.
FRESH_VERB_DAYS = f"""
INSERT INTO fresh_verbday
SELECT course_id, verb, day, count(*), {ADDED}
FROM (
    SELECT (occurred_at AT TIME ZONE 'UTC')::date AS day, verb, learner_id,
           CASE WHEN kind = 'course' THEN activity.id ELSE course_id END AS course_id, {SUMS_OF_EVENTS}
    FROM (SELECT * FROM {EVENTS_OF_DAYS}) event JOIN analytics_activity activity ON activity.id = activity_id
    GROUP BY 1, 2, 3, 4
) done
GROUP BY course_id, verb, day
"""
# Few rows: a handful of verbs for each course and day, so they are simply written anew.
VERB_DAYS = f"""
DELETE FROM analytics_verbday WHERE organisation_id = %(organisation)s AND "on" = ANY(%(days)s);
INSERT INTO analytics_verbday (organisation_id, course_id, verb, "on", n_learners, {SUMS})
SELECT %(organisation)s, course_id, verb, "on", n_learners, {SUMS} FROM fresh_verbday
"""
STAGED = (STAGING, STAGE)
FRESH = (FRESH_LEARNER_DAYS, FRESH_ACTIVITY_DAYS, FRESH_DAY_LEARNERS, FRESH_ACTIVITY_LEARNERS, FRESH_VERB_DAYS)
"""Steps that fill tables of this session."""
ROWS = (LEARNER_DAYS, ACTIVITY_DAYS, DAY_LEARNERS, ORGANISATION_DAYS, ACTIVITY_LEARNERS, VERB_DAYS)
"""Steps that write what differs. Where GONE_LEARNERS and GONE_ACTIVITIES find none, no foreign key need be checked."""

TOUCHED = "SELECT DISTINCT learner_id FROM touched_learner LIMIT %(most)s"
# A day in two courses is one day; grouping twice hashes, where COUNT(DISTINCT ...) sorts.
TOTAL = f"""
INSERT INTO analytics_learnertotal (organisation_id, learner_id, n_days, first_on, last_on, {SUMS})
SELECT %(organisation)s, learner_id, count(*), min("on"), max("on"), {ADDED}
FROM (
    SELECT learner_id, "on", {ADDED_AS} FROM analytics_learnerday
    WHERE {{asked}} GROUP BY learner_id, "on"
) days
GROUP BY learner_id
"""
COURSE_TOTAL = f"""
INSERT INTO analytics_coursetotal (organisation_id, learner_id, course_id, n_days, first_on, last_on, {SUMS})
SELECT %(organisation)s, learner_id, course_id, count(*), min("on"), max("on"), {ADDED}
FROM analytics_learnerday WHERE {{asked}} AND course_id IS NOT NULL GROUP BY learner_id, course_id
"""
OF_ALL = "organisation_id = %(organisation)s"
# Without the organisation, which they belong to: the planner takes a new one to be empty, and reads all its days.
OF_TOUCHED = "learner_id = ANY(%(touched)s)"
TOTALS_OF_TOUCHED = f"""
DELETE FROM analytics_learnertotal WHERE {OF_TOUCHED};
{TOTAL.format(asked=OF_TOUCHED)};
DELETE FROM analytics_coursetotal WHERE {OF_TOUCHED};
{COURSE_TOTAL.format(asked=OF_TOUCHED)}
"""
ALL_TOTALS = f"""
DELETE FROM analytics_learnertotal WHERE {OF_ALL};
{TOTAL.format(asked=OF_ALL)};
DELETE FROM analytics_coursetotal WHERE {OF_ALL};
{COURSE_TOTAL.format(asked=OF_ALL)}
"""
