"""Who may call what, and whose rows they hear of: every address with every scope and role, and the neighbours."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver

from analytics.models import ApiKey, Role, Scope
from analytics.rest.views import ApiView
from recommender.models import Run, TargetKind, Version
from tests.asking import told
from tests.cast import Cast

KeyClient = Callable[..., Client]
ARGUMENTS = {"external_id": "learner-01", "activity": "algebra-1", "pk": "1", "number": "1", "name": "learners"}


def views(patterns: Any = None, prefix: str = "/") -> list[tuple[str, type[ApiView]]]:
    """Every address of the API with its view."""
    found = []
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        path = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            found += views(pattern.url_patterns, path)
        elif issubclass(getattr(pattern.callback, "view_class", object), ApiView):
            found.append((re.sub(r"<\w+:(\w+)>", lambda name: ARGUMENTS[name[1]], path), pattern.callback.view_class))
    return found


CALLS = [(path, method, access) for path, view in views() for method, access in view.access.items()]


def test_every_method_that_a_view_answers_has_its_access_line() -> None:
    assert len(CALLS) > 20
    for path, view in views():
        answered = {method.upper() for method in ("get", "post", "put", "patch", "delete") if hasattr(view, method)}
        assert answered == set(view.access), path


def call(client: Client, method: str, path: str) -> Any:
    """GET, or a body that no address accepts: whoever comes past the gate gets 400, 404, 409 or 415."""
    if method == "GET":
        return client.get(path)
    return client.generic(method, path, '{"no such field": 1}', "application/json")


def test_anonymous_callers_come_nowhere(client: Client, cast: Cast) -> None:
    for path, method, _access in CALLS:
        told(call(client, method, path), 401)


def test_a_key_needs_the_one_scope(api_client: KeyClient) -> None:
    for path, method, access in CALLS:
        others = [scope for scope in Scope if scope != access.scope]
        if access.is_for_every_key:
            assert call(api_client(others[0]), method, path).status_code == 200
            continue
        told(call(api_client(*others), method, path), 403)
        if access.scope is not None:
            assert call(api_client(access.scope), method, path).status_code not in {401, 403}, path


def test_members_are_let_in_by_role(client_of: Callable[..., Client]) -> None:
    for role in Role:
        client = client_of(role)
        for path, method, access in CALLS:
            status = call(client, method, path).status_code
            assert (status != 403) == (role in access.roles), (role, method, path, status)


def test_a_login_without_membership_comes_nowhere(cast: Cast, client_of: Callable[..., Client]) -> None:
    client = client_of("administrator")
    cast.north.members["administrator"].delete()
    told(client.get("/api/v1/learners/"), 401)


def test_revoked_and_expired_keys(api_client: KeyClient) -> None:
    for field in ("revoked_at", "expires_at"):
        client = api_client("learners:read")
        assert client.get("/api/v1/learners/").status_code == 200
        ApiKey.objects.update(**{field: "2020-01-01T00:00Z"})
        told(client.get("/api/v1/learners/"), 401)
        ApiKey.objects.all().delete()


def test_using_a_key_is_noted(api_client: KeyClient, django_assert_max_num_queries: Any) -> None:
    client = api_client("learners:read")
    client.get("/api/v1/learners/")
    assert ApiKey.objects.get().last_used_at is not None
    with django_assert_max_num_queries(2):
        client.get("/api/v1/learners/")


@pytest.fixture
def southern(cast: Cast) -> dict[str, Any]:
    """Rows of South whose numbers a caller of North might guess."""
    organisation = cast.south.organisation
    run = Run.objects.create(organisation=organisation, algorithm="ease")
    version = Version.objects.create(
        organisation=organisation, run=run, kind=TargetKind.ANY, algorithm="ease", number=7, folder="x"
    )
    key, _secret = ApiKey.objects.issue(organisation, "south", [], None)
    return {"run": run, "version": version, "key": key, "import": cast.south.from_import}


def test_rows_of_another_organisation_do_not_exist(
    cast: Cast, southern: dict[str, Any], api_client: KeyClient, client_of: Callable[..., Client]
) -> None:
    """The external ids of North and South are the same, so here the neighbour's get names of their own."""
    cast.south.learners[0].external_id = cast.south.courses["algebra"].external_id = "southern"
    cast.south.learners[0].save()
    cast.south.courses["algebra"].save()
    run, import_, key = southern["run"].pk, southern["import"].pk, southern["key"].pk
    gets = [
        "learners/southern/",
        "learners/southern/recommendations/",
        "activities/southern/",
        f"imports/{import_}/",
        f"imports/{import_}/verdicts/",
        f"runs/{run}/",
        "versions/7/",
    ]
    posts = [
        f"imports/{import_}/cancel/",
        f"imports/{import_}/roll-back/",
        f"runs/{run}/cancel/",
        "versions/7/promote/",
    ]
    for client in (api_client(), client_of("administrator")):
        for path in gets:
            told(client.get(f"/api/v1/{path}"), 404)
        for path in posts:
            told(client.post(f"/api/v1/{path}", '{"why": "curious"}', "application/json"), 404)
    told(client_of("administrator").post(f"/api/v1/keys/{key}/revoke/"), 404)
    south = client_of("administrator", "south")
    for path in gets:
        assert south.get(f"/api/v1/{path}").status_code == 200, path


