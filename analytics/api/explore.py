"""Explore by API: the question of the page's address, and its cells as JSON."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.aggregates.explore.answers import Answer, answer
from analytics.aggregates.explore.dimensions import BY
from analytics.aggregates.explore.question import CHARTS, SHOWN, Question
from analytics.aggregates.measures import MEASURES
from analytics.errors import InvalidInput
from analytics.models import Scope
from analytics.rest.parameters import InvalidParameters, Parameters
from analytics.rest.permissions import Access
from analytics.rest.views import ApiView
from analytics.tables.columns import plain
from analytics.tables.table import STAFF
from analytics.tables.viewer import Viewer


class ExploreParameters(Parameters):
    measure = serializers.CharField(required=False, help_text=", ".join(MEASURES))
    by = serializers.CharField(required=False, help_text=", ".join(BY))
    split = serializers.CharField(required=False, help_text="a second dimension")
    show = serializers.CharField(required=False, help_text=", ".join(SHOWN))
    chart = serializers.CharField(required=False, help_text=f"for pages: {', '.join(CHARTS)}")
    compare = serializers.CharField(required=False, help_text="1: with the period before")
    course = serializers.CharField(required=False, help_text="number of a course's page")
    kind = serializers.CharField(required=False)
    verb = serializers.CharField(required=False)
    outcome = serializers.CharField(required=False)
    level = serializers.CharField(required=False, help_text="none, light, regular or heavy")
    period = serializers.CharField(required=False, help_text="7, 28, 90 or all")

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of Python's own, so the two days are named here."""
        days = {
            name: serializers.DateField(required=False, help_text="a day, instead of period") for name in ("from", "to")
        }
        return {**super().get_fields(), **days}

    @classmethod
    def read(cls, query: QueryDict) -> dict[str, Any]:
        super().read(query)
        return {name: str(query[name]) for name in query}


class ExploreCellSerializer(serializers.Serializer[Any]):
    key = serializers.CharField(allow_null=True, help_text="value of the dimension `by`; of a course its number")
    split = serializers.CharField(allow_null=True)
    name = serializers.CharField(help_text="the key in words")
    n_learners = serializers.IntegerField(allow_null=True, help_text="so many at least; null where it is hidden")
    values = serializers.DictField(help_text="`value`, or the statistics over learners")
    before = serializers.FloatField(allow_null=True, help_text="the value in the period before")
    is_partial = serializers.BooleanField(help_text="a day, week or month that the period cuts, or that is not over")
    is_hidden = serializers.BooleanField(help_text="too few learners stand behind it, or behind its neighbour")


class ExploreSerializer(serializers.Serializer[Any]):
    """One answer."""

    measure = serializers.CharField()
    unit = serializers.CharField()
    formula = serializers.CharField()
    first_on = serializers.DateField()
    last_on = serializers.DateField()
    n_hidden = serializers.IntegerField()
    note = serializers.CharField(allow_blank=True)
    cells = ExploreCellSerializer(many=True)


class ExploreView(ApiView):
    """Any measure by any dimension, from the day tables, as the page Explore answers it.

    Cells with fewer learners than NEURALINK_SMALL_CELL are hidden, and with them cells that would give them away.
    """

    http_method_names = ["get", "head"]
    access = {"GET": Access(Scope.EVENTS_READ, STAFF)}
    parameters = ExploreParameters
    serializer_class = ExploreSerializer

    @extend_schema(operation_id="explore_retrieve", responses=ExploreSerializer)
    def get(self, request: Request) -> Response:
        try:
            question = Question.read(self.query, self.organisation, Viewer.of(self.caller).course_ids)
            found = answer(question)
        except InvalidInput as error:
            raise InvalidParameters({error.pointer: [str(error)]}) from error
        return Response(told(found))


def told(found: Answer) -> dict[str, Any]:
    """The answer as ExploreSerializer shows it."""
    question = found.question
    cells = [
        {
            "key": plain(cell.key),
            "split": plain(cell.split),
            "name": found.word(question.by, cell.key),
            "n_learners": cell.n_learners,
            "values": cell.values,
            "before": found.value_before(place, cell.key) if found.before else None,
            "is_partial": found.is_partial(cell.key),
            "is_hidden": cell.is_hidden,
        }
        for place, cell in enumerate(found.cells)
    ]
    return {
        "measure": question.measure,
        "unit": found.measure.unit,
        "formula": str(found.measure.formula),
        "first_on": question.period.first_on,
        "last_on": question.period.last_on,
        "n_hidden": found.n_hidden,
        "note": found.note,
        "cells": cells,
    }
