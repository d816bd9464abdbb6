"""Bases of the API's views: parse, call, render."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, ClassVar

from django.db.models import Model, QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from analytics.access import RAW
from analytics.models import Member, Organisation
from analytics.models.masking import masks_learners
from analytics.rest.parameters import Body, InvalidParameters, PageParameters, Parameters
from analytics.rest.permissions import Access, Caller, caller_of, visible


class ApiView(GenericAPIView[Any]):
    """Knows its caller, reads its query parameters, answers in UTC.

    Subclasses say who may call which method (`access`), which query parameters GET takes (`parameters`), and
    which rows there are (`queryset`), of which only those visible to the caller are ever looked at.
    """

    http_method_names = ["get", "head", "post"]
    access: ClassVar[Mapping[str, Access]]
    parameters: ClassVar[type[Parameters]] = Parameters
    is_raw: ClassVar[bool] = False
    """Hands out what came in as it came: not while learners are masked."""
    caller: Caller
    query: dict[str, Any]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.is_raw and masks_learners():
            raise PermissionDenied(RAW)
        self.caller = caller_of(request)
        self.query = (self.parameters if request.method in {"GET", "HEAD"} else Parameters).read(request.query_params)
        # Programs get one zone, whatever the member's pages show; MemberMiddleware undoes this.
        timezone.activate(datetime.UTC)

    @property
    def organisation(self) -> Organisation:
        return self.caller.organisation

    @property
    def sees_everything(self) -> bool:
        """True for callers from whom no row of the organisation is hidden: keys, and members with such a role."""
        return not isinstance(self.caller, Member) or self.caller.sees_everything

    def get_queryset(self) -> QuerySet[Any]:
        return visible(super().get_queryset(), self.caller)

    def read_body(self, body: type[Body], data: Any = None) -> dict[str, Any]:
        """The request's body as values.

        Raises:
            ValidationError: fields are missing, unknown or do not fit.
        """
        reader = body(data=self.request.data if data is None else data)
        reader.is_valid(raise_exception=True)
        return dict(reader.validated_data)

    def named(self, rows: QuerySet[Any], parameter: str) -> Any:
        """The row that a query parameter names by its external id, or None if the parameter was not given.

        Raises:
            InvalidParameters: the caller sees no such row.
        """
        return self._visible_row(rows, parameter, self.query.get(parameter), InvalidParameters)

    def named_in_body(self, rows: QuerySet[Any], field: str, external_id: str | None) -> Any:
        """The row that a field of the body names by its external id, or None if the field was not given.

        Raises:
            ValidationError: the caller sees no such row.
        """
        return self._visible_row(rows, field, external_id, ValidationError)

    def _visible_row(
        self, rows: QuerySet[Any], name: str, external_id: str | None, error: type[ValidationError]
    ) -> Any:
        if external_id is None:
            return None
        row = visible(rows, self.caller).filter(external_id=external_id).first()
        if row is None:
            raise error({name: [_("%r is not the id of anything here that you may see.") % external_id]})
        return row

    @staticmethod
    def found(rows: QuerySet[Any], **key: Any) -> Any:
        """The one of the rows with this key.

        Raises:
            Http404: there is none.
        """
        row = rows.filter(**key).first()
        if row is None:
            raise missing(rows.model, next(iter(key.values())))
        return row


def missing(model: type[Model], key: object) -> Http404:
    """What a caller hears of a row that is not there, or not theirs to see."""
    shown = key if isinstance(key, int) else str(key)
    return Http404(_("There is no %(name)s %(key)r.") % {"name": str(model._meta.verbose_name), "key": shown})


class ListView(ListModelMixin, ApiView):
    """GET: a page of rows in the view's `ordering`."""

    parameters: ClassVar[type[Parameters]] = PageParameters
    ordering: ClassVar[tuple[str, ...]] = ("-id",)

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.list(request, *args, **kwargs)


class DetailView(RetrieveModelMixin, ApiView):
    """GET: one row."""

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.retrieve(request, *args, **kwargs)

    def get_object(self) -> Any:
        return self.found(self.get_queryset(), **{self.lookup_field: self.kwargs[self.lookup_field]})


def rendered(serializer: type[BaseSerializer[Any]], row: Model, status: int = 200, location: str = "") -> Response:
    """One row in the form of the serializer; `location` says where it can be asked for again."""
    return Response(serializer(row).data, status=status, headers={"Location": location} if location else None)
