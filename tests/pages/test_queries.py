"""How many queries each page and fragment asks, sessions and membership included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from recommender.models import Run
from tests.cast import Cast
from tests.pages.tour import Tour

MOST = 15


@pytest.mark.parametrize("role", ["administrator", "model_owner", "instructor", "learner"])
def test_few_queries(role: str, cast: Cast, trained: Callable[..., Run], settings: Any) -> None:
    tour, many = Tour(cast, trained()), {}
    client = tour.browser(role)
    settings.NEURALINK_SWAP_SECONDS = 60  # with 0 a web process remembers nothing
    for stop in tour.stops(role):
        for _cold_and_warm in range(2):
            with CaptureQueriesContext(connection) as asked:
                client.get(stop.path, headers={} if stop.is_page else {"HX-Request": "true"})
            if len(asked) <= MOST:
                break
        if len(asked) > MOST:
            many[stop.name] = [query["sql"][:160] for query in asked]
    assert {name: len(texts) for name, texts in many.items()} == {}, many
