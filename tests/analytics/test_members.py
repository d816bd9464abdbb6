"""Members: invited, changed, shut out; never without an administrator, never across organisations."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from analytics import members
from analytics.errors import InvalidInput
from analytics.models import Member, MemberAction, MemberChange, Role
from tests.cast import PASSWORD, Cast

NEW_PASSWORD = "a kettle of warm herring"


@pytest.fixture
def administrator(cast: Cast) -> Member:
    return cast.north.members[Role.ADMINISTRATOR]


def test_an_invitation_is_a_link_that_works_once(cast: Cast, client_of: Callable[..., Client]) -> None:
    algebra = cast.north.courses["algebra"]
    body = {"username": "newcomer", "email": "new@example.org", "role": "instructor", "courses": [algebra.pk]}
    response: Any = client_of("administrator").post(reverse("member_list"), body)
    link = re.search(r"/set-password/[^<\s]+", response.content.decode())
    assert link is not None
    member = Member.objects.get(login__username="newcomer")
    assert list(member.courses.all()) == [algebra]
    browser = Client()
    page = browser.get(link[0], follow=True)
    form = page.redirect_chain[-1][0]
    sent = browser.post(form, {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD})
    assert sent["Location"] == reverse("sign_in")
    assert Client().login(username="newcomer", password=NEW_PASSWORD)
    assert "opens nothing any more" in Client().get(link[0], follow=True).content.decode()


def test_a_known_login_keeps_its_password_and_gets_no_link(cast: Cast, administrator: Member) -> None:
    neighbour = cast.south.members[Role.INSTRUCTOR].login
    member = members.invite(cast.north.organisation, neighbour.username, Role.INSTRUCTOR, administrator)
    assert neighbour.check_password(PASSWORD)
    assert not members.may_have_link(member)
    with pytest.raises(InvalidInput, match="another organisation"):
        members.link_for(member, administrator)


def test_superusers_get_no_link(cast: Cast, administrator: Member) -> None:
    member = cast.north.members[Role.MODEL_OWNER]
    User.objects.filter(pk=member.login_id).update(is_superuser=True)
    member.login.refresh_from_db()
    assert not members.may_have_link(member)


def test_the_last_administrator_stays(cast: Cast, administrator: Member) -> None:
    with pytest.raises(InvalidInput, match="last data administrator"):
        members.change(administrator, administrator, Role.INSTRUCTOR)
    with pytest.raises(InvalidInput, match="last data administrator"):
        members.deactivate(administrator, administrator)
    owner = cast.north.members[Role.MODEL_OWNER]
    members.change(owner, administrator, Role.ADMINISTRATOR)
    members.deactivate(administrator, owner)
    with pytest.raises(InvalidInput, match="last data administrator"):
        members.change(owner, owner, Role.MODEL_OWNER)


def test_whoever_is_deactivated_is_out_at_once(cast: Cast, administrator: Member) -> None:
    member = cast.north.members[Role.INSTRUCTOR]
    browser = Client()
    browser.force_login(member.login)
    assert browser.get(reverse("overview")).status_code == 200
    assert browser.get("/api/v1/learners/").status_code == 200
    members.deactivate(member, administrator)
    assert browser.get(reverse("overview")).status_code == 403
    assert browser.get("/api/v1/learners/").status_code == 401
    members.activate(member, administrator)
    assert browser.get(reverse("overview")).status_code == 200


def test_a_deactivated_administrator_loses_the_admin(cast: Cast, administrator: Member) -> None:
    other = members.invite(cast.north.organisation, "second", Role.ADMINISTRATOR, administrator)
    browser = Client()
    browser.force_login(other.login)
    assert browser.get(reverse("admin:analytics_learner_changelist")).status_code == 200
    members.deactivate(other, administrator)
    assert browser.get(reverse("admin:analytics_learner_changelist")).status_code == 403


def test_who_changed_what_is_written_down(cast: Cast, administrator: Member) -> None:
    member = cast.north.members[Role.INSTRUCTOR]
    biology = cast.north.courses["biology"]
    members.change(member, administrator, Role.INSTRUCTOR, courses=[biology])
    members.change(member, administrator, Role.MODEL_OWNER)
    told = [(one.action, one.before, one.after, one.by) for one in MemberChange.objects.order_by("id")]
    assert told == [
        (MemberAction.COURSES, "algebra", "biology", administrator),
        (MemberAction.ROLE, "instructor", "model_owner", administrator),
        (MemberAction.COURSES, "biology", "", administrator),
    ]
    assert not member.courses.exists()


def test_courses_and_learners_of_the_neighbour_are_refused(cast: Cast, administrator: Member) -> None:
    member = cast.north.members[Role.INSTRUCTOR]
    with pytest.raises(InvalidInput, match="another organisation"):
        members.change(member, administrator, Role.INSTRUCTOR, courses=[cast.south.courses["algebra"]])
    with pytest.raises(InvalidInput, match="another organisation"):
        members.change(member, administrator, Role.LEARNER, learner=cast.south.learners[0])
    with pytest.raises(InvalidInput, match="needs a learner"):
        members.change(member, administrator, Role.LEARNER)


def test_the_page_says_what_was_wrong(cast: Cast, client_of: Callable[..., Client]) -> None:
    client = client_of("administrator")
    page = client.post(reverse("member_list"), {"username": "a b", "role": "instructor"})
    assert "username" in page.context["form"].errors
    page = client.post(reverse("member_list"), {"username": "x", "role": "learner", "learner": "nobody"})
    assert "no learner with the id" in str(page.context["form"].errors)
    me = cast.north.members[Role.ADMINISTRATOR]
    page = client.post(reverse("member_page", args=[me.pk]), {"role": "instructor"})
    assert "last data administrator" in page.content.decode()
