"""Coming in: signing in, the start page, and choosing among several organisations."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from analytics.access import MemberRequest, choose_organisation, roles_required
from analytics.models import Member, Organisation
from analytics.web.scope import home_of


class SignIn(LoginView):
    template_name = "analytics/sign_in.html"
    redirect_authenticated_user = True


@roles_required()
def home(request: MemberRequest) -> HttpResponse:
    return redirect(home_of(request.member))


@login_required
def choose(request: HttpRequest) -> HttpResponse:
    """The organisations of a login; posting one of them switches to it."""
    memberships = Member.objects.active().filter(login=request.user.pk).select_related("organisation")
    if request.method == "POST":
        chosen = request.POST.get("organisation", "")
        among = Organisation.objects.filter(members__login=request.user.pk, members__deactivated_at=None)
        choose_organisation(request, get_object_or_404(among, slug=chosen))
        return redirect("home")
    return render(
        request, "analytics/choose_organisation.html", {"memberships": memberships.order_by("organisation__name")}
    )
