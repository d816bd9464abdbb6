"""From events to a recommendation with its reason, end to end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from analytics.models import Activity, Enrolment, Learner
from analytics.public import InvalidInput
from recommender.models import Impression, Run
from recommender.serving import recommend as recommend_module
from recommender.serving.personal import Named
from recommender.serving.recommend import recommend
from tests.recommender.school import School, build_school

Trained = Callable[..., Run]


def test_ease_recommends_what_is_left_of_the_own_colour(school: School, trained: Trained) -> None:
    run = trained(school.organisation)
    assert run.state == "succeeded", run.error
    assert run.verdict.startswith("Put into use"), run.verdict
    for learner in school.learners[:6]:
        answer = recommend(learner, limit=4, channel="api")
        assert {found.activity.pk for found in answer.recommendations} == school.not_met(learner)
        assert [found.rank for found in answer.recommendations] == [1, 2, 3, 4]
        assert (answer.source, answer.fallback, answer.version) == ("ease", None, run.version)


def test_the_reason_names_what_the_learner_did(school: School, trained: Trained) -> None:
    trained(school.organisation)
    learner = school.learners[0]
    found = recommend(learner, limit=1, channel="api").recommendations[0]
    first, second = found.reason_activities
    assert found.reason == f"Because you worked on {first} and {second}"
    met = {part.pk for part in school.parts["red"]} - school.not_met(learner)
    assert {first.pk, second.pk} <= met


def test_an_answer_follows_the_last_event(school: School, trained: Trained) -> None:
    trained(school.organisation)
    learner = school.learners[0]
    best = recommend(learner, limit=1, channel="api").recommendations[0].activity
    school.meet(learner, best)
    assert best not in [found.activity for found in recommend(learner, channel="api").recommendations]


def test_a_learner_who_came_after_the_training_gets_the_model_too(school: School, trained: Trained) -> None:
    trained(school.organisation)
    newcomer = Learner.objects.create(organisation=school.organisation, external_id="new")
    Enrolment.objects.create(organisation=school.organisation, learner=newcomer, course=school.courses["blue"])
    school.meet(newcomer, school.parts["blue"][0])
    answer = recommend(newcomer, limit=5, channel="api")
    assert answer.source == "ease"
    assert {found.activity.course.external_id for found in answer.recommendations} == {"blue"}


def test_strengths_fall_and_stay_within_0_and_1(school: School, trained: Trained) -> None:
    trained(school.organisation)
    strengths = [found.strength for found in recommend(school.learners[3], channel="api").recommendations]
    assert strengths == sorted(strengths, reverse=True)
    assert all(0 <= strength <= 1 for strength in strengths)


def test_the_impression_is_what_was_shown(school: School, trained: Trained) -> None:
    run = trained(school.organisation)
    answer = recommend(school.learners[0], limit=3, channel="page")
    impression = Impression.objects.get(token=answer.token)
    assert impression.activity_ids == [found.activity.pk for found in answer.recommendations]
    assert (impression.version, impression.source, impression.channel) == (run.version, "ease", "page")


def test_nothing_is_recorded_when_not_asked(school: School) -> None:
    assert recommend(school.learners[0], channel="page", record=False).token is None
    assert not Impression.objects.exists()


def test_a_learner_who_is_only_named_is_answered_alike(school: School, trained: Trained) -> None:
    trained(school.organisation)
    learner = school.learners[0]
    answer = recommend(Named(school.organisation, learner.external_id), channel="api")
    assert answer.recommendations == recommend(learner, channel="api").recommendations
    assert answer.learner == learner
    assert Impression.objects.get(token=answer.token).learner == learner
    other = build_school("other", seed=1).organisation
    with pytest.raises(Learner.DoesNotExist):
        recommend(Named(other, "nobody"), channel="api")


def test_what_is_gone_before_it_is_named_is_left_out(
    school: School, trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained(school.organisation)
    learner = school.learners[0]
    before = [step.activity.pk for step in recommend(learner, channel="api").recommendations]
    choose = recommend_module.chosen_for

    def chosen_and_gone(*asked: Any) -> Any:
        found = choose(*asked)
        Activity.objects.filter(pk=before[0]).delete()
        return found

    monkeypatch.setattr(recommend_module, "chosen_for", chosen_and_gone)
    steps = recommend(learner, channel="api").recommendations
    assert [(step.rank, step.activity.pk) for step in steps] == list(enumerate(before[1:], start=1))


def test_few_queries_whatever_the_length(
    school: School, trained: Trained, settings: Any, django_assert_max_num_queries: Any
) -> None:
    trained(school.organisation)
    learner = Learner.objects.select_related("organisation").get(pk=school.learners[0].pk)
    settings.NEURALINK_SWAP_SECONDS = 60
    recommend(learner, channel="api")
    for limit in (4, 16):
        with django_assert_max_num_queries(3):
            assert len(recommend(learner, limit=limit, channel="api").recommendations) == limit
    with django_assert_max_num_queries(5):  # more than the model has: what others do is asked too
        recommend(learner, limit=20, channel="api")


def test_another_organisation_is_neither_learnt_from_nor_served(
    school: School, trained: Trained, django_assert_num_queries: Any
) -> None:
    other = build_school("other", seed=1)
    run = trained(school.organisation)
    assert run.data["n_learners"] == len(school.learners)
    assert recommend(other.learners[0], channel="api").version is None
    other_run = trained(other.organisation)
    answer = recommend(other.learners[0], channel="api")
    assert answer.version == other_run.version
    assert {found.activity.organisation_id for found in answer.recommendations} == {other.organisation.pk}
    assert recommend(school.learners[0], channel="api").version == run.version


def test_a_course_is_answered_by_its_own_version_and_others_by_the_organisations(
    school: School, trained: Trained
) -> None:
    whole = trained(school.organisation)
    red = trained(school.organisation, "popularity", course=school.courses["red"])
    learner = school.learners[0]
    assert red.state == "succeeded", red.error
    assert recommend(learner, course=school.courses["red"], channel="api").version == red.version
    assert recommend(learner, channel="api").version == whole.version
    in_blue = recommend(learner, course=school.courses["blue"], channel="api")
    assert in_blue.version == whole.version
    assert {found.activity.course for found in in_blue.recommendations} == {school.courses["blue"]}


def test_an_archive_answers_as_of_its_own_clock(school: School, trained: Trained) -> None:
    learner = school.learners[0]
    Enrolment.objects.filter(learner=learner).update(ended_at=timezone.now() - timedelta(days=1))
    assert recommend(learner, channel="api").recommendations == []
    school.organisation.as_of = timezone.now() - timedelta(days=2)
    school.organisation.save()
    learner.organisation.refresh_from_db()
    trained(school.organisation)
    assert len(recommend(learner, limit=3, channel="api").recommendations) == 3


@pytest.mark.parametrize(
    ("options", "pointer"),
    [({"limit": 0}, "limit"), ({"kind": "video"}, "kind"), ({"course": "foreign"}, "course")],
)
def test_a_wrong_question_names_what_is_wrong(school: School, options: dict[str, Any], pointer: str) -> None:
    if options.get("course"):
        options = {"course": build_school("other", n_learners=1).courses["red"]}
    with pytest.raises(InvalidInput) as raised:
        recommend(school.learners[0], channel="api", **options)
    assert raised.value.pointer == pointer


def test_the_context_is_what_counts_now(school: School, trained: Trained) -> None:
    trained(school.organisation)
    learner = Learner.objects.create(organisation=school.organisation, external_id="new")
    for colour in ("red", "blue"):
        Enrolment.objects.create(organisation=school.organisation, learner=learner, course=school.courses[colour])
    answer = recommend(learner, limit=3, context=["blue-0", "never heard of", "blue-1"], channel="api")
    found = [step.activity.external_id for step in answer.recommendations]
    assert {name.partition("-")[0] for name in found} == {"blue"}
    assert not {"blue-0", "blue-1"} & set(found)
    assert answer.recommendations[0].reason in {
        "Because you worked on Blue 0 and Blue 1",
        "Because you worked on Blue 1 and Blue 0",
    }


def test_a_context_of_another_organisation_is_not_known(school: School, trained: Trained) -> None:
    trained(school.organisation)
    other = build_school("other", seed=1)
    other.parts["red"][0].external_id = "theirs"
    other.parts["red"][0].save()
    learner = school.learners[0]
    plain, with_context = recommend(learner, channel="api"), recommend(learner, context=["theirs"], channel="api")
    assert [s.activity for s in plain.recommendations] == [s.activity for s in with_context.recommendations]


def test_a_context_of_parts_names_their_courses(school: School, trained: Trained) -> None:
    trained(school.organisation, kind="course")
    learner = Learner.objects.create(organisation=school.organisation, external_id="new")
    answer = recommend(learner, kind="course", context=["red-0"], channel="api")
    assert school.courses["red"] not in [step.activity for step in answer.recommendations]


def test_without_reasons(school: School, trained: Trained) -> None:
    trained(school.organisation)
    with_reasons = recommend(school.learners[0], channel="api")
    without = recommend(school.learners[0], explain=False, channel="api")
    assert [step.activity for step in without.recommendations] == [
        step.activity for step in with_reasons.recommendations
    ]
    assert {(step.reason, len(step.reason_activities)) for step in without.recommendations} == {(None, 0)}


def test_a_stored_version_is_asked_alone(school: School, trained: Trained) -> None:
    earlier = trained(school.organisation, "popularity").version
    latest = trained(school.organisation).version
    learner = school.learners[0]
    assert recommend(learner, channel="api").version == latest
    answer = recommend(learner, version=earlier, channel="api")
    assert (answer.version, answer.source) == (earlier, "popularity")
    assert Impression.objects.get(token=answer.token).version == earlier


def test_a_version_of_another_scope_or_damaged_is_refused(
    school: School, trained: Trained, models_home: Path, caplog: Any
) -> None:
    of_red = trained(school.organisation, course=school.courses["red"]).version
    other = build_school("other", seed=1)
    for learner, options in (
        (other.learners[0], {"version": of_red}),
        (school.learners[0], {"version": of_red}),
        (school.learners[0], {"version": of_red, "kind": "course"}),
    ):
        with pytest.raises(InvalidInput) as raised:
            recommend(learner, channel="api", **options)
        assert raised.value.pointer == "version"
    (models_home / of_red.folder / "manifest.json").unlink()
    with pytest.raises(InvalidInput) as raised:
        recommend(school.learners[0], version=of_red, course=school.courses["red"], channel="api")
    assert raised.value.pointer == "version"
