"""Two versions side by side: who is answered by which, what is counted, and when it is known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pyarrow.parquet
import pytest
from django.utils import timezone

from analytics.errors import InvalidInput
from analytics.jobs import working_on
from analytics.models import Learner
from recommender.models import Experiment, Feedback, Impression, ListExport, ListFormat, Promotion, Run
from recommender.registry import versions
from recommender.serving.everyone import frame_of, lists_of
from recommender.serving.experiments import count_experiment, start_experiment, stop_experiment, use_winner
from recommender.serving.list_export import export_lists, path_of, start_export
from recommender.serving.live import live_model
from recommender.serving.recommend import recommend
from recommender.serving.split import place_of
from tests.recommender.school import School, build_school

DAY = timedelta(days=1)


@pytest.fixture
def two(school: School, trained: Callable[..., Run]) -> Any:
    """The version in use, and one that waits."""
    control = trained(school.organisation)
    return control.version, trained(school.organisation, "item_knn", promotes=False).version


def school_lists(school: School) -> list[dict[str, Any]]:
    """The rows of a file with everybody's lists."""
    export = start_export(school.organisation, file_format=ListFormat.PARQUET, n_each=2, wakes_worker=False)
    with working_on(ListExport, export.pk) as lease:
        assert lease is not None
        export_lists(lease)
    export.refresh_from_db()
    found: list[dict[str, Any]] = pyarrow.parquet.read_table(path_of(export)).to_pylist()
    return found


def answered_by(school: School) -> dict[int, int]:
    found = {}
    for learner in school.learners:
        model = live_model(school.organisation, "any", None, learner)
        assert model is not None
        found[learner.pk] = model.version.pk
    return found


def test_learners_are_split_by_share_and_stay(school: School, two: Any) -> None:
    control, challenger = two
    assert set(answered_by(school).values()) == {control.pk}
    start_experiment(challenger, share=0.5)
    first = answered_by(school)
    assert set(first.values()) == {control.pk, challenger.pk}
    assert answered_by(school) == first
    learner = next(one for one in school.learners if first[one.pk] == challenger.pk)
    answer = recommend(learner, channel="api")
    assert answer.version == challenger
    assert Impression.objects.get(token=answer.token).version == challenger
    assert live_model(school.organisation, "any").version == control, "who is not known gets the version in use"


def test_lists_of_everybody_are_split_in_the_same_way(school: School, two: Any) -> None:
    control, challenger = two
    start_experiment(challenger, share=0.5)
    expected = answered_by(school)
    assert set(expected.values()) == {control.pk, challenger.pk}
    frame = frame_of(school.organisation, limit=2)
    listed = {}
    for one in lists_of(frame, list(expected)):
        assert one.situation.learner is not None
        if one.model is not None:
            listed[one.situation.learner.pk] = one.model.version.pk
    assert set(listed.values()) == {control.pk, challenger.pk}
    assert listed == {pk: expected[pk] for pk in listed}
    names = {learner.external_id: expected[learner.pk] for learner in school.learners}
    ids = {version.number: version.pk for version in two}
    told = {row["learner"]: ids[row["version"]] for row in school_lists(school) if row["version"]}
    assert set(told.values()) == {control.pk, challenger.pk}
    assert told == {name: names[name] for name in told}


def test_places_are_even_and_independent() -> None:
    places = [place_of("salt", k) for k in range(4000)]
    assert sum(place < 0.2 for place in places) == pytest.approx(800, abs=100)
    both = sum(place < 0.5 and place_of("other", k) < 0.5 for k, place in enumerate(places))
    assert both == pytest.approx(1000, abs=110)


def test_stopping_gives_everybody_the_version_in_use(school: School, two: Any) -> None:
    control, challenger = two
    experiment = start_experiment(challenger, share=0.99)
    assert challenger.pk in answered_by(school).values()
    stop_experiment(experiment, by=None, why="enough")
    assert set(answered_by(school).values()) == {control.pk}
    with pytest.raises(InvalidInput, match="stopped already"):
        stop_experiment(experiment, by=None, why="again")


def test_another_version_in_use_ends_it(school: School, two: Any) -> None:
    experiment = start_experiment(two[1])
    versions.promote(two[1], by=None, why="by hand")
    experiment.refresh_from_db()
    assert not experiment.is_running
    assert experiment.why_stopped == f"{two[1]} was put into use."


