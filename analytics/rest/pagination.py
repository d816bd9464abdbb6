"""Pages that cost the same however deep: the next page starts after the last row's key."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model, Q
from django.utils.translation import gettext as _
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from analytics.rest.parameters import InvalidParameters


class KeysetPagination(BasePagination):
    """Orders by the view's `ordering`: one or two fields, the last unique, all in the same direction.

    `after` is opaque to callers: the ordering's values in the last row of the page before. It grants nothing,
    since the rows are limited to what the caller may see either way, so it needs no signature.
    """

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        self.request = request
        self.fields = [name.removeprefix("-") for name in view.ordering]
        is_descending = view.ordering[0].startswith("-")
        rows = queryset.order_by(*view.ordering)
        after, limit = view.query.get("after"), view.query["limit"]
        if after:
            rows = rows.filter(self._beyond(self._position(after, queryset.model), "lt" if is_descending else "gt"))
        page = list(rows[: limit + 1])
        self.last_row = page[limit - 1] if len(page) > limit else None
        return page[:limit]

    def _beyond(self, values: list[Any], sign: str) -> Q:
        """Of two fields a, b: a >= x and (a > x or b > y), which lets an index or a partition on a be used."""
        first, *rest = zip(self.fields, values, strict=True)
        further = Q(**{f"{first[0]}__{sign}": first[1]})
        if not rest:
            return further
        return Q(**{f"{first[0]}__{sign}e": first[1]}) & (further | Q(**{f"{rest[0][0]}__{sign}": rest[0][1]}))

    def _position(self, after: str, model: type[Model]) -> list[Any]:
        try:
            values = json.loads(base64.urlsafe_b64decode(after.encode()))
            if not isinstance(values, list) or len(values) != len(self.fields):
                raise ValueError(after)
            fields: list[Any] = [model._meta.get_field(name) for name in self.fields]
            read = [field.to_python(value) for field, value in zip(fields, values, strict=True)]
            if None in read:
                raise ValueError(after)
        except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error, ValidationError):
            wrong = _("This is not the place of a page. Take it from `next` of the page before, unchanged.")
            raise InvalidParameters({"after": [wrong]}) from None
        return read

    def _place(self, row: Model) -> str:
        values = [str(getattr(row, name)) for name in self.fields]
        return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()

    def get_paginated_response(self, data: Any) -> Response:
        following = None
        if self.last_row is not None:
            here = self.request.build_absolute_uri()
            following = replace_query_param(here, "after", self._place(self.last_row))
        return Response({"next": following, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        following = {"type": "string", "format": "uri", "nullable": True, "description": "the next page, if any"}
        return {
            "type": "object",
            "required": ["next", "results"],
            "properties": {"next": following, "results": schema},
        }
