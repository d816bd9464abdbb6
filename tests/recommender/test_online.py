"""What learners did with what they were shown: counted once, with the right version, within the days after."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from analytics.models import Event, Verb
from recommender.models import Feedback, Impression, OnlineDay, Run
from recommender.serving.online import count_online, online_figures
from recommender.serving.recommend import recommend
from tests.recommender.school import N_MET, School, build_school

DAY = timedelta(days=1)


@pytest.fixture
def version(school: School, trained: Callable[..., Run]) -> Any:
    return trained(school.organisation).version


@pytest.fixture
def show(school: School, version: Any) -> Callable[..., Impression]:
    def make(
        place: int, parts: list[int], days_ago: float = 1.0, channel: str = "page", n_met: int | None = None
    ) -> Impression:
        made = Impression.objects.create(
            organisation=school.organisation, learner=school.learners[place], version=version, source="ease",
            channel=channel, activity_ids=[school.parts["red"][part].pk for part in parts], n_met=n_met,
        )  # fmt: skip
        Impression.objects.filter(pk=made.pk).update(at=timezone.now() - days_ago * DAY)
        made.refresh_from_db()
        return made

    return make


@pytest.fixture
def does(school: School) -> Callable[..., None]:
    def do(place: int, part: int, at: datetime, verb: str = Verb.VIEWED) -> None:
        Event.objects.create(
            organisation=school.organisation, learner=school.learners[place], activity=school.parts["red"][part],
            verb=verb, occurred_at=at, from_import=school.from_import,
        )  # fmt: skip

    return do


def say(impression: Impression, part: int, action: str) -> None:
    Feedback.objects.create(
        organisation=impression.organisation, impression=impression, learner=impression.learner,
        activity_id=impression.activity_ids[part], action=action,
    )  # fmt: skip


def counted(version: Any, today: Any = None) -> dict[str, Any]:
    count_online(version.organisation)
    return {one.channel: one for one in online_figures(version, today) if not one.segment}


def later() -> Any:
    """A day on which every window is over."""
    return (timezone.now() + 20 * DAY).date()


def test_nothing_shown_nothing_counted(version: Any) -> None:
    assert counted(version) == {}


def test_shown_ten_times_counts_once(version: Any, show: Callable[..., Impression], does: Any) -> None:
    for hours in range(10):
        show(0, [0, 1], days_ago=2 - hours / 10)
    does(0, 0, timezone.now(), Verb.COMPLETED)
    found = counted(version, later())[""]
    assert (found.n_lists, found.n_shown) == (10, 2)
    assert (found.completed.n_hits, found.completed.n, found.started.n_hits) == (1, 2, 1)


def test_on_page_and_by_api_counts_once_together(version: Any, show: Callable[..., Impression], does: Any) -> None:
    show(0, [0], days_ago=3)
    show(0, [0], days_ago=2, channel="api")
    show(1, [0], days_ago=2, channel="command")
    does(0, 0, timezone.now())
    found = counted(version, later())
    assert {channel: one.n_shown for channel, one in found.items()} == {"": 1, "api": 1, "command": 1, "page": 1}
    assert {channel: one.started.n_hits for channel, one in found.items()} == {"": 1, "api": 1, "command": 0, "page": 1}


def test_only_what_came_after_and_in_time(version: Any, show: Callable[..., Impression], does: Any) -> None:
    impression = show(0, [0, 1, 2], days_ago=15.5)
    does(0, 0, impression.at - DAY, Verb.COMPLETED)
    does(0, 1, impression.at + 14.2 * DAY, Verb.COMPLETED)
    does(0, 2, impression.at + 13.5 * DAY, Verb.COMPLETED)
    found = counted(version)[""]
    assert (found.n_shown, found.n_settled, found.completed.n_hits) == (3, 3, 1)


def test_what_may_still_happen_is_no_failure(version: Any, show: Callable[..., Impression]) -> None:
    show(0, [0], days_ago=1)
    found = counted(version)[""]
    assert (found.n_shown, found.n_settled, found.completed) == (1, 0, None)


def test_feedback_counts_for_its_own_channel(version: Any, show: Callable[..., Impression]) -> None:
    by_page, by_api = show(0, [0, 1]), show(0, [0, 1], channel="api")
    say(by_page, 0, "click")
    say(by_api, 0, "click")
    say(by_api, 1, "complete")
    say(by_page, 1, "dismiss")
    found = counted(version, later())
    assert {channel: one.clicked.n_hits for channel, one in found.items()} == {"": 2, "api": 2, "page": 1}
    assert found[""].completed.n_hits == 1


def test_what_was_shown_long_ago_first_is_not_new(version: Any, show: Callable[..., Impression]) -> None:
    show(0, [0], days_ago=40)
    show(0, [0, 1], days_ago=1)
    found = counted(version)[""]
    assert found.n_shown == 1


def test_each_segment_by_what_was_met_at_the_first_showing(version: Any, show: Callable[..., Impression]) -> None:
    show(0, [0, 1], days_ago=3, n_met=4)
    say(show(0, [0, 2], days_ago=2, channel="api", n_met=5), 0, "click")
    show(1, [0], days_ago=2, n_met=0)
    show(2, [0], days_ago=2, n_met=20)
    show(3, [0], days_ago=2)
    show(4, [0], days_ago=2, channel="command", n_met=20)
    count_online(version.organisation)
    found = {one.segment: one for one in online_figures(version) if one.channel == ""}
    assert {name: (one.n_lists, one.n_shown, one.clicked.n_hits) for name, one in found.items()} == {
        "": (5, 6, 1), "new": (2, 3, 1), "light": (1, 1, 0), "heavy": (1, 1, 0),
    }  # fmt: skip
    assert [one.segment for one in online_figures(version)][-3:] == ["new", "light", "heavy"]


def test_what_is_shown_knows_how_much_was_met(school: School, version: Any) -> None:
    recommend(school.learners[0], channel="page")
    assert Impression.objects.get().n_met == N_MET


def test_counting_again_changes_nothing(version: Any, show: Callable[..., Impression]) -> None:
    show(0, [0, 1])
    before = counted(version)
    assert counted(version) == before
    assert OnlineDay.objects.count() == 2


def test_other_organisations_are_left_alone(version: Any, show: Callable[..., Impression]) -> None:
    show(0, [0])
    assert count_online(build_school("other", n_learners=1).organisation) == 0
    assert not OnlineDay.objects.exists()


def test_it_takes_the_same_number_of_queries_for_any_number(
    version: Any, show: Callable[..., Impression], django_assert_max_num_queries: Any
) -> None:
    for place in range(30):
        show(place, [0, 1, 2])
    with django_assert_max_num_queries(7):
        count_online(version.organisation)
