"""What takes long is counted beside the page, kept, and told as what it is once something changed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from analytics.aggregates import rollups
from analytics.aggregates.explore import patience
from analytics.aggregates.explore.answers import answer
from analytics.aggregates.explore.cells import rows_of
from analytics.aggregates.explore.patience import StillCounting
from analytics.aggregates.explore.question import Question
from analytics.models import ExploredAnswer, JobState, LearnerDay, RollupRefresh
from tests.cast import Cast, build_cast

ASKED = {"by": "week", "split": "outcome", "period": "all"}
STATISTICS = {"by": "day", "show": "statistics", "measure": "clicks", "period": "all"}
LONG = 20.0  # seconds; more than anything here takes


def question(cast: Cast, given: dict[str, str], mine: list[int] | None = None) -> Question:
    return Question.read(given, cast.north.organisation, mine)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Every count takes until the event is set."""
    go_on = threading.Event()

    def rows(asked: Question) -> Any:
        assert go_on.wait(LONG)
        return rows_of(asked)

    monkeypatch.setattr(patience, "rows_of", rows)
    monkeypatch.setattr(patience, "SLOW_SECONDS", 0.0)
    yield go_on
    go_on.set()


@pytest.fixture
def committed(transactional_db: None, settings: Any) -> Cast:
    """A cast that other connections see."""
    settings.NEURALINK_SMALL_CELL = 1
    cast = build_cast()
    rollups.mark_dirty(cast.north.organisation.pk, {event.occurred_at.date() for event in cast.north.events})
    rollups.refresh(cast.north.organisation.pk)
    return cast


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "SLOW_SECONDS", 0.0)


def test_a_page_waits_for_nothing(committed: Cast, slow: threading.Event) -> None:
    for given in (ASKED, STATISTICS):
        slow.clear()
        asked = question(committed, given)
        with pytest.raises(StillCounting):
            answer(asked, 0.01)
        with pytest.raises(StillCounting):
            answer(asked, 0.01)
        assert len(patience._COUNTING) == 1, "asked twice, counted once"
        slow.set()
        found = answer(asked, LONG)
        assert found.cells == answer(asked).cells
        assert found.cells
        assert found.counted_at is None
        slow.clear()
        assert answer(asked, 0.01) == found, "kept, with its dates"
        assert [type(cell.key) for cell in answer(asked, 0.01).cells] == [type(cell.key) for cell in found.cells]


def test_another_process_counts_it_already(committed: Cast, slow: threading.Event) -> None:
    asked = question(committed, ASKED)
    number = patience._number(patience._Asked.of(asked))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])  # as that process does
        slow.set()
        # In a transaction everything is counted in place; a page is in none.
        assert patience._THREADS.submit(patience._count_alone, patience._Asked.of(asked)).result(LONG) is None
    assert answer(asked, LONG).cells


def test_what_changed_since_is_said(committed: Cast, slow: threading.Event) -> None:
    asked = question(committed, ASKED)
    slow.set()
    first = answer(asked, LONG)
    slow.clear()
    LearnerDay.objects.filter(organisation=committed.north.organisation).update(n_events=7)
    RollupRefresh.objects.create(organisation=committed.north.organisation, state=JobState.QUEUED)
    assert answer(asked, 0.01).counted_at is None, "a refresh that waits changed nothing"
    RollupRefresh.objects.create(organisation=committed.north.organisation, state=JobState.SUCCEEDED)
    earlier = answer(asked, 0.01)
    assert earlier.cells == first.cells
    assert earlier.counted_at is not None
    assert "what changed since is being counted" in earlier.note
    slow.set()
    later = answer(asked, LONG)
    assert later.counted_at is None
    assert later.total != first.total
    assert ExploredAnswer.objects.count() == 1, "in the place of the earlier one"


def test_old_answers_go(cast: Cast, at_once: None) -> None:
    answer(question(cast, ASKED))
    ExploredAnswer.objects.update(counted_at=timezone.now() - timedelta(days=2))
    answer(question(cast, STATISTICS))
    assert ExploredAnswer.objects.count() == 1


def test_a_refresh_that_no_row_tells_of_ends_what_is_kept(cast: Cast, at_once: None) -> None:
    organisation = cast.north.organisation
    answer(question(cast, ASKED))
    south = Question.read(ASKED, cast.south.organisation, None)
    answer(south)
    rollups.mark_dirty(organisation.pk, [timezone.now().date()])
    rollups.refresh(organisation.pk)
    assert [kept.organisation_id for kept in ExploredAnswer.objects.all()] == [cast.south.organisation.pk]


def test_each_reader_has_their_own(cast: Cast, at_once: None, settings: Any) -> None:
    """Courses that the reader sees, small cells, organisation: another one, another answer."""
    settings.NEURALINK_SMALL_CELL = 1
    mine = [cast.north.courses["algebra"].pk]
    asked = [question(cast, ASKED), question(cast, ASKED, mine), Question.read(ASKED, cast.south.organisation, None)]
    first = [answer(each) for each in asked]
    settings.NEURALINK_SMALL_CELL = 1000
    assert all(cell.is_hidden for each in asked for cell in answer(each).cells)
    settings.NEURALINK_SMALL_CELL = 1
    assert [answer(each) for each in asked] == first
    assert ExploredAnswer.objects.count() == 6
    assert first[0].cells != first[1].cells


def test_the_page_asks_again(cast: Cast, client_of: Callable[..., Client], monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_asked: Any) -> Any:
        raise StillCounting

    client = client_of("administrator")
    with monkeypatch.context() as context:
        context.setattr("analytics.web.explore.answer", never)
        whole = client.get("/explore/?by=week&split=outcome&period=all")
        assert b"Counting" in whole.content
        address = whole.context["wait"]["address"]
        part = client.get(address, headers={"HX-Request": "true"})
        assert "HX-Push-Url" not in part.headers
        later = [client.get(f"{address}{n}", headers={"HX-Request": "true"}) for n in (0, 5, "x")]
        assert [each.context["wait"]["milliseconds"] for each in (whole, part, *later)] == [250, 500, 4000, 4000, 250]
        assert b"Still counting" in later[0].content
    done = client.get(address, headers={"HX-Request": "true"})
    assert b'hx-trigger="load' not in done.content
    assert done.context["answer"].cells
