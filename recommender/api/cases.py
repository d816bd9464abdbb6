"""The worklist: who waits, and what is done with them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.public import Enrolment, InvalidInput, Member, Scope
from analytics.rest.parameters import Body, ExternalIdField, PageParameters
from analytics.rest.permissions import Access
from analytics.rest.views import ApiView, ListView
from recommender.api.risks import RiskSerializer, enrolments_of, of_the_asked
from recommender.models import Case, Risk
from recommender.worklist import actions
from recommender.worklist.rows import STATES, Worklist, with_names
from recommender.worklist.seen import CASE_ROLES, chosen_enrolments

READING = {"GET": Access(Scope.RISKS_READ, CASE_ROLES)}
WRITING = {"POST": Access(Scope.CASES_WRITE, CASE_ROLES)}
ACTIONS = ("assign", "snooze", "finish", "reopen")


class CaseSerializer(serializers.ModelSerializer[Case]):
    enrolment = serializers.IntegerField(source="enrolment_id", read_only=True)
    assigned_to = serializers.CharField(source="assigned_to.login.username", read_only=True, allow_null=True)
    changed_by = serializers.CharField(source="changed_by.login.username", read_only=True, allow_null=True)

    class Meta:
        model = Case
        fields = ["enrolment", "assigned_to", "snoozed_until", "done_on", "changed_by", "changed_at"]
        read_only_fields = fields


class WaitingSerializer(RiskSerializer):
    case = CaseSerializer(source="enrolment.case", read_only=True, default=None, allow_null=True)


class WorklistParameters(PageParameters):
    state = serializers.ChoiceField(choices=STATES, default="waiting", required=False)
    learner = ExternalIdField(required=False, help_text="external id of a learner")
    course = ExternalIdField(required=False, help_text="external id of a course")
    min_share = serializers.FloatField(min_value=0, max_value=1, required=False, help_text="least risk_share")


class WorklistList(ListView):
    """Who may need help, the highest risk first, as on the page; `mine` asks for a member's session."""

    access = READING
    parameters = WorklistParameters
    serializer_class = WaitingSerializer
    queryset = Risk.objects.none()
    ordering = ("-risk_share", "-id")

    def get_queryset(self) -> QuerySet[Any]:
        caller = self.caller
        worklist = Worklist.of(caller) if isinstance(caller, Member) else Worklist.of_organisation(self.organisation)
        rows = worklist.in_state(self.query["state"]).filter(risk_share__isnull=False)
        return of_the_asked(with_names(rows), self)


class NewAction(Body):
    action = serializers.ChoiceField(choices=ACTIONS)
    enrolments = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1), help_text="ids, as the lists tell them"
    )
    assigned_to = serializers.CharField(
        required=False, allow_null=True, default=None, help_text="with assign: login name of a colleague; null: nobody"
    )
    until = serializers.DateField(
        required=False, allow_null=True, default=None, help_text="with snooze: the day on which they are back"
    )


class WorklistActions(ApiView):
    """Assign, snooze, be done with or take up again: all of the named enrolments, or none where one is at fault."""

    access = WRITING
    serializer_class = CaseSerializer

    @extend_schema(request=NewAction, responses={200: CaseSerializer(many=True)})
    def post(self, request: Request) -> Response:
        wanted = self.read_body(NewAction)
        enrolments = chosen_enrolments(enrolments_of(self.caller), wanted["enrolments"], settings.NEURALINK_BULK_ROWS)
        self._act(enrolments, wanted)
        cases = Case.objects.filter(enrolment__in=enrolments).order_by("enrolment_id")
        found = cases.select_related("assigned_to__login", "changed_by__login")
        return Response(CaseSerializer(found, many=True).data)

    def _act(self, enrolments: list[Enrolment], wanted: dict[str, Any]) -> None:
        by = self.caller if isinstance(self.caller, Member) else None
        if wanted["action"] == "assign":
            actions.assign(enrolments, self._assignee(wanted["assigned_to"]), by=by)
        elif wanted["action"] == "snooze":
            if wanted["until"] is None:
                raise InvalidInput(_("Say until which day."), "until")
            actions.snooze(enrolments, wanted["until"], by=by)
        else:
            {"finish": actions.finish, "reopen": actions.reopen}[wanted["action"]](enrolments, by=by)

    def _assignee(self, name: str | None) -> Member | None:
        if name is None:
            return None
        colleagues = actions.assignees(self.organisation)
        found = next((one for one in colleagues if one.login.get_username() == name), None)
        if found is None:
            raise InvalidInput(_("%r is not the login of anybody who works on cases here.") % name, "assigned_to")
        return found
