"""What was handed in, by activity: predicting outcomes asks for nothing else among all events.

On OULAD (10.9 million events, 172,000 of them such) the question takes 0.1 s instead of 2.2 s; the index has 7 MB. Its
verbs are those of `recommender.study_history`.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("analytics", "0018_learner_bits")]
    operations = [
        migrations.RunSQL(
            "CREATE INDEX event_handed_in ON analytics_event (activity_id, learner_id, occurred_at) "
            "WHERE verb IN ('completed', 'passed', 'submitted', 'failed')",
            reverse_sql="DROP INDEX event_handed_in",
        )
    ]
