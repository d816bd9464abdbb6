"""Django's admin for what analytics keeps."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth import get_user_model, password_validation
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics import members
from analytics.admin_base import JobAdmin, OrganisationFilter, ReadOnlyAdmin, TenancyAdmin, TenancyForm
from analytics.errors import InvalidInput
from analytics.models import (
    Activity,
    ActivityDay,
    ApiKey,
    ColumnMapping,
    CourseTotal,
    DirtyDay,
    Enrolment,
    Event,
    EventKey,
    Import,
    Learner,
    LearnerDay,
    LearnerTotal,
    Member,
    MemberAction,
    MemberChange,
    Organisation,
    OrganisationDay,
    Prerequisite,
    Role,
    RollBack,
    RollupRefresh,
    RowVerdict,
    Scope,
    Upload,
)

admin.site.site_header = gettext_lazy("Neuralink administration")
admin.site.site_title = gettext_lazy("Neuralink")
admin.site.index_title = gettext_lazy("What is kept")
admin.site.empty_value_display = "–"


@admin.register(Organisation)
class OrganisationAdmin(TenancyAdmin):
    organisation_field = "pk"
    list_display = ["name", "slug", "time_zone", "is_synthetic", "as_of", "created_at"]
    search_fields = ["name", "slug"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # it would gather millions of events into the page that asks whether one is sure

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [] if obj is None else ["slug"]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {}


class MemberForm(TenancyForm):
    """Names the login by its username; a name that nobody has yet becomes a new login."""

    username = forms.CharField(
        max_length=150,
        label=gettext_lazy("login name"),
        help_text=gettext_lazy("An unknown name becomes a new login; a known one keeps its password."),
    )
    password = forms.CharField(
        required=False, label=gettext_lazy("password of a new login"), widget=forms.PasswordInput, strip=False
    )

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        name, password = values.get("username"), values.get("password")
        self.login: Any = get_user_model().objects.filter(username=name).first()
        if name and self.login is None:
            if not password:
                self.add_error("password", _("There is no login of this name yet: give it a password."))
            else:
                self.login = self._new_login(name, password)
        elif self.login and Member.objects.filter(login=self.login, organisation=values.get("organisation")).exists():
            self.add_error("username", _("This login is a member of the organisation already."))
        elif password:
            self.add_error("password", _("This login exists already; its password can be changed by itself only."))
        return values

    def _new_login(self, name: str, password: str) -> Any:
        login = get_user_model()(username=name)
        try:
            login.full_clean(exclude=["password"])
            password_validation.validate_password(password, login)
        except forms.ValidationError as error:
            self.add_error(None, error.messages)
        login.set_password(password)
        return login


class MemberPlaceForm(TenancyForm):
    """An existing member; whoever runs the machine may not leave an organisation without administrator either."""

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if self.instance.pk and values.get("role") != Role.ADMINISTRATOR:
            try:
                with transaction.atomic():
                    members.keep_an_administrator(Member.objects.get(pk=self.instance.pk))
            except InvalidInput as error:
                self.add_error("role", str(error))
        return values


@admin.register(Member)
class MemberAdmin(TenancyAdmin):
    list_display = ["login", "role", "learner", "organisation", "created_at"]
    list_filter = [OrganisationFilter, "role"]
    list_select_related = ["login", "learner", "organisation"]
    search_fields = ["login__username", "login__email", "learner__name", "learner__external_id"]
    autocomplete_fields = ["learner", "courses"]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **(kwargs | {"form": MemberPlaceForm if change else MemberForm}))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        rest = ["role", "learner", "courses", "time_zone"]
        return ["organisation", "login", *rest] if obj else ["organisation", "username", "password", *rest]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj), *(["login"] if obj else [])]

    def save_model(self, request: HttpRequest, obj: Member, form: Any, change: bool) -> None:
        """Data administrators may open this admin, so their login is made staff; the walls are TenancyAdmin's."""
        if not change:
            form.login.save()
            obj.login = form.login
        before = Member.objects.get(pk=obj.pk).role if change else ""
        if obj.role == Role.ADMINISTRATOR and not obj.login.is_staff:
            obj.login.is_staff = True
            obj.login.save(update_fields=["is_staff"])
        super().save_model(request, obj, form, change)
        if before != obj.role:
            by = Member.objects.filter(login=request.user.pk, organisation=obj.organisation).first()
            members.note(obj, MemberAction.ROLE if change else MemberAction.INVITED, by, before, obj.role)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # what they did stays theirs: members are deactivated, in the settings


