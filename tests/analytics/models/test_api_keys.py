"""Keys: the secret is shown once and kept nowhere, and a key that is over opens nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from analytics.models import ApiKey, Scope


@pytest.fixture
def issued(cast):
    return ApiKey.objects.issue(cast.north.organisation, "nightly sync", [Scope.EVENTS_WRITE], None)


def test_the_secret_finds_its_key(issued, cast):
    key, secret = issued
    found = ApiKey.objects.of_secret(secret)
    assert (found, found.organisation) == (key, cast.north.organisation)


def test_the_secret_is_kept_nowhere(issued):
    key, secret = issued
    with connection.cursor() as cursor:
        cursor.execute("SELECT analytics_apikey::text FROM analytics_apikey WHERE id = %s", [key.pk])
        row = cursor.fetchone()[0]
    assert secret not in row
    assert secret.removeprefix(key.prefix) not in row
    assert secret.startswith(key.prefix)


@pytest.mark.parametrize("wrong", ["", "nlk_", "nlk_" + "x" * 43, "\x00", "é"])
def test_another_secret_finds_none(issued, wrong):
    assert ApiKey.objects.of_secret(wrong) is None


def test_revoked_and_expired_keys_open_nothing(issued):
    key, secret = issued
    now = timezone.now()
    for fields in ({"revoked_at": now}, {"expires_at": now - timedelta(seconds=1)}):
        ApiKey.objects.filter(pk=key.pk).update(**{"revoked_at": None, "expires_at": None} | fields)
        assert ApiKey.objects.of_secret(secret) is None
    ApiKey.objects.filter(pk=key.pk).update(revoked_at=None, expires_at=now + timedelta(hours=1))
    assert ApiKey.objects.of_secret(secret) == key


def test_secrets_differ(cast):
    secrets = {ApiKey.objects.issue(cast.north.organisation, "x", [], None)[1] for _ in range(20)}
    assert len(secrets) == 20
    assert all(len(secret) > 40 for secret in secrets)
