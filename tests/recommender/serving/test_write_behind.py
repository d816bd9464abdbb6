"""What was shown is written a moment later, once, and by whoever ends before that."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from analytics.models import Learner, Organisation
from recommender.models import Impression
from recommender.serving import write_behind
from recommender.serving.write_behind import Shown, flush, keep, new_token, settle

later = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def alone(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Only the test writes: the writer of the process would use the tables of the next test."""
    settings.NEURALINK_KEEP_MS = 250
    monkeypatch.setattr(write_behind, "_begin", lambda: None)
    yield
    write_behind._waiting.clear()
    write_behind._wanted.clear()


def learners(n: int, slug: str = "school") -> list[Learner]:
    organisation = Organisation.objects.create(slug=slug, name=slug)
    rows = [Learner(organisation=organisation, external_id=f"{slug}-{number}") for number in range(n)]
    return Learner.objects.bulk_create(rows)


def shown_to(learner: Learner, token: uuid.UUID | None = None, ids: str = "{3,1,2}") -> Shown:
    whose = (learner.organisation_id, learner.pk, None)
    return Shown(str(token or new_token()), *whose, "popular", "api", ids, 4, timezone.now())


@later
def test_many_are_written_in_one_statement_and_in_their_order(django_assert_num_queries: Any) -> None:
    kept = [shown_to(learner) for learner in learners(30)]
    with django_assert_num_queries(0):
        for one in kept:
            keep(one)
    with django_assert_num_queries(1):
        flush()
    rows = Impression.objects.order_by("id").values_list(
        "token", "organisation_id", "learner_id", "version_id", "source", "channel", "activity_ids", "n_met", "at"
    )
    assert list(rows) == [one._replace(token=uuid.UUID(one.token), activity_ids=[3, 1, 2]) for one in kept]
    with django_assert_num_queries(0):
        flush()


@pytest.mark.django_db
def test_within_a_transaction_it_is_written_at_once() -> None:
    (learner,) = learners(1)
    keep(shown_to(learner))
    assert Impression.objects.get().learner == learner
    assert not write_behind._waiting


@later
def test_nobody_waits_for_the_disk_and_only_here() -> None:
    (learner,) = learners(1)
    keep(shown_to(learner))
    flush()
    with connection.cursor() as cursor:
        cursor.execute("SHOW synchronous_commit")
        assert cursor.fetchone() == ("on",)


@later
def test_who_is_gone_or_of_another_organisation_takes_nobody_along() -> None:
    gone, stays = learners(2)
    (stranger,) = learners(1, "other")
    for one in (shown_to(gone), shown_to(stranger)._replace(organisation_id=stays.organisation_id), shown_to(stays)):
        keep(one)
    gone.delete()
    flush()
    assert [one.learner for one in Impression.objects.all()] == [stays]


@later
def test_what_the_database_did_not_take_waits_on(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = [shown_to(learner) for learner in learners(5)]
    write = write_behind._write
    monkeypatch.setattr(write_behind, "MAX_TOGETHER", 2)

    def failing(together: Any) -> None:
        write(together)
        raise OperationalError("the connection was closed before the answer came")

    for one in kept:
        keep(one)
    monkeypatch.setattr(write_behind, "_write", failing)
    with pytest.raises(OperationalError):
        flush()
    assert list(write_behind._waiting) == kept
    monkeypatch.setattr(write_behind, "_write", write)
    flush()
    assert [str(one.token) for one in Impression.objects.order_by("at", "id")] == [one.token for one in kept]


@later
def test_too_many_are_written_by_who_shows_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_behind, "MAX_WAITING", 3)
    for learner in learners(4):
        keep(shown_to(learner))
    assert Impression.objects.count() == 4


@later
def test_a_process_writes_by_itself_and_goes_on_after_a_failure(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer's thread, without its thread: what it does once it is woken, until it would wait again."""
    settings.NEURALINK_KEEP_MS = 1
    monkeypatch.setattr(write_behind, "RETRY_SECONDS", 0)
    tries: list[int] = []
    write = write_behind._write

    def once_failing(together: Any) -> None:
        tries.append(len(together))
        if len(tries) == 1:
            raise OperationalError("the server is starting up")
        write(together)

    monkeypatch.setattr(write_behind, "_write", once_failing)
    (learner,) = learners(1)
    keep(shown_to(learner))
    for _time in range(2):
        assert write_behind._wanted.is_set()
        write_behind._write_waiting()
    assert (tries, Impression.objects.count()) == ([1, 1], 1)
    assert not write_behind._wanted.is_set()


def test_tokens_tell_their_time_and_nothing_else() -> None:
    before = time.time_ns() // 1_000_000
    tokens = [new_token() for _one in range(1000)]
    assert {(one.version, one.variant) for one in tokens} == {(7, uuid.RFC_4122)}
    assert all(before <= one.int >> 80 <= before + 60_000 for one in tokens)
    assert len({one.int & ((1 << 62) - 1) for one in tokens}) == 1000


@later
def test_a_young_token_is_waited_for(settings: Any) -> None:
    settings.NEURALINK_KEEP_MS = 2500
    (learner,) = learners(1)
    token = new_token()
    keep(shown_to(learner, token))

    def write() -> None:
        flush()
        connection.close()

    writing = threading.Timer(0.3, write)
    writing.start()
    settle(token)
    assert Impression.objects.filter(token=token).exists()
    writing.join()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "made",
    [
        uuid.uuid4,
        lambda: uuid.UUID(int=new_token().int - (3_600_000 << 80)),
        lambda: uuid.UUID(int=new_token().int + (3_600_000 << 80)),
    ],
    ids=["anybody's", "an hour old", "of the next hour"],
)
def test_no_other_token_is(made: Callable[[], uuid.UUID], django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        settle(made())
