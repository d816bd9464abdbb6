"""How the organisation deals with risks, and the texts that may be sent: for data administrators."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.dates import WEEKDAYS
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from analytics.public import InvalidInput, MemberRequest, Organisation, Role, roles_required
from recommender.models import LearnerView, MessageTemplate, OutcomePolicy
from recommender.worklist.letters import PLACEHOLDERS, SHIPPED, check_gaps, letter_of, letters_of

MAX_LETTERS = 50


class PolicyForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    at_risk_share = forms.FloatField(
        label=gettext_lazy("At risk from"),
        min_value=0.05,
        max_value=0.95,
        widget=forms.NumberInput(attrs={"step": "0.05"}),
        help_text=gettext_lazy("Share between 0.05 and 0.95. Lower: more learners on the worklist, more false alarms."),
    )
    learner_sees = forms.ChoiceField(
        label=gettext_lazy("What learners see of their own estimate"),
        choices=LearnerView.choices,
        help_text=gettext_lazy("Never anybody else's. Hints: what goes well and what would help, no figure."),
    )
    rest_days = forms.IntegerField(
        label=gettext_lazy("Days of rest after “done”"),
        min_value=1,
        max_value=180,
        help_text=gettext_lazy("Whoever is still at risk after them is on the worklist again."),
    )
    sends_digest = forms.BooleanField(label=gettext_lazy("Mail instructors their worklist once a week"), required=False)
    digest_weekday = forms.TypedChoiceField(label=gettext_lazy("On"), coerce=int, choices=list(WEEKDAYS.items()))
    digest_hour = forms.IntegerField(
        label=gettext_lazy("From the hour"),
        min_value=0,
        max_value=23,
        help_text=gettext_lazy("In the organisation's time zone."),
    )

    class Meta:
        model = OutcomePolicy
        fields = ["at_risk_share", "learner_sees", "rest_days", "sends_digest", "digest_weekday", "digest_hour"]


class LetterForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    subject = forms.CharField(label=gettext_lazy("Subject"), max_length=200)
    body = forms.CharField(label=gettext_lazy("Text"), max_length=5000, widget=forms.Textarea(attrs={"rows": 12}))

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        for name in ("subject", "body"):
            try:
                check_gaps(values.get(name, ""), name)
            except InvalidInput as error:
                self.add_error(name, str(error))
        return values


@roles_required(Role.ADMINISTRATOR)
def outcome_policy(request: MemberRequest) -> HttpResponse:
    policy = OutcomePolicy.of(request.member.organisation)
    form = PolicyForm(request.POST or None, instance=policy)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved. It holds from now on."))
        return redirect("outcome_policy")
    context = {"form": form, "letters": letters_of(request.member.organisation), "is_full": is_full(request)}
    return render(request, "recommender/outcome_policy.html", context)


@roles_required(Role.ADMINISTRATOR)
def message_template(request: MemberRequest, key: str) -> HttpResponse:
    """One text: an own one, or a shipped one that becomes the organisation's own when it is saved."""
    letter = letter_of(request.member.organisation, key)
    if letter is None:
        raise Http404(_("There is no such text."))
    begun = {"name": letter.name, "subject": letter.subject, "body": letter.body}
    form = LetterForm(request.POST or None, initial=begun)
    if request.method == "POST" and form.is_valid():
        save_letter(request.member.organisation, key, form.cleaned_data)
        messages.success(request, _("The text was saved."))
        return redirect("outcome_policy")
    is_shipped = any(one.key == key for one in SHIPPED)
    context = {"form": form, "letter": letter, "is_shipped": is_shipped, "placeholders": PLACEHOLDERS.items()}
    return render(request, "recommender/message_template.html", context)


@roles_required(Role.ADMINISTRATOR)
def message_template_new(request: MemberRequest) -> HttpResponse:
    organisation = request.member.organisation
    form = LetterForm(request.POST or None)
    if is_full(request):
        messages.error(request, _("There are %(n)s texts already: remove one first.") % {"n": MAX_LETTERS})
        return redirect("outcome_policy")
    if request.method == "POST" and form.is_valid():
        save_letter(organisation, free_key(organisation, form.cleaned_data["name"]), form.cleaned_data)
        messages.success(request, _("The text was saved."))
        return redirect("outcome_policy")
    context = {"form": form, "letter": None, "placeholders": PLACEHOLDERS.items()}
    return render(request, "recommender/message_template.html", context)


@require_POST
@roles_required(Role.ADMINISTRATOR)
def message_template_remove(request: MemberRequest, key: str) -> HttpResponse:
    """An own text goes; where it stood for a shipped one, that is back."""
    get_object_or_404(MessageTemplate, organisation=request.member.organisation, key=key).delete()
    messages.success(request, _("The text was removed."))
    return redirect("outcome_policy")


def save_letter(organisation: Organisation, key: str, values: dict[str, Any]) -> None:
    texts = {name: values[name] for name in ("name", "subject", "body")}
    MessageTemplate.objects.update_or_create(organisation=organisation, key=key, defaults=texts)


def free_key(organisation: Organisation, name: str) -> str:
    stem = slugify(name)[:30] or "text"
    taken = {letter.key for letter in letters_of(organisation)}
    return next(key for n in range(1, MAX_LETTERS * 2) if (key := stem if n == 1 else f"{stem}-{n}") not in taken)


def is_full(request: MemberRequest) -> bool:
    return MessageTemplate.objects.filter(organisation=request.member.organisation).count() >= MAX_LETTERS