def test_lists_hold_the_callers_organisation_only(cast: Cast, southern: dict[str, Any], api_client: KeyClient) -> None:
    north, south = api_client(), api_client(organisation="south")
    for path in ("learners", "activities", "events", "imports", "runs", "versions"):
        there = south.get(f"/api/v1/{path}/?limit=500").json()["results"]
        assert there, path
        assert [row for row in north.get(f"/api/v1/{path}/?limit=500").json()["results"] if row in there] == [], path


@pytest.mark.parametrize("parameter", ["learner=southern", "activity=southern"])
def test_filters_cannot_name_rows_of_another_organisation(cast: Cast, api_client: KeyClient, parameter: str) -> None:
    cast.south.learners[0].external_id = cast.south.courses["algebra"].external_id = "southern"
    cast.south.learners[0].save()
    cast.south.courses["algebra"].save()
    told(api_client().get(f"/api/v1/events/?{parameter}"), 400)


def test_an_instructor_hears_of_their_courses_only(cast: Cast, client_of: Callable[..., Client]) -> None:
    client = client_of("instructor")
    taught = {activity["external_id"] for activity in client.get("/api/v1/activities/").json()["results"]}
    assert taught == {"algebra", *(part.external_id for part in cast.north.parts["algebra"])}
    learners = {learner["external_id"] for learner in client.get("/api/v1/learners/").json()["results"]}
    assert learners == {f"learner-{number:02}" for number in range(1, 9)}
    events = client.get("/api/v1/events/?limit=500").json()["results"]
    assert events
    assert {event["activity"] for event in events} <= taught
    # This learner also takes biology, which is none of the instructor's business.
    shown = client.get("/api/v1/learners/learner-05/").json()
    assert [enrolment["course"] for enrolment in shown["enrolments"]] == ["algebra"]
    told(client.get("/api/v1/learners/learner-12/"), 404)
    told(client.get("/api/v1/learners/learner-12/recommendations/"), 404)


def test_a_learner_hears_of_themselves_only(cast: Cast, client_of: Callable[..., Client]) -> None:
    client = client_of("learner")
    own = cast.north.learners[0]
    rows = client.get("/api/v1/learners/").json()["results"]
    assert [row["external_id"] for row in rows] == [own.external_id]
    assert {row["learner"] for row in client.get("/api/v1/events/").json()["results"]} == {own.external_id}
    told(client.get("/api/v1/learners/learner-02/"), 404)
    told(client.get("/api/v1/learners/learner-02/recommendations/"), 404)
    told(client.get("/api/v1/events/?learner=learner-02"), 400)


def test_a_learner_login_without_a_learner_hears_of_nothing(cast: Cast, client_of: Callable[..., Client]) -> None:
    client = client_of("learner")
    member = cast.north.members["learner"]
    member.learner = None
    member.save()
    for path in ("learners", "activities", "events"):
        assert client.get(f"/api/v1/{path}/").json()["results"] == []
