"""Fill the database of an installation with a small school and make a key for its API.

Run as `python -m tests.reliability.prepare`; the data folder comes by environment, the key's secret goes out.
"""

from __future__ import annotations

import os
import sys
from datetime import timedelta

import django

N_LEARNERS = 200
N_DAYS = 60


def prepare() -> str:
    from django.utils import timezone

    from analytics.aggregates import rollups
    from analytics.imports.partitions import ensure_months
    from analytics.models import ApiKey, Event, Scope
    from tests.recommender.school import build_school

    today = timezone.now().date()
    ensure_months(today - timedelta(days=day) for day in range(N_DAYS))
    school = build_school("school", n_learners=N_LEARNERS)
    days = {at.date() for at in Event.objects.values_list("occurred_at", flat=True)}
    rollups.mark_dirty(school.organisation.pk, days)
    rollups.refresh(school.organisation.pk)
    return ApiKey.objects.issue(school.organisation, "load", list(Scope.values), None)[1]


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "neuralink_site.settings")
    django.setup()
    sys.stdout.write(prepare())
