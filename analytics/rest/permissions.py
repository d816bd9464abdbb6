"""What a caller may do: a key by its scopes, a member by role, and of which rows they hear at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from analytics.models import ApiKey, Member, Role, Scope

Caller = ApiKey | Member
EVERY_ROLE = tuple(Role)


@dataclass(frozen=True)
class Access:
    """Who may call one method: keys with `scope` (none: no key may) and members with one of `roles`."""

    scope: Scope | None
    roles: tuple[Role, ...]
    is_for_every_key: bool = False

    def admits(self, caller: object) -> bool:
        if isinstance(caller, ApiKey):
            return self.is_for_every_key or self.scope in caller.scopes
        return isinstance(caller, Member) and caller.role in self.roles

    def refusal(self, caller: Caller) -> str:
        if isinstance(caller, Member):
            return _("Your role, %s, may not do this.") % caller.get_role_display()
        if self.scope is None:
            return _("No key may do this: sign in as a member.")
        return _("This key lacks the scope %s.") % self.scope.value


class HasAccess(BasePermission):
    """The view's `access` has a line for each method that it answers; a method without one is refused."""

    def has_permission(self, request: Request, view: Any) -> bool:
        method = "GET" if request.method == "HEAD" else str(request.method)
        if method not in view.allowed_methods:
            return True  # what a view does not answer gets 405, whoever asks
        access: Access | None = getattr(view, "access", {}).get(method)
        if request.auth is None or access is None:
            return False
        if not access.admits(request.auth):
            raise PermissionDenied(access.refusal(caller_of(request)))
        return True


def caller_of(request: Request) -> Caller:
    """The key or the member that `HasAccess` let through."""
    return cast("Caller", request.auth)


class SeenByMembers(Protocol):
    """A queryset that knows what a member may see."""

    def visible_to(self, member: Member) -> Any: ...


Rows = TypeVar("Rows", bound=QuerySet[Any])


def visible(rows: Rows, caller: Caller) -> Rows:
    """The rows of the caller's organisation; of these, a member gets those that `visible_to` leaves."""
    own = rows.filter(organisation_id=caller.organisation_id)
    if isinstance(caller, Member) and hasattr(own, "visible_to"):
        return cast("Rows", cast("SeenByMembers", own).visible_to(caller))
    return own
