"""How long data are kept, what would go now, and the erasing of one learner."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from analytics.access import MemberRequest, roles_required
from analytics.errors import InvalidInput
from analytics.models import Cleanup, Erasure, Organisation, RetentionPolicy, Role
from analytics.retention import KINDS
from analytics.retention.cleanup import preview, request_cleanup
from analytics.retention.erasure import request_erasure

LATEST = 10


class RetentionForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    class Meta:
        model = RetentionPolicy
        fields = ["event_days", "statement_days", "log_days", "impression_days"]
        labels = {"statement_days": gettext_lazy("xAPI statements")}  # Django would write a capital X


def policy_of(organisation: Organisation) -> RetentionPolicy:
    found = RetentionPolicy.objects.filter(organisation=organisation).first()
    return found or RetentionPolicy(organisation=organisation)


@roles_required(Role.ADMINISTRATOR)
def retention(request: MemberRequest) -> HttpResponse:
    """GET: what is chosen and what would go now. POST: another choice, which takes effect in the night."""
    organisation = request.member.organisation
    form = RetentionForm(request.POST or None, instance=policy_of(organisation))
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved. It takes effect in the night; below is what would go now."))
        return redirect("retention")
    cleanups = Cleanup.objects.filter(organisation=organisation).select_related("requested_by__login")[:LATEST]
    erasures = Erasure.objects.filter(organisation=organisation).select_related("requested_by__login")[:LATEST]
    context = {"form": form, "preview": preview(policy_of(organisation)), "kinds": KINDS}
    return render(request, "analytics/retention.html", context | {"cleanups": cleanups, "erasures": erasures})


@require_POST
@roles_required(Role.ADMINISTRATOR)
def retention_apply(request: MemberRequest) -> HttpResponse:
    if preview(policy_of(request.member.organisation)):
        request_cleanup(request.member.organisation, request.member)
        messages.success(request, _("What is older goes now; this page tells when it is done."))
    else:
        messages.warning(request, _("Everything is kept for ever: say first after how many days something goes."))
    return redirect("retention")


@require_POST
@roles_required(Role.ADMINISTRATOR)
def learner_erase(request: MemberRequest) -> HttpResponse:
    try:
        made = request_erasure(request.member, request.POST.get("learner", "").strip().replace("\0", ""))
    except InvalidInput as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The learner is being erased; the record below bears the code %s.") % made.code)
    return redirect("retention")
