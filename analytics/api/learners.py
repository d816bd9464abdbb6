"""Learners: who there is, and what is known of one."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, Q, QuerySet
from rest_framework import serializers

from analytics.models import Activity, Enrolment, Learner, LearnerTotal, Scope
from analytics.rest.parameters import ExternalIdField, PageParameters
from analytics.rest.permissions import EVERY_ROLE, Access, visible
from analytics.rest.views import DetailView, ListView

READING = {"GET": Access(Scope.LEARNERS_READ, EVERY_ROLE)}


class LearnerTotalSerializer(serializers.ModelSerializer[LearnerTotal]):
    """All days of the learner added up."""

    class Meta:
        model = LearnerTotal
        fields = ["n_events", "n_completions", "n_days", "first_on", "last_on"]
        read_only_fields = fields


class EnrolmentSerializer(serializers.ModelSerializer[Enrolment]):
    course = serializers.CharField(source="course.external_id", read_only=True, help_text="the course's external id")

    class Meta:
        model = Enrolment
        fields = ["course", "course_run", "started_at", "ended_at", "outcome", "grade_share"]
        read_only_fields = fields


class LearnerSerializer(serializers.ModelSerializer[Learner]):
    total = LearnerTotalSerializer(read_only=True, allow_null=True, help_text="null before the first event")

    class Meta:
        model = Learner
        fields = ["external_id", "name", "created_at", "total"]
        read_only_fields = fields


class LearnerDetailSerializer(LearnerSerializer):
    enrolments = EnrolmentSerializer(many=True, read_only=True)

    class Meta(LearnerSerializer.Meta):
        fields = [*LearnerSerializer.Meta.fields, "attributes", "enrolments"]
        read_only_fields = fields


class LearnerParameters(PageParameters):
    search = serializers.CharField(required=False, help_text="a part of the name or of the external id")
    external_id = ExternalIdField(required=False, help_text="exactly this one; for ids that no path can carry")


class LearnerList(ListView):
    """Learners in the order in which they became known."""

    access = READING
    parameters = LearnerParameters
    serializer_class = LearnerSerializer
    queryset = Learner.objects.select_related("total")
    ordering = ("id",)

    def get_queryset(self) -> QuerySet[Any]:
        rows = super().get_queryset()
        if "external_id" in self.query:
            rows = rows.filter(external_id=self.query["external_id"])
        if search := self.query.get("search"):
            rows = rows.filter(Q(name__icontains=search) | Q(external_id__icontains=search))
        return rows


class LearnerDetail(DetailView):
    """One learner with enrolments, and what the source told of them."""

    access = READING
    serializer_class = LearnerDetailSerializer
    queryset = Learner.objects.select_related("total")
    lookup_field = "external_id"

    def get_queryset(self) -> QuerySet[Any]:
        courses = visible(Activity.objects.courses(), self.caller)
        enrolments = Enrolment.objects.filter(course__in=courses).select_related("course")
        return super().get_queryset().prefetch_related(Prefetch("enrolments", enrolments))
