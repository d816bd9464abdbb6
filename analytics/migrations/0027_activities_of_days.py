"""Which activities a learner met on a day, beside how many they were."""

import django.contrib.postgres.fields
from django.db import migrations, models

# Days whose events were let go before stay without. Into a table first: only of a table is it known how many rows it
# has, and the update would look up each of millions by itself.
FILLED = """
CREATE TEMP TABLE met ON COMMIT DROP AS
SELECT learner_id, coalesce(course_id, 0) AS course_id, day, array_agg(activity_id) AS activities
FROM (
    SELECT DISTINCT event.learner_id, activity.id AS activity_id,
           CASE WHEN kind = 'course' THEN activity.id ELSE course_id END AS course_id,
           (occurred_at AT TIME ZONE 'UTC')::date AS day
    FROM analytics_event event JOIN analytics_activity activity ON activity.id = activity_id
) each
GROUP BY 1, 2, 3;
ANALYZE met;
UPDATE analytics_learnerday old SET activities = met.activities FROM met
WHERE old.learner_id = met.learner_id AND coalesce(old.course_id, 0) = met.course_id AND old."on" = met.day
"""


class Migration(migrations.Migration):
    dependencies = [("analytics", "0026_explored_answers")]
    operations = [
        migrations.AddField(
            model_name="learnerday",
            name="activities",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(), default=list, size=None
            ),
        ),
        migrations.RunSQL(FILLED, migrations.RunSQL.noop),
    ]
