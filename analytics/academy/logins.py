"""Logins of the academy with random passwords, kept in a file of the data folder that only its owner can read."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from analytics.models import Activity, Learner, Member, Organisation, Role

NAMES = {
    Role.ADMINISTRATOR: "admin",
    Role.MODEL_OWNER: "owner",
    Role.INSTRUCTOR: "instructor",
    Role.LEARNER: "learner",
}
PEOPLE = {
    Role.ADMINISTRATOR: ("Ada", "Lindgren"),
    Role.MODEL_OWNER: ("Omar", "Haddad"),
    Role.INSTRUCTOR: ("Irene", "Castillo"),
}


def logins_path() -> Path:
    return Path(settings.HOME) / "logins.json"


def add_members(organisation: Organisation, learner: Learner, courses: list[Activity]) -> None:
    """One member of each role; nobody can sign in as them before `give_passwords`."""
    for role, name in NAMES.items():
        # A login of that name may be somebody's own: theirs is left alone.
        is_taken = User.objects.filter(username=name).exists()
        given, _, family = learner.name.partition(" ")
        first_name, last_name = PEOPLE.get(role, (given, family))
        login = User.objects.create(
            username=f"{organisation.slug}-{name}" if is_taken else name,
            first_name=first_name,
            last_name=last_name,
            is_staff=role == Role.ADMINISTRATOR,
        )
        login.set_unusable_password()
        login.save()
        member = Member.objects.create(
            organisation=organisation, login=login, role=role, learner=learner if role == Role.LEARNER else None
        )
        if role == Role.INSTRUCTOR:
            member.courses.set(courses)


def give_passwords(organisation: Organisation) -> bool:
    """Random passwords for the four, told by `logins_path`; False if they have them already: then those stay."""
    members = _founding_members(organisation)
    if logins_path().exists() and all(member.login.has_usable_password() for member in members):
        return False
    told = {}
    with transaction.atomic():
        for member in members:
            password = secrets.token_urlsafe(12)
            member.login.set_password(password)
            member.login.save(update_fields=["password"])
            told[member.role] = {"login": member.login.username, "password": password}
        _write_private(logins_path(), json.dumps(told, indent=2) + "\n")
    return True


def _founding_members(organisation: Organisation) -> list[Member]:
    """The members that `add_members` made, and none that joined later."""
    names = [*NAMES.values(), *(f"{organisation.slug}-{name}" for name in NAMES.values())]
    members = Member.objects.filter(organisation=organisation, login__username__in=names)
    return list(members.select_related("login").order_by("id"))


def _write_private(path: Path, text: str) -> None:
    """Readable by its owner from its first byte on, and whole from the first moment on."""
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    with open(unfinished, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(text)
    os.replace(unfinished, path)
