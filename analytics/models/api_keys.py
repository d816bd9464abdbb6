"""Keys of API clients: shown once, kept as a hash, limited by scopes."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from functools import cache

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from analytics.models.organisation import Member, Organisation
from analytics.prepared import Prepared


class Scope(models.TextChoices):
    LEARNERS_READ = "learners:read", _("read learners")
    ACTIVITIES_READ = "activities:read", _("read activities")
    EVENTS_READ = "events:read", _("read events")
    EVENTS_WRITE = "events:write", _("write events")
    RECOMMENDATIONS_READ = "recommendations:read", _("read recommendations, send feedback")
    IMPORTS_WRITE = "imports:write", _("start and read imports")
    RUNS_WRITE = "runs:write", _("start and read runs")
    RISKS_READ = "risks:read", _("read risks, the worklist and interventions")
    CASES_WRITE = "cases:write", _("work on the worklist, record interventions")
    VERSIONS_WRITE = "versions:write", _("read, promote and roll back versions")


def digest(secret: str) -> str:
    """SHA-256 in hex. The secret has 256 random bits, so a slow hash would add cost and no safety."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _columns(model: type[models.Model]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]


@cache
def _of_secret() -> Prepared:
    """As `valid` says; made at its first use, when all fields of the models are known."""
    key, organisation = (
        ", ".join(f'{name}."{column}"' for column in _columns(model))
        for name, model in (("key", ApiKey), ("organisation", Organisation))
    )
    return Prepared(f"""
        SELECT {key}, {organisation}
        FROM {ApiKey._meta.db_table} key JOIN {Organisation._meta.db_table} organisation
          ON organisation.id = key.organisation_id
        WHERE key.hash = %(hash)s AND key.revoked_at IS NULL
          AND (key.expires_at IS NULL OR key.expires_at > %(now)s)""")  # noqa: S608 (our own words)


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def valid(self, at: datetime | None = None) -> ApiKeyQuerySet:
        now = at or timezone.now()
        return self.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now), revoked_at__isnull=True)

    def issue(
        self,
        organisation: Organisation,
        name: str,
        scopes: list[str],
        by: Member | None,
        expires_at: datetime | None = None,
    ) -> tuple[ApiKey, str]:
        """The new key's row and its secret, which cannot be read again later."""
        secret = f"nlk_{secrets.token_urlsafe(32)}"
        key = self.create(
            organisation=organisation,
            name=name,
            scopes=sorted(set(scopes)),
            created_by=by,
            expires_at=expires_at,
            prefix=secret[:10],
            hash=digest(secret),
        )
        return key, secret

    def of_secret(self, secret: str) -> ApiKey | None:
        """The valid key, with its organisation; a planned statement, because it is asked before every answer."""
        rows = _of_secret().rows({"hash": digest(secret), "now": timezone.now()})
        if not rows:
            return None
        names = _columns(self.model)
        key = self.model.from_db(self.db, names, rows[0][: len(names)])
        key.organisation = Organisation.from_db(self.db, _columns(Organisation), rows[0][len(names) :])
        return key


class ApiKey(models.Model):
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=200)
    prefix = models.CharField(max_length=12, help_text=_("the key's first characters, to recognise it by"))
    hash = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=32, choices=Scope.choices), default=list)
    created_by = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = "API key"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}...)"

    def revoke(self) -> None:
        """At once and for ever."""
        if self.revoked_at is None:
            self.revoked_at = timezone.now()
            self.save(update_fields=["revoked_at"])
