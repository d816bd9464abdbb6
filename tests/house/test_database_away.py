"""While the database is away every address says so: a problem with status 503 to programs, a page to people."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import DEFAULT_DB_ALIAS, DatabaseError, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.transaction import TransactionManagementError
from django.test import Client
from django.urls import get_resolver

from analytics.rest.problems import is_database_away

NEEDS_NO_DATABASE = {"/xapi/about", "/xapi/", "/xapi/1"}


def routes(patterns: Any, prefix: str = "/") -> Iterator[str]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from routes(pattern.url_patterns, route)
        else:
            yield re.sub(r"<[^>]+>", "1", route)


ADDRESSES = sorted(
    {
        route
        for route in routes(get_resolver().url_patterns)
        if route.startswith(("/api/v1/", "/xapi/")) and route not in NEEDS_NO_DATABASE
    }
)


@contextlib.contextmanager
def away() -> Iterator[None]:
    """No query works inside."""

    def fail(*args: Any, **kwargs: Any) -> Any:
        raise OperationalError("could not connect to server: host=10.0.0.1")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseWrapper, "cursor", fail)
        patch.setattr(BaseDatabaseWrapper, "ensure_connection", fail)
        # The test's own transaction would be asked for its state.
        patch.setattr(BaseDatabaseWrapper, "set_rollback", lambda *args: None)
        yield


def test_there_are_addresses() -> None:
    assert len(ADDRESSES) > 40


@pytest.mark.parametrize("method", ["get", "post"])
def test_programs_are_told(api_client: Callable[..., Client], client_of: Callable[..., Client], method: str) -> None:
    clients = [("key", api_client()), ("session", client_of("administrator"))]
    with away():
        answers = {(kind, address): asked(client, method, address) for kind, client in clients for address in ADDRESSES}
    wrong = {key: (answer.status_code, answer["Content-Type"]) for key, answer in answers.items() if not is_fit(answer)}
    assert wrong == {}


def asked(client: Client, method: str, address: str) -> Any:
    client.raise_request_exception = False
    return client.get(address) if method == "get" else client.post(address, "{}", "application/json")


def is_fit(answer: Any) -> bool:
    """Either "later", or what can be said without the database: such as that the address does not take this method."""
    if answer["Content-Type"] != "application/problem+json" or "10.0.0.1" in answer.content.decode():
        return False
    return int(answer["Retry-After"]) > 0 if answer.status_code == 503 else answer.status_code in {400, 401, 405, 415}


def test_people_are_told(client_of: Callable[..., Client]) -> None:
    client = client_of("administrator")
    with away():
        answer = asked(client, "get", "/")
    assert answer.status_code == 503
    assert "The database is away for a moment" in answer.content.decode()
    assert int(answer["Retry-After"]) > 0


@pytest.mark.parametrize(
    "error", [DatabaseError("status PGRES_TUPLES_OK and no message"), TransactionManagementError()]
)
def test_whatever_is_said_when_it_goes(
    api_client: Callable[..., Client], monkeypatch: pytest.MonkeyPatch, error: DatabaseError
) -> None:
    """The same error is a fault of ours while the database is there."""

    def fail(*args: Any, **kwargs: Any) -> Any:
        raise error

    client = api_client()
    client.raise_request_exception = False
    monkeypatch.setattr("analytics.api.events.write", fail)
    assert client.post("/api/v1/events/", "{}", "application/json").status_code == 500
    for broken in (SimpleNamespace(closed=2), None):
        with monkeypatch.context() as patch:
            patch.setattr(connections[DEFAULT_DB_ALIAS], "connection", broken)
            assert is_database_away(error)
    assert not is_database_away(ValueError("another fault"))
