"""Write to learners: choose a text, see each mail as it would go out, send."""

from __future__ import annotations

import hashlib
import uuid
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from analytics.public import Enrolment, InvalidInput, Member, MemberRequest, roles_required
from recommender.web.worklist_deeds import ids_of
from recommender.worklist.letters import PLACEHOLDERS, letter_of, letters_of
from recommender.worklist.messages import MAX_BODY, MAX_SUBJECT, Draft, draft, send
from recommender.worklist.seen import CASE_ROLES, chosen_enrolments, enrolments_seen

N_PREVIEWED = 20
"""Mails shown as they would go out; the others differ only in what fills the gaps."""


class MessageForm(forms.Form):
    subject = forms.CharField(label=_("Subject"), max_length=MAX_SUBJECT)
    body = forms.CharField(label=_("Text"), max_length=MAX_BODY, widget=forms.Textarea(attrs={"rows": 12}))
    token = forms.UUIDField(widget=forms.HiddenInput)


@roles_required(*CASE_ROLES)
def message_new(request: MemberRequest) -> HttpResponse:
    """GET: the text to begin with. POST: a look at what would be sent, or with `send` the sending."""
    sent = request.POST if request.method == "POST" else request.GET
    try:
        ids, most = ids_of(sent.getlist("enrolment")), settings.NEURALINK_BULK_ROWS
        enrolments = chosen_enrolments(enrolments_seen(request.member), ids, most)
    except InvalidInput as error:
        messages.error(request, str(error))
        return redirect("worklist")
    form = MessageForm(request.POST) if request.method == "POST" else MessageForm(initial=beginning(request))
    drafts = drafted(form, enrolments, request.member) if request.method == "POST" else []
    if drafts and "send" in request.POST:
        if request.POST["send"] == seal_of(form):
            messages.success(request, send_all(drafts, form, request.member))
            return redirect("worklist")
        messages.warning(request, _("The text has changed since you saw it. Look at it once more, then send."))
    return render(request, "recommender/message_new.html", context_of(request, form, enrolments, drafts))


def beginning(request: MemberRequest) -> dict[str, Any]:
    """The chosen text, or the first there is."""
    organisation = request.member.organisation
    letter = letter_of(organisation, request.GET.get("letter", "")) or letters_of(organisation)[0]
    return {"subject": str(letter.subject), "body": str(letter.body), "token": uuid.uuid4(), "letter": letter.key}


def drafted(form: MessageForm, enrolments: list[Enrolment], by: Member) -> list[Draft]:
    """The mails; none, with the reason at its field, if the text was refused."""
    if not form.is_valid():
        return []
    try:
        return draft(enrolments, form.cleaned_data["subject"], form.cleaned_data["body"], by=by)
    except InvalidInput as error:
        form.add_error(error.pointer if error.pointer in form.fields else None, str(error))
        return []


def seal_of(form: MessageForm) -> str:
    """Names the text that was shown: only what was seen is sent, though the fields beside it can be changed."""
    text = f"{form.cleaned_data['subject']}\0{form.cleaned_data['body']}"
    return hashlib.sha256(text.encode()).hexdigest()


def send_all(drafts: list[Draft], form: MessageForm, by: Member) -> str:
    n = len(send(drafts, form.cleaned_data["token"], by=by))
    return ngettext("%(n)s mail is on its way.", "%(n)s mails are on their way.", n) % {"n": n}


def context_of(
    request: MemberRequest, form: MessageForm, enrolments: list[Enrolment], drafts: list[Draft]
) -> dict[str, Any]:
    address = QueryDict(mutable=True)
    address.setlist("enrolment", [str(one.pk) for one in enrolments])
    return {
        "form": form,
        "enrolments": enrolments,
        "drafts": drafts[:N_PREVIEWED],
        "n_drafts": len(drafts),
        "seal": seal_of(form) if drafts else "",
        "n_reachable": sum(bool(one.address) for one in drafts),
        "unreachable": [one.enrolment for one in drafts if not one.address],
        "letters": letters_of(request.member.organisation),
        "letter": form.initial.get("letter", ""),
        "placeholders": PLACEHOLDERS.items(),
        "chosen": address.urlencode(),
    }
