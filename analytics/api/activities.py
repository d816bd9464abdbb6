"""Activities: what can be learnt with."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from rest_framework import serializers

from analytics.models import Activity, Kind, Scope
from analytics.rest.parameters import ExternalIdField, PageParameters
from analytics.rest.permissions import EVERY_ROLE, Access
from analytics.rest.views import DetailView, ListView

READING = {"GET": Access(Scope.ACTIVITIES_READ, EVERY_ROLE)}


class ActivitySerializer(serializers.ModelSerializer[Activity]):
    course = serializers.CharField(
        source="course.external_id", read_only=True, allow_null=True, help_text="external id of the nearest course"
    )
    parent: Any = serializers.CharField(
        source="parent.external_id", read_only=True, allow_null=True, help_text="external id of the activity above"
    )

    class Meta:
        model = Activity
        fields = [
            "external_id",
            "kind",
            "name",
            "course",
            "parent",
            "position",
            "tags",
            "opens_at",
            "closes_at",
            "created_at",
        ]
        read_only_fields = fields


class ActivityParameters(PageParameters):
    kind = serializers.ChoiceField(choices=Kind.choices, required=False)
    course = ExternalIdField(required=False, help_text="external id of a course: only its parts")
    search = serializers.CharField(required=False, help_text="a part of the name or of the external id")
    external_id = ExternalIdField(required=False, help_text="exactly this one; for ids that no path can carry")


class ActivityList(ListView):
    """Activities in the order in which they became known."""

    access = READING
    parameters = ActivityParameters
    serializer_class = ActivitySerializer
    queryset = Activity.objects.select_related("course", "parent")
    ordering = ("id",)

    def get_queryset(self) -> QuerySet[Any]:
        rows = super().get_queryset()
        exact: dict[str, Any] = {name: self.query[name] for name in ("kind", "external_id") if name in self.query}
        if course := self.named(Activity.objects.courses(), "course"):
            exact["course_id"] = course.pk
        if search := self.query.get("search"):
            rows = rows.filter(Q(name__icontains=search) | Q(external_id__icontains=search))
        return rows.filter(**exact)


class ActivityDetail(DetailView):
    """One activity."""

    access = READING
    serializer_class = ActivitySerializer
    queryset = Activity.objects.select_related("course", "parent")
    lookup_field = "external_id"
