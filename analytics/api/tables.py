"""Any table of the pages as JSON: the same question, the same rows."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404, QueryDict
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.errors import InvalidInput
from analytics.rest.parameters import InvalidParameters, Parameters
from analytics.rest.permissions import Access
from analytics.rest.views import ApiView
from analytics.tables.catalogue import TABLES
from analytics.tables.export import json_row
from analytics.tables.query import TableQuery
from analytics.tables.table import STAFF, Table
from analytics.tables.viewer import Viewer


class TableParameters(Parameters):
    """Which names there are hangs on the table; TableQuery refuses the others."""

    q = serializers.CharField(required=False, help_text="text to search for")
    sort = serializers.CharField(required=False, help_text='a column; with "-" in front the largest first')
    columns = serializers.CharField(required=False, help_text="names of columns, separated by commas")
    page = serializers.IntegerField(required=False, min_value=1, max_value=1_000_000, default=1)
    limit = serializers.IntegerField(required=False, min_value=1, max_value=500, help_text="rows on a page")

    @classmethod
    def read(cls, query: QueryDict) -> dict[str, Any]:
        own = QueryDict(mutable=True)
        own.update({name: str(query[name]) for name in query if name in cls().fields})
        return super().read(own)


class TableColumnSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # DRF has a keyword of this name
    form = serializers.CharField(help_text="text, code, count, decimal, share (0 to 1), chance (0 to 1) or day")


class TableSerializer(serializers.Serializer[Any]):
    """One page of a table."""

    table = serializers.CharField()
    n_rows = serializers.IntegerField(help_text="rows of the whole question")
    page = serializers.IntegerField()
    n_pages = serializers.IntegerField()
    columns = TableColumnSerializer(many=True)
    filters = serializers.DictField(help_text="the filters that are set")
    rows = serializers.ListField(child=serializers.DictField(), help_text="the columns' names and values")


class TableDetail(ApiView):
    """A table as its page shows it: rows with the columns, filters and order of the address.

    Filters are further parameters, each with the values that the page offers; see docs/tables.md. A key needs the scope
    of what the table lists; tables of members and of keys open to no key.
    """

    http_method_names = ["get", "head"]
    access = {"GET": Access(None, STAFF, is_for_every_key=True)}
    parameters = TableParameters
    serializer_class = TableSerializer

    @extend_schema(
        operation_id="tables_retrieve",
        parameters=[OpenApiParameter("name", str, OpenApiParameter.PATH, description="learners, ...")],
        responses=TableSerializer,
    )
    def get(self, request: Request, name: str) -> Response:
        table = self._table(name)
        asked = request.query_params.copy()
        for parameter in ("page", "limit"):
            asked.pop(parameter, None)
        try:
            query = TableQuery.read_strictly(table, asked, Viewer.of(self.caller))
        except InvalidInput as error:
            raise InvalidParameters({error.pointer: [str(error)]}) from error
        return Response(self._answer(query))

    def _table(self, name: str) -> Table:
        table = TABLES.get(name)
        if table is None:
            raise Http404(_("There is no table named %(name)s.") % {"name": name})
        caller = self.caller
        access = Access(table.key_scope, tuple(table.roles))
        if not access.admits(caller):
            raise PermissionDenied(access.refusal(caller))
        return table

    def _answer(self, query: TableQuery) -> dict[str, Any]:
        limit, number = self.query.get("limit", settings.NEURALINK_PAGE_ROWS), self.query["page"]
        n_rows = query.found().count()
        rows = query.rows()[(number - 1) * limit : number * limit]
        return {
            "table": query.table.name,
            "n_rows": n_rows,
            "page": number,
            "n_pages": -(-n_rows // limit),
            "columns": [
                {"name": column.name, "label": str(column.label), "form": column.form} for column in query.columns
            ],
            "filters": dict(query.scope.values),
            "rows": [json_row(query, row) for row in rows],
        }
