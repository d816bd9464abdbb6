"""The timeline of a learner: in pieces without gap or repeat, filtered, and no further than whoever asks may see."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from analytics.models import Event, Organisation, Verb
from analytics.web import timeline
from analytics.web.timeline import Place
from tests.cast import Cast

NEXT = re.compile(rb'hx-get="([^"]+)" hx-trigger="click')


def pieces(client: Client, url: str) -> list[list[int]]:
    """The ids of each piece, as the links lead from one to the next."""
    found = []
    while url:
        answer: Any = client.get(url, headers={"HX-Request": "true"})
        found.append([event.pk for event in answer.context["piece"].events])
        following = NEXT.search(answer.content)
        url = unescape(following[1].decode()) if following else ""
    return found


def test_pieces_follow_each_other(
    cast: Cast, client_of: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeline, "PIECE", 4)
    learner = cast.north.learners[0]
    Event.objects.filter(learner=learner).update(occurred_at=cast.north.events[-1].occurred_at)
    found = pieces(client_of("administrator"), reverse("learner_events", args=[learner.pk]))
    wanted = sorted((event.pk for event in cast.north.events_of(learner)), reverse=True)
    assert [pk for piece in found for pk in piece] == wanted, "all of one instant: told apart by their ids"
    assert {len(piece) for piece in found[:-1]} == {4}


def test_filters(cast: Cast, client_of: Callable[..., Client]) -> None:
    learner, client = cast.north.learners[0], client_of("administrator")
    url = reverse("learner_events", args=[learner.pk])
    own = cast.north.events_of(learner)
    ceramics = cast.north.courses["ceramics"]
    for asked, wanted in (
        ({"verb": "answered"}, [event for event in own if event.verb == Verb.ANSWERED]),
        ({"course": ceramics.pk}, [event for event in own if event.activity.course_id == ceramics.pk]),
        ({"course": 10**30, "verb": "nonsense"}, own),
        ({"behind": "nonsense"}, own),
    ):
        answer: Any = client.get(url, asked)
        assert {event.pk for event in answer.context["piece"].events} == {event.pk for event in wanted}
        assert wanted
    empty = client.get(url, {"verb": "rated"})
    assert b"No event fits" in empty.content


def test_what_came_without_an_hour_shows_none(cast: Cast, client_of: Callable[..., Client]) -> None:
    learner, client = cast.north.learners[0], client_of("administrator")
    Organisation.objects.filter(pk=cast.north.organisation.pk).update(time_zone="America/Sao_Paulo")
    midnight = cast.north.events[-1].occurred_at.replace(hour=0, minute=0, second=0, microsecond=0)
    eve = midnight - timedelta(hours=3)
    for at, shown in (
        (midnight, f">{midnight:%-d %b %Y}<"),
        (midnight + timedelta(seconds=1), f">{eve:%-d %b %Y} 21:00<"),
    ):
        Event.objects.filter(learner=learner).update(occurred_at=at)
        assert shown in client.get(reverse("learner_events", args=[learner.pk])).content.decode()


def test_an_instructor_sees_own_courses_only(cast: Cast, client_of: Callable[..., Client]) -> None:
    answer: Any = client_of("instructor").get(reverse("learner_events", args=[cast.north.learners[0].pk]))
    assert {event.activity.course.external_id for event in answer.context["piece"].events} == {"algebra"}


@pytest.mark.parametrize(
    "text", ["", "x,1", "2026-11-01T00:00:00,1", "2026-13-01T00:00:00Z,1", "2026-11-01T00:00:00Z,x", "1," + "9" * 40]
)
def test_what_is_no_place(text: str) -> None:
    assert Place.of(text) is None


def test_a_place_is_found_again() -> None:
    place = Place.of("2026-11-01T00:00:00+00:00,7")
    assert place is not None
    assert Place.of(str(place)) == place
