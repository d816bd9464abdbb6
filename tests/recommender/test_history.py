"""What is read for learning: the right pairs, the right order, nobody else's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.db.models import Count
from django.utils import timezone
from numpy.typing import NDArray

from analytics.aggregates import rollups
from analytics.models import Activity, Enrolment, Event, Kind, Learner, Organisation
from recommender.datasets.interactions import Interactions, feature_hash
from recommender.history import features_of, interactions, unmet
from recommender.serving.situation import situation_of
from tests.recommender.school import N_MET, School, build_school

DAY = timedelta(days=1)
NOON = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=2)


def recent_history(learner: Learner, *, kind: str) -> NDArray[np.int64]:
    """As an answer reads it."""
    return situation_of(learner, kind=kind, course=None, exclude=()).history


@pytest.fixture
def newcomer(school: School) -> Learner:
    return Learner.objects.create(organisation=school.organisation, external_id="new")


def test_pairs_of_the_whole_organisation(school: School) -> None:
    found = interactions(school.organisation, kind="any")
    assert (found.n_learners, len(found)) == (60, 60 * N_MET)
    assert set(found.activity_ids) == {part.pk for parts in school.parts.values() for part in parts}
    expected = set(Event.objects.values_list("learner_id", "activity_id"))
    assert set(zip(found.learner_ids[found.learner_index], found.activity_ids[found.activity_index], strict=True)) == (
        expected
    )


def test_repeats_fold_into_the_first_meeting(school: School, newcomer: Learner) -> None:
    red, blue = school.parts["red"][0], school.parts["blue"][0]
    for activity, hours in ((blue, 1), (red, 0), (red, 5), (red, 9)):
        school.meet(newcomer, activity, NOON + timedelta(hours=hours))
    found = interactions(school.organisation, kind="any")
    mine = found.learner_ids[found.learner_index] == newcomer.pk
    assert found.activity_ids[found.activity_index[mine]].tolist() == [red.pk, blue.pk]
    assert found.weight[mine].tolist() == [3.0, 1.0]
    assert found.at[mine][0] == int(NOON.timestamp())
    assert recent_history(newcomer, kind="any").tolist() == [red.pk, blue.pk]


def test_days_count_everybody_who_was_there_again(school: School, newcomer: Learner) -> None:
    red, other = school.parts["red"][0], school.learners[1]
    is_met = Event.objects.filter(learner=other, activity=red).exists()
    for learner, days in ((newcomer, 0), (newcomer, 0), (newcomer, 1), (other, 1)):
        school.meet(learner, red, NOON + timedelta(days=days))
    assert interactions(school.organisation, kind="any").activity_days is None  # nothing is rolled up yet
    build_school("other", seed=1)
    for organisation in Organisation.objects.all():
        rollups.mark_dirty(organisation.pk, Event.objects.filter(organisation=organisation).dates("occurred_at", "day"))
        rollups.refresh(organisation.pk)
    found = interactions(school.organisation, kind="any")
    events = Event.objects.filter(organisation=school.organisation)
    for part in school.parts["red"] + school.parts["blue"]:
        dates = events.filter(activity=part).values("occurred_at__date").order_by("occurred_at__date")
        assert counts_of(found, part) == [row["n"] for row in dates.annotate(n=Count("learner", distinct=True))]
    mine = events.filter(learner=newcomer, activity=red)
    assert (len(found), mine.count()) == (60 * N_MET + 1 + int(not is_met), 3)
    courses = interactions(school.organisation, kind="course")
    assert sum(counts_of(courses, school.courses["red"])) >= sum(counts_of(found, red))
    assert counts_of(interactions(school.organisation, kind="any", until=NOON), red) == counts_of(found, red)[:-1]


def counts_of(found: Interactions, activity: Activity) -> list[int]:
    """How many came on each day on which anybody did, oldest first."""
    days = found.activity_days
    assert days is not None
    mine = found.activity_ids[days.activity_index] == activity.pk
    counts: list[int] = days.n_learners[mine][np.argsort(days.at[mine])].tolist()
    return counts


def test_events_of_one_instant_keep_the_order_in_which_they_came(school: School, newcomer: Learner) -> None:
    order = [school.parts["blue"][k] for k in (7, 2, 9, 0, 5)]
    for activity in order:
        school.meet(newcomer, activity, NOON)
    found = interactions(school.organisation, kind="any")
    mine = found.learner_ids[found.learner_index] == newcomer.pk
    expected = [activity.pk for activity in order]
    assert found.activity_ids[found.activity_index[mine]].tolist() == expected
    assert recent_history(newcomer, kind="any").tolist() == expected


def test_training_and_serving_read_the_same_histories(school: School) -> None:
    found = interactions(school.organisation, kind="any")
    lists = found.sequences()
    for place, learner in enumerate(school.learners):
        situation = situation_of(learner, kind="any", course=None, exclude=())
        assert situation.history.tolist() == found.activity_ids[lists[place]].tolist()
        assert situation.times is not None
        assert situation.times.tolist() == lists.take(np.array([place])).at.tolist()


def test_another_organisation_is_not_read(school: School) -> None:
    before = interactions(school.organisation, kind="any").fingerprint
    other = build_school("other", seed=1)
    assert interactions(school.organisation, kind="any").fingerprint == before
    assert not set(interactions(other.organisation, kind="any").learner_ids) & {
        learner.pk for learner in school.learners
    }


def test_one_course_only(school: School) -> None:
    found = interactions(school.organisation, kind="any", course=school.courses["red"])
    assert found.n_learners == 30
    assert set(found.activity_ids) <= {part.pk for part in school.parts["red"]}


def test_containers_are_no_targets(school: School, newcomer: Learner) -> None:
    module = Activity.objects.create(organisation=school.organisation, external_id="m", kind=Kind.MODULE, name="M")
    school.meet(newcomer, module)
    school.meet(newcomer, school.courses["red"])
    assert newcomer.pk not in interactions(school.organisation, kind="any").learner_ids
    assert recent_history(newcomer, kind="any").tolist() == []


def test_courses_come_from_events_and_enrolments(school: School, newcomer: Learner) -> None:
    red, blue = school.courses["red"], school.courses["blue"]
    school.meet(newcomer, school.parts["blue"][4], NOON)
    Enrolment.objects.create(
        organisation=school.organisation, learner=newcomer, course=red, started_at=NOON - timedelta(days=1)
    )
    assert recent_history(newcomer, kind="course").tolist() == [red.pk, blue.pk]
    found = interactions(school.organisation, kind="course")
    assert found.activity_ids.tolist() == sorted([red.pk, blue.pk])
    assert found.n_learners == 61


def test_an_enrolment_that_is_still_to_come_is_no_history(school: School, newcomer: Learner) -> None:
    school.organisation.as_of = NOON
    school.organisation.save()
    Enrolment.objects.create(
        organisation=school.organisation,
        learner=newcomer,
        course=school.courses["red"],
        started_at=NOON + timedelta(days=1),
    )
    newcomer.organisation.refresh_from_db()
    assert recent_history(newcomer, kind="course").tolist() == []


def test_until_and_the_clock_of_an_archive(school: School) -> None:
    cutoff = timezone.now() - timedelta(days=20)
    until = interactions(school.organisation, kind="any", until=cutoff)
    assert 0 < len(until) < 60 * N_MET
    assert until.at.max() <= cutoff.timestamp()
    school.organisation.as_of = cutoff
    assert interactions(school.organisation, kind="any").fingerprint == until.fingerprint


def test_nothing_to_read(school: School) -> None:
    long_ago = datetime(2000, 1, 1, tzinfo=UTC)
    assert len(interactions(school.organisation, kind="any", until=long_ago)) == 0
    assert interactions(school.organisation, kind="any").learner_ids.dtype == np.int64


def test_activities_are_described_by_what_is_known_of_them(school: School) -> None:
    one, other = school.parts["red"][:2]
    Activity.objects.filter(pk=one.pk).update(name="Long Division, LONG division!", kind=Kind.QUIZ)
    found = interactions(school.organisation, kind="any")
    assert found.activity_features is not None
    place = np.searchsorted(found.activity_ids, [one.pk, other.pk])
    hashes = [set(found.activity_features[int(k)].tolist()) for k in place]
    facts = ["kind=quiz", f"course={school.courses['red'].pk}", f"parent={one.parent_id}", "word=long", "word=division"]
    assert hashes[0] == {feature_hash(fact) for fact in facts}
    assert hashes[0] & hashes[1] == {feature_hash(facts[1]), feature_hash(facts[2])}
    part = found.where(found.activity_index == place[1])
    assert part.activity_features is not None
    assert set(part.activity_features[0].tolist()) == hashes[1]


def test_learners_are_described_by_the_courses_where_they_were_enrolled_by_then(
    school: School, newcomer: Learner
) -> None:
    organisation, red, blue = school.organisation, school.courses["red"], school.courses["blue"]
    mine = Enrolment.objects.filter(learner=school.learners[0])
    mine.filter(course=red).update(started_at=NOON)
    mine.filter(course=blue).update(outcome="withdrawn")  # nobody knows when
    Enrolment.objects.create(
        organisation=organisation, learner=school.learners[0], course=red, course_run="B", started_at=NOON - DAY
    )
    Enrolment.objects.filter(learner=school.learners[1]).delete()
    Enrolment.objects.create(organisation=organisation, learner=newcomer, course=red)  # who has met nothing yet

    def known(found: Interactions) -> dict[int, list[tuple[int, int]]]:
        told = found.learner_features
        assert told is not None
        assert told.times is not None
        each = zip(told, told.times, strict=True)
        return {
            int(pk): list(zip(hashes.tolist(), times.tolist(), strict=True))
            for pk, (hashes, times) in zip(found.learner_ids, each, strict=True)
        }

    in_red, in_blue = features_of([red.pk, blue.pk]).tolist()
    everything = interactions(organisation, kind="any")
    found = known(everything)
    assert found.keys() == {learner.pk for learner in school.learners}
    assert found[school.learners[0].pk] == [(in_red, int((NOON - DAY).timestamp()))]
    assert found[school.learners[1].pk] == []
    assert sorted(found[school.learners[2].pk]) == sorted([(in_red, 0), (in_blue, 0)])
    assert everything.activity_features is not None
    place = np.searchsorted(everything.activity_ids, school.parts["red"][0].pk)
    assert in_red in everything.activity_features[int(place)]
    assert known(interactions(organisation, kind="any", until=NOON - 2 * DAY))[school.learners[0].pk] == []
    assert known(interactions(organisation, kind="any", course=blue))[school.learners[3].pk] == [(in_blue, 0)]
    Enrolment.objects.filter(learner=school.learners[2]).update(started_at=timezone.now() + DAY)
    assert known(interactions(organisation, kind="any"))[school.learners[2].pk] == []  # still to come
    assert interactions(organisation, kind="course").learner_features is None
    Enrolment.objects.all().delete()
    assert interactions(organisation, kind="any").learner_features is None


def test_what_nobody_has_met_is_found(school: School) -> None:
    found = interactions(school.organisation, kind="any")
    red = school.courses["red"]
    new = Activity.objects.create(organisation=school.organisation, external_id="new", name="New", course=red)
    Activity.objects.create(organisation=school.organisation, external_id="m", name="M", kind=Kind.MODULE, course=red)
    assert new.pk in unmet(school.organisation, found.activity_ids, kind="any").tolist()
    assert unmet(school.organisation, found.activity_ids, kind="any", course=red).tolist() == [new.pk]
    assert unmet(school.organisation, found.activity_ids, kind="any", course=school.courses["blue"]).tolist() == []
    courses = set(unmet(school.organisation, found.activity_ids, kind="course").tolist())
    assert courses == {course.pk for course in school.courses.values()}
