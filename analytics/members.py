"""Members come, change and go: the one place for page, API and admin, and who did it is written down.

Nobody ever gets to know a password. A new login has none; its owner sets one with a link that works once. Only
logins that belong to this organisation alone get such links, or its administrators could take over others'.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _

from analytics.errors import InvalidInput
from analytics.models import Activity, Learner, Member, MemberAction, MemberChange, Organisation, Role

log = logging.getLogger(__name__)


@transaction.atomic
def invite(
    organisation: Organisation,
    username: str,
    role: str,
    by: Member | None,
    email: str = "",
    learner: Learner | None = None,
    courses: Sequence[Activity] = (),
) -> Member:
    """A new member: of a new login without a password, or of one that exists and keeps its own.

    Raises:
        InvalidInput: the name cannot be a login's, is a member here already, or the learner does not fit the role.
    """
    login = User.objects.filter(username=username).first() or _new_login(username, email)
    if Member.objects.filter(organisation=organisation, login=login).exists():
        raise InvalidInput(_("“%s” is a member of this organisation already.") % username, "username")
    _check_learner(organisation, role, learner)
    member = Member.objects.create(organisation=organisation, login=login, role=role, learner=learner)
    _set_courses(member, courses)
    _open_admin(member)
    note(member, MemberAction.INVITED, by, after=role)
    return member


def _new_login(username: str, email: str) -> User:
    login = User(username=username, email=email)
    try:
        login.full_clean(exclude=["password"])
    except ValidationError as error:
        field = "email" if "email" in error.message_dict else "username"
        raise InvalidInput(" ".join(error.messages), field) from error
    login.set_unusable_password()
    login.save()
    return login


def _check_learner(organisation: Organisation, role: str, learner: Learner | None) -> None:
    if learner is not None and learner.organisation_id != organisation.pk:
        raise InvalidInput(_("This learner belongs to another organisation."), "learner")
    if (role == Role.LEARNER) != (learner is not None):
        raise InvalidInput(_("A member with the role learner needs a learner, and no other role has one."), "learner")


def _open_admin(member: Member) -> None:
    """Data administrators may open the admin; its walls are those of `TenancyAdmin`."""
    if member.role == Role.ADMINISTRATOR and not member.login.is_staff:
        member.login.is_staff = True
        member.login.save(update_fields=["is_staff"])


def note(member: Member, action: MemberAction, by: Member | None, before: str = "", after: str = "") -> None:
    MemberChange.objects.create(
        organisation=member.organisation,
        member=member,
        name=member.login.get_username(),
        action=action,
        by=by,
        before=before,
        after=after,
    )


def may_have_link(member: Member) -> bool:
    """True if the login is of this organisation alone, is no superuser, and the member may come in."""
    login = member.login
    elsewhere = Member.objects.filter(login=login).exclude(organisation=member.organisation)
    return not login.is_superuser and member.deactivated_at is None and not elsewhere.exists()


def link_for(member: Member, by: Member | None) -> str:
    """The path at which the member sets a password: works once, and for as long as PASSWORD_RESET_TIMEOUT says.

    Raises:
        InvalidInput: the login also belongs to others, or may not come in.
    """
    if not may_have_link(member):
        raise InvalidInput(
            _("“%s” also belongs to another organisation or may not come in: a password is changed by itself only.")
            % member.login.get_username()
        )
    note(member, MemberAction.LINKED, by)
    uid = urlsafe_base64_encode(force_bytes(member.login.pk))
    return reverse("set_password", args=[uid, default_token_generator.make_token(member.login)])


@dataclass(frozen=True)
class Link:
    """A link to set a password with. Whoever made it sees it once, and its owner gets it by mail."""

    url: str
    mailed_to: str = ""
    """Nothing where the login has no address, or the mail server did not take it."""


def hand_out_link(member: Member, by: Member | None) -> Link:
    """Make a link and mail it to the login's address.

    Raises:
        InvalidInput: as `link_for`.
    """
    url = f"{settings.NEURALINK_PUBLIC_URL.rstrip('/')}{link_for(member, by)}"
    address = member.login.email
    return Link(url, address if address and _is_mailed(member, url) else "")


def _is_mailed(member: Member, url: str) -> bool:
    organisation = member.organisation
    with translation.override(member.language or organisation.language or translation.get_language()):
        told = {
            "organisation": organisation.name,
            "login": member.login.get_username(),
            "role": member.get_role_display(),
            "url": url,
            "days": settings.PASSWORD_RESET_TIMEOUT // 86_400,
        }
        subject = _("Your access to %(organisation)s") % told
        body = (
            _(
                "You are a member of %(organisation)s in Neuralink, as %(role)s. Your login name is %(login)s.\n\n"
                "Set your password here; the link works once, for %(days)s days:\n\n%(url)s\n\n"
                "If you did not expect this, leave it alone: without you nothing happens.\n"
            )
            % told
        )
    try:
        return send_mail(" ".join(subject.split()), body, None, [member.login.email]) > 0
    except OSError:  # of which smtplib's errors are some; the link is shown all the same
        log.exception("The link for member %s could not be mailed", member.pk)
        return False


@transaction.atomic
def change(
    member: Member, by: Member | None, role: str, learner: Learner | None = None, courses: Sequence[Activity] = ()
) -> None:
    """Another role, another learner, other courses.

    Raises:
        InvalidInput: nobody would be left who can administer, or the learner does not fit the role.
    """
    if role != Role.ADMINISTRATOR:
        keep_an_administrator(member)
    _check_learner(member.organisation, role, learner)
    before, member.role, member.learner = member.role, role, learner
    member.save(update_fields=["role", "learner"])
    if before != role:
        note(member, MemberAction.ROLE, by, before, role)
    taught = sorted(member.courses.values_list("external_id", flat=True))
    _set_courses(member, courses)
    teaches = sorted(course.external_id for course in courses) if role == Role.INSTRUCTOR else []
    if taught != teaches:
        note(member, MemberAction.COURSES, by, ", ".join(taught), ", ".join(teaches))
    _open_admin(member)


def _set_courses(member: Member, courses: Sequence[Activity]) -> None:
    if any(course.organisation_id != member.organisation_id for course in courses):
        raise InvalidInput(_("This course belongs to another organisation."), "courses")
    member.courses.set(courses if member.role == Role.INSTRUCTOR else [])


@transaction.atomic
def deactivate(member: Member, by: Member | None) -> None:
    """Shut out from now on, sessions included; what they did stays theirs.

    Raises:
        InvalidInput: nobody would be left who can administer.
    """
    keep_an_administrator(member)
    if member.deactivated_at is None:
        member.deactivated_at = timezone.now()
        member.save(update_fields=["deactivated_at"])
        note(member, MemberAction.DEACTIVATED, by)


@transaction.atomic
def activate(member: Member, by: Member | None) -> None:
    if member.deactivated_at is not None:
        member.deactivated_at = None
        member.save(update_fields=["deactivated_at"])
        note(member, MemberAction.ACTIVATED, by)


def keep_an_administrator(member: Member) -> None:
    """Locks the organisation: two administrators who remove each other at once must not both succeed."""
    Organisation.objects.select_for_update().get(pk=member.organisation_id)
    others = Member.objects.active().filter(
        organisation=member.organisation_id, role=Role.ADMINISTRATOR, login__is_active=True
    )
    if member.role == Role.ADMINISTRATOR and not others.exclude(pk=member.pk).exists():
        raise InvalidInput(_("This is the last data administrator. Give somebody else this role first."), "role")
