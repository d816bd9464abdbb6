"""Query parameters and bodies whose every name is known: a mistyped one is refused, never ignored."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.fields import SkipField


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
        parameters, defaults = _reader(cls), _defaults(cls)
        if not query and defaults is not None:
            return _copied(defaults)
        cls._check_names(query)
        if defaults is not None:
            with suppress(serializers.ValidationError, SkipField):
                asked = {name: parameters.fields[name] for name in query}
                return _copied(defaults) | {
                    n: field.run_validation(field.get_value(query)) for n, field in asked.items()
                }
        try:
            return dict(parameters.run_validation(query))
        except serializers.ValidationError as error:
            raise InvalidParameters(error.detail) from error

    @classmethod
    def _check_names(cls, query: QueryDict) -> None:
        fields = _reader(cls).fields
        many = {name for name in query if isinstance(fields.get(name), serializers.ListField)}
        known = ", ".join(fields) or _("none")
        wrong = {
            name: [_("There is no such parameter here. Known: %s.") % known] for name in query.keys() - fields.keys()
        } | {
            name: [_("This parameter was given more than once.")]
            for name in query.keys() & fields.keys() - many
            if len(query.getlist(name)) > 1
        }
        if wrong:
            raise InvalidParameters(wrong)


@cache
def _reader(parameters: type[Parameters]) -> Parameters:
    """One for all requests, because DRF copies every field for each serializer; validating leaves nothing in it."""
    return parameters()


@cache
def _defaults(parameters: type[Parameters]) -> dict[str, Any] | None:
    """What an empty query means; None where something must be given, or where parameters are looked at together.

    Most requests give one parameter of ten, and DRF would validate all of them.
    """
    is_alone = parameters.validate is serializers.Serializer.validate
    if not is_alone or any(hasattr(parameters, f"validate_{name}") for name in _reader(parameters).fields):
        return None
    try:
        return dict(_reader(parameters).run_validation(QueryDict()))
    except serializers.ValidationError:
        return None


def _copied(values: Mapping[str, Any]) -> dict[str, Any]:
    """With lists of their own, for whoever adds to one."""
    return {name: list(value) if isinstance(value, list) else value for name, value in values.items()}


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
