"""What the pages of staff say, how their lists order, search and page, and what they say when there is nothing."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from pytest_django import Settings

from analytics.models import (
    DirtyDay,
    Event,
    Import,
    JobState,
    Learner,
    Member,
    Organisation,
    OrganisationDay,
    Role,
    RollupRefresh,
)
from analytics.tables import paging
from tests.cast import Cast


@pytest.fixture
def administrator(client_of: Callable[..., Client]) -> Client:
    return client_of("administrator")


@pytest.fixture
def newcomer(cast: Cast) -> Client:
    """The administrator of an organisation that has nothing yet."""
    login = cast.north.members["administrator"].login
    login.memberships.all().delete()
    Member.objects.create(
        organisation=Organisation.objects.create(slug="new", name="New"), login=login, role=Role.ADMINISTRATOR
    )
    client = Client()
    client.force_login(login)
    return client


def test_overview_counts_the_events(cast: Cast, administrator: Client) -> None:
    context: Any = administrator.get(reverse("overview"), {"period": "28"}).context
    values = {headline.measure.name: headline.value for headline in context["headlines"]}
    assert values["learners"] == 11
    assert values["events"] == len(cast.north.events)
    assert context["answer"].startswith("11 learners were active in the last 28 days and completed ")
    assert sum(map(sum, context["week"].figure["data"][0]["z"])) == len(cast.north.events)
    assert context["freshness"].last_on == max(event.occurred_at.date() for event in cast.north.events)


@pytest.mark.parametrize("period", ["period=28", "period=all", "days"])
def test_numbers_lead_to_what_they_are_made_of(
    cast: Cast, administrator: Client, settings: Settings, period: str
) -> None:
    settings.NEURALINK_SMALL_CELL = 1
    if period == "days":
        today = cast.north.organisation.now().date()
        period = f"from={today - timedelta(days=20)}&to={today}"
    course = cast.north.courses["algebra"]
    for page in (reverse("overview"), reverse("course_page", args=[course.pk])):
        response: Any = administrator.get(f"{page}?{period}")
        text = response.content.decode()
        links = [unescape(found) for found in re.findall(r'stat-value">\s*<a href="(/explore/[^"]*)"', text)]
        shown = {found["measure"][0]: address for address in links for found in [parse_qs(urlsplit(address).query)]}
        assert {"learners", "completions", "result_share"} <= shown.keys()
        context: Any = administrator.get(shown["completions"]).context
        asked = context["question"]
        assert asked.value("course") == ("" if page == reverse("overview") else str(course.pk))
        assert (asked.period.first_on, asked.period.last_on) == (
            response.context["period"].first_on,
            response.context["period"].last_on,
        )
        total = context["answer"].total or sum(cell.value or 0 for cell in context["answer"].cells)
        assert f': {total:,.0f}">{total:,.0f}</a>' in text


def test_the_period_is_in_the_address(administrator: Client) -> None:
    for period, n_days in (("7", 7), ("28", 28), ("90", 90), ("nonsense", 28)):
        response = administrator.get(reverse("overview"), {"period": period})
        assert len(response.context["by_day"].rows) == n_days
        assert response.content.count(b'aria-current="true"') == 1


def test_days_of_the_address_go_along(administrator: Client) -> None:
    response = administrator.get(reverse("overview"), {"from": "2026-01-05", "to": "2026-01-11"})
    assert len(response.context["by_day"].rows) == 7
    content = response.content.decode()
    assert f'href="{reverse("course_list")}?from=2026-01-05&amp;to=2026-01-11"' in content
    assert f'href="{reverse("learner_list")}"' in content
    assert 'aria-current="true"' not in content
    assert 'href="?period=7"' in content
    assert len(administrator.get(reverse("overview"), {"from": "x"}).context["by_day"].rows) == 28


def test_all_time_is_compared_with_nothing(administrator: Client) -> None:
    context: Any = administrator.get(reverse("overview"), {"period": "all"}).context
    assert {headline.change_share for headline in context["headlines"]} == {None}
    assert context["movers"] == []


def test_overview_says_where_the_events_are(cast: Cast, administrator: Client) -> None:
    Organisation.objects.filter(pk=cast.north.organisation.pk).update(as_of=datetime(2031, 5, 1, tzinfo=UTC))
    context: Any = administrator.get(reverse("overview"), {"period": "28"}).context
    last_on = date_format(context["freshness"].last_on, "DATE_FORMAT")
    assert context["answer"].startswith(f"Nobody was active in the last 28 days; the last event was on {last_on}.")


def test_overview_of_people_without_events(administrator: Client, cast: Cast) -> None:
    OrganisationDay.objects.all().delete()
    n = Learner.objects.filter(organisation=cast.north.organisation).count()
    page = administrator.get(reverse("overview")).content.decode()
    assert f"{n} learners are here, and nothing has happened yet" in page


def test_overview_compares_with_the_period_before(cast: Cast, administrator: Client) -> None:
    context: Any = administrator.get(reverse("overview"), {"period": "7"}).context
    assert "before" not in context["answer"], "nothing happened before: there is nothing to compare with"
    events = Counter(event.activity.course.name for event in cast.north.events)
    assert [(mover.course.name, mover.change) for mover in context["movers"]] == events.most_common()


def test_what_needs_attention(cast: Cast, administrator: Client) -> None:
    organisation = cast.north.organisation
    failed = Import.objects.create(
        organisation=organisation, format="csv", source_name="bad.csv", state=JobState.FAILED, error="No header."
    )
    Import.objects.create(
        organisation=organisation, format="csv", source_name="x.csv", state=JobState.SUCCEEDED, n_read=10, n_rejected=2
    )
    RollupRefresh.objects.create(organisation=organisation, state=JobState.FAILED, error="Disk full.")
    attention: Any = administrator.get(reverse("overview")).context["attention"]
    assert [row.label for row in attention] == ["Rows rejected", "Import failed", "Numbers are old"]
    assert attention[1].url == reverse("import_page", args=[failed.pk])
    assert "2 of 10 rows" in attention[0].sentence
    Import.objects.filter(organisation=organisation).update(created_at=timezone.now() - timedelta(days=60))
    attention = administrator.get(reverse("overview")).context["attention"]
    assert [row.label for row in attention] == ["Numbers are old"]


def test_with_nothing_there_pages_say_what_to_do(newcomer: Client) -> None:
    for name in ("overview", "course_list", "learner_list", "import_list"):
        response = newcomer.get(reverse(name))
        assert response.status_code == 200
        assert f'href="{reverse("import_new")}"' in response.content.decode(), name


LISTS = {
    "course_list": ["name", "n_enrolled", "n_active", "n_events", "n_completions", "result_share", "last_on"],
    "learner_list": ["name", "external_id", "n_active_days", "n_events", "n_completions", "result_share", "last_on"],
}


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("role", ["administrator", "instructor"])
def test_lists_order_by_every_column(client_of: Callable[..., Client], name: str, role: str) -> None:
    client = client_of(role)
    for column in LISTS[name]:
        rising, falling = (
            [getattr(row, column) for row in client.get(reverse(name), {"sort": sort}).context["page"]]
            for sort in (column, f"-{column}")
        )
        known = [value for value in rising if value is not None]
        assert known == sorted(known)
        assert [value for value in falling if value is not None] == sorted(known, reverse=True)
        assert all(value is None for value in rising[len(known) :]), "rows without a value come last"


def test_an_unknown_column_is_ignored(administrator: Client) -> None:
    page = administrator.get(reverse("learner_list"), {"sort": "password"})
    assert [heading.aria_sort for heading in page.context["shown"].headings].count("descending") == 1


def test_lists_are_paged(administrator: Client, settings: Settings) -> None:
    settings.NEURALINK_PAGE_ROWS = 5
    seen = []
    for number in (1, 2, 3):
        page: Any = administrator.get(reverse("learner_list"), {"page": number, "sort": "name"}).context["page"]
        seen += [learner.name for learner in page]
    assert len(seen) == len(set(seen)) == 12
    assert administrator.get(reverse("learner_list"), {"page": "999"}).context["page"].number == 3
    content = administrator.get(reverse("learner_list"), {"sort": "name"}).content.decode()
    assert "?sort=name&amp;page=2" in content
    assert "1 to 5 of 12" in content


def test_long_lists_are_not_counted_to_the_end(administrator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "COUNTED_ROWS", 7)
    response = administrator.get(reverse("learner_list"))
    assert response.context["page"].paginator.count == 7
    assert response.context["page"].paginator.is_capped


def test_search(administrator: Client) -> None:
    for text, n_found in (("yıld", 1), ("LEARNER-0", 9), ("%", 0), ("nobody", 0), (" ", 12)):
        response = administrator.get(reverse("learner_list"), {"q": text})
        assert response.context["page"].paginator.count == n_found


def test_search_as_you_type_gets_the_table_only(administrator: Client) -> None:
    url = reverse("learner_list")
    fragment = administrator.get(url, {"q": "chen"}, headers={"HX-Request": "true"})
    assert b"<html" not in fragment.content
    assert b"Chen Wei" in fragment.content
    back = administrator.get(url, headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert b"<html" in back.content


@pytest.mark.parametrize("tab", ["engagement", "parts", "learners", "nonsense"])
def test_course_page(cast: Cast, administrator: Client, tab: str) -> None:
    url = reverse("course_page", args=[cast.north.courses["algebra"].pk])
    response = administrator.get(url, {"show": tab})
    assert response.context["answer"] == (
        "8 of 8 enrolled learners were active in the last 28 days; 0 have completed the course."
    )
    assert response.context["tab"] == (tab if tab != "nonsense" else "engagement")
    if tab == "learners":
        assert {learner.name for learner in response.context["shown"].page} == {str(x) for x in cast.north.learners[:8]}
        assert sum(learner.n_events for learner in response.context["shown"].page) == 72
    if tab == "parts":
        assert [part.pk for part in response.context["shown"].page] == [part.pk for part in cast.north.parts["algebra"]]


def test_course_learners_order(cast: Cast, administrator: Client) -> None:
    url = reverse("course_page", args=[cast.north.courses["algebra"].pk])
    for column in ("name", "outcome", "grade_share", "n_active_days", "n_events", "last_on"):
        page: Any = administrator.get(url, {"show": "learners", "sort": column}).context["shown"].page
        known = [getattr(row, column) for row in page if getattr(row, column) is not None]
        assert known == sorted(known)


def test_learner_page(cast: Cast, administrator: Client) -> None:
    learner = cast.north.learners[3]
    response = administrator.get(reverse("learner_page", args=[learner.pk]))
    content = response.content.decode()
    assert reverse("learner_recommendations", args=[learner.pk]) in content
    assert response.context["portrait"].activeness.n_events == 24
    latest = list(response.context["piece"].events)
    assert latest == sorted(latest, key=lambda event: (event.occurred_at, event.pk), reverse=True)


def test_learner_without_events(cast: Cast, administrator: Client) -> None:
    response = administrator.get(reverse("learner_page", args=[cast.north.learners[11].pk]))
    assert b"No event yet" in response.content
    assert b"Next steps" in response.content


def test_own_page(cast: Cast, client_of: Callable[..., Client]) -> None:
    client = client_of("learner")
    response = client.get(reverse("my_learning"))
    learner = cast.north.learners[0]
    assert response.context["portrait"].activeness.n_events == len(cast.north.events_of(learner))
    assert reverse("learner_recommendations", args=[learner.pk]) in response.content.decode()


def test_own_data_is_all_of_it(cast: Cast, client_of: Callable[..., Client]) -> None:
    response: Any = client_of("learner").get(reverse("my_data"))
    learner = cast.north.learners[0]
    stored = json.loads(response.getvalue())
    assert stored["name"] == "Amara Okafor"
    assert len(stored["events"]) == Event.objects.filter(learner=learner).count()
    assert {row["course__name"] for row in stored["enrolments"]} == {"Algebra", "Ceramics"}


def test_a_login_of_no_learner(cast: Cast, client_of: Callable[..., Client]) -> None:
    Member.objects.filter(role=Role.LEARNER).update(learner=None)
    client = client_of("learner")
    assert b"Nothing to show yet" in client.get(reverse("my_learning")).content
    assert client.get(reverse("my_data")).status_code == 404


def test_days_that_wait_for_their_sums_are_told(cast: Cast, administrator: Client) -> None:
    assert b"being added up" not in administrator.get(reverse("overview")).content
    on = cast.north.events[0].occurred_at.date()
    DirtyDay.objects.bulk_create([DirtyDay(organisation=cast.north.organisation, on=on)] * 3)
    assert b"all but 1 day, which is being added up" in administrator.get(reverse("overview")).content
