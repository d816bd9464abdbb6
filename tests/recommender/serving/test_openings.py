"""What is open is remembered for a moment, and no longer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from analytics.models import Activity, Enrolment
from recommender.serving import openings, remembered
from recommender.serving.everyone import frame_of, lists_of
from recommender.serving.openings import Openings, admitted_among, openings_of
from recommender.serving.situation import situation_of
from tests.recommender.school import School


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    openings.forget()
    yield
    openings.forget()


def close(school: School) -> Activity:
    part = school.parts["red"][3]
    Activity.objects.filter(pk=part.pk).update(closes_at=timezone.now() - timedelta(days=1))
    return part


def test_is_asked_of_memory_until_it_is_too_old(
    school: School, settings: Any, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.NEURALINK_SWAP_SECONDS = 60
    situation = situation_of(school.learners[0], kind="any", course=None, exclude=())
    part = school.parts["red"][3]
    situation.met.clear()
    assert part.pk in admitted_among(situation, [part.pk])
    close(school)
    with django_assert_num_queries(0):
        assert part.pk in admitted_among(situation, [part.pk])
    later = time.monotonic() + 61
    monkeypatch.setattr(remembered, "time", SimpleNamespace(monotonic=lambda: later))
    assert part.pk not in admitted_among(situation, [part.pk])


def test_a_catalogue_that_is_slow_to_read_is_remembered_longer(
    school: School, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.NEURALINK_SWAP_SECONDS = 2
    clock = iter([100.0, 100.2, 119.0, 121.0, 121.0, 121.0, 121.01])  # read from .. to; asked; asked twice, read
    monkeypatch.setattr(remembered, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    first = openings_of(school.organisation, "any")
    assert openings_of(school.organisation, "any") is first  # at 119: 0.2 s are ten times what is quick, so 20 s
    assert openings_of(school.organisation, "any") is not first


def test_while_one_reads_the_others_go_on(school: School, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.NEURALINK_SWAP_SECONDS = 0
    before = openings_of(school.organisation, "any")
    reads, may_end = Event(), Event()

    def slow(*_asked: Any) -> Openings:
        reads.set()
        may_end.wait(10)
        return before

    monkeypatch.setattr(openings, "_read", slow)
    thread = Thread(target=openings_of, args=(school.organisation, "any"))
    thread.start()
    assert reads.wait(10)
    assert openings_of(school.organisation, "any") is before
    may_end.set()
    thread.join()


def test_an_empty_organisation_has_nothing_open(school: School) -> None:
    Enrolment.objects.all().delete()
    Activity.objects.filter(organisation=school.organisation).update(opens_at=timezone.now() + timedelta(days=1))
    situation = situation_of(school.learners[0], kind="any", course=None, exclude=())
    assert admitted_among(situation, [part.pk for part in school.parts["red"]]) == {}


def test_a_course_that_was_left_is_not_recommended_again_in_lists_of_many(school: School) -> None:
    """Its enrolment had no beginning, so that nothing says when it was met."""
    learner, course = school.learners[0], school.courses["blue"]
    Enrolment.objects.filter(learner=learner).delete()
    Enrolment.objects.create(
        organisation=school.organisation, learner=learner, course=course, ended_at=timezone.now() - timedelta(days=9)
    )
    frame = frame_of(school.organisation, kind="course", limit=2)
    [listed] = lists_of(frame, [learner.pk])
    assert listed.situation.personal.ever_enrolled_ids == {course.pk}
    assert course.pk not in listed.ids
