"""Bits of learners in place: the days say of which activities events were lost, and rows of bits have room to change.

Each month of an import sets bits in most rows; one that stays on its page costs no entry in an index.
"""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("analytics", "0021_retention")]
    operations = [
        migrations.AddField(
            model_name="dirtyday",
            name="lost_activities",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(), null=True, size=None
            ),
        ),
        migrations.RunSQL(
            "ALTER TABLE analytics_activitylearners SET (fillfactor = 45)",
            reverse_sql="ALTER TABLE analytics_activitylearners RESET (fillfactor)",
        ),
    ]
