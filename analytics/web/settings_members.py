"""Members of the organisation: who they are, what they may do, and who changed it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from analytics import members
from analytics.access import MemberRequest, roles_required
from analytics.errors import InvalidInput
from analytics.models import Activity, Learner, Member, MemberChange, Organisation, Role
from analytics.tables.page import list_page

LATEST_CHANGES = 20


class PlaceForm(forms.Form):
    """What a member may do here: role, and what belongs to it."""

    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=Role.choices, initial=Role.INSTRUCTOR)
    courses = forms.ModelMultipleChoiceField(
        queryset=Activity.objects.none(),
        label=gettext_lazy("Courses of an instructor"),
        required=False,
        help_text=gettext_lazy("They see these courses and the learners in them, nothing else."),
    )
    learner = forms.CharField(
        label=gettext_lazy("Id of the learner"),
        required=False,
        help_text=gettext_lazy("For the role learner: whose own page this is."),
    )

    def __init__(self, organisation: Organisation, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.organisation = organisation
        courses: Any = self.fields["courses"]
        courses.queryset = Activity.objects.filter(organisation=organisation).courses().order_by("name", "pk")

    def clean_learner(self) -> Learner | None:
        external_id = self.cleaned_data["learner"].strip()
        if not external_id:
            return None
        found = Learner.objects.filter(organisation=self.organisation, external_id=external_id).first()
        if found is None:
            raise forms.ValidationError(_("There is no learner with the id “%s” here.") % external_id)
        return found

    def clean(self) -> dict[str, Any]:
        """A learner or courses that do not belong to the role are not kept."""
        values = super().clean() or self.cleaned_data
        if values.get("role") != Role.LEARNER:
            values["learner"] = None
        return values


class InvitationForm(PlaceForm):
    username = forms.CharField(
        max_length=150,
        label=gettext_lazy("Login name"),
        help_text=gettext_lazy("A new name becomes a new login; a known one keeps its password."),
    )
    email = forms.EmailField(label=gettext_lazy("E-mail address"), required=False)
    field_order = ["username", "email", "role", "courses", "learner"]


def of_organisation(request: MemberRequest, pk: int) -> Member:
    rows = Member.objects.select_related("login", "learner", "organisation")
    found: Member = get_object_or_404(rows, organisation=request.member.organisation, pk=pk)
    return found


@never_cache
@roles_required(Role.ADMINISTRATOR)
def member_list(request: MemberRequest) -> HttpResponse:
    """The link of a new member is in this one answer: a redirect would have to keep it somewhere."""
    organisation, context = request.member.organisation, dict[str, Any]()
    form = InvitationForm(organisation, request.POST or None)
    if request.method == "POST" and form.is_valid():
        context = invited(request, form)
        form = form if form.errors else InvitationForm(organisation)
    context |= {"form": form, "changes": changes_of(organisation)[:LATEST_CHANGES]}
    context["n_members"] = Member.objects.filter(organisation=organisation).active().count()
    return list_page(request, "members", "analytics/member_list.html", lambda: context)


def changes_of(organisation: Organisation) -> Any:
    return MemberChange.objects.filter(organisation=organisation).select_related("by__login", "member")


def invited(request: MemberRequest, form: InvitationForm) -> dict[str, Any]:
    """The new member, and the link to hand on if their login is new."""
    given = form.cleaned_data
    try:
        made = members.invite(
            request.member.organisation, given["username"], given["role"], request.member,
            given["email"], given["learner"], list(given["courses"]),
        )  # fmt: skip
    except InvalidInput as error:
        form.add_error(error.pointer if error.pointer in form.fields else None, str(error))
        return {}
    return (
        {"made": made}
        if made.login.has_usable_password()
        else {"made": made, "link": members.hand_out_link(made, request.member)}
    )


@roles_required(Role.ADMINISTRATOR)
def member_page(request: MemberRequest, pk: int) -> HttpResponse:
    member = of_organisation(request, pk)
    initial = {"role": member.role, "courses": member.courses.all()}
    initial["learner"] = member.learner.external_id if member.learner else ""
    form = PlaceForm(request.member.organisation, request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid() and changed(request, member, form):
        return redirect("member_page", pk=pk)
    context = {"form": form, "shown": member, "may_have_link": members.may_have_link(member)}
    context["changes"] = changes_of(member.organisation).filter(member=member)[:LATEST_CHANGES]
    return render(request, "analytics/member_page.html", context)


def changed(request: MemberRequest, member: Member, form: PlaceForm) -> bool:
    given = form.cleaned_data
    try:
        members.change(member, request.member, given["role"], given["learner"], list(given["courses"]))
    except InvalidInput as error:
        form.add_error(error.pointer if error.pointer in form.fields else None, str(error))
        return False
    messages.success(request, _("Saved."))
    return True


@require_POST
@roles_required(Role.ADMINISTRATOR)
def member_deactivate(request: MemberRequest, pk: int) -> HttpResponse:
    """Shut the member out, or let them in again."""
    member = of_organisation(request, pk)
    deed = members.activate if member.deactivated_at else members.deactivate
    try:
        deed(member, request.member)
    except InvalidInput as error:
        messages.error(request, str(error))
    return redirect("member_page", pk=pk)


@never_cache
@require_POST
@roles_required(Role.ADMINISTRATOR)
def member_link(request: MemberRequest, pk: int) -> HttpResponse:
    """A new link to set a password with, in this one answer."""
    member = of_organisation(request, pk)
    try:
        found = members.hand_out_link(member, request.member)
    except InvalidInput as error:
        messages.error(request, str(error))
        return redirect("member_page", pk=pk)
    return render(request, "analytics/member_link.html", {"shown": member, "link": found})
