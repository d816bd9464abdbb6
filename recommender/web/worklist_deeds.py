"""The deeds that a button of the worklist can ask for: each of who asks, who is ticked and what was sent."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from analytics.public import Enrolment, InvalidInput, Member
from recommender.worklist import actions
from recommender.worklist.seen import chosen_enrolments, enrolments_seen, today

Sent = Mapping[str, str]


@dataclass(frozen=True)
class Deed:
    do: Callable[[Member, list[Enrolment], Sent], None]
    done: Any
    """What is told afterwards, of n learners; lazy."""


def do(member: Member, sent: QueryDict) -> str:
    """Do what the form asks for; the sentence that says so.

    Raises:
        InvalidInput: no such deed, nobody ticked, or the deed refuses; nothing was done then.
    """
    deed = DEEDS.get(sent.get("action", ""))
    if deed is None:
        raise InvalidInput(_("This is not something that can be done here."), "action")
    enrolments = chosen_enrolments(
        enrolments_seen(member), ids_of(sent.getlist("enrolment")), settings.NEURALINK_BULK_ROWS
    )
    deed.do(member, enrolments, {name: sent.get(name, "") for name in sent})
    return str(deed.done % {"n": len(enrolments)})


def ids_of(texts: list[str]) -> list[int]:
    """What was ticked, without what is no id."""
    return [int(text) for text in texts if text.isdecimal() and len(text) < 19]


def _assign(member: Member, enrolments: list[Enrolment], sent: Sent) -> None:
    chosen = sent.get("assigned_to", "")
    to = next((one for one in actions.assignees(member.organisation) if str(one.pk) == chosen), None)
    if chosen and to is None:
        raise InvalidInput(_("Choose one of the colleagues in the list."), "assigned_to")
    actions.assign(enrolments, to, by=member)


def _snooze(member: Member, enrolments: list[Enrolment], sent: Sent) -> None:
    days = sent.get("days", "")
    if not days.isdecimal() or len(days) > 4:
        raise InvalidInput(_("Choose for how long."), "days")
    actions.snooze(enrolments, today(member.organisation) + datetime.timedelta(days=int(days)), by=member)


def _finish(member: Member, enrolments: list[Enrolment], sent: Sent) -> None:
    actions.finish(enrolments, by=member)


def _reopen(member: Member, enrolments: list[Enrolment], sent: Sent) -> None:
    actions.reopen(enrolments, by=member)


def _record(member: Member, enrolments: list[Enrolment], sent: Sent) -> None:
    actions.record(enrolments, sent.get("kind", ""), sent.get("note", "")[:2000], by=member)


DEEDS = {
    "assign": Deed(_assign, ngettext_lazy("%(n)s learner was assigned.", "%(n)s learners were assigned.", "n")),
    "snooze": Deed(_snooze, ngettext_lazy("%(n)s learner was snoozed.", "%(n)s learners were snoozed.", "n")),
    "finish": Deed(_finish, ngettext_lazy("%(n)s learner is done with.", "%(n)s learners are done with.", "n")),
    "reopen": Deed(_reopen, ngettext_lazy("%(n)s learner is back.", "%(n)s learners are back.", "n")),
    "record": Deed(_record, ngettext_lazy("Noted for %(n)s learner.", "Noted for %(n)s learners.", "n")),
}
