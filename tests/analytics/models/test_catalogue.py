"""Small verbs of sets and rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from analytics.models import Activity, Event, Import, Learner, Organisation

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("opens_at", "closes_at", "is_open"),
    [
        (None, None, True),
        (NOON, None, True),
        (NOON + HOUR, None, False),
        (None, NOON, False),
        (None, NOON + HOUR, True),
        (NOON - HOUR, NOON + HOUR, True),
    ],
)
def test_open_at(cast, opens_at, closes_at, is_open):
    part = cast.north.parts["algebra"][0]
    Activity.objects.filter(pk=part.pk).update(opens_at=opens_at, closes_at=closes_at)
    assert Activity.objects.open_at(NOON).filter(pk=part.pk).exists() == is_open


def test_courses_are_courses(cast):
    courses = Activity.objects.courses().filter(organisation=cast.north.organisation)
    assert set(courses) == set(cast.north.courses.values())


def test_external_ids_are_unique_in_their_organisation(cast):
    Learner.objects.create(organisation=cast.south.organisation, external_id="learner-12")
    with transaction.atomic(), pytest.raises(IntegrityError):
        Learner.objects.create(organisation=cast.north.organisation, external_id="learner-12")


def test_an_archives_clock_stands_still():
    assert Organisation(as_of=NOON).now() == NOON
    assert abs(Organisation().now() - datetime.now(UTC)) < HOUR


def test_a_ledger_adds_up_or_does_not():
    assert Import(n_read=10, n_accepted=7, n_merged=2, n_rejected=1, n_repaired=3).adds_up
    assert not Import(n_read=10, n_accepted=7, n_merged=2, n_rejected=0).adds_up


def test_an_event_without_its_month_is_refused(cast):
    """Better than to keep it where nothing looks: months are made before events are written."""
    event = cast.north.events[0]
    with transaction.atomic(), pytest.raises(IntegrityError, match="no partition"):
        Event.objects.create(
            organisation=event.organisation,
            learner=event.learner,
            activity=event.activity,
            verb=event.verb,
            from_import=event.from_import,
            occurred_at=datetime(1990, 1, 1, tzinfo=UTC),
        )
