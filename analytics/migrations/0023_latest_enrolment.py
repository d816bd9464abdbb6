"""The latest run of each learner in a course is read from an index, in order."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("analytics", "0022_bits_in_place")]
    operations = [
        migrations.AddIndex(
            model_name="enrolment",
            index=models.Index(
                models.F("organisation"),
                models.F("learner"),
                models.F("course"),
                models.OrderBy(models.F("started_at"), descending=True, nulls_last=True),
                models.OrderBy(models.F("id"), descending=True),
                include=("course_run", "outcome"),
                name="enrolment_latest",
            ),
        ),
    ]
