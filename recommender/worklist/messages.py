"""Messages to learners: drafted for each, looked at, then sent and written down as interventions."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from analytics.public import Enrolment, InvalidInput, Member, wake
from recommender.models import Intervention, InterventionKind, Mail, Risk
from recommender.worklist.actions import record
from recommender.worklist.letters import check_gaps, fill
from recommender.worklist.post import address_of_learner, name_of_member
from recommender.worklist.rows import latest_risks
from recommender.worklist.words import own_sentences

MAX_SUBJECT, MAX_BODY = 200, 5000
N_WOKEN = 20
"""A knock costs up to 15 ms, and somebody waits for the page: the sweeper knocks for the other mails within seconds."""


@dataclass(frozen=True)
class Draft:
    """The mail as one learner would get it."""

    enrolment: Enrolment
    address: str
    """Empty: none is known, nothing can be sent."""
    subject: str
    body: str


def draft(enrolments: Sequence[Enrolment], subject: str, body: str, *, by: Member) -> list[Draft]:
    """The text with its gaps filled for each learner. Nothing is written or sent.

    Raises:
        InvalidInput: the text is empty, too long, or has a gap that nothing fills; `pointer` is `subject` or `body`.
    """
    subject = " ".join(subject.split())  # a line break in a subject would begin another header
    for text, pointer, most in ((subject, "subject", MAX_SUBJECT), (body.strip(), "body", MAX_BODY)):
        if not text:
            raise InvalidInput(_("This is empty. Write what the learner should read."), pointer)
        if len(text) > most:
            raise InvalidInput(
                _("%(n)s characters are too many; %(most)s fit.") % {"n": len(text), "most": most}, pointer
            )
        check_gaps(text, pointer)
    risks = latest_risks(enrolments)
    return [_drafted(one, risks.get(one.pk), subject, body.strip(), by) for one in enrolments]


@transaction.atomic
def send(drafts: Sequence[Draft], token: uuid.UUID, *, by: Member) -> list[Intervention]:
    """Queue the mails of those whose address is known, and write them down.

    Args:
        drafts: as they were looked at.
        token: of the form; the same form sent twice sends each mail once.
        by: whose name is under it; answers go to the address of their login.
    """
    reachable = [one for one in drafts if one.address]
    ids = {one.enrolment.pk: uuid.uuid5(token, str(one.enrolment.pk)) for one in reachable}
    sent = set(Mail.objects.filter(message_id__in=ids.values()).values_list("message_id", flat=True))
    fresh = [one for one in reachable if ids[one.enrolment.pk] not in sent]
    mails = Mail.objects.bulk_create(
        Mail(
            organisation_id=one.enrolment.organisation_id,
            requested_by=by,
            message_id=ids[one.enrolment.pk],
            address=one.address,
            reply_to=by.login.email,
            subject=one.subject[:MAX_SUBJECT],
            body=one.body,
        )
        for one in fresh
    )
    if not mails:
        return []
    done = record([one.enrolment for one in fresh], InterventionKind.MESSAGE, "", by=by, mails=mails)
    for mail in mails[:N_WOKEN]:
        wake(mail)
    return done


def _drafted(enrolment: Enrolment, risk: Risk | None, subject: str, body: str, by: Member) -> Draft:
    learner = enrolment.learner
    values = {
        "first_name": learner.name.split()[0] if learner.name.split() else _("there"),
        "learner": learner.name or learner.external_id,
        "course": str(enrolment.course),
        "noticed": _lines(own_sentences(risk.factors) if risk else [], _("It has been quiet for a while.")),
        "strengths": _lines(own_sentences(risk.strengths) if risk else [], _("You have made a beginning.")),
        "sender": name_of_member(by),
        "organisation": str(by.organisation),
    }
    address = address_of_learner(learner)
    return Draft(enrolment, address if _is_address(address) else "", fill(subject, values), fill(body, values))


def _lines(sentences: Sequence[str], otherwise: str) -> str:
    return "\n".join(f"- {sentence}" for sentence in sentences or [otherwise])


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True
