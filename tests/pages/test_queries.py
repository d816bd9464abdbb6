"""How many queries each page and fragment asks, sessions and membership included."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from recommender.models import Run
from tests.cast import Cast
from tests.pages.tour import furnish, tour

MOST = 15


@pytest.mark.parametrize("role", ["administrator", "model_owner", "instructor", "learner"])
def test_few_queries(role: str, cast: Cast, trained: Callable[..., Run]) -> None:
    trained()
    furnish(cast)
    client, many = Client(), {}
    client.force_login(cast.north.members[role].login)
    for stop in tour(role, cast):
        headers = {} if stop.is_page else {"HX-Request": "true"}
        with CaptureQueriesContext(connection) as asked:
            client.get(stop.path, headers=headers)
        if len(asked) > MOST:
            many[stop.name] = (len(asked), [query["sql"][:160] for query in asked])
    assert {name: n for name, (n, _texts) in many.items()} == {}, many
