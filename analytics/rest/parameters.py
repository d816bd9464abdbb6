"""Query parameters and bodies whose every name is known: a mistyped one is refused, never ignored."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from rest_framework import serializers


class InvalidParameters(serializers.ValidationError):
    """Like ValidationError, but its names are those of query parameters."""


class Parameters(serializers.Serializer[Any]):
    """The query parameters of one address; subclasses declare them as fields."""

    @classmethod
    def read(cls, query: QueryDict) -> dict[str, Any]:
        """The parameters as values.

        Raises:
            InvalidParameters: a name is unknown or repeated, or a value does not fit.
        """
        parameters = _reader(cls)
        many = {name for name, field in parameters.fields.items() if isinstance(field, serializers.ListField)}
        known = ", ".join(parameters.fields) or _("none")
        wrong = {
            name: [_("There is no such parameter here. Known: %s.") % known]
            for name in query.keys() - parameters.fields.keys()
        } | {
            name: [_("This parameter was given more than once.")]
            for name in query.keys() & parameters.fields.keys() - many
            if len(query.getlist(name)) > 1
        }
        if wrong:
            raise InvalidParameters(wrong)
        try:
            values = _reader(cls).run_validation(query)
        except serializers.ValidationError as error:
            raise InvalidParameters(error.detail) from error
        return dict(values)


@cache
def _reader(parameters: type[Parameters]) -> Parameters:
    """One for all requests, because DRF copies every field for each serializer; validating leaves nothing in it."""
    return parameters()


class PageParameters(Parameters):
    """Parameters of every list."""

    limit = serializers.IntegerField(min_value=1, max_value=500, default=50, help_text="rows on a page", required=False)
    after = serializers.CharField(required=False, help_text="where the page starts; take it from `next`")


class Body(serializers.Serializer[Any]):
    """A JSON object of a request; refuses fields that it does not know."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            known = ", ".join(self.fields) or _("none")
            unknown = [str(name) for name in data if name not in self.fields]
            if unknown:
                sentence = _("There is no such field here. Known: %s.") % known
                raise serializers.ValidationError({name: [sentence] for name in unknown})
        return super().to_internal_value(data)


class ExternalIdField(serializers.CharField):
    """An id of the source: any text; blanks at its ends belong to it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, **kwargs)
