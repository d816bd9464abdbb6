"""The statements that a page asks the database, each timed on its own: the slowest of them, in every period and order.

Pages are rendered in this process, as the members of the shots, so that what is measured is what the page really asks.
A statement's time is that from sending it until its rows are there, so it holds planning and the way over the socket.
"""

import itertools
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.record import Measurement

if TYPE_CHECKING:
    from neuralink_site.management.commands.screenshots import Shot

PERIODS = [f"period={key}" for key in ("7", "28", "90", "all")]
TABS = ["show=engagement", "show=parts", "show=learners"]
SORTED = [
    f"sort={sign}{name}"
    for sign, name in itertools.product(
        ("", "-"), ("name", "n_active_days", "n_events", "n_completions", "result_share", "last_on")
    )
]
VARIANTS: dict[str, Sequence[str]] = {
    "overview": PERIODS,
    "instructor-overview": PERIODS,
    "course-list": PERIODS,
    "instructor-course-list": PERIODS,
    "course-page": [f"{period}&{tab}" for period in PERIODS for tab in TABS],
    "busiest-course-page": [f"{period}&{tab}" for period in PERIODS for tab in TABS],
    "learner-list": [*SORTED, "q=123"],
    "instructor-learner-list": [*SORTED, "q=123"],
}
"""Query strings with which a page is asked, beside none."""


def more_shots(organisation: Any) -> "list[Shot]":
    """What `manage.py screenshots` leaves out: fragments, an instructor's lists, the course with most events."""
    from django.db.models import Sum
    from django.urls import reverse

    from analytics.models import Activity, ActivityDay, Role
    from neuralink_site.management.commands.screenshots import Shot

    staff, instructor = Role.ADMINISTRATOR, Role.INSTRUCTOR
    shots = [
        Shot("risk-summary", staff, reverse("risk_summary")),
        Shot("instructor-course-list", instructor, reverse("course_list")),
        Shot("instructor-learner-list", instructor, reverse("learner_list")),
    ]
    courses = Activity.objects.filter(organisation=organisation).courses()
    days = ActivityDay.objects.filter(activity__in=courses).values("activity").annotate(n=Sum("n_events"))
    busiest = days.order_by("-n").values_list("activity", flat=True).first()
    if busiest is not None:
        names = {"course_page": "busiest-course-page", "course_reach": "course-reach"}
        shots += [Shot(shown, staff, reverse(name, args=[busiest])) for name, shown in names.items()]
        shots.append(Shot("course-risk-summary", staff, reverse("course_risk_summary", args=[busiest])))
    return shots


@dataclass
class Timed:
    """Notes how long each statement of a connection took."""

    spent: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    n: int = 0

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            # One statement may be asked several times on a page with other values: they are kept apart by their number.
            self.n += 1
            self.spent[f"{self.n} {sql}"].append((time.perf_counter() - began) * 1000)


def slowest(case: str, address: str, cookies: dict[str, str], n_requests: int) -> Iterator[Measurement]:
    """Lines `slowest_query_ms` and `n_queries` of one page: the worst of its variants, each the median of requests."""
    name = case.rpartition("/")[2]
    found = []
    for variant in ["", *VARIANTS.get(name, [])]:
        path = f"{address}?{variant}" if variant else address
        timed = _asked(path, cookies, n_requests)
        if timed.spent:
            sql, taken = max(timed.spent.items(), key=lambda pair: median(pair[1]))
            found.append((median(taken), len(timed.spent), path, sql))
    if found:
        value, _n, path, sql = max(found)
        print(f"{value:.1f} ms of {path}: {sql}", file=sys.stderr)
        yield Measurement("pages", case, "slowest_query_ms", value, "ms")
        yield Measurement("pages", case, "n_queries", max(n for _value, n, _path, _sql in found), "queries")


def _asked(path: str, cookies: dict[str, str], n_requests: int) -> Timed:
    from django.core.cache import cache
    from django.db import connection
    from django.test import Client

    client, timed = Client(headers={"host": "localhost"}), Timed()
    client.cookies.load(cookies)
    for _request in range(n_requests):
        # What a page keeps for some minutes was asked once: that time counts.
        cache.clear()
        timed.n = 0
        with ExitStack() as stack:
            stack.enter_context(connection.execute_wrapper(timed))
            answer = client.get(path)
        if answer.status_code != 200:
            sys.exit(f"{path} answered {answer.status_code}.")
    return timed
