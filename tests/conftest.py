"""Fixtures for every test: the cast, somebody to ask as, and a broker that only writes down what was sent."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import hypothesis
import pytest
from celery import Celery
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from analytics import jobs
from analytics.aggregates import rollups
from analytics.imports.partitions import ensure_months
from analytics.models import ApiKey, Scope
from neuralink_site import embedded_postgres
from tests.cast import Cast, build_cast

# A busy machine is no reason to fail: how long an example takes is the benchmarks' business.
hypothesis.settings.register_profile("house", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("house")

# A slow hash is for real passwords; here it would cost more than the tests.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Pages are tested without `collectstatic`, which would have to run first for names with a hash.
settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
# Nothing is written behind a test's back: it would meet the next test's tables.
settings.NEURALINK_KEEP_MS = 0

# Test processes share the processors already: threads of boosted trees wait for each other and burn what others need.
os.environ.setdefault("OMP_NUM_THREADS", "1")

MONTHS_WITH_EVENTS = 6
WAS_RUNNING = pytest.StashKey[bool]()


def pytest_collection_finish() -> None:
    """What is imported by now stays to the end; to look through TensorFlow for garbage took a fifth of a training."""
    gc.collect()
    gc.freeze()


@dataclass(frozen=True)
class Message:
    """What would have gone to a worker."""

    task_name: str
    args: tuple[Any, ...]
    queue: str


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[Message]:
    """No test needs a broker: the messages end up in this list."""
    messages: list[Message] = []

    def record(app: Celery, name: str, args: Any = None, kwargs: Any = None, **options: Any) -> None:
        messages.append(Message(name, tuple(args or ()), options.get("queue", "")))

    monkeypatch.setattr(Celery, "send_task", record)
    return messages


@pytest.fixture(autouse=True)
def unlooked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lease's thread has a connection of its own, and cannot see the row of a test that never commits."""
    marker = request.node.get_closest_marker("django_db")
    commits = marker is not None and marker.kwargs.get("transaction")
    if not commits and not {"transactional_db", "live_server"} & set(request.fixturenames):
        monkeypatch.setattr(jobs, "LOOK_SECONDS", 3600.0)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """The test database, with the months of the event table that the cast needs: DDL once, not in every test."""
    today = timezone.now().date()
    with django_db_blocker.unblock():
        ensure_months(today - timedelta(days=day) for day in range(0, 30 * MONTHS_WITH_EVENTS, 15))


@pytest.fixture
def cast(db: None) -> Cast:
    """Two organisations with everyone in them, day tables up to date; see tests/cast.py."""
    built = build_cast()
    for house in (built.north, built.south):
        rollups.mark_dirty(house.organisation.pk, {event.occurred_at.date() for event in house.events})
        rollups.refresh(house.organisation.pk)
    return built


@pytest.fixture
def client_of(cast: Cast) -> Callable[..., Client]:
    """`client_of("instructor")`: a browser in which that member of North (or South) is signed in."""

    def sign_in(role: str, organisation: str = "north") -> Client:
        client = Client()
        client.force_login(cast.house(organisation).members[role].login)
        return client

    return sign_in


@pytest.fixture
def api_key(cast: Cast) -> Callable[..., str]:
    """`api_key("events:write")`: the secret of a new key of North (or South); without scopes it has all of them."""

    def issue(*scopes: str, organisation: str = "north") -> str:
        house = cast.house(organisation)
        by = house.members["administrator"]
        return ApiKey.objects.issue(house.organisation, "test", list(scopes) or list(Scope.values), by)[1]

    return issue


@pytest.fixture
def api_client(api_key: Callable[..., str]) -> Callable[..., Client]:
    """`api_client("events:read")`: a client that sends such a key with every request."""

    def with_key(*scopes: str, organisation: str = "north") -> Client:
        return Client(headers={"Authorization": f"Bearer {api_key(*scopes, organisation=organisation)}"})

    return with_key


def pytest_configure(config: pytest.Config) -> None:
    """Remember whether the embedded server ran before the tests, which start it at their first connection."""
    server = None if settings.DATABASE_URL else embedded_postgres.status(settings.HOME)
    config.stash[WAS_RUNNING] = bool(settings.DATABASE_URL) or (server is not None and server.is_running)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave no server behind that the tests started; xdist's workers leave that to the one that started them."""
    if not config.stash.get(WAS_RUNNING, True) and not hasattr(config, "workerinput"):
        connection.close()
        embedded_postgres.stop_unused(settings.HOME)
