"""The admin: every list opens with few queries, and nobody sees over the wall of an organisation."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from django.urls import reverse

from analytics.models import Activity, ApiKey, Enrolment, Import, JobState, Learner, Member, Organisation, Role, Scope
from tests.cast import PASSWORD, Cast

MODELS = [model for app in ("analytics", "recommender") for model in apps.get_app_config(app).get_models()]
EDITED = {"Organisation", "Member", "Learner", "Activity", "Enrolment", "ApiKey", "Credential"}
MOST_QUERIES = 12

pytestmark = pytest.mark.filterwarnings("ignore:No directory at")


def address(model: Any, page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def signed_in(login: User, **fields: Any) -> Client:
    for name, value in fields.items():
        setattr(login, name, value)
    login.save()
    client = Client()
    client.force_login(login)
    return client


@pytest.fixture
def administrator(cast: Cast) -> Client:
    """North's data administrator, who is staff but no superuser and has none of Django's permissions."""
    return signed_in(cast.north.members[Role.ADMINISTRATOR].login, is_staff=True)


@pytest.fixture
def root(cast: Cast) -> Client:
    return signed_in(User(username="root"), is_staff=True, is_superuser=True)


def test_every_model_is_registered() -> None:
    assert [model for model in MODELS if not admin.site.is_registered(model)] == []


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_lists_open_with_few_queries(model: Any, administrator: Client, root: Client) -> None:
    for client in (administrator, root):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            response = client.get(
                address(model, "changelist"), {"q": "a"} if admin.site._registry[model].search_fields else {}
            )
        assert response.status_code == 200
        assert len(queries) <= MOST_QUERIES, [query["sql"][:200] for query in queries]
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address(model, "changelist")).status_code == 200
        assert len(queries) <= MOST_QUERIES


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_an_administrator_sees_their_own_organisation_only(model: Any, cast: Cast, administrator: Client) -> None:
    field = "pk" if model is Organisation else "organisation_id"
    shown = administrator.get(address(model, "changelist")).context["cl"].queryset
    assert set(shown.values_list(field, flat=True)) <= {cast.north.organisation.pk}
    foreign = model.objects.filter(**{field: cast.south.organisation.pk}).first()
    own = model.objects.filter(**{field: cast.north.organisation.pk}).first()
    if foreign is not None:
        for page in ("change", "delete", "history"):
            assert administrator.get(address(model, page, foreign.pk)).status_code in {302, 403}
    if own is not None:
        assert administrator.get(address(model, "change", own.pk)).status_code == 200


@pytest.mark.parametrize("role", [Role.MODEL_OWNER, Role.INSTRUCTOR, Role.LEARNER])
def test_other_roles_find_nothing_even_as_staff(cast: Cast, role: Role) -> None:
    client = signed_in(cast.north.members[role].login, is_staff=True)
    for model in MODELS:
        assert client.get(address(model, "changelist")).status_code == 403


def test_who_is_not_staff_is_asked_to_sign_in(cast: Cast) -> None:
    client = signed_in(cast.north.members[Role.ADMINISTRATOR].login, is_staff=False)
    assert client.get(address(Learner, "changelist")).status_code == 302


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_history_cannot_be_changed(model: Any, cast: Cast, root: Client) -> None:
    if model.__name__ in EDITED:
        return
    if model is not Import:
        assert root.get(address(model, "add")).status_code == 403
    row = model.objects.first()
    if row is not None:
        assert root.post(address(model, "change", row.pk), {}).status_code == 403
        assert root.post(address(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert "delete_selected" not in str(root.get(address(model, "changelist")).content)


def test_choices_stay_behind_the_wall(cast: Cast, administrator: Client) -> None:
    found = administrator.get(
        reverse("admin:autocomplete"),
        {"app_label": "analytics", "model_name": "enrolment", "field_name": "learner", "term": "learner"},
    ).json()["results"]
    assert {int(row["id"]) for row in found} <= {learner.pk for learner in cast.north.learners}
    assert "South" not in administrator.get(address(Enrolment, "add")).content.decode()


@pytest.mark.parametrize("foreign", ["learner", "course", "organisation"])
def test_rows_of_another_organisation_cannot_be_named(cast: Cast, administrator: Client, foreign: str) -> None:
    north = cast.north
    body = {
        "organisation": north.organisation.pk,
        "learner": north.learners[-1].pk,
        "course": north.courses["algebra"].pk,
        "outcome": "active",
        "course_run": "second",
    }
    wrong = {
        "learner": cast.south.learners[0].pk,
        "course": cast.south.courses["algebra"].pk,
        "organisation": cast.south.organisation.pk,
    }
    n_before = Enrolment.objects.count()
    assert administrator.post(address(Enrolment, "add"), body | {foreign: wrong[foreign]}).status_code == 200
    assert Enrolment.objects.count() == n_before
    assert administrator.post(address(Enrolment, "add"), body).status_code == 302
    assert Enrolment.objects.count() == n_before + 1


def test_not_even_a_superuser_mixes_organisations(cast: Cast, root: Client) -> None:
    body = {
        "organisation": cast.north.organisation.pk,
        "learner": cast.south.learners[0].pk,
        "course": cast.north.courses["algebra"].pk,
        "outcome": "active",
    }
    response = root.post(address(Enrolment, "add"), body)
    assert "learner" in response.context["adminform"].form.errors


def test_a_row_stays_in_its_organisation(cast: Cast, root: Client) -> None:
    learner = cast.north.learners[0]
    body = {"organisation": cast.south.organisation.pk, "external_id": "x", "name": "X", "attributes": "{}"}
    assert root.post(address(Learner, "change", learner.pk), body).status_code == 302
    learner.refresh_from_db()
    assert (learner.organisation, learner.name) == (cast.north.organisation, "X")


def test_the_organisation_is_preset(cast: Cast, administrator: Client) -> None:
    form = administrator.get(address(Activity, "add")).context["adminform"].form
    assert form.initial["organisation"] == cast.north.organisation.pk
    assert list(form.fields["organisation"].queryset) == [cast.north.organisation]


def test_a_key_shows_its_secret_once(cast: Cast, administrator: Client) -> None:
    body = {"organisation": cast.north.organisation.pk, "name": "Moodle", "scopes": [Scope.EVENTS_WRITE]}
    response = administrator.post(address(ApiKey, "add"), body)
    key = ApiKey.objects.get(name="Moodle")
    secret = response.context["secret"]
    assert secret in response.content.decode()
    assert ApiKey.objects.of_secret(secret) == key
    assert key.created_by == cast.north.members[Role.ADMINISTRATOR]
    assert secret not in administrator.get(address(ApiKey, "change", key.pk)).content.decode()
    assert administrator.post(address(ApiKey, "change", key.pk), body | {"name": "x"}).status_code == 403
    action = {"action": "revoke", "_selected_action": [key.pk]}
    administrator.post(address(ApiKey, "changelist"), action)
    assert ApiKey.objects.of_secret(secret) is None


def test_new_members_get_a_login(cast: Cast, administrator: Client) -> None:
    body = {"organisation": cast.north.organisation.pk, "role": "administrator", "username": "newcomer"}
    assert "password" in administrator.post(address(Member, "add"), body).context["adminform"].form.errors
    weak = administrator.post(address(Member, "add"), body | {"password": "12345"})
    assert weak.status_code == 200
    assert administrator.post(address(Member, "add"), body | {"password": PASSWORD}).status_code == 302
    login = User.objects.get(username="newcomer")
    assert login.check_password(PASSWORD)
    assert login.is_staff
    assert not login.is_superuser
    again = administrator.post(address(Member, "add"), body)
    assert "username" in again.context["adminform"].form.errors


def test_a_time_zone_must_exist(cast: Cast, administrator: Client) -> None:
    """A wrong one would fail every page of the organisation."""
    organisation = cast.north.organisation
    response = administrator.post(
        address(Organisation, "change", organisation.pk), {"name": "North", "time_zone": "Mars/Base"}
    )
    assert "time_zone" in response.context["adminform"].form.errors


def test_a_known_login_keeps_its_password(cast: Cast, administrator: Client) -> None:
    neighbour = cast.south.members[Role.INSTRUCTOR].login
    body = {"organisation": cast.north.organisation.pk, "role": "instructor", "username": neighbour.username}
    taken = administrator.post(address(Member, "add"), body | {"password": "something else 1"})
    assert "password" in taken.context["adminform"].form.errors
    assert administrator.post(address(Member, "add"), body).status_code == 302
    neighbour.refresh_from_db()
    assert neighbour.check_password(PASSWORD)
    assert Member.objects.filter(login=neighbour, organisation=cast.north.organisation).exists()


def test_jobs_can_be_cancelled(cast: Cast, administrator: Client) -> None:
    mine = Import.objects.create(organisation=cast.north.organisation, format="csv", source_name="a")
    theirs = Import.objects.create(organisation=cast.south.organisation, format="csv", source_name="b")
    body = {"action": "cancel", "_selected_action": [mine.pk, theirs.pk]}
    assert administrator.post(address(Import, "changelist"), body).status_code == 302
    mine.refresh_from_db()
    theirs.refresh_from_db()
    assert (mine.state, theirs.state) == (JobState.CANCELLED, JobState.QUEUED)


def test_adding_an_import_leads_to_the_upload_page(administrator: Client) -> None:
    response = administrator.get(address(Import, "add"))
    assert response["Location"] == reverse("import_new")


def test_the_event_list_never_counts_all(cast: Cast, root: Client) -> None:
    with CaptureQueriesContext(connection) as queries:
        root.get(reverse("admin:analytics_event_changelist"))
    counting = [query["sql"] for query in queries if "COUNT(" in query["sql"]]
    assert counting
    assert all("LIMIT" in sql for sql in counting)


def test_the_site_bears_its_name(root: Client) -> None:
    with override_settings(LANGUAGE_CODE="en"):
        assert "Neuralink administration" in root.get(reverse("admin:index")).content.decode()