@admin.register(MemberChange)
class MemberChangeAdmin(ReadOnlyAdmin):
    list_display = ["at", "name", "action", "before", "after", "by", "organisation"]
    list_filter = [OrganisationFilter, "action"]
    list_select_related = ["by__login", "organisation"]
    ordering = ["-id"]


@admin.register(Learner)
class LearnerAdmin(TenancyAdmin):
    list_display = ["external_id", "name", "organisation", "n_events", "last_on", "created_at"]
    list_filter = [OrganisationFilter]
    list_select_related = ["organisation", "total"]
    search_fields = ["external_id", "name"]

    @admin.display(description=gettext_lazy("events"), ordering="total__n_events")
    def n_events(self, learner: Learner) -> int:
        return learner.total.n_events if hasattr(learner, "total") else 0

    @admin.display(description=gettext_lazy("last active on"), ordering="total__last_on")
    def last_on(self, learner: Learner) -> Any:
        return learner.total.last_on if hasattr(learner, "total") else None

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # the events of a learner are part of every total


@admin.register(Activity)
class ActivityAdmin(TenancyAdmin):
    list_display = ["name", "kind", "external_id", "course", "position", "organisation", "opens_at", "closes_at"]
    list_filter = [OrganisationFilter, "kind"]
    list_select_related = ["course", "organisation"]
    search_fields = ["external_id", "name"]
    autocomplete_fields = ["parent", "course"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # the events on an activity are part of every total


@admin.register(Prerequisite)
class PrerequisiteAdmin(ReadOnlyAdmin):
    list_display = ["activity", "needed", "organisation"]
    list_filter = [OrganisationFilter]
    list_select_related = ["activity", "needed", "organisation"]
    ordering = ["-id"]
    sortable_by = ()


@admin.register(Enrolment)
class EnrolmentAdmin(TenancyAdmin):
    list_display = ["learner", "course", "course_run", "outcome", "grade_share", "started_at", "ended_at"]
    list_filter = [OrganisationFilter, "outcome"]
    list_select_related = ["learner", "course"]
    search_fields = ["learner__external_id", "learner__name", "course__external_id", "course__name"]
    autocomplete_fields = ["learner", "course"]


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ["occurred_at", "learner", "verb", "activity", "value", "unit", "from_import", "organisation"]
    list_filter = [OrganisationFilter, "verb"]
    list_select_related = ["learner", "activity", "from_import", "organisation"]
    # Newest id first: by the primary key, while an order by time would sort the whole table.
    ordering = ["-id"]
    sortable_by = ()
    search_fields = ["=learner__external_id"]
    search_help_text = gettext_lazy("exactly a learner's external id")


@admin.register(EventKey)
class EventKeyAdmin(ReadOnlyAdmin):
    list_display = ["key", "from_import", "organisation"]
    list_filter = [OrganisationFilter]
    list_select_related = ["from_import", "organisation"]
    ordering = ["-id"]
    sortable_by = ()
    search_fields = ["=key"]


@admin.register(Import)
class ImportAdmin(JobAdmin):
    list_display = ["__str__", "format", "state", "n_read", "n_accepted", "n_merged", "n_rejected", "created_at"]
    list_filter = [OrganisationFilter, "state", "format", "is_dry_run"]
    search_fields = ["source_name", "fingerprint"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._may_touch(request, None)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        return redirect("import_new")


@admin.register(Upload)
class UploadAdmin(ReadOnlyAdmin):
    list_display = ["file_name", "n_bytes", "n_received", "by_member", "by_key", "organisation", "touched_at"]
    list_filter = [OrganisationFilter]
    list_select_related = ["by_member__login", "by_key", "organisation"]
    ordering = ["-id"]


@admin.register(ColumnMapping)
class ColumnMappingAdmin(ReadOnlyAdmin):
    list_display = ["format", "options", "organisation", "used_at"]
    list_filter = [OrganisationFilter]
    list_select_related = ["organisation"]
    ordering = ["-id"]


@admin.register(RowVerdict)
class RowVerdictAdmin(ReadOnlyAdmin):
    list_display = ["from_import", "file_name", "row_number", "verdict", "code", "sentence"]
    list_filter = [OrganisationFilter, "verdict"]
    list_select_related = ["from_import"]
    ordering = ["-id"]
    sortable_by = ()
    search_fields = ["=code"]
    search_help_text = gettext_lazy("exactly a verdict's code")


@admin.register(RollBack)
class RollBackAdmin(JobAdmin):
    list_display = ["__str__", "state", "n_events", "n_enrolments", "n_learners", "n_activities", "created_at", "error"]


@admin.register(RollupRefresh)
class RollupRefreshAdmin(JobAdmin):
    list_display = ["__str__", "state", "n_days", "attempt", "created_at", "finished_at", "error"]


@admin.register(OrganisationDay)
class OrganisationDayAdmin(ReadOnlyAdmin):
    list_display = ["on", "organisation", "n_learners", "n_events", "n_completions", "n_results"]
    list_filter = [OrganisationFilter]
    list_select_related = ["organisation"]
    ordering = ["-on", "-id"]


@admin.register(ActivityDay)
class ActivityDayAdmin(ReadOnlyAdmin):
    list_display = ["on", "activity", "n_learners", "n_events", "n_completions", "n_results"]
    list_filter = [OrganisationFilter]
    list_select_related = ["activity"]
    ordering = ["-id"]
    sortable_by = ()
    search_fields = ["=activity__external_id"]


@admin.register(LearnerDay)
class LearnerDayAdmin(ReadOnlyAdmin):
    list_display = ["on", "learner", "course", "n_activities", "n_events", "n_completions", "n_results"]
    list_filter = [OrganisationFilter]
    list_select_related = ["learner", "course"]
    ordering = ["-id"]
    sortable_by = ()
    search_fields = ["=learner__external_id"]


@admin.register(LearnerTotal)
class LearnerTotalAdmin(ReadOnlyAdmin):
    list_display = ["learner", "organisation", "n_events", "n_completions", "n_days", "first_on", "last_on"]
    list_filter = [OrganisationFilter]
    list_select_related = ["learner", "organisation"]
    ordering = ["-id"]
    search_fields = ["=learner__external_id"]


@admin.register(CourseTotal)
class CourseTotalAdmin(ReadOnlyAdmin):
    list_display = ["learner", "course", "n_events", "n_completions", "n_days", "first_on", "last_on"]
    list_filter = [OrganisationFilter]
    list_select_related = ["learner", "course", "organisation"]
    ordering = ["-id"]
    sortable_by = ()
    search_fields = ["=learner__external_id"]


@admin.register(DirtyDay)
class DirtyDayAdmin(ReadOnlyAdmin):
    list_display = ["on", "organisation", "lost_events"]
    list_filter = [OrganisationFilter]
    list_select_related = ["organisation"]
    ordering = ["-id"]


class ApiKeyForm(TenancyForm):
    scopes = forms.MultipleChoiceField(choices=Scope.choices, widget=forms.CheckboxSelectMultiple)


@admin.register(ApiKey)
class ApiKeyAdmin(TenancyAdmin):
    form: type[TenancyForm] = ApiKeyForm
    fields = ["organisation", "name", "scopes", "expires_at"]
    list_display = ["name", "prefix", "scopes", "organisation", "expires_at", "revoked_at", "last_used_at"]
    list_filter = [OrganisationFilter]
    list_select_related = ["organisation"]
    search_fields = ["name", "prefix"]
    actions = ["revoke"]
    told: tuple[str, ...] = ("prefix", "created_by", "created_at", "revoked_at", "last_used_at")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [*super().get_fields(request, obj), *(self.told if obj else [])]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # A key's rights do not change under the feet of whoever uses it: revoke it and make another.
        return obj is None and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        by = Member.objects.filter(login=request.user.pk, organisation=obj.organisation).first()
        key, request.secret = ApiKey.objects.issue(  # type: ignore[attr-defined]
            obj.organisation, obj.name, obj.scopes, by, obj.expires_at
        )
        obj.pk, obj.prefix = key.pk, key.prefix

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:
        """Show the secret in this one answer; a message would keep it in a cookie or in the session."""
        context = self.admin_site.each_context(request) | {
            "title": _("The key %s was made") % obj.name,
            "opts": self.opts,
            "secret": request.secret,  # type: ignore[attr-defined]
        }
        return TemplateResponse(request, "admin/analytics/apikey/secret.html", context)

    @admin.action(description=gettext_lazy("Revoke the chosen keys, for ever"), permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        n_revoked = queryset.filter(revoked_at__isnull=True).update(revoked_at=timezone.now())
        self.message_user(request, _("%d keys were revoked.") % n_revoked)
