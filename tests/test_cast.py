"""The cast is what it says it is; every other test leans on it."""

import time

import pytest

from analytics.models import Event, Learner
from tests.cast import build_cast, last_day


def test_everyone_is_there(cast):
    assert len(cast.north.learners) == 12
    assert len(cast.north.courses) == 3
    assert len(cast.north.enrolments) == 20
    assert Event.objects.filter(organisation=cast.north.organisation).count() == len(cast.north.events) == 168
    assert max(event.occurred_at for event in cast.north.events) <= last_day()


def test_the_last_learner_has_no_events(cast):
    assert cast.north.events_of(cast.north.learners[-1]) == []


def test_the_neighbour_has_the_same_external_ids(cast):
    south = set(Learner.objects.filter(organisation=cast.south.organisation).values_list("external_id", flat=True))
    assert south <= {learner.external_id for learner in cast.north.learners}


def test_members_are_signed_in(client_of):
    assert client_of("instructor").session["_auth_user_id"]


@pytest.mark.django_db
def test_building_it_is_quick():
    start = time.perf_counter()
    build_cast()
    assert time.perf_counter() - start < 1, "every test that uses the cast pays for it"
