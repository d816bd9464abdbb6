"""Members by API, for data administrators: who is here, invited, changed, shut out. No key may do this."""

from __future__ import annotations

from typing import Any, cast

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from analytics import members
from analytics.errors import InvalidInput
from analytics.models import Activity, Learner, Member, Role
from analytics.rest.parameters import Body, ExternalIdField
from analytics.rest.permissions import Access
from analytics.rest.views import ApiView, DetailView, ListView, rendered

ADMINISTRATORS = Access(None, (Role.ADMINISTRATOR,))
MEMBERS = Member.objects.select_related("login", "learner", "organisation").prefetch_related("courses")


class MemberSerializer(serializers.ModelSerializer[Member]):
    username = serializers.CharField(source="shown_login", read_only=True)
    email = serializers.CharField(source="shown_email", read_only=True)
    courses = serializers.SerializerMethodField(help_text="external ids of the courses that an instructor teaches")
    learner = serializers.SerializerMethodField(help_text="for the role learner: the learner's id")

    class Meta:
        model = Member
        fields = ["id", "username", "email", "role", "courses", "learner", "deactivated_at"]
        read_only_fields = fields

    def get_courses(self, member: Member) -> list[str]:
        return sorted(course.external_id for course in member.courses.all())

    def get_learner(self, member: Member) -> str | None:
        return member.learner.shown_id if member.learner else None


class LinkSerializer(serializers.Serializer[Any]):
    """A link to set a password with: in this answer and in the mail, and nowhere else."""

    url = serializers.CharField()
    mailed_to = serializers.CharField(allow_blank=True, help_text="empty: no address, or the mail was not taken")


class InvitedSerializer(MemberSerializer):
    link = serializers.SerializerMethodField(help_text="null where the login exists already and keeps its password")

    class Meta(MemberSerializer.Meta):
        fields = [*MemberSerializer.Meta.fields, "link"]
        read_only_fields = fields

    @extend_schema_field(LinkSerializer(allow_null=True))
    def get_link(self, member: Member) -> Any:
        link = self.context["link"]
        return None if link is None else LinkSerializer(link).data


class Place(Body):
    """What a member may do: role, and what belongs to it."""

    role = serializers.ChoiceField(choices=Role.choices)
    courses = serializers.ListField(
        child=ExternalIdField(max_length=255), required=False, max_length=1000, help_text="of an instructor"
    )
    learner = ExternalIdField(max_length=255, required=False, allow_null=True, help_text="of the role learner")


class Invitation(Place):
    username = serializers.CharField(max_length=150, help_text="a known login keeps its password")
    email = serializers.EmailField(required=False, default="", allow_blank=True)


class MemberView(ApiView):
    """What all of them share: who asks, and the rows that a body names."""

    queryset = MEMBERS

    @property
    def by(self) -> Member:
        return cast("Member", self.caller)

    def place(self, wanted: dict[str, Any], member: Member | None = None) -> dict[str, Any]:
        """Role, learner and courses of a body; what it leaves out stays as it is."""
        is_same = member is not None and member.role == wanted["role"]
        learner = self.named_in_body(Learner.objects.all(), "learner", wanted.get("learner"))
        courses = [self._course(external_id) for external_id in wanted.get("courses", ())]
        if is_same and member is not None:
            learner = member.learner if "learner" not in wanted else learner
            courses = list(member.courses.all()) if "courses" not in wanted else courses
        return {"role": wanted["role"], "learner": learner, "courses": courses}

    def _course(self, external_id: str) -> Activity:
        return cast("Activity", self.named_in_body(Activity.objects.courses(), "courses", external_id))


def refused(error: InvalidInput) -> ValidationError:
    """The same sentence as a problem that points at the field."""
    return ValidationError({error.pointer or "non_field_errors": [str(error)]})


class MemberList(MemberView, ListView):
    """All members of the organisation, those who were shut out too; newest first."""

    access = {"GET": ADMINISTRATORS, "POST": ADMINISTRATORS}
    serializer_class = MemberSerializer

    @extend_schema(request=Invitation, responses={201: InvitedSerializer})
    def post(self, request: Request) -> Response:
        """Invite somebody. A new login gets a link, which is also mailed to its address."""
        wanted = self.read_body(Invitation)
        try:
            made = members.invite(
                self.organisation, wanted["username"], by=self.by, email=wanted["email"], **self.place(wanted)
            )
        except InvalidInput as error:
            raise refused(error) from error
        link = None if made.login.has_usable_password() else members.hand_out_link(made, self.by)
        return Response(InvitedSerializer(made, context={"link": link}).data, status=201)


class MemberDetail(MemberView, DetailView):
    http_method_names = ["get", "head", "patch"]
    access = {"GET": ADMINISTRATORS, "PATCH": ADMINISTRATORS}
    serializer_class = MemberSerializer
    lookup_field = "pk"

    @extend_schema(request=Place, responses=MemberSerializer)
    def patch(self, request: Request, pk: int) -> Response:
        """Another role, other courses, another learner; what is left out stays, unless the role changes."""
        member = self.found(self.get_queryset(), pk=pk)
        wanted = self.read_body(Place)
        try:
            members.change(member, self.by, **self.place(wanted, member))
        except InvalidInput as error:
            raise refused(error) from error
        return rendered(MemberSerializer, self.found(self.get_queryset(), pk=pk))


class MemberDeactivation(MemberView):
    """Shut a member out from now on, sessions included; what they did stays."""

    access = {"POST": ADMINISTRATORS}

    @extend_schema(request=None, responses=MemberSerializer)
    def post(self, request: Request, pk: int) -> Response:
        member = self.found(self.get_queryset(), pk=pk)
        try:
            members.deactivate(member, self.by)
        except InvalidInput as error:
            raise refused(error) from error
        return rendered(MemberSerializer, member)


class MemberActivation(MemberView):
    """Let a member in again."""

    access = {"POST": ADMINISTRATORS}

    @extend_schema(request=None, responses=MemberSerializer)
    def post(self, request: Request, pk: int) -> Response:
        member = self.found(self.get_queryset(), pk=pk)
        members.activate(member, self.by)
        return rendered(MemberSerializer, member)


class MemberLink(MemberView):
    """A new link to set a password with; it is also mailed to the login's address."""

    access = {"POST": ADMINISTRATORS}

    @extend_schema(request=None, responses=LinkSerializer)
    def post(self, request: Request, pk: int) -> Response:
        member = self.found(self.get_queryset(), pk=pk)
        try:
            link = members.hand_out_link(member, self.by)
        except InvalidInput as error:
            raise refused(error) from error
        return Response(LinkSerializer(link).data)
