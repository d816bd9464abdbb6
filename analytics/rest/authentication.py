"""Who calls the API: a key in the Authorization header, or a signed-in member's session."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from analytics.access import member_of
from analytics.models import ApiKey


class KeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer nlk_...`; `request.auth` becomes the ApiKey."""

    def authenticate(self, request: Request) -> tuple[None, ApiKey] | None:
        words = get_authorization_header(request).decode("latin-1").split()
        if not words or words[0].lower() != "bearer":
            return None
        key = ApiKey.objects.of_secret(words[1]) if len(words) == 2 else None
        if key is None:
            raise AuthenticationFailed(
                _("The API key is unknown, expired or revoked. Ask a data administrator for a new one.")
            )
        now = timezone.now()
        # Once an hour is precise enough to find unused keys, and spares a write per request.
        if key.last_used_at is None or key.last_used_at < now - timedelta(hours=1):
            ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
        return None, key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="neuralink"'


class MemberSessionAuthentication(SessionAuthentication):
    """The session of a signed-in member; `request.auth` becomes the Member."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        found = super().authenticate(request)
        member = member_of(request._request) if found else None
        return (found[0], member) if found and member else None
