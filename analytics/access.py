"""Who is asking: the member behind a request, and what their role may open."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from functools import wraps
from typing import Any, cast
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import resolve_url
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_htmx.http import HttpResponseClientRedirect

from analytics.models import Member, Organisation, Role
from analytics.models.masking import masked_learners, masked_stream

SESSION_KEY = "organisation_id"
PRESENTS_KEY = "presents"
RAW = gettext_lazy("This shows data as it came in. Switch presentation mode off first.")
View = Callable[..., HttpResponseBase]


class MemberRequest(HttpRequest):
    """A request that `roles_required` let through: its member is known."""

    member: Member


def member_of(request: HttpRequest) -> Member | None:
    """The active membership of the login: the one chosen in this session, else the oldest; read once a request."""
    if not request.user.is_authenticated:
        return None
    if not hasattr(request, "_member"):
        memberships = (
            Member.objects.active()
            .filter(login=request.user)
            .select_related("organisation", "learner")
            .annotate(n_memberships=Count("login__memberships", filter=Q(login__memberships__deactivated_at=None)))
        )
        chosen = request.session.get(SESSION_KEY)
        found = memberships.filter(organisation_id=chosen).first() if chosen else None
        request._member = found or memberships.order_by("id").first()  # type: ignore[attr-defined]
    return cast("Member | None", request._member)  # type: ignore[attr-defined]


def choose_organisation(request: HttpRequest, organisation: Organisation) -> None:
    """Switch the session to another organisation that the login is a member of.

    Raises:
        PermissionDenied: the login is no member of it.
    """
    if not Member.objects.active().filter(login=request.user.pk, organisation=organisation).exists():
        raise PermissionDenied(_("You are not a member of this organisation."))
    request.session[SESSION_KEY] = organisation.pk


def is_presenting(request: HttpRequest) -> bool:
    """True if the member has switched presentation mode on. Learners see only themselves: they need none."""
    member = member_of(request)
    return member is not None and member.role != Role.LEARNER and bool(request.session.get(PRESENTS_KEY))


def switch_presenting(request: HttpRequest) -> bool:
    """Presentation mode on or off for this session; returns what it is now."""
    request.session[PRESENTS_KEY] = not request.session.get(PRESENTS_KEY, False)
    return bool(request.session[PRESENTS_KEY])


def is_sent_to_sign_in(request: HttpRequest, response: HttpResponse) -> bool:
    """True where htmx asked for a part of a page after the session ended: it would put the form of the login there."""
    is_redirect = response.status_code == 302 and response["Location"].startswith(f"{resolve_url(settings.LOGIN_URL)}?")
    return is_redirect and bool(getattr(request, "htmx", False))


def sign_in_again(request: HttpRequest) -> HttpResponse:
    """The whole page goes to the login, and from there back to where it was."""
    here = request.htmx.current_url_abs_path or "/"  # type: ignore[attr-defined]
    return HttpResponseClientRedirect(f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': here})}")


class MemberMiddleware:
    """Puts `request.member` (or None) there for views and templates, and speaks the member's language and zone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        member = member_of(request)
        request.member = member  # type: ignore[attr-defined]
        if member is not None:
            timezone.activate(member.time_zone or member.organisation.time_zone)
            self.speak(request, member.language or member.organisation.language)
        presents = is_presenting(request)
        request.presents = presents  # type: ignore[attr-defined]
        try:
            with masked_learners() if presents else nullcontext():
                response = self.get_response(request)
        finally:
            timezone.deactivate()
        if member is None and is_sent_to_sign_in(request, response):
            return sign_in_again(request)
        if presents and response.streaming:
            response.streaming_content = masked_stream(response.streaming_content)  # type: ignore[attr-defined]
        return response

    @staticmethod
    def speak(request: HttpRequest, language: str) -> None:
        """The chosen language; without one LocaleMiddleware has found that of the browser or program."""
        if language:
            translation.activate(language)
            request.LANGUAGE_CODE = language


def unmasked_required(view: View) -> View:
    """Of pages and files that hand out what came in as it came: not while learners are masked."""

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if is_presenting(request):
            raise PermissionDenied(RAW)
        return view(request, *args, **kwargs)

    return guarded


def roles_required(*roles: Role) -> Callable[[View], View]:
    """Only members with one of the roles (any role if none is named); others sign in or get 403."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
            member = member_of(request)
            if member is None:
                raise PermissionDenied(_("Your login is not a member of any organisation. Ask a data administrator."))
            if roles and member.role not in roles:
                raise PermissionDenied(_("Your role does not open this page."))
            return view(request, *args, **kwargs)

        return cast("View", login_required(guarded))

    return decorate
