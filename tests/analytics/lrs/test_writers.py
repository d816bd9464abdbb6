"""Several writers at once, in transactions of their own: none lost, none stopped by another, nothing seen too early."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction

from analytics.lrs.consistency import begin_storing, consistent_through
from analytics.lrs.parcels import Parcel, open_parcel
from analytics.lrs.store import Source, store
from analytics.models import Credential, Organisation, Projection, Statement, StatementLink

pytestmark = pytest.mark.django_db(transaction=True)
DEFINITIONS = [{"name": {"en": f"Activity {number}"}} for number in range(5)]


@pytest.fixture
def credential() -> Credential:
    organisation = Organisation.objects.create(slug="writers", name="Writers")
    return Credential.objects.issue(organisation, "tool", ["all"])[0]


def statement(**more: Any) -> dict[str, Any]:
    number = random.randrange(5)
    return {
        "id": str(uuid4()),
        "actor": {"mbox": "mailto:ada@example.com"},
        "verb": {"id": "https://example.com/did"},
        "object": {"id": f"https://example.com/{number}", "definition": DEFINITIONS[number]},
    } | more


def parcel_of(statements: list[dict[str, Any]], credential: Credential) -> Parcel:
    return open_parcel("application/json", json.dumps(statements).encode(), "2.0.0", credential.authority)


def at_once(*tasks: Callable[[], Any]) -> None:
    """Run all of them in threads with connections of their own; the first error of any is raised."""
    errors: list[BaseException] = []

    def run(task: Callable[[], Any]) -> None:
        try:
            task()
        except BaseException as error:  # noqa: BLE001  (raised below)
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if errors:
        raise errors[0]


@pytest.fixture
def source(credential: Credential) -> Source:
    return Source(credential.organisation_id, credential.pk)


def test_eight_writers_of_the_same_and_of_their_own(credential, source):
    """Everybody sends the same 40 statements in an order of their own, among others, some of which refer to another."""
    common = [statement() for _ in range(40)]
    common += [statement(object={"objectType": "StatementRef", "id": one["id"]}) for one in common[:10]]

    def write() -> None:
        mine = [statement() for _ in range(30)] + common
        random.shuffle(mine)
        for start in range(0, len(mine), 20):
            store(parcel_of(mine[start : start + 20], credential), source)

    at_once(*[write] * 8)
    assert Statement.objects.count() == 8 * 30 + 50
    assert StatementLink.objects.count() == 10


def test_links_of_neighbours_that_are_stored_at_once(credential, source):
    for _ in range(5):
        last = statement()
        middle = statement(object={"objectType": "StatementRef", "id": last["id"]})
        first = statement(object={"objectType": "StatementRef", "id": middle["id"]})
        at_once(*(lambda one=one: store(parcel_of([one], credential), source) for one in (first, middle, last)))
        links = StatementLink.objects.filter(statement__uuid=first["id"])
        assert {str(target) for target in links.values_list("target", flat=True)} == {middle["id"], last["id"]}


def test_the_projector_is_woken_after_the_commit(credential, source):
    """A queued job that is not committed yet would hold up whoever else wants to make one."""
    with transaction.atomic():
        store(parcel_of([statement()], credential), source)
        assert not Projection.objects.exists()
    assert Projection.objects.filter(organisation=credential.organisation).count() == 1


def test_it_is_consistent_only_through_what_is_committed(credential, source):
    store(parcel_of([statement()], credential), source)
    organisation_id = credential.organisation_id
    before = consistent_through(organisation_id)
    assert before > Statement.objects.get().stored_at
    began, may_commit = threading.Event(), threading.Event()
    stored_at = []

    def write_slowly() -> None:
        with transaction.atomic():
            stored_at.append(begin_storing(organisation_id))
            began.set()
            may_commit.wait(30)

    def look() -> None:
        began.wait(30)
        try:
            assert consistent_through(organisation_id) <= stored_at[0]
            assert consistent_through(organisation_id + 1) > stored_at[0]
        finally:
            may_commit.set()

    at_once(write_slowly, look)
    assert consistent_through(organisation_id) > stored_at[0]


def test_a_batch_keeps_its_order(credential, source):
    sent = [statement() for _ in range(50)]
    store(parcel_of(sent, credential), source)
    assert [str(uuid) for uuid in Statement.objects.values_list("uuid", flat=True)] == [one["id"] for one in sent]
