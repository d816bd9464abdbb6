"""Settings: what a member chooses holds on every page, and keys are shown once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django import forms
from django.test import Client, SimpleTestCase
from django.urls import reverse

from analytics.models import ApiKey, Member, Role
from analytics.web.navigation import SETTINGS
from analytics.web.settings_own import LongSelect
from tests.cast import NAMES, PASSWORD, Cast

OWN = {"language": "", "time_zone": "", "theme": "", "density": ""}


def test_looks_and_zone_are_those_of_the_member(cast: Cast, client_of: Callable[..., Client]) -> None:
    client = client_of("instructor")
    assert "All times in Europe/Madrid" in client.get(reverse("overview")).content.decode()
    chosen = OWN | {"time_zone": "Asia/Shanghai", "theme": "dark", "density": "compact"}
    assert client.post(reverse("settings_own"), chosen).status_code == 302
    page = client.get(reverse("overview")).content.decode()
    assert "All times in Asia/Shanghai" in page
    assert 'data-theme="dark"' in page
    assert 'data-density="compact"' in page
    wrong = client.post(reverse("settings_own"), OWN | {"time_zone": "Mars/Base", "language": "tlh"})
    assert set(wrong.context["form"].errors) == {"time_zone", "language"}


def test_the_language_is_the_members_or_the_organisations_or_the_browsers(
    cast: Cast, client_of: Callable[..., Client]
) -> None:
    client, organisation = client_of("instructor"), cast.north.organisation
    client.headers = {}

    def language(**headers: str) -> str:
        page = client.get(reverse("overview"), headers=headers).content.decode()
        return page.split('<html lang="')[1].split('"')[0]

    assert language() == "en"
    assert language(accept_language="zh-CN,zh;q=0.9") == "zh-hans"
    organisation.language = "en"
    organisation.save()
    assert language(accept_language="zh-CN,zh;q=0.9") == "en"
    Member.objects.filter(pk=cast.north.members["instructor"].pk).update(language="zh-hans")
    assert language() == "zh-hans"
    # One request's language is not the next one's.
    assert 'lang="en"' in Client().get(reverse("sign_in")).content.decode()


def test_a_password_is_changed_by_its_owner(cast: Cast, client_of: Callable[..., Client]) -> None:
    client, login = client_of("instructor"), cast.north.members["instructor"].login
    body = {"old_password": "wrong", "new_password1": "quite another 1", "new_password2": "quite another 1"}
    assert client.post(reverse("settings_password"), body).context["form"].errors
    assert client.post(reverse("settings_password"), body | {"old_password": PASSWORD}).status_code == 302
    login.refresh_from_db()
    assert login.check_password("quite another 1")
    assert client.get(reverse("overview")).status_code == 200


def test_the_organisation_has_a_name_a_zone_and_a_language(cast: Cast, client_of: Callable[..., Client]) -> None:
    client = client_of("administrator")
    body = {"name": "North University", "time_zone": "Asia/Tokyo", "language": "zh-hans"}
    assert client.post(reverse("settings_organisation"), body).status_code == 302
    cast.north.organisation.refresh_from_db()
    assert cast.north.organisation.name == "North University"
    assert cast.north.organisation.language == "zh-hans"
    wrong = client.post(reverse("settings_organisation"), {"name": "", "time_zone": "Nowhere"})
    assert set(wrong.context["form"].errors) == {"name", "time_zone"}


def test_a_key_is_shown_once_and_revoked(cast: Cast, client_of: Callable[..., Client]) -> None:
    client = client_of("administrator")
    made: Any = client.post(reverse("key_list"), {"name": "Moodle", "scopes": ["events:write"], "expires": 30})
    secret, key = made.context["secret"], ApiKey.objects.get(name="Moodle")
    assert secret in made.content.decode()
    assert "no-store" in made["Cache-Control"]
    assert key.expires_at is not None
    assert (key.created_by, key.scopes) == (cast.north.members["administrator"], ["events:write"])
    assert secret not in client.get(reverse("key_list")).content.decode()
    assert ApiKey.objects.of_secret(secret) == key
    client.post(reverse("key_revoke", args=[key.pk]))
    assert ApiKey.objects.of_secret(secret) is None


@pytest.mark.parametrize("referer", ["https://elsewhere.example/x", "//elsewhere.example", ""])
def test_presentation_mode_never_leads_elsewhere(client_of: Callable[..., Client], referer: str) -> None:
    response = client_of("instructor").post(reverse("presentation"), headers={"referer": referer})
    assert response["Location"] == reverse("home")


def test_presentation_mode_goes_on_where_one_was(client_of: Callable[..., Client]) -> None:
    there = "http://testserver/learners/?sort=name"
    response = client_of("instructor").post(reverse("presentation"), headers={"referer": there})
    assert response["Location"] == "/learners/?sort=name"


def test_pseudonyms_stay_the_same_and_files_as_they_came_are_held_back(
    cast: Cast, client_of: Callable[..., Client]
) -> None:
    client = client_of("administrator")
    client.post(reverse("presentation"))
    first = client.get(reverse("learner_list")).content.decode()
    assert not any(name in first for name in NAMES)
    shown = cast.north.learners[0]
    page = client.get(reverse("learner_page", args=[shown.pk])).content.decode()
    name = page.split("<h1>")[1].split("</h1>")[0].strip()
    assert name in first
    assert client.get(reverse("statement_export")).status_code == 403
    client.post(reverse("presentation"))
    assert shown.name in client.get(reverse("learner_list")).content.decode()


def test_learners_need_no_presentation_mode(cast: Cast, client_of: Callable[..., Client]) -> None:
    assert client_of(Role.LEARNER).post(reverse("presentation")).status_code == 403


def test_presentation_mode_masks_the_api_of_its_session(cast: Cast, client_of: Callable[..., Client]) -> None:
    client, learner = client_of("administrator"), cast.north.learners[3]
    addresses = [
        reverse("api_learners"),
        reverse("api_learner", args=[learner.external_id]),
        f"{reverse('api_events')}?learner={learner.external_id}",
        f"{reverse('api_table', args=['learners'])}?columns=external_id",
    ]
    plain = [client.get(address).content.decode() for address in addresses]
    assert all(learner.external_id in text for text in plain)
    client.post(reverse("presentation"))
    for address in addresses:
        text = client.get(address).content.decode()
        assert "results" in text or "rows" in text or "total" in text
        assert learner.external_id not in text.replace(address, "").replace(f"learner={learner.external_id}", "")
        assert learner.name not in text


def test_every_page_of_the_settings_has_their_navigation(client_of: Callable[..., Client]) -> None:
    client = client_of("administrator")
    for entry in (entry for group in SETTINGS for entry in group.entries):
        page = client.get(reverse(entry.url_name)).content.decode()
        inside = page.partition('class="settings-nav"')[2].partition("</nav>")[0]
        assert inside.count("aria-current") == 1, entry.url_name
        assert f'href="{reverse(entry.url_name)}" aria-current="page"' in inside, entry.url_name
        assert f'href="{reverse("settings_own")}" aria-current="page"' in page, entry.url_name


def test_a_long_select_is_what_django_would_render() -> None:
    choices = [("", "As there: <b>"), ("Europe/Madrid", "Europe/Madrid"), ("UTC", 'U"TC')]
    plain, long = forms.Select(choices=choices), LongSelect(choices=choices)
    for value in ("", "UTC", None, "gone"):
        attrs = {"id": "id_zone", "required": True, "aria-describedby": "help"}
        told = [" ".join(widget.render("zone", value, attrs).split()) for widget in (plain, long)]
        SimpleTestCase().assertHTMLEqual(*told)