@pytest.mark.parametrize(
    ("options", "pointer"),
    [({"share": 0.0}, "share"), ({"measure": "liked"}, "measure"), ({"window_days": 0}, "window_days")],
)
def test_what_cannot_be_is_refused(two: Any, options: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        start_experiment(two[1], **options)
    assert caught.value.pointer == pointer


def test_one_at_a_time_and_not_with_itself(two: Any) -> None:
    with pytest.raises(InvalidInput, match="is in use itself"):
        start_experiment(two[0])
    start_experiment(two[1])
    with pytest.raises(InvalidInput, match="already"):
        start_experiment(two[1])


def test_a_challenger_that_is_damaged_leaves_all_to_the_version_in_use(
    school: School, two: Any, models_home: Any
) -> None:
    control, challenger = two
    start_experiment(challenger)
    for file in (models_home / challenger.folder).iterdir():
        file.write_bytes(b"broken")
    assert set(answered_by(school).values()) == {control.pk}


def trial(school: School, two: Any, hits: tuple[int, int], n: int = 300, measure: str = "clicked") -> Experiment:
    """`n` learners on each side whose days are over, so many of whom opened something."""
    experiment = start_experiment(two[1], measure=measure)
    Experiment.objects.filter(pk=experiment.pk).update(started_at=timezone.now() - 30 * DAY)
    experiment.refresh_from_db()
    learners = Learner.objects.bulk_create(
        Learner(organisation=school.organisation, external_id=f"trial-{k}") for k in range(2 * n)
    )
    part = school.parts["red"][0]
    shown = Impression.objects.bulk_create(
        Impression(organisation=school.organisation, learner=learner, version=two[k % 2], source="x",
                   channel="page", activity_ids=[part.pk])
        for k, learner in enumerate(learners)
    )  # fmt: skip
    Impression.objects.filter(learner__in=learners).update(at=timezone.now() - 20 * DAY)
    said = Feedback.objects.bulk_create(
        Feedback(organisation=school.organisation, impression=one, learner=one.learner, activity=part, action="click")
        for side in (0, 1)
        for one in shown[side::2][: hits[side]]
    )
    Feedback.objects.filter(pk__in=[one.pk for one in said]).update(at=timezone.now() - 19.5 * DAY)
    return count_experiment(experiment)


def test_it_says_when_it_knows(school: School, two: Any) -> None:
    experiment = trial(school, two, (30, 75))
    assert experiment.winner == two[1]
    assert experiment.verdict.startswith(
        f"{two[1]} is better. Of 300 learners with {two[0]} 10.0% opened something, of "
    )
    assert experiment.figures["challenger"]["n_hits"] == 75
    use_winner(experiment, by=None)
    assert versions.live(school.organisation, "any") == two[1]
    assert Promotion.objects.first().why == experiment.verdict
    assert not experiment.is_running


def test_it_says_when_it_does_not_know(school: School, two: Any) -> None:
    experiment = trial(school, two, (30, 36))
    assert experiment.winner is None
    assert experiment.verdict.startswith("Not known yet which is better.")
    with pytest.raises(InvalidInput, match="no winner"):
        use_winner(experiment, by=None)


def test_the_version_in_use_may_win(school: School, two: Any) -> None:
    experiment = trial(school, two, (75, 30))
    use_winner(experiment, by=None)
    assert versions.live(school.organisation, "any") == two[0]
    assert not experiment.is_running


def test_learners_whose_days_are_not_over_wait(school: School, two: Any) -> None:
    experiment = trial(school, two, (30, 75))
    Impression.objects.filter(learner__external_id__startswith="trial-").update(at=timezone.now() - DAY / 2)
    Experiment.objects.filter(pk=experiment.pk).update(winner=None, decided_at=None)
    experiment = count_experiment(Experiment.objects.get(pk=experiment.pk))
    assert experiment.figures["control"]["n_learners"] == 0
    assert experiment.verdict.startswith("Not known yet: 50 learners on each side")


def test_nobody_tries_another_organisations_versions(two: Any) -> None:
    other = build_school("other", n_learners=1)
    from tests.cast import build_cast

    stranger = build_cast().south.members["administrator"]
    with pytest.raises(InvalidInput, match="not a member"):
        start_experiment(two[1], by=stranger)
    assert not Experiment.objects.filter(organisation=other.organisation).exists()
