"""What comes into question beside the model's own, and what feedback does to the next list."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from analytics.models import Activity, ActivityDay, Event, Learner, Verb
from recommender.models import Run
from recommender.serving import outline
from recommender.serving.answers import Answer
from recommender.serving.feedback import give_feedback
from recommender.serving.recommend import recommend
from recommender.serving.variety import varied
from tests.recommender.school import School

Trained = Callable[..., Run]


def ask(learner: Learner, **options: Any) -> Answer:
    return recommend(learner, channel="page", **options)


def sources(answer: Answer) -> dict[str, str]:
    return {step.activity.external_id: step.source for step in answer.recommendations}


def did(school: School, learner: Learner, activity: Activity, verb: str, hours_ago: float) -> None:
    Event.objects.create(
        organisation=school.organisation,
        learner=learner,
        activity=activity,
        verb=verb,
        occurred_at=timezone.now() - timedelta(hours=hours_ago),
        from_import=school.from_import,
    )


def test_what_was_begun_is_gone_on_with_until_it_is_done(school: School, trained: Trained) -> None:
    trained(school.organisation)
    learner = school.learners[0]
    begun = Activity.objects.get(pk=min(school.not_met(learner)))
    did(school, learner, begun, Verb.STARTED, 5)
    first = ask(learner).recommendations[0]
    assert (first.activity, first.source, first.reason) == (begun, "continue", "You began it and have not finished")
    did(school, learner, begun, Verb.COMPLETED, 4)
    assert begun.external_id not in sources(ask(learner))
    did(school, learner, begun, Verb.PROGRESSED, 3)
    assert ask(learner).recommendations[0].activity == begun
    Event.objects.filter(learner=learner, activity=begun).update(occurred_at=timezone.now() - timedelta(days=31))
    assert begun.external_id not in sources(ask(learner))


def test_what_came_after_the_training_has_its_place(school: School, trained: Trained) -> None:
    trained(school.organisation)
    learner = school.learners[0]
    latest = Activity.objects.get(pk=learner.events.order_by("-occurred_at").values_list("activity_id")[0][0])
    new = Activity.objects.create(
        organisation=school.organisation,
        external_id="new",
        kind="reading",
        name="New",
        course=school.courses["red"],
        parent=school.courses["red"],
        position=latest.position,  # the same place, so that it comes before the next
    )
    outline.forget()
    answer = ask(learner, limit=12)
    assert sources(answer)["new"] == "next_in_sequence"
    assert next(step.reason for step in answer.recommendations if step.activity == new) == "Comes next in Red"
    assert next(iter(sources(answer).values())) == "model"


def test_a_short_list_goes_on_with_what_is_popular(school: School, trained: Trained) -> None:
    trained(school.organisation, "popularity", course=school.courses["red"])
    learner = school.learners[0]
    new = Activity.objects.create(
        organisation=school.organisation, external_id="new", kind="reading", name="New", course=school.courses["red"]
    )
    ActivityDay.objects.create(
        organisation=school.organisation, activity=new, on=timezone.now().date(), n_learners=3, n_events=3
    )
    outline.forget()
    found = sources(ask(learner, course=school.courses["red"]))
    assert len(found) == 5
    assert list(found.items())[-1] == ("new", "popular_in_your_courses")


def test_what_learners_say_has_its_effect(school: School, trained: Trained) -> None:
    trained(school.organisation)
    learner = school.learners[0]
    answer = ask(learner, limit=12)
    before = [step.activity.external_id for step in answer.recommendations]

    def say(place: int, action: str) -> None:
        assert answer.token is not None
        give_feedback(school.organisation, answer.token, before[place], action)

    say(0, "start")
    first = ask(learner).recommendations[0]
    assert (first.activity.external_id, first.source) == (before[0], "continue")
    say(0, "complete")
    assert before[0] not in sources(ask(learner))
    say(1, "less_like_this")
    after = ask(learner, limit=12)
    assert before[1] not in sources(after)

    def mean_of_red(found: Answer) -> float:
        return float(np.mean([s.strength for s in found.recommendations if s.activity.external_id.startswith("red")]))

    assert mean_of_red(after) < mean_of_red(answer) - 0.2


def test_what_was_clicked_does_not_wear_out(school: School, models_home: Any, settings: Any) -> None:
    settings.NEURALINK_SHOWN_TIMES = 1
    learner = school.learners[0]
    first = ask(learner, limit=2)
    clicked, other = (step.activity.external_id for step in first.recommendations)
    assert first.token is not None
    give_feedback(school.organisation, first.token, clicked, "click")
    again = sources(ask(learner))
    assert clicked in again
    assert other not in again


def test_courses_are_mixed_where_strengths_are_near(settings: Any) -> None:
    settings.NEURALINK_VARIETY_PERCENT = 50
    courses = np.array([[1, 1, 1, 2, 0]])
    assert varied(courses, np.array([[1.0, 0.9, 0.85, 0.8, 0.1]]), 3).tolist() == [[0, 3, 1]]
    assert varied(courses, np.array([[1.0, 0.9, 0.85, 0.2, 0.1]]), 3).tolist() == [[0, 1, 2]]
    settings.NEURALINK_VARIETY_PERCENT = 0
    assert varied(courses, np.array([[1.0, 0.9, 0.85, 0.8, 0.1]]), 3).tolist() == [[0, 1, 2]]


@pytest.mark.parametrize("explain", [True, False])
def test_one_query_by_a_model(
    school: School, trained: Trained, settings: Any, django_assert_num_queries: Any, explain: bool
) -> None:
    trained(school.organisation)
    learner = Learner.objects.select_related("organisation").get(pk=school.learners[0].pk)
    ask(learner)
    settings.NEURALINK_SWAP_SECONDS = settings.NEURALINK_NAME_SECONDS = 60
    ask(learner, limit=8)
    with django_assert_num_queries(2):  # and one for the impression, which a web process writes later
        ask(learner, limit=8, explain=explain)
