"""Every row belongs to an organisation, models and migrations agree, and things bear the names of the house."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import models
from django.urls import get_resolver

from analytics.models import Organisation
from tests.house import rules

OURS = [model for app in ("analytics", "recommender") for model in apps.get_app_config(app).get_models()]
WITHOUT_ORGANISATION = {Organisation}
DJANGOS_OWN = {"admin"}


def homeless(model: type[models.Model]) -> list[str]:
    """Objections to a model whose rows could be shown to anybody."""
    fields = {field.name: field for field in model._meta.get_fields()}
    field = fields.get("organisation")
    if field is None or field.related_model is not Organisation:
        return [f"{model.__name__} has no foreign key `organisation`; without it nothing keeps tenants apart."]
    return [f"{model.__name__}.organisation may be null."] if field.null else []


@pytest.mark.parametrize("model", OURS)
def test_every_model_has_an_organisation(model):
    if model not in WITHOUT_ORGANISATION:
        assert homeless(model) == []


def test_a_model_without_organisation_is_noticed():
    assert homeless(Organisation)


@pytest.mark.django_db
def test_migrations_are_in_step():
    call_command("makemigrations", check_changes=True, dry_run=True, verbosity=0)


@pytest.mark.django_db
def test_a_change_without_migration_is_noticed(monkeypatch):
    monkeypatch.setitem(Organisation._meta.original_attrs, "verbose_name", "club")
    with pytest.raises(SystemExit):
        call_command("makemigrations", check_changes=True, dry_run=True, verbosity=0)


@pytest.mark.parametrize("model", OURS)
def test_fields_bear_the_names_of_the_house(model):
    words = [model._meta.model_name, *(field.name for field in model._meta.get_fields())]
    assert rules.foreign_words(model.__name__, words) == []


def test_addresses_bear_the_names_of_the_house():
    assert rules.foreign_words("addresses", routes(get_resolver().url_patterns)) == []


def test_other_words_are_noticed():
    assert rules.foreign_words("sample", ["student_id"])
    assert rules.foreign_words("sample", ["api/v1/users/<int:pk>/"])
    assert rules.foreign_words("sample", ["learner", "activity_id"]) == []


def routes(patterns: list, prefix: str = "") -> list[str]:
    """All addresses below the patterns, Django's own admin excepted."""
    found = []
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if getattr(pattern, "app_name", None) in DJANGOS_OWN:
            continue
        found += routes(pattern.url_patterns, route) if hasattr(pattern, "url_patterns") else [route]
    return found
