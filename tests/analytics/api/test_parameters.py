"""Query parameters: what was not given has its default, and every fault is told at once."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import QueryDict
from rest_framework import serializers

from analytics.rest.parameters import InvalidParameters, Parameters


class Asked(Parameters):
    limit = serializers.IntegerField(min_value=1, default=10, required=False)
    exclude: Any = serializers.ListField(child=serializers.CharField(), default=list, required=False)
    course = serializers.CharField(required=False)


class AskedTogether(Asked):
    def validate(self, attrs: Any) -> Any:
        if "course" not in attrs:
            raise serializers.ValidationError({"course": ["It is needed."]})
        return attrs


@pytest.mark.parametrize(
    ("query", "read"),
    [
        ("", {"limit": 10, "exclude": []}),
        ("limit=3", {"limit": 3, "exclude": []}),
        ("exclude=a&exclude=b", {"limit": 10, "exclude": ["a", "b"]}),
        ("course=x&limit=1", {"limit": 1, "exclude": [], "course": "x"}),
    ],
)
def test_what_was_not_given_has_its_default(query: str, read: dict[str, Any]) -> None:
    assert Asked.read(QueryDict(query)) == read


def test_whoever_adds_to_a_list_adds_to_their_own() -> None:
    Asked.read(QueryDict())["exclude"].append("mine")
    assert Asked.read(QueryDict())["exclude"] == []


@pytest.mark.parametrize(
    ("query", "wrong"),
    [("limit=0&exclude=", {"limit", "exclude"}), ("limit=1&limit=2", {"limit"}), ("limit=3&limmit=4", {"limmit"})],
)
def test_every_fault_is_told(query: str, wrong: set[str]) -> None:
    with pytest.raises(InvalidParameters) as caught:
        Asked.read(QueryDict(query))
    assert set(caught.value.detail) == wrong


def test_parameters_that_are_looked_at_together_always_are() -> None:
    for query in ("", "limit=3"):
        with pytest.raises(InvalidParameters):
            AskedTogether.read(QueryDict(query))
    assert AskedTogether.read(QueryDict("course=x"))["course"] == "x"
