"""What a caller may do: a key by its scopes, a member by role."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from analytics.models import ApiKey, Member


class HasScope(BasePermission):
    """The view names `scope` (of analytics.models.Scope) and `roles`; a key needs the one, a member one of these."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if isinstance(request.auth, ApiKey):
            return view.scope in request.auth.scopes
        if isinstance(request.auth, Member):
            return request.auth.role in view.roles
        return False
