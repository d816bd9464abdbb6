"""Latency of recommendations for learners active lately: the function alone, and through the web server's API.

Beside the API's latency stands that of `/healthz` on the same server, which touches nothing: what HTTP itself costs.
The memory is that of one web process after all requests. `--large` measures a made-up school in the database instead,
see `bench.serve_large`.
"""

import argparse
import os
import random
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote
from urllib.request import Request, urlopen

import numpy as np

from bench import serve_large
from bench.record import Measurement
from bench.train import prepare
from bench.web import web_server

QUICK = ("--requests", "100")
WARM_UP = 20
ACTIVE_DAYS = 60


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--organisation", default="academy", help="its slug")
    parser.add_argument("--course", default=None, help="external id: only its activities")
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--large", action="store_true", help="the made-up school of 100,000 learners, by wrk")
    parser.add_argument("--learners", type=int, default=100_000, help="of the made-up school")
    parser.add_argument("--activities", type=int, default=50_000, help="of the made-up school, a multiple of 5,000")
    parser.add_argument("--seed", type=int, default=0)


def measure(arguments: argparse.Namespace) -> Iterator[Measurement]:
    if arguments.large:
        prepare(None)
        yield from serve_large.measure(arguments.learners, arguments.activities, arguments.seed)
        return
    prepare(arguments.organisation)
    from analytics.models import Activity, Learner, Organisation

    organisation = Organisation.objects.get(slug=arguments.organisation)
    course = Activity.objects.get(organisation=organisation, external_id=arguments.course) if arguments.course else None
    lately = organisation.now().date() - timedelta(days=ACTIVE_DAYS)
    learners = list(Learner.objects.filter(organisation=organisation, total__last_on__gte=lately).order_by("id"))
    drawn = random.Random(arguments.seed).choices(learners, k=arguments.requests + WARM_UP)
    scope = f"{organisation.slug}/{arguments.course or 'all'}/{_in_use(organisation, course)}"
    for name, part in (("recommend", _measure_function), ("http", _measure_http)):
        case = f"{scope}/{name}"
        if not arguments.case or case in arguments.case:
            yield from part(case, organisation, course, drawn)


def _in_use(organisation: Any, course: Any) -> str:
    from recommender.registry.versions import live

    version = live(organisation, "any", course) or live(organisation, "any")
    return version.algorithm if version else "fallback"


def _measure_function(case: str, organisation: Any, course: Any, learners: list[Any]) -> Iterator[Measurement]:
    from django.db import connection, reset_queries
    from django.test.utils import CaptureQueriesContext

    from recommender.serving.recommend import recommend

    answers = []

    def ask(learner: Any) -> None:
        learner.organisation = organisation
        answers.append(recommend(learner, course=course, channel="api", record=False))

    yield from _percentiles(case, _milliseconds(ask, learners))
    by_model = [answer for answer in answers if answer.version is not None]
    yield Measurement("serve", case, "answered_by_model_share", len(by_model) / len(answers), "share")
    lengths = [len(answer.recommendations) for answer in answers]
    yield Measurement("serve", case, "mean_length", float(np.mean(lengths)), "recommendations")
    reset_queries()
    with CaptureQueriesContext(connection) as queries:
        ask(learners[0])
    yield Measurement("serve", case, "n_queries", len(queries), "queries")


def _measure_http(case: str, organisation: Any, course: Any, learners: list[Any]) -> Iterator[Measurement]:
    from analytics.models import ApiKey, Scope

    key, secret = ApiKey.objects.issue(organisation, "bench", [Scope.RECOMMENDATIONS_READ], None)
    try:
        with web_server(os.environ.copy(), 1) as (port, process):
            address = f"http://127.0.0.1:{port}"
            asked = f"?course={quote(course.external_id)}" if course else ""

            def ask(learner: Any) -> None:
                path = f"/api/v1/learners/{quote(learner.external_id, safe='')}/recommendations/{asked}"
                _get(address + path, {"Authorization": f"Bearer {secret}"})

            milliseconds = _milliseconds(ask, learners)
            floor = _milliseconds(lambda _learner: _get(address + "/healthz", {}), learners)
            yield from _percentiles(case, milliseconds, "healthz", floor)
            workers = process.children()
            yield Measurement("serve", case, "web_rss_bytes", max(w.memory_info().rss for w in workers), "B")
    finally:
        key.delete()


def _get(address: str, headers: dict[str, str]) -> None:
    with urlopen(Request(address, headers=headers), timeout=30) as answer:  # noqa: S310 (our own server)
        answer.read()


def _milliseconds(ask: Callable[[Any], None], learners: list[Any]) -> np.ndarray[Any, Any]:
    """Of each question after the first ones, which load the model."""
    taken = []
    for learner in learners:
        begun = time.perf_counter()
        ask(learner)
        taken.append((time.perf_counter() - begun) * 1000)
    return np.array(taken[WARM_UP:])


def _percentiles(
    case: str, milliseconds: np.ndarray[Any, Any], peer: str | None = None, beside: np.ndarray[Any, Any] | None = None
) -> Iterator[Measurement]:
    for percentile in (50, 95, 99):
        peer_value = float(np.percentile(beside, percentile)) if beside is not None else None
        value = float(np.percentile(milliseconds, percentile))
        yield Measurement("serve", case, f"p{percentile}_ms", value, "ms", peer, peer_value)
