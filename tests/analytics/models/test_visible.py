"""Who sees what: every role, both organisations, against what the cast says of itself."""

from __future__ import annotations

import pytest

from analytics.models import Activity, Event, Learner, Member, Role
from tests.cast import TAUGHT

STAFF = [Role.ADMINISTRATOR, Role.MODEL_OWNER]
EVERYONE = list(Role)
MODELS = [Learner, Activity, Event]


def ids(rows):
    return {row.pk for row in rows}


@pytest.mark.parametrize("role", EVERYONE)
@pytest.mark.parametrize("model", MODELS)
def test_nobody_sees_the_neighbour(cast, role, model):
    seen = model.objects.visible_to(cast.north.members[role])
    assert seen.exists()
    assert not seen.exclude(organisation=cast.north.organisation).exists()


@pytest.mark.parametrize("role", STAFF)
@pytest.mark.parametrize("model", MODELS)
def test_staff_see_all_of_their_own(cast, role, model):
    seen = model.objects.visible_to(cast.north.members[role])
    assert ids(seen) == ids(model.objects.filter(organisation=cast.north.organisation))


def test_instructors_see_their_courses_with_all_parts(cast):
    seen = Activity.objects.visible_to(cast.north.members[Role.INSTRUCTOR])
    assert ids(seen) == ids([cast.north.courses[TAUGHT], *cast.north.parts[TAUGHT]])


def test_instructors_see_the_learners_of_their_courses(cast):
    seen = Learner.objects.visible_to(cast.north.members[Role.INSTRUCTOR])
    assert ids(seen) == ids(cast.north.learners[:8])


def test_instructors_see_what_happened_in_their_courses_only(cast):
    """Also of learners whom they see, not what those did elsewhere."""
    taught = ids(cast.north.parts[TAUGHT])
    seen = Event.objects.visible_to(cast.north.members[Role.INSTRUCTOR])
    assert ids(seen) == ids(event for event in cast.north.events if event.activity_id in taught)


def test_learners_see_themselves_alone(cast):
    member = cast.north.members[Role.LEARNER]
    assert list(Learner.objects.visible_to(member)) == [member.learner]
    assert ids(Event.objects.visible_to(member)) == ids(cast.north.events_of(member.learner))


def test_learners_see_the_activities_of_their_courses(cast):
    seen = Activity.objects.visible_to(cast.north.members[Role.LEARNER])
    expected = [cast.north.courses[slug] for slug in ("algebra", "ceramics")]
    assert ids(seen) == ids([*expected, *cast.north.parts["algebra"], *cast.north.parts["ceramics"]])


@pytest.mark.parametrize("model", MODELS)
def test_a_learner_member_without_a_learner_sees_nothing(cast, model):
    member = cast.north.members[Role.LEARNER]
    Member.objects.filter(pk=member.pk).update(learner=None)
    member.refresh_from_db()
    assert not model.objects.visible_to(member).exists()


@pytest.mark.parametrize("model", MODELS)
def test_an_instructor_without_courses_sees_nothing(cast, model):
    member = cast.north.members[Role.INSTRUCTOR]
    member.courses.clear()
    assert not model.objects.visible_to(member).exists()


def test_a_course_of_the_neighbour_opens_nothing(cast):
    """Even if somebody enters one by hand."""
    member = cast.north.members[Role.INSTRUCTOR]
    member.courses.set([cast.south.courses[TAUGHT]])
    for model in MODELS:
        assert not model.objects.visible_to(member).exists()


def test_rows_are_seen_once(cast):
    """No join may repeat a row that is seen for two reasons."""
    member = cast.north.members[Role.INSTRUCTOR]
    member.courses.set(cast.north.courses.values())
    for model in MODELS:
        seen = list(model.objects.visible_to(member).values_list("pk", flat=True))
        assert len(seen) == len(set(seen))
