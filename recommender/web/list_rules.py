"""The page of list rules: what is pinned, boosted and blocked, what a new rule would change, what was called wrong."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from analytics.public import Activity, InvalidInput, Learner, MemberRequest, roles_required
from recommender.models import ListRule
from recommender.serving.steering import Preview, add_rule, end_rule, preview, said_wrong
from recommender.tables.runs import MODEL_ROLES

N_SHOWN = 100


class ListRuleForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    activity = forms.CharField(label=gettext_lazy("Activity"), required=False, help_text=gettext_lazy("Its id."))
    learner = forms.CharField(label=gettext_lazy("Only for the learner"), required=False)

    class Meta:
        model = ListRule
        fields = ["effect", "activity", "activity_kind", "factor", "course", "course_run", "learner", "ends_at", "why"]
        widgets = {
            "ends_at": forms.DateTimeInput(attrs={"type": "datetime-local"}),
            "course_run": forms.TextInput(),
            "why": forms.TextInput(),
        }
        labels = {
            "effect": gettext_lazy("What"),
            "activity_kind": gettext_lazy("Or all of a kind"),
            "factor": gettext_lazy("Factor of a boost"),
            "course": gettext_lazy("Only for learners of"),
            "course_run": gettext_lazy("Only for the run"),
            "ends_at": gettext_lazy("Ends"),
            "why": gettext_lazy("Why"),
        }
        help_texts = {
            "activity_kind": "",
            "factor": gettext_lazy("Strengths are multiplied with it: 2 doubles them, 0.5 halves them."),
            "course": gettext_lazy("Leave it empty for everybody."),
            "course_run": "",
            "ends_at": gettext_lazy("Leave it empty to let the rule hold until somebody ends it."),
        }

    def __init__(self, request: MemberRequest, **kwargs: Any) -> None:
        super().__init__(request.POST or None, initial={"activity": request.GET.get("activity")}, **kwargs)
        self.member = request.member
        self.instance.organisation = request.member.organisation
        courses = Activity.objects.visible_to(request.member).courses().order_by("name", "id")
        self.fields["course"].queryset = courses  # type: ignore[attr-defined]

    def clean_activity(self) -> Activity | None:
        found: Activity | None = self._named(Activity.objects.visible_to(self.member), "activity")
        return found

    def clean_learner(self) -> Learner | None:
        found: Learner | None = self._named(Learner.objects.visible_to(self.member), "learner")
        return found

    def _named(self, rows: Any, field: str) -> Any:
        external_id = self.cleaned_data[field]
        if not external_id:
            return None
        row = rows.filter(external_id=external_id).first()
        if row is None:
            raise forms.ValidationError(_("%r is not the id of anything here.") % external_id)
        return row

    def _post_clean(self) -> None:
        """The rule is checked where it is stored, by the same words for page and API."""
        for name, value in self.cleaned_data.items():
            setattr(self.instance, name, value)

    def tried(self) -> Preview | None:
        found: Preview | None = self._asked(lambda: preview(self.instance))
        return found

    def stored(self) -> ListRule | None:
        found: ListRule | None = self._asked(lambda: add_rule(self.instance, self.member))
        return found

    def _asked(self, ask: Any) -> Any:
        """None, with the reason at the field it belongs to, if it was refused."""
        if not self.is_valid():
            return None
        try:
            return ask()
        except InvalidInput as error:
            self.add_error(error.pointer if error.pointer in self.fields else None, str(error))
            return None


@roles_required(*MODEL_ROLES)
def list_rule_list(request: MemberRequest) -> HttpResponse:
    form = ListRuleForm(request)
    if request.method == "POST" and form.stored():
        messages.success(request, _("The rule holds within seconds."))
        return redirect("list_rule_list")
    organisation = request.member.organisation
    names = ("activity", "course", "learner", "by__login", "ended_by__login")
    rows = ListRule.objects.filter(organisation=organisation).select_related(*names)[:N_SHOWN]
    context = {"form": form, "rows": rows, "wrong": said_wrong(organisation)}
    return render(request, "recommender/list_rule_list.html", context)


@require_POST
@roles_required(*MODEL_ROLES)
def list_rule_preview(request: MemberRequest) -> HttpResponse:
    form = ListRuleForm(request)
    found = form.tried()
    return render(request, "recommender/_list_rule_preview.html", {"form": form, "found": found})


@require_POST
@roles_required(*MODEL_ROLES)
def list_rule_end(request: MemberRequest, pk: int) -> HttpResponse:
    rule = get_object_or_404(ListRule, organisation=request.member.organisation, pk=pk)
    try:
        end_rule(rule, request.member, request.POST.get("why", ""))
        messages.success(request, _("The rule has ended."))
    except InvalidInput as error:
        messages.error(request, str(error))
    return redirect("list_rule_list")
