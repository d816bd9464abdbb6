"""Why not this one? The answer agrees with the list."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from analytics.models import Activity, ApiKey, Enrolment, Prerequisite, Scope
from recommender.models import Impression, Run
from recommender.serving.feedback import give_feedback
from recommender.serving.recommend import recommend
from recommender.serving.rules import RULES
from recommender.serving.why_not import SENTENCES, why_not
from tests.asking import told
from tests.recommender.school import School


def open_parts(school: School) -> list[Activity]:
    return list(Activity.objects.filter(pk__in=school.not_met(school.learners[0])).order_by("pk"))


def test_every_rule_has_its_sentence() -> None:
    assert list(SENTENCES) == list(RULES)


def test_each_rule_is_named(school: School, trained: Callable[..., Run]) -> None:
    trained(school.organisation)
    learner, (first, second, third, *_rest) = school.learners[0], open_parts(school)
    school.meet(learner, first)
    assert why_not(learner, first).rule == "not_met"
    Activity.objects.filter(pk=second.pk).update(opens_at=timezone.now() + timedelta(days=1))
    assert why_not(learner, second).rule == "has_opened"
    assert why_not(learner, second, course=school.courses["blue"]).rule == "in_scope"
    Prerequisite.objects.create(organisation=school.organisation, activity=third, needed=school.parts["blue"][0])
    found = why_not(learner, third)
    assert (found.cause, found.rule) == ("rule", "has_prerequisites")
    Enrolment.objects.filter(learner=learner, course=school.courses["red"]).delete()
    assert why_not(learner, third).rule == "fits_enrolments"


def test_a_prerequisite_that_was_met_holds_nothing_back(school: School) -> None:
    learner, (first, *_rest) = school.learners[0], open_parts(school)
    needed = Activity.objects.get(pk=learner.events.values_list("activity_id", flat=True)[0])
    Prerequisite.objects.create(organisation=school.organisation, activity=first, needed=needed)
    assert why_not(learner, first).rule is None


def test_what_was_refused(school: School, trained: Callable[..., Run]) -> None:
    trained(school.organisation)
    learner = school.learners[0]
    answer = recommend(learner, channel="page")
    assert answer.token
    refused = answer.recommendations[0].activity
    give_feedback(school.organisation, answer.token, refused.external_id, "dismiss")
    assert why_not(learner, refused).rule == "not_refused"


def test_the_rank_is_that_of_the_list(school: School, trained: Callable[..., Run]) -> None:
    version = trained(school.organisation).version
    learner = school.learners[0]
    steps = recommend(learner, limit=4, channel="api").recommendations
    ranks = [why_not(learner, step.activity) for step in steps]
    assert [found.rank for found in ranks] == [step.rank for step in steps]
    assert ranks[0].sentence.startswith(f"{version} ranks it 1 of ")


def test_what_the_model_does_not_know(school: School, trained: Callable[..., Run]) -> None:
    trained(school.organisation)
    new = Activity.objects.create(
        organisation=school.organisation, external_id="new", kind="video", name="New", course=school.courses["red"]
    )
    assert why_not(school.learners[0], new).cause == "unknown"


def test_without_a_model(school: School, models_home: object) -> None:
    assert why_not(school.learners[0], open_parts(school)[0]).cause == "no_model"


@pytest.mark.parametrize(("limit", "expected"), [(3, "not_worn_out"), (4, None), (0, None)])
def test_what_was_shown_again_and_again_rests(
    school: School, models_home: object, settings: object, limit: int, expected: str | None
) -> None:
    settings.NEURALINK_SHOWN_TIMES = limit  # type: ignore[attr-defined]
    learner, (shown, *_rest) = school.learners[0], open_parts(school)
    for hours in (1, 2, 3, 3):
        impression = Impression.objects.create(
            organisation=school.organisation, learner=learner, source="ease", channel="page", activity_ids=[shown.pk]
        )
        at = timezone.now().replace(minute=30) - timedelta(hours=hours)
        Impression.objects.filter(pk=impression.pk).update(at=at)
    for _time in range(5):  # programs that ask are no eyes
        Impression.objects.create(
            organisation=school.organisation, learner=learner, source="ease", channel="api", activity_ids=[shown.pk]
        )
    assert why_not(learner, shown).rule == expected


def test_by_api(school: School, trained: Callable[..., Run]) -> None:
    trained(school.organisation)
    secret = ApiKey.objects.issue(school.organisation, "robot", [Scope.RECOMMENDATIONS_READ], None)[1]
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    asked = open_parts(school)[0].external_id
    answer = client.get(f"/api/v1/learners/l0/why-not/{asked}/").json()
    assert (answer["cause"], answer["version"]) == ("rank", 1)
    told(client.get("/api/v1/learners/l0/why-not/nothing/"), 404)
    told(client.get(f"/api/v1/learners/nobody/why-not/{asked}/"), 404)
