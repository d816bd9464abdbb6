"""What is old goes, what is young stays, day tables do not change, and nobody else's rows are touched."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from analytics.aggregates import rollups
from analytics.imports.partitions import ensure_months
from analytics.jobs import working_on
from analytics.models import (
    Cleanup,
    Event,
    JobState,
    LearnerDay,
    OrganisationDay,
    RetentionPolicy,
    RowVerdict,
)
from analytics.retention import cleanup
from analytics.tasks import clean_up
from recommender.models import Impression
from tests.cast import Cast, House

OLD = timedelta(days=100)


@pytest.fixture
def aged(cast: Cast) -> Cast:
    """Both houses have one event of 100 days ago, counted in their day tables."""
    at = timezone.now() - OLD
    ensure_months([at.date()])
    for house in (cast.north, cast.south):
        first = house.events[0]
        Event.objects.create(
            organisation=house.organisation, learner=first.learner, activity=first.activity, verb="viewed",
            occurred_at=at, from_import=first.from_import,
        )  # fmt: skip
        rollups.mark_dirty(house.organisation.pk, [at.date()])
        rollups.refresh(house.organisation.pk)
    return cast


def done(house: House) -> Cleanup:
    job = cleanup.request_cleanup(house.organisation)
    clean_up(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.SUCCEEDED, job.error
    return job


def sums(house: House) -> list[tuple[object, ...]]:
    days = OrganisationDay.objects.filter(organisation=house.organisation).order_by("on")
    learners = LearnerDay.objects.filter(organisation=house.organisation).order_by("on", "learner", "course")
    return [*days.values_list("on", "n_events", "n_learners"), *learners.values_list("on", "learner", "n_events")]


def test_old_events_go_and_their_days_stay(aged: Cast) -> None:
    before = sums(aged.north)
    n_south = Event.objects.filter(organisation=aged.south.organisation).count()
    policy = RetentionPolicy.objects.create(organisation=aged.north.organisation, event_days=60)
    assert [(one.kept.name, one.n_rows) for one in cleanup.preview(policy)] == [("events", 1)]
    assert done(aged.north).counts == {"events": 1}
    assert Event.objects.filter(organisation=aged.north.organisation).count() == len(aged.north.events)
    assert Event.objects.filter(organisation=aged.south.organisation).count() == n_south
    # A late import of such a day must not count the day anew from what is left of it.
    rollups.mark_dirty(aged.north.organisation.pk, [(timezone.now() - OLD).date()])
    rollups.refresh(aged.north.organisation.pk)
    assert sums(aged.north) == before


def test_rows_of_old_imports_and_impressions_go(aged: Cast) -> None:
    house = aged.north
    assert house.from_import is not None
    RowVerdict.objects.create(
        organisation=house.organisation, from_import=house.from_import, row_number=1, verdict="rejected", code="x"
    )
    seen = Impression.objects.create(
        organisation=house.organisation, learner=house.learners[0], source="x", channel="page", activity_ids=[]
    )
    type(house.from_import).objects.filter(pk=house.from_import.pk).update(created_at=timezone.now() - OLD)
    Impression.objects.filter(pk=seen.pk).update(at=timezone.now() - OLD)
    RetentionPolicy.objects.create(organisation=house.organisation, log_days=90, impression_days=90)
    assert done(house).counts == {"verdicts": 1, "impressions": 1}
    assert not RowVerdict.objects.exists()
    assert not Impression.objects.exists()


def test_without_a_policy_everything_stays(aged: Cast) -> None:
    policy = RetentionPolicy.objects.create(organisation=aged.north.organisation)
    assert cleanup.preview(policy) == []
    assert done(aged.north).counts == {}


def test_it_begins_by_itself_once_a_night(aged: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    RetentionPolicy.objects.create(organisation=aged.north.organisation, event_days=60)
    noon = datetime(2030, 1, 7, 12, tzinfo=UTC)
    monkeypatch.setattr(timezone, "now", lambda: noon)
    assert cleanup.start_due() == 0
    monkeypatch.setattr(timezone, "now", lambda: noon.replace(hour=2))  # three o'clock in Madrid
    assert cleanup.start_due() == 1
    assert cleanup.start_due() == 0
    assert Cleanup.objects.count() == 1


def test_a_cancelled_clean_up_stops(aged: Cast) -> None:
    RetentionPolicy.objects.create(organisation=aged.north.organisation, event_days=60)
    job = cleanup.request_cleanup(aged.north.organisation)
    with working_on(Cleanup, job.pk) as lease:
        assert lease is not None
        lease._lost.set()
        cleanup.clean_up(lease)
    assert Cleanup.objects.get(pk=job.pk).state == JobState.RUNNING  # another worker's now


def test_the_page_previews_saves_and_applies(aged: Cast, client_of: Callable[..., Client]) -> None:
    client = client_of("administrator")
    empty = client.get(reverse("retention")).content.decode()
    assert "kept for ever" in empty
    assert "xAPI statements" in empty
    assert "XAPI" not in empty
    assert client.post(reverse("retention"), {"event_days": "5"}).context["form"].errors
    assert client.post(reverse("retention"), {"event_days": "60"}).status_code == 302
    assert [one.n_rows for one in client.get(reverse("retention")).context["preview"]] == [1]
    client.post(reverse("retention_apply"))
    assert Cleanup.objects.get().requested_by == aged.north.members["administrator"]
