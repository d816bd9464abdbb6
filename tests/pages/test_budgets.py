"""What a first visit transfers: little before Plotly, which is asked for once.

What depends on the machine's load is measured by `make bench ARGS="pages --browser"`.
"""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from recommender.models import Run
from tests.cast import Cast
from tests.pages.tour import Tour

pytestmark = pytest.mark.page
MOST_BYTES = 200_000


@pytest.mark.parametrize("role", ["administrator", "learner"])
def test_little_is_transferred(role: str, cast: Cast, trained: Callable[..., Run], window: Callable[..., Any]) -> None:
    seen = window(role)
    tour, found = Tour(cast, trained()), {}
    for stop in tour.pages(role):
        if stop.name not in {"overview", "course_page", "learner_page", "my_learning", "version_page", "explorer"}:
            continue
        sizes: Counter[str] = Counter()
        asked: Counter[str] = Counter()

        def note(response: Any, sizes: Counter[str] = sizes, asked: Counter[str] = asked) -> None:
            asked[response.url] += 1
            if "plotly" not in response.url and response.ok:
                sizes[response.url] = len(gzip.compress(response.body()))  # as the web server sends it

        seen.page.on("response", note)
        page = seen.open(stop.path)
        page.wait_for_load_state("networkidle")
        seen.page.remove_listener("response", note)
        assert [url for url, n in asked.items() if n > 1 and "/static/" in url] == [], stop
        assert sum("plotly" in url for url in asked) <= 1, stop
        found[stop.name] = sum(sizes.values())
    assert found
    assert {name: n for name, n in found.items() if n > MOST_BYTES} == {}
