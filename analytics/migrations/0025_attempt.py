"""What a source tells of an enrolment at its beginning: which attempt at the course it is."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("analytics", "0024_spreads")]
    operations = [
        migrations.AddField(
            model_name="enrolment",
            name="attempt",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="which attempt at this course, 1 for the first; empty where nobody told",
                null=True,
            ),
        ),
    ]
