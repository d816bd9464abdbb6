"""What is known of whoever asks, read for one learner and for many."""

from __future__ import annotations

from django.utils import timezone

from analytics.models import Activity, Event, Kind, Verb
from recommender.serving import outline
from recommender.serving.everyone import frame_of, situations_of
from recommender.serving.situation import situation_of
from tests.recommender.school import School


def test_what_holds_others_is_nothing_that_was_met(school: School) -> None:
    """A course or module that was begun last neither hides the part that was, nor counts as met; its course does."""
    learner, part = school.learners[0], school.parts["red"][11]
    module = Activity.objects.create(
        organisation=school.organisation, external_id="m", kind=Kind.MODULE, name="M", course=school.courses["red"]
    )
    outline.forget()
    for activity in (part, module, school.courses["red"]):
        Event.objects.create(
            organisation=school.organisation, learner=learner, activity=activity, verb=Verb.STARTED,
            occurred_at=timezone.now(), from_import=school.from_import,
        )  # fmt: skip
    for kind, held in (("any", False), ("course", True)):
        alone = situation_of(learner, kind=kind, course=None, exclude=())
        (together,) = situations_of(frame_of(school.organisation, kind=kind, limit=3), [learner.pk])
        assert alone.met == together.met
        assert (school.courses["red"].pk in alone.met) == held
        assert module.pk not in alone.met
        assert alone.unfinished_id == together.unfinished_id == (None if held else part.pk)
