from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("analytics", "0002_event_partitions")]
    operations = [
        migrations.AddField(
            model_name="import",
            name="rolled_back_at",
            field=models.DateTimeField(blank=True, help_text="its events were taken out again", null=True),
        ),
    ]
