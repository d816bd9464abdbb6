"""The statements that keep the bits of learners: who was there on a day, and who ever came to an activity."""
# ruff: noqa: S608  (the texts are put together from this file's own constants; values are parameters)

from __future__ import annotations

from analytics.models import BLOCK_LEARNERS

NOBODY = f"B'0'::bit({BLOCK_LEARNERS})"
BLOCK = f"learner_id / {BLOCK_LEARNERS}"
BIT = f"set_bit({NOBODY}, (learner_id %% {BLOCK_LEARNERS})::int, 1)"
FRESH_DAY_LEARNERS = f"""
CREATE TEMP TABLE IF NOT EXISTS fresh_daylearners (
    course_id bigint, block bigint, "on" date, learners bit({BLOCK_LEARNERS})
) ON COMMIT DELETE ROWS;
TRUNCATE fresh_daylearners;
INSERT INTO fresh_daylearners
SELECT course_id, {BLOCK}, "on", bit_or({BIT}) FROM fresh_learnerday WHERE course_id IS NOT NULL
GROUP BY course_id, {BLOCK}, "on"
UNION ALL
SELECT NULL, {BLOCK}, "on", bit_or({BIT}) FROM fresh_learnerday GROUP BY {BLOCK}, "on"
"""
FRESH_ACTIVITY_LEARNERS = f"""
CREATE TEMP TABLE IF NOT EXISTS fresh_activitylearners (
    activity_id bigint, block bigint, met bit({BLOCK_LEARNERS}), completed bit({BLOCK_LEARNERS})
) ON COMMIT DELETE ROWS;
TRUNCATE fresh_activitylearners;
INSERT INTO fresh_activitylearners
SELECT activity_id, {BLOCK}, bit_or({BIT}),
       coalesce(bit_or({BIT}) FILTER (WHERE n_completions > 0), {NOBODY})
FROM staged_day GROUP BY activity_id, {BLOCK}
"""
# Bits are only ever set here. Where events were lost, those of their activities are made anew after the last month.
ACTIVITY_LEARNERS = """
UPDATE analytics_activitylearners old
SET met = old.met | fresh.met, completed = old.completed | fresh.completed
FROM fresh_activitylearners fresh
WHERE old.activity_id = fresh.activity_id AND old.block = fresh.block
  AND (old.met | fresh.met <> old.met OR old.completed | fresh.completed <> old.completed);
INSERT INTO analytics_activitylearners (organisation_id, activity_id, block, met, completed)
SELECT %(organisation)s, activity_id, block, met, completed FROM fresh_activitylearners fresh
WHERE NOT EXISTS (
    SELECT FROM analytics_activitylearners old WHERE old.activity_id = fresh.activity_id AND old.block = fresh.block
)
"""
ALL_OF_EVENTS = f"""
INSERT INTO analytics_activitylearners (organisation_id, activity_id, block, met, completed)
SELECT %(organisation)s, activity_id, {BLOCK}, bit_or({BIT}),
       coalesce(bit_or({BIT}) FILTER (WHERE verb = ANY(%(completing)s)), {NOBODY})
FROM analytics_event WHERE organisation_id = %(organisation)s {{asked}} GROUP BY activity_id, {BLOCK}
"""
ALL_ACTIVITY_LEARNERS = f"""
DELETE FROM analytics_activitylearners WHERE organisation_id = %(organisation)s;
{ALL_OF_EVENTS.format(asked="")}
"""
# Events have no index by activity, but the days on which an activity has any are known: other months are left alone.
OF_THESE = """AND activity_id = ANY(%(activities)s)
  AND occurred_at >= (
      SELECT min("on")::timestamp AT TIME ZONE 'UTC' FROM analytics_activityday WHERE activity_id = ANY(%(activities)s)
  ) AND occurred_at < (
      SELECT (max("on") + 1)::timestamp AT TIME ZONE 'UTC'
      FROM analytics_activityday WHERE activity_id = ANY(%(activities)s)
  )
"""
THEIR_ACTIVITY_LEARNERS = f"""
DELETE FROM analytics_activitylearners
WHERE organisation_id = %(organisation)s AND activity_id = ANY(%(activities)s);
{ALL_OF_EVENTS.format(asked=OF_THESE)}
"""
