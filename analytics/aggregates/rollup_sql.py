"""The statements that count the days of `%(days)s` of one organisation anew, in the order in which they run."""
# ruff: noqa: S608  (the texts are put together from this file's own constants; values are parameters)

SUMS = "n_events, n_completions, seconds, clicks, result_sum, n_results"
ADDED = ", ".join(f"sum({name})" for name in SUMS.split(", "))

# One row per learner, activity and day, from which all tables follow; `course_id` of a course is itself.
STAGING = """
CREATE TEMP TABLE IF NOT EXISTS staged_day (
    "on" date, learner_id bigint, activity_id bigint, course_id bigint, n_events bigint, n_completions bigint,
    seconds double precision, clicks double precision, result_sum double precision, n_results bigint
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS staged_learner (learner_id bigint) ON COMMIT DELETE ROWS;
TRUNCATE staged_day, staged_learner
"""
EVENTS_OF_DAYS = """
analytics_event WHERE organisation_id = %(organisation)s AND occurred_at >= %(start)s AND occurred_at < %(end)s
  AND (occurred_at AT TIME ZONE 'UTC')::date = ANY(%(days)s)
"""
STAGE = f"""
INSERT INTO staged_day
SELECT day, learner_id, activity_id, CASE WHEN kind = 'course' THEN activity.id ELSE course_id END, {SUMS}
FROM (
    SELECT (occurred_at AT TIME ZONE 'UTC')::date AS day, learner_id, activity_id,
           count(*) AS n_events,
           count(*) FILTER (WHERE verb = ANY(%(completing)s)) AS n_completions,
           coalesce(sum(value) FILTER (WHERE unit = 'seconds'), 0) AS seconds,
           coalesce(sum(value) FILTER (WHERE unit = 'clicks'), 0) AS clicks,
           coalesce(sum(value) FILTER (WHERE unit = 'share'), 0) AS result_sum,
           count(value) FILTER (WHERE unit = 'share') AS n_results
    FROM {EVENTS_OF_DAYS}
    GROUP BY 1, 2, 3
) done
JOIN analytics_activity activity ON activity.id = activity_id
"""
FORGET = """
DELETE FROM analytics_organisationday WHERE organisation_id = %(organisation)s AND "on" = ANY(%(days)s);
DELETE FROM analytics_activityday WHERE organisation_id = %(organisation)s AND "on" = ANY(%(days)s);
WITH gone AS (
    DELETE FROM analytics_learnerday WHERE organisation_id = %(organisation)s AND "on" = ANY(%(days)s)
    RETURNING learner_id
)
INSERT INTO staged_learner SELECT learner_id FROM gone UNION SELECT learner_id FROM staged_day
"""
ACTIVITY_DAYS = f"""
INSERT INTO analytics_activityday (organisation_id, activity_id, "on", n_learners, {SUMS})
SELECT %(organisation)s, activity_id, "on", count(*), {ADDED}
FROM staged_day WHERE course_id IS DISTINCT FROM activity_id
GROUP BY activity_id, "on"
"""
COURSE_DAYS = f"""
INSERT INTO analytics_activityday (organisation_id, activity_id, "on", n_learners, {SUMS})
SELECT %(organisation)s, course_id, "on", count(DISTINCT learner_id), {ADDED}
FROM staged_day WHERE course_id IS NOT NULL
GROUP BY course_id, "on"
"""
LEARNER_DAYS = f"""
INSERT INTO analytics_learnerday (organisation_id, learner_id, course_id, "on", n_activities, {SUMS})
SELECT %(organisation)s, learner_id, course_id, "on", count(*), {ADDED}
FROM staged_day
GROUP BY learner_id, course_id, "on"
"""
ORGANISATION_DAYS = f"""
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
SELECT %(organisation)s, "on", count(DISTINCT learner_id), {ADDED}, min(counts::text)::jsonb
FROM staged_day JOIN by_hour ON day = "on"
GROUP BY "on"
"""
TOTALS = f"""
DELETE FROM analytics_learnertotal USING staged_learner
WHERE analytics_learnertotal.learner_id = staged_learner.learner_id;
INSERT INTO analytics_learnertotal (organisation_id, learner_id, n_days, first_on, last_on, {SUMS})
SELECT %(organisation)s, learner_id, count(DISTINCT "on"), min("on"), max("on"), {ADDED}
FROM analytics_learnerday WHERE learner_id IN (SELECT learner_id FROM staged_learner)
GROUP BY learner_id
"""
STEPS = (STAGING, STAGE, FORGET, ACTIVITY_DAYS, COURSE_DAYS, LEARNER_DAYS, ORGANISATION_DAYS, TOTALS)
