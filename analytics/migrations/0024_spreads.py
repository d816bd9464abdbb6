"""How measures of whole weeks and months are spread over learners, kept beside the day tables."""

import django.db.models.deletion
from django.db import migrations, models

SUMS = ("n_events", "n_completions", "seconds", "clicks", "result_sum", "n_results")
ADDED = ", ".join(f"sum({name}) AS {name}" for name in SUMS)
NAMES = ", ".join(SUMS)
FILLED = f"""
INSERT INTO analytics_spread (
    organisation_id, course_id, span, "on", measure, n_learners,
    mean, deviation, least, p10, p25, median, p75, p90, most
)
WITH within AS MATERIALIZED (
    SELECT organisation_id, date_trunc('{{span}}', "on"::timestamp)::date AS first, course_id, learner_id,
           count(*) AS n_days, {ADDED}
    FROM analytics_learnerday GROUP BY 1, 2, 3, 4
), everywhere AS (
    SELECT organisation_id, first, learner_id, {ADDED} FROM within GROUP BY 1, 2, 3
), present AS (
    SELECT organisation_id, date_trunc('{{span}}', "on"::timestamp)::date AS first, learner_id,
           count(DISTINCT "on") AS n_days
    FROM analytics_learnerday GROUP BY 1, 2, 3
), each AS (
    SELECT organisation_id, first, course_id, n_days, {NAMES} FROM within WHERE course_id IS NOT NULL
    UNION ALL
    SELECT organisation_id, first, NULL, n_days, {NAMES}
    FROM everywhere JOIN present USING (organisation_id, first, learner_id)
)
SELECT organisation_id, course_id, '{{span}}', first, measure, count(value),
       avg(value), stddev_samp(value), min(value),
       percentile_cont(0.10) WITHIN GROUP (ORDER BY value), percentile_cont(0.25) WITHIN GROUP (ORDER BY value),
       percentile_cont(0.50) WITHIN GROUP (ORDER BY value), percentile_cont(0.75) WITHIN GROUP (ORDER BY value),
       percentile_cont(0.90) WITHIN GROUP (ORDER BY value), max(value)
FROM each CROSS JOIN LATERAL (VALUES
    ('events', n_events::float8), ('completions', n_completions::float8), ('hours', (seconds / 3600.0)::float8),
    ('clicks', clicks::float8), ('results', n_results::float8),
    ('result_share', (result_sum / nullif(n_results, 0))::float8), ('active_days', n_days::float8)
) told (measure, value)
GROUP BY organisation_id, course_id, first, measure
"""


class Migration(migrations.Migration):
    dependencies = [("analytics", "0023_latest_enrolment")]
    operations = [
        migrations.CreateModel(
            name="Spread",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("span", models.CharField(max_length=8)),
                ("on", models.DateField()),
                ("measure", models.CharField(max_length=16)),
                ("n_learners", models.IntegerField(default=0)),
                ("mean", models.FloatField(null=True)),
                ("deviation", models.FloatField(null=True)),
                ("least", models.FloatField(null=True)),
                ("p10", models.FloatField(null=True)),
                ("p25", models.FloatField(null=True)),
                ("median", models.FloatField(null=True)),
                ("p75", models.FloatField(null=True)),
                ("p90", models.FloatField(null=True)),
                ("most", models.FloatField(null=True)),
                (
                    "course",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="analytics.activity",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="analytics.organisation",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organisation", "span", "measure", "course", "on"),
                        name="spread_once",
                        nulls_distinct=False,
                    )
                ],
            },
        ),
        *(migrations.RunSQL(FILLED.format(span=span), migrations.RunSQL.noop) for span in ("week", "month")),
    ]
