"""The page on which two versions are tried side by side: start, look, stop, put the winner into use."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from analytics.public import InvalidInput, MemberRequest, Organisation, roles_required
from recommender.models import RECOMMENDED, Experiment, OnlineMeasure, Version
from recommender.serving.experiments import start_experiment, stop_experiment, use_winner
from recommender.tables.runs import MODEL_ROLES
from recommender.web.lists import in_use, page_of, versions_of


class ExperimentForm(forms.Form):
    challenger = forms.ModelChoiceField(Version.objects.none(), label=gettext_lazy("Try"), empty_label=None)
    share = forms.FloatField(
        label=gettext_lazy("Share of the learners"),
        initial=0.5,
        min_value=0.01,
        max_value=0.99,
        help_text=gettext_lazy("0.5 is half. The others are answered by the version in use."),
    )
    measure = forms.ChoiceField(
        label=gettext_lazy("Compared by learners who"),
        choices=OnlineMeasure.choices,
        initial=OnlineMeasure.COMPLETED,
    )
    window_days = forms.IntegerField(
        label=gettext_lazy("Within days"),
        required=False,
        min_value=1,
        max_value=60,
        help_text=gettext_lazy("From a learner's first list on. Empty: 1 for opening, 7 for beginning, 14 else."),
    )

    def __init__(self, request: MemberRequest, **kwargs: Any) -> None:
        super().__init__(request.POST or None, initial={"challenger": request.GET.get("challenger")}, **kwargs)
        organisation = request.member.organisation
        serving = in_use(organisation).values("version_id")
        waiting = versions_of(organisation).filter(kind__in=RECOMMENDED).exclude(pk__in=serving)
        self.fields["challenger"].queryset = waiting  # type: ignore[attr-defined]
        self.member = request.member

    def start(self) -> Experiment | None:
        """The experiment; None, with the reason at the field it belongs to, if it was refused."""
        try:
            return start_experiment(**self.cleaned_data, by=self.member)
        except InvalidInput as error:
            self.add_error(error.pointer if error.pointer in self.fields else None, str(error))
            return None


def experiments_of(organisation: Organisation) -> Any:
    """The running ones first, then the newest."""
    rows = Experiment.objects.filter(organisation=organisation).order_by("-stopped_at", "-id")
    names = ("control", "challenger", "winner", "course", "started_by__login", "stopped_by__login")
    return rows.select_related(*names)


@roles_required(*MODEL_ROLES)
def experiment_list(request: MemberRequest) -> HttpResponse:
    form = ExperimentForm(request)
    if request.method == "POST" and form.is_valid() and form.start():
        messages.success(request, _("Both versions answer now. It is counted every five minutes."))
        return redirect("experiment_list")
    rows = experiments_of(request.member.organisation)
    n_running = rows.filter(stopped_at=None).count()
    context = {"form": form, "page": page_of(request, rows), "n_running": n_running}
    return render(request, "recommender/experiment_list.html", context)


@require_POST
@roles_required(*MODEL_ROLES)
def experiment_stop(request: MemberRequest, pk: int) -> HttpResponse:
    experiment = get_object_or_404(experiments_of(request.member.organisation), pk=pk)
    try:
        stop_experiment(experiment, by=request.member, why=_("Stopped from the page."))
        messages.success(request, _("Stopped. Everybody is answered by the version in use."))
    except InvalidInput as error:
        messages.error(request, str(error))
    return redirect("experiment_list")


@require_POST
@roles_required(*MODEL_ROLES)
def experiment_use_winner(request: MemberRequest, pk: int) -> HttpResponse:
    experiment = get_object_or_404(experiments_of(request.member.organisation), pk=pk)
    try:
        use_winner(experiment, by=request.member)
        messages.success(request, _("%(version)s is in use now.") % {"version": experiment.winner})
    except InvalidInput as error:
        messages.error(request, str(error))
    return redirect("experiment_list")
