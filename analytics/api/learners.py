"""Learners: who there is, and what is known of one."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, QuerySet
from rest_framework import serializers

from analytics.aggregates.lists import learners_with_activity, matching
from analytics.models import Activity, Enrolment, Learner, Member, Role, Scope
from analytics.models.masking import masks_learners
from analytics.rest.parameters import ExternalIdField, PageParameters
from analytics.rest.permissions import EVERY_ROLE, Access, Caller, visible
from analytics.rest.views import DetailView, ListView

READING = {"GET": Access(Scope.LEARNERS_READ, EVERY_ROLE)}


class LearnerTotalSerializer(serializers.Serializer[Learner]):
    """All days of the learner added up, as far as the caller may see them: an instructor's are of their courses."""

    n_events = serializers.IntegerField(read_only=True)
    n_completions = serializers.IntegerField(read_only=True)
    n_days = serializers.IntegerField(source="n_active_days", read_only=True)
    first_on = serializers.DateField(read_only=True, allow_null=True)
    last_on = serializers.DateField(read_only=True, allow_null=True)


class EnrolmentSerializer(serializers.ModelSerializer[Enrolment]):
    course = serializers.CharField(source="course.external_id", read_only=True, help_text="the course's external id")

    class Meta:
        model = Enrolment
        fields = ["course", "course_run", "started_at", "ended_at", "outcome", "grade_share", "attempt"]
        read_only_fields = fields


class LearnerSerializer(serializers.ModelSerializer[Learner]):
    """In a session that presents, a pseudonym stands for id and name, and what the source told is left out."""

    external_id = serializers.CharField(
        source="shown_id", read_only=True, help_text="the source's id; unique in the organisation"
    )
    total = LearnerTotalSerializer(source="*", read_only=True)

    class Meta:
        model = Learner
        fields = ["external_id", "name", "created_at", "total"]
        read_only_fields = fields

    def to_representation(self, instance: Learner) -> dict[str, Any]:
        told: dict[str, Any] = super().to_representation(instance)
        if masks_learners():
            told |= {"name": instance.shown_name} | ({"attributes": {}} if "attributes" in told else {})
        return told


class LearnerDetailSerializer(LearnerSerializer):
    enrolments = EnrolmentSerializer(many=True, read_only=True)

    class Meta(LearnerSerializer.Meta):
        fields = [*LearnerSerializer.Meta.fields, "attributes", "enrolments"]
        read_only_fields = fields


def with_total(learners: QuerySet[Any], caller: Caller) -> QuerySet[Any]:
    """As the page of learners counts: what an instructor sees is of their own courses."""
    if isinstance(caller, Member) and caller.role == Role.INSTRUCTOR:
        return learners_with_activity(learners, list(caller.courses.values_list("pk", flat=True)))
    return learners_with_activity(learners)


class LearnerParameters(PageParameters):
    search = serializers.CharField(required=False, help_text="a part of the name or of the external id")
    external_id = ExternalIdField(required=False, help_text="exactly this one; for ids that no path can carry")


class LearnerList(ListView):
    """Learners in the order in which they became known."""

    access = READING
    parameters = LearnerParameters
    serializer_class = LearnerSerializer
    queryset = Learner.objects.all()
    ordering = ("id",)

    def get_queryset(self) -> QuerySet[Any]:
        rows = with_total(super().get_queryset(), self.caller)
        if "external_id" in self.query:
            rows = rows.filter(external_id=self.query["external_id"])
        if search := self.query.get("search"):
            rows = matching(rows, search)
        return rows


class LearnerDetail(DetailView):
    """One learner with enrolments, and what the source told of them."""

    access = READING
    serializer_class = LearnerDetailSerializer
    queryset = Learner.objects.all()
    lookup_field = "external_id"

    def get_queryset(self) -> QuerySet[Any]:
        courses = visible(Activity.objects.courses(), self.caller)
        enrolments = Enrolment.objects.filter(course__in=courses).select_related("course")
        rows = with_total(super().get_queryset(), self.caller)
        return rows.prefetch_related(Prefetch("enrolments", enrolments))
