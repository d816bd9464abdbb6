"""The page of the rules by which models are trained anew."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from analytics.public import Activity, InvalidInput, MemberRequest, roles_required
from recommender.models import PromotionPolicy, RetrainRule
from recommender.tables.runs import MODEL_ROLES
from recommender.training.rules import checked, is_quiet, wanted
from recommender.web.algorithms import all_choices
from recommender.web.proposals import PolicyForm


class ConfigField(forms.JSONField):
    """Empty where nothing differs from the defaults: `null` would look like a value."""

    def prepare_value(self, value: Any) -> Any:
        return super().prepare_value(value) if value else ""


class RuleForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    algorithm = forms.ChoiceField(label=gettext_lazy("Algorithm"))
    config = ConfigField(
        label=gettext_lazy("Parameters"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": '{"regularization": 200}'}),
        help_text=gettext_lazy("A JSON object of those that differ from the defaults."),
    )

    class Meta:
        model = RetrainRule
        fields = [
            *("algorithm", "kind", "course", "config", "every_days", "new_events_share"),
            *("quiet_from_hour", "quiet_to_hour", "budget_seconds", "promotes", "is_active"),
        ]
        labels = {
            "kind": gettext_lazy("Recommends"),
            "course": gettext_lazy("Only in the course"),
            "every_days": gettext_lazy("Every so many days"),
            "new_events_share": gettext_lazy("When so much is new"),
            "quiet_from_hour": gettext_lazy("Quiet from the hour"),
            "quiet_to_hour": gettext_lazy("Quiet until the hour"),
            "budget_seconds": gettext_lazy("Seconds at most"),
            "promotes": gettext_lazy("Put into use what passes the gate"),
            "is_active": gettext_lazy("Active"),
        }

    def __init__(self, request: MemberRequest, **kwargs: Any) -> None:
        super().__init__(request.POST or None, **kwargs)
        self.instance.organisation = request.member.organisation
        self.fields["algorithm"].choices = all_choices()  # type: ignore[attr-defined]
        courses = Activity.objects.visible_to(request.member).courses().order_by("name", "id")
        self.fields["course"].queryset = courses  # type: ignore[attr-defined]

    def clean_config(self) -> dict[str, Any]:
        config = self.cleaned_data["config"] or {}
        if not isinstance(config, dict):
            raise forms.ValidationError(_('An object is needed, such as {"regularization": 200}.'))
        return config

    def save_once(self) -> RetrainRule | None:
        """The saved rule; None, with an error, where it cannot be stored."""
        try:
            with transaction.atomic():
                rule: RetrainRule = checked(self.instance)
                rule.save()
                return rule
        except InvalidInput as error:
            self.add_error((error.pointer or "").partition("/")[0] or None, str(error))
            return None
        except IntegrityError:
            self.add_error(None, _("There is a rule for this kind and course already: change that one."))
            return None


@roles_required(*MODEL_ROLES)
def retrain_rule_list(request: MemberRequest) -> HttpResponse:
    form = RuleForm(request)
    if request.method == "POST" and form.is_valid() and form.save_once():
        messages.success(request, _("Saved. It is looked at every minute."))
        return redirect("retrain_rule_list")
    rules = RetrainRule.objects.filter(organisation=request.member.organisation)
    now = timezone.now()
    rows = [
        (rule, wanted(rule, now) if rule.is_active else None, is_quiet(rule, now))
        for rule in rules.select_related("course", "organisation")
    ]
    policy = PolicyForm(instance=PromotionPolicy.of(request.member.organisation))
    return render(request, "recommender/retrain_rule_list.html", {"form": form, "rows": rows, "policy": policy})


@roles_required(*MODEL_ROLES)
def retrain_rule_page(request: MemberRequest, pk: int) -> HttpResponse:
    rule = get_object_or_404(RetrainRule, organisation=request.member.organisation, pk=pk)
    form = RuleForm(request, instance=rule)
    if request.method == "POST" and form.is_valid() and form.save_once():
        messages.success(request, _("Saved. It is looked at every minute."))
        return redirect("retrain_rule_list")
    return render(request, "recommender/retrain_rule_page.html", {"form": form, "rule": rule})


@require_POST
@roles_required(*MODEL_ROLES)
def retrain_rule_delete(request: MemberRequest, pk: int) -> HttpResponse:
    get_object_or_404(RetrainRule, organisation=request.member.organisation, pk=pk).delete()
    messages.success(request, _("The rule is gone; the versions that it made stay."))
    return redirect("retrain_rule_list")
