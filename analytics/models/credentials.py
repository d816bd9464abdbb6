"""Credentials of learning tools that speak xAPI: a key and a secret for HTTP Basic, limited by scopes."""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from analytics.models.organisation import Member, Organisation


class XapiVersion(models.TextChoices):
    TWO = "2.0.0", "2.0.0"
    ONE = "1.0.3", "1.0.3"


class XapiScope(models.TextChoices):
    """1.0.3 Communication 4.0.1 (https://github.com/adlnet/xAPI-Spec/blob/1.0.3/xAPI-Communication.md#oauthscope)."""

    STATEMENTS_WRITE = "statements/write", _("write statements")
    STATEMENTS_READ_MINE = "statements/read/mine", _("read statements that it wrote itself")
    STATEMENTS_READ = "statements/read", _("read statements")
    STATE = "state", _("read and write state documents")
    PROFILE = "profile", _("read and write profiles of agents and activities")
    ALL = "all", _("everything")


def hash_of(key: str, secret: str) -> str:
    """HMAC-SHA-256 in hex. The secret has 256 random bits: a slow hash would cost 100 ms and add no safety."""
    return hmac.digest(key.encode(), secret.encode(), "sha256").hex()


# As text: every request begins with it, and to compile the same query anew took longer than to answer it.
_OF_KEY = """
    SELECT * FROM analytics_credential
    WHERE key = %s AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > %s)
"""


class CredentialQuerySet(models.QuerySet["Credential"]):
    def valid(self, at: datetime | None = None) -> CredentialQuerySet:
        now = at or timezone.now()
        return self.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now), revoked_at__isnull=True)

    def issue(
        self,
        organisation: Organisation,
        name: str,
        scopes: list[str],
        by: Member | None = None,
        version: str = XapiVersion.TWO,
        expires_at: datetime | None = None,
    ) -> tuple[Credential, str]:
        """The new credential's row and its secret, which cannot be read again later."""
        key, secret = f"nlx_{secrets.token_hex(12)}", secrets.token_urlsafe(32)
        credential = self.create(
            organisation=organisation,
            name=name,
            scopes=sorted(set(scopes)),
            version=version,
            created_by=by,
            expires_at=expires_at,
            key=key,
            hash=hash_of(key, secret),
        )
        return credential, secret

    def of_pair(self, key: str, secret: str) -> Credential | None:
        """The valid credential with this key and secret; takes the same time whatever is wrong with the secret."""
        found = next(iter(self.raw(_OF_KEY, [key, timezone.now()])), None)
        if not hmac.compare_digest(hash_of(key, secret), found.hash if found else ""):
            return None
        return found


class Credential(models.Model):
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="credentials")
    name = models.CharField(max_length=200, help_text=_("which learning tool uses it"))
    key = models.CharField(max_length=40, unique=True)
    hash = models.CharField(max_length=64)
    scopes = ArrayField(models.CharField(max_length=32, choices=XapiScope.choices), default=list)
    version = models.CharField(
        max_length=5,
        choices=XapiVersion.choices,
        default=XapiVersion.TWO,
        help_text=_("of the specification; what the tool sends as X-Experience-API-Version"),
    )
    created_by = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects = CredentialQuerySet.as_manager()

    class Meta:
        verbose_name = _("xAPI credential")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.key})"

    def admits(self, *scopes: XapiScope) -> bool:
        return not {XapiScope.ALL, *scopes}.isdisjoint(self.scopes)

    @property
    def authority(self) -> dict[str, Any]:
        """The agent that vouches for what is stored with this credential (1.0.3 Data 2.4.9)."""
        account = {"homePage": settings.NEURALINK_PUBLIC_URL, "name": self.key}
        return {"objectType": "Agent", "name": self.name, "account": account}

    def revoke(self) -> None:
        if self.revoked_at is None:
            self.revoked_at = timezone.now()
            self.save(update_fields=["revoked_at"])
