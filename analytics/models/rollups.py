"""Day tables: what pages read instead of millions of events. A day is a UTC day."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from analytics.models.catalogue import Activity
from analytics.models.jobs import Job
from analytics.models.organisation import Organisation
from analytics.models.people import Learner


class Sums(models.Model):
    """What every day table adds up; the formulas are in `aggregates.measures`."""

    is_derived = True
    """Goes with the learner or activity that an import brought, when it is rolled back; other rows keep them there."""

    n_events = models.IntegerField(default=0)
    n_completions = models.IntegerField(default=0)
    seconds = models.FloatField(default=0)
    clicks = models.FloatField(default=0)
    result_sum = models.FloatField(default=0)
    n_results = models.IntegerField(default=0)

    class Meta:
        abstract = True


class OrganisationDay(Sums):
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+", db_index=False)
    on = models.DateField()
    n_learners = models.IntegerField(default=0)
    n_events_by_hour = models.JSONField(default=list)
    """24 counts, hour 0 to 23 UTC."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "on"], name="organisation_day_once")]

    def __str__(self) -> str:
        return f"{self.organisation_id} {self.on}"


class ActivityDay(Sums):
    """Per activity; a course's own row counts the events on the course and on all its parts."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+", db_index=False)
    activity = models.ForeignKey(Activity, on_delete=models.CASCADE, related_name="days", db_index=False)
    on = models.DateField()
    n_learners = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["activity", "on"], name="activity_day_once")]
        indexes = [models.Index(fields=["organisation", "on"])]

    def __str__(self) -> str:
        return f"{self.activity_id} {self.on}"


class LearnerDay(Sums):
    """Per learner and course; `course` is null for activities outside any course."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+", db_index=False)
    learner = models.ForeignKey(Learner, on_delete=models.CASCADE, related_name="days", db_index=False)
    course = models.ForeignKey(
        Activity, on_delete=models.CASCADE, null=True, related_name="learner_days", db_index=False
    )
    on = models.DateField()
    n_activities = models.IntegerField(default=0)
    activities = ArrayField(models.BigIntegerField(), default=list)
    """Which those were, in no order. Whom they met for the first time on which day follows from these rows, and is not
    kept: an event that came late would change days that are not its own."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["learner", "course", "on"], name="learner_day_once", nulls_distinct=False)
        ]
        indexes = [models.Index(fields=["organisation", "on"]), models.Index(fields=["course", "on"])]

    def __str__(self) -> str:
        return f"{self.learner_id} {self.course_id} {self.on}"


class VerbDay(Sums):
    """Per verb and course; `course` is null for activities outside any course."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+", db_index=False)
    course = models.ForeignKey(Activity, on_delete=models.CASCADE, null=True, related_name="+", db_index=False)
    verb = models.CharField(max_length=16)
    on = models.DateField()
    n_learners = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "on", "course", "verb"], name="verb_day_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.course_id} {self.verb} {self.on}"


class LearnerTotal(Sums):
    """All days of a learner added up, so that the list of learners sorts by it without a scan of days."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+", db_index=False)
    learner = models.OneToOneField(Learner, on_delete=models.CASCADE, related_name="total")
    n_days = models.IntegerField(default=0)
    first_on = models.DateField(null=True)
    last_on = models.DateField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["organisation", "-last_on"]),
            models.Index(fields=["organisation", "-n_events"]),
        ]

    def __str__(self) -> str:
        return f"{self.learner_id}: {self.n_events} events"


class CourseTotal(Sums):
    """All days of a learner in one course added up: who was ever active in it, and how much."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+", db_index=False)
    learner = models.ForeignKey(Learner, on_delete=models.CASCADE, related_name="course_totals", db_index=False)
    course = models.ForeignKey(Activity, on_delete=models.CASCADE, related_name="learner_totals", db_index=False)
    n_days = models.IntegerField(default=0)
    first_on = models.DateField(null=True)
    last_on = models.DateField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["learner", "course"], name="course_total_once")]
        indexes = [models.Index(fields=["course", "learner"])]

    def __str__(self) -> str:
        return f"{self.learner_id} {self.course_id}: {self.n_events} events"


class Spread(models.Model):
    """How one measure of a whole week or month is spread over the learners who were there; of whole spans only.

    `course` is null for all that they did. Percentiles of weeks cannot be made of percentiles of days, so that without
    these rows Explore would sort every learner of every week of a long period.
    """

    is_derived = True

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+", db_index=False)
    course = models.ForeignKey(Activity, on_delete=models.CASCADE, null=True, related_name="+")
    span = models.CharField(max_length=8)
    """Of `SPANS`."""
    on = models.DateField()
    """The first day."""
    measure = models.CharField(max_length=16)
    n_learners = models.IntegerField(default=0)
    """Of whom the measure says anything."""
    mean = models.FloatField(null=True)
    deviation = models.FloatField(null=True)
    least = models.FloatField(null=True)
    p10 = models.FloatField(null=True)
    p25 = models.FloatField(null=True)
    median = models.FloatField(null=True)
    p75 = models.FloatField(null=True)
    p90 = models.FloatField(null=True)
    most = models.FloatField(null=True)

    SPANS = ("week", "month")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "span", "measure", "course", "on"], name="spread_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.measure} of {self.span} {self.on}"


class DirtyDay(models.Model):
    """A day whose events changed. Written in the transaction that changed them; several rows may name one day.

    Rows are only ever added and deleted by id: were a day's row unique, a writer that found it there and a
    refresh that deletes it could pass each other, and the writer's events would never be counted.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    on = models.DateField()
    lost_events = models.BooleanField(default=True, db_default=True)
    """False only where events were added and none taken away: bits of learners are then added too, else made anew."""
    lost_activities = ArrayField(models.BigIntegerField(), null=True)
    """Of which activities events were taken away; null where that is not known: of all."""

    def __str__(self) -> str:
        return f"{self.organisation_id} {self.on}"


class RollupRefresh(Job):
    """The job that brings the day tables of an organisation up to date."""

    task_name = "analytics.tasks.refresh_rollups"
    queue = "aggregate"

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="rollup_refreshes")
    n_days = models.IntegerField(default=0)

    class Meta:
        verbose_name_plural = "rollup refreshes"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"rollups of {self.organisation_id} #{self.pk}"
