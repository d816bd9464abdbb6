"""Every rule alone: what it keeps out, what it lets through."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from analytics.models import Activity, Enrolment, Kind, Outcome
from recommender.models import FeedbackAction
from recommender.serving import outline
from recommender.serving.feedback import give_feedback
from recommender.serving.openings import admitted_among
from recommender.serving.recommend import recommend
from recommender.serving.rules import RULES, admitted
from recommender.serving.situation import Situation, situation_of
from tests.recommender.school import School, build_school

TOMORROW, YESTERDAY = timedelta(days=1), timedelta(days=-1)


def situation(
    school: School, kind: str = "any", course: Activity | None = None, exclude: tuple[str, ...] = ()
) -> Situation:
    return situation_of(school.learners[0], kind=kind, course=course, exclude=exclude)


@pytest.fixture(autouse=True)
def fresh(settings: Any) -> None:
    """What is open is read for each question."""
    settings.NEURALINK_SWAP_SECONDS = 0
    outline.forget()


def is_admitted(school: School, activity: Activity, **asked: object) -> bool:
    """By the database and by memory, which must be of one mind."""
    asking = situation(school, **asked)
    found = admitted(asking).filter(pk=activity.pk).exists()
    assert found == (activity.pk in admitted_among(asking, [activity.pk]))
    return found


def left(school: School) -> Activity:
    """Something that the first learner may be recommended."""
    return Activity.objects.get(pk=min(school.not_met(school.learners[0])))


def change(activity: Activity, **values: object) -> None:
    Activity.objects.filter(pk=activity.pk).update(**values)


def test_an_open_part_that_is_new_is_admitted(school: School) -> None:
    assert is_admitted(school, left(school))


def test_met(school: School) -> None:
    activity = left(school)
    school.meet(school.learners[0], activity)
    assert not is_admitted(school, activity)


@pytest.mark.parametrize("of", ["activity", "course"])
@pytest.mark.parametrize(
    ("field", "away", "expected"),
    [
        ("opens_at", TOMORROW, False),
        ("opens_at", YESTERDAY, True),
        ("closes_at", YESTERDAY, False),
        ("closes_at", TOMORROW, True),
    ],
)
def test_dates(school: School, of: str, field: str, away: timedelta, expected: bool) -> None:
    activity = left(school)
    change(activity if of == "activity" else activity.course, **{field: timezone.now() + away})
    assert is_admitted(school, activity) is expected


def test_dates_are_read_by_the_clock_of_the_archive(school: School) -> None:
    activity = left(school)
    change(activity, closes_at=timezone.now() - timedelta(days=5))
    school.organisation.as_of = timezone.now() - timedelta(days=6)
    school.organisation.save()
    school.learners[0].organisation.refresh_from_db()
    assert is_admitted(school, activity)


@pytest.mark.parametrize(
    ("change_enrolment", "expected"),
    [
        ({"started_at": TOMORROW}, False),
        ({"started_at": YESTERDAY}, True),
        ({"ended_at": YESTERDAY}, False),
        ({"ended_at": TOMORROW}, True),
        ({"outcome": Outcome.WITHDRAWN}, False),
        ({"outcome": Outcome.WITHDRAWN, "ended_at": TOMORROW}, True),
        ({"outcome": Outcome.COMPLETED}, True),
    ],
)
def test_enrolments_in_time(school: School, change_enrolment: dict[str, object], expected: bool) -> None:
    values = {k: timezone.now() + v if isinstance(v, timedelta) else v for k, v in change_enrolment.items()}
    Enrolment.objects.filter(learner=school.learners[0]).update(**values)
    assert is_admitted(school, left(school)) is expected


def test_not_enrolled(school: School) -> None:
    Enrolment.objects.filter(learner=school.learners[0]).delete()
    assert not is_admitted(school, left(school))


def test_without_any_enrolment_in_the_organisation_the_rule_is_off(school: School) -> None:
    Enrolment.objects.all().delete()
    assert is_admitted(school, left(school))


def test_activities_outside_courses_need_no_enrolment(school: School) -> None:
    free = Activity.objects.create(organisation=school.organisation, external_id="free", kind=Kind.VIDEO, name="Free")
    assert is_admitted(school, free)


def test_scope(school: School) -> None:
    red = school.courses["red"]
    module = Activity.objects.create(organisation=school.organisation, external_id="m", kind=Kind.MODULE, name="M")
    assert not is_admitted(school, red)
    assert not is_admitted(school, module)
    assert not is_admitted(school, left(school), course=school.courses["blue"])
    assert is_admitted(school, left(school), course=red)


def test_another_organisations_activity_is_never_admitted(school: School) -> None:
    other = build_school("other", n_learners=1)
    Enrolment.objects.all().delete()
    assert not is_admitted(school, other.parts["red"][0])


def test_courses_are_for_those_who_are_not_in_them(school: School) -> None:
    red = school.courses["red"]
    assert not is_admitted(school, red, kind="course")
    Enrolment.objects.filter(learner=school.learners[0], course=school.courses["blue"]).delete()
    assert is_admitted(school, school.courses["blue"], kind="course")
    assert not is_admitted(school, left(school), kind="course")


def test_excluded_by_the_caller(school: School) -> None:
    activity = left(school)
    assert not is_admitted(school, activity, exclude=(activity.external_id,))


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (FeedbackAction.DISMISS, False),
        (FeedbackAction.LESS_LIKE_THIS, False),
        (FeedbackAction.WRONG, False),
        (FeedbackAction.NOT_NOW, False),
        (FeedbackAction.CLICK, True),
    ],
)
def test_refused(school: School, trained: Callable[..., object], action: str, expected: bool) -> None:
    trained(school.organisation)
    answer = recommend(school.learners[0], limit=1, channel="api")
    activity = answer.recommendations[0].activity
    assert answer.token
    give_feedback(school.organisation, answer.token, activity.external_id, action)
    assert is_admitted(school, activity) is expected
    again = [found.activity for found in recommend(school.learners[0], channel="api").recommendations]
    assert (activity in again) is expected


def test_not_now_passes(school: School, trained: Callable[..., object]) -> None:
    trained(school.organisation)
    answer = recommend(school.learners[0], limit=1, channel="api")
    activity = answer.recommendations[0].activity
    feedback = give_feedback(school.organisation, str(answer.token), activity.external_id, FeedbackAction.NOT_NOW)
    type(feedback).objects.update(at=timezone.now() - timedelta(days=8))
    assert is_admitted(school, activity)


def test_every_rule_is_tested_here() -> None:
    assert list(RULES) == [
        "in_scope",
        "not_met",
        "has_opened",
        "has_not_closed",
        "fits_enrolments",
        "has_prerequisites",  # in test_why_not
        "not_blocked",  # in test_list_rules
        "not_refused",
        "not_worn_out",  # in test_why_not
        "not_excluded",
    ]
