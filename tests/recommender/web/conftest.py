"""Members of the school, each in a browser of their own."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from analytics.models import Member, Organisation, Role
from tests.recommender.school import School


@pytest.fixture
def member_of_school(school: School) -> Callable[..., Member]:
    """`member_of_school("instructor")`: made at the first asking; instructors teach red, the learner is the first."""

    def find(role: str, organisation: Organisation | None = None) -> Member:
        house = organisation or school.organisation
        login, _made = User.objects.get_or_create(username=f"{house.slug}-{role}")
        own = {"learner": school.learners[0]} if role == Role.LEARNER and organisation is None else {}
        member, is_new = Member.objects.get_or_create(organisation=house, login=login, defaults={"role": role, **own})
        if is_new and role == Role.INSTRUCTOR and organisation is None:
            member.courses.add(school.courses["red"])
        return member

    return find


@pytest.fixture
def browser_of(member_of_school: Callable[..., Member]) -> Callable[..., Client]:
    """`browser_of("administrator")`: signed in as that member of the school, or of another organisation."""

    def sign_in(role: str, organisation: Organisation | None = None) -> Client:
        client = Client()
        client.force_login(member_of_school(role, organisation).login)
        return client

    return sign_in
