"""System checks: a configuration that cannot work, or not safely, is told before anybody meets its consequences."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections

OLDEST_POSTGRESQL = 140_000
"""As promised. On 14 Django leaves out the one constraint with `NULLS NOT DISTINCT`, which is only a safety net."""
BROKER_SCHEMES = ("redis", "rediss", "amqp", "amqps")
LOOPBACK = ("127.0.0.1", "localhost", "::1", "[::1]")


@register(Tags.database)
def check_database(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Runs with `migrate` and `check --database default`: it needs a connection."""
    return [message for alias in databases or () for message in _of_database(alias)]


def _of_database(alias: str) -> list[CheckMessage]:
    connection = connections[alias]
    if connection.vendor != "postgresql":
        return [
            Error(
                f"The database is {connection.vendor}, and Neuralink needs PostgreSQL.",
                hint="Let NEURALINK_DATABASE_URL begin with postgresql://, or remove it to use the embedded server.",
                id="analytics.E001",
            )
        ]
    connection.ensure_connection()
    version: int = connection.pg_version  # type: ignore[attr-defined]
    if version < OLDEST_POSTGRESQL:
        return [
            Error(
                f"The database is PostgreSQL {version // 10_000}, and Neuralink needs 14 or later.",
                hint="Upgrade the server, or remove NEURALINK_DATABASE_URL to use the embedded one.",
                id="analytics.E002",
            )
        ]
    return []


@register
def check_broker(**kwargs: Any) -> list[CheckMessage]:
    scheme = urlsplit(settings.BROKER_URL).scheme
    if not settings.BROKER_URL or scheme in BROKER_SCHEMES:
        return []
    return [
        Error(
            f"NEURALINK_BROKER_URL begins with {scheme or settings.BROKER_URL!r}, which is no broker for Neuralink.",
            hint=f"Use one of {', '.join(f'{name}://' for name in BROKER_SCHEMES)}, or remove it for the embedded one.",
            id="analytics.E003",
        )
    ]


@register
def check_home(**kwargs: Any) -> list[CheckMessage]:
    if os.access(settings.HOME, os.R_OK | os.W_OK | os.X_OK):
        return []
    return [
        Error(
            f"The data folder {settings.HOME} cannot be written by this account.",
            hint="Let the account own it, or name another folder with NEURALINK_HOME.",
            id="analytics.E004",
        )
    ]


@register(Tags.security)
def check_reach(**kwargs: Any) -> list[CheckMessage]:
    """What is harmless on one's own machine is not on one that others reach."""
    if settings.NEURALINK_BIND in LOOPBACK:
        return []
    messages: list[CheckMessage] = []
    if settings.DEBUG:
        messages.append(
            Error(
                f"NEURALINK_DEBUG is on while others can reach {settings.NEURALINK_BIND}: it shows settings and data.",
                hint="Remove NEURALINK_DEBUG, or set NEURALINK_BIND to 127.0.0.1.",
                id="analytics.E005",
            )
        )
    if set(settings.ALLOWED_HOSTS) <= set(LOOPBACK):
        messages.append(
            Warning(
                f"Pages are served from {settings.NEURALINK_BIND}, but only to the names {settings.ALLOWED_HOSTS}.",
                hint="Add the name by which others reach this machine to NEURALINK_ALLOWED_HOSTS.",
                id="analytics.W001",
            )
        )
    if not settings.NEURALINK_HTTPS:
        messages.append(
            Warning(
                "Pages are reached without HTTPS: passwords and sessions can be read on the way.",
                hint="Serve them through a proxy that ends TLS, and set NEURALINK_HTTPS=1.",
                id="analytics.W002",
            )
        )
    return messages


@register(Tags.security)
def check_secret(**kwargs: Any) -> list[CheckMessage]:
    if len(settings.SECRET_KEY) >= 32:
        return []
    return [
        Warning(
            f"NEURALINK_SECRET_KEY has {len(settings.SECRET_KEY)} characters; sessions signed with it can be forged.",
            hint="Use 50 random characters, or remove it: then one is made and kept in the data folder.",
            id="analytics.W003",
        )
    ]
