"""Who was there, one bit a learner: distinct learners over any days and courses are counted without a look at rows.

The bits of a day are 13 kB for 100,000 learners, and those of 90 days are or-ed in milliseconds, where hashing the
rows of OULAD's learners took half a second. The count is exact: a bit is one learner.
"""

from __future__ import annotations

from typing import Any

from django.db import models

from analytics.models.catalogue import Activity
from analytics.models.organisation import Organisation

BLOCK_LEARNERS = 2048
"""Learners whose bits share a row: learner `id` has bit `id % BLOCK_LEARNERS` of block `id // BLOCK_LEARNERS`."""


class LearnerBits(models.Field):  # type: ignore[type-arg]  # generic in the stubs only
    """BLOCK_LEARNERS bits; Python sees them as a text of 0 and 1. PostgreSQL ors, ands and counts them."""

    def db_type(self, connection: Any) -> str:
        return f"bit({BLOCK_LEARNERS})"


class DayLearners(models.Model):
    """Learners who did anything on a day, in a course or one of its parts; `course` is null for all they did."""

    is_derived = True

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+", db_index=False)
    course = models.ForeignKey(Activity, on_delete=models.CASCADE, null=True, related_name="+", db_index=False)
    on = models.DateField()
    block = models.BigIntegerField()
    learners = LearnerBits()

    class Meta:
        verbose_name_plural = "day learners"
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "course", "on", "block"], name="day_learners_once", nulls_distinct=False
            )
        ]
        indexes = [models.Index(fields=["organisation", "on"]), models.Index(fields=["course"])]

    def __str__(self) -> str:
        return f"{self.course_id} {self.on} {self.block}"


class ActivityLearners(models.Model):
    """Learners who ever did anything with an activity, and those who completed it."""

    is_derived = True

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    activity = models.ForeignKey(Activity, on_delete=models.CASCADE, related_name="+", db_index=False)
    block = models.BigIntegerField()
    met = LearnerBits()
    completed = LearnerBits()

    class Meta:
        verbose_name_plural = "activity learners"
        constraints = [models.UniqueConstraint(fields=["activity", "block"], name="activity_learners_once")]

    def __str__(self) -> str:
        return f"{self.activity_id} {self.block}"
