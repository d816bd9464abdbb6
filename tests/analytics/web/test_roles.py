"""What roles see of pages, and how many queries pages ask; who may open what is in tests/access/table.py."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from analytics.models import Credential, Organisation, Role, Upload
from tests.cast import Cast

ADMINISTRATOR, OWNER, INSTRUCTOR, LEARNER = Role.values
EVERYBODY = set(Role.values)
STAFF = {ADMINISTRATOR, OWNER, INSTRUCTOR}
GETS = {
    "choose_organisation": EVERYBODY,
    "overview": STAFF,
    "course_list": STAFF,
    "course_page": STAFF,
    "course_reach": STAFF,
    "learner_list": STAFF,
    "learner_page": STAFF,
    "import_list": {ADMINISTRATOR, OWNER},
    "import_new": {ADMINISTRATOR},
    "import_page": {ADMINISTRATOR, OWNER},
    "upload_page": {ADMINISTRATOR},
    "import_progress": {ADMINISTRATOR, OWNER},
    "import_rejected": {ADMINISTRATOR, OWNER},
    "statement_list": {ADMINISTRATOR},
    "statement_export": {ADMINISTRATOR},
    "identity_list": {ADMINISTRATOR},
    "credential_list": {ADMINISTRATOR},
    "my_learning": {LEARNER},
    "my_data": {LEARNER},
}
POSTS = {
    "import_again": {ADMINISTRATOR},
    "import_cancel": {ADMINISTRATOR},
    "import_roll_back": {ADMINISTRATOR},
    "verb_meaning": {ADMINISTRATOR},
    "learner_merge": {ADMINISTRATOR},
    "credential_revoke": {ADMINISTRATOR},
    "upload_delete": {ADMINISTRATOR},
}
QUERIES = 15


def address(name: str, cast: Cast, house: str = "north") -> str:
    there = cast.house(house)
    if name == "credential_revoke":
        return reverse(name, args=[Credential.objects.issue(there.organisation, "tool", ["all"])[0].pk])
    if not name.startswith(("course_", "learner_", "import_", "upload_")) or name.endswith(("_list", "_new", "_merge")):
        return reverse(name)
    assert there.from_import is not None
    rows = {"course": there.courses["algebra"], "learner": there.learners[0], "import": there.from_import}
    if name.startswith("upload_"):
        rows["upload"] = an_upload(there.organisation)
    return reverse(name, args=[rows[name.partition("_")[0]].pk])


def an_upload(organisation: Organisation) -> Upload:
    return Upload.objects.create(
        organisation=organisation, file_name="a.csv", path="/nowhere/a.csv", n_bytes=1, n_received=1,
        touched_at=timezone.now(),
    )  # fmt: skip


@pytest.mark.parametrize("role", Role.values)
def test_pages(cast: Cast, client_of: Callable[..., Client], role: str) -> None:
    client = client_of(role)
    for name, roles in GETS.items():
        with CaptureQueriesContext(connection) as asked:
            response = client.get(address(name, cast))
        assert response.status_code == (200 if role in roles else 403), name
        assert len(asked) <= QUERIES, (name, [query["sql"][:120] for query in asked.captured_queries])


@pytest.mark.parametrize("role", Role.values)
def test_deeds(cast: Cast, client_of: Callable[..., Client], role: str) -> None:
    client = client_of(role)
    for name, roles in POSTS.items():
        assert client.post(address(name, cast)).status_code == (302 if role in roles else 403), name
        assert client.get(address(name, cast)).status_code == 405, name


def test_strangers_are_asked_to_sign_in(cast: Cast) -> None:
    for name in GETS | POSTS:
        url = address(name, cast)
        response = Client().post(url) if name in POSTS else Client().get(url)
        assert response.status_code == 302, name
        assert response["Location"] == f"{reverse('sign_in')}?next={url}"


def test_the_neighbours_rows_are_not_there(cast: Cast, client_of: Callable[..., Client]) -> None:
    client = client_of(ADMINISTRATOR)
    for name in GETS | POSTS:
        url = address(name, cast, "south")
        if url != address(name, cast):
            assert (client.post(url) if name in POSTS else client.get(url)).status_code == 404, name


def test_an_instructor_sees_own_courses_only(cast: Cast, client_of: Callable[..., Client]) -> None:
    client = client_of(INSTRUCTOR)
    assert client.get(reverse("course_page", args=[cast.north.courses["biology"].pk])).status_code == 404
    courses: Any = client.get(reverse("course_list")).context["page"]
    assert [course.name for course in courses] == ["Algebra"]
    # Learner 9 is in biology and ceramics only.
    assert client.get(reverse("learner_page", args=[cast.north.learners[9].pk])).status_code == 404
    assert client.get(reverse("learner_list")).context["page"].paginator.count == 8


def test_an_instructor_sees_nothing_of_a_learners_other_courses(cast: Cast, client_of: Callable[..., Client]) -> None:
    # Learner 6 is in algebra, biology and ceramics and met five parts of each.
    response = client_of(INSTRUCTOR).get(reverse("learner_page", args=[cast.north.learners[6].pk]))
    assert [row.enrolment.course.name for row in response.context["portrait"].courses] == ["Algebra"]
    assert response.context["portrait"].activeness.n_events == 10
    assert b"Biology" not in response.content


@pytest.mark.parametrize("role", Role.values)
def test_home_leads_everybody_to_their_page(client_of: Callable[..., Client], role: str) -> None:
    response = client_of(role).get(reverse("home"))
    assert response["Location"] == reverse("my_learning" if role == LEARNER else "overview")


@pytest.mark.parametrize("role", Role.values)
def test_navigation_shows_what_may_be_opened(client_of: Callable[..., Client], role: str) -> None:
    client = client_of(role)
    content = client.get(reverse("home"), follow=True).content.decode()
    links = re.findall(r'<li><a href="([^"]+)"( aria-current="page")?>', content)
    assert [bool(current) for _url, current in links].count(True) == 1
    for url, _current in links:
        assert client.get(url).status_code == 200
