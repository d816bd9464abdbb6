"""Signing in, the label of made-up and archived data, choosing an organisation, and pages of errors."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse

from analytics.models import Member, Role
from tests.cast import PASSWORD, Cast


def test_sign_in_and_out(cast: Cast) -> None:
    client = Client()
    wrong = client.post(reverse("sign_in"), {"username": "north-learner", "password": "wrong"})
    assert wrong.status_code == 200
    assert b'role="alert"' in wrong.content
    right = client.post(reverse("sign_in"), {"username": "north-learner", "password": PASSWORD}, follow=True)
    assert right.redirect_chain[-1][0] == reverse("my_learning")
    assert client.post(reverse("sign_out"))["Location"] == reverse("sign_in")
    assert client.get(reverse("my_learning")).status_code == 302


def test_sign_in_leads_on_to_where_one_wanted_to_go(cast: Cast) -> None:
    asked = {"username": "north-administrator", "password": PASSWORD, "next": reverse("import_list")}
    assert Client().post(reverse("sign_in"), asked)["Location"] == reverse("import_list")
    elsewhere = asked | {"next": "https://example.org/"}
    assert Client().post(reverse("sign_in"), elsewhere)["Location"] == reverse("home")


def test_an_expired_session_leads_the_whole_page_to_the_login_and_back(cast: Cast) -> None:
    here = f"http://testserver{reverse('learner_list')}?q=a"
    answer = Client(headers={"HX-Request": "true", "HX-Current-URL": here}).get(reverse("risk_summary"))
    assert answer.status_code == 200
    assert answer.content == b""
    assert answer["HX-Redirect"] == f"{reverse('sign_in')}?next=%2Flearners%2F%3Fq%3Da"
    elsewhere = Client(headers={"HX-Request": "true", "HX-Current-URL": "https://example.org/x"})
    assert elsewhere.get(reverse("risk_summary"))["HX-Redirect"] == f"{reverse('sign_in')}?next=%2F"


def test_a_form_that_expired_says_so(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.north.members["administrator"].login)
    answer = client.post(reverse("member_list"), {"username": "x"})
    assert answer.status_code == 403
    assert "This form has expired" in answer.content.decode()


def test_a_login_without_membership_is_told_so(cast: Cast) -> None:
    client = Client()
    client.force_login(User.objects.create(username="nobody"))
    response = client.get(reverse("overview"))
    assert response.status_code == 403
    assert b"not a member of any organisation" in response.content


def test_made_up_and_archived_data_are_labelled(cast: Cast, client_of: Callable[..., Client]) -> None:
    organisation = cast.north.organisation
    client = client_of("administrator")
    assert b"Synthetic data" not in client.get(reverse("overview")).content
    organisation.is_synthetic, organisation.as_of = True, cast.north.events[-1].occurred_at
    organisation.save()
    for name in ("overview", "course_list", "learner_list", "import_list", "import_new"):
        content = client.get(reverse(name)).content.decode()
        assert "Synthetic data" in content
        assert "Archive: the clock stands at" in content


def test_choosing_among_organisations(cast: Cast, client_of: Callable[..., Client]) -> None:
    login = cast.north.members["administrator"].login
    Member.objects.create(organisation=cast.south.organisation, login=login, role=Role.MODEL_OWNER)
    client = client_of("administrator")
    url = reverse("choose_organisation")
    assert len(client.get(url).context["memberships"]) == 2
    client.post(url, {"organisation": "south"})
    assert b"South College" in client.get(reverse("overview")).content
    assert client.get(reverse("import_new")).status_code == 403, "the role is that of the chosen organisation"


def test_organisations_of_others_cannot_be_chosen(cast: Cast, client_of: Callable[..., Client]) -> None:
    client = client_of("administrator")
    assert client.post(reverse("choose_organisation"), {"organisation": "south"}).status_code == 404
    assert b"North College" in client.get(reverse("overview")).content


def test_pages_of_errors(cast: Cast, client_of: Callable[..., Client]) -> None:
    missing = client_of("administrator").get("/no-such-page/")
    assert missing.status_code == 404
    assert b"There is nothing here" in missing.content
    forbidden = client_of("learner").get(reverse("overview"))
    assert b"Your role does not open this page." in forbidden.content


@pytest.mark.parametrize("context", [{}, {"request": HttpRequest()}])
def test_the_page_of_last_resort_needs_nothing(context: dict[str, object]) -> None:
    assert "Something failed on our side" in render_to_string("500.html", context)


def test_only_who_has_a_choice_is_offered_another_organisation(cast: Cast, client_of: Callable[..., Client]) -> None:
    client = client_of("instructor")
    assert reverse("choose_organisation") not in client.get(reverse("overview")).content.decode()
    login = cast.north.members["instructor"].login
    Member.objects.create(organisation=cast.south.organisation, login=login, role=Role.INSTRUCTOR)
    assert reverse("choose_organisation") in client.get(reverse("overview")).content.decode()
