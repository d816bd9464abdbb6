"""Handing mails to the mail server: each once, however often a worker dies on the way."""

from __future__ import annotations

from smtplib import SMTPException
from typing import cast

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics.public import InvalidInput, JobState, Learner, Lease, Member, Organisation, wake
from recommender.models import Mail


def address_of_learner(learner: Learner) -> str:
    """From the learner's own login, else from the attribute `email` of the source; empty if neither is known.

    Call it on learners whose `members__login` is prefetched: it asks nothing more then.
    """
    addresses = [member.login.email for member in learner.members.all() if member.login.is_active]
    told = learner.attributes.get("email", "") if isinstance(learner.attributes, dict) else ""
    return next(filter(None, [*addresses, str(told)]), "")


def name_of_member(member: Member) -> str:
    login = member.login
    return str(login.get_full_name() or login.get_username())


def deliver(lease: Lease) -> None:
    """Send the mail of the lease.

    A worker that dies between handing over and writing so down leaves a mail that is sent once more, under the same
    Message-ID: mail servers, and the folder of `neuralink_site.mail_folder`, keep one of both.

    Raises:
        InvalidInput: the mail server refused, or is not there.
    """
    mail = cast("Mail", lease.job)
    headers = {"Message-ID": f"<{mail.message_id}@{settings.NEURALINK_MAIL_FROM.rpartition('@')[2].rstrip('>')}>"}
    message = EmailMessage(
        mail.subject,
        mail.body,
        to=[mail.address],
        reply_to=[mail.reply_to] if mail.reply_to else None,
        headers=headers,
    )
    lease.report(0.5, _("Handing over"))
    try:
        message.send()
    except (SMTPException, OSError, ValueError) as error:  # ValueError: a line break in a header
        raise InvalidInput(
            _("%(address)s was not reached: %(error)s. Correct it, then send the mail again.")
            % {"address": mail.address, "error": " ".join(str(error).split()) or type(error).__name__}
        ) from error
    lease.report(1.0, sent_at=timezone.now())


def send_again(organisation: Organisation, pk: int) -> bool:
    """Queue a mail that failed once more; False if it is not one that failed."""
    with transaction.atomic():
        mail = Mail.objects.select_for_update().filter(organisation=organisation, pk=pk, state=JobState.FAILED).first()
        if mail is None:
            return False
        mail.state, mail.attempt, mail.error, mail.finished_at = JobState.QUEUED, 0, "", None
        mail.save(update_fields=["state", "attempt", "error", "finished_at"])
        wake(mail)
    return True
