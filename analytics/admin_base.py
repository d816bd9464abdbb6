"""The walls of Django's admin: staff see and touch the organisations in which they are data administrator.

Superusers run the machine and see all of it. Django's own permissions (groups, "can change learner") play no
part for our models: the role decides.
"""

from __future__ import annotations

import zoneinfo
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.models import Organisation, Role

if TYPE_CHECKING:
    AdminOfAny = admin.ModelAdmin[Any]
    FormOfAny = forms.ModelForm[Any]
    PaginatorOfAny = Paginator[Any]
else:
    AdminOfAny, FormOfAny, PaginatorOfAny = admin.ModelAdmin, forms.ModelForm, Paginator

MOST_COUNTED = 10_000


def administered(request: HttpRequest) -> models.QuerySet[Organisation]:
    """The organisations whose rows this login may see and touch in the admin."""
    if not request.user.is_active or not request.user.is_staff:
        return Organisation.objects.none()
    if request.user.is_superuser:
        return Organisation.objects.all()
    return Organisation.objects.filter(
        members__login=request.user.pk, members__role=Role.ADMINISTRATOR, members__deactivated_at=None
    )


def administered_ids(request: HttpRequest) -> frozenset[int]:
    """The same as ids; read once a request."""
    if not hasattr(request, "_administered_ids"):
        ids = frozenset(administered(request).values_list("pk", flat=True))
        request._administered_ids = ids  # type: ignore[attr-defined]
    return request._administered_ids  # type: ignore[attr-defined,no-any-return]


class OrganisationFilter(admin.SimpleListFilter):
    """Django's own filter by foreign key would name every organisation there is."""

    title = gettext_lazy("organisation")
    parameter_name = "organisation"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        names = administered(request).values_list("pk", "name")
        return [(str(pk), name) for pk, name in names] if len(names) > 1 else []

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        chosen = self.value()
        if chosen is None:
            return queryset
        return queryset.filter(organisation=chosen) if chosen.isdecimal() else queryset.none()


class CountingPaginator(PaginatorOfAny):
    """Counts up to 10,000 rows and then stops: an exact count of millions would cost seconds on every page."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return rows.order_by().values("pk")[:MOST_COUNTED].count()  # type: ignore[no-any-return]


class TenancyForm(FormOfAny):
    """Whatever a row names must belong to the row's own organisation, also for those who see several."""

    def clean_time_zone(self) -> str:
        zone: str = self.cleaned_data["time_zone"]
        if zone and zone not in zoneinfo.available_timezones():
            raise forms.ValidationError(_("%s is no time zone. Give an IANA name such as Europe/Madrid.") % zone)
        return zone

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        organisation = values.get("organisation") or getattr(self.instance, "organisation", None)
        for name, value in list(values.items()):
            named = list(value) if isinstance(value, models.QuerySet) else [value]
            if any(
                getattr(row, "organisation_id", None) not in {None, organisation and organisation.pk} for row in named
            ):
                self.add_error(name, _("This belongs to another organisation."))
        return values


class TenancyAdmin(AdminOfAny):
    """Base of every admin page of both apps."""

    form = TenancyForm
    paginator = CountingPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # one count over the whole table for each choice of a filter
    list_per_page = 50
    organisation_field = "organisation_id"
    """Where a row says whose it is."""

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows = super().get_queryset(request)
        if request.user.is_superuser:
            return rows
        return rows.filter(**{f"{self.organisation_field}__in": administered_ids(request)})

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(administered_ids(request)) or request.user.is_superuser

    def _may_touch(self, request: HttpRequest, row: Any) -> bool:
        if request.user.is_superuser:
            return request.user.is_active
        ids = administered_ids(request)
        return bool(ids) if row is None else getattr(row, self.organisation_field) in ids

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_touch(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._may_touch(request, None)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_touch(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """A row never moves to another organisation: what refers to it would stay behind."""
        fields = list(super().get_readonly_fields(request, obj))
        return [*fields, "organisation"] if obj is not None and hasattr(obj, "organisation") else fields

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        preset = administered(request).first()
        return {"organisation": preset and preset.pk} | super().get_changeform_initial_data(request)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_foreignkey(db_field, request, **self._limited(db_field, request, kwargs))

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_manytomany(db_field, request, **self._limited(db_field, request, kwargs))

    @staticmethod
    def _limited(db_field: Any, request: HttpRequest, kwargs: dict[str, Any]) -> dict[str, Any]:
        """Choices of the login's own organisations; this is also what a sent value is checked against."""
        related = db_field.remote_field.model
        rows = kwargs.get("queryset", related._default_manager.all())
        if related is Organisation:
            return kwargs | {"queryset": rows.filter(pk__in=administered_ids(request))}
        if hasattr(related, "organisation_id") and not request.user.is_superuser:
            return kwargs | {"queryset": rows.filter(organisation__in=administered_ids(request))}
        return kwargs


class ReadOnlyAdmin(TenancyAdmin):
    """For rows that are the truth about what happened: they are read here, and changed by nobody."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class JobAdmin(ReadOnlyAdmin):
    """Jobs are read here, and may be asked to stop."""

    list_filter = [OrganisationFilter, "state"]
    list_select_related = ["organisation", "requested_by__login"]
    actions = ["cancel"]

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        return self._may_touch(request, None)

    @admin.action(description=gettext_lazy("Cancel the chosen ones"), permissions=["cancel"])
    def cancel(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        asked = [job.request_cancel() for job in queryset]
        self.message_user(
            request,
            _("%(asked)d of %(chosen)d asked to stop; the others had ended already.")
            % {"asked": sum(asked), "chosen": len(asked)},
        )
