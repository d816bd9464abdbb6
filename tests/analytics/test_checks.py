"""A wrong configuration is told with what to do about it, and the usual one is not."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.checks import run_checks

from analytics import checks


def ids(messages):
    return [message.id for message in messages]


def test_the_usual_configuration_is_fine():
    assert ids(message for message in run_checks() if message.id.startswith("analytics.")) == []


@pytest.mark.django_db
def test_the_usual_database_is_fine():
    assert checks.check_database(databases=["default"]) == []


@pytest.mark.parametrize(("vendor", "version", "id_"), [("sqlite", 0, "E001"), ("postgresql", 130_012, "E002")])
def test_other_databases_are_refused(monkeypatch, vendor, version, id_):
    other = SimpleNamespace(vendor=vendor, pg_version=version, ensure_connection=lambda: None)
    monkeypatch.setattr(checks, "connections", {"default": other})
    assert ids(checks.check_database(databases=["default"])) == [f"analytics.{id_}"]


@pytest.mark.parametrize(
    ("changed", "check", "expected"),
    [
        ({"BROKER_URL": "sqs://queue"}, checks.check_broker, ["analytics.E003"]),
        ({"BROKER_URL": "localhost:6379"}, checks.check_broker, ["analytics.E003"]),
        ({"BROKER_URL": "redis://localhost"}, checks.check_broker, []),
        ({"SECRET_KEY": "secret"}, checks.check_secret, ["analytics.W003"]),
        (
            {"NEURALINK_BIND": "10.0.0.7", "DEBUG": True, "ALLOWED_HOSTS": ["localhost"], "NEURALINK_HTTPS": False},
            checks.check_reach,
            ["analytics.E005", "analytics.W001", "analytics.W002"],
        ),
        (
            {"NEURALINK_BIND": "10.0.0.7", "DEBUG": False, "ALLOWED_HOSTS": ["a.org"], "NEURALINK_HTTPS": True},
            checks.check_reach,
            [],
        ),
    ],
)
def test_wrong_settings_are_told(settings, changed, check, expected):
    for name, value in changed.items():
        setattr(settings, name, value)
    messages = check()
    assert ids(messages) == expected
    assert all(message.hint for message in messages)


def test_a_data_folder_that_cannot_be_written_is_told(settings, monkeypatch):
    monkeypatch.setattr(checks, "settings", SimpleNamespace(HOME=Path("nowhere")))
    assert ids(checks.check_home()) == ["analytics.E004"]
